// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Invariants of reference vmap.md 6 as a user of vmalloc sees them, page by page:
 * areas lie in the window and do not overlap, each with its guard (I1, I9, I10); no
 * address comes back between vfree and the flush after it (I11); an address is freed
 * once (I3); tables are the regions ever mapped (I12); a pair takes the lock sections
 * of section 1 (I13).
 */
#include "tests/vmap/world.h"
#include "tests/core/check_main.h"

#define MAP_PAGES (1u << 19) /* first fit stays low */
#define MAX_LIVE 48

/* Sanitizers are slow. */
#ifdef __SANITIZE_ADDRESS__
#define PAGE_SEEDS 15
#else
#define PAGE_SEEDS 45
#endif

/* What is known of every page, and the regions mapped so far. */
struct map {
	u8 *live; /* of an area, guard included */
	u32 *freed; /* flushes before it was freed, + 1 */
	u8 *pte, *pmd; /* by region */
	u32 seed;
};

static void map_init(struct map *m, int seed)
{
	m->live = calloc(MAP_PAGES, sizeof(*m->live));
	m->freed = calloc(MAP_PAGES, sizeof(*m->freed));
	m->pte = calloc(MAP_PAGES >> 9, 1);
	m->pmd = calloc((MAP_PAGES >> 18) + 1, 1);
	m->seed = (u32)seed;
	ck_assert(m->live && m->freed && m->pte && m->pmd);
}

static void map_free(struct map *m)
{
	free(m->live);
	free(m->freed);
	free(m->pte);
	free(m->pmd);
}

/* @n pages and the guard now belong to an area of their own. */
static void map_take(struct map *m, struct vmap *vm, u64 start, u32 n)
{
	u64 at = start - VMAP_START;

	ck_assert_msg(start >= VMAP_START && at + n + 1 <= VMAP_PAGES, "seed %u: not in the window",
		      m->seed);
	ck_assert_msg(at + n + 1 <= MAP_PAGES, "seed %u: the map of the test is too small",
		      m->seed);
	for (u64 p = at; p <= at + n; p++) {
		ck_assert_msg(!m->live[p], "seed %u: page %llu is given out twice", m->seed,
			      (unsigned long long)p);
		ck_assert_msg(m->freed[p] <= vm->count.flushes,
			      "seed %u: page %llu comes back before a flush", m->seed,
			      (unsigned long long)p);
		m->live[p] = 1;
		if (p == at + n)
			continue; /* the guard is not mapped */
		m->pte[p >> 9] = 1;
		m->pmd[p >> 18] = 1;
	}
}

static void map_give(struct map *m, struct vmap *vm, u64 start, u32 n)
{
	u64 at = start - VMAP_START;

	for (u64 p = at; p <= at + n; p++) {
		m->live[p] = 0;
		m->freed[p] = (u32)vm->count.flushes + 1;
	}
}

static u64 map_tables(const struct map *m)
{
	u64 n = 0;

	for (u32 r = 0; r < MAP_PAGES >> 9; r++)
		n += m->pte[r];
	for (u32 r = 0; r < MAP_PAGES >> 18; r++)
		n += m->pmd[r];
	return n;
}

/* Up to 511 pages: the page array of a larger area is an area that nobody here sees. */
static u32 draw_pages(struct rng *r)
{
	switch (rng_below(r, 8)) {
	case 0:
		return 1 + (u32)rng_below(r, 511);
	case 1:
		return 1 + (u32)rng_below(r, 60);
	default:
		return 1 + (u32)rng_below(r, 3);
	}
}

static void page_body(struct task *t, void *arg)
{
	struct world *w = arg;
	struct map *m = w->priv;
	struct rng *r = &t->rng[RNG_WORKLOAD];
	struct {
		u64 start;
		u32 n;
	} live[MAX_LIVE];
	u32 nr = 0;

	for (u32 i = 0; i < w->steps || nr; i++) {
		u64 align = rng_below(r, 4) ? 1 : 1ULL << rng_below(r, 11);
		u32 k;

		if (i % 32 == 31) /* else a drain waits for the end of the slice */
			task_sleep(t, 10 * PS_PER_US);
		if (i < w->steps && nr < MAX_LIVE && rng_below(r, 100) < 55) {
			live[nr].n = draw_pages(r);
			live[nr].start = vmalloc_page(w->vm, t, live[nr].n, align, GFP_KERNEL);
			task_sync(t);
			ck_assert_uint_eq(live[nr].start % align, 0);
			map_take(m, w->vm, live[nr].start, live[nr].n);
			nr++;
		} else if (nr) {
			k = (u32)rng_below(r, nr);
			task_sync(t);
			map_give(m, w->vm, live[k].start, live[k].n);
			ck_assert_int_eq(vfree_page(w->vm, t, live[k].start), 0);
			live[k] = live[--nr];
		}
	}
	task_sync(t);
	if (--w->live)
		return;
	w->vm->ops->purge_all(w->vm, t);
	task_sync(t);
}

