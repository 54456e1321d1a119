// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The trees of areas against an oracle that knows nothing of trees: a map of
 * pages (reference vmap.md 6, I1, I7-I9), and the arithmetic of section 1.
 */
#include <check.h>
#include <stdlib.h>

#include "models/vmap/nodes.h"
#include "tests/core/check_main.h"

#define WINDOW 6000u
#define BASE VMAP_START
#define LIVE 400u

struct oracle {
	struct va_store s;
	struct va_tree free, busy;
	u8 used[WINDOW];
	u32 live[LIVE];
	u32 nr;
	u32 spare;
	struct rng r;
};

static void oracle_init(struct oracle *o, u64 seed)
{
	struct va_walk w = { .t = NULL };
	u32 i;

	*o = (struct oracle){ .nr = 0 };
	rng_seed(&o->r, seed, 0, "oracle", 0, RNG_WORKLOAD);
	ck_assert_int_eq(va_store_init(&o->s, NULL, 64), 0);
	va_tree_init(&o->free, &o->s, true);
	va_tree_init(&o->busy, &o->s, false);
	i = va_alloc(&o->s, NULL);
	va_get(&o->s, i)->start = BASE;
	va_get(&o->s, i)->size = WINDOW;
	ck_assert(va_insert(&o->free, &w, i));
}

/* Lowest start of @size free pages, or WINDOW. */
static u32 first_fit(const struct oracle *o, u32 size)
{
	u32 run = 0;

	for (u32 p = 0; p < WINDOW; p++) {
		run = o->used[p] ? 0 : run + 1;
		if (run == size)
			return p + 1 - size;
	}
	return WINDOW;
}

static void oracle_alloc(struct oracle *o)
{
	struct va_walk w = { .t = NULL };
	u32 size = 1 + (u32)rng_below(&o->r, rng_below(&o->r, 4) ? 8 : 300);
	u64 align = rng_below(&o->r, 3) ? 1 : 1ULL << rng_below(&o->r, 10);
	u32 fit = first_fit(o, align > 1 ? size + (u32)align : size);
	u32 f = find_lowest(&o->free, &w, size, align, BASE);
	struct vmap_area *va;
	u64 start;

	if (!f) {
		ck_assert_uint_eq(fit, WINDOW);
		return;
	}
	start = align_up(va_get(&o->s, f)->start, align);
	ck_assert_uint_eq(start & (align - 1), 0);
	if (align == 1)
		ck_assert_uint_eq(start - BASE, fit);
	else if (fit < WINDOW)
		ck_assert_uint_le(start - BASE, align_up(BASE + fit, align) - BASE);
	if (!o->spare)
		o->spare = va_alloc(&o->s, NULL);
	va_clip(&o->free, &w, f, start, size, &o->spare);
	o->live[o->nr] = va_alloc(&o->s, NULL);
	va = va_get(&o->s, o->live[o->nr]);
	va->start = start;
	va->size = size;
	for (u32 p = 0; p < size; p++) {
		ck_assert_uint_eq(o->used[start - BASE + p], 0);
		o->used[start - BASE + p] = 1;
	}
	ck_assert(va_insert(&o->busy, &w, o->live[o->nr++]));
}

static void oracle_free(struct oracle *o)
{
	struct va_walk w = { .t = NULL };
	u32 k = (u32)rng_below(&o->r, o->nr), i = o->live[k];
	struct vmap_area *va = va_get(&o->s, i);

	ck_assert_uint_eq(va_find(&o->busy, &w, va->start), i);
	ck_assert_uint_eq(va_find(&o->busy, &w, va_end_page(va) - 1), i);
	va_erase(&o->busy, &w, i);
	ck_assert_uint_ne(va_find(&o->busy, &w, va->start), i);
	for (u32 p = 0; p < va->size; p++)
		o->used[va->start - BASE + p] = 0;
	o->live[k] = o->live[--o->nr];
	ck_assert(va_merge_or_add(&o->free, &w, i));
}

/* The free list is exactly the maximal runs of unused pages. */
static void oracle_compare(const struct oracle *o)
{
	u32 i = o->free.first;

	ck_assert_ptr_null(va_tree_check(&o->free));
	ck_assert_ptr_null(va_tree_check(&o->busy));
	for (u32 p = 0; p < WINDOW;) {
		u32 end = p;

		while (end < WINDOW && !o->used[end])
			end++;
		if (end > p) {
			ck_assert_uint_ne(i, 0);
			ck_assert_uint_eq(va_get(&o->s, i)->start, BASE + p);
			ck_assert_uint_eq(va_get(&o->s, i)->size, end - p);
			i = va_get(&o->s, i)->next;
		}
		p = end + 1;
	}
	ck_assert_uint_eq(i, 0);
}

/* Sanitizers are slow: as many seeds, but shorter ones. */
#if defined(__SANITIZE_ADDRESS__)
#define STEPS 700
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define STEPS 700
#endif
#endif
#ifndef STEPS
#define STEPS 3000
#endif

