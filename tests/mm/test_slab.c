/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Slab caches: layout of 6.12's kmalloc classes, conservation of objects and pages under random
 * loads of several nodes, who pays for objects, failures. In both engines.
 */
#include <stdlib.h>
#include <string.h>

#include "sim/mm/objcg.h"
#include "sim/mm/slab_priv.h"
#include "tests/core/check_main.h"
#include "tests/kern/exact.h"

#define NR_TASKS 8
#define MAX_HELD 1200
#define SEEDS 60

struct world {
	struct exact e; /* must be first */
	struct mm_state *mm;
	struct kmem_cache *c;
	struct memcg_state *ms;
	struct mem_cgroup *cg;
	u32 held[NR_TASKS][MAX_HELD], nr_held[NR_TASKS]; /* open state */
	u64 big[NR_TASKS];
	u32 live; /* tasks that have not finished */
	u64 digest, fails, n;
	u32 steps;
};

static struct machine *machine_of(u32 nodes, const char *name)
{
	struct machine *m = machine_builtin(name);
	const char *why;
	enum machine_key key;

	machine_set(m, MK_SOCKETS, nodes, TAG_KERNEL, 0, NULL);
	machine_set(m, MK_CORES_PER_LLC, machine_nr_cpus(m) / nodes / nodes, TAG_KERNEL, 0, NULL);
	if (nodes > 1) {
		machine_set(m, MK_XFER_CROSS_SOCKET, 100 * PS_PER_NS, TAG_KERNEL, 0, NULL);
		machine_set(m, MK_LAT_DRAM_REMOTE, 100 * PS_PER_NS, TAG_KERNEL, 0, NULL);
	}
	machine_set(m, MK_RAM, 1LL << 30, TAG_KERNEL, 0, NULL);
	ck_assert_int_eq(machine_complete(m, &why, &key), 0);
	return m;
}

static struct world *world_new(struct machine *m, int engine, u64 seed, u32 size)
{
	struct world *w = calloc(1, sizeof(*w));

	exact_init_on(&w->e, m, engine ? SIM_REFERENCE : SIM_NORMAL);
	w->e.k->seed = seed;
	w->mm = mm_new(w->e.k, false);
	ck_assert_ptr_nonnull(w->mm);
	w->ms = memcg_get(w->e.k);
	w->c = kmem_cache_create(w->e.k, "test_cache", size, 0, NULL, NULL);
	ck_assert_ptr_nonnull(w->c);
	return w;
}

static void world_free(struct world *w)
{
	kmem_cache_destroy(w->c);
	memcg_put(w->ms);
	mm_free(w->mm);
	exact_free(&w->e);
	free(w);
}

static s64 ledger_bytes(struct world *w, const char *name)
{
	return w->e.k->ledger.cat[ledger_category(&w->e.k->ledger, name)].bytes;
}

/* Slab pages of all caches, as /proc/slabinfo would have them. */
static u64 slab_pages(struct world *w, struct kmem_cache *more)
{
	u64 pages = more ? kmem_cache_info(more).pages : 0;

	for (u32 type = 0; type < NR_KMALLOC_TYPES; type++) {
		for (u64 size = 8; size <= KMALLOC_MAX_CACHE_SIZE; size *= 2) {
			pages += kmem_cache_info(kmalloc_slab(w->e.k, size, type)).pages;
			if (size == 64 || size == 128)
				pages +=
					kmem_cache_info(kmalloc_slab(w->e.k, size + size / 2, type))
						.pages;
		}
	}
	return pages;
}

/* layout -------------------------------------------------------------------------------- */

