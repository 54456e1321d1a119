/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Order on one run queue. A task's virtual time is the CPU time it has had, times
 * NICE_0_WEIGHT by its weight; only kworkers of high priority have another weight than
 * that. Who is next and for how long is up to a policy: sched_eevdf.c, sched_cfs.c.
 * For sched.c and balance.c; call synchronised.
 */
#ifndef MMSIM_KERN_RQ_H
#define MMSIM_KERN_RQ_H

#include "sim/kern/task.h"

#define NICE_0_WEIGHT 1024

/* Weight of a nice value, -20 or 0 (sched_prio_to_weight of kernel/sched/core.c). */
static inline u32 sched_weight(s32 nice)
{
	return nice == -20 ? 88761 : NICE_0_WEIGHT;
}

/* Who runs on the CPU of @rq, or NULL. */
static inline struct task *rq_curr(const struct rq *rq)
{
	struct exec *x = rq->cpu->curr;

	return x ? container_of(x, struct task, x) : NULL;
}

/*
 * A policy, as a sched_class of the kernel. Its own state is in struct rq and struct kern.
 * Where a hook may set rq->slice_end it is looked at behind it.
 */
struct sched_policy {
	const char *name;
	/* Other defaults than EEVDF's (k->slice), before the first task. May be NULL. */
	void (*setup)(struct kern *k);
	/* Virtual time and place in the order of @t, which joins; not counted in rq->nr yet. */
	void (*place)(struct task *t);
	/* @t, on no list, leaves; it is counted still. */
	void (*leave)(struct task *t);
	/* @t, on no run queue, will belong to @to instead of t->rq. May be NULL. */
	void (*move)(struct task *t, struct rq *to);
	/* Who is next of those that wait, or NULL. */
	struct task *(*pick)(const struct rq *rq);
	/* @t runs from rq->since on: its slice / the same at once, in the CPU's phase. */
	void (*run)(struct task *t);
	void (*run_in_phase)(struct task *t);
	/* See rq_renew(), rq_goes_on(), rq_check_preempt(). */
	void (*renew)(struct task *t);
	bool (*goes_on)(struct task *t);
	bool (*check_preempt)(struct task *t);
	/* The number of tasks has changed: when does the running one's slice end? May be NULL. */
	void (*set_slice_end)(struct rq *rq);
};

extern const struct sched_policy sched_eevdf, sched_cfs;

/* CPU time as virtual time of @t, and back. */
static inline s64 virtual_time(const struct task *t, u64 ps)
{
	if (likely(t->weight == NICE_0_WEIGHT))
		return (s64)ps;
	return (s64)((u128)ps * NICE_0_WEIGHT / t->weight);
}

static inline u64 cpu_time(const struct task *t, s64 v)
{
	if (likely(t->weight == NICE_0_WEIGHT))
		return (u64)v;
	return (u64)((s128)v * t->weight / NICE_0_WEIGHT);
}

/* Bring the virtual time of the running task up to the present instant. */
void rq_update(struct rq *rq);

/* @t joins its run queue where the policy places it, with a new slice. */
void rq_join(struct task *t);

/* @t, which is not on the list, leaves its run queue; it keeps what the policy lets it keep. */
void rq_leave(struct task *t);

/* @t, which is on no run queue, is now of @to. */
void rq_move(struct task *t, struct rq *to);

/* @t, which has joined, waits for the CPU / does so no more. */
void rq_enqueue(struct task *t);
void rq_dequeue(struct task *t);

/* Somebody waits to take the CPU down, like a task of stop_sched_class. */
static inline bool rq_stop_waits(const struct rq *rq)
{
	return rq->stop && rq->stop->rq == rq && rq->stop->sched_state == TASK_QUEUED;
}

/* The task that should run next among those that wait, NULL if none does. */
static inline struct task *rq_pick(const struct rq *rq)
{
	if (unlikely(rq_stop_waits(rq)))
		return rq->stop;
	return rq->kern->sched->pick(rq);
}

/* Among those that wait, the first that may run elsewhere, or NULL. */
struct task *rq_first_free(const struct rq *rq);

/* Among those that wait, the first whose reach holds @cpu, or NULL. */
struct task *rq_first_within(const struct rq *rq, u32 cpu);

/* @t, which has joined, gets the CPU in @latency: what is left of its slice begins then. */
void rq_run(struct task *t, u64 latency);

/* The same for a new task on an idle CPU, whose slices go on in the CPU's own phase. */
void rq_run_in_phase(struct task *t);

/* The running task gives up the CPU but stays runnable: a slice that is used up is renewed. */
static inline void rq_renew(struct task *t)
{
	t->kern->sched->renew(t);
}

/*
 * The slice of the running task @t is over: true if it would be picked once more before
 * the next one, so that it begins another slice. Under EEVDF equal weights take turns.
 */
bool rq_goes_on(struct task *t);

/*
 * @t has just been queued behind the running task: the instant from which that one
 * should be switched is set anew. It is the end of its slice, or now: under EEVDF the
 * slice protects it (run to parity) unless it has had more than its share and @t is
 * next; under CFS it gives way if it is ahead of @t by more than the wake-up
 * granularity. True if the instant is new to the running task.
 */
bool rq_check_preempt(struct task *t);

#endif
