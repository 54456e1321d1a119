// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The designs on a simulated machine: invariants of reference vmap.md 6 after
 * random work, decay, the single node, and both engines against each other.
 */
#include "tests/vmap/world.h"
#include "tests/core/check_main.h"

static u32 draw_size(struct rng *r)
{
	switch (rng_below(r, 10)) {
	case 0:
		return 1 + (u32)rng_below(r, 600);
	case 1:
	case 2:
		return 1 + (u32)rng_below(r, 100);
	default:
		return 1 + (u32)rng_below(r, 4);
	}
}

static void random_body(struct task *t, void *arg)
{
	struct world *w = arg;
	struct rng *r = &t->rng[RNG_WORKLOAD];
	u64 live[64], sum = 0;
	u32 nr = 0;

	for (u32 i = 0; i < w->steps || nr; i++) {
		u64 align = rng_below(r, 5) ? 1 : 1ULL << rng_below(r, 11);
		u32 k;

		if (i < w->steps && nr < 64 && rng_below(r, 100) < 55) {
			u64 p = vmalloc_page(w->vm, t, draw_size(r), align, GFP_KERNEL);

			ck_assert_uint_ne(p, 0);
			ck_assert_uint_eq(p & (align - 1), 0);
			live[nr++] = p;
			sum = sum * 31 + p;
			continue;
		}
		if (!nr)
			continue;
		k = (u32)rng_below(r, nr);
		ck_assert_int_eq(vfree_page(w->vm, t, live[k]), 0);
		live[k] = live[--nr];
	}
	task_sync(t);
	w->digest += sum;
	if (--w->live)
		return;
	/* The last one cleans up: nothing is lazy or pooled afterwards (I14). */
	w->vm->ops->purge_all(w->vm, t);
	task_sync(t);
}

START_TEST(random_work_keeps_invariants)
{
	struct world w;

	world_init(&w, _i % 2 ? "flat-4" : "flat-8", variants[_i % 3]);
	w.scale = 16;
	w.steps = 400;
	if (_i % 5 == 0)
		set_param(&w, "nr_nodes", 3);
	if (_i % 7 == 0)
		set_param(&w, "lazy_nr_batched", 1);
	if (_i % 4 == 0)
		set_param(&w, "busy_sections", 2);
	world_start(&w, SIM_NORMAL, (u64)_i);
	for (u32 i = 0; i < 10; i++)
		spawn(&w, i % w.hw->nr_cpus, random_body);
	world_run(&w);
	ck_assert_uint_eq(w.live, 0);
	/* the drain may wait for the slice of a busy CPU to the end: then only the clean-up flushed */
	ck_assert_uint_gt(w.vm->count.flushes, 0);
	ck_assert_uint_eq(w.vm->free_tree.nr, 1);
	ck_assert_int_eq(w.vm->lazy_nr.v, 0);
	ck_assert_int_eq(w.vm->nr_pages.v, 0);
	world_free(&w);
}
END_TEST

START_TEST(engines_agree)
{
	u64 digest[2], end[2], tables[2], hits[2];

	for (u32 e = 0; e < 2; e++) {
		struct world w;

		world_init(&w, "flat-4", variants[_i % 3]);
		w.scale = 16;
		w.steps = 120;
		world_start(&w, e ? SIM_REFERENCE : SIM_NORMAL, (u64)_i);
		for (u32 i = 0; i < 6; i++)
			spawn(&w, i % 4, random_body);
		world_run(&w);
		digest[e] = w.digest;
		end[e] = w.sim->now;
		tables[e] = w.vm->tables.nr;
		hits[e] = w.vm->count.pool_hits;
		world_free(&w);
	}
	ck_assert_uint_eq(digest[0], digest[1]);
	ck_assert_uint_eq(end[0], end[1]);
	ck_assert_uint_eq(tables[0], tables[1]);
	ck_assert_uint_eq(hits[0], hits[1]);
}
END_TEST

struct decay_case {
	u32 len, left;
	bool quirk;
};

