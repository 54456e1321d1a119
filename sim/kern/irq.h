/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sections with interrupts off (reference machine.md 2.12). Preemption is off in
 * them too; interrupt time that hits them is owed and paid at the end of the
 * outermost section; a synchronous IPI is acknowledged when interrupts go on.
 */
#ifndef MMSIM_KERN_IRQ_H
#define MMSIM_KERN_IRQ_H

#include "sim/kern/task.h"

/* Interrupts off, an interaction point. Sections nest; the outermost enable counts. */
void local_irq_disable(struct task *t);
void local_irq_enable(struct task *t);

/* The same without cost, for locks. Call irq_section_begin() synchronised. */
void irq_section_begin(struct task *t);
void irq_section_end(struct task *t);

#endif
