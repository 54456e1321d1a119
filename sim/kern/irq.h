/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sections with interrupts or with only preemption off (reference machine.md 2.12). With
 * interrupts off preemption is, too; interrupt time that hits is owed and paid at the end
 * of the outermost section; a synchronous IPI is acknowledged when interrupts go on.
 */
#ifndef MMSIM_KERN_IRQ_H
#define MMSIM_KERN_IRQ_H

#include "sim/kern/task.h"

/* Interrupts off, an interaction point. Sections nest; the outermost enable counts. */
void local_irq_disable(struct task *t);
void local_irq_enable(struct task *t);

/*
 * local_irq_save() and local_irq_restore(): the same at irq.save_restore, for code that may
 * run with interrupts off already; the depth stands for the saved flags.
 */
void local_irq_save(struct task *t);
void local_irq_restore(struct task *t);

/*
 * The task stays on its CPU; interrupts are taken and IPIs answered. Sections nest; the pair
 * costs irq.preempt_pair, charged at the begin. A reschedule that is due happens before the
 * section, one that comes due in it at the first interaction point behind it.
 */
void preempt_disable(struct task *t);
void preempt_enable(struct task *t);

/* The same without cost, for locks. Call irq_section_begin() synchronised. */
void irq_section_begin(struct task *t);
void irq_section_end(struct task *t);

#endif