/* Pages and objects of a slab as /proc/slabinfo shows them on machines of 4, 8 and 64 CPUs. */
static const struct {
	u32 size, order[3], objects[3];
} classes[] = {
	{ 8, { 0, 0, 0 }, { 512, 512, 512 } },	{ 16, { 0, 0, 0 }, { 256, 256, 256 } },
	{ 32, { 0, 0, 0 }, { 128, 128, 128 } }, { 64, { 0, 0, 0 }, { 64, 64, 64 } },
	{ 96, { 0, 0, 0 }, { 42, 42, 42 } },	{ 128, { 0, 0, 0 }, { 32, 32, 32 } },
	{ 192, { 0, 0, 1 }, { 21, 21, 42 } },	{ 256, { 0, 1, 1 }, { 16, 32, 32 } },
	{ 512, { 1, 2, 2 }, { 16, 32, 32 } },	{ 1024, { 2, 3, 3 }, { 16, 32, 32 } },
	{ 2048, { 3, 3, 3 }, { 16, 16, 16 } },	{ 4096, { 3, 3, 3 }, { 8, 8, 8 } },
	{ 8192, { 3, 3, 3 }, { 4, 4, 4 } },
};

START_TEST(kmalloc_classes_are_laid_out_as_in_the_kernel)
{
	static const char *const machines[] = { "flat-4", "flat-8", "flat-64" };
	struct world *w = world_new(machine_of(1, machines[_i]), 0, 1, 64);

	for (u32 i = 0; i < ARRAY_SIZE(classes); i++) {
		for (u32 type = 0; type < NR_KMALLOC_TYPES; type++) {
			struct slabinfo s = kmem_cache_info(
				kmalloc_slab(w->e.k, classes[i].size, (enum kmalloc_type)type));

			ck_assert_uint_eq(s.size, classes[i].size);
			ck_assert_uint_eq(s.order, classes[i].order[_i]);
			ck_assert_uint_eq(s.objects, classes[i].objects[_i]);
		}
		/* one byte more is of the next class */
		if (i)
			ck_assert_uint_eq(
				kmem_cache_info(kmalloc_slab(w->e.k, classes[i - 1].size + 1, 0))
					.size,
				classes[i].size);
	}
	world_free(w);
}
END_TEST

START_TEST(caches_follow_alignment_waste_and_limits)
{
	struct world *w = world_new(machine_of(1, "flat-8"), 0, 1, 64);
	/* size, alignment, flags; bytes, order, cpu_partial slabs, min_partial of 6.12 */
	static const u32 cases[][7] = {
		{ 24, 0, 0, 24, 0, 2, 5 },
		{ 24, 0, SLAB_HWCACHE_ALIGN, 32, 0, 2, 5 },
		{ 70, 0, SLAB_HWCACHE_ALIGN, 128, 0, 8, 5 },
		{ 192, 0, 0, 192, 0, 12, 5 },
		{ 1088, 64, 0, 1088, 3, 2, 5 },
		{ 9000, 0, 0, 9000, 3, 4, 6 },
		{ 40000, 0, 0, 40000, 4, 12, 7 },
	};

	for (u32 i = 0; i < ARRAY_SIZE(cases); i++) {
		struct kmem_cache_args a = { .size = cases[i][0],
					     .align = cases[i][1],
					     .flags = cases[i][2] };
		struct kmem_cache *c = kmem_cache_create_args(w->e.k, "layout", &a);
		struct slabinfo s = kmem_cache_info(c);

		ck_assert_uint_eq(s.size, cases[i][3]);
		ck_assert_uint_eq(s.order, cases[i][4]);
		ck_assert_uint_eq(s.cpu_partial_slabs, cases[i][5]);
		ck_assert_uint_eq(s.min_partial, cases[i][6]);
		kmem_cache_destroy(c);
	}
	world_free(w);
}
END_TEST

/* random loads --------------------------------------------------------------------------- */

/* Takes an object away from whoever has some; 0 if nobody does. */
static u32 steal(struct task *t, struct world *w, u32 from)
{
	task_sync(t);
	return w->nr_held[from] ? w->held[from][--w->nr_held[from]] + 1 : 0;
}

