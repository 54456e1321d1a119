// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Page allocator in simulations, each in both engines: the rules of the per-CPU lists
 * by sequences computed by hand from machine.md 1.6, watermarks, fallback, exhaustion,
 * failure injection, and random loads of all orders against a map of the pages.
 */
#include "tests/core/check_main.h"
#include "tests/mm/mem.h"

/* ---- sizes ---------------------------------------------------------------------- */

START_TEST(sizes_of_zones)
{
	struct zone z;

	zone_size(&z, 262144, 262144, 4); /* 1 GiB */
	ck_assert_int_eq(z.batch, 63);
	ck_assert_uint_eq(z.wmark[WMARK_MIN], 1024); /* sqrt(16 * 2^20 KiB) = 4096 KiB */
	ck_assert_uint_eq(z.wmark[WMARK_LOW], 1024 + 262);
	ck_assert_uint_eq(z.wmark[WMARK_HIGH], 1024 + 2 * 262);
	ck_assert_int_eq(z.high_min, 1286 / 4);
	ck_assert_int_eq(z.high_max, 262144 / 8 / 4);
	zone_size(&z, 16384, 16384, 64); /* 64 MiB */
	ck_assert_int_eq(z.batch, 3);
	ck_assert_uint_eq(z.wmark[WMARK_LOW], 256 + 64);
	ck_assert_int_eq(z.high_min, 4 * 3);
	ck_assert_int_eq(z.high_max, 32);
	zone_size(&z, 16777216, 16777216, 64); /* 64 GiB */
	ck_assert_int_eq(z.batch, 63);
	ck_assert_uint_eq(z.wmark[WMARK_MIN], 8192);
	ck_assert_int_eq(z.high_min, (8192 + 16777) / 64);
}
END_TEST

/* ---- per-CPU lists -------------------------------------------------------------- */

struct refill {
	u32 moved;
	s32 high;
	u32 factor;
};

/* Allocate until the list is empty, refill by refill. */
static void check_refills(struct task *t, struct mem *w, const struct refill *r, u32 n)
{
	struct pcp *p = pcp_of(t, 0);

	for (u32 i = 0; i < n; i++) {
		ck_assert_uint_eq(p->count, 0);
		take(t, w, 1);
		ck_assert_uint_eq(p->count, r[i].moved - 1);
		ck_assert_int_eq(p->high, r[i].high);
		ck_assert_uint_eq(p->alloc_factor, r[i].factor);
		take(t, w, p->count);
	}
}

static void refills_double(struct task *t, void *arg)
{
	static const struct refill r[] = {
		{ 63, 384, 1 },	   { 126, 510, 2 },   { 252, 762, 3 },
		{ 504, 1266, 4 },  { 1008, 2274, 5 }, { 2016, 4290, 5 },
		{ 2016, 6306, 5 }, { 2016, 8192, 5 }, { 2016, 8192, 5 },
	};
	struct mem *w = arg;

	check_refills(t, w, r, ARRAY_SIZE(r));
	drop(t, w, 2);
	ck_assert_uint_eq(pcp_of(t, 0)->alloc_factor, 1);
	ck_assert_uint_eq(pcp_of(t, 0)->free_count, 2);
	take(t, w, 1);
	ck_assert_uint_eq(pcp_of(t, 0)->free_count, 1);
	drop(t, w, w->nr);
}

START_TEST(refill_grows_with_each)
{
	struct mem *w = mem_new(machine_builtin("ideal-4"), 1024 * MIB, _i);

	exact_task(&w->e, 0, 0, refills_double);
	mem_run(w);
	mem_free(w);
}
END_TEST

/* The limit cuts the refill: max(high - count - batch, batch) = 32 - 0 - 3. */
static void refills_cut(struct task *t, void *arg)
{
	static const struct refill r[] = { { 3, 15, 1 },  { 6, 21, 2 },	 { 12, 32, 3 },
					   { 24, 32, 4 }, { 29, 32, 4 }, { 29, 32, 4 } };

	check_refills(t, arg, r, ARRAY_SIZE(r));
}

