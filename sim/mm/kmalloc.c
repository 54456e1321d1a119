// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * kmalloc: caches of 13 sizes and three types, larger objects as pages (6.12's
 * mm/slab_common.c, mm/slub.c). A memory cgroup's objects are of their own caches
 * (kmalloc-cg-*), those of shrinkers (kmalloc-rcl-*) whoever pays. Left out: DMA, random
 * copies, buckets, 3 and 6 byte steps below KMALLOC_MIN_SIZE of other architectures.
 *
 * A handle is the object's number + 1, its cache's above bit 32; or, with bit 62, the first
 * page, and above bit 32 who pays for it.
 */
#include <errno.h>
#include <stdlib.h>

#include "sim/mm/objcg.h"
#include "sim/mm/slab_priv.h"

#define HANDLE_LARGE (1ULL << 62)
#define HANDLE_SHIFT 32

struct kmalloc {
	struct kmem_cache *cache[NR_KMALLOC_TYPES][NR_KMALLOC_CLASSES];
	u32 large_cat; /* of the ledger: objects as they were asked for, in pages */
	u32 pages_cat;
};

static const u32 kmalloc_sizes[NR_KMALLOC_CLASSES] = { 8,   16,	 32,   64,   96,   128, 192,
						       256, 512, 1024, 2048, 4096, 8192 };

#define KMALLOC_NAMES(p)                                                                           \
	{                                                                                          \
		p "8", p "16", p "32", p "64", p "96", p "128", p "192", p "256", p "512", p "1k", \
			p "2k", p "4k", p "8k"                                                     \
	}

static const char *const kmalloc_names[NR_KMALLOC_TYPES][NR_KMALLOC_CLASSES] = {
	[KMALLOC_NORMAL] = KMALLOC_NAMES("kmalloc-"),
	[KMALLOC_CGROUP] = KMALLOC_NAMES("kmalloc-cg-"),
	[KMALLOC_RECLAIM] = KMALLOC_NAMES("kmalloc-rcl-"),
};

static const u32 kmalloc_flags[NR_KMALLOC_TYPES] = {
	[KMALLOC_CGROUP] = SLAB_ACCOUNT,
	[KMALLOC_RECLAIM] = SLAB_RECLAIM_ACCOUNT,
};

static int create_kmalloc_caches(struct kern *k, struct kmalloc *km)
{
	s32 cat;

	for (u32 type = 0; type < NR_KMALLOC_TYPES; type++) {
		for (u32 i = 0; i < NR_KMALLOC_CLASSES; i++) {
			struct kmem_cache_args a = { .size = kmalloc_sizes[i],
						     .flags = kmalloc_flags[type] };

			/* the others are in reports only where they are used */
			if (type != KMALLOC_NORMAL)
				ledger_category_lazy(&k->ledger, kmalloc_names[type][i]);
			km->cache[type][i] = kmem_cache_create_args(k, kmalloc_names[type][i], &a);
			if (!km->cache[type][i])
				return -ENOMEM;
		}
	}
	cat = ledger_category(&k->ledger, "kmalloc-large");
	if (cat < 0)
		return -ENOSPC;
	km->large_cat = (u32)cat;
	km->pages_cat = (u32)ledger_category(&k->ledger, "SUnreclaim");
	return 0;
}

int kmalloc_init(struct kern *k)
{
	int err;

	k->kmalloc = calloc(1, sizeof(*k->kmalloc));
	if (!k->kmalloc)
		return -ENOMEM;
	ledger_category_lazy(&k->ledger, "SReclaimable");
	err = create_kmalloc_caches(k, k->kmalloc);
	if (err)
		kmalloc_destroy(k);
	return err;
}

void kmalloc_destroy(struct kern *k)
{
	if (!k->kmalloc)
		return;
	for (u32 type = 0; type < NR_KMALLOC_TYPES; type++)
		for (u32 i = 0; i < NR_KMALLOC_CLASSES; i++)
			kmem_cache_destroy(k->kmalloc->cache[type][i]);
	free(k->kmalloc);
	k->kmalloc = NULL;
}

/* kmalloc_index(); @size is at most KMALLOC_MAX_CACHE_SIZE. */
static u32 kmalloc_index(u64 size)
{
	u32 i = 0;

	if (size > 192)
		return 63 - (u32)__builtin_clzll(size - 1);
	while (size > kmalloc_sizes[i])
		i++;
	return i;
}

struct kmem_cache *kmalloc_slab(struct kern *k, u64 size, enum kmalloc_type type)
{
	return k->kmalloc->cache[type][kmalloc_index(size)];
}

static u32 large_order(u64 size)
{
	u32 order = 0;

	while (PAGE_SIZE << order < size)
		order++;
	return order;
}

