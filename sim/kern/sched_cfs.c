// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The policy of Linux before 6.6, CFS (reference machine.md 5.1; kernel/sched/fair.c of
 * 6.1): the task of the least virtual time is next, for a share of the latency. Ticks are
 * counted from when the running task got the CPU. A task that sleeps keeps its virtual
 * time, but no more than half the latency of credit (GENTLE_FAIR_SLEEPERS); a new one
 * begins a slice late (START_DEBIT), except those that are there from the beginning of
 * the run, which stand for tasks that have been running for long.
 *
 * Left out: group scheduling, buddies (LAST_BUDDY), SCHED_IDLE and SCHED_BATCH.
 */
#include "sim/kern/rq.h"

/* sched_nr_latency: beyond as many runnable tasks each gets the least slice. */
static u32 nr_latency(const struct kern *k)
{
	return (u32)((k->cfs.latency + k->cfs.min_granularity - 1) /
		     max_u64(k->cfs.min_granularity, 1));
}

/* sched_slice(): share of @t in the period, if @weight and @nr count all of its queue. */
static u64 sched_slice(const struct task *t, u32 nr, u64 weight)
{
	const struct kern *k = t->kern;
	u64 period = nr > nr_latency(k) ? nr * k->cfs.min_granularity : k->cfs.latency;
	u64 slice = (u64)((u128)period * t->weight / weight);

	return max_u64(slice, k->cfs.min_granularity);
}

/* The running task, as far as it is on its queue still. */
static struct task *curr_of(const struct rq *rq)
{
	struct task *t = rq_curr(rq);

	return t && t->sched_state == TASK_ON_CPU ? t : NULL;
}

static struct task *pick_cfs(const struct rq *rq)
{
	return list_empty(&rq->picks) ? NULL : list_entry(rq->picks.next, struct task, pick_node);
}

/* update_min_vruntime(): it never goes back. */
static void update_min(struct rq *rq)
{
	const struct task *curr = curr_of(rq), *left = pick_cfs(rq);
	s64 v;

	if (curr && left)
		v = curr->vruntime < left->vruntime ? curr->vruntime : left->vruntime;
	else if (curr || left)
		v = curr ? curr->vruntime : left->vruntime;
	else
		return;
	if (v > rq->min_vruntime)
		rq->min_vruntime = v;
}

static void place_cfs(struct task *t)
{
	struct rq *rq = t->rq;
	struct kern *k = rq->kern;
	s64 credit;

	update_min(rq);
	credit = rq->min_vruntime - (s64)(k->cfs.latency / 2);
	if (t->sched_state == TASK_SLEEPING && t->vruntime < credit) {
		t->vruntime = credit;
	} else if (t->sched_state == TASK_NEW) {
		u64 slice = sched_slice(t, rq->nr + 1, rq->weight + t->weight);

		t->vruntime = rq->min_vruntime;
		if (k->sim->now)
			t->vruntime += virtual_time(t, slice);
	}
	t->deadline = t->vruntime;
}

static void leave_cfs(struct task *t)
{
	update_min(t->rq);
}

/* Its distance to the least virtual time goes along. */
static void move_cfs(struct task *t, struct rq *to)
{
	rq_update(t->rq);
	update_min(t->rq);
	rq_update(to);
	update_min(to);
	t->vruntime += to->min_vruntime - t->rq->min_vruntime;
}

static void renew_cfs(struct task *t)
{
	t->deadline = t->vruntime;
}

/*
 * check_preempt_tick(): the first tick at which @t has had its slice, or is ahead of the
 * leftmost task by a slice and has run for the least granularity.
 */
static u64 slice_ends(const struct rq *rq, const struct task *t)
{
	const struct kern *k = rq->kern;
	u64 now = k->sim->now, slice = sched_slice(t, rq->nr, rq->weight);
	s64 ahead = pick_cfs(rq)->vruntime + virtual_time(t, slice) - rq->cfs_from;
	u64 least = k->cfs.min_granularity;
	u64 end;

	if (ahead > 0)
		least = max_u64(least, cpu_time(t, ahead));
	slice = roundup_u64(least < slice ? least : slice, k->tick);
	if (rq->cfs_in_phase) /* cfs_phase is uniform below k->slice */
		slice = (u64)((u128)slice * rq->cfs_phase / k->slice);
	end = rq->cfs_since + slice;
	if (end < now)
		end += roundup_u64(now - end, k->tick);
	return end;
}

static void run_cfs(struct task *t)
{
	struct rq *rq = t->rq;

	rq->cfs_from = t->vruntime;
	rq->cfs_since = rq->since;
	rq->cfs_in_phase = false;
	rq->need_resched = false;
	/* it is not the CPU's current task yet, which set_slice_end_cfs() looks at */
	if (rq->nr_queued)
		rq->slice_end = slice_ends(rq, t);
}

static void run_in_phase_cfs(struct task *t)
{
	run_cfs(t);
	t->rq->cfs_in_phase = true; /* nobody waits: the CPU has been idle */
}

static void set_slice_end_cfs(struct rq *rq)
{
	const struct task *curr = curr_of(rq);

	if (curr && rq->nr_queued && !rq->need_resched)
		rq->slice_end = slice_ends(rq, curr);
}

/* It is leftmost still: the next tick looks again. */
static bool goes_on_cfs(struct task *t)
{
	struct rq *rq = t->rq;
	const struct task *next = pick_cfs(rq);

	rq_update(rq);
	if (!next || t->vruntime >= next->vruntime)
		return false;
	rq->need_resched = false;
	rq->cfs_from = t->vruntime;
	rq->cfs_since = rq->since;
	rq->cfs_in_phase = false;
	return true;
}

/* check_preempt_wakeup(). A slice may also end earlier because there is one task more. */
static bool check_preempt_cfs(struct task *t)
{
	struct rq *rq = t->rq;
	const struct task *curr = rq_curr(rq);
	u64 gran = rq->kern->cfs.wakeup_granularity;

	if (curr->vruntime - t->vruntime > virtual_time(t, gran)) {
		rq->need_resched = true;
		rq->slice_end = rq->kern->sim->now;
	}
	return true;
}

/* get_update_sysctl_factor(): tunables grow with the logarithm of the CPUs. */
static u64 scaled(const struct kern *k, enum machine_key key)
{
	u32 cpus = k->hw->nr_cpus < 8 ? k->hw->nr_cpus : 8;

	return k->hw->c[key] * (1 + 31 - (u32)__builtin_clz(cpus));
}

static void setup_cfs(struct kern *k)
{
	k->cfs.latency = max_u64(scaled(k, MK_CFS_LATENCY), 1);
	k->cfs.min_granularity = max_u64(scaled(k, MK_CFS_MIN_GRANULARITY), 1);
	k->cfs.wakeup_granularity = scaled(k, MK_CFS_WAKEUP_GRANULARITY);
	k->slice = roundup_u64(k->cfs.latency, k->tick);
}

const struct sched_policy sched_cfs = {
	.name = "cfs",
	.setup = setup_cfs,
	.place = place_cfs,
	.leave = leave_cfs,
	.move = move_cfs,
	.pick = pick_cfs,
	.run = run_cfs,
	.run_in_phase = run_in_phase_cfs,
	.renew = renew_cfs,
	.goes_on = goes_on_cfs,
	.check_preempt = check_preempt_cfs,
	.set_slice_end = set_slice_end_cfs,
};