static void keep(struct task *t, struct world *w, u32 i, u32 obj)
{
	task_sync(t);
	w->held[i][w->nr_held[i]++] = obj;
	w->digest = w->digest * 31 + obj + task_clock(t);
}

static void alloc_some(struct task *t, struct world *w, u32 i, u32 node)
{
	u32 obj[24], n = 1 + (u32)rng_below(&t->rng[RNG_WORKLOAD], ARRAY_SIZE(obj));

	task_sync(t);
	if (w->nr_held[i] + n > MAX_HELD)
		return;
	if (n % 4 == 0) {
		if (!kmem_cache_alloc_bulk(t, w->c, n, obj))
			return;
		for (u32 k = 0; k < n; k++)
			keep(t, w, i, obj[k]);
		return;
	}
	for (u32 k = 0; k < n; k++) {
		u32 o = kmem_cache_alloc_node(t, w->c, node, n % 3 ? NULL : w->cg);

		if (o != SLAB_NIL)
			keep(t, w, i, o);
	}
}

static void free_some(struct task *t, struct world *w)
{
	struct rng *r = &t->rng[RNG_WORKLOAD];
	u32 from = (u32)rng_below(r, NR_TASKS), n = 1 + (u32)rng_below(r, 40), obj[40], got = 0;
	bool section = rng_below(r, 4) == 0, bulk = rng_below(r, 4) == 0;

	while (n--) {
		u32 o = steal(t, w, from);

		if (o)
			obj[got++] = o - 1;
	}
	if (bulk) {
		kmem_cache_free_bulk(t, w->c, got, obj);
		return;
	}
	if (section)
		spin_lock(t, &w->e.lock);
	while (got)
		kmem_cache_free(t, w->c, obj[--got]);
	if (section) {
		spin_unlock(t, &w->e.lock);
		kmem_cache_trim(t, w->c);
	}
}

static void at_random(struct task *t, void *arg)
{
	struct world *w = arg;
	struct rng *r = &t->rng[RNG_WORKLOAD];
	u32 i = (u32)t->x.proc.index;

	for (u32 k = 0; k < w->steps; k++) {
		u64 what = rng_below(r, 100);

		cond_resched(t);
		if (what < 48)
			alloc_some(t, w, i,
				   what < 40 ? NUMA_NO_NODE : (u32)what % w->e.hw->nr_nodes);
		else if (what < 99)
			free_some(t, w);
		else
			kmem_cache_shrink(t, w->c);
		work_ns(t, rng_below(r, 300));
	}
	task_sync(t);
	w->live--;
}

static u64 held(const struct world *w)
{
	u64 n = 0;

	for (u32 i = 0; i < NR_TASKS; i++)
		n += w->nr_held[i];
	return n;
}

/* All is given back, by one task. */
static void drop_all(struct task *t, void *arg)
{
	struct world *w = arg;

	do {
		task_sleep(t, 100000 * PS_PER_NS);
		task_sync(t);
	} while (w->live);
	w->n = held(w);
	ck_assert_uint_eq(kmem_cache_info(w->c).active_objs, w->n);
	ck_assert_ptr_null(kmem_cache_check(w->c));
	ck_assert_int_eq(ledger_bytes(w, "SUnreclaim"), (s64)(slab_pages(w, w->c) * PAGE_SIZE));
	ck_assert_uint_eq(mm_pages_used(w->mm), slab_pages(w, w->c));
	for (u32 i = 0; i < NR_TASKS; i++)
		for (u32 o; (o = steal(t, w, i));)
			kmem_cache_free(t, w->c, o - 1);
	kmem_cache_shrink(t, w->c);
	/* the arrays of who paid */
	for (u64 size = 8; size <= KMALLOC_MAX_CACHE_SIZE; size *= 2)
		kmem_cache_shrink(t, kmalloc_slab(t->kern, size, KMALLOC_NORMAL));
	kmem_cache_shrink(t, kmalloc_slab(t->kern, 96, KMALLOC_NORMAL));
	kmem_cache_shrink(t, kmalloc_slab(t->kern, 192, KMALLOC_NORMAL));
	drain_all_stock(w->ms, t, w->ms->root);
	task_sleep(t, 10000000 * PS_PER_NS);
	task_sync(t);
	/* what the CPUs' stocks had is with the obj_cgroup, until that is released */
	if (w->cg->objcg)
		ck_assert_int_eq(w->cg->memory.usage.v * (s64)PAGE_SIZE,
				 w->cg->objcg->nr_charged_bytes.v);
	ck_assert_int_eq(mem_cgroup_remove(w->ms, t, w->cg), 0);
	task_sleep(t, 10000000 * PS_PER_NS);
}

