/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Kworkers and concurrency management (reference machine.md 2.13; the kernel's workqueue
 * document). A worker that takes the last idle one's place creates another before it
 * begins to work; that costs the machine's worker_create on its own CPU, where in the
 * kernel kthreadd does part of it and the worker sleeps. An item that has used the CPU for
 * wq_cpu_intensive_thresh_us without a sleep counts no longer, from the next tick on. A
 * worker of an unbound pool is woken within the scope and may be moved out of it later,
 * unless the scope is strict.
 *
 * The pools of an offline CPU are disassociated: their workers run anywhere, and as many at
 * a time as the pool has; a worker that falls idle is bound again once the CPU is back.
 *
 * Left out: idle workers that end after 5 minutes, rescuers, the mayday timer.
 */
#include <errno.h>
#include <stdlib.h>

#include "sim/kern/rq.h"
#include "sim/kern/sched.h"
#include "sim/kern/wq_priv.h"

static struct work *pool_pick(struct worker_pool *pool)
{
	struct list_head *pos;

	list_for_each (pos, &pool->works) {
		struct work *w = list_entry(pos, struct work, node);

		if (!w->running)
			return w;
	}
	return NULL;
}

/* @t sleeps; it has one CPU, unless that is offline. */
static void pool_rebind(struct worker_pool *pool, struct task *t)
{
	if (t->bound || t->x.hw->cpus[pool->cpu].offline)
		return;
	t->bound = true;
	balance_move(t, pool->cpu);
}

/* Where the worker starts: inside the scope, as near to where it was as that allows. */
static void pool_place(struct worker_pool *pool, struct task *t)
{
	const struct hw *hw = t->x.hw;

	if (!(pool->flags & WQ_UNBOUND) || (pool->flags & WQ_STRICT && !pool->reach)) {
		pool_rebind(pool, t);
		return;
	}
	if (hw_dist(hw, pool->cpu, task_cpu(t)) <= pool->reach)
		return;
	for (u32 i = 0; i < hw->nr_cpus; i++) {
		pool->next_cpu = (pool->next_cpu + 1) % hw->nr_cpus;
		if (hw_dist(hw, pool->cpu, pool->next_cpu) <= pool->reach &&
		    !hw->cpus[pool->next_cpu].offline) {
			balance_move(t, pool->next_cpu);
			return;
		}
	}
}

void pool_kick(struct task *waker, struct worker_pool *pool)
{
	struct task *t;

	if (pool->nr_running)
		return;
	if (list_empty(&pool->idle)) {
		/* without its CPU a pool makes do with the workers it has */
		if (pool->kern->hw->cpus[pool->cpu].offline)
			return;
		if (pool->nr_busy == pool->nr_workers && pool_pick(pool))
			sim_fail(pool->kern->sim,
				 "the kworker pool of CPU %llu is exhausted: its %llu workers are "
				 "all in "
				 "a work item, and the run has made no more (workqueue_reserve)",
				 pool->cpu, pool->nr_workers);
		return;
	}
	if (!pool_pick(pool))
		return;
	t = list_first_entry(&pool->idle, struct task, wait_node);
	list_del(&t->wait_node);
	pool_place(pool, t);
	task_wake(waker, t);
}

static void worker_set_flags(struct worker *worker, u32 flags)
{
	if (!worker->flags)
		worker->pool->nr_running--;
	worker->flags |= flags;
}

static void worker_clr_flags(struct worker *worker, u32 flags)
{
	if (worker->flags && !(worker->flags & ~flags))
		worker->pool->nr_running++;
	worker->flags &= ~flags;
}

static u64 tick_ps(const struct kern *k)
{
	return PS_PER_SEC / max_u64(k->hw->c[MK_HZ], 1);
}

/* Look at the first tick at which @worker may have run for so much longer. */
static void worker_watch(struct worker *worker, u64 ps)
{
	struct kern *k = worker->pool->kern;

	if (worker->tick.armed || worker->flags || !k->wq_cpu_intensive_thresh)
		return;
	sim_timer_set(&worker->tick, roundup_u64(k->sim->now + max_u64(ps, 1), tick_ps(k)));
}

static void wq_worker_tick(struct sim_timer *tick)
{
	struct worker *worker = container_of(tick, struct worker, tick);
	struct task *t = worker->task;
	u64 thresh = t->kern->wq_cpu_intensive_thresh, ran;

	/* one that sleeps is watched again when it wakes up */
	if (!worker->current_work || worker->flags || t->sched_state == TASK_SLEEPING)
		return;
	rq_update(t->rq);
	ran = t->sum_exec_runtime - worker->current_at;
	if (ran < thresh) {
		worker_watch(worker, thresh - ran);
		return;
	}
	worker_set_flags(worker, WORKER_CPU_INTENSIVE);
	pool_kick(NULL, worker->pool);
}

