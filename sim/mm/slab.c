// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Slab caches: their layout and the fast paths; see slab.h. Facts: the kernel's mm/slub.c
 * of 6.12 (calculate_order(), calc_slab_order(), set_cpu_partial(), min_partial); reference
 * machine.md 1.6 (SLUB15), vmap.md section 0 item 6 (remote free). Left out: merging of
 * caches, debug options, randomised free lists, constructors, kfence.
 */
#include "sim/mm/slab.h"

#include <errno.h>
#include <stdlib.h>

#include "sim/kern/cpuhp.h"
#include "sim/mm/alloc_debug.h"
#include "sim/mm/fail_alloc.h"
#include "sim/mm/objcg.h"
#include "sim/mm/slab_priv.h"

#define SLUB_MAX_ORDER PAGE_ALLOC_COSTLY_ORDER
#define MAX_OBJS_PER_PAGE 32767
#define MIN_PARTIAL 5
#define MAX_PARTIAL 10

/* layout -------------------------------------------------------------------------------- */

static u32 fls32(u32 v)
{
	return v ? 32 - (u32)__builtin_clz(v) : 0;
}

static u32 get_order(u64 size)
{
	u32 order = 0;

	while (PAGE_SIZE << order < size)
		order++;
	return order;
}

u32 slab_calculate_order(u32 size, u32 cpus)
{
	u32 max_objects = (u32)max_u64((PAGE_SIZE << SLUB_MAX_ORDER) / size, 1);
	u32 min_objects = min_u32(4 * (fls32(cpus) + 1), max_objects);
	u32 min_order = get_order((u64)min_objects * size);

	if ((PAGE_SIZE << min_order) / size > MAX_OBJS_PER_PAGE)
		return get_order((u64)size * MAX_OBJS_PER_PAGE) - 1;
	/* of the slab, at most 1/16 may be wasted, else 1/8, 1/4, 1/2 */
	for (u32 fraction = 16; fraction > 1; fraction /= 2) {
		for (u32 order = min_order; order <= SLUB_MAX_ORDER; order++) {
			u64 bytes = PAGE_SIZE << order;

			if (bytes % size <= bytes / fraction)
				return order;
		}
	}
	return get_order(size);
}

/* calculate_alignment() */
static u32 cache_align(const struct hw *hw, const struct kmem_cache_args *a)
{
	u32 align = max_u32(a->align, sizeof(void *));

	if (a->flags & SLAB_HWCACHE_ALIGN) {
		u32 ralign = (u32)hw->c[MK_LINE_BYTES];

		while (a->size <= ralign / 2)
			ralign /= 2;
		align = max_u32(align, ralign);
	}
	return align;
}

/* Objects that a CPU's partial slabs may have free, about; set_cpu_partial(). */
static u32 cpu_partial_objects(u32 size)
{
	if (size >= PAGE_SIZE)
		return 6;
	if (size >= 1024)
		return 24;
	return size >= 256 ? 52 : 120;
}

static void cache_layout(struct kmem_cache *c, const struct kmem_cache_args *a)
{
	u32 l;

	c->object_size = a->size;
	c->size = (u32)roundup_u64(a->size, cache_align(c->kern->hw, a));
	c->order = slab_calculate_order(c->size, c->kern->hw->nr_cpus);
	c->min_order = get_order(c->size);
	c->objects = (u32)(PAGE_SIZE << c->order) / c->size;
	/* slabs are half full on average */
	c->cpu_partial_slabs = (2 * cpu_partial_objects(c->size) + c->objects - 1) / c->objects;
	c->min_partial = min_u32(max_u32((fls32(c->size) - 1) / 2, MIN_PARTIAL), MAX_PARTIAL);
	l = fls32(c->objects - 1);
	c->shift = 32 + l;
	c->magic = ((1ULL << c->shift) + c->objects - 1) / c->objects;
	c->max_slabs = (u32)((a->max ? a->max : INT32_MAX) / c->objects);
}

static int cache_init(struct kmem_cache *c)
{
	u32 cpus = c->kern->hw->nr_cpus, nodes = c->kern->hw->nr_nodes;

	c->cpu = calloc(cpus, sizeof(*c->cpu));
	c->node = calloc(nodes, sizeof(*c->node));
	if (!c->cpu || !c->node)
		return -ENOMEM;
	for (u32 i = 0; i < cpus; i++)
		c->cpu[i] = (struct cpu_slab){ SLAB_NIL, SLAB_NIL, SLAB_NIL, 0, SLAB_NIL, 0 };
	for (; c->nr_nodes_inited < nodes; c->nr_nodes_inited++) {
		struct kmem_cache_node *n = &c->node[c->nr_nodes_inited];

		n->head = n->tail = SLAB_NIL;
		if (spin_lock_init(c->kern, &n->list_lock, "&n->list_lock", SPIN_QSPINLOCK))
			return -ENOMEM;
	}
	return 0;
}

