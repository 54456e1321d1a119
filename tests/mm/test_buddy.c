// SPDX-License-Identifier: GPL-2.0-or-later
/* Buddy allocator against a bitmap of its pages: random operations, many seeds, no simulation. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "sim/core/rng.h"
#include "sim/mm/buddy.h"
#include "tests/core/check_main.h"

#define PAGES 10000 /* no multiple of a block */
#define START (3 * BLOCK_PAGES)
#define LIVE 3000

struct oracle {
	struct page_map map;
	struct buddy b;
	u8 used[PAGES];
	struct {
		u32 pfn, order;
	} live[LIVE];
	u32 nr_live;
	u64 nr_used;
	u32 steps, nr_failed;
};

static void oracle_init(struct oracle *o)
{
	memset(o, 0, sizeof(*o));
	ck_assert_int_eq(page_map_init(&o->map, START + PAGES), 0);
	ck_assert_int_eq(buddy_init(&o->b, &o->map, START, PAGES), 0);
	ck_assert_ptr_null(buddy_check(&o->b));
}

static void mark(struct oracle *o, u32 pfn, u32 order, u8 to, u64 seed)
{
	for (u32 i = 0; i < 1u << order; i++) {
		if (o->used[pfn - START + i] == to)
			ck_abort_msg("seed %llu: page %u twice", (unsigned long long)seed, pfn + i);
		o->used[pfn - START + i] = to;
	}
	o->nr_used = to ? o->nr_used + (1u << order) : o->nr_used - (1u << order);
}

/* Does the bitmap have an aligned free range of that order? */
static bool oracle_has(const struct oracle *o, u32 order)
{
	for (u32 pfn = START; pfn + (1u << order) <= START + PAGES; pfn += 1u << order) {
		u32 i = 0;

		while (i < 1u << order && !o->used[pfn - START + i])
			i++;
		if (i == 1u << order)
			return true;
	}
	return false;
}

static void take(struct oracle *o, u32 order, u64 seed)
{
	bool has = buddy_has(&o->b, order);
	u32 pfn = buddy_alloc(&o->b, order, &o->steps);

	if (has != (pfn != 0))
		ck_abort_msg("seed %llu: buddy_has", (unsigned long long)seed);
	if (!pfn) {
		/* a scan of all pages: now and then */
		if (o->nr_failed++ % 64 == 0 && oracle_has(o, order))
			ck_abort_msg("seed %llu: order %u was there", (unsigned long long)seed,
				     order);
		return;
	}
	if (pfn % (1u << order) || pfn < START || pfn + (1u << order) > START + PAGES)
		ck_abort_msg("seed %llu: block %u of order %u", (unsigned long long)seed, pfn,
			     order);
	mark(o, pfn, order, 1, seed);
	o->live[o->nr_live].pfn = pfn;
	o->live[o->nr_live++].order = order;
}

static void drop(struct oracle *o, u32 i, u64 seed)
{
	mark(o, o->live[i].pfn, o->live[i].order, 0, seed);
	buddy_free(&o->b, o->live[i].pfn, o->live[i].order, &o->steps);
	o->live[i] = o->live[--o->nr_live];
}

/* Everything is free: as many blocks of the largest order as fit, the rest in its binary digits. */
static void check_merged(const struct oracle *o, u64 seed)
{
	const struct buddy *b = &o->b;
	u32 fresh = (b->fresh_end - b->fresh) / BLOCK_PAGES;

	ck_assert_msg(b->nr[MAX_PAGE_ORDER] + fresh == PAGES / BLOCK_PAGES, "seed %llu: %u blocks",
		      (unsigned long long)seed, b->nr[MAX_PAGE_ORDER] + fresh);
	for (u32 k = 0; k < MAX_PAGE_ORDER; k++)
		ck_assert_msg(b->nr[k] == (PAGES >> k & 1), "seed %llu: order %u",
			      (unsigned long long)seed, k);
}

/* 24 seeds, 150000 operations each; phases that fill and phases that empty. */
START_TEST(random_operations)
{
	struct oracle *o = malloc(sizeof(*o));
	u64 seed = (u64)_i;
	struct rng r;

	oracle_init(o);
	rng_seed(&r, seed, 0, "buddy", 0, RNG_WORKLOAD);
	for (u32 i = 0; i < 150000; i++) {
		u32 bias = i / 5000 % 2 ? 40 : 60;

		if (rng_below(&r, 100) < bias && o->nr_live < LIVE) {
			u32 order = (u32)rng_below(&r, 4);

			take(o, rng_below(&r, 8) ? order : (u32)rng_below(&r, NR_PAGE_ORDERS),
			     seed);
		} else if (o->nr_live) {
			drop(o, (u32)rng_below(&r, o->nr_live), seed);
		}
		if (o->b.free != PAGES - o->nr_used)
			ck_abort_msg("seed %llu: free pages", (unsigned long long)seed);
		if (i % 10000 == 0)
			ck_assert_ptr_null(buddy_check(&o->b));
	}
	while (o->nr_live)
		drop(o, (u32)rng_below(&r, o->nr_live), seed);
	ck_assert_ptr_null(buddy_check(&o->b));
	check_merged(o, seed);
	page_map_destroy(&o->map);
	free(o);
}
END_TEST

