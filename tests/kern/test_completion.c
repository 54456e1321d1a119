/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Completions: order, counts and complete_all(), in both engines. */
#include "sim/kern/completion.h"
#include "tests/core/check_main.h"
#include "tests/kern/exact.h"

#define NR 12
#define SEEDS 100

struct world {
	struct exact e;
	struct completion c;
	u32 woken, order[NR];
	u32 wakers, completes;
};

static void world_init(struct world *w, const char *machine, int engine)
{
	memset(w, 0, sizeof(*w));
	exact_init(&w->e, machine, engine ? SIM_REFERENCE : SIM_NORMAL);
	ck_assert_int_eq(init_completion(w->e.k, &w->c), 0);
}

static void world_free(struct world *w)
{
	completion_destroy(&w->c);
	exact_free(&w->e);
}

static void start(struct world *w, u32 i, void (*body)(struct task *t, void *arg))
{
	struct task *t = task_new(w->e.k, "t", i, i % w->e.hw->nr_cpus, body, w);

	ck_assert_ptr_nonnull(t);
	task_start(t);
}

/* Waiter i comes at i * 10 ns. */
static void waiter(struct task *t, void *arg)
{
	struct world *w = arg;

	work_ns(t, 10 * t->x.proc.index);
	wait_for_completion(t, &w->c);
	task_sync(t);
	w->order[w->woken++] = t->x.proc.index;
}

static void early(struct task *t, void *arg)
{
	struct world *w = arg;

	complete(t, &w->c);
	complete(t, &w->c);
}

static void late(struct task *t, void *arg)
{
	struct world *w = arg;

	work_ns(t, 5000);
	exact_note(t, &w->e, 0);
	ck_assert_uint_eq(w->woken, 2); /* what was done before anybody came */
	for (u32 i = 0; i < 2; i++) {
		complete(t, &w->c);
		work_ns(t, 1000);
	}
	task_sync(t);
	ck_assert_uint_eq(w->woken, 4);
	complete_all(t, &w->c);
	work_ns(t, 1000);
	wait_for_completion(t, &w->c);
	wait_for_completion(t, &w->c);
}

START_TEST(fifo)
{
	struct world w;

	world_init(&w, "ideal-8", _i);
	start(&w, 0, early);
	for (u32 i = 1; i <= 6; i++)
		start(&w, i, waiter);
	start(&w, 7, late);
	exact_run(&w.e);
	ck_assert_uint_eq(w.woken, 6);
	for (u32 i = 0; i < 6; i++)
		ck_assert_uint_eq(w.order[i], i + 1);
	ck_assert_uint_eq(w.c.done, COMPLETE_ALL);
	world_free(&w);
}
END_TEST

static void random_waiter(struct task *t, void *arg)
{
	struct world *w = arg;

	for (u32 i = 0; i < 20; i++) {
		work(t, rng_exp_ps(&t->rng[RNG_WORKLOAD], PS_PER_US));
		wait_for_completion(t, &w->c);
		task_count(t, &w->e.at[1], 1);
	}
}

static void random_waker(struct task *t, void *arg)
{
	struct world *w = arg;

	for (u32 i = 0; i < 20; i++) {
		work(t, rng_exp_ps(&t->rng[RNG_WORKLOAD], PS_PER_US));
		complete(t, &w->c);
	}
}

static u64 at_random(int engine, u64 seed)
{
	struct world w;
	u64 now;

	world_init(&w, "flat-4", engine);
	w.e.k->seed = seed;
	for (u32 i = 0; i < NR; i++)
		start(&w, i, i % 2 ? random_waiter : random_waker);
	ck_assert_msg(sim_run(w.e.sim, TIME_MAX) == SIM_DONE, "seed %llu: %s",
		      (unsigned long long)seed, sim_report(w.e.sim));
	ck_assert_msg(w.e.at[1] == NR / 2 * 20 && !w.c.done, "seed %llu: a completion is lost",
		      (unsigned long long)seed);
	now = w.e.sim->now;
	world_free(&w);
	return now;
}

START_TEST(nothing_is_lost)
{
	for (u64 seed = 1; seed <= SEEDS; seed++)
		ck_assert_msg(at_random(0, seed) == at_random(1, seed),
			      "seed %llu: the engines differ", (unsigned long long)seed);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("completion");
	TCase *tc = tcase_create("completion");

	tcase_add_loop_test(tc, fifo, 0, 2);
	tcase_add_test(tc, nothing_is_lost);
	suite_add_tcase(s, tc);
	return check_run(s, CK_NORMAL);
}
