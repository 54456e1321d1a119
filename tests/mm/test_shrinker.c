/* SPDX-License-Identifier: GPL-2.0-or-later */
/* do_shrink_slab(): the table of thp.md 1.3, deferred work, bits of a memcg's shrinkers. */
#include <string.h>

#include "sim/mm/shrinker.h"
#include "tests/core/check_main.h"
#include "tests/kern/exact.h"

#define CALLS 16

/* A list of objects as the shrinker sees it. */
struct heap {
	struct shrinker s;
	u64 objects;
	bool keeps; /* a scan finds nothing that it can free */
	u64 stop_after; /* batches, 0: never */
	u64 batches, biggest;
	u64 scanned[CALLS]; /* by priority */
	u32 priority;
};

static u64 heap_count(struct task *t, struct shrinker *s, struct shrink_control *sc)
{
	const struct heap *h = s->arg;

	(void)t;
	(void)sc;
	return h->objects ? h->objects : SHRINK_EMPTY;
}

static u64 heap_scan(struct task *t, struct shrinker *s, struct shrink_control *sc)
{
	struct heap *h = s->arg;
	u64 n = min_u64(sc->nr_to_scan, h->objects);

	(void)t;
	if (h->stop_after && h->batches == h->stop_after)
		return SHRINK_STOP;
	h->batches++;
	h->biggest = max_u64(h->biggest, sc->nr_to_scan);
	h->scanned[h->priority] += sc->nr_to_scan;
	if (h->keeps)
		return 0;
	h->objects -= n;
	return n;
}

struct world {
	struct exact e;
	struct shrinkers r;
	struct shrinker_info info;
	struct heap heap;
};

static void world_init(struct world *w, int engine, u64 objects)
{
	memset(w, 0, sizeof(*w));
	exact_init(&w->e, "ideal-2", engine ? SIM_REFERENCE : SIM_NORMAL);
	ck_assert_int_eq(shrinkers_init(&w->r, 1), 0);
	shrinker_info_init(&w->info);
	w->heap.objects = objects;
	w->heap.s = (struct shrinker){ .name = "heap",
				       .count_objects = heap_count,
				       .scan_objects = heap_scan,
				       .flags = SHRINKER_NUMA_AWARE | SHRINKER_MEMCG_AWARE,
				       .seeks = DEFAULT_SEEKS,
				       .arg = &w->heap };
	ck_assert_int_eq(shrinker_register(&w->r, &w->heap.s), 0);
}

static void world_run(struct world *w, void (*body)(struct task *t, void *arg))
{
	task_start(task_new(w->e.k, "t", 0, 0, body, w));
	ck_assert_int_eq(sim_run(w->e.sim, TIME_MAX), SIM_DONE);
}

static void world_free(struct world *w)
{
	shrinkers_destroy(&w->r);
	exact_free(&w->e);
}

static void descend(struct task *t, void *arg)
{
	struct world *w = arg;

	for (w->heap.priority = 13; w->heap.priority--;)
		shrink_slab(t, &w->r, NULL, 0, 0, NULL, w->heap.priority);
}

/* thp.md 1.3: what is scanned at which priority if the queue does not get shorter (P7). */
START_TEST(table)
{
	static const struct {
		u64 objects;
		u64 scanned[13]; /* by priority */
	} rows[] = {
		{ 1, { [0] = 2 } },
		{ 2, { [1] = 2 } },
		{ 9, { [1] = 11 } },
		{ 10, { [1] = 13 } },
		{ 100, { [1] = 128 } },
		{ 1000, { [4] = 128, [3] = 256, [2] = 512, [1] = 1024 } },
		{ 3604, { [5] = 128, [4] = 384, [3] = 896, [2] = 1792, [1] = 3712 } },
		{ 30000, { [8] = 128, [7] = 384, [6] = 896, [5] = 1792, [4] = 3712, [3] = 7552 } },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct world w;
		u32 first = 12, last = 12;

		world_init(&w, _i, rows[i].objects);
		w.heap.keeps = true;
		world_run(&w, descend);
		while (!rows[i].scanned[first])
			first--;
		for (last = first; last && rows[i].scanned[last - 1];)
			last--;
		for (u32 p = 12; p + 1 > last; p--) {
			ck_assert_msg(w.heap.scanned[p] == rows[i].scanned[p],
				      "%llu objects, priority %u: %llu scanned, not %llu",
				      (unsigned long long)rows[i].objects, p,
				      (unsigned long long)w.heap.scanned[p],
				      (unsigned long long)rows[i].scanned[p]);
			if (!p)
				break;
		}
		ck_assert_uint_le(w.heap.biggest, SHRINK_BATCH);
		world_free(&w);
	}
}
END_TEST

