/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The vmalloc address-space allocator (reference vmap.md). vmalloc() reserves a
 * range of addresses, fills it with pages and maps them; vfree() undoes that, but
 * the range only becomes reusable after a TLB flush, which a drain does for many
 * at once.
 *
 *	vmalloc.c	what every design shares: pages, page array, mapping
 *	free_tree.c	the one tree of free ranges, first fit
 *	global.c	up to 6.8: one busy and one lazy tree for the machine
 *	nodes_v3.c	6.9: busy and lazy trees per node, pools.c per CPU, node_drain.c
 *	pagetable.c	which 2 MiB regions have a page table
 *	check.c		the invariants of section 6
 *
 * Left out: huge mappings, vm_map_ram, per-CPU chunks, KASAN shadow, memory
 * pressure. The window is 16 TiB less two pages, so that sizes fit 32 bits.
 */
#ifndef MMSIM_MODELS_VMAP_INTERNAL_H
#define MMSIM_MODELS_VMAP_INTERNAL_H

#include "models/vmap/va.h"
#include "models/vmap/vmap.h"
#include "sim/kern/atomic.h"
#include "sim/kern/ipi.h"
#include "sim/kern/mutex.h"
#include "sim/kern/workqueue.h"

/* vmap.md 1.1: 0xffffc90000000000, in pages. */
#define VMAP_START 0xffffc90000000ULL
#define VMAP_PAGES 0xfffffffeU
/* Bytes and entries of the kernel's page-pointer array, vmap.md 1.3 step 8. */
#define PAGE_PTR_BYTES 8
#define BULK_BATCH 100
/* vmap.md 5; the slab rounds. */
#define VM_STRUCT_BYTES 64
#define VMAP_NODE_BYTES 6272

/* model->params, in this order. */
enum vmap_param {
	VP_INIT_ON_ALLOC,
	VP_CALL_PATH,
	VP_MAP_PAGE,
	VP_UNMAP_PAGE,
	VP_LAZY_WORK,
	VP_PURGE_WORK,
	VP_LAZY_MAX_MULTIPLIER,
	NR_VMAP_PARAMS,
};

struct vmap;

/*
 * One design. Areas are named by index, 0 is failure.
 * @alloc: reserve @size pages, guard included, and make it busy and bound to its vm_struct
 * @unlink: take the busy area that starts at @start out of the busy tree; it stays
 *	private to the task; 0 if there is none
 * @free_noflush: its pages are unmapped: it becomes lazy
 * @purge_all: synchronous full purge
 * @check: invariants of the design; NULL or what is wrong
 */
struct vmap_ops {
	u32 object_size;
	int (*init)(struct vmap *vm, const s64 *params);
	void (*destroy)(struct vmap *vm);
	u32 (*alloc)(struct vmap *vm, struct task *t, u32 size, u64 align);
	u32 (*unlink)(struct vmap *vm, struct task *t, u64 start);
	void (*free_noflush)(struct vmap *vm, struct task *t, u32 va);
	void (*drain)(struct vmap *vm, struct task *t);
	void (*purge_all)(struct vmap *vm, struct task *t);
	const char *(*check)(struct vmap *vm);
};

/* Page tables of the kernel's addresses, pagetable.c. */
struct vmap_tables {
	struct spinlock lock; /* init_mm.page_table_lock */
	/* Open, never undone: time + 1 at which the table came to be; 0: there is none. */
	u64 *pte; /* by 2 MiB region */
	u64 *pmd; /* by 1 GiB region */
	u32 ledger;
	u64 nr; /* pages of tables, counted through task_count() */
};

/* Counted through task_count(), reported as metrics. */
struct vmap_counts {
	u64 pairs, pool_hits, pool_misses, drains, flushes;
};

struct vmap {
	struct kern *kern;
	const struct vmap_ops *ops;
	struct mm_state *own_mm; /* if nobody else made one */
	s64 p[NR_VMAP_PARAMS];
	s64 scale;
	u64 lazy_max; /* pages */
	u32 gfp;
	u32 ledger_pages;
	struct va_store store;

	struct spinlock free_lock; /* free_vmap_area_lock; guards free_tree */
	struct va_tree free_tree;
	u32 *preload; /* per CPU: spare object, touched by that CPU only */

	struct atomic_counter lazy_nr; /* vmap_lazy_nr, pages */
	struct atomic_counter nr_pages; /* nr_vmalloc_pages */
	struct mutex purge_lock; /* vmap_purge_lock: one drain at a time */
	struct work drain_work;
	struct vmap_tables tables;
	void *priv; /* of the design */

	struct vmap_counts count, base;
	u64 lazy_peak;
	u32 in_flight; /* operations and drains under way */
	u64 nr_ops; /* debug: sweep at powers of two */
};

extern const struct vmap_ops vmap_global_6_1_ops, vmap_global_6_7_ops, vmap_nodes_v3_ops;
extern const struct variant_desc vmap_global_6_1, vmap_global_6_7, vmap_nodes_v3;

static inline struct va_walk va_walk_begin(struct task *t)
{
	return (struct va_walk){ .t = t };
}

/* free_tree.c */
int free_tree_init(struct vmap *vm);
/* The lowest area that can hold @size pages aligned to @align at or above @vstart, or 0. */
u32 find_lowest(struct va_tree *tree, struct va_walk *w, u32 size, u64 align, u64 vstart);
/* Cut [start, start + size) out of area @f; *@spare is used up by a cut in the middle. */
void va_clip(struct va_tree *tree, struct va_walk *w, u32 f, u64 start, u32 size, u32 *spare);
/* Reserve addresses for @va; takes free_lock. False if no range fits. */
bool free_tree_alloc(struct vmap *vm, struct task *t, u32 va, u32 size, u64 align);
/* Give one area back; free_lock is held. */
void free_tree_merge(struct vmap *vm, struct va_walk *w, u32 va);
/* Give back a list linked through next, in its order; takes free_lock. */
void reclaim_list_global(struct vmap *vm, struct task *t, u32 first);

/* pagetable.c */
int vmap_tables_init(struct vmap *vm);
void vmap_tables_destroy(struct vmap *vm);
/* Map @n pages at page @start; false if there is no memory for a table. */
bool vmap_map(struct vmap *vm, struct task *t, u64 start, u32 n);
/* Unmap the whole area, guard included; tables stay. */
void vmap_unmap(struct vmap *vm, struct task *t, u32 n);

/* vmalloc.c. Reserve, back and map; returns the first page, 0 without memory. */
u64 vmalloc_page(struct vmap *vm, struct task *t, u32 n, u64 align, u32 gfp);
/* Free the area that starts at @start; -EINVAL if there is none. */
int vfree_page(struct vmap *vm, struct task *t, u64 start);
/* Count @pages more as lazy; returns how many there are now. */
s64 vmap_lazy_add(struct vmap *vm, struct task *t, s64 pages);
/* The area has been counted lazy: queue a drain if there are too many. */
void vmap_lazy_added(struct vmap *vm, struct task *t, s64 nr_lazy);

/*
 * check.c: sweeps; NULL or what is wrong. Trees and sums are checked on any stack;
 * @tiles adds the check that the areas of all states tile the window, which
 * allocates, so only on the main stack.
 */
const char *vmap_sweep(struct vmap *vm, bool tiles);

/* nodes_v3.c, for tests: helpers of a drain, vmap.md 1.5. */
u32 vmap_nr_helpers(u64 lazy, u64 lazy_max, u32 marked);

/* A task that would be preempted if it could be. */
static inline bool need_resched(const struct task *t)
{
	return task_clock(t) >= t->resched_at;
}

#endif