/* One page of a fresh block: ten splits; given back: ten merges. Lower halves come first. */
START_TEST(splits_and_merges)
{
	struct oracle *o = malloc(sizeof(*o));
	u32 a, b;

	oracle_init(o);
	while ((a = buddy_alloc(&o->b, 0, &o->steps)) >= START + PAGES / BLOCK_PAGES * BLOCK_PAGES)
		o->live[o->nr_live++].pfn = a; /* the rest behind the last whole block */
	ck_assert_uint_eq(o->nr_live, PAGES % BLOCK_PAGES);
	ck_assert_uint_eq(a, START);
	o->steps = 0;
	b = buddy_alloc(&o->b, 0, &o->steps);
	ck_assert_uint_eq(b, START + 1);
	ck_assert_uint_eq(o->steps, 0);
	buddy_free(&o->b, a, 0, &o->steps);
	ck_assert_uint_eq(o->steps, 0);
	buddy_free(&o->b, b, 0, &o->steps);
	ck_assert_uint_eq(o->steps, MAX_PAGE_ORDER);
	/* what was given back is handed out before what is untouched */
	o->steps = 0;
	ck_assert_uint_eq(buddy_alloc(&o->b, 1, &o->steps), START);
	ck_assert_uint_eq(o->steps, MAX_PAGE_ORDER - 1);
	page_map_destroy(&o->map);
	free(o);
}
END_TEST

/* A freed block whose parent is likely to merge goes to the tail, another to the head. */
START_TEST(likely_merges_wait)
{
	struct oracle *o = malloc(sizeof(*o));
	u32 first, pfn[8];

	oracle_init(o);
	first = buddy_alloc(&o->b, MAX_PAGE_ORDER, &o->steps);
	ck_assert_uint_eq(first, START);
	while (buddy_alloc(&o->b, 0, &o->steps))
		;
	for (u32 i = 0; i < 8; i++)
		pfn[i] = first + i;
	buddy_free(&o->b, pfn[4], 0, &o->steps);
	buddy_free(&o->b, pfn[2], 0, &o->steps);
	buddy_free(&o->b, pfn[3], 0, &o->steps); /* 2 and 3 are a block of order 1 */
	buddy_free(&o->b, pfn[0], 0, &o->steps); /* its parent's buddy is free: to the tail */
	ck_assert_uint_eq(o->b.list[0].head, pfn[4]);
	ck_assert_uint_eq(o->b.list[0].tail, pfn[0]);
	buddy_free(&o->b, pfn[6], 0, &o->steps); /* 4 and 5 are no block: to the head */
	ck_assert_uint_eq(o->b.list[0].head, pfn[6]);
	ck_assert_ptr_null(buddy_check(&o->b));
	page_map_destroy(&o->map);
	free(o);
}
END_TEST

/* A terabyte takes a table of its blocks and no page until one is handed out. */
START_TEST(untouched_memory_is_free_of_charge)
{
	struct page_map map;
	struct buddy b;
	u32 steps = 0, pages = 1u << 28;

	ck_assert_int_eq(page_map_init(&map, BLOCK_PAGES + (u64)pages), 0);
	ck_assert_int_eq(buddy_init(&b, &map, BLOCK_PAGES, pages), 0);
	ck_assert_ptr_null(map.slabs);
	ck_assert_uint_eq(b.free, pages);
	for (u32 i = 0; i < 16; i++)
		ck_assert_uint_eq(buddy_alloc(&b, MAX_PAGE_ORDER, &steps), BLOCK_PAGES * (i + 1));
	ck_assert_uint_eq(map.nr_spare, 0);
	ck_assert_ptr_null(buddy_check(&b));
	page_map_destroy(&map);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("buddy");
	TCase *tc = tcase_create("buddy");

	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, random_operations, 0, 24);
	tcase_add_test(tc, splits_and_merges);
	tcase_add_test(tc, likely_merges_wait);
	tcase_add_test(tc, untouched_memory_is_free_of_charge);
	suite_add_tcase(s, tc);
	return check_run(s, CK_ENV);
}