static void run_work(struct task *t, struct worker *worker, struct work *w)
{
	struct worker_pool *pool = worker->pool;
	struct wq_pwq *pwq = w->pwq;
	u64 seq = w->seq;

	list_del(&w->node);
	w->pending = false;
	w->running = true;
	w->run_seq = seq;
	worker->current_work = w;
	worker->current_pwq = pwq;
	pool->nr_busy++;
	rq_update(t->rq);
	worker->current_at = t->sum_exec_runtime;
	if (pwq->wq->flags & WQ_CPU_INTENSIVE)
		worker_set_flags(worker, WORKER_CPU_INTENSIVE);
	pool_kick(t, pool); /* others, if this worker does not count as running */
	worker_watch(worker, t->kern->wq_cpu_intensive_thresh);
	task_sync(t); /* the wake-up took time, and the line is open state */
	line_store(&t->x, &w->line);
	w->fn(t, w);
	task_sync(t);
	w->running = false;
	worker->current_work = NULL;
	worker->current_pwq = NULL;
	pool->nr_busy--;
	worker_clr_flags(worker, WORKER_CPU_INTENSIVE);
	pwq->active->nr--;
	wq_instance_done(pwq, w, seq);
	if (w->pending && !list_empty(&w->node) && !w->inactive && w->pwq->pool != pool)
		pool_kick(NULL, w->pwq->pool); /* has waited there for the end of this one */
}

/* maybe_create_worker(): true if the state of the pool may have changed meanwhile. */
static bool manage_workers(struct task *t, struct worker_pool *pool)
{
	struct task *fresh;

	if (pool->managing || !list_empty(&pool->idle) || list_empty(&pool->spare))
		return false;
	FRAME(t, "create_worker");
	pool->managing = true;
	work(t, cost(t, MK_WORKER_CREATE));
	task_sync(t);
	pool->managing = false;
	fresh = list_first_entry(&pool->spare, struct task, wait_node);
	list_del(&fresh->wait_node);
	list_add(&fresh->wait_node, &pool->idle);
	return true;
}

static void worker_main(struct task *t, void *arg)
{
	struct worker *worker = arg;
	struct worker_pool *pool = worker->pool;

	for (;;) {
		struct work *w;

		task_sync(t);
		w = pool->nr_running > 1 ? NULL : pool_pick(pool);
		if (w && manage_workers(t, pool))
			continue;
		if (w) {
			run_work(t, worker, w);
			cond_resched(t);
			continue;
		}
		list_add(&t->wait_node, &pool->idle);
		task_block(t);
	}
}

int pool_add_worker(struct worker_pool *pool, const char *comm, u32 index, bool spare)
{
	struct worker *worker = calloc(1, sizeof(*worker));
	struct task *t;

	if (!worker)
		return -ENOMEM;
	t = task_new(pool->kern, comm, index, pool->cpu, worker_main, worker);
	if (!t || sim_timer_init(pool->kern->sim, &worker->tick, EV_TIMER, wq_worker_tick)) {
		free(worker);
		return -ENOMEM;
	}
	worker->task = t;
	worker->pool = pool;
	worker->flags = pool->flags & WQ_UNBOUND ? WORKER_UNBOUND : 0;
	worker->next = pool->workers;
	pool->workers = worker;
	pool->nr_workers++;
	t->x.proc.daemon = true;
	t->pool = pool;
	t->owner = worker;
	if (pool->flags & WQ_HIGHPRI)
		t->weight = sched_weight(HIGHPRI_NICE_LEVEL);
	if (!(pool->flags & WQ_UNBOUND) || pool->flags & WQ_STRICT)
		task_bind(t);
	if (pool->flags & WQ_STRICT) {
		t->reach = pool->reach;
		t->home_cpu = (u16)pool->cpu;
	}
	list_add_tail(&t->wait_node, spare ? &pool->spare : &pool->idle);
	return 0;
}

void worker_sleeps(struct task *t)
{
	struct worker *worker = t->owner;

	if (worker->flags)
		return;
	worker->pool->nr_running--;
	pool_kick(NULL, worker->pool);
}

void worker_wakes(struct task *t)
{
	struct worker *worker = t->owner;

	worker->current_at = t->sum_exec_runtime;
	if (!worker->flags)
		worker->pool->nr_running++;
	if (worker->current_work)
		worker_watch(worker, t->kern->wq_cpu_intensive_thresh);
}

static bool worker_counts(const struct worker *worker)
{
	u8 state = worker->task->sched_state;

	return !worker->flags && (state == TASK_ON_CPU || state == TASK_QUEUED);
}

static void unbind_workers(struct worker_pool *pool)
{
	struct list_head *pos;
	u32 nr = 0;

	for (struct worker *worker = pool->workers; worker; worker = worker->next) {
		if (worker_counts(worker))
			pool->nr_running--;
		worker->flags |= WORKER_UNBOUND;
	}
	/* nobody is kept back any more: a worker for each item, if there are so many */
	list_for_each (pos, &pool->works)
		nr++;
	while (nr--)
		pool_kick(NULL, pool);
}

static void rebind_workers(struct worker_pool *pool)
{
	for (struct worker *worker = pool->workers; worker; worker = worker->next) {
		worker->flags &= ~(u32)WORKER_UNBOUND;
		if (worker_counts(worker))
			pool->nr_running++;
	}
}

void workqueue_offline_cpu(struct kern *k, u32 cpu)
{
	for (struct pool_set *set = k->wq->sets; set; set = set->next)
		if (!(set->flags & WQ_UNBOUND))
			unbind_workers(&set->pools[set->of_cpu[cpu]]);
}

void workqueue_online_cpu(struct kern *k, u32 cpu)
{
	for (struct pool_set *set = k->wq->sets; set; set = set->next)
		if (!(set->flags & WQ_UNBOUND))
			rebind_workers(&set->pools[set->of_cpu[cpu]]);
}