static void one_at_0(struct task *t, void *arg)
{
	struct world *w = arg;

	w->heap.priority = 0;
	ck_assert_uint_eq(shrink_slab(t, &w->r, NULL, 0, 0, NULL, 0), w->heap.objects ? 256 : 1000);
}

/* SHRINK_STOP ends the call; what was not done is deferred, at most twice what there is. */
START_TEST(stop_defers)
{
	struct world w;

	world_init(&w, _i, 1000);
	w.heap.stop_after = 2;
	world_run(&w, one_at_0);
	ck_assert_uint_eq(w.heap.objects, 1000 - 256);
	ck_assert_int_eq(w.r.global[0].nr_deferred[0], 2000 - 256);
	ck_assert_uint_eq(w.heap.s.freed, 256);
	world_free(&w);
}
END_TEST

static void gentle(struct task *t, void *arg)
{
	struct world *w = arg;

	/* 2 * (100 >> 3) = 24 a call are not worth a batch: deferred, up to 2 * 100 */
	for (u32 i = 0; i < 20; i++) {
		s64 want = min_u64(24 * (i + 1), 200);

		w->heap.priority = 3;
		shrink_slab(t, &w->r, NULL, 0, 0, NULL, 3);
		ck_assert_int_eq(w->r.global[0].nr_deferred[0], want);
	}
}

START_TEST(deferred_is_bounded)
{
	struct world w;

	world_init(&w, _i, 100);
	w.heap.keeps = true;
	world_run(&w, gentle);
	ck_assert_uint_eq(w.heap.batches, 0);
	world_free(&w);
}
END_TEST

static void by_bits(struct task *t, void *arg)
{
	struct world *w = arg;
	struct mem_cgroup *any = (struct mem_cgroup *)w; /* only handed on */

	/* no bit: nobody is asked */
	ck_assert_uint_eq(shrink_slab(t, &w->r, &w->info, 0, 0, any, 0), 0);
	ck_assert_uint_eq(w->heap.batches, 0);
	set_shrinker_bit(t, &w->info, w->heap.s.id);
	ck_assert_uint_eq(shrink_slab(t, &w->r, &w->info, 0, 0, any, 0), 10);
	ck_assert_uint_eq(w->info.map, 1);
	/* found empty: the bit goes */
	ck_assert_uint_eq(shrink_slab(t, &w->r, &w->info, 0, 0, any, 0), 0);
	ck_assert_uint_eq(w->info.map, 0);
}

START_TEST(bits)
{
	struct world w;

	world_init(&w, _i, 10);
	world_run(&w, by_bits);
	world_free(&w);
}
END_TEST

START_TEST(too_many)
{
	static struct shrinker many[MAX_SHRINKERS];
	struct world w;
	u32 i;

	world_init(&w, 0, 0);
	for (i = 1; i < MAX_SHRINKERS; i++)
		ck_assert_int_eq(shrinker_register(&w.r, &many[i]), 0);
	ck_assert_int_ne(shrinker_register(&w.r, &many[0]), 0);
	world_free(&w);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("shrinker");
	TCase *tc = tcase_create("shrinker");

	tcase_add_loop_test(tc, table, 0, 2);
	tcase_add_loop_test(tc, stop_defers, 0, 2);
	tcase_add_loop_test(tc, deferred_is_bounded, 0, 2);
	tcase_add_loop_test(tc, bits, 0, 2);
	tcase_add_test(tc, too_many);
	suite_add_tcase(s, tc);
	return check_run(s, CK_NORMAL);
}