START_TEST(refill_is_cut)
{
	struct mem *w = mem_new(machine_builtin("ideal-64"), 64 * MIB, _i);

	exact_task(&w->e, 0, 0, refills_cut);
	mem_run(w);
	mem_free(w);
}
END_TEST

static void fill(struct task *t, void *arg)
{
	take(t, arg, 1284);
}

static void check_drain(struct task *t, struct mem *w, u32 frees, u32 back, s32 high)
{
	struct pcp *p = pcp_of(t, 0);
	u64 free;

	drop(t, w, frees - 1);
	free = w->mm->zone[0].buddy.free;
	drop(t, w, 1);
	ck_assert_uint_eq(p->count, 63);
	ck_assert_int_eq(p->high, high);
	ck_assert_uint_eq(w->mm->zone[0].buddy.free - free, back);
}

/* Frees in a row on a CPU that allocated nothing. */
static void drains(struct task *t, void *arg)
{
	struct mem *w = arg;

	work_ns(t, 1000000);
	task_sync(t);
	check_drain(t, w, 321, 258, 321 + 63); /* clamp(321, 63, 321 - 63) */
	check_drain(t, w, 321, 321, 642 + 63); /* clamp(642, 63, 384 - 63) */
	check_drain(t, w, 642, 642, 1284 + 63);
	ck_assert_uint_eq(pcp_of(t, 0)->free_count, 1284);
	take(t, w, 1);
	ck_assert_uint_eq(pcp_of(t, 0)->free_count, 642);
	drop(t, w, 1);
}

START_TEST(drain_grows_with_frees)
{
	struct mem *w = mem_new(machine_builtin("ideal-4"), 1024 * MIB, _i);

	exact_task(&w->e, 0, 0, fill);
	exact_task(&w->e, 1, 1, drains);
	mem_run(w);
	ck_assert_uint_eq(mm_pages_used(w->mm), 0);
	mem_free(w);
}
END_TEST

/* The zone is short: lists shrink to high_min, 80, and give back all but a batch of that. */
static void below_high(struct task *t, void *arg)
{
	struct mem *w = arg;
	struct pcp *p = pcp_of(t, 0);

	while (!p->below_high)
		take(t, w, 1);
	take(t, w, p->count);
	ck_assert_uint_le(w->mm->zone[0].buddy.free, w->mm->zone[0].wmark[WMARK_HIGH]);
	ck_assert_int_gt(p->high, 80);
	drop(t, w, 79);
	ck_assert_uint_eq(p->count, 79);
	ck_assert_int_eq(p->high, 80);
	drop(t, w, 1);
	ck_assert_uint_eq(p->count, 3); /* 80 - clamp(80, 3, 80 - 3) */
	drop(t, w, w->nr);
	ck_assert(!p->below_high);
}

START_TEST(lists_shrink_below_high)
{
	struct mem *w = mem_new(machine_builtin("ideal-4"), 64 * MIB, _i);

	exact_task(&w->e, 0, 0, below_high);
	mem_run(w);
	mem_free(w);
}
END_TEST

static void orders_fill(struct task *t, void *arg)
{
	static const u32 blocks[] = { [1] = 31, [2] = 15, [3] = 7, [9] = 2 };
	struct mem *w = arg;
	struct pcp *p = pcp_of(t, 0);
	u32 before = 0;

	for (u32 order = 1; order <= MAX_PAGE_ORDER; order++) {
		w->page[w->nr] = alloc_pages(t, NUMA_NO_NODE, order, GFP_KERNEL, w->cat);
		ck_assert_int_eq(page_allocated(t, w->page[w->nr]), (s32)order);
		if (pcp_allowed_order(order))
			before += (blocks[order] - 1) << order;
		ck_assert_uint_eq(p->count, before);
		free_pages(t, w->page[w->nr], w->cat);
		/* 512 pages more reach high, 321 + 4 * 63: clamp(516, 63, 573 - 63) go, one block */
		if (order <= PAGE_ALLOC_COSTLY_ORDER)
			before += 1u << order;
		ck_assert_uint_eq(p->count, before);
		ck_assert_int_lt(page_allocated(t, w->page[w->nr]), 0);
	}
	for (u32 i = 0; i < 17; i++)
		w->page[w->nr++] = alloc_pages(t, NUMA_NO_NODE, 3, GFP_KERNEL, w->cat);
}