/* ___kmalloc_large_node() */
static u64 kmalloc_large(struct task *t, u64 size, u32 gfp, u32 node, struct mem_cgroup *memcg)
{
	struct kmalloc *km = t->kern->kmalloc;
	u32 order = large_order(size), pfn, payer = 0;

	FRAME(t, "__kmalloc_large_node");

	if (order > MAX_PAGE_ORDER)
		return 0;
	pfn = alloc_pages(t, node, order, gfp & GFP_ZERO, km->pages_cat);
	if (!pfn)
		return 0;
	if (!memcg_charge_kmem_pages(t, memcg, 1u << order, &payer)) {
		free_pages(t, pfn, km->pages_cat);
		return 0;
	}
	ledger_charge(t, km->large_cat, (s64)(PAGE_SIZE << order), 1);
	return HANDLE_LARGE | (u64)payer << HANDLE_SHIFT | pfn;
}

/* kmalloc_type() */
static enum kmalloc_type type_of(u32 gfp, const struct mem_cgroup *memcg)
{
	if (gfp & GFP_RECLAIMABLE)
		return KMALLOC_RECLAIM;
	return memcg ? KMALLOC_CGROUP : KMALLOC_NORMAL;
}

u64 kmalloc_node(struct task *t, u64 size, u32 gfp, u32 node, struct mem_cgroup *memcg)
{
	struct kmalloc *km = t->kern->kmalloc;
	enum kmalloc_type type = type_of(gfp, memcg);
	u32 i, obj;

	FRAME(t, "__kmalloc");

	if (mm_should_fail(t, FAIL_KMALLOC))
		return 0;
	if (unlikely(size > KMALLOC_MAX_CACHE_SIZE))
		return kmalloc_large(t, size, gfp, node, memcg);
	i = kmalloc_index(size);
	obj = slab_alloc_node(t, km->cache[type][i], node, memcg);
	if (obj == SLAB_NIL)
		return 0;
	return (u64)(type * NR_KMALLOC_CLASSES + i) << HANDLE_SHIFT | ((u64)obj + 1);
}

u64 kmalloc(struct task *t, u64 size)
{
	return kmalloc_node(t, size, GFP_KERNEL, NUMA_NO_NODE, NULL);
}

static void kfree_large(struct task *t, u64 handle)
{
	struct kmalloc *km = t->kern->kmalloc;
	u32 pfn = (u32)handle, payer = (u32)((handle & ~HANDLE_LARGE) >> HANDLE_SHIFT);
	s32 order = page_allocated(t, pfn);

	FRAME(t, "free_large_kmalloc");

	if (order < 0)
		sim_fail(t->kern->sim, "kfree: page frame %llu is not allocated", pfn, 0);
	memcg_uncharge_kmem_pages(t, payer, 1u << order);
	ledger_charge(t, km->large_cat, -(s64)(PAGE_SIZE << order), -1);
	free_pages(t, pfn, km->pages_cat);
}

void kfree(struct task *t, u64 handle)
{
	u32 cache = (u32)(handle >> HANDLE_SHIFT);

	FRAME(t, "kfree");

	if (!handle)
		return;
	if (unlikely(handle & HANDLE_LARGE)) {
		kfree_large(t, handle);
		return;
	}
	kmem_cache_free(
		t, t->kern->kmalloc->cache[cache / NR_KMALLOC_CLASSES][cache % NR_KMALLOC_CLASSES],
		(u32)handle - 1);
}

/* Of a counted object: its category and bytes. */
static u32 counted(struct task *t, u64 size, s64 *bytes)
{
	struct kmalloc *km = t->kern->kmalloc;
	struct kmem_cache *c;

	if (unlikely(size > KMALLOC_MAX_CACHE_SIZE)) {
		*bytes = (s64)roundup_u64(size, PAGE_SIZE);
		return km->large_cat;
	}
	c = km->cache[KMALLOC_NORMAL][kmalloc_index(size)];
	*bytes = c->size;
	return c->cat;
}

bool kmalloc_counted(struct task *t, u64 size)
{
	s64 bytes;
	u32 cat = counted(t, size, &bytes);

	FRAME(t, "__kmalloc");

	work(t, cost(t, MK_SLAB_FAST_PAIR) / 2);
	if (mm_should_fail(t, FAIL_KMALLOC))
		return false;
	ledger_charge(t, cat, bytes, 1);
	return true;
}

void kfree_counted(struct task *t, u64 size)
{
	s64 bytes;
	u32 cat = counted(t, size, &bytes);

	FRAME(t, "kfree");

	work(t, cost(t, MK_SLAB_FAST_PAIR) / 2);
	ledger_charge(t, cat, -bytes, -1);
}
