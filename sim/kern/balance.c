// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which CPU a task runs on (reference machine.md 5.3): a woken one is placed, and no
 * CPU stays idle while a task that may run there waits elsewhere. A CPU that runs out
 * of tasks pulls at once; tasks that are queued while CPUs are idle already (started,
 * preempted) are pulled by the nearest of those at the same instant. Busy CPUs are
 * balanced by the busier one, when it switches tasks and the period of the scope, a
 * millisecond per CPU, has passed.
 *
 * A bound task with reach (task.h) is placed within it, and pulled by CPUs of it that run
 * out of tasks. Left out: the bound of the search for an idle CPU, the tick that an idle CPU may
 * take to notice. Ties go to the lowest CPU number.
 */
#include "sim/kern/sched.h"

#include "sim/kern/rq.h"

enum scope { SCOPE_LLC, SCOPE_NODE, SCOPE_MACHINE, NR_SCOPES };

static enum scope scope_of(const struct cpu *a, const struct cpu *b)
{
	if (a->llc == b->llc)
		return SCOPE_LLC;
	return a->node == b->node ? SCOPE_NODE : SCOPE_MACHINE;
}

static bool core_idle(const struct hw *hw, const struct cpu *c)
{
	return !c->curr && (c->sibling < 0 || !hw->cpus[c->sibling].curr);
}

/* For a bound task with reach. */
static bool within_reach(const struct task *t, const struct cpu *c)
{
	return hw_dist(t->x.hw, t->home_cpu, c->id) <= t->reach;
}

/*
 * The nearest idle CPU, in the reach of @t unless that is NULL, in each scope one with an
 * idle core first; NULL if all are busy.
 */
static struct cpu *nearest_idle(struct hw *hw, const struct cpu *from, const struct task *t)
{
	struct cpu *best = NULL;
	u32 best_rank = 2 * NR_SCOPES;

	if (hw->active_cpus == hw->nr_online)
		return NULL;
	for (u32 i = 0; i < hw->nr_cpus; i++) {
		struct cpu *c = &hw->cpus[i];
		u32 rank;

		if (c->curr || c->offline || (t && !within_reach(t, c)))
			continue;
		rank = 2 * scope_of(from, c) + !core_idle(hw, c);
		if (rank >= best_rank)
			continue;
		best = c;
		best_rank = rank;
	}
	return best;
}

/* The queue in @scope of @to with most waiting tasks, one of which at least may move. */
static struct rq *busiest(struct kern *k, const struct cpu *to, enum scope scope)
{
	struct rq *best = NULL;

	for (u32 i = 0; i < k->hw->nr_cpus; i++) {
		struct rq *rq = &k->rq[i];

		if (rq->nr_free && scope_of(to, rq->cpu) <= scope &&
		    (!best || rq->nr_queued > best->nr_queued))
			best = rq;
	}
	return best;
}

static void set_rq(struct task *t, struct rq *rq)
{
	if (t->rq == rq)
		return;
	t->recent_cpu = t->x.cpu->id;
	rq_move(t, rq);
	t->x.cpu = rq->cpu;
}

/* @t, which waits on @from, has left it for the CPU of @to. */
static void pull_task(struct task *t, struct rq *from, struct rq *to)
{
	rq_update(from);
	rq_dequeue(t);
	rq_leave(t);
	set_rq(t, to);
}

/* The same with the first task of @from that may move. */
static struct task *pull_from(struct rq *from, struct rq *to)
{
	struct task *t = rq_first_free(from);

	pull_task(t, from, to);
	return t;
}

/* A task of limited reach that waits elsewhere and may run on the CPU of @to, or NULL. */
static struct task *pull_within(struct rq *to)
{
	struct kern *k = to->kern;

	for (u32 i = 0; k->nr_reach && i < k->hw->nr_cpus; i++) {
		struct rq *from = &k->rq[i];
		struct task *t = from->nr_queued ? rq_first_within(from, to->cpu->id) : NULL;

		if (t) {
			pull_task(t, from, to);
			return t;
		}
	}
	return NULL;
}

struct task *balance_pull(struct rq *to)
{
	struct kern *k = to->kern;

	if (unlikely(to->cpu->offline))
		return NULL;
	for (u32 scope = 0; k->nr_free && scope < NR_SCOPES; scope++) {
		struct rq *from = busiest(k, to->cpu, scope);

		if (from) {
			struct task *t = pull_from(from, to);

			rq_join(t);
			return t;
		}
	}
	if (k->nr_reach) {
		struct task *t = pull_within(to);

		if (t)
			rq_join(t);
		return t;
	}
	return NULL;
}

static void idle_balance(struct sim *s, void *arg)
{
	struct kern *k = arg;

	(void)s;
	k->balancing = false;
	while (k->nr_free) {
		struct rq *from = busiest(k, &k->hw->cpus[0], SCOPE_MACHINE);
		struct cpu *to = nearest_idle(k->hw, from->cpu, NULL);
		struct task *t;

		if (!to)
			return;
		t = pull_from(from, &k->rq[to->id]);
		rq_join(t);
		sched_run(t, k->hw->c[MK_WAKE_IDLE_IPI]);
	}
}

void balance_kick(struct kern *k)
{
	if (k->balancing || !k->nr_free || k->hw->active_cpus == k->hw->nr_online)
		return;
	k->balancing = true;
	sim_at(k->sim, EV_TIMER, k->sim->now, idle_balance, k);
}

