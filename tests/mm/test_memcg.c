/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory cgroups: charges against limits at every level, stock, reclaim and OOM counts of
 * thp.md 1.9, memory.high, life cycle. In both engines.
 */
#include <errno.h>
#include <string.h>

#include "sim/kern/cpuhp.h"
#include "sim/mm/memcg.h"
#include "tests/core/check_main.h"
#include "tests/kern/exact.h"

#define NR_CG 6
#define NR_TASKS 8
#define SEEDS 60

struct world {
	struct exact e;
	struct memcg_state *ms;
	struct mem_cgroup *cg[NR_CG];
	u64 mine[NR_TASKS][NR_CG]; /* pages each task has charged */
	u64 lru_calls, kills, kills_left;
	u32 online, offline, freed; /* calls of the hooks */
	u32 refuse; /* the hook fails at this many online calls */
	char order[16];
	u64 loops;
};

static u64 count_lru(struct task *t, struct mem_cgroup *memcg, u32 nid, u32 priority, void *arg)
{
	struct world *w = arg;

	(void)t;
	(void)memcg;
	(void)nid;
	(void)priority;
	w->lru_calls++;
	return 0;
}

static bool kill_one(struct task *t, struct mem_cgroup *memcg, void *arg)
{
	struct world *w = arg;

	(void)t;
	(void)memcg;
	if (!w->kills_left)
		return false;
	w->kills_left--;
	w->kills++;
	return true;
}

static int hook_online(struct task *t, struct mem_cgroup *memcg, void *arg)
{
	struct world *w = arg;

	(void)t;
	(void)memcg;
	if (++w->online == w->refuse)
		return -ENOMEM;
	return 0;
}

static void hook_offline(struct task *t, struct mem_cgroup *memcg, void *arg)
{
	struct world *w = arg;

	(void)t;
	(void)memcg;
	w->order[w->offline + w->freed] = 'o';
	w->offline++;
}

static void hook_free(struct task *t, struct mem_cgroup *memcg, void *arg)
{
	struct world *w = arg;

	(void)t;
	ck_assert_uint_eq((u64)memcg->memory.usage.v, 0);
	w->order[w->offline + w->freed] = 'f';
	w->freed++;
}

static void world_init(struct world *w, const char *machine, int engine, u64 seed)
{
	static const struct memcg_reclaim_ops none;
	struct memcg_reclaim_ops ops = none;
	struct memcg_hooks hooks = { .name = "test",
				     .online = hook_online,
				     .offline = hook_offline,
				     .free = hook_free,
				     .arg = w };

	memset(w, 0, sizeof(*w));
	exact_init(&w->e, machine, engine ? SIM_REFERENCE : SIM_NORMAL);
	w->e.k->seed = seed;
	w->ms = memcg_new(w->e.k);
	ck_assert_ptr_nonnull(w->ms);
	ops.shrink_lru = count_lru;
	ops.oom_kill = kill_one;
	ops.arg = w;
	memcg_set_reclaim(w->ms, &ops);
	ck_assert_int_eq(memcg_register_hooks(w->ms, &hooks), 0);
}

static void world_start(struct world *w, u32 i, void (*body)(struct task *t, void *arg))
{
	struct task *t = task_new(w->e.k, "t", i, i % w->e.hw->nr_cpus, body, w);

	ck_assert_ptr_nonnull(t);
	task_start(t);
}

static void world_run(struct world *w)
{
	const char *what;

	exact_run(&w->e);
	what = memcg_check(w->ms);
	ck_assert_msg(!what, "%s", what);
}

static void world_free(struct world *w)
{
	memcg_free(w->ms);
	exact_free(&w->e);
}

static struct mem_cgroup *make(struct world *w, struct task *t, struct mem_cgroup *parent)
{
	struct mem_cgroup *memcg = mem_cgroup_create(w->ms, t, parent ? parent : w->ms->root);

	ck_assert_ptr_nonnull(memcg);
	return memcg;
}

/* ---- stock --------------------------------------------------------------------------- */

static void one_by_one(struct task *t, void *arg)
{
	struct world *w = arg;

	for (u32 i = 0; i < 200; i++) {
		ck_assert_int_eq(mem_cgroup_charge(w->ms, t, w->cg[0], 1, 0), 0);
		ck_assert_int_eq(w->cg[0]->memory.usage.v, (i / 64 + 1) * 64);
		ck_assert_int_eq(w->ms->root->memory.usage.v, (i / 64 + 1) * 64);
	}
	/* above a batch there is no stock, and another cgroup takes its place */
	ck_assert_int_eq(mem_cgroup_charge(w->ms, t, w->cg[0], 65, 0), 0);
	ck_assert_int_eq(w->cg[0]->memory.usage.v, 256 + 65);
	ck_assert_int_eq(mem_cgroup_charge(w->ms, t, w->cg[1], 1, 0), 0);
	ck_assert_int_eq(w->cg[0]->memory.usage.v, 200 + 65);
	ck_assert_int_eq(w->cg[1]->memory.usage.v, 64);
	drain_all_stock(w->ms, t, w->ms->root);
	ck_assert_int_eq(w->cg[1]->memory.usage.v, 1);
	mem_cgroup_uncharge(w->ms, t, w->cg[0], 265);
	mem_cgroup_uncharge(w->ms, t, w->cg[1], 1);
	ck_assert_int_eq(w->ms->root->memory.usage.v, 0);
}