static u64 run_at_random(int engine, u64 seed, u64 *pairs)
{
	static const u32 sizes[] = { 8, 64, 192, 700, 2048, 9000 };
	u32 nodes = seed % 2 + 1, size = sizes[seed % ARRAY_SIZE(sizes)];
	struct world *w = world_new(machine_of(nodes, "flat-8"), engine, seed, size);
	u64 digest;

	w->steps = 150;
	w->live = NR_TASKS;
	w->cg = mem_cgroup_create(w->ms, NULL, w->ms->root);
	for (u32 i = 0; i < NR_TASKS; i++)
		exact_task(&w->e, i, seed % 3 ? i : i / 2, at_random);
	exact_task(&w->e, NR_TASKS, 0, drop_all);
	exact_run(&w->e);
	ck_assert_msg(!kmem_cache_check(w->c), "seed %llu: %s", (unsigned long long)seed,
		      kmem_cache_check(w->c));
	ck_assert_msg(!kmem_cache_info(w->c).num_slabs, "seed %llu: slabs are left",
		      (unsigned long long)seed);
	ck_assert_msg(!mm_pages_used(w->mm), "seed %llu: %llu pages are left",
		      (unsigned long long)seed, (unsigned long long)mm_pages_used(w->mm));
	ck_assert_int_eq(ledger_bytes(w, "test_cache"), 0);
	ck_assert_int_eq(ledger_bytes(w, "SUnreclaim"), 0);
	ck_assert_uint_eq(w->ms->nr_online + w->ms->nr_offline, 0);
	/* released at rmdir, its pages went to the stock of that CPU as the root's */
	ck_assert_int_eq(w->ms->root->memory.usage.v, w->ms->stock[0].nr_pages);
	*pairs += w->n;
	digest = w->digest;
	world_free(w);
	return digest;
}

START_TEST(objects_and_pages_are_conserved)
{
	u64 n = 0;

	for (u64 seed = 1; seed <= SEEDS; seed++) {
		u64 a = run_at_random(0, seed, &n), b = run_at_random(1, seed, &n);

		ck_assert_msg(a == b, "seed %llu: engines differ", (unsigned long long)seed);
	}
	ck_assert_uint_gt(n, 0);
}
END_TEST

/* lists ---------------------------------------------------------------------------------- */

/* Costs of one thread on a machine without others: the fast path but for what a slab takes. */
static void alone(struct task *t, void *arg)
{
	struct world *w = arg;
	u32 n = kmem_cache_info(w->c).objects, obj[1024];
	u64 start;

	obj[0] = kmem_cache_alloc(t, w->c);
	start = task_clock(t);
	for (u32 i = 1; i < n; i++)
		obj[i] = kmem_cache_alloc(t, w->c);
	for (u32 i = 0; i < n; i++)
		kmem_cache_free(t, w->c, obj[i]);
	ck_assert_uint_eq(task_clock(t) - start, (2 * n - 1) * cost(t, MK_SLAB_FAST_PAIR) / 2);
	task_sync(t);
	ck_assert_uint_eq(kmem_cache_info(w->c).num_slabs, 1);
	/* the next slab: all of the second is freed again and stays on the CPU's list */
	for (u32 i = 0; i < 2 * n; i++)
		obj[i] = kmem_cache_alloc(t, w->c);
	task_sync(t);
	ck_assert_uint_eq(kmem_cache_info(w->c).num_slabs, 2);
	for (u32 i = 0; i < 2 * n; i++)
		kmem_cache_free(t, w->c, obj[i]);
	task_sync(t);
	ck_assert_uint_eq(w->c->cpu[0].partial_slabs, 1);
	ck_assert_uint_eq(w->c->node[0].nr_partial, 0);
}