static const struct decay_case decay_cases[] = {
	{ 100, 75, true }, { 5, 4, true },     { 4, 3, true },	{ 3, 0, true },
	{ 1, 0, true },	   { 100, 75, false }, { 5, 4, false }, { 3, 3, false },
};

static u32 pool_len(const struct world *w, u32 size)
{
	const struct vmap_nodes *vn = w->vm->priv;

	return vn->node[0].pool[size - 1].len;
}

static void decay_body(struct task *t, void *arg)
{
	struct world *w = arg;
	u64 p[100];

	for (u32 i = 0; i < w->steps; i++)
		p[i] = vmalloc_page(w->vm, t, 1, 1, GFP_KERNEL);
	for (u32 i = 0; i < w->steps; i++)
		vfree_page(w->vm, t, p[i]);
	w->vm->ops->drain(w->vm, t);
	ck_assert_uint_eq(pool_len(w, 2), w->steps);
	w->vm->ops->drain(w->vm, t);
	w->digest = pool_len(w, 2);
	/* LIFO: the pool is tried first, and no other size */
	ck_assert_uint_eq(w->vm->count.pool_hits, 0);
	p[0] = vmalloc_page(w->vm, t, 1, 1, GFP_KERNEL);
	p[1] = vmalloc_page(w->vm, t, 2, 1, GFP_KERNEL);
	ck_assert_uint_eq(pool_len(w, 2), w->digest ? w->digest - 1 : 0);
	task_sync(t);
	ck_assert_uint_eq(w->vm->count.pool_hits, w->digest ? 1 : 0);
	vfree_page(w->vm, t, p[0]);
	vfree_page(w->vm, t, p[1]);
}

START_TEST(decay_takes_a_quarter)
{
	const struct decay_case *c = &decay_cases[_i];
	struct world w;

	world_init(&w, "flat-2", &vmap_nodes_v3);
	set_param(&w, "decay_small_pool_quirk", c->quirk);
	w.steps = c->len;
	world_start(&w, SIM_NORMAL, 1);
	spawn(&w, 0, decay_body);
	world_run(&w);
	ck_assert_uint_eq(w.digest, c->left);
	world_free(&w);
}
END_TEST

/* Only the first area of the pool is tried; it goes to the end. */
static void rotate_body(struct task *t, void *arg)
{
	struct world *w = arg;
	struct vmap_nodes *vn = w->vm->priv;
	struct vmap_pool *pool = &vn->node[0].pool[1];
	u64 a, b, c;
	u32 second;

	a = vmalloc_page(w->vm, t, 1, 1, GFP_KERNEL);
	b = vmalloc_page(w->vm, t, 2, 1, GFP_KERNEL);
	c = vmalloc_page(w->vm, t, 1, 1, GFP_KERNEL);
	vfree_page(w->vm, t, a);
	vfree_page(w->vm, t, c);
	w->vm->ops->drain(w->vm, t);
	ck_assert_uint_eq(pool->len, 2);
	ck_assert_uint_eq(va_get(&w->vm->store, pool->first)->start, c);
	second = va_get(&w->vm->store, pool->first)->next;
	c = vmalloc_page(w->vm, t, 1, 64, GFP_KERNEL);
	ck_assert_uint_eq(c % 64, 0);
	ck_assert_uint_eq(pool->len, 2);
	ck_assert_uint_eq(pool->first, second);
	vfree_page(w->vm, t, b);
	ck_assert_int_lt(vfree_page(w->vm, t, b), 0);
}

START_TEST(misaligned_head_rotates)
{
	struct world w;

	world_init(&w, "flat-2", &vmap_nodes_v3);
	world_start(&w, SIM_NORMAL, 1);
	spawn(&w, 0, rotate_body);
	world_run(&w);
	world_free(&w);
}
END_TEST

