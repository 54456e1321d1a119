/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who pays for kernel objects: obj_cgroup of mm/memcontrol.c and the hooks of mm/slub.c,
 * 6.12. An object is charged by bytes, with 8 more for the pointer that says whose it is, from
 * a stock of bytes per CPU, which is filled by pages charged to the memory cgroup.
 *
 * Objects do not keep a memory cgroup: when it goes offline, its obj_cgroup is reparented,
 * and the pages charged through it are its parent's. The obj_cgroup lingers until the last of its
 * objects is freed.
 */
#ifndef MMSIM_MM_OBJCG_H
#define MMSIM_MM_OBJCG_H

#include "sim/kern/atomic.h"
#include "sim/mm/memcg.h"
#include "sim/mm/slab.h"

struct slab;

/* All open state. */
struct obj_cgroup {
	struct mem_cgroup *memcg;
	struct list_head list; /* on memcg->objcgs */
	u32 index;
	s64 refs; /* objects, stocks, and the memcg's own until it is offline */
	bool dead; /* the memcg has dropped its own: refcnt is an atomic from now on */
	bool released;
	struct atomic_counter nr_charged_bytes; /* left over from stocks, charged already */
};

/* Part of memcg_stock_pcp. */
struct obj_stock {
	struct obj_cgroup *cached; /* open state; only its CPU changes it */
	u32 nr_bytes; /* private to its CPU */
};

struct objcg_state {
	struct obj_cgroup **all; /* by index */
	u32 nr, cap;
	struct list_head unused; /* released ones */
	struct obj_stock *stock; /* per CPU */
};

#define OBJ_EXT_BYTES 8u /* struct slabobj_ext, one an object */

/* For memcg_new(), memcg_free(). */
int objcg_init(struct memcg_state *ms);
void objcg_destroy(struct memcg_state *ms);

/*
 * Before an allocation from @c: charge one object to @memcg. *@objcg is NULL if nobody pays.
 * False if the charge failed.
 */
bool memcg_slab_pre_alloc(struct task *t, struct kmem_cache *c, struct mem_cgroup *memcg,
			  struct obj_cgroup **objcg);
/* After it: @obj is paid for by @objcg; uncharged again if @obj is SLAB_NIL. Returns @obj. */
u32 memcg_slab_post_alloc(struct task *t, struct kmem_cache *c, struct obj_cgroup *objcg, u32 obj);
/* @obj is about to be freed. */
void memcg_slab_free(struct task *t, struct kmem_cache *c, u32 obj);

/* The array of who pays, of a slab; slab.c, slub.c. */
void slab_alloc_exts(struct task *t, struct kmem_cache *c, u32 slab);
void slab_free_exts(struct task *t, struct slab *slab);
/* Room for @cap objects; false when out of memory. */
bool cache_reserve_objcg(struct kmem_cache *c, u32 cap);

/* Whole pages, of kmalloc_large(): who pays is *@payer, 0 for nobody. False if it failed. */
bool memcg_charge_kmem_pages(struct task *t, struct mem_cgroup *memcg, u32 nr, u32 *payer);
void memcg_uncharge_kmem_pages(struct task *t, u32 payer, u32 nr);

/* The memcg goes offline. */
void memcg_reparent_objcgs(struct memcg_state *ms, struct task *t, struct mem_cgroup *memcg);

/* The CPU's stock of bytes is given back; does it belong to @root or below? */
void drain_obj_stock(struct memcg_state *ms, struct task *t);
bool obj_stock_flush_required(const struct memcg_state *ms, u32 cpu, const struct mem_cgroup *root);

#endif
