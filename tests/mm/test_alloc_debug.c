// SPDX-License-Identifier: GPL-2.0-or-later
/* Double frees of pages, single, in lists and of large orders, and of slab objects. */
#include "sim/mm/alloc_debug.h"
#include "sim/mm/slab.h"
#include "tests/core/check_main.h"
#include "tests/mm/mem.h"

static void page_twice(struct task *t, struct mem *w, u32 order)
{
	u32 pfn = alloc_pages(t, NUMA_NO_NODE, order, GFP_KERNEL, w->cat);

	work(t, 10 * PS_PER_NS);
	{
		FRAME(t, "first");
		free_pages(t, pfn, w->cat);
	}
	work(t, 10 * PS_PER_NS);
	FRAME(t, "second");
	free_pages(t, pfn, w->cat);
}

static void small_page(struct task *t, void *arg)
{
	page_twice(t, arg, 0);
}

static void large_page(struct task *t, void *arg)
{
	page_twice(t, arg, MAX_PAGE_ORDER);
}

/* A list whose first page has been freed on its own. */
static void page_of_list(struct task *t, void *arg)
{
	struct mem *w = arg;
	struct page_list list = { 0 };

	ck_assert_uint_eq(alloc_pages_bulk(t, 3, GFP_KERNEL, w->cat, &list), 3);
	free_pages(t, list.head, w->cat);
	free_pages_bulk(t, list.head, 1, w->cat);
}

static void object(struct task *t, void *arg)
{
	struct mem *w = arg;
	struct kmem_cache *c = kmem_cache_create(w->e.k, "thing", 64, 1000, NULL, NULL);
	u32 obj = kmem_cache_alloc(t, c);

	kmem_cache_free(t, c, obj);
	/* used again: no mistake */
	ck_assert_uint_eq(kmem_cache_alloc(t, c), obj);
	kmem_cache_free(t, c, obj);
	work(t, 10 * PS_PER_NS);
	FRAME(t, "second");
	kmem_cache_free(t, c, obj);
}

static const struct {
	void (*body)(struct task *t, void *arg);
	bool debug; /* only debug builds find it */
	const char *want[4];
} cases[] = {
	{ small_page,
	  false,
	  { "is not allocated\n  thread: t[0] on CPU 0 at 20.000 ns\n",
	    "frames: free_unref_page < second", "allocated by: t[0] on CPU 0 at 0.000 ns in",
	    "freed by: t[0] on CPU 0 at 10.000 ns in free_unref_page < first" } },
	{ large_page,
	  false,
	  { "is not allocated\n  thread: t[0] on CPU 0 at 20.000 ns\n",
	    "frames: free_unref_page < second", "allocated by: t[0] on CPU 0 at 0.000 ns in",
	    "freed by: t[0] on CPU 0 at 10.000 ns in free_unref_page < first" } },
	{ page_of_list,
	  true,
	  { "double free of page ", "frames: free_unref_page", "allocated by: t[0]",
	    "freed by: t[0]" } },
	{ object,
	  true,
	  { "double free of object ", "frames: second", "allocated by: t[0]", "freed by: t[0]" } },
};

START_TEST(double_free)
{
	struct mem *w = mem_new(machine_builtin("ideal-4"), 64 * MIB, _i % 2);
	u32 i = (u32)_i / 2;

#ifdef MMSIM_DEBUG
	const u32 lines = 4;
#else
	const u32 lines = 2;

	/* it would go on with a broken list */
	if (cases[i].debug) {
		mem_free(w);
		return;
	}
#endif
	exact_task(&w->e, 0, 0, cases[i].body);
	ck_assert_int_eq(sim_run(w->e.sim, TIME_MAX), SIM_FAILED);
	for (u32 l = 0; l < lines; l++)
		ck_assert_msg(strstr(sim_report(w->e.sim), cases[i].want[l]), "no '%s' in %s",
			      cases[i].want[l], sim_report(w->e.sim));
	mem_free(w);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("alloc_debug");
	TCase *tc = tcase_create("double free");

	tcase_add_loop_test(tc, double_free, 0, 2 * ARRAY_SIZE(cases));
	suite_add_tcase(s, tc);
	return check_run(s, CK_ENV);
}