struct kmem_cache *kmem_cache_create_args(struct kern *k, const char *name,
					  const struct kmem_cache_args *a)
{
	struct kmem_cache *c = calloc(1, sizeof(*c));
	bool reclaim = a->flags & SLAB_RECLAIM_ACCOUNT;
	s32 cat = ledger_category(&k->ledger, name);
	s32 pages_cat = ledger_category(&k->ledger, reclaim ? "SReclaimable" : "SUnreclaim");

	if (!c || cat < 0 || pages_cat < 0)
		goto fail;
	c->kern = k;
	c->name = name;
	c->flags = a->flags;
	c->cat = (u32)cat;
	c->pages_cat = (u32)pages_cat;
	c->unused = SLAB_NIL;
	c->grow = a->grow;
	c->arg = a->arg;
	cache_layout(c, a);
	if (!cache_init(c)) {
		cpuhp_setup_state(k, &c->cpuhp, slub_cpu_dead, c);
		return c;
	}
fail:
	kmem_cache_destroy(c);
	return NULL;
}

struct kmem_cache *kmem_cache_create(struct kern *k, const char *name, u32 size, u32 max,
				     bool (*grow)(void *arg, u32 nr), void *arg)
{
	struct kmem_cache_args a = { .size = size, .max = max, .grow = grow, .arg = arg };

	return kmem_cache_create_args(k, name, &a);
}

void kmem_cache_destroy(struct kmem_cache *c)
{
	if (!c)
		return;
	cpuhp_remove_state(&c->cpuhp);
	for (u32 i = 0; i < c->nr_nodes_inited; i++)
		spin_lock_destroy(&c->node[i].list_lock);
	for (u32 i = 0; i < c->nr_chunks; i++)
		free(c->chunk[i]);
	free(c->chunk);
	free(c->objcg);
	free(c->flush);
	free(c->node);
	free(c->cpu);
	free(c->next);
	free(c);
}

/* fast paths ---------------------------------------------------------------------------- */

u32 kmem_cache_boot_alloc(struct kmem_cache *c)
{
	u32 obj;

	if (c->cpu[0].freelist == SLAB_NIL && !slab_boot_refill(c))
		return SLAB_NIL;
	obj = obj_pop(c, &c->cpu[0].freelist);
	ledger_commit(&c->kern->ledger, c->cat, c->size, 1, c->kern->sim->now);
	return obj;
}

/* slab_alloc_node() without the cost of the fast path. */
static inline u32 slab_alloc(struct task *t, struct kmem_cache *c, u32 node)
{
	struct cpu_slab *s = &c->cpu[task_cpu(t)];
	u32 obj;

	if (likely(s->freelist != SLAB_NIL) &&
	    (node == NUMA_NO_NODE || slab_at(c, s->slab)->node == node))
		obj = obj_pop(c, &s->freelist);
	else
		obj = slab_alloc_slow(t, c, node);
	if (likely(obj != SLAB_NIL)) {
		ledger_charge(t, c->cat, c->size, 1);
		alloc_debug_alloc(t, c, obj);
	}
	return obj;
}

u32 kmem_cache_alloc(struct task *t, struct kmem_cache *c)
{
	FRAME(t, "kmem_cache_alloc");

	work(t, cost(t, MK_SLAB_FAST_PAIR) / 2);
	if (mm_should_fail(t, FAIL_SLAB))
		return SLAB_NIL;
	return slab_alloc(t, c, NUMA_NO_NODE);
}

u32 slab_alloc_node(struct task *t, struct kmem_cache *c, u32 node, struct mem_cgroup *memcg)
{
	struct obj_cgroup *objcg;
	u32 obj;

	work(t, cost(t, MK_SLAB_FAST_PAIR) / 2);
	if (!memcg_slab_pre_alloc(t, c, memcg, &objcg))
		return SLAB_NIL;
	obj = slab_alloc(t, c, node);
	if (objcg)
		obj = memcg_slab_post_alloc(t, c, objcg, obj);
	return obj;
}

