/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What random use of work queues must keep, for many seeds and in both engines, which must
 * agree on every execution: no item is lost or runs twice at a time, one item at most begins
 * in a bound pool while another one is awake, max_active, flush waits for what was queued
 * before, delayed items never begin early.
 */
#include <stdlib.h>

#include "sim/kern/workqueue.h"
#include "tests/core/check_main.h"
#include "tests/kern/exact.h"

#define SEEDS 60
#define NR_WQS 4
#define PER_WQ 5
#define NR_ITEMS (NR_WQS * PER_WQ)
#define NR_TASKS 4
#define OPS 60
#define LIMIT 2 /* max_active of the last work queue */

struct item {
	struct delayed_work dw;
	struct rworld *x;
	u32 wq;
	u64 queued, done, cancelled;
	bool in;
};

struct rworld {
	struct exact e;
	u32 seed;
	struct workqueue *wq[NR_WQS];
	struct item item[NR_ITEMS], timed[NR_TASKS];
	u64 due[NR_TASKS];
	u32 awake[2][8]; /* items of the bound pools, by priority and CPU */
	u32 nr_active; /* of the limited work queue */
	u64 hash; /* of all executions */
};

#define HOLDS(x, cond) ck_assert_msg(cond, "seed %u: " #cond, (x)->seed)

static void note(struct task *t, struct item *i)
{
	i->x->hash = (i->x->hash ^ task_clock(t) ^ (u64)(i - i->x->item)) * 0x9e3779b97f4a7c15ULL;
}

static void item_run(struct task *t, struct work *w)
{
	struct item *i = container_of(w, struct item, dw.work);
	struct rworld *x = i->x;
	struct rng *r = &t->rng[RNG_MECHANISM];
	u32 *awake = i->wq < 2 ? &x->awake[i->wq][task_cpu(t)] : NULL;

	task_sync(t);
	HOLDS(x, !i->in);
	HOLDS(x, !awake || !*awake);
	i->in = true;
	note(t, i);
	if (awake)
		++*awake;
	x->nr_active += i->wq == NR_WQS - 1;
	HOLDS(x, x->nr_active <= LIMIT);
	work_ns(t, rng_below(r, 20000));
	task_sync(t);
	if (rng_below(r, 3) == 0) {
		if (awake)
			--*awake;
		task_sleep(t, (1 + rng_below(r, 50000)) * PS_PER_NS);
		if (awake)
			++*awake;
		work_ns(t, rng_below(r, 5000));
		task_sync(t);
	}
	if (awake)
		--*awake;
	x->nr_active -= i->wq == NR_WQS - 1;
	i->in = false;
	i->done++;
}

static void timed_run(struct task *t, struct work *w)
{
	struct item *i = container_of(w, struct item, dw.work);

	task_sync(t);
	HOLDS(i->x, task_clock(t) >= i->x->due[i - i->x->timed]);
	i->done++;
}

static void flush_all(struct task *t, struct rworld *x, u32 wq)
{
	u64 before[PER_WQ];

	task_sync(t);
	for (u32 j = 0; j < PER_WQ; j++)
		before[j] = x->item[wq * PER_WQ + j].queued;
	flush_workqueue(t, x->wq[wq]);
	for (u32 j = 0; j < PER_WQ; j++) {
		struct item *i = &x->item[wq * PER_WQ + j];

		HOLDS(x, i->done + i->cancelled >= before[j]);
	}
}

static void flush_one(struct task *t, struct item *i)
{
	u64 before;

	task_sync(t);
	before = i->queued;
	flush_work(t, &i->dw.work);
	HOLDS(i->x, i->done + i->cancelled >= before);
}

/* The timed item of a task is its own, and it is queued when the one before has ended. */
static void use_timer(struct task *t, struct rworld *x, u32 me)
{
	u64 delay = rng_below(&t->rng[RNG_WORKLOAD], 20000000) * PS_PER_NS;

	flush_delayed_work(t, &x->timed[me].dw);
	x->due[me] = task_clock(t) + delay;
	HOLDS(x, queue_delayed_work(t, x->wq[me], &x->timed[me].dw, delay));
	x->timed[me].queued++;
	task_sleep(t, rng_below(&t->rng[RNG_WORKLOAD], 30000000) * PS_PER_NS);
	if (cancel_delayed_work_sync(t, &x->timed[me].dw))
		x->timed[me].cancelled++;
}

static void user(struct task *t, void *arg)
{
	struct rworld *x = arg;
	struct rng *r = &t->rng[RNG_WORKLOAD];
	u32 me = 0;

	while (x->e.task[me] != t)
		me++;
	for (u32 n = 0; n < OPS; n++) {
		struct item *i = &x->item[rng_below(r, NR_ITEMS)];

		switch (rng_below(r, 12)) {
		case 0:
			flush_all(t, x, (u32)rng_below(r, NR_WQS));
			break;
		case 1:
			flush_one(t, i);
			break;
		case 2:
			i->cancelled += cancel_work_sync(t, &i->dw.work);
			break;
		case 3:
			use_timer(t, x, me);
			break;
		default:
			i->queued += queue_work_on_wq(t, (u32)rng_below(r, 8), x->wq[i->wq],
						      &i->dw.work);
			work_ns(t, rng_below(r, 3000));
		}
	}
	for (u32 wq = 0; wq < NR_WQS; wq++)
		flush_all(t, x, wq);
}

static u64 run_seed(u32 seed, enum sim_engine engine)
{
	struct rworld *x = calloc(1, sizeof(*x));
	u64 hash;

	ck_assert_ptr_nonnull(x);
	exact_init(&x->e, seed & 1 ? "ideal-8" : "flat-8", engine);
	x->e.k->seed = seed;
	x->seed = seed;
	x->wq[0] = system_workqueue(x->e.k, SYSTEM_WQ);
	x->wq[1] = system_workqueue(x->e.k, SYSTEM_HIGHPRI_WQ);
	x->wq[2] = system_workqueue(x->e.k, SYSTEM_UNBOUND_WQ);
	x->wq[3] = alloc_workqueue(x->e.k, "limited", WQ_UNBOUND, WQ_AFFN_SYSTEM, LIMIT);
	for (u32 i = 0; i < NR_WQS; i++)
		ck_assert_int_eq(workqueue_reserve(x->wq[i], 16), 0);
	for (u32 i = 0; i < NR_ITEMS; i++) {
		x->item[i].x = x;
		x->item[i].wq = i / PER_WQ;
		delayed_work_init(&x->item[i].dw, item_run);
	}
	for (u32 i = 0; i < NR_TASKS; i++) {
		x->timed[i].x = x;
		delayed_work_init(&x->timed[i].dw, timed_run);
		exact_task(&x->e, i, i, user);
	}
	exact_run(&x->e);
	for (u32 i = 0; i < NR_ITEMS; i++)
		HOLDS(x, x->item[i].queued == x->item[i].done + x->item[i].cancelled);
	for (u32 i = 0; i < NR_TASKS; i++)
		HOLDS(x, x->timed[i].queued == x->timed[i].done + x->timed[i].cancelled);
	hash = x->hash;
	exact_free(&x->e);
	free(x);
	return hash;
}

START_TEST(random_use)
{
	for (u32 seed = 1; seed <= SEEDS; seed++) {
		u64 normal = run_seed(seed, SIM_NORMAL), reference = run_seed(seed, SIM_REFERENCE);

		ck_assert_msg(normal == reference, "seed %u: the engines differ", seed);
	}
}
END_TEST

CHECK_MAIN("workqueue_random", random_use)