START_TEST(one_cpu_runs_on_the_fast_path)
{
	struct world *w = world_new(machine_of(1, "flat-4"), _i, 1, 64);

	exact_task(&w->e, 0, 0, alone);
	exact_run(&w->e);
	ck_assert_ptr_null(kmem_cache_check(w->c));
	world_free(w);
}
END_TEST

/*
 * Every slab is full when the first object of it comes back, so each goes to the CPU's partial
 * list; where that is full it goes to the node. Then all become empty: min_partial stay.
 */
static void fill_and_free(struct task *t, void *arg)
{
	struct world *w = arg;
	struct slabinfo s = kmem_cache_info(w->c);
	u32 slabs = 40, n = slabs * s.objects, *obj = malloc(n * sizeof(*obj));

	for (u32 i = 0; i < n; i++)
		obj[i] = kmem_cache_alloc(t, w->c);
	for (u32 i = 0; i < n - s.objects; i += s.objects)
		kmem_cache_free(t, w->c, obj[i]);
	task_sync(t);
	/* 39 slabs in rounds of cpu_partial_slabs, of which the last one stays with the CPU */
	ck_assert_uint_eq(w->c->cpu[0].partial_slabs, (slabs - 2) % s.cpu_partial_slabs + 1);
	ck_assert_uint_eq(w->c->node[0].nr_partial, slabs - 1 - w->c->cpu[0].partial_slabs);
	for (u32 i = 0; i < n; i++)
		if (i % s.objects || i >= n - s.objects)
			kmem_cache_free(t, w->c, obj[i]);
	task_sync(t);
	/* empty slabs of the node beyond min_partial are gone, the CPU's list is not looked at */
	ck_assert_uint_eq(w->c->node[0].nr_partial, s.min_partial - 1);
	ck_assert_uint_eq(kmem_cache_info(w->c).num_slabs,
			  s.min_partial - 1 + w->c->cpu[0].partial_slabs + 1);
	free(obj);
}

START_TEST(lists_have_the_lengths_of_the_kernel)
{
	struct world *w = world_new(machine_of(1, "flat-4"), _i, 1, 256);

	exact_task(&w->e, 0, 0, fill_and_free);
	exact_run(&w->e);
	ck_assert_ptr_null(kmem_cache_check(w->c));
	world_free(w);
}
END_TEST

static void on_nodes(struct task *t, void *arg)
{
	struct world *w = arg;

	for (u32 i = 0; i < 600; i++) {
		u32 node = i / 100 % 2, obj = kmem_cache_alloc_node(t, w->c, node, NULL);

		ck_assert_uint_eq(slab_at(w->c, slab_of(w->c, obj))->node, node);
	}
	for (u32 i = 0; i < 100; i++) {
		u64 h = kmalloc_node(t, 16384, GFP_KERNEL, i % 2, NULL);

		ck_assert_uint_eq(page_node(w->mm, (u32)h), i % 2);
	}
}

START_TEST(objects_come_from_the_node_asked_for)
{
	struct world *w = world_new(machine_of(2, "flat-8"), _i, 1, 64);

	exact_task(&w->e, 0, 0, on_nodes);
	exact_run(&w->e);
	ck_assert_ptr_null(kmem_cache_check(w->c));
	ck_assert_int_eq(ledger_bytes(w, "kmalloc-large"), 100 * 16384);
	ck_assert_uint_eq(mm_pages_used(w->mm), 400 + slab_pages(w, w->c));
	world_free(w);
}
END_TEST