START_TEST(stock)
{
	struct world w;

	world_init(&w, "ideal-1", _i, 1);
	w.cg[0] = make(&w, NULL, NULL);
	w.cg[1] = make(&w, NULL, NULL);
	world_start(&w, 0, one_by_one);
	world_run(&w);
	world_free(&w);
}
END_TEST

/* The stock of a CPU that goes offline is given back, and none is kept for it. */
static void charge_and_offline(struct task *t, void *arg)
{
	struct world *w = arg;
	u32 cpu = task_cpu(t);

	ck_assert_int_eq(mem_cgroup_charge(w->ms, t, w->cg[0], 1, 0), 0);
	ck_assert_int_eq(w->cg[0]->memory.usage.v, 64);
	ck_assert_int_eq(cpu_offline(t, cpu), 0);
	ck_assert_uint_ne(task_cpu(t), cpu);
	ck_assert_int_eq(w->cg[0]->memory.usage.v, 1);
	ck_assert_int_eq(cpu_online(t, cpu), 0);
	mem_cgroup_uncharge(w->ms, t, w->cg[0], 1);
	drain_all_stock(w->ms, t, w->ms->root);
	ck_assert_int_eq(w->ms->root->memory.usage.v, 0);
}

START_TEST(stock_of_dead_cpu)
{
	struct world w;

	world_init(&w, "ideal-2", _i, 1);
	w.cg[0] = make(&w, NULL, NULL);
	world_start(&w, 0, charge_and_offline);
	world_run(&w);
	world_free(&w);
}
END_TEST

/* ---- try_charge ------------------------------------------------------------------------ */

/* 18 reclaims of 26 priorities before nobody can be killed; after a kill 17 more. */
static void to_the_end(struct task *t, void *arg)
{
	struct world *w = arg;

	w->cg[0]->memory.max = 10;
	ck_assert_int_eq(mem_cgroup_charge(w->ms, t, w->cg[0], 10, 0), 0);
	ck_assert_uint_eq(w->lru_calls, 0);
	ck_assert_int_eq(mem_cgroup_charge(w->ms, t, w->cg[0], 1, MEMCG_NOWAIT), -ENOMEM);
	ck_assert_uint_eq(w->lru_calls, 0);
	ck_assert_int_eq(mem_cgroup_charge(w->ms, t, w->cg[0], 1, MEMCG_NORETRY), -ENOMEM);
	ck_assert_uint_eq(w->lru_calls, 2 * 26); /* one more after the stocks were drained */
	w->lru_calls = 0;
	ck_assert_int_eq(mem_cgroup_charge(w->ms, t, w->cg[0], 1, 0), -ENOMEM);
	ck_assert_uint_eq(w->lru_calls, 18 * 26);
	w->lru_calls = 0;
	w->kills_left = 1;
	ck_assert_int_eq(mem_cgroup_charge(w->ms, t, w->cg[0], 1, 0), -ENOMEM);
	ck_assert_uint_eq(w->kills, 1);
	ck_assert_uint_eq(w->lru_calls, (18 + 17) * 26);
	w->kills_left = 1;
	ck_assert_int_eq(mem_cgroup_charge(w->ms, t, w->cg[0], 512, 0), -ENOMEM);
	ck_assert_uint_eq(w->kills, 1); /* nobody is killed for a huge page */
	ck_assert_int_eq(w->cg[0]->memory.usage.v, 10);
	ck_assert_int_eq(mem_cgroup_charge(w->ms, t, w->cg[0], 3, MEMCG_NOFAIL), 0);
	ck_assert_int_eq(w->cg[0]->memory.usage.v, 13);
	task_sync(t);
	ck_assert_uint_eq(w->cg[0]->events[MEMCG_OOM_KILL], 1);
	ck_assert_uint_eq(w->cg[0]->events[MEMCG_OOM], 3);
	mem_cgroup_uncharge(w->ms, t, w->cg[0], 13);
}

START_TEST(oom)
{
	struct world w;

	world_init(&w, "ideal-1", _i, 1);
	w.cg[0] = make(&w, NULL, NULL);
	world_start(&w, 0, to_the_end);
	world_run(&w);
	world_free(&w);
}
END_TEST

