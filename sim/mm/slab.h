/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Slab caches (SLUB fast path): per-CPU free lists, refill and flush of whole
 * batches under a list lock, remote frees (reference machine.md 1.6, vmap.md
 * section 0 item 6). Objects are identified by a dense index, so that a model can
 * keep real objects in an array; kmalloc classes only count.
 *
 * An object freed on a CPU other than the one whose slab it came from costs a
 * remote free but joins the freeing CPU's list: who holds which slab is not
 * followed. Lists exchange batches of one slab's objects through the cache's
 * partial list.
 */
#ifndef MMSIM_MM_SLAB_H
#define MMSIM_MM_SLAB_H

#include "sim/kern/spinlock.h"
#include "sim/mm/page_alloc.h"

struct kmem_cache;

/**
 * kmem_cache_create - a cache of identified objects
 * @k: kernel
 * @name: as in /proc/slabinfo; also the ledger category; not copied
 * @size: bytes of an object
 * @max: most objects that may ever exist
 * @grow: told when indexes up to @nr exist (to size the model's array); may be
 *	NULL; returns false when out of memory
 * @arg: for @grow
 *
 * Returns NULL when out of memory. Owned by the caller.
 */
struct kmem_cache *kmem_cache_create(struct kern *k, const char *name, u32 size, u32 max,
				     bool (*grow)(void *arg, u32 nr), void *arg);
void kmem_cache_destroy(struct kmem_cache *c);

#define SLAB_NIL UINT32_MAX

/* Allocate; returns the object's index or SLAB_NIL. May take the list lock: no spin lock held. */
u32 kmem_cache_alloc(struct task *t, struct kmem_cache *c);

/*
 * Free. Inside a spin lock section the object stays on the CPU's list however
 * long it grows; call kmem_cache_trim() after the section.
 */
void kmem_cache_free(struct task *t, struct kmem_cache *c, u32 obj);

/* Give surplus objects of the CPU's list back to the partial list; no spin lock held. */
void kmem_cache_trim(struct task *t, struct kmem_cache *c);

/* Take objects without cost, before the run starts. */
u32 kmem_cache_boot_alloc(struct kmem_cache *c);

/* Register the ledger categories of kmalloc; called by mm_new(). Returns 0 or -ENOSPC. */
int kmalloc_init(struct kern *k);

/*
 * kmalloc of @size bytes (rounded to its class) / kfree: cost and ledger "kmalloc-N" only.
 * False if failure injection says so.
 */
bool kmalloc(struct task *t, u64 size);
void kfree(struct task *t, u64 size);

#endif
