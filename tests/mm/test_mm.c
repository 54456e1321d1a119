/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Page lists and slab caches: conservation, hotness, identity of objects. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "sim/mm/page_alloc.h"
#include "sim/mm/slab.h"
#include "sim/mm/zone.h"
#include "tests/core/check_main.h"

struct world {
	struct machine *m;
	struct sim *sim;
	struct hw *hw;
	struct kern *k;
	struct mm_state *mm;
	struct kmem_cache *cache;
	u32 cat;
	u64 hot_ps, cold_ps;
	u8 *live; /* by object */
	u32 nr_live;
	bool clash;
	u32 page[1024], nr_pages;
};

static void world_init(struct world *w)
{
	struct sim_config config = { .seed = 1 };

	memset(w, 0, sizeof(*w));
	w->m = machine_builtin("flat-4");
	w->sim = sim_new(&config);
	w->hw = hw_new(w->sim, w->m);
	w->k = kern_new(w->hw, VIRT_NONE, 1, 0);
	w->mm = mm_new(w->k, false);
	w->cat = (u32)ledger_category(&w->k->ledger, "test");
	w->cache = kmem_cache_create(w->k, "test_cache", 64, 1 << 20, NULL, NULL);
	ck_assert_ptr_nonnull(w->cache);
	w->live = calloc(1 << 20, 1);
}

static void world_free(struct world *w)
{
	free(w->live);
	kmem_cache_destroy(w->cache);
	mm_free(w->mm);
	kern_free(w->k);
	hw_free(w->hw);
	sim_free(w->sim);
	machine_free(w->m);
}

static u64 timed_page(struct task *t, struct world *w)
{
	u64 start = task_clock(t);

	u32 pfn = alloc_page(t, GFP_ZERO, w->cat);

	ck_assert_uint_ne(pfn, 0);
	w->page[w->nr_pages++] = pfn;
	return task_clock(t) - start;
}

/* The page allocated last goes back first. */
static void drop_page(struct task *t, struct world *w)
{
	free_pages(t, w->page[--w->nr_pages], w->cat);
}

static void bulk_pages(struct task *t, struct world *w, u32 n)
{
	struct page_list list = { 0 };

	ck_assert_uint_eq(alloc_pages_bulk(t, n, GFP_KERNEL, w->cat, &list), n);
	for (u32 pfn = list.head; pfn; pfn = page_of(&w->mm->map, pfn)->next)
		w->page[w->nr_pages++] = pfn;
}

static void hot_and_cold(struct task *t, void *arg)
{
	struct world *w = arg;

	for (u32 i = 0; i < 4; i++)
		timed_page(t, w);
	drop_page(t, w);
	w->hot_ps = timed_page(t, w);
	drop_page(t, w);
	/* 100 pages and back: less than an L2 of 128 pages since, so all are hot */
	bulk_pages(t, w, 100);
	for (u32 i = 0; i < 100; i++)
		drop_page(t, w);
	for (u32 i = 0; i < 100; i++)
		ck_assert_uint_eq(timed_page(t, w), w->hot_ps);
	for (u32 i = 0; i < 50; i++)
		drop_page(t, w);
	/* more than an L2 of other pages since: cold. The list is LIFO, take what is above */
	bulk_pages(t, w, 20);
	for (u32 i = 0; i < 200; i++) {
		drop_page(t, w);
		timed_page(t, w);
	}
	drop_page(t, w);
	timed_page(t, w);
	w->cold_ps = timed_page(t, w);
	for (u32 i = 0; i < 74; i++)
		drop_page(t, w);
}

START_TEST(hot_pages_are_cheaper)
{
	struct world w;

	world_init(&w);
	task_start(task_new(w.k, "t", 0, 0, hot_and_cold, &w));
	ck_assert_int_eq(sim_run(w.sim, TIME_MAX), SIM_DONE);
	ck_assert_uint_lt(w.hot_ps + 200 * PS_PER_NS, w.cold_ps);
	ck_assert_int_eq((int)mm_pages_used(w.mm), 0);
	ck_assert_int_eq(w.k->ledger.cat[w.cat].bytes, 0);
	ck_assert_int_ge(w.k->ledger.cat[w.cat].peak, 100 * 4096);
	world_free(&w);
}
END_TEST

static void churn(struct task *t, void *arg)
{
	struct world *w = arg;
	struct rng *r = &t->rng[RNG_WORKLOAD];
	u32 mine[300], n = 0;

	for (u32 i = 0; i < 20000; i++) {
		if (n < 300 && rng_below(r, 2)) {
			u32 obj = kmem_cache_alloc(t, w->cache);

			task_sync(t);
			w->clash |= obj == SLAB_NIL || w->live[obj]++;
			mine[n++] = obj;
		} else if (n) {
			u32 j = (u32)rng_below(r, n), obj = mine[j];

			task_sync(t);
			w->live[obj]--;
			mine[j] = mine[--n];
			kmem_cache_free(t, w->cache, obj);
		}
	}
	while (n) {
		w->live[mine[--n]]--;
		kmem_cache_free(t, w->cache, mine[n]);
	}
}

START_TEST(slab_objects_are_unique)
{
	struct world w;

	world_init(&w);
	for (u32 i = 0; i < 7; i++)
		task_start(task_new(w.k, "t", i, i % 4, churn, &w));
	ck_assert_int_eq(sim_run(w.sim, TIME_MAX), SIM_DONE);
	ck_assert(!w.clash);
	ck_assert_int_eq(w.k->ledger.cat[ledger_category(&w.k->ledger, "test_cache")].objects, 0);
	world_free(&w);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("mm");
	TCase *tc = tcase_create("mm");

	tcase_add_test(tc, hot_pages_are_cheaper);
	tcase_add_test(tc, slab_objects_are_unique);
	suite_add_tcase(s, tc);
	return check_run(s, CK_ENV);
}
