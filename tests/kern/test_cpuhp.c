/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CPU hotplug: when a CPU is left, where its tasks go, and what random use must keep, for
 * many seeds and in both engines, which must agree on every step: nobody runs on an
 * offline CPU, nobody is lost, pages, counts and callbacks are conserved, CPU time is exact.
 */
#include <errno.h>
#include <stdlib.h>

#include "sim/kern/cpuhp.h"
#include "sim/kern/percpu_counter.h"
#include "sim/kern/rcu_priv.h"
#include "sim/kern/rq.h"
#include "sim/kern/workqueue.h"
#include "sim/mm/slab_priv.h"
#include "sim/mm/zone.h"
#include "tests/core/check_main.h"
#include "tests/kern/exact.h"

#define SEEDS 40
#define NR_TASKS 12
#define OPS 60
#define NR_CHANGES 40

/* ---- exact instants ------------------------------------------------------------------- */

static void at_5ms(struct task *t, void *arg)
{
	struct exact *e = arg;

	task_sleep(t, 5000000 * PS_PER_NS);
	ck_assert_int_eq(cpu_offline(t, 3), 0);
	exact_note(t, e, 14);
	ck_assert_int_eq(cpu_offline(t, 3), -EINVAL);
	ck_assert_int_eq(cpu_offline(t, 99), -EINVAL);
	ck_assert_int_eq(cpu_online(t, 2), -EINVAL);
	task_sleep(t, 20000000 * PS_PER_NS);
	ck_assert_int_eq(cpu_online(t, 3), 0);
	exact_note(t, e, 15);
}

static void hog_user(struct task *t, void *arg)
{
	user_work(t, 20000000 * PS_PER_NS);
	exact_note(t, arg, t->x.proc.index);
}

static void hog_kernel(struct task *t, void *arg)
{
	work_ns(t, 8000000);
	cond_resched(t);
	task_sync(t);
	work_ns(t, 12000000);
	exact_note(t, arg, t->x.proc.index);
}

static void at_26ms(struct task *t, void *arg)
{
	task_sleep(t, 26000000 * PS_PER_NS);
	work_ns(t, 100);
	exact_note(t, arg, t->x.proc.index);
}

/* Work in user mode is left at once, in the kernel at the next reschedule point. */
static void leaves(int engine, void (*body)(struct task *t, void *arg), u64 left)
{
	struct exact e;

	exact_init(&e, "ideal-8", engine ? SIM_REFERENCE : SIM_NORMAL);
	exact_task(&e, 0, 3, body);
	exact_free_task(&e, 1, 0, at_5ms);
	exact_run(&e);
	ck_assert_uint_eq(e.at[14], left);
	ck_assert_uint_ne(e.cpu[14], 3);
	ck_assert_uint_eq(e.at[0], 20000000);
	ck_assert_uint_ne(e.cpu[0], 3);
	ck_assert_uint_eq(e.at[15], left + 20000000);
	ck_assert_uint_eq(exact_bucket(&e, 3, CPU_WORK), left);
	ck_assert_uint_eq(exact_bucket(&e, 3, CPU_IDLE), 20000000);
	exact_free(&e);
}

START_TEST(leaves_user)
{
	leaves(_i, hog_user, 5000000);
}
END_TEST

START_TEST(leaves_kernel)
{
	leaves(_i, hog_kernel, 8000000);
}
END_TEST

/* A sleeper bound to the CPU wakes up elsewhere; one that is new there starts elsewhere. */
START_TEST(affinity_broken)
{
	struct exact e;

	exact_init(&e, "ideal-2", _i ? SIM_REFERENCE : SIM_NORMAL);
	e.hw->cpus[1].offline = true;
	e.hw->nr_online = 1;
	exact_task(&e, 0, 1, at_26ms);
	exact_task(&e, 1, 0, at_26ms);
	exact_run(&e);
	ck_assert_uint_eq(e.cpu[0], 0);
	ck_assert_uint_eq(e.cpu[1], 0);
	ck_assert_uint_eq(exact_bucket(&e, 1, CPU_IDLE), e.sim->now / PS_PER_NS);
	exact_free(&e);
}
END_TEST

static void last_one(struct task *t, void *arg)
{
	(void)arg;
	ck_assert_int_eq(cpu_offline(t, 0), 0);
	ck_assert_uint_eq(task_cpu(t), 1);
	ck_assert_int_eq(cpu_offline(t, 1), -EBUSY);
	smp_call_all(t, 0);
	ck_assert_int_eq(cpu_online(t, 0), 0);
	ck_assert_int_eq(cpu_offline(t, 1), 0);
	ck_assert_uint_eq(task_cpu(t), 0);
}