/* who pays ------------------------------------------------------------------------------- */

/* Charged pages are the objects' bytes, and what stocks have of them and of whole pages. */
static void check_charge(struct task *t, struct world *w, struct mem_cgroup *cg, u64 bytes)
{
	task_sync(t);
	for (u32 i = 0; i < w->e.hw->nr_cpus; i++) {
		if (cg->objcg && w->ms->objcg->stock[i].cached == cg->objcg)
			bytes += w->ms->objcg->stock[i].nr_bytes;
		if (w->ms->stock[i].cached == cg)
			bytes += (u64)w->ms->stock[i].nr_pages * PAGE_SIZE;
	}
	if (cg->objcg)
		bytes += (u64)cg->objcg->nr_charged_bytes.v;
	ck_assert_int_eq(cg->memory.usage.v * (s64)PAGE_SIZE, (s64)bytes);
}

static void pay(struct task *t, void *arg)
{
	struct world *w = arg;
	struct mem_cgroup *cg = w->cg;
	u64 h[1000], bytes = 0, size[1000];

	for (u32 i = 0; i < 1000; i++) {
		size[i] = 1 + rng_below(&t->rng[RNG_WORKLOAD], 12000);
		h[i] = kmalloc_node(t, size[i], i % 5 ? 0 : GFP_RECLAIMABLE, NUMA_NO_NODE, cg);
		ck_assert_uint_ne(h[i], 0);
		if (size[i] > KMALLOC_MAX_CACHE_SIZE)
			bytes += 4 * PAGE_SIZE;
		else
			bytes += kmem_cache_info(kmalloc_slab(t->kern, size[i], 0)).size + 8;
		check_charge(t, w, cg, bytes);
	}
	/* the arrays of who pays are of the plain caches, one a slab */
	ck_assert_int_gt(ledger_bytes(w, "kmalloc-32") + ledger_bytes(w, "kmalloc-64"), 0);
	ck_assert_int_gt(ledger_bytes(w, "kmalloc-cg-1k"), 0);
	ck_assert_int_gt(ledger_bytes(w, "SReclaimable"), 0);
	/* the parent takes over, the cgroup is gone at once */
	ck_assert_int_eq(mem_cgroup_remove(w->ms, t, cg), 0);
	task_sleep(t, 10000000 * PS_PER_NS);
	task_sync(t);
	ck_assert_uint_eq(w->ms->nr_offline, 0);
	ck_assert_uint_ge(w->ms->root->memory.usage.v, (s64)(bytes / PAGE_SIZE));
	for (u32 i = 0; i < 1000; i++)
		kfree(t, h[i]);
	drain_all_stock(w->ms, t, w->ms->root);
	task_sleep(t, 10000000 * PS_PER_NS);
	drain_all_stock(w->ms, t, w->ms->root);
	task_sleep(t, 10000000 * PS_PER_NS);
	ck_assert_int_eq(w->ms->root->memory.usage.v, 0);
	ck_assert_ptr_null(memcg_check(w->ms));
}

START_TEST(a_memcg_pays_for_its_objects_to_the_byte)
{
	struct world *w = world_new(machine_of(1, "flat-4"), _i % 2, (u64)_i, 64);

	w->cg = mem_cgroup_create(w->ms, NULL, w->ms->root);
	exact_task(&w->e, 0, 0, pay);
	exact_run(&w->e);
	world_free(w);
}
END_TEST