/* The limit of the parent holds for the sum, and its events count there. */
static void under_parent(struct task *t, void *arg)
{
	struct world *w = arg;

	w->cg[0]->memory.max = 100;
	ck_assert_int_eq(mem_cgroup_charge(w->ms, t, w->cg[1], 90, MEMCG_NORETRY), 0);
	ck_assert_int_eq(mem_cgroup_charge(w->ms, t, w->cg[2], 11, MEMCG_NORETRY), -ENOMEM);
	ck_assert_int_eq(w->cg[2]->memory.usage.v, 0);
	ck_assert_int_eq(mem_cgroup_charge(w->ms, t, w->cg[2], 10, MEMCG_NORETRY), 0);
	task_sync(t);
	ck_assert_uint_eq(w->cg[0]->events[MEMCG_MAX], 2);
	ck_assert_uint_eq(w->cg[2]->events[MEMCG_MAX], 0);
	ck_assert_uint_eq(w->cg[0]->memory.watermark, 100);
	mem_cgroup_uncharge(w->ms, t, w->cg[1], 90);
	mem_cgroup_uncharge(w->ms, t, w->cg[2], 10);
}

START_TEST(hierarchy)
{
	struct world w;

	world_init(&w, "ideal-1", _i, 1);
	w.cg[0] = make(&w, NULL, NULL);
	w.cg[1] = make(&w, NULL, w.cg[0]);
	w.cg[2] = make(&w, NULL, w.cg[0]);
	world_start(&w, 0, under_parent);
	world_run(&w);
	world_free(&w);
}
END_TEST

/* ---- memory.high ------------------------------------------------------------------------ */

static void above_high(struct task *t, void *arg)
{
	struct world *w = arg;
	u64 from;

	w->cg[0]->memory.high = 1000;
	ck_assert_int_eq(mem_cgroup_charge(w->ms, t, w->cg[0], 1000, 0), 0);
	from = task_clock(t);
	ck_assert_int_eq(mem_cgroup_charge(w->ms, t, w->cg[0], 100, 0), 0);
	/* 10 % above: (0.1 * 2^20)^2 >> 20 = 10485, * 250 >> 14 = 159, * 100 / 64 = 248 jiffies */
	ck_assert_uint_eq(task_clock(t) - from, 248 * (PS_PER_SEC / 250));
	ck_assert_uint_eq(w->lru_calls, 26 * 17);
	from = task_clock(t);
	w->cg[0]->memory.high = 1099; /* a thousandth above costs nothing */
	t->memcg_nr_pages_over_high = 64;
	mem_cgroup_handle_over_high(w->ms, t, w->cg[0]);
	ck_assert_uint_eq(task_clock(t) - from, 0);
	mem_cgroup_uncharge(w->ms, t, w->cg[0], 1100);
}

START_TEST(high)
{
	struct world w;

	world_init(&w, "ideal-1", _i, 1);
	w.cg[0] = make(&w, NULL, NULL);
	world_start(&w, 0, above_high);
	world_run(&w);
	world_free(&w);
}
END_TEST

/* ---- life cycle ------------------------------------------------------------------------- */

static void live_and_die(struct task *t, void *arg)
{
	struct world *w = arg;
	struct mem_cgroup *a = make(w, t, NULL), *b = make(w, t, a), *c;
	u16 id = b->id;

	ck_assert_uint_eq(a->id, 2);
	ck_assert_uint_eq(id, 3);
	ck_assert_int_eq(mem_cgroup_remove(w->ms, t, w->ms->root), -EINVAL);
	ck_assert_int_eq(mem_cgroup_remove(w->ms, t, a), -EBUSY);
	ck_assert_int_eq(mem_cgroup_charge(w->ms, t, b, 3, 0), 0);
	ck_assert_int_eq(mem_cgroup_remove(w->ms, t, b), 0);
	ck_assert_int_eq(mem_cgroup_remove(w->ms, t, b), -EINVAL);
	ck_assert_ptr_null(mem_cgroup_create(w->ms, t, b));
	/* the stock is given back, the three pages keep it and its parent */
	ck_assert_int_eq(b->memory.usage.v, 3);
	ck_assert_int_eq(mem_cgroup_remove(w->ms, t, a), 0);
	ck_assert_str_eq(w->order, "oo");
	c = make(w, t, NULL);
	ck_assert_uint_eq(c->id, 2); /* ids are free as soon as they are offline */
	mem_cgroup_uncharge(w->ms, t, b, 2);
	ck_assert_uint_eq(w->freed, 0);
	mem_cgroup_uncharge(w->ms, t, b, 1);
	ck_assert_str_eq(w->order, "ooff");
	ck_assert_uint_eq(w->ms->nr_offline, 0);
	w->refuse = w->online + 1;
	ck_assert_ptr_null(mem_cgroup_create(w->ms, t, w->ms->root));
	ck_assert_uint_eq(w->ms->nr_online, 1);
	ck_assert_int_eq(mem_cgroup_remove(w->ms, t, c), 0);
}

