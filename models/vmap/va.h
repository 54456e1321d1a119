/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vmap_area objects and the two kinds of tree they live in (reference vmap.md
 * 1.1, 1.2). Objects are named by a 32-bit index, so that a node with both its
 * tree and list links, its cache line and its address range fits into one cache
 * line of the host; index 0 is "none".
 *
 * A tree is a red-black tree plus an address-sorted list through the same nodes.
 * Augmented trees also keep the largest size of each subtree. Every node that is
 * looked at or changed is put on a walk and charged by va_end(); with no task
 * (boot, oracle tests) nothing is charged.
 */
#ifndef MMSIM_MODELS_VMAP_VA_H
#define MMSIM_MODELS_VMAP_VA_H

#ifdef MMSIM_DEBUG
#include <stdlib.h>
#endif

#include "sim/mm/slab.h"

/* Where an object is; exactly one at a time (invariant I2). */
enum va_state {
	VA_UNUSED, /* in the slab cache, or a preload slot */
	VA_FREE, /* in the free tree */
	VA_BUSY, /* in a busy tree */
	VA_LAZY, /* in a lazy tree or on a purge list */
	VA_POOL, /* in a pool of a node */
	VA_TRANSIT, /* in the hands of one task */
};

/* Addresses and sizes count pages. Guarded by the lock of the tree or list it is in. */
struct vmap_area {
	u64 start;
	u32 size;
	union {
		u32 max; /* augmented: largest size in the subtree */
		u32 pages; /* busy: first of its pages, by who allocated or unlinked it */
	};
	u32 child[2];
	u32 parent; /* index << 1 | red */
	u32 prev, next; /* tree's list, or pool, or private list */
	u32 flags; /* (node id + 1) << 8, state << 24 */
	u32 array; /* area that holds the page array if that was vmalloc'ed */
	struct gline line;
};

_Static_assert(sizeof(struct vmap_area) == 64, "one line per tree node");

#define VA_MAX (1u << 26)

/* All objects, in address space reserved for VA_MAX of them; they never move. */
struct va_store {
	struct kmem_cache *cache; /* NULL: objects without a kernel (tests) */
	void *map; /* of the host */
	struct vmap_area *area; /* by index */
	u32 nr; /* indexes 1..nr exist */
	u32 mapped; /* objects that have memory behind them */
	u32 spare; /* list of objects freed without a task */
};

struct va_tree {
	struct va_store *store;
	u32 root, first, last;
	u32 nr;
	bool augmented;
#ifdef MMSIM_DEBUG
	const struct spinlock
		*guard; /* to be held by whoever passes over it; NULL: nobody else can */
#endif
};

/* The tree is guarded by @l from now on: each pass of a task checks that. */
static inline void va_tree_guarded_by(struct va_tree *tree, const struct spinlock *l)
{
#ifdef MMSIM_DEBUG
	tree->guard = l;
#else
	(void)tree;
	(void)l;
#endif
}

/* Cost of one pass over areas. */
struct va_walk {
	struct task *t; /* NULL: free of charge */
	struct walk w;
};

static inline struct vmap_area *va_get(const struct va_store *s, u32 i)
{
	return &s->area[i];
}

static inline u64 va_end_page(const struct vmap_area *va)
{
	return va->start + va->size;
}

static inline enum va_state va_state(const struct vmap_area *va)
{
	return (enum va_state)(va->flags >> 24);
}

/* Invariant I2: may an object go from one state to the other? */
bool va_move_is_legal(enum va_state from, enum va_state to);

static inline void va_set_state(struct vmap_area *va, enum va_state st)
{
#ifdef MMSIM_DEBUG
	if (!va_move_is_legal(va_state(va), st))
		abort();
#endif
	va->flags = (va->flags & 0xffffff) | (u32)st << 24;
}

/* Node id kept in the flags; -1 if there is none. */
static inline s32 va_node_id(const struct vmap_area *va)
{
	return (s32)(va->flags >> 8 & 0xffff) - 1;
}

static inline void va_set_node_id(struct vmap_area *va, s32 id)
{
	va->flags = (va->flags & 0xff0000ff) | (u32)(id + 1) << 8;
}

/* Look at a node. */
static inline void va_read(struct va_walk *w, struct vmap_area *va)
{
	if (!w->t)
		return;
	walk_read(w->t, &va->line, &w->w);
	w->w.work += cost(w->t, MK_TREE_NODE);
}

/* Load a field of a node that the walk does not stop at (a colour, a subtree's size). */
static inline void va_look(struct va_walk *w, struct vmap_area *va)
{
	if (w->t)
		walk_read(w->t, &va->line, &w->w);
}

/* Change a node. */
static inline void va_write(struct va_walk *w, struct vmap_area *va)
{
	if (w->t)
		walk_write(w->t, &va->line, &w->w);
}

/* Spend what the walk has gathered. */
static inline void va_end(struct va_walk *w)
{
	if (w->t)
		walk_end(w->t, &w->w);
}

/* Objects. @k may be NULL. Returns 0 or -ENOMEM. */
int va_store_init(struct va_store *s, struct kern *k, u32 object_size);
void va_store_destroy(struct va_store *s);
/* An unused object; 0 if out of memory. No spin lock held. */
u32 va_alloc(struct va_store *s, struct task *t);
void va_free(struct va_store *s, struct task *t, u32 i);
/* After a section that freed objects. */
void va_trim(struct va_store *s, struct task *t);

void va_tree_init(struct va_tree *tree, struct va_store *s, bool augmented);

void va_erase(struct va_tree *tree, struct va_walk *w, u32 i);
/* Bring the subtree sizes above @i up to date after it changed. */
void va_propagate(struct va_tree *tree, struct va_walk *w, u32 i);
/* The area that contains page @addr, or 0. */
u32 va_find(struct va_tree *tree, struct va_walk *w, u64 addr);

/* Insert without merging; false on overlap. */
bool va_insert(struct va_tree *tree, struct va_walk *w, u32 i);

/*
 * Merge with the neighbours or insert; objects that merging makes superfluous go
 * to the slab. Returns the area that now covers it, 0 on overlap.
 */
u32 va_merge_or_add(struct va_tree *tree, struct va_walk *w, u32 i);

/* Order, colours, list and subtree sizes of the whole tree; NULL or what is wrong. */
const char *va_tree_check(const struct va_tree *tree);

#endif
