/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writers of a rwlock that interrupts take for reading keep interrupts off, or the lock
 * checker complains. Without the cost of it, so that closed forms stay what they are.
 */
#ifndef MMSIM_TESTS_RW_IRQ_H
#define MMSIM_TESTS_RW_IRQ_H

#include "sim/kern/irq.h"
#include "sim/kern/qrwlock.h"

static inline void write_lock_irqs_off(struct task *t, struct qrwlock *l)
{
	task_sync(t);
	irq_section_begin(t);
	write_lock(t, l);
}

static inline void write_unlock_irqs_on(struct task *t, struct qrwlock *l)
{
	write_unlock(t, l);
	irq_section_end(t);
}

#endif
