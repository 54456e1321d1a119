// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Virtual times, deadlines and lag of one run queue. The mean is over the running task
 * and those that wait. Times of two queues are not comparable: lag is what a task takes
 * along, asleep or to another CPU; a queue that was empty begins at 0.
 *
 * Left out: the clause for a waker with a shorter slice (slices are equal),
 * the CFS of 6.1.
 */
#include "sim/kern/rq.h"

/* CPU time as virtual time of @t, and back. */
static s64 by_weight(const struct task *t, u64 ps)
{
	if (likely(t->weight == NICE_0_WEIGHT))
		return (s64)ps;
	return (s64)((u128)ps * NICE_0_WEIGHT / t->weight);
}

static u64 to_exec(const struct task *t, s64 v)
{
	if (likely(t->weight == NICE_0_WEIGHT))
		return (u64)v;
	return (u64)((s128)v * t->weight / NICE_0_WEIGHT);
}

/* Has had no more than the mean. */
static bool eligible(const struct rq *rq, const struct task *t)
{
	return (s128)t->vruntime * rq->weight <= rq->sum_v;
}

/* No task is switched while nobody waits. */
static void set_resched(struct rq *rq)
{
	rq->resched_at = rq->nr_queued ? rq->slice_end : TIME_MAX;
}

void rq_update(struct rq *rq)
{
	struct task *curr = rq_curr(rq);
	u64 now = rq->kern->sim->now;
	s64 v;

	if (!curr || now <= rq->since)
		return;
	v = by_weight(curr, now - rq->since);
	curr->sum_exec_runtime += now - rq->since;
	curr->vruntime += v;
	rq->sum_v += (s128)v * curr->weight;
	rq->since = now;
}

void rq_join(struct task *t)
{
	struct rq *rq = t->rq;

	if (rq->nr) {
		/* joining moves the mean: what is left of the lag is what it was */
		t->vruntime = (s64)(rq->sum_v / rq->weight) -
			      (s64)((s128)t->lag * (rq->weight + t->weight) / rq->weight);
	} else {
		t->vruntime = 0;
		rq->sum_v = 0;
	}
	t->deadline = t->vruntime + by_weight(t, rq->kern->slice);
	rq->sum_v += (s128)t->vruntime * t->weight;
	rq->weight += t->weight;
	rq->nr++;
}

void rq_leave(struct task *t)
{
	struct rq *rq = t->rq;
	/* machine.md 5.2: at most 2 slices or a tick, and a slice is a tick or more */
	s64 bound = 2 * by_weight(t, rq->kern->slice);

	t->lag = clamp_s64((s64)(rq->sum_v / rq->weight) - t->vruntime, -bound, bound);
	rq->sum_v -= (s128)t->vruntime * t->weight;
	rq->weight -= t->weight;
	rq->nr--;
}

/* Nothing of a task that waits changes, so that the order stands: most join at its end. */
static void pick_list_add(struct rq *rq, struct task *t)
{
	struct list_head *pos = rq->picks.prev;

	while (pos != &rq->picks && list_entry(pos, struct task, pick_node)->deadline > t->deadline)
		pos = pos->prev;
	list_add(&t->pick_node, pos);
}

void rq_enqueue(struct task *t)
{
	struct rq *rq = t->rq;

	list_add_tail(&t->rq_node, &rq->queue);
	pick_list_add(rq, t);
	rq->nr_queued++;
	if (!t->bound) {
		rq->nr_free++;
		rq->kern->nr_free++;
	}
	rq->kern->nr_reach += t->reach != 0;
	set_resched(rq);
}

void rq_dequeue(struct task *t)
{
	struct rq *rq = t->rq;

	list_del(&t->rq_node);
	list_del(&t->pick_node);
	rq->nr_queued--;
	if (!t->bound) {
		rq->nr_free--;
		rq->kern->nr_free--;
	}
	rq->kern->nr_reach -= t->reach != 0;
	set_resched(rq);
}

struct task *rq_pick(const struct rq *rq)
{
	struct list_head *pos;

	list_for_each (pos, &rq->picks) {
		struct task *t = list_entry(pos, struct task, pick_node);

		if (eligible(rq, t))
			return t;
	}
	return list_empty(&rq->picks) ? NULL : list_entry(rq->picks.next, struct task, pick_node);
}

struct task *rq_first_free(const struct rq *rq)
{
	struct list_head *pos;

	list_for_each (pos, &rq->queue) {
		struct task *t = list_entry(pos, struct task, rq_node);

		if (!t->bound)
			return t;
	}
	return NULL;
}

struct task *rq_first_within(const struct rq *rq, u32 cpu)
{
	struct list_head *pos;

	list_for_each (pos, &rq->queue) {
		struct task *t = list_entry(pos, struct task, rq_node);

		if (t->reach && hw_dist(t->x.hw, t->home_cpu, cpu) <= t->reach)
			return t;
	}
	return NULL;
}

void rq_run(struct task *t, u64 latency)
{
	struct rq *rq = t->rq;

	rq->since = rq->kern->sim->now + latency;
	rq->slice_end = rq->since + to_exec(t, t->deadline - t->vruntime);
	rq->slice_next = rq->slice_end;
	set_resched(rq);
}

void rq_run_in_phase(struct task *t)
{
	struct rq *rq = t->rq;
	u64 now = rq->kern->sim->now;

	if (rq->slice_end < now)
		rq->slice_end += roundup_u64(now - rq->slice_end, rq->kern->slice);
	rq->since = now;
	t->deadline = t->vruntime + by_weight(t, rq->slice_end - now);
	set_resched(rq);
}

void rq_renew(struct task *t)
{
	if (t->vruntime >= t->deadline)
		t->deadline = t->vruntime + by_weight(t, t->kern->slice);
}

bool rq_goes_on(struct task *t)
{
	struct rq *rq = t->rq;
	struct task *next = rq_pick(rq);

	if (!next || t->weight <= next->weight)
		return false;
	rq_update(rq);
	next = rq_pick(rq);
	rq_renew(t);
	if (!eligible(rq, t) || (eligible(rq, next) && next->deadline <= t->deadline))
		return false;
	rq->slice_end = rq->since + to_exec(t, t->deadline - t->vruntime);
	set_resched(rq);
	return true;
}

/* The running task was alone: its slice was renewed at each end. */
static void renew_alone(struct rq *rq, struct task *curr)
{
	if (curr->deadline < curr->vruntime)
		curr->deadline += (s64)roundup_u64((u64)(curr->vruntime - curr->deadline),
						   (u64)by_weight(curr, rq->kern->slice));
	rq->slice_end = rq->since + to_exec(curr, curr->deadline - curr->vruntime);
}

bool rq_check_preempt(struct task *t)
{
	struct rq *rq = t->rq;
	struct task *curr = rq_curr(rq);
	u64 now = rq->kern->sim->now;
	bool first = rq->nr_queued == 1;

	if (first)
		renew_alone(rq, curr);
	if (rq->slice_end > now && !eligible(rq, curr) && rq_pick(rq) == t)
		rq->slice_end = now;
	else if (!first)
		return false;
	set_resched(rq);
	return true;
}
