// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The policy of Linux 6.6 and later, EEVDF in its simple form (reference machine.md 5.2):
 * all slices are equal, the eligible task of the earliest deadline is next. The mean is
 * over the running task and those that wait. Lag is what a task takes along, asleep or
 * to another CPU; a queue that was empty begins at 0.
 *
 * Left out: the clause for a waker with a shorter slice (slices are equal).
 */
#include "sim/kern/rq.h"

/* Has had no more than the mean. */
static bool eligible(const struct rq *rq, const struct task *t)
{
	return (s128)t->vruntime * rq->weight <= rq->sum_v;
}

static void place_eevdf(struct task *t)
{
	struct rq *rq = t->rq;

	if (rq->nr)
		/* joining moves the mean: what is left of the lag is what it was */
		t->vruntime = (s64)(rq->sum_v / rq->weight) -
			      (s64)((s128)t->lag * (rq->weight + t->weight) / rq->weight);
	else
		t->vruntime = 0;
	t->deadline = t->vruntime + virtual_time(t, rq->kern->slice);
}

static void leave_eevdf(struct task *t)
{
	struct rq *rq = t->rq;
	/* machine.md 5.2: at most 2 slices or a tick, and a slice is a tick or more */
	s64 bound = 2 * virtual_time(t, rq->kern->slice);

	t->lag = clamp_s64((s64)(rq->sum_v / rq->weight) - t->vruntime, -bound, bound);
}

static struct task *pick_eevdf(const struct rq *rq)
{
	struct list_head *pos;

	list_for_each (pos, &rq->picks) {
		struct task *t = list_entry(pos, struct task, pick_node);

		if (eligible(rq, t))
			return t;
	}
	return list_empty(&rq->picks) ? NULL : list_entry(rq->picks.next, struct task, pick_node);
}

static void run_eevdf(struct task *t)
{
	struct rq *rq = t->rq;

	rq->slice_end = rq->since + cpu_time(t, t->deadline - t->vruntime);
	rq->slice_next = rq->slice_end;
}

static void run_in_phase_eevdf(struct task *t)
{
	struct rq *rq = t->rq;
	u64 now = rq->since;

	if (rq->slice_end < now)
		rq->slice_end += roundup_u64(now - rq->slice_end, rq->kern->slice);
	t->deadline = t->vruntime + virtual_time(t, rq->slice_end - now);
}

static void renew_eevdf(struct task *t)
{
	if (t->vruntime >= t->deadline)
		t->deadline = t->vruntime + virtual_time(t, t->kern->slice);
}

static bool goes_on_eevdf(struct task *t)
{
	struct rq *rq = t->rq;
	struct task *next = pick_eevdf(rq);

	if (!next || t->weight <= next->weight)
		return false;
	rq_update(rq);
	next = pick_eevdf(rq);
	renew_eevdf(t);
	if (!eligible(rq, t) || (eligible(rq, next) && next->deadline <= t->deadline))
		return false;
	rq->slice_end = rq->since + cpu_time(t, t->deadline - t->vruntime);
	return true;
}

/* The running task was alone: its slice was renewed at each end. */
static void renew_alone(struct rq *rq, struct task *curr)
{
	if (curr->deadline < curr->vruntime)
		curr->deadline += (s64)roundup_u64((u64)(curr->vruntime - curr->deadline),
						   (u64)virtual_time(curr, rq->kern->slice));
	rq->slice_end = rq->since + cpu_time(curr, curr->deadline - curr->vruntime);
}

static bool check_preempt_eevdf(struct task *t)
{
	struct rq *rq = t->rq;
	struct task *curr = rq_curr(rq);
	u64 now = rq->kern->sim->now;
	bool first = rq->nr_queued == 1;

	if (first)
		renew_alone(rq, curr);
	if (rq->slice_end > now && !eligible(rq, curr) && pick_eevdf(rq) == t)
		rq->slice_end = now;
	else if (!first)
		return false;
	return true;
}

const struct sched_policy sched_eevdf = {
	.name = "eevdf",
	.place = place_eevdf,
	.leave = leave_eevdf,
	.pick = pick_eevdf,
	.run = run_eevdf,
	.run_in_phase = run_in_phase_eevdf,
	.renew = renew_eevdf,
	.goes_on = goes_on_eevdf,
	.check_preempt = check_preempt_eevdf,
};
