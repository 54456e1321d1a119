/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sections with interrupts off. When a section begins the task is synchronised, so
 * a CPU has at most one in its future: others see either that it is open (its end
 * is not known: they wait for irq_section_end()) or when interrupts went on.
 */
#include "sim/kern/irq.h"

#include "sim/kern/bug.h"
#include "sim/kern/ipi.h"

void irq_section_begin(struct task *t)
{
	t->x.irq_off++;
	t->x.section++;
}

void irq_section_end(struct task *t)
{
	struct exec *x = &t->x;

	if (!x->irq_off)
		kern_bug(t, "interrupts go on that were not off", NULL, 0);
	if (!--x->irq_off) {
		x->irq_on_at = x->proc.clock;
		x->irq_on_delta = x->proc.delta;
		if (x->cpu->ipis_held)
			ipi_acknowledge(t);
	}
	if (--x->section)
		return;
	x->section_end = x->proc.clock;
	exec_pay_irq(x);
}

void local_irq_disable(struct task *t)
{
	work(t, cost(t, MK_IRQ_DISABLE_ENABLE));
	task_sync(t);
	irq_section_begin(t);
}

void local_irq_enable(struct task *t)
{
	irq_section_end(t);
}

void local_irq_save(struct task *t)
{
	work(t, cost(t, MK_IRQ_SAVE_RESTORE));
	task_sync(t);
	irq_section_begin(t);
}

void local_irq_restore(struct task *t)
{
	irq_section_end(t);
}

void preempt_disable(struct task *t)
{
	task_settle(t);
	work(t, cost(t, MK_PREEMPT_PAIR));
	t->preempt_off++;
}

void preempt_enable(struct task *t)
{
	if (!t->preempt_off)
		kern_bug(t, "preemption goes on that was not off", NULL, 0);
	t->preempt_off--;
}
