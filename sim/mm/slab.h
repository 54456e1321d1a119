/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Slab caches as mm/slub.c of 6.12: slabs of 2^order pages from the page allocator, a
 * lockless free list of the CPU's slab, a list of partial slabs per CPU and one per node
 * under n->list_lock, frees to other slabs by compare-exchange on the slab's line, empty
 * slabs given back beyond min_partial. Objects are identified by a dense index, so that a
 * model can keep real objects in an array. Costs: reference machine.md 1.6.
 *
 * Ledger: a cache's category (its name, as in /proc/slabinfo) holds the objects in use;
 * the pages of all slabs are in SUnreclaim or SReclaimable, as in /proc/meminfo, so the one is
 * contained in the other.
 *
 * Files: slab.c (caches, fast paths), slub.c (slow paths), kmalloc.c, objcg.c (who pays).
 */
#ifndef MMSIM_MM_SLAB_H
#define MMSIM_MM_SLAB_H

#include "sim/kern/spinlock.h"
#include "sim/mm/page_alloc.h"

struct kmem_cache;
struct mem_cgroup;

#define SLAB_HWCACHE_ALIGN 1u /* objects begin on cache lines, small ones on parts of one */
#define SLAB_RECLAIM_ACCOUNT 2u /* pages are SReclaimable */
#define SLAB_ACCOUNT 4u /* slabs are made with the array of who pays for their objects */

#define SLAB_NIL UINT32_MAX

struct kmem_cache_args {
	u32 size; /* bytes of an object */
	u32 align; /* of objects, a power of two; 0: of a pointer */
	u32 flags; /* SLAB_* */
	u32 max; /* most objects that may ever exist; 0: no limit */
	/* told when indexes up to @nr exist, to size a model's array; may be NULL; false: no memory */
	bool (*grow)(void *arg, u32 nr);
	void *arg;
};

/**
 * kmem_cache_create_args - a cache of identified objects
 * @name: as in /proc/slabinfo; also the ledger category; not copied
 * @args: copied
 *
 * Returns NULL when out of memory. Owned by the caller.
 */
struct kmem_cache *kmem_cache_create_args(struct kern *k, const char *name,
					  const struct kmem_cache_args *args);

/* The same without alignment and flags. */
struct kmem_cache *kmem_cache_create(struct kern *k, const char *name, u32 size, u32 max,
				     bool (*grow)(void *arg, u32 nr), void *arg);
void kmem_cache_destroy(struct kmem_cache *c);

/* Allocate; returns the object's index or SLAB_NIL. May take locks: no spin lock held. */
u32 kmem_cache_alloc(struct task *t, struct kmem_cache *c);

/**
 * kmem_cache_alloc_node - the same from a node, paid for by a memory cgroup
 * @node: NUMA_NO_NODE: any, the CPU's preferred
 * @memcg: pays (__GFP_ACCOUNT) unless it is NULL or the root; may reclaim, and sleep
 */
u32 kmem_cache_alloc_node(struct task *t, struct kmem_cache *c, u32 node, struct mem_cgroup *memcg);

/*
 * Free. Inside a spin lock section an object that is not of the CPU's slab is only noted;
 * kmem_cache_trim() after the section hands it to its slab, or the CPU's next slow path does.
 */
void kmem_cache_free(struct task *t, struct kmem_cache *c, u32 obj);
void kmem_cache_trim(struct task *t, struct kmem_cache *c);

/* @n objects in one go, at slab.bulk_pair / 2 each; all of them or, returning false, none. */
bool kmem_cache_alloc_bulk(struct task *t, struct kmem_cache *c, u32 n, u32 *obj);
/* Neighbours in @obj that are of one slab go back to it together. No spin lock held. */
void kmem_cache_free_bulk(struct task *t, struct kmem_cache *c, u32 n, const u32 *obj);

/*
 * Give back all empty slabs, those of the CPUs' lists included: each CPU hands over its
 * slabs in a work item, which this waits for.
 */
void kmem_cache_shrink(struct task *t, struct kmem_cache *c);

/* Take objects without cost, before the run starts. */
u32 kmem_cache_boot_alloc(struct kmem_cache *c);

/* The columns of /proc/slabinfo. At the end of a run, or with nobody else about. */
struct slabinfo {
	u32 object_size, size; /* bytes; @size includes alignment */
	u32 objects, order; /* of a full-size slab */
	u64 active_objs, num_objs, num_slabs;
	u64 pages;
	u32 cpu_partial_slabs, min_partial;
};
struct slabinfo kmem_cache_info(const struct kmem_cache *c);

/* Invariants: each object is in one place; NULL or what is wrong. At the end of a run. */
const char *kmem_cache_check(const struct kmem_cache *c);

/* kmalloc ------------------------------------------------------------------------------ */

/* More flags of an allocation. */
#define GFP_RECLAIMABLE 0x10000u /* the object will be freed by a shrinker: KMALLOC_RECLAIM */

#define KMALLOC_MAX_CACHE_SIZE (2 * PAGE_SIZE) /* larger ones are pages */
#define NR_KMALLOC_CLASSES 13

enum kmalloc_type { KMALLOC_NORMAL, KMALLOC_CGROUP, KMALLOC_RECLAIM, NR_KMALLOC_TYPES };

/* Called by mm_new(), mm_free(). Returns 0 or a negative errno. */
int kmalloc_init(struct kern *k);
void kmalloc_destroy(struct kern *k);

/**
 * kmalloc_node - an object of at least @size bytes
 * @gfp: GFP_*
 * @node: NUMA_NO_NODE: any
 * @memcg: who pays, or NULL
 *
 * Returns a handle for kfree(), 0 without memory. No spin lock held.
 */
u64 kmalloc_node(struct task *t, u64 size, u32 gfp, u32 node, struct mem_cgroup *memcg);
u64 kmalloc(struct task *t, u64 size);
void kfree(struct task *t, u64 handle);

/* The class of an object of up to KMALLOC_MAX_CACHE_SIZE bytes. */
struct kmem_cache *kmalloc_slab(struct kern *k, u64 size, enum kmalloc_type type);

/*
 * Objects that are only counted, with the cost of the fast path, for models that keep no
 * handle of them: no slab is behind them. False if failure injection says so.
 */
bool kmalloc_counted(struct task *t, u64 size);
void kfree_counted(struct task *t, u64 size);

#endif
