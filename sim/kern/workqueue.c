/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bound work queues with concurrency management (reference machine.md 2.13). Two
 * workers a CPU suffice while work items sleep at most one deep; more are not
 * created. Left out: unbound and high-priority pools, delayed work.
 */
#include "sim/kern/workqueue.h"

#include <errno.h>
#include <stdlib.h>

#include "sim/kern/sched.h"

#define WORKERS_PER_CPU 2

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

static void pool_kick(struct task *waker, struct worker_pool *pool)
{
	struct task *worker;

	if (pool->nr_running || list_empty(&pool->idle) || !pool_pick(pool))
		return;
	worker = list_first_entry(&pool->idle, struct task, wait_node);
	list_del(&worker->wait_node);
	task_wake(waker, worker);
}

static void run_work(struct task *t, struct work *w)
{
	list_del(&w->node);
	w->pending = false;
	w->running = true;
	line_store(&t->x, &w->line);
	w->fn(t, w);
	task_sync(t);
	w->running = false;
	while (!w->pending && !list_empty(&w->flushers)) {
		struct task *f = list_first_entry(&w->flushers, struct task, wait_node);

		list_del(&f->wait_node);
		task_wake(NULL, f);
	}
}

static void worker_main(struct task *t, void *arg)
{
	struct worker_pool *pool = arg;

	for (;;) {
		struct work *w;

		task_sync(t);
		w = pool->nr_running > 1 ? NULL : pool_pick(pool);
		if (w) {
			run_work(t, w);
			cond_resched(t);
			continue;
		}
		list_add(&t->wait_node, &pool->idle);
		task_block(t);
	}
}

int workqueue_init(struct kern *k)
{
	u32 nr = k->hw->nr_cpus;

	k->pools = calloc(nr, sizeof(*k->pools));
	if (!k->pools)
		return -ENOMEM;
	for (u32 i = 0; i < nr; i++) {
		struct worker_pool *pool = &k->pools[i];

		pool->kern = k;
		pool->cpu = i;
		list_init(&pool->works);
		list_init(&pool->idle);
		for (u32 j = 0; j < WORKERS_PER_CPU; j++) {
			struct task *t = task_new(k, "kworker", i * WORKERS_PER_CPU + j, i,
						  worker_main, pool);

			if (!t)
				return -ENOMEM;
			t->x.proc.daemon = true;
			t->pool = pool;
			task_bind(t);
			list_add_tail(&t->wait_node, &pool->idle);
		}
	}
	return 0;
}

void workqueue_destroy(struct kern *k)
{
	free(k->pools);
}

void worker_sleeps(struct task *t)
{
	struct worker_pool *pool = t->pool;

	pool->nr_running--;
	pool_kick(NULL, pool);
}

void worker_wakes(struct task *t)
{
	t->pool->nr_running++;
}

void work_init(struct work *w, void (*fn)(struct task *worker, struct work *w))
{
	list_init(&w->node);
	list_init(&w->flushers);
	w->fn = fn;
	w->line = (struct line){ .busy_until = 0 };
	gline_init(&w->line.g, 0);
	w->pending = false;
	w->running = false;
}

/* At an interaction point. The bit is set in the order in which the attempts arrive. */
static bool queue_on(struct task *t, u32 cpu, struct work *w)
{
	bool was_pending = w->pending;

	/* test_and_set_bit() with interrupts off, whether the bit is set or not */
	w->pending = true;
	line_rmw(&t->x, &w->line);
	work(t, cost(t, MK_IRQ_SAVE_RESTORE));
	if (was_pending)
		return false;
	task_sync(t);
	if (!w->running)
		w->pool = &t->kern->pools[cpu];
	list_add_tail(&w->node, &w->pool->works);
	pool_kick(t, w->pool);
	work(t, cost(t, MK_QUEUE_WORK));
	return true;
}

bool queue_work_on(struct task *t, u32 cpu, struct work *w)
{
	task_sync(t);
	return queue_on(t, cpu, w);
}

bool queue_work(struct task *t, struct work *w)
{
	task_sync(t);
	return queue_on(t, task_cpu(t), w);
}

void flush_work(struct task *t, struct work *w)
{
	task_sync(t);
	while (w->pending || w->running) {
		list_add_tail(&t->wait_node, &w->flushers);
		task_block(t);
		task_sync(t);
	}
}
