/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Life of tasks and of the simulated kernel; deferred statistics and interaction
 * points. Scheduling proper is in sched.c. Facts: DESIGN.md 3, method.md A2, A3.
 */
#include "sim/kern/task.h"

#include <stdlib.h>
#include <string.h>

#include "sim/core/mem.h"
#include "sim/kern/ipi.h"
#include "sim/kern/lockdep.h"
#include "sim/kern/mutex.h"
#include "sim/kern/percpu_counter.h"
#include "sim/kern/rcu.h"
#include "sim/kern/rq.h"
#include "sim/kern/sched.h"
#include "sim/kern/spinlock.h"
#include "sim/kern/workqueue.h"

static void commit_marks(struct task *t)
{
	struct exec *x = &t->x;

	for (u32 i = 0; i < x->nr_marks; i++) {
		struct op_stat *op = x->marks[i].what;

		hist_add(&op->hist, x->marks[i].end - x->marks[i].start);
	}
	x->nr_marks = 0;
}

static void commit_deferred(struct task *t)
{
	for (u32 i = 0; i < t->nr_deferred; i++) {
		struct deferred *d = &t->deferred[i];

		if (d->kind == DEFER_COUNT)
			*d->counter += (u64)d->n;
		else if (d->kind == DEFER_OWNER)
			ledger_own(&t->kern->ledger, d->owner, d->cat, d->n, d->objects,
				   t->kern->sim->now);
		else
			ledger_commit(&t->kern->ledger, d->cat, d->n, d->objects,
				      t->kern->sim->now);
	}
	t->nr_deferred = 0;
}

/* Take over what the thread may know of the world until its next interaction. */
void task_snapshot(struct task *t)
{
	struct exec *x = &t->x;
	struct hw *hw = x->hw;

	x->synced_at = x->proc.clock;
	x->irq_since = 0;
	exec_read_touches(x);
	x->age_stamps = hw->age_stamps;
	x->active_cpus = hw->active_cpus;
	x->smt = *x->cpu->beside ? hw->smt_factor : 1000;
	t->resched_at = t->rq->resched_at;
	t->rcu_need = t->rq->rcu_need;
}

void task_sync(struct task *t)
{
	struct exec *x = &t->x;

	exec_sync(x);
	exec_commit_touches(x);
	if (t->nr_deferred)
		commit_deferred(t);
	if (x->nr_marks)
		commit_marks(t);
	task_snapshot(t);
	if (t->voluntary && !task_atomic(t)) {
		t->voluntary = false;
		if (unlikely(t->rcu_need))
			rcu_note_voluntary(t);
		if (unlikely(x->proc.clock >= t->resched_at))
			sched_check_slice(t);
	}
}

void task_defer_full(struct task *t)
{
	exec_sync(&t->x);
	commit_deferred(t);
}

void task_op_begin(struct task *t, u64 *start)
{
	struct exec *x = &t->x;

	*start = x->proc.clock;
	if (x->nr_starts < EXEC_STARTS)
		x->starts[x->nr_starts] = start;
	x->nr_starts++;
}

void task_op(struct task *t, struct op_stat *op, u64 *start)
{
	struct exec *x = &t->x;

	x->nr_starts--;
	if (!op)
		return;
	if (x->nr_marks == EXEC_MARKS) {
		exec_sync(x);
		commit_marks(t);
	}
	x->marks[x->nr_marks++] = (struct exec_mark){ op, *start, x->proc.clock };
}

static void task_main(struct proc *p)
{
	struct task *t = container_of(p, struct task, x.proc);

	sched_resumed(t);
	t->body(t, t->arg);
	sched_exit(t);
}

