// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What run queues keep whatever the policy: virtual times, the tasks that wait, in the
 * policy's order (t->deadline), and when the running one is to be switched. Times of
 * two queues are not comparable; what a task takes along is the policy's business.
 */
#include "sim/kern/rq.h"

/* No task is switched while nobody waits. */
static void set_resched(struct rq *rq)
{
	if (rq->kern->sched->set_slice_end)
		rq->kern->sched->set_slice_end(rq);
	if (unlikely(rq_stop_waits(rq)))
		rq->slice_end = min_u64(rq->slice_end, rq->kern->sim->now);
	rq->resched_at = rq->nr_queued ? rq->slice_end : TIME_MAX;
}

void rq_update(struct rq *rq)
{
	struct task *curr = rq_curr(rq);
	u64 now = rq->kern->sim->now;
	s64 v;

	if (!curr || now <= rq->since)
		return;
	v = virtual_time(curr, now - rq->since);
	curr->sum_exec_runtime += now - rq->since;
	curr->vruntime += v;
	rq->sum_v += (s128)v * curr->weight;
	rq->since = now;
}

void rq_join(struct task *t)
{
	struct rq *rq = t->rq;

	if (!rq->nr)
		rq->sum_v = 0;
	rq->kern->sched->place(t);
	rq->sum_v += (s128)t->vruntime * t->weight;
	rq->weight += t->weight;
	rq->nr++;
}

void rq_leave(struct task *t)
{
	struct rq *rq = t->rq;

	rq->kern->sched->leave(t);
	rq->sum_v -= (s128)t->vruntime * t->weight;
	rq->weight -= t->weight;
	rq->nr--;
}

void rq_move(struct task *t, struct rq *to)
{
	if (t->kern->sched->move)
		t->kern->sched->move(t, to);
	t->rq = to;
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
	rq->kern->sched->run(t);
	set_resched(rq);
}

void rq_run_in_phase(struct task *t)
{
	t->rq->since = t->kern->sim->now;
	t->kern->sched->run_in_phase(t);
	set_resched(t->rq);
}

bool rq_goes_on(struct task *t)
{
	if (unlikely(t == t->rq->stop))
		return true;
	if (rq_stop_waits(t->rq) || !t->kern->sched->goes_on(t))
		return false;
	set_resched(t->rq);
	return true;
}

bool rq_check_preempt(struct task *t)
{
	if (!t->kern->sched->check_preempt(t) && t != t->rq->stop)
		return false;
	set_resched(t->rq);
	return true;
}
