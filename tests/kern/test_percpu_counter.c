/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Per-CPU counters: exact sums, the bound of a fast read and that it is reached. */
#include <stdlib.h>

#include "sim/kern/percpu_counter.h"
#include "tests/core/check_main.h"
#include "tests/kern/exact.h"

#define SEEDS 60
#define CPUS 4

struct world {
	struct exact e;
	struct percpu_counter c;
	s64 added; /* by all tasks */
	s32 batch;
	u32 done;
};

static void world_init(struct world *w, int engine, s32 batch)
{
	memset(w, 0, sizeof(*w));
	exact_init(&w->e, "flat-4", engine ? SIM_REFERENCE : SIM_NORMAL);
	ck_assert_int_eq(percpu_counter_init(w->e.k, &w->c), 0);
	w->batch = batch;
}

static void world_free(struct world *w)
{
	percpu_counter_destroy(&w->c);
	exact_free(&w->e);
}

static void start(struct world *w, u32 i, void (*body)(struct task *t, void *arg))
{
	struct task *t = task_new(w->e.k, "t", i, i % CPUS, body, w);

	ck_assert_ptr_nonnull(t);
	task_bind(t);
	task_start(t);
}

/* As much as stays local, then the one that does not. */
static void to_the_bound(struct task *t, void *arg)
{
	struct world *w = arg;
	s64 others; /* the true count at the end */

	for (s32 i = 0; i + 1 < w->batch; i++)
		percpu_counter_add_batch(t, &w->c, 1, w->batch);
	task_sync(t);
	w->done++;
	if (t->x.proc.index)
		return;
	work(t, PS_PER_MS);
	task_sync(t);
	ck_assert_uint_eq(w->done, CPUS);
	ck_assert_int_eq(percpu_counter_read(t, &w->c), 0);
	ck_assert_uint_eq(w->c.max_error, (u64)(w->batch - 1) * CPUS);
	ck_assert_int_eq(percpu_counter_sum(t, &w->c), (w->batch - 1) * CPUS);
	percpu_counter_add_batch(t, &w->c, 1, w->batch);
	ck_assert_int_eq(percpu_counter_read(t, &w->c), w->batch);
	percpu_counter_add_batch(t, &w->c, -3 * w->batch, w->batch);
	ck_assert_int_eq(percpu_counter_read(t, &w->c), -2 * w->batch);
	ck_assert_int_eq(percpu_counter_read_positive(t, &w->c), 0);
	others = (w->batch - 1) * (CPUS - 1) - 2 * w->batch;
	ck_assert_int_eq(percpu_counter_sum(t, &w->c), others);
	ck_assert_int_eq(percpu_counter_sum_positive(t, &w->c), others > 0 ? others : 0);
}

START_TEST(bound)
{
	static const s32 batches[] = { 1, 2, 32, 100 };

	for (size_t i = 0; i < ARRAY_SIZE(batches); i++) {
		struct world w;

		world_init(&w, _i, batches[i]);
		for (u32 c = 0; c < CPUS; c++)
			start(&w, c, to_the_bound);
		exact_run(&w.e);
		world_free(&w);
	}
}
END_TEST

static void at_random(struct task *t, void *arg)
{
	struct world *w = arg;
	struct rng *r = &t->rng[RNG_WORKLOAD];

	for (u32 i = 0; i < 200; i++) {
		s64 n = (s64)rng_below(r, 21) - 10;

		work(t, rng_exp_ps(r, 200 * PS_PER_NS));
		percpu_counter_add_batch(t, &w->c, n, w->batch);
		task_sync(t);
		w->added += n;
		if (!rng_below(r, 10))
			percpu_counter_read(t, &w->c);
		if (!rng_below(r, 40))
			percpu_counter_sum(t, &w->c);
	}
}

static u64 run_at_random(int engine, u64 seed, u64 *max_error)
{
	struct world w;
	s64 sum;
	u64 now;

	world_init(&w, engine, 16);
	w.e.k->seed = seed;
	for (u32 i = 0; i < 2 * CPUS; i++)
		start(&w, i, at_random);
	exact_run(&w.e);
	sum = w.c.count;
	for (u32 i = 0; i < CPUS; i++) {
		ck_assert_msg(llabs(w.c.cpu[i].v) < w.batch, "seed %llu: more than a batch",
			      (unsigned long long)seed);
		sum += w.c.cpu[i].v;
	}
	ck_assert_msg(sum == w.added && w.c.truth == w.added, "seed %llu: %lld counted, not %lld",
		      (unsigned long long)seed, (long long)sum, (long long)w.added);
	ck_assert_msg(w.c.max_error <= (u64)(w.batch - 1) * CPUS,
		      "seed %llu: a read is wrong by %llu", (unsigned long long)seed,
		      (unsigned long long)w.c.max_error);
	*max_error = w.c.max_error;
	now = w.e.sim->now;
	world_free(&w);
	return now;
}

START_TEST(random_updates)
{
	for (u64 seed = 1; seed <= SEEDS; seed++) {
		u64 a, b, normal = run_at_random(0, seed, &a),
			  reference = run_at_random(1, seed, &b);

		ck_assert_msg(normal == reference && a == b, "seed %llu: the engines differ",
			      (unsigned long long)seed);
	}
}
END_TEST

START_TEST(default_batch)
{
	struct world w;

	world_init(&w, 0, 0);
	ck_assert_int_eq(percpu_counter_batch(w.e.k), 32);
	w.e.hw->nr_online = 64;
	ck_assert_int_eq(percpu_counter_batch(w.e.k), 128);
	w.e.hw->nr_online = CPUS;
	world_free(&w);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("percpu_counter");
	TCase *tc = tcase_create("percpu_counter");

	tcase_add_loop_test(tc, bound, 0, 2);
	tcase_add_test(tc, random_updates);
	tcase_add_test(tc, default_batch);
	suite_add_tcase(s, tc);
	return check_run(s, CK_NORMAL);
}