START_TEST(last_cpu)
{
	struct exact e;

	exact_init(&e, "ideal-2", _i ? SIM_REFERENCE : SIM_NORMAL);
	exact_free_task(&e, 0, 0, last_one);
	exact_run(&e);
	ck_assert_uint_eq(e.hw->nr_online, 1);
	exact_free(&e);
}
END_TEST

/* Two items of the bound pool of CPU 3, each 10 us: where and when, by item. */
struct wworld {
	struct exact e; /* must be first */
	struct work item[2];
	u32 nr;
};

static void item_note(struct task *t, struct work *item)
{
	struct wworld *w = t->kern->sim->layer[LAYER_RUN];
	u32 i = w->nr++;

	(void)item;
	exact_note(t, &w->e, i);
	work_ns(t, 10000);
	task_sync(t);
}

static void queue_both(struct task *t, void *arg)
{
	struct wworld *w = arg;

	ck_assert_int_eq(cpu_offline(t, 3), 0);
	for (u32 i = 0; i < 2; i++)
		ck_assert(queue_work_on(t, 3, &w->item[i]));
	for (u32 i = 0; i < 2; i++)
		flush_work(t, &w->item[i]);
	ck_assert_int_eq(cpu_online(t, 3), 0);
	for (u32 i = 0; i < 2; i++)
		ck_assert(queue_work_on(t, 3, &w->item[i]));
	for (u32 i = 0; i < 2; i++)
		flush_work(t, &w->item[i]);
}

/* Without its CPU a pool runs both at once and elsewhere; with it one after the other there. */
START_TEST(kworkers)
{
	struct wworld w = { 0 };

	exact_init(&w.e, "ideal-8", _i ? SIM_REFERENCE : SIM_NORMAL);
	w.e.sim->layer[LAYER_RUN] = &w;
	ck_assert_ptr_nonnull(system_workqueue(w.e.k, SYSTEM_WQ));
	for (u32 i = 0; i < 2; i++)
		work_init(&w.item[i], item_note);
	exact_free_task(&w.e, 15, 0, queue_both);
	exact_run(&w.e);
	ck_assert_uint_eq(w.nr, 4);
	ck_assert_uint_eq(w.e.at[1], w.e.at[0]);
	ck_assert_uint_ne(w.e.cpu[0], 3);
	ck_assert_uint_ne(w.e.cpu[1], 3);
	ck_assert_uint_eq(w.e.cpu[2], 3);
	ck_assert_uint_eq(w.e.cpu[3], 3);
	ck_assert_uint_eq(w.e.at[3], w.e.at[2] + 10000);
	exact_free(&w.e);
}
END_TEST

static void slab_and_offline(struct task *t, void *arg)
{
	struct kmem_cache *c = arg;
	u32 cpu = task_cpu(t), obj[2];

	for (u32 i = 0; i < 2; i++)
		obj[i] = kmem_cache_alloc(t, c);
	kmem_cache_free(t, c, obj[0]);
	ck_assert_uint_ne(c->cpu[cpu].slab, SLAB_NIL);
	ck_assert_int_eq(cpu_offline(t, cpu), 0);
	ck_assert_uint_eq(c->cpu[cpu].slab, SLAB_NIL);
	ck_assert_uint_eq(c->cpu[cpu].freelist, SLAB_NIL);
	ck_assert_uint_eq(c->node[0].nr_partial, 1);
	kmem_cache_free(t, c, obj[1]);
}

/* The slab of a CPU that goes offline is its node's again. */
START_TEST(slab_of_dead_cpu)
{
	struct exact e;
	struct mm_state *mm;
	struct kmem_cache *c;
	struct task *t;

	exact_init(&e, "ideal-2", _i ? SIM_REFERENCE : SIM_NORMAL);
	mm = mm_new(e.k, false);
	ck_assert_ptr_nonnull(mm);
	c = kmem_cache_create(e.k, "obj", 1000, 0, NULL, NULL);
	ck_assert_ptr_nonnull(c);
	t = task_new(e.k, "t", 0, 0, slab_and_offline, c);
	task_start(t);
	exact_run(&e);
	kmem_cache_destroy(c);
	mm_free(mm);
	exact_free(&e);
}
END_TEST

/* ---- random use ----------------------------------------------------------------------- */

struct hworld {
	struct exact e; /* must be first */
	u32 seed;
	struct mm_state *mm;
	u32 cat;
	struct kmem_cache *cache;
	struct percpu_counter fbc;
	struct work item[4];
	struct rcu_head head[NR_TASKS];
	bool head_busy[NR_TASKS];
	u64 queued, cbs, invoked;
	u32 nr_done, nr_changes;
	s64 added;
	u64 hash;
};

#define HOLDS(w, cond) ck_assert_msg(cond, "seed %u: " #cond, (w)->seed)