/* The queue in @scope of @from with fewest tasks; *@nr_cpus: CPUs of the scope. */
static struct rq *least_busy(struct rq *from, enum scope scope, u32 *nr_cpus)
{
	struct kern *k = from->kern;
	struct rq *best = from;

	*nr_cpus = 0;
	for (u32 i = 0; i < k->hw->nr_cpus; i++) {
		if (scope_of(from->cpu, k->rq[i].cpu) > scope || k->rq[i].cpu->offline)
			continue;
		++*nr_cpus;
		if (k->rq[i].nr < best->nr)
			best = &k->rq[i];
	}
	return best;
}

void balance_busy(struct rq *from)
{
	const struct hw *hw = from->kern->hw;
	u64 now = hw->sim->now;

	/* idle CPUs, if there are any, have been told */
	if (from->nr < 3 || hw->active_cpus < hw->nr_online)
		return;
	for (u32 scope = 0; scope < NR_SCOPES; scope++) {
		struct rq *to;
		u32 nr_cpus;

		if (from->balance_at[scope] > now)
			continue;
		to = least_busy(from, scope, &nr_cpus);
		from->balance_at[scope] = now + nr_cpus * PS_PER_MS;
		for (u32 n = (from->nr - to->nr) / 2; n && from->nr_free; n--)
			sched_enqueue(pull_from(from, to));
	}
}

/* Previous CPU, or the waker's if that has less to do; an idle previous CPU has nothing. */
static struct cpu *wake_target(const struct task *waker, const struct task *t)
{
	return waker && waker->rq->nr < t->rq->nr ? waker->x.cpu : t->x.cpu;
}

/* The CPU in @scope of @from with fewest tasks, or NULL. */
static struct rq *least_online(struct kern *k, const struct cpu *from, enum scope scope)
{
	struct rq *best = NULL;

	for (u32 i = 0; i < k->hw->nr_cpus; i++) {
		struct rq *rq = &k->rq[i];

		if (!rq->cpu->offline && scope_of(from, rq->cpu) <= scope &&
		    (!best || rq->nr < best->nr))
			best = rq;
	}
	return best;
}

u32 balance_fallback(const struct task *t)
{
	const struct cpu *from = t->x.cpu, *idle = nearest_idle(t->x.hw, from, NULL);
	struct rq *rq = NULL;

	for (u32 scope = 0; !rq && scope < NR_SCOPES; scope++) {
		if (idle && scope_of(from, idle) <= scope)
			return idle->id;
		rq = least_online(t->kern, from, scope);
	}
	return rq->cpu->id;
}

/* select_fallback_rq(): @t, on no run queue, cannot stay; a reach is kept for later. */
static void leave_offline(struct task *t)
{
	if (!t->reach)
		t->bound = false;
	set_rq(t, &t->kern->rq[balance_fallback(t)]);
}

u32 balance_push(struct rq *from)
{
	u32 nr = 0;

	rq_update(from);
	for (; from->nr_queued; nr++) {
		struct task *t = list_first_entry(&from->queue, struct task, rq_node);

		rq_dequeue(t);
		rq_leave(t);
		leave_offline(t);
		if (t->x.cpu->curr) {
			sched_enqueue(t);
			continue;
		}
		rq_join(t);
		sched_run(t, cost(t, MK_WAKE_IDLE_IPI));
	}
	return nr;
}

void balance_move(struct task *t, u32 cpu)
{
	set_rq(t, &t->kern->rq[cpu]);
}

/* The same from an offline CPU: the least busy one, or any if all of them are offline. */
static void wake_within_online(struct task *t)
{
	struct kern *k = t->kern;
	struct rq *best = NULL;

	for (u32 i = 0; i < k->hw->nr_cpus; i++) {
		struct rq *rq = &k->rq[i];

		if (!rq->cpu->offline && within_reach(t, rq->cpu) && (!best || rq->nr < best->nr))
			best = rq;
	}
	if (best)
		set_rq(t, best);
	else
		leave_offline(t);
}

/* An idle CPU within the reach of @t, near the waker if that is within it; or the least busy. */
static void wake_within(struct task *waker, struct task *t)
{
	struct kern *k = t->kern;
	struct cpu *near = waker && within_reach(t, waker->x.cpu) ? waker->x.cpu : t->x.cpu;
	struct cpu *idle = t->x.cpu->curr ? nearest_idle(k->hw, near, t) : t->x.cpu;
	struct rq *best = t->rq;

	if (unlikely(t->x.cpu->offline)) {
		wake_within_online(t);
		return;
	}
	for (u32 i = 0; !idle && i < k->hw->nr_cpus; i++)
		if (k->rq[i].nr < best->nr && within_reach(t, k->rq[i].cpu) &&
		    !k->rq[i].cpu->offline)
			best = &k->rq[i];
	set_rq(t, idle ? &k->rq[idle->id] : best);
}

void balance_wake(struct task *waker, struct task *t)
{
	struct hw *hw = t->x.hw;
	struct cpu *target, *recent = &hw->cpus[t->recent_cpu], *idle;

	if (t->reach)
		wake_within(waker, t);
	if (unlikely(t->x.cpu->offline))
		leave_offline(t);
	if (t->bound)
		return;
	target = wake_target(waker, t);
	if (target->curr && !recent->curr && !recent->offline && recent->llc == target->llc)
		target = recent;
	idle = target->curr ? nearest_idle(hw, target, NULL) : target;
	set_rq(t, &t->kern->rq[idle ? idle->id : target->id]);
}