static bool pools_are_empty(const struct vmap *vm)
{
	const struct vmap_nodes *vn = vm->priv;

	for (u32 i = 0; vm->ops == &vmap_nodes_v3_ops && i < vn->nr; i++)
		for (u32 p = 0; p < vn->pool_max; p++)
			if (vn->node[i].pool[p].len)
				return false;
	return true;
}

START_TEST(pages)
{
	enum sim_engine engine = _i % 10 == 9 ? SIM_REFERENCE : SIM_NORMAL;
	struct map m;
	struct world w;
	struct rng r;

	map_init(&m, _i);
	rng_seed(&r, (u64)_i, 0, "pages", 0, RNG_WORKLOAD);
	world_init(&w, _i % 2 ? "flat-4" : "flat-8", variants[_i % 3]);
	w.scale = 64;
	w.steps = 300;
	w.priv = &m;
	set_param(&w, "nr_nodes", 1 + (s64)rng_below(&r, 128));
	set_param(&w, "lazy_nr_batched", _i / 3 % 2);
	set_param(&w, "decay_small_pool_quirk", _i / 6 % 2);
	set_param(&w, "busy_sections", 2 + _i / 12 % 2);
	world_start(&w, engine, (u64)_i);
	for (u32 i = 0; i < 9; i++)
		spawn(&w, i % w.hw->nr_cpus, page_body);
	world_run(&w);
	ck_assert_uint_gt(w.vm->count.flushes, 3);
	ck_assert_msg(w.vm->tables.nr == map_tables(&m),
		      "seed %d: %llu tables, %llu regions mapped", _i,
		      (unsigned long long)w.vm->tables.nr, (unsigned long long)map_tables(&m));
	ck_assert_uint_eq(w.vm->free_tree.nr, 1); /* I14 */
	ck_assert(pools_are_empty(w.vm));
	ck_assert_int_eq(w.vm->lazy_nr.v, 0);
	world_free(&w);
	map_free(&m);
}
END_TEST

/* I3: what is no area, not the start of one, or no longer one. */
static void free_body(struct task *t, void *arg)
{
	struct world *w = arg;
	u64 a = vmalloc_page(w->vm, t, 3, 1, GFP_KERNEL);
	u64 b = vmalloc_page(w->vm, t, 40, 1, GFP_KERNEL);

	ck_assert_int_lt(vfree_page(w->vm, t, b + 100000), 0);
	ck_assert_int_lt(vfree_page(w->vm, t, VMAP_START - 1), 0);
	ck_assert_int_eq(vfree_page(w->vm, t, a), 0);
	ck_assert_int_lt(vfree_page(w->vm, t, a), 0);
	w->vm->ops->purge_all(w->vm, t);
	ck_assert_int_lt(vfree_page(w->vm, t, a), 0);
	ck_assert_int_eq(vfree_page(w->vm, t, b), 0);
	ck_assert_int_lt(vfree_page(w->vm, t, b), 0);
	task_sync(t);
	ck_assert_uint_eq(w->vm->count.pairs, 2);
}

START_TEST(freed_once)
{
	struct world w;

	world_init(&w, "flat-2", variants[_i]);
	world_start(&w, SIM_NORMAL, 1);
	spawn(&w, 0, free_body);
	world_run(&w);
	world_free(&w);
}
END_TEST

/* The same requests again, after a full purge: the same addresses, so no new table (I12). */
static void again_body(struct task *t, void *arg)
{
	struct world *w = arg;
	u64 live[60], before = 0;
	struct rng r;

	for (u32 round = 0; round < 3; round++) {
		rng_seed(&r, 3, 0, "again", 0, RNG_WORKLOAD);
		for (u32 i = 0; i < 60; i++)
			live[i] = vmalloc_page(w->vm, t, draw_pages(&r), 1, GFP_KERNEL);
		for (u32 i = 0; i < 60; i++)
			ck_assert_int_eq(vfree_page(w->vm, t, live[i]), 0);
		w->vm->ops->purge_all(w->vm, t);
		task_sync(t);
		if (round)
			ck_assert_uint_eq(w->vm->tables.nr, before);
		before = w->vm->tables.nr;
	}
	ck_assert_uint_gt(before, 3);
}