/* Blocks of order 3, freed in a row: all go back once there are a batch of pages of them. */
static void free_high(struct task *t, void *arg)
{
	struct mem *w = arg;
	struct pcp *p = pcp_of(t, 0);

	work_ns(t, 1000000);
	task_sync(t);
	ck_assert(p->free_high_batch);
	drop(t, w, 8);
	ck_assert_uint_eq(p->count, 64);
	drop(t, w, 1);
	ck_assert_uint_eq(p->count, 0);
	drop(t, w, 7);
	ck_assert_uint_eq(p->count, 56);
	drop(t, w, 1);
	ck_assert_uint_eq(p->count, 0);
	ck_assert_int_eq(p->high, 321);
}

START_TEST(large_orders)
{
	struct mem *w = mem_new(machine_builtin("ideal-4"), 1024 * MIB, _i);

	exact_task(&w->e, 0, 0, orders_fill);
	exact_task(&w->e, 1, 1, free_high);
	mem_run(w);
	ck_assert_uint_eq(mm_pages_used(w->mm), 0);
	mem_free(w);
}
END_TEST

/* ---- the zone lock -------------------------------------------------------------- */

static void one_refill(struct task *t, void *arg)
{
	take(t, arg, 1);
}

/*
 * 63 cold pages: from a block of 1024 down to one of 64, then one split for each page but
 * the last of the 64, which are 63.
 */
START_TEST(hold_time_of_a_refill)
{
	struct mem *w = mem_new(machine_builtin("ideal-4"), 1024 * MIB, _i);
	struct lock_class *c;

	w->e.hw->c[MK_ZONE_HOLD_WARM] = 15 * PS_PER_NS;
	w->e.hw->c[MK_ZONE_HOLD_COLD] = 60 * PS_PER_NS;
	w->e.hw->c[MK_BUDDY_STEP] = 7 * PS_PER_NS;
	exact_task(&w->e, 0, 0, one_refill);
	mem_run(w);
	c = w->mm->zone[0].lock.class;
	ck_assert_uint_eq(c->side[0].acquisitions, 1);
	ck_assert_uint_eq((u64)c->side[0].hold_total, (63 * 60 + (4 + 63) * 7) * PS_PER_NS);
	mem_free(w);
}
END_TEST

/* ---- who gets memory ------------------------------------------------------------ */

static struct machine *four_nodes(void)
{
	enum machine_key twos[] = { MK_SOCKETS, MK_NODES_PER_SOCKET, MK_CORES_PER_LLC };
	enum machine_key zeros[] = { MK_XFER_CROSS_NODE, MK_XFER_CROSS_SOCKET, MK_LAT_DRAM_OTHER,
				     MK_LAT_DRAM_REMOTE };
	struct machine *m = machine_builtin("ideal-8");
	const char *why;
	enum machine_key key;

	for (u32 i = 0; i < ARRAY_SIZE(twos); i++)
		machine_set(m, twos[i], 2, TAG_KERNEL, 0, NULL);
	for (u32 i = 0; i < ARRAY_SIZE(zeros); i++)
		machine_set(m, zeros[i], 0, TAG_KERNEL, 0, NULL);
	ck_assert_int_eq(machine_complete(m, &why, &key), 0);
	return m;
}