u32 kmem_cache_alloc_node(struct task *t, struct kmem_cache *c, u32 node, struct mem_cgroup *memcg)
{
	FRAME(t, "kmem_cache_alloc_node");

	return mm_should_fail(t, FAIL_SLAB) ? SLAB_NIL : slab_alloc_node(t, c, node, memcg);
}

/* slab_free() of one object, uncharged already. */
static void slab_free(struct task *t, struct kmem_cache *c, u32 obj)
{
	u32 slab = slab_of(c, obj), cpu = task_cpu(t);
	struct cpu_slab *s = &c->cpu[cpu];

	ledger_charge(t, c->cat, -(s64)c->size, -1);
	if (slab == s->slab) {
		work(t, cost(t, MK_SLAB_FAST_PAIR) / 2);
		obj_push(c, &s->freelist, obj);
		return;
	}
	if (!t->x.section) {
		if (unlikely(s->nr_noted))
			kmem_cache_trim(t, c);
		slab_free_slow(t, c, slab, obj, obj, 1, false);
		return;
	}
	if (slab_at(c, slab)->home == cpu)
		work(t, cost(t, MK_SLAB_SLOW_FREE) + cost(t, MK_RMW_LOCAL));
	else
		work(t, cost(t, MK_SLAB_REMOTE_FREE));
	obj_push(c, &s->noted, obj);
	s->nr_noted++;
}

void kmem_cache_free(struct task *t, struct kmem_cache *c, u32 obj)
{
	alloc_debug_free(t, c, obj, "object");
	if (unlikely(c->objcg))
		memcg_slab_free(t, c, obj);
	slab_free(t, c, obj);
}

void kmem_cache_trim(struct task *t, struct kmem_cache *c)
{
	struct cpu_slab *s;

	task_settle(t);
	s = &c->cpu[task_cpu(t)];
	while (s->nr_noted) {
		u32 head = obj_pop(c, &s->noted), tail = head, slab = slab_of(c, head), cnt = 1;

		/* what one section freed to a slab goes back together */
		c->next[head] = SLAB_NIL;
		s->nr_noted--;
		while (s->nr_noted && slab_of(c, s->noted) == slab) {
			obj_push(c, &head, obj_pop(c, &s->noted));
			s->nr_noted--;
			cnt++;
		}
		slab_free_slow(t, c, slab, head, tail, cnt, true);
		s = &c->cpu[task_cpu(t)];
	}
}

bool kmem_cache_alloc_bulk(struct task *t, struct kmem_cache *c, u32 n, u32 *obj)
{
	u32 i;

	FRAME(t, "kmem_cache_alloc_bulk");

	if (mm_should_fail(t, FAIL_SLAB))
		return false;
	for (i = 0; i < n; i++) {
		work(t, cost(t, MK_SLAB_BULK_PAIR) / 2);
		obj[i] = slab_alloc(t, c, NUMA_NO_NODE);
		if (obj[i] == SLAB_NIL)
			break;
	}
	if (i == n)
		return true;
	kmem_cache_free_bulk(t, c, i, obj);
	return false;
}

/* Objects from @obj on that are of the first one's slab. */
static u32 same_slab(const struct kmem_cache *c, u32 n, const u32 *obj)
{
	u32 i = 1;

	while (i < n && slab_of(c, obj[i]) == slab_of(c, obj[0]))
		i++;
	return i;
}

void kmem_cache_free_bulk(struct task *t, struct kmem_cache *c, u32 n, const u32 *obj)
{
	FRAME(t, "kmem_cache_free_bulk");

	for (u32 i = 0; i < n; i++)
		alloc_debug_free(t, c, obj[i], "object");
	for (u32 i = 0; c->objcg && i < n; i++)
		memcg_slab_free(t, c, obj[i]);
	while (n) {
		u32 run = same_slab(c, n, obj), slab = slab_of(c, obj[0]), head = SLAB_NIL;
		struct cpu_slab *s;

		work(t, run * (cost(t, MK_SLAB_BULK_PAIR) / 2));
		ledger_charge(t, c->cat, -(s64)run * c->size, -(s32)run);
		task_settle(t);
		s = &c->cpu[task_cpu(t)];
		for (u32 i = 0; i < run; i++)
			obj_push(c, slab == s->slab ? &s->freelist : &head, obj[i]);
		if (head != SLAB_NIL)
			slab_free_slow(t, c, slab, head, obj[0], run, false);
		obj += run;
		n -= run;
	}
}