static void note(struct task *t, struct hworld *w, u64 what)
{
	task_sync(t);
	HOLDS(w, !t->x.cpu->offline);
	w->hash = (w->hash ^ task_clock(t) ^ what << 8 ^ task_cpu(t)) * 0x9e3779b97f4a7c15ULL;
}

static void item_run(struct task *t, struct work *item)
{
	struct exact *e = t->kern->sim->layer[LAYER_RUN];
	struct hworld *w = container_of(e, struct hworld, e);

	(void)item;
	note(t, w, 77);
	work_ns(t, 3000);
	task_sleep(t, 5000 * PS_PER_NS);
	note(t, w, 78);
}

static void callback(struct kern *k, struct rcu_head *head)
{
	struct exact *e = k->sim->layer[LAYER_RUN];
	struct hworld *w = container_of(e, struct hworld, e);

	w->invoked++;
	w->head_busy[head - w->head] = false;
}

static void pages(struct task *t, struct hworld *w, u32 n)
{
	u32 pfn[64], obj[64];

	for (u32 i = 0; i < n; i++) {
		pfn[i] = alloc_page(t, GFP_KERNEL, w->cat);
		HOLDS(w, pfn[i]);
		obj[i] = kmem_cache_alloc(t, w->cache);
	}
	task_sleep(t, 2000 * PS_PER_NS);
	for (u32 i = 0; i < n; i++) {
		kmem_cache_free(t, w->cache, obj[i]);
		free_pages(t, pfn[i], w->cat);
	}
}

static void use_rcu(struct task *t, struct hworld *w)
{
	u32 me = t->x.proc.index % NR_TASKS;

	task_sync(t);
	if (!w->head_busy[me]) {
		w->head_busy[me] = true;
		w->cbs++;
		call_rcu(t, &w->head[me], callback);
	} else if (me % 3 == 0) {
		rcu_barrier(t);
		HOLDS(w, !w->head_busy[me]);
	} else if (me % 3 == 1) {
		synchronize_rcu_expedited(t);
	} else {
		rcu_read_lock(t);
		work_ns(t, 500);
		rcu_read_unlock(t);
	}
}

static void step(struct task *t, struct hworld *w)
{
	struct rng *r = &t->rng[RNG_WORKLOAD];
	u64 n = rng_below(r, 4000);

	switch (rng_below(r, 9)) {
	case 0:
		spin_lock(t, &w->e.lock);
		work_ns(t, n / 8);
		spin_unlock(t, &w->e.lock);
		break;
	case 1:
		mutex_lock(t, &w->e.mutex);
		work_ns(t, n);
		cond_resched(t);
		mutex_unlock(t, &w->e.mutex);
		break;
	case 2:
		task_sleep(t, (n + 1) * PS_PER_NS);
		break;
	case 3:
		pages(t, w, 1 + (u32)n % 64);
		break;
	case 4:
		percpu_counter_add_batch(t, &w->fbc, (s64)(n % 9), 32);
		w->added += (s64)(n % 9);
		break;
	case 5:
		use_rcu(t, w);
		break;
	case 6:
		w->queued += queue_work_on(t, (u32)n % t->x.hw->nr_cpus, &w->item[n % 4]);
		break;
	case 7:
		smp_call_all(t, 50 * PS_PER_NS);
		break;
	default:
		user_work(t, 10 * n * PS_PER_NS);
	}
}

static void user(struct task *t, void *arg)
{
	struct hworld *w = arg;

	for (u32 i = 0; i < OPS; i++) {
		step(t, w);
		note(t, w, t->x.proc.index % NR_TASKS);
	}
	w->nr_done++;
	/* an RCU callback that is under way would outlive the run */
	task_sync(t);
	if (w->nr_done == NR_TASKS)
		rcu_barrier(t);
}

static void changer(struct task *t, void *arg)
{
	struct hworld *w = arg;
	struct rng *r = &t->rng[RNG_WORKLOAD];

	for (u32 i = 0; i < NR_CHANGES; i++) {
		u32 cpu = (u32)rng_below(r, t->x.hw->nr_cpus);
		int err = rng_below(r, 2) ? cpu_offline(t, cpu) : cpu_online(t, cpu);

		w->nr_changes += !err;
		task_sync(t);
		HOLDS(w, !t->x.hw->cpus[cpu].offline || !t->kern->rcu->cpu[cpu].head);
		HOLDS(w, !t->x.hw->cpus[cpu].offline || !t->kern->rcu->cpu[cpu].waits);
		HOLDS(w, err || !t->x.hw->cpus[cpu].offline || w->cache->cpu[cpu].slab == SLAB_NIL);
		note(t, w, 1000 + cpu);
		for (u32 n = 0; !err && t->x.hw->cpus[cpu].offline && n < t->x.hw->nr_nodes; n++)
			HOLDS(w, !w->mm->pcp[cpu * t->x.hw->nr_nodes + n].count);
		task_sleep(t, rng_below(r, 40000) * PS_PER_NS + 1);
	}
}