struct task *task_new(struct kern *k, const char *comm, u32 index, u32 cpu,
		      void (*body)(struct task *t, void *arg), void *arg)
{
	struct task *t;

	if (k->nr_tasks == k->max_tasks) {
		u32 max = k->max_tasks ? 2 * k->max_tasks : 256;
		struct task **tasks = realloc(k->tasks, max * sizeof(*tasks));

		if (!tasks)
			return NULL;
		k->tasks = tasks;
		k->max_tasks = max;
	}
	t = zalloc_lines(sizeof(*t));
	if (!t)
		return NULL;
	if (proc_init(k->sim, &t->x.proc, task_main, comm, index)) {
		free(t);
		return NULL;
	}
	t->kern = k;
	t->comm = comm;
	t->body = body;
	t->arg = arg;
	t->x.hw = k->hw;
	t->x.cpu = &k->hw->cpus[cpu];
	t->rq = &k->rq[cpu];
	t->recent_cpu = (u16)cpu;
	t->resched_at = TIME_MAX;
	t->weight = NICE_0_WEIGHT;
	t->x.frame = &k->hw->profile.root;
	t->x.smt = 1000;
	t->x.log = t->log;
	t->x.tail = t->log;
	t->x.log_end = t->log + EXEC_LOG;
	list_init(&t->rq_node);
	list_init(&t->pick_node);
	list_init(&t->wait_node);
	list_init(&t->rcu_node);
	for (u32 i = 0; i < ARRAY_SIZE(t->rng); i++)
		rng_seed(&t->rng[i], k->seed, k->replication, comm, index, (enum rng_purpose)i);
	k->tasks[k->nr_tasks++] = t;
	return t;
}

struct kern *kern_new(struct hw *hw, enum virt_mode virt, u64 seed, u32 replication)
{
	struct kern *k = calloc(1, sizeof(*k));

	if (!k)
		return NULL;
	k->sim = hw->sim;
	k->hw = hw;
	k->virt = virt;
	k->seed = seed;
	k->replication = replication;
	list_init(&k->cpuhp.steps);
	list_init(&k->cpuhp.waiters);
	list_init(&k->percpu_counters);
	ledger_init(&k->ledger);
	lock_stats_init(&k->lock_stats);
	rng_seed(&k->arbitration, seed, replication, "kern", 0, RNG_ARBITRATION);
	k->rq = calloc(hw->nr_cpus, sizeof(*k->rq));
	if (!k->rq)
		goto fail;
#ifdef MMSIM_DEBUG
	k->lockdep = lockdep_new();
	if (!k->lockdep)
		goto fail;
#endif
	k->tick = PS_PER_SEC / max_u64(hw->c[MK_HZ], 1);
	/* the end of a slice is seen at the next tick (machine.md 5.1) */
	k->slice = roundup_u64(max_u64(hw->c[MK_BASE_SLICE], 1), k->tick);
	k->sched = &sched_eevdf;
	sched_init(k);
	k->sim->layer[LAYER_KERN] = k;
	if (workqueue_init(k) || ipi_init(k) || rcu_init(k))
		goto fail;
	percpu_counter_setup(k);
	return k;
fail:
	kern_free(k);
	return NULL;
}

void kern_set_sched(struct kern *k, const struct sched_policy *sched)
{
	k->sched = sched;
	if (sched->setup)
		sched->setup(k);
	sched_init(k);
}

void kern_free(struct kern *k)
{
	if (!k)
		return;
	for (u32 i = 0; i < k->nr_tasks; i++)
		free(k->tasks[i]);
	workqueue_destroy(k);
	ipi_destroy(k);
	rcu_destroy(k);
	mutex_free_all(k);
	lock_stats_destroy(&k->lock_stats);
#ifdef MMSIM_DEBUG
	lockdep_free(k->lockdep);
#endif
	free(k->tasks);
	free(k->rq);
	free(k);
}

void kern_begin(struct kern *k, u64 now)
{
	for (struct spinlock *l = k->locks; l; l = l->all_next)
		spin_lock_fold(l, now);
	lock_stats_begin(&k->lock_stats);
	ledger_begin(&k->ledger, now);
	hw_begin(k->hw, now);
}

void kern_end(struct kern *k, u64 now)
{
	for (struct spinlock *l = k->locks; l; l = l->all_next)
		spin_lock_fold_end(l, now);
	hw_end(k->hw, now);
}