/* Takes everything; the order in which zones begin to give, by mark. */
static void exhaust(struct task *t, void *arg)
{
	struct mem *w = arg;
	u32 last = UINT32_MAX, node = t->x.cpu->node;

	for (;;) {
		u32 pfn = alloc_page(t, GFP_KERNEL, w->cat), at;

		if (!pfn)
			break;
		w->page[w->nr++] = pfn;
		at = page_node(w->mm, pfn);
		if (at == last)
			continue;
		if (last != UINT32_MAX && w->nr_fails <= 3)
			ck_assert_uint_le(w->mm->zone[last].buddy.free,
					  w->mm->zone[last].wmark[WMARK_LOW]);
		last = at;
		ck_assert_uint_lt(w->nr_fails, 8);
		w->fails[w->nr_fails++] = at;
	}
	for (u32 i = 0; i < 8; i++)
		ck_assert_uint_eq(w->fails[i], zone_fallback(t->kern->hw, node, i % 4));
	for (u32 n = 0; n < 4; n++)
		ck_assert_uint_le(w->mm->zone[n].buddy.free, w->mm->zone[n].wmark[WMARK_MIN]);
	task_sync(t);
	ck_assert_uint_eq(mm_alloc_failures(w->mm), 1);
	ck_assert_uint_eq(alloc_pages(t, 0, 4, GFP_KERNEL, w->cat), 0);
	drop(t, w, w->nr);
	ck_assert_uint_ne(alloc_pages(t, 3, 10, GFP_KERNEL, w->cat), 0);
}

START_TEST(fallback_and_exhaustion)
{
	static const u8 order[4][4] = {
		{ 0, 1, 2, 3 }, { 1, 0, 2, 3 }, { 2, 3, 0, 1 }, { 3, 2, 0, 1 }
	};
	struct mem *w = mem_new(four_nodes(), 32 * MIB, _i % 2);

	for (u32 n = 0; n < 4; n++)
		for (u32 i = 0; i < 4; i++)
			ck_assert_uint_eq(zone_fallback(w->e.hw, n, i), order[n][i]);
	exact_task(&w->e, 0, (u32)_i / 2 * 2, exhaust);
	mem_run(w);
	ck_assert_uint_eq(mm_alloc_failures(w->mm), 2);
	ck_assert_uint_eq(mm_pages_used(w->mm), 1024);
	mem_free(w);
}
END_TEST

static void free_twice(struct task *t, void *arg)
{
	struct mem *w = arg;
	u32 pfn = alloc_page(t, GFP_KERNEL, w->cat);

	free_pages(t, pfn, w->cat);
	free_pages(t, pfn, w->cat);
}

START_TEST(double_free_fails_the_run)
{
	struct mem *w = mem_new(machine_builtin("ideal-4"), 64 * MIB, _i);

	exact_task(&w->e, 0, 0, free_twice);
	ck_assert_int_eq(sim_run(w->e.sim, TIME_MAX), SIM_FAILED);
	ck_assert_ptr_nonnull(strstr(sim_report(w->e.sim), "is not allocated"));
	mem_free(w);
}
END_TEST

/* ---- failure injection ---------------------------------------------------------- */

/* One allocation each 10 ns, at 0, 10, 20 ...: used[i] says that number i failed. */
static void timed_allocs(struct task *t, void *arg)
{
	struct mem *w = arg;

	for (u32 i = 0; i < 1000; i++) {
		u32 pfn = alloc_page(t, GFP_KERNEL, w->cat);

		w->used[i] = !pfn;
		w->clash += !pfn;
		if (pfn)
			free_pages(t, pfn, w->cat);
		work_ns(t, 10);
	}
}

static void add_rule(struct mem *w, struct fail_rule r)
{
	ck_assert_int_eq(fail_alloc_add(w->mm, &r), 0);
}