static void until_the_limit(struct task *t, void *arg)
{
	struct world *w = arg;
	u64 n = 0;

	while (kmalloc_node(t, 1024, GFP_KERNEL, NUMA_NO_NODE, w->cg))
		n++;
	/* 64 pages hold 254 objects of 1032 bytes; the one that failed is not charged */
	ck_assert_uint_eq(n, 64 * PAGE_SIZE / 1032);
	check_charge(t, w, w->cg, n * 1032);
	task_sync(t);
	ck_assert_uint_eq(kmem_cache_info(kmalloc_slab(t->kern, 1024, KMALLOC_CGROUP)).active_objs,
			  n);
}

START_TEST(memory_max_is_a_limit_of_objects)
{
	struct world *w = world_new(machine_of(1, "flat-4"), _i, 1, 64);

	w->cg = mem_cgroup_create(w->ms, NULL, w->ms->root);
	w->cg->memory.max = 64;
	exact_task(&w->e, 0, 0, until_the_limit);
	exact_run(&w->e);
	world_free(w);
}
END_TEST

/* failures ------------------------------------------------------------------------------- */

static void count_failures(struct task *t, void *arg)
{
	struct world *w = arg;

	for (u32 i = 0; i < 1000; i++) {
		u32 obj = kmem_cache_alloc(t, w->c);

		w->fails += obj == SLAB_NIL;
		w->n += !kmalloc(t, 64);
	}
	task_sync(t);
	ck_assert_uint_eq(kmem_cache_info(w->c).active_objs, 1000 - w->fails);
}

START_TEST(slab_allocations_fail_on_purpose)
{
	struct world *w = world_new(machine_of(1, "flat-4"), _i, 1, 64);
	struct fail_rule rule = { .kinds = FAIL_SLAB, .every = 10, .until = TIME_MAX };

	ck_assert_int_eq(fail_alloc_add(w->mm, &rule), 0);
	exact_task(&w->e, 0, 0, count_failures);
	exact_run(&w->e);
	ck_assert_uint_eq(w->fails, 100);
	ck_assert_uint_eq(w->n, 0);
	world_free(w);
}
END_TEST

/* Without pages there are only the objects of slabs that exist. */
START_TEST(no_pages_no_slabs)
{
	struct world *w = world_new(machine_of(1, "flat-4"), _i, 1, 64);
	struct fail_rule rule = { .kinds = FAIL_PAGES, .every = 1, .until = TIME_MAX, .after = 3 };

	ck_assert_int_eq(fail_alloc_add(w->mm, &rule), 0);
	exact_task(&w->e, 0, 0, count_failures);
	exact_run(&w->e);
	/* kmalloc-64 and the cache take turns: 3 slabs of 64 in all */
	ck_assert_uint_eq(w->fails + w->n, 2000 - 3 * 64);
	ck_assert_uint_eq(mm_pages_used(w->mm), 3);
	world_free(w);
}
END_TEST

static void slab_case(TCase *tc)
{
	tcase_add_loop_test(tc, kmalloc_classes_are_laid_out_as_in_the_kernel, 0, 3);
	tcase_add_test(tc, caches_follow_alignment_waste_and_limits);
	tcase_add_test(tc, objects_and_pages_are_conserved);
	tcase_add_loop_test(tc, one_cpu_runs_on_the_fast_path, 0, 2);
	tcase_add_loop_test(tc, lists_have_the_lengths_of_the_kernel, 0, 2);
	tcase_add_loop_test(tc, objects_come_from_the_node_asked_for, 0, 2);
	tcase_add_loop_test(tc, a_memcg_pays_for_its_objects_to_the_byte, 0, 6);
	tcase_add_loop_test(tc, memory_max_is_a_limit_of_objects, 0, 2);
	tcase_add_loop_test(tc, slab_allocations_fail_on_purpose, 0, 2);
	tcase_add_loop_test(tc, no_pages_no_slabs, 0, 2);
}

int main(void)
{
	Suite *s = suite_create("slab");
	TCase *tc = tcase_create("slab");

	tcase_set_timeout(tc, 300);
	slab_case(tc);
	suite_add_tcase(s, tc);
	return check_run(s, CK_ENV);
}
