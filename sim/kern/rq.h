/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Order on one run queue, EEVDF in its simple form (reference machine.md 5.2): all
 * slices are equal. A task's virtual time is the CPU time it has had, times NICE_0_WEIGHT
 * by its weight; only kworkers of high priority have another weight than that.
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

/* Bring the virtual time of the running task up to the present instant. */
void rq_update(struct rq *rq);

/* @t joins its run queue at the mean virtual time less its lag, with a new slice. */
void rq_join(struct task *t);

/* @t, which is not on the list, leaves its run queue; it keeps its lag. */
void rq_leave(struct task *t);

/* @t, which has joined, waits for the CPU / does so no more. */
void rq_enqueue(struct task *t);
void rq_dequeue(struct task *t);

/* The task that should run next among those that wait, NULL if none does. */
struct task *rq_pick(const struct rq *rq);

/* Among those that wait, the first that may run elsewhere, or NULL. */
struct task *rq_first_free(const struct rq *rq);

/* Among those that wait, the first whose reach holds @cpu, or NULL. */
struct task *rq_first_within(const struct rq *rq, u32 cpu);

/* @t, which has joined, gets the CPU in @latency: what is left of its slice begins then. */
void rq_run(struct task *t, u64 latency);

/* The same for a new task on an idle CPU, whose slices go on in the CPU's own phase. */
void rq_run_in_phase(struct task *t);

/* The running task gives up the CPU but stays runnable: a slice that is used up is renewed. */
void rq_renew(struct task *t);

/*
 * The slice of the running task @t is over: true if it weighs more than the next one and
 * would be picked before it, so that it begins another slice. Equal weights take turns.
 */
bool rq_goes_on(struct task *t);

/*
 * @t has just been queued behind the running task: the instant from which that one
 * should be switched is set anew. It is the end of its slice, which protects it (run
 * to parity), or now, if it has had more than its share and @t is next. True if the
 * instant is new to the running task.
 */
bool rq_check_preempt(struct task *t);

#endif