START_TEST(every_third_fails)
{
	struct mem *w = mem_new(machine_builtin("ideal-4"), 64 * MIB, _i);

	/* instants 100 to 490 ns are allocations 10 to 49 */
	add_rule(w, (struct fail_rule){ .kinds = FAIL_PAGES,
					.every = 3,
					.after = 4,
					.count = 10,
					.from = 100 * PS_PER_NS,
					.until = 500 * PS_PER_NS });
	add_rule(w, (struct fail_rule){ .kinds = FAIL_KMALLOC | FAIL_SLAB,
					.share = FAIL_SHARE_ONE,
					.until = TIME_MAX });
	exact_task(&w->e, 0, 0, timed_allocs);
	mem_run(w);
	for (u32 i = 0; i < 1000; i++) {
		u32 k = i - 13; /* 14 is the first past `after` */

		ck_assert_uint_eq(w->used[i], i >= 14 && k % 3 == 0 && k <= 30);
	}
	ck_assert_uint_eq(mm_alloc_failures(w->mm), 10);
	mem_free(w);
}
END_TEST

START_TEST(a_share_fails)
{
	struct mem *w = mem_new(machine_builtin("ideal-4"), 64 * MIB, _i);

	add_rule(w, (struct fail_rule){ .kinds = FAIL_ANY, .share = 200, .until = TIME_MAX });
	exact_task(&w->e, 0, 0, timed_allocs);
	mem_run(w);
	/* 1000 draws of 0.2: mean 200, deviation 12.6 */
	ck_assert_uint_gt(w->clash, 140);
	ck_assert_uint_lt(w->clash, 260);
	ck_assert_uint_eq(mm_alloc_failures(w->mm), w->clash);
	mem_free(w);
}
END_TEST

/* ---- random loads ---------------------------------------------------------------- */

struct held {
	u32 pfn, n; /* n: pages of a bulk list, 0: one block */
};

static void note(struct mem *w, u32 pfn, u32 order, u8 to)
{
	for (u32 i = 0; i < 1u << order; i++) {
		w->clash += w->used[pfn + i] == to;
		w->used[pfn + i] = to;
	}
}

static void note_held(struct task *t, struct mem *w, const struct held *h, u8 to)
{
	u32 pfn = h->pfn;

	if (!h->n) {
		note(w, pfn, (u32)page_allocated(t, pfn), to);
		return;
	}
	for (u32 i = 0; i < h->n; i++, pfn = page_of(&w->mm->map, pfn)->next)
		note(w, pfn, 0, to);
}

static struct held random_take(struct task *t, struct mem *w, struct rng *r)
{
	struct page_list list = { 0 };
	struct held h = { 0 };
	u32 order = (u32)rng_below(r, rng_below(r, 10) ? 4 : NR_PAGE_ORDERS);

	if (rng_below(r, 3)) {
		u32 node = (u32)rng_below(r, t->kern->hw->nr_nodes);

		h.pfn = alloc_pages(t, rng_below(r, 4) ? NUMA_NO_NODE : node, order, GFP_ZERO,
				    w->cat);
		return h;
	}
	h.n = alloc_pages_bulk(t, 1 + (u32)rng_below(r, 100), GFP_KERNEL, w->cat, &list);
	h.pfn = list.head;
	return h;
}

static void give(struct task *t, struct mem *w, const struct held *h)
{
	note_held(t, w, h, 0);
	if (!h->n)
		free_pages(t, h->pfn, w->cat);
	else if (h->n % 2)
		free_pages_each(t, h->pfn, h->n, w->cat);
	else
		free_pages_bulk(t, h->pfn, h->n, w->cat);
}

static void random_load(struct task *t, void *arg)
{
	struct mem *w = arg;
	struct rng *r = &t->rng[RNG_WORKLOAD];
	struct held held[120];
	u32 n = 0;

	for (u64 i = 0; i < w->rounds; i++) {
		if (rng_below(r, 100) < (i / 300 % 2 ? 35 : 65) && n < ARRAY_SIZE(held)) {
			held[n] = random_take(t, w, r);
			if (held[n].pfn)
				note_held(t, w, &held[n++], 1);
		} else if (n) {
			u32 j = (u32)rng_below(r, n);

			give(t, w, &held[j]);
			held[j] = held[--n];
		}
		work_ns(t, rng_below(r, 200));
	}
	while (n)
		give(t, w, &held[--n]);
	task_sync(t);
	w->digest = w->digest * 1000003 + task_clock(t) + task_cpu(t);
}

