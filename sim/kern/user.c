// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Divisible work (DESIGN.md 3, "Interruption"): user mode and think time give up
 * the CPU at the end of the slice, wherever that falls, and keep the rest.
 *
 * A task whose work ends well before any slice of its CPU can end runs on without
 * an event. Near such an end the work is an event that may be moved forward: by the
 * one who queues another task behind it (sched_enqueue), or by interrupt time. What
 * decides which of the two it is was known at the task's last interaction point, so
 * it is the same in every engine. So a wake-up preempts at once only work of the second
 * kind; work of the first kind, shorter than the slice, is finished before. Where the
 * policy lets every task that joins end the slice anew (CFS), all work is of the second kind.
 */
#include "sim/kern/rq.h"
#include "sim/kern/sched.h"

/* Interrupt time that may still come is allowed for by this part of a slice. */
#define SLICE_MARGIN 32

static u64 stretched(const struct task *t, u64 ps)
{
	return exec_stretch(&t->x, ps);
}

/* When a slice may end next, seen from the last interaction point. */
static u64 next_stop(const struct task *t, struct rq *rq)
{
	if (t->resched_at != TIME_MAX)
		return t->resched_at;
	if (unlikely(rq->slice_next < t->x.synced_at))
		rq->slice_next += roundup_u64(t->x.synced_at - rq->slice_next, t->kern->slice);
	return rq->slice_next;
}

static bool ends_in_time(const struct task *t, struct rq *rq, u64 ps)
{
	u64 clock = t->x.proc.clock - t->x.irq_since + t->kern->slice / SLICE_MARGIN;
	u64 stop = next_stop(t, rq);

	return clock < stop && ps < stop - clock;
}

void user_work(struct task *t, u64 ps)
{
	u64 rest = stretched(t, ps);

	t->voluntary = true;
	if (task_atomic(t)) {
		exec_charge(&t->x, CPU_WORK, rest);
		return;
	}
	if (!t->kern->sched->set_slice_end && ends_in_time(t, t->rq, rest)) {
		exec_charge_user(&t->x, rest);
		return;
	}
	task_sync(t);
	rest = stretched(t, ps);
	while (rest) {
		rest = exec_divisible(&t->x, rest, t->rq->resched_at);
		t->voluntary = true;
		task_sync(t);
	}
	t->voluntary = true;
}