static void check_pages(const struct hworld *w)
{
	const struct hw *hw = w->e.hw;
	u64 free = 0, managed = 0;

	for (u32 n = 0; n < hw->nr_nodes; n++) {
		ck_assert_ptr_null(buddy_check(&w->mm->zone[n].buddy));
		managed += w->mm->zone[n].managed;
		free += w->mm->zone[n].buddy.free;
		for (u32 c = 0; c < hw->nr_cpus; c++)
			free += w->mm->pcp[c * hw->nr_nodes + n].count;
	}
	/* slabs that are kept */
	HOLDS(w, free + mm_pages_used(w->mm) == managed);
	HOLDS(w, mm_pages_used(w->mm) < 2000);
}

static void check_end(const struct hworld *w)
{
	s64 sum = w->fbc.count;

	for (u32 c = 0; c < w->e.hw->nr_cpus; c++) {
		const struct rq *rq = &w->e.k->rq[c];

		sum += w->fbc.cpu[c].v;
		HOLDS(w, !rq->stop);
		HOLDS(w, !rq->cpu->offline || (!rq->nr && !rq->nr_queued && !w->fbc.cpu[c].v));
	}
	HOLDS(w, sum == w->added);
	HOLDS(w, w->nr_done == NR_TASKS);
	HOLDS(w, w->invoked == w->cbs);
	HOLDS(w, w->nr_changes > NR_CHANGES / 4);
	check_pages(w);
}

static u64 random_run(u32 seed, enum sim_engine engine, bool cfs)
{
	struct machine *m = machine_builtin("flat-8");
	struct hworld *w = calloc(1, sizeof(*w));
	u64 hash;

	m->val[MK_LLC_PER_NODE].v = 2;
	m->val[MK_CORES_PER_LLC].v = 2;
	m->val[MK_NODES_PER_SOCKET].v = 2;
	m->val[MK_PREEMPT].v = seed % 2 ? PREEMPT_FULL : PREEMPT_VOLUNTARY;
	machine_set(m, MK_RAM, 256LL << 20, TAG_KERNEL, 0, NULL);
	w->seed = seed;
	exact_init_on(&w->e, m, engine);
	w->e.sim->layer[LAYER_RUN] = &w->e;
	if (cfs)
		kern_set_sched(w->e.k, &sched_cfs);
	w->mm = mm_new(w->e.k, false);
	w->cat = (u32)ledger_category(&w->e.k->ledger, "test");
	w->cache = kmem_cache_create(w->e.k, "obj", 1000, 0, NULL, NULL);
	ck_assert_ptr_nonnull(w->cache);
	ck_assert_int_eq(percpu_counter_init(w->e.k, &w->fbc), 0);
	ck_assert_ptr_nonnull(system_workqueue(w->e.k, SYSTEM_WQ));
	workqueue_reserve(system_workqueue(w->e.k, SYSTEM_WQ), 8);
	for (u32 i = 0; i < 4; i++)
		work_init(&w->item[i], item_run);
	for (u32 i = 0; i < NR_TASKS; i++) {
		struct task *t = task_new(w->e.k, "user", seed * NR_TASKS + i, i % w->e.hw->nr_cpus,
					  user, w);

		if (i % 3 == 0)
			task_bind(t);
		task_start(t);
	}
	for (u32 i = 0; i < 2; i++)
		task_start(task_new(w->e.k, "changer", 2 * seed + i, i, changer, w));
	exact_run(&w->e);
	check_end(w);
	hash = w->hash;
	percpu_counter_destroy(&w->fbc);
	kmem_cache_destroy(w->cache);
	mm_free(w->mm);
	exact_free(&w->e);
	free(w);
	return hash;
}

START_TEST(random_use)
{
	for (u32 seed = 1; seed <= SEEDS; seed++) {
		u64 a = random_run(seed, SIM_NORMAL, _i), b = random_run(seed, SIM_REFERENCE, _i);

		ck_assert_msg(a == b, "seed %u: the engines differ", seed);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("cpuhp");
	TCase *tc = tcase_create("cpuhp");

	tcase_set_timeout(tc, 240);
	tcase_add_loop_test(tc, leaves_user, 0, 2);
	tcase_add_loop_test(tc, leaves_kernel, 0, 2);
	tcase_add_loop_test(tc, affinity_broken, 0, 2);
	tcase_add_loop_test(tc, last_cpu, 0, 2);
	tcase_add_loop_test(tc, kworkers, 0, 2);
	tcase_add_loop_test(tc, slab_of_dead_cpu, 0, 2);
	tcase_add_loop_test(tc, random_use, 0, 2);
	suite_add_tcase(suite, tc);
	return check_run(suite, CK_NORMAL);
}