START_TEST(tables_of_a_second_run)
{
	struct world w;

	world_init(&w, "flat-2", variants[_i]);
	world_start(&w, SIM_NORMAL, 1);
	spawn(&w, 0, again_body);
	world_run(&w);
	world_free(&w);
}
END_TEST

/* I13: sections a pair, vmap.md 1.3 and 1.4. Drains come on top. */
struct sections {
	u32 variant;
	s64 busy_sections;
	u32 pages;
	u32 busy, lazy, free, pool; /* per pair, without drains */
};

static const struct sections sections[] = {
	{ 0, 0, 1, 5, 1, 1, 0 }, { 1, 0, 1, 3, 1, 1, 0 },   { 2, 3, 1, 3, 1, 0, 1 },
	{ 2, 2, 1, 2, 1, 0, 1 }, { 2, 3, 300, 3, 1, 1, 0 }, { 2, 3, 255, 3, 1, 0, 1 },
};

static u64 taken(struct world *w, const char *name)
{
	for (struct lock_class *c = w->k->lock_stats.first; c; c = c->next)
		if (!strcmp(c->name, name))
			return c->side[0].acquisitions;
	return 0;
}

#define SECTION_PAIRS 20

static void section_body(struct task *t, void *arg)
{
	struct world *w = arg;
	u64 p[SECTION_PAIRS];

	/* fill the pool */
	for (u32 i = 0; i < SECTION_PAIRS; i++)
		p[i] = vmalloc_page(w->vm, t, w->steps, 1, GFP_KERNEL);
	for (u32 i = 0; i < SECTION_PAIRS; i++)
		vfree_page(w->vm, t, p[i]);
	w->vm->ops->drain(w->vm, t);
	task_sync(t);
	kern_begin(w->k, task_clock(t));
	w->vm->base = w->vm->count;
	for (u32 i = 0; i < SECTION_PAIRS; i++)
		vfree_page(w->vm, t, vmalloc_page(w->vm, t, w->steps, 1, GFP_KERNEL));
	task_sync(t);
}

START_TEST(sections_of_a_pair)
{
	const struct sections *c = &sections[_i];
	const char *const *n;
	static const char *const global[] = { "vmap_area_lock", "purge_vmap_area_lock", "none" };
	static const char *const nodes[] = { "vmap_node.busy.lock", "vmap_node.lazy.lock",
					     "vmap_node.pool_lock" };
	struct vmap_counts *v, *base;
	struct world w;

	world_init(&w, "flat-2", variants[c->variant]);
	set_param(&w, "busy_sections", c->busy_sections);
	set_param(&w, "lazy_max_permille", 1000 * 1000);
	w.steps = c->pages;
	world_start(&w, SIM_NORMAL, 1);
	spawn(&w, 0, section_body);
	world_run(&w);
	kern_end(w.k, w.sim->now);
	n = c->variant < 2 ? global : nodes;
	ck_assert_uint_eq(taken(&w, n[0]), c->busy * SECTION_PAIRS);
	ck_assert_uint_eq(taken(&w, n[1]), c->lazy * SECTION_PAIRS);
	ck_assert_uint_eq(taken(&w, n[2]), c->pool * SECTION_PAIRS);
	ck_assert_uint_eq(taken(&w, "free_vmap_area_lock"), c->free * SECTION_PAIRS);
	v = &w.vm->count;
	base = &w.vm->base;
	ck_assert_uint_eq(v->pool_hits - base->pool_hits, c->pool * SECTION_PAIRS);
	ck_assert_uint_eq(v->pool_misses, base->pool_misses); /* too large ones do not count */
	world_free(&w);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("vmap invariants");
	TCase *tc = tcase_create("invariants");

	tcase_set_timeout(tc, 240);
	tcase_add_loop_test(tc, pages, 0, PAGE_SEEDS);
	tcase_add_loop_test(tc, freed_once, 0, 3);
	tcase_add_loop_test(tc, tables_of_a_second_run, 0, 3);
	tcase_add_loop_test(tc, sections_of_a_pair, 0, ARRAY_SIZE(sections));
	suite_add_tcase(s, tc);
	return check_run(s, CK_ENV);
}
