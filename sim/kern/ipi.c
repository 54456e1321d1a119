/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * IPI rounds and TLB flushes (reference machine.md 1.6, 2.12).
 *
 * With interrupts on everywhere a round takes single_sync for the farthest target
 * and per_target for each other one. A target with interrupts off runs the handler
 * when they go on: the wait ends at the later of the two. That time is known if the
 * target has run ahead through its section, else the target acknowledges when it
 * gets there. Interrupt time that hits the waiting sender is paid after its wait.
 */
#include "sim/kern/ipi.h"

#include <errno.h>
#include <stdlib.h>

/* The round of one sending CPU; a sender does not leave its CPU while it waits. */
struct ipi_round {
	struct task *sender;
	u32 nr_held; /* targets whose interrupts are off, end unknown */
	u64 least; /* end of the round if nobody is late */
	u64 on_at; /* when the last late target's interrupts go on */
	u32 on_delta;
};

struct ipi_state {
	u32 words; /* per row of @held */
	struct ipi_round *round; /* by sending CPU */
	u64 *held; /* row per target: bit per sending CPU that it has not answered */
};

int ipi_init(struct kern *k)
{
	u32 n = k->hw->nr_cpus;
	struct ipi_state *s = calloc(1, sizeof(*s));

	k->ipi = s;
	if (!s)
		return -ENOMEM;
	s->words = (n + 63) / 64;
	s->round = calloc(n, sizeof(*s->round));
	s->held = calloc((size_t)n * s->words, sizeof(*s->held));
	return s->round && s->held ? 0 : -ENOMEM;
}

void ipi_destroy(struct kern *k)
{
	struct ipi_state *s = k->ipi;

	if (!s)
		return;
	free(s->held);
	free(s->round);
	free(s);
}

/* A target's interrupts go on at (@at, @delta). */
static void round_late(struct ipi_round *r, u64 at, u32 delta)
{
	if (at > r->on_at) {
		r->on_at = at;
		r->on_delta = delta;
	} else if (at == r->on_at && delta > r->on_delta) {
		r->on_delta = delta;
	}
}

/* The instant at which the last target has acknowledged. */
static u64 round_end(const struct ipi_round *r, u32 *delta)
{
	u64 at = max_u64(r->least, r->on_at + r->sender->kern->hw->c[MK_IPI_HANDLER]);

	*delta = at == r->on_at ? r->on_delta + 1 : 0;
	return at;
}

void ipi_acknowledge(struct task *t)
{
	struct ipi_state *s = t->kern->ipi;
	u64 *row = &s->held[(size_t)task_cpu(t) * s->words];

	t->x.cpu->ipis_held = 0;
	for (u32 i = 0; i < s->words; i++) {
		for (; row[i]; row[i] &= row[i] - 1) {
			struct ipi_round *r = &s->round[i * 64 + (u32)__builtin_ctzll(row[i])];
			u32 delta;
			u64 at;

			round_late(r, task_clock(t), t->x.proc.delta);
			if (--r->nr_held)
				continue;
			at = round_end(r, &delta);
			proc_wake(&r->sender->x.proc, at, delta);
		}
	}
}

/* Interrupt @target at the present instant on behalf of the round. */
static void round_target(struct ipi_round *r, struct cpu *target, u64 ps)
{
	struct hw *hw = r->sender->x.hw;
	struct ipi_state *s = r->sender->kern->ipi;
	u32 from = task_cpu(r->sender);
	struct exec *x = target->curr;

	cpu_interrupt(hw, target, hw->c[MK_IPI_HANDLER] + ps);
	if (!x)
		return;
	if (x->irq_off) {
		s->held[(size_t)target->id * s->words + from / 64] |= 1ULL << (from & 63);
		target->ipis_held++;
		r->nr_held++;
	} else if (x->irq_on_at >= hw->sim->now) {
		round_late(r, x->irq_on_at, x->irq_on_delta);
	}
}