/* Put all per-CPU lists back: then every zone is made of whole blocks again. */
static void check_all_merged(struct mem *w, int seed)
{
	u32 nodes = w->e.hw->nr_nodes, steps = 0;

	for (u32 i = 0; i < w->e.hw->nr_cpus * nodes; i++) {
		struct zone *z = &w->mm->zone[i % nodes];
		u32 pages = 0;

		for (u32 k = 0; k < NR_PCP_LISTS; k++) {
			struct page_list *l = &w->mm->pcp[i].list[k];

			while (l->head) {
				u32 pfn = l->head, order = page_of(&w->mm->map, pfn)->order;

				page_list_del(&w->mm->map, l, pfn);
				page_of(&w->mm->map, pfn)->state = PAGE_NONE;
				buddy_free(&z->buddy, pfn, order, &steps);
				pages += 1u << order;
			}
		}
		ck_assert_msg(pages == w->mm->pcp[i].count, "seed %d: count of lists %u", seed, i);
	}
	for (u32 i = 0; i < nodes; i++) {
		const struct buddy *b = &w->mm->zone[i].buddy;

		ck_assert_ptr_null(buddy_check(b));
		ck_assert_msg(b->free == w->mm->zone[i].managed, "seed %d: pages are lost", seed);
		ck_assert_msg(b->nr[MAX_PAGE_ORDER] * (u64)BLOCK_PAGES + b->fresh_end - b->fresh ==
				      b->free,
			      "seed %d: not merged", seed);
	}
}

static u64 random_world(int seed, int engine)
{
	struct machine *m = seed % 2 ? four_nodes() : machine_builtin("flat-4");
	struct mem *w = mem_new(m, (seed % 3 ? 64 : 16) * MIB, engine);
	u64 digest;

	w->e.k->seed = (u64)seed;
	w->rounds = 1500;
	for (u32 i = 0; i < 6; i++)
		exact_free_task(&w->e, i, i % w->e.hw->nr_cpus, random_load);
	mem_run(w);
	ck_assert_msg(!w->clash, "seed %d: a page was handed out twice", seed);
	ck_assert_msg(!mm_pages_used(w->mm), "seed %d: pages in use", seed);
	ck_assert_int_eq(w->e.k->ledger.cat[w->cat].bytes, 0);
	check_all_merged(w, seed);
	digest = w->digest ^ w->mm->failed << 40;
	mem_free(w);
	return digest;
}

START_TEST(random_loads)
{
	u64 a = random_world(_i, 0), b = random_world(_i, 1);

	ck_assert_msg(a == b, "seed %d: engines differ", _i);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("page_alloc");
	TCase *tc = tcase_create("page_alloc");

	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, sizes_of_zones);
	tcase_add_loop_test(tc, refill_grows_with_each, 0, 2);
	tcase_add_loop_test(tc, refill_is_cut, 0, 2);
	tcase_add_loop_test(tc, drain_grows_with_frees, 0, 2);
	tcase_add_loop_test(tc, lists_shrink_below_high, 0, 2);
	tcase_add_loop_test(tc, large_orders, 0, 2);
	tcase_add_loop_test(tc, hold_time_of_a_refill, 0, 2);
	tcase_add_loop_test(tc, fallback_and_exhaustion, 0, 8);
	tcase_add_loop_test(tc, double_free_fails_the_run, 0, 2);
	tcase_add_loop_test(tc, every_third_fails, 0, 2);
	tcase_add_loop_test(tc, a_share_fails, 0, 2);
	tcase_add_loop_test(tc, random_loads, 0, 30);
	suite_add_tcase(s, tc);
	return check_run(s, CK_ENV);
}
