/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading and correcting the log of charges: what lies beyond an instant, and
 * where an interrupt falls. Facts: DESIGN.md 3, reference method.md A3, A4.
 */
#include "sim/hw/exec.h"

#include <string.h>

static u64 charge_ps(const struct exec_charge *e)
{
	return e->ps_bucket >> 4;
}

static u32 charge_bucket(const struct exec_charge *e)
{
	return e->ps_bucket & 15;
}

void exec_log_full(struct exec *x)
{
	exec_sync(x);
}

/* Calls fn for each part of a charge of @x that lies beyond @now, newest first. */
static void for_each_beyond(const struct exec *x, u64 now,
			    void (*fn)(const struct exec_charge *e, u64 ps, void *arg), void *arg)
{
	u64 end = x->proc.clock;

	for (u32 i = x->nr_log; i-- && end > now;) {
		const struct exec_charge *e = &x->log[i];
		u64 ps = charge_ps(e);

		fn(e, min_u64(ps, end - now), arg);
		end -= ps;
	}
}

/*
 * A wait that has not ended by @now: blocked on the CPU since its clock, or woken
 * for a later instant. Nothing of it is booked yet.
 */
static bool exec_waiting(const struct exec *x)
{
	return x->waiting;
}

static void wait_parts(const struct exec *x, u64 now, u64 *first, u64 *rest)
{
	u64 total = now > x->wait_since ? now - x->wait_since : 0;

	*first = min_u64(total, x->wait_first_ps);
	*rest = total - *first;
}

static void sum_beyond(const struct exec_charge *e, u64 ps, void *arg)
{
	s64 *beyond = arg;

	beyond[charge_bucket(e)] += (s64)ps;
}

void exec_beyond(const struct exec *x, u64 now, s64 beyond[NR_CPU_BUCKETS])
{
	if (exec_waiting(x)) {
		u64 first, rest;

		wait_parts(x, now, &first, &rest);
		beyond[x->wait_first] -= (s64)first;
		beyond[x->wait_bucket] -= (s64)rest;
		return;
	}
	for_each_beyond(x, now, sum_beyond, beyond);
}

static void take_from_base(const struct exec_charge *e, u64 ps, void *arg)
{
	(void)arg;
	e->node->base_ps -= ps;
}

static void take_from_self(const struct exec_charge *e, u64 ps, void *arg)
{
	(void)arg;
	e->node->self_ps -= ps;
}

void exec_profile_beyond(struct exec *x, u64 now, bool base)
{
	for (u32 i = x->nr_enters; i-- && x->enters[i].clock > now;)
		*(base ? &x->enters[i].node->base_calls : &x->enters[i].node->calls) -=
			x->enters[i].n;
	if (exec_waiting(x)) {
		u64 first, rest;

		wait_parts(x, now, &first, &rest);
		*(base ? &x->frame->base_ps : &x->frame->self_ps) += first;
		*(base ? &x->wait_node->base_ps : &x->wait_node->self_ps) += rest;
		return;
	}
	for_each_beyond(x, now, base ? take_from_base : take_from_self, NULL);
}

void exec_wait_begin(struct exec *x, enum cpu_bucket first, u64 first_ps, enum cpu_bucket rest,
		     struct prof_node *node)
{
	x->wait_first = (u8)first;
	x->wait_first_ps = first_ps;
	x->wait_bucket = (u8)rest;
	x->wait_node = node;
	x->wait_since = x->proc.clock;
	x->waiting = true;
}

void exec_wait_end(struct exec *x)
{
	struct prof_node *frame = x->frame;
	u64 first, rest;

	wait_parts(x, x->proc.clock, &first, &rest);
	x->waiting = false;
	if (first)
		exec_book(x, (enum cpu_bucket)x->wait_first, first);
	x->frame = x->wait_node;
	if (rest)
		exec_book(x, (enum cpu_bucket)x->wait_bucket, rest);
	x->frame = frame;
}

static const struct frame_site irq_site = { "[irq]" };

/* Put interrupt time into the log so that it begins at instant @at <= clock. */
static void log_insert_irq(struct exec *x, u64 at, u64 ps)
{
	struct prof_node *node = profile_enter(&x->hw->profile, &x->hw->profile.root, &irq_site);
	u64 end = x->proc.clock;
	u32 i = x->nr_log;

	x->cpu->bucket[CPU_IRQ] += ps;
	node->self_ps += ps;
	while (i && end - charge_ps(&x->log[i - 1]) >= at)
		end -= charge_ps(&x->log[--i]);
	/* entry i-1 ends at end >= at and begins before at: split it if needed */
	if (x->nr_log + 2 > EXEC_LOG) {
		/* keep the order of the log by merging into the oldest entries' place */
		memmove(&x->log[0], &x->log[2], (x->nr_log - 2) * sizeof(x->log[0]));
		x->nr_log -= 2;
		i = i > 2 ? i - 2 : 0;
	}
	if (i && end > at) {
		struct exec_charge head = x->log[i - 1], tail = head;
		u64 after = end - at;

		head.ps_bucket -= after << 4;
		tail.ps_bucket = after << 4 | charge_bucket(&tail);
		memmove(&x->log[i + 2], &x->log[i], (x->nr_log - i) * sizeof(x->log[0]));
		x->log[i - 1] = head;
		x->log[i + 1] = tail;
		x->nr_log += 2;
	} else {
		memmove(&x->log[i + 1], &x->log[i], (x->nr_log - i) * sizeof(x->log[0]));
		x->nr_log++;
	}
	x->log[i] = (struct exec_charge){ node, ps << 4 | CPU_IRQ };
}

static void marks_delay(struct exec *x, u64 at, u64 ps)
{
	for (u32 i = 0; i < x->nr_marks; i++) {
		if (x->marks[i].end > at)
			x->marks[i].end += ps;
		if (x->marks[i].start > at)
			x->marks[i].start += ps;
	}
	for (u32 i = 0; i < x->nr_enters; i++)
		if (x->enters[i].clock > at)
			x->enters[i].clock += ps;
	for (u32 i = 0; i < x->nr_starts; i++)
		if (*x->starts[i] > at)
			*x->starts[i] += ps;
}

void cpu_interrupt(struct hw *hw, struct cpu *c, u64 ps)
{
	struct exec *x = c->curr;
	u64 now = hw->sim->now;

	if (!ps)
		return;
	if (!x) {
		c->idle_irq += ps;
		return;
	}
	if (x->section || x->waiting) {
		x->irq_owed += ps;
		return;
	}
	if (x->proc.state != PROC_PENDING)
		return;
	u64 at = now > x->section_end ? now : x->section_end;

	if (at > x->proc.clock)
		at = x->proc.clock;
	log_insert_irq(x, at, ps);
	marks_delay(x, at, ps);
	proc_delay(&x->proc, ps);
}

void exec_pay_irq(struct exec *x)
{
	struct prof_node *frame = x->frame;
	u64 ps = x->irq_owed;

	if (!ps)
		return;
	x->irq_owed = 0;
	x->frame = profile_enter(&x->hw->profile, &x->hw->profile.root, &irq_site);
	exec_charge(x, CPU_IRQ, ps);
	x->frame = frame;
}