START_TEST(trees_match_oracle)
{
	struct oracle *o = malloc(sizeof(*o));

	oracle_init(o, (u64)_i);
	for (u32 step = 0; step < STEPS; step++) {
		u32 bias = step / (STEPS / 6) % 2 ? 35 : 65;

		if (!o->nr || (o->nr < LIVE && rng_below(&o->r, 100) < bias))
			oracle_alloc(o);
		else
			oracle_free(o);
		if (step % 16 == 0)
			oracle_compare(o);
	}
	while (o->nr)
		oracle_free(o);
	oracle_compare(o);
	ck_assert_uint_eq(o->free.nr, 1);
	va_store_destroy(&o->s);
	free(o);
}
END_TEST

START_TEST(overlap_is_refused)
{
	struct va_store s;
	struct va_tree tree;
	struct va_walk w = { .t = NULL };
	u32 a, b;

	ck_assert_int_eq(va_store_init(&s, NULL, 64), 0);
	va_tree_init(&tree, &s, false);
	a = va_alloc(&s, NULL);
	b = va_alloc(&s, NULL);
	*va_get(&s, a) = (struct vmap_area){ .start = 10, .size = 5 };
	*va_get(&s, b) = (struct vmap_area){ .start = 14, .size = 5 };
	ck_assert(va_insert(&tree, &w, a));
	ck_assert(!va_insert(&tree, &w, b));
	ck_assert_uint_eq(va_merge_or_add(&tree, &w, b), 0);
	va_store_destroy(&s);
}
END_TEST

/* A life of an area, by legal moves. */
static const enum va_state life[] = { VA_TRANSIT, VA_BUSY,    VA_TRANSIT, VA_LAZY,
				      VA_POOL,	  VA_TRANSIT, VA_FREE,	  VA_UNUSED };

START_TEST(node_id_survives_flags)
{
	struct vmap_area va = { .flags = 0x3 };

	ck_assert_int_eq(va_node_id(&va), -1);
	for (s32 id = 0; id < 254; id++) {
		va_set_node_id(&va, id);
		for (u32 i = 0; i < ARRAY_SIZE(life); i++) {
			va_set_state(&va, life[i]);
			ck_assert_int_eq(va_node_id(&va), id);
			ck_assert_uint_eq(va_state(&va), life[i]);
			ck_assert_uint_eq(va.flags & 0xff, 0x3);
		}
	}
}
END_TEST

/* I2: free to busy, pool to busy, busy to lazy, lazy to pool or free, pool to free; no other. */
START_TEST(legal_moves)
{
	static const enum va_state bad[][2] = {
		{ VA_FREE, VA_LAZY },	{ VA_FREE, VA_POOL },	{ VA_BUSY, VA_FREE },
		{ VA_BUSY, VA_POOL },	{ VA_BUSY, VA_LAZY },	{ VA_BUSY, VA_UNUSED },
		{ VA_LAZY, VA_BUSY },	{ VA_POOL, VA_LAZY },	{ VA_POOL, VA_BUSY },
		{ VA_POOL, VA_UNUSED }, { VA_UNUSED, VA_BUSY }, { VA_UNUSED, VA_POOL },
		{ VA_UNUSED, VA_LAZY }, { VA_BUSY, VA_BUSY },	{ VA_TRANSIT, VA_TRANSIT },
	};

	for (u32 i = 1; i < ARRAY_SIZE(life); i++)
		ck_assert(va_move_is_legal(life[i - 1], life[i]));
	for (u32 i = 0; i < ARRAY_SIZE(bad); i++)
		ck_assert_msg(!va_move_is_legal(bad[i][0], bad[i][1]), "%u to %u", bad[i][0],
			      bad[i][1]);
}
END_TEST

START_TEST(address_changes_node_every_zone)
{
	struct vmap_node *node = calloc(64, sizeof(*node));
	u64 first = VMAP_START / 16;

	/* a number of nodes that is a power of two, or not */
	for (u32 i = 0; i < 2; i++) {
		struct vmap_nodes vn = { .nr = i ? 48 : 64, .zone_pages = 16, .node = node };

		for (u64 k = 0; k < 300; k++) {
			struct vmap_node *want = &node[(first + k) % vn.nr];

			ck_assert_ptr_eq(addr_to_node(&vn, VMAP_START + 16 * k), want);
			ck_assert_ptr_eq(addr_to_node(&vn, VMAP_START + 16 * k + 15), want);
		}
	}
	free(node);
}
END_TEST

START_TEST(helpers_of_a_drain)
{
	ck_assert_uint_eq(vmap_nr_helpers(3500, 1000, 10), 2);
	ck_assert_uint_eq(vmap_nr_helpers(999, 1000, 10), 0);
	ck_assert_uint_eq(vmap_nr_helpers(1999, 1000, 10), 0);
	ck_assert_uint_eq(vmap_nr_helpers(2000, 1000, 10), 1);
	ck_assert_uint_eq(vmap_nr_helpers(1000000, 1000, 10), 9);
	ck_assert_uint_eq(vmap_nr_helpers(1000000, 1000, 1), 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("vmap trees");
	TCase *tc = tcase_create("trees");

	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, trees_match_oracle, 0, 60);
	tcase_add_test(tc, overlap_is_refused);
	tcase_add_test(tc, node_id_survives_flags);
	tcase_add_test(tc, address_changes_node_every_zone);
	tcase_add_test(tc, helpers_of_a_drain);
	tcase_add_test(tc, legal_moves);
	suite_add_tcase(s, tc);
	return check_run(s, CK_ENV);
}