/* Length of a round whose @near and @far targets, not none, all have interrupts on. */
static u64 round_length(const struct task *t, u64 near, u64 far)
{
	const struct hw *hw = t->x.hw;
	u64 single = hw->c[MK_IPI_SINGLE_SYNC], each = hw->c[MK_IPI_PER_TARGET];
	u64 factor = hw->c[MK_IPI_CROSS_SOCKET];
	u64 ps;

	if (far)
		ps = (single + (far - 1) * each) * factor / 1000 + near * each;
	else
		ps = single + (near - 1) * each;
	if (t->kern->virt != VIRT_NONE)
		ps = ps * hw->c[MK_IPI_VIRT_FACTOR] / 1000;
	return max_u64(ps, hw->c[MK_IPI_HANDLER]);
}

static u64 round_least(const struct task *t)
{
	const struct hw *hw = t->x.hw;
	u64 near = 0, far = 0;

	for (u32 i = 0; i < hw->nr_cpus; i++)
		if (hw->cpus[i].offline)
			continue;
		else if (hw->cpus[i].socket != t->x.cpu->socket)
			far++;
		else if (i != task_cpu(t))
			near++;
	return round_length(t, near, far);
}

/* Wait on the CPU until all targets have acknowledged. */
static void round_wait(struct task *t, struct ipi_round *r)
{
	struct exec *x = &t->x;

	exec_wait_begin(x, CPU_IPI_WAIT, 0, CPU_IPI_WAIT, x->frame);
	if (r->nr_held) {
		proc_block(&x->proc);
	} else {
		u32 delta;
		u64 at = round_end(r, &delta);

		proc_advance_to(&x->proc, at, delta);
		proc_sync(&x->proc);
	}
	exec_wait_end(x);
	if (!x->section)
		exec_pay_irq(x);
}

/* Is another CPU online? */
static bool any_target(const struct task *t)
{
	const struct hw *hw = t->x.hw;

	for (u32 i = 0; i < hw->nr_cpus; i++)
		if (i != task_cpu(t) && !hw->cpus[i].offline)
			return true;
	return false;
}

void smp_call_all(struct task *t, u64 ps)
{
	struct hw *hw = t->x.hw;
	struct ipi_round *r;

	if (t->x.irq_off)
		sim_fail(t->kern->sim, "an IPI is waited for with interrupts off", 0, 0);
	task_sync(t);
	if (any_target(t)) {
		r = &t->kern->ipi->round[task_cpu(t)];
		*r = (struct ipi_round){ .sender = t, .least = task_clock(t) + round_least(t) };
		for (u32 i = 0; i < hw->nr_cpus; i++)
			if (i != task_cpu(t) && !hw->cpus[i].offline)
				round_target(r, &hw->cpus[i], ps);
		round_wait(t, r);
	}
	work(t, ps);
}

void smp_call_cond(struct task *t, bool (*cond)(const struct cpu *c, void *arg), void *arg, u64 ps)
{
	struct hw *hw = t->x.hw;
	struct ipi_round *r;
	u64 near = 0, far = 0;

	if (t->x.irq_off)
		sim_fail(t->kern->sim, "an IPI is waited for with interrupts off", 0, 0);
	task_sync(t);
	for (u32 i = 0; i < hw->nr_cpus; i++)
		if (i != task_cpu(t) && !hw->cpus[i].offline && cond(&hw->cpus[i], arg))
			++*(hw->cpus[i].socket == t->x.cpu->socket ? &near : &far);
	if (!near && !far)
		return;
	r = &t->kern->ipi->round[task_cpu(t)];
	*r = (struct ipi_round){ .sender = t, .least = task_clock(t) + round_length(t, near, far) };
	for (u32 i = 0; i < hw->nr_cpus; i++)
		if (i != task_cpu(t) && !hw->cpus[i].offline && cond(&hw->cpus[i], arg))
			round_target(r, &hw->cpus[i], ps);
	round_wait(t, r);
}

void flush_tlb_kernel_range(struct task *t, u64 start, u64 end)
{
	u64 pages = (end - start + 4095) >> 12;
	u64 flush;

	FRAME(t, "flush_tlb_kernel_range");

	if (pages > cost(t, MK_TLB_RANGE_CEILING_PAGES))
		flush = cost(t, MK_TLB_LOCAL_FULL) + 20 * cost(t, MK_LAT_L2);
	else
		flush = pages * cost(t, MK_TLB_LOCAL_PAGE);
	if (cost(t, MK_TLB_ARCH_BROADCAST))
		work(t, flush);
	else
		smp_call_all(t, flush);
}