static void single_body(struct task *t, void *arg)
{
	struct world *w = arg;
	struct rng *r = &t->rng[RNG_WORKLOAD];
	u64 live[32] = { 0 };

	for (u32 i = 0; i < 2000; i++) {
		u32 k = (u32)rng_below(r, 32);
		u32 size = draw_size(r);

		if (i % 50 == 0)
			w->vm->ops->purge_all(w->vm, t);
		if (live[k]) {
			vfree_page(w->vm, t, live[k]);
			live[k] = 0;
		} else {
			live[k] = vmalloc_page(w->vm, t, size, 1, GFP_KERNEL);
			w->digest = w->digest * 31 + live[k];
		}
	}
}

/* One node: pools are bypassed and addresses are those of the global design. */
START_TEST(single_node_is_global)
{
	u64 digest[2];

	for (u32 v = 0; v < 2; v++) {
		struct world w;

		world_init(&w, "flat-1", v ? &vmap_nodes_v3 : &vmap_global_6_7);
		set_param(&w, "lazy_max_permille", 1000 * 1000);
		world_start(&w, SIM_NORMAL, (u64)_i);
		spawn(&w, 0, single_body);
		world_run(&w);
		ck_assert_uint_eq(w.vm->count.pool_hits + w.vm->count.pool_misses, 0);
		digest[v] = w.digest;
		world_free(&w);
	}
	ck_assert_uint_eq(digest[0], digest[1]);
}
END_TEST

START_TEST(lazy_limit)
{
	static const struct {
		const char *machine;
		u64 pages;
	} want[] = {
		{ "flat-1", 8192 },   { "flat-8", 32768 },   { "flat-32", 49152 },
		{ "flat-64", 57344 }, { "flat-128", 65536 },
	};

	for (u32 i = 0; i < ARRAY_SIZE(want); i++) {
		struct world w;

		world_init(&w, want[i].machine, &vmap_nodes_v3);
		world_start(&w, SIM_NORMAL, 1);
		ck_assert_uint_eq(w.vm->lazy_max, want[i].pages);
		world_free(&w);
	}
}
END_TEST

/* align_shift_alloc_test: an alignment that fits nowhere purges everything, then fails. */
static void align_shift_body(struct task *t, void *arg)
{
	struct world *w = arg;

	for (u32 i = 0; i < 51; i++) {
		u64 p = vmalloc_page(w->vm, t, 1, 1ULL << i, GFP_ZERO);

		if (!p)
			break;
		ck_assert_uint_eq(p & ((1ULL << i) - 1), 0);
		ck_assert_int_eq(vfree_page(w->vm, t, p), 0);
		w->digest = i;
	}
	task_sync(t);
	/* one for the last success, found only in the tree of one range, one for the failure */
	ck_assert_uint_eq(w->vm->count.flushes, 2);
	ck_assert_int_eq(w->vm->lazy_nr.v, 0);
}

START_TEST(align_shift_fails_at_the_end)
{
	struct world w;

	world_init(&w, "flat-2", variants[_i]);
	world_start(&w, SIM_NORMAL, 1);
	spawn(&w, 0, align_shift_body);
	world_run(&w);
	/* the window starts at 2^31 + 2^28 modulo 2^33 pages and has 2^32 - 2 */
	ck_assert_uint_eq(w.digest, 32);
	ck_assert_uint_eq(w.vm->free_tree.nr, 1);
	world_free(&w);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("vmap model");
	TCase *tc = tcase_create("model");

	tcase_set_timeout(tc, 240);
	tcase_add_loop_test(tc, decay_takes_a_quarter, 0, ARRAY_SIZE(decay_cases));
	tcase_add_test(tc, misaligned_head_rotates);
	tcase_add_test(tc, lazy_limit);
	tcase_add_loop_test(tc, align_shift_fails_at_the_end, 0, 3);
	tcase_add_loop_test(tc, single_node_is_global, 0, 5);
	tcase_add_loop_test(tc, random_work_keeps_invariants, 0, 30);
	tcase_add_loop_test(tc, engines_agree, 0, 9);
	suite_add_tcase(s, tc);
	return check_run(s, CK_ENV);
}
