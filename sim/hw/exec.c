/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading and correcting the log of charges: what lies beyond an instant, and
 * where an interrupt falls. Facts: DESIGN.md 3, reference method.md A3, A4.
 */
#include "sim/hw/exec.h"

#include <string.h>

static bool is_enter(const struct exec_charge *e)
{
	return (e->v & 15) == EXEC_ENTER;
}

static u64 charge_ps(const struct exec_charge *e)
{
	return is_enter(e) ? 0 : e->v >> 4;
}

static u32 charge_bucket(const struct exec_charge *e)
{
	u32 b = e->v & 15;

	return b == EXEC_USER ? (u32)CPU_WORK : b;
}

bool exec_in_user(const struct exec *x, u64 now)
{
	u64 end = x->proc.clock;

	for (const struct exec_charge *e = x->tail; e != x->log && end >= now;) {
		u64 ps = charge_ps(--e);

		if (end - ps < now)
			return (e->v & 15) == EXEC_USER;
		end -= ps;
	}
	return false;
}

void exec_log_full(struct exec *x)
{
	exec_sync(x);
}

/* Calls fn for each entry or part of a charge of @x that lies beyond @now, newest first. */
static void for_each_beyond(const struct exec *x, u64 now,
			    void (*fn)(const struct exec_charge *e, u64 ps, void *arg), void *arg)
{
	u64 end = x->proc.clock;

	for (const struct exec_charge *e = x->tail; e != x->log && end > now;) {
		u64 ps = charge_ps(--e);

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

	if (!is_enter(e))
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
	if (is_enter(e))
		e->node->base_calls -= e->v >> 4;
	e->node->base_ps -= ps;
}

static void take_from_self(const struct exec_charge *e, u64 ps, void *arg)
{
	(void)arg;
	if (is_enter(e))
		e->node->calls -= e->v >> 4;
	e->node->self_ps -= ps;
}

void exec_profile_beyond(struct exec *x, u64 now, bool base)
{
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
	struct prof_node *node =
		profile_enter(&x->hw->profile, &x->hw->profile.root, &irq_site, __LINE__);
	u64 end = x->proc.clock;
	u32 nr = (u32)(x->tail - x->log), i = nr;

	x->irq_since += ps;
	x->cpu->bucket[CPU_IRQ] += ps;
	node->self_ps += ps;
	/* frames entered at that instant were entered before the interrupt */
	while (i && (is_enter(&x->log[i - 1]) ? end > at : end - charge_ps(&x->log[i - 1]) >= at))
		end -= charge_ps(&x->log[--i]);
	/* entry i-1 ends at end >= at and begins before at: split it if needed */
	if (nr + 2 > EXEC_LOG) {
		/* keep the order of the log by merging into the oldest entries' place */
		memmove(&x->log[0], &x->log[2], (nr - 2) * sizeof(x->log[0]));
		nr -= 2;
		i = i > 2 ? i - 2 : 0;
	}
	if (i && end > at) {
		struct exec_charge head = x->log[i - 1], tail = head;
		u64 after = end - at;

		head.v -= after << 4;
		tail.v = after << 4 | (tail.v & 15);
		memmove(&x->log[i + 2], &x->log[i], (nr - i) * sizeof(x->log[0]));
		x->log[i - 1] = head;
		x->log[i + 1] = tail;
		nr += 2;
	} else {
		memmove(&x->log[i + 1], &x->log[i], (nr - i) * sizeof(x->log[0]));
		nr++;
	}
	x->log[i] = (struct exec_charge){ node, ps << 4 | CPU_IRQ };
	x->tail = x->log + nr;
}

static void marks_delay(struct exec *x, u64 at, u64 ps)
{
	for (u32 i = 0; i < x->nr_marks; i++) {
		if (x->marks[i].end > at)
			x->marks[i].end += ps;
		if (x->marks[i].start > at)
			x->marks[i].start += ps;
	}
	for (u32 i = 0; i < x->nr_starts; i++)
		if (*x->starts[i] > at)
			*x->starts[i] += ps;
}

/* Take back the work beyond div_stop; an interrupt that has begun is finished. */
static void exec_cut(struct exec *x)
{
	u64 end = x->proc.clock;
	u64 stop = max_u64(x->div_stop, x->hw->sim->now);

	while (x->tail != x->log && end > stop) {
		struct exec_charge *e = x->tail - 1;
		u64 ps = min_u64(charge_ps(e), end - stop);

		if (charge_bucket(e) != CPU_WORK)
			break;
		e->v -= ps << 4;
		e->node->self_ps -= ps;
		x->cpu->bucket[CPU_WORK] -= ps;
		x->div_rest += ps;
		end -= ps;
		if (!charge_ps(e))
			x->tail--;
	}
	if (end != x->proc.clock)
		proc_hasten(&x->proc, end);
}

void exec_divide(struct exec *x, u64 stop)
{
	x->div_stop = stop;
	exec_cut(x);
}

u64 exec_divisible(struct exec *x, u64 ps, u64 stop)
{
	u64 run = min_u64(ps, stop - min_u64(stop, x->proc.clock));

	x->div_stop = stop;
	x->div_rest = ps - run;
	x->divisible = true;
	exec_charge_user(x, run);
	exec_sync(x);
	x->divisible = false;
	return x->div_rest;
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
	if (x->divisible)
		exec_cut(x);
}

void exec_pay_irq(struct exec *x)
{
	struct prof_node *frame = x->frame;
	u64 ps = x->irq_owed;

	if (!ps)
		return;
	x->irq_owed = 0;
	x->irq_since += ps;
	x->frame = profile_enter(&x->hw->profile, &x->hw->profile.root, &irq_site, __LINE__);
	exec_charge(x, CPU_IRQ, ps);
	x->frame = frame;
}