START_TEST(life)
{
	struct world w;

	world_init(&w, "flat-4", _i, 1);
	world_start(&w, 0, live_and_die);
	world_run(&w);
	ck_assert_uint_eq(w.ms->nr_online, 0);
	world_free(&w);
}
END_TEST

/* ---- many tasks ------------------------------------------------------------------------- */

static void charge_at_random(struct task *t, void *arg)
{
	struct world *w = arg;
	struct rng *r = &t->rng[RNG_WORKLOAD];
	u64 *mine = w->mine[t->x.proc.index];
	u32 c;

	for (u64 i = 0; i < w->loops; i++) {
		u32 nr = 1 + (u32)rng_below(r, 80);

		c = (u32)rng_below(r, NR_CG);
		work(t, rng_exp_ps(r, 300 * PS_PER_NS));
		if (rng_below(r, 3) && mine[c] >= nr) {
			mine[c] -= nr;
			mem_cgroup_uncharge(w->ms, t, w->cg[c], nr);
		} else if (!mem_cgroup_charge(w->ms, t, w->cg[c], nr, MEMCG_NORETRY)) {
			mine[c] += nr;
		}
		cond_resched(t);
	}
}

static void give_back(struct task *t, void *arg)
{
	struct world *w = arg;

	task_sleep(t, PS_PER_SEC);
	drain_all_stock(w->ms, t, w->ms->root);
	task_sleep(t, PS_PER_SEC);
	for (u32 c = 0; c < NR_CG; c++) {
		u64 sum = 0;

		for (u32 i = 0; i < NR_TASKS; i++)
			sum += w->mine[i][c];
		mem_cgroup_uncharge(w->ms, t, w->cg[c], (u32)sum);
	}
}

/* Two levels, limits that are met; returns the time that it all took. */
static u64 run_at_random(int engine, u64 seed, u64 marks[NR_CG])
{
	struct world w;
	u64 now;

	world_init(&w, "flat-4", engine, seed);
	w.loops = 150;
	for (u32 c = 0; c < NR_CG; c++) {
		w.cg[c] = make(&w, NULL, c >= 2 ? w.cg[c % 2] : NULL);
		w.cg[c]->memory.max = c >= 2 ? 900 : 1500;
	}
	for (u32 i = 0; i < NR_TASKS; i++)
		world_start(&w, i, charge_at_random);
	world_start(&w, NR_TASKS, give_back);
	world_run(&w);
	for (u32 c = 0; c < NR_CG; c++) {
		ck_assert_msg(!w.cg[c]->memory.usage.v, "seed %llu: %lld pages left in %u",
			      (unsigned long long)seed, (long long)w.cg[c]->memory.usage.v, c);
		ck_assert_msg(w.cg[c]->memory.watermark <= w.cg[c]->memory.max,
			      "seed %llu: over the limit of %u", (unsigned long long)seed, c);
		marks[c] = w.cg[c]->memory.watermark * 1000 + w.cg[c]->memory.failcnt;
	}
	ck_assert_msg(!w.ms->root->memory.usage.v, "seed %llu: the root has pages",
		      (unsigned long long)seed);
	now = w.e.sim->now;
	world_free(&w);
	return now;
}

START_TEST(at_random)
{
	u64 met = 0;

	for (u64 seed = 1; seed <= SEEDS; seed++) {
		u64 a[NR_CG], b[NR_CG];
		u64 normal = run_at_random(0, seed, a), reference = run_at_random(1, seed, b);

		ck_assert_msg(normal == reference && !memcmp(a, b, sizeof(a)),
			      "seed %llu: the engines differ", (unsigned long long)seed);
		for (u32 c = 0; c < NR_CG; c++)
			met += a[c] % 1000;
	}
	ck_assert_uint_gt(met, SEEDS); /* the limits were worth testing */
}
END_TEST

int main(void)
{
	Suite *s = suite_create("memcg");
	TCase *tc = tcase_create("memcg");

	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, stock, 0, 2);
	tcase_add_loop_test(tc, stock_of_dead_cpu, 0, 2);
	tcase_add_loop_test(tc, oom, 0, 2);
	tcase_add_loop_test(tc, hierarchy, 0, 2);
	tcase_add_loop_test(tc, high, 0, 2);
	tcase_add_loop_test(tc, life, 0, 2);
	tcase_add_test(tc, at_random);
	suite_add_tcase(s, tc);
	return check_run(s, CK_NORMAL);
}
