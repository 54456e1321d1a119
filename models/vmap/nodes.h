/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Vmap nodes (reference vmap.md 1.4, 1.5): pools, busy and lazy trees split over
 * up to 128 nodes. Three mappings that must not be mixed: a busy area is in the
 * node of its address, an allocation uses the pool of the node of its CPU, a lazy
 * area goes to the node that allocated it (kept in its flags).
 */
#ifndef MMSIM_MODELS_VMAP_NODES_H
#define MMSIM_MODELS_VMAP_NODES_H

#include "models/vmap/internal.h"

#define POOL_MAX 512 /* pools a node may have */

/* variant->params, in this order. */
enum nodes_param {
	NP_NR_NODES,
	NP_ZONE_PAGES,
	NP_POOL_MAX_PAGES,
	NP_DECAY_SHIFT,
	NP_SMALL_POOL_QUIRK,
	NP_LAZY_NR_BATCHED,
	NP_BUSY_SECTIONS,
	NR_NODES_PARAMS,
};

/* Areas of one size; the first is taken next. Guarded by pool_lock. */
struct vmap_pool {
	u32 first, last, len;
	struct gline line;
};

/* What every operation touches comes first. */
struct vmap_node {
	struct vmap *vm;
	struct lock_line line; /* pool_lock and busy_lock share one */
	struct spinlock pool_lock;
	/*
	 * Bit per pool with an area; read without the lock, so it only changes
	 * synchronised (and under pool_lock).
	 */
	u64 filled[POOL_MAX / 64];

	struct spinlock busy_lock;
	struct va_tree busy; /* guarded by busy_lock */

	struct spinlock lazy_lock;
	/* Guarded by lazy_lock; its turning empty or not is read without, as above. */
	struct va_tree lazy;

	struct vmap_pool pool[POOL_MAX]; /* pool p: areas of p + 1 pages; guarded by pool_lock */
	bool skip_populate; /* guarded by vmap_purge_lock */
	u32 purge_first; /* owned by the drain, or by purge_work while queued */
	bool marked, queued; /* of the drain */
	struct work purge_work;
};

struct vmap_nodes {
	u32 nr;
	u32 zone_pages;
	u32 pool_max; /* 0: no pools */
	s64 p[NR_NODES_PARAMS];
	struct vmap_node *node;
	u32 ledger;
};

/* Number of the stretch of zone_pages, without a division where there is a way round. */
static inline u64 addr_to_zone(const struct vmap_nodes *vn, u64 page)
{
	u32 n = vn->zone_pages;

	return n & (n - 1) ? page / n : page >> __builtin_ctz(n);
}

static inline struct vmap_node *addr_to_node(struct vmap_nodes *vn, u64 page)
{
	u64 zone = addr_to_zone(vn, page);

	return &vn->node[vn->nr & (vn->nr - 1) ? zone % vn->nr : zone & (vn->nr - 1)];
}

/* Node of the CPU the task is on, read without pinning. */
static inline struct vmap_node *this_node(struct vmap_nodes *vn, struct task *t)
{
	return &vn->node[task_cpu(t) % vn->nr];
}

/* pools.c */
/* An area of @size pages from the pool, or 0. @t may be NULL. */
u32 node_pool_del_va(struct vmap_node *n, struct task *t, u32 size, u64 align);
/* True if the pool took it. */
bool node_pool_add_va(struct vmap_node *n, struct task *t, u32 va);
/* Give a share of each pool back to the free tree; everything if @full. */
void decay_va_pool_node(struct vmap_node *n, struct task *t, bool full);

/* node_drain.c */
void nodes_drain(struct vmap *vm, struct task *t);
void nodes_purge_all(struct vmap *vm, struct task *t);
void purge_node_work(struct task *worker, struct work *w);

#endif
