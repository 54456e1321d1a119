/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Zones and per-CPU page lists: what the files of the page allocator share, open to its
 * tests. One zone a NUMA node; every CPU has a set of lists for every zone.
 */
#ifndef MMSIM_MM_ZONE_H
#define MMSIM_MM_ZONE_H

#include "sim/mm/buddy.h"
#include "sim/mm/fail_alloc.h"
#include "sim/mm/page_alloc.h"

#define PCP_SCALE_MAX 5 /* CONFIG_PCP_BATCH_SCALE_MAX */
#define NR_PCP_LISTS (PAGE_ALLOC_COSTLY_ORDER + 2)

/* Enough for every order that may be on a per-CPU list. */
enum zone_watermark { WMARK_MIN, WMARK_LOW, WMARK_HIGH, NR_WMARK };

/* struct per_cpu_pages: of one zone on one CPU, private to the CPU's running task. */
struct pcp {
	struct page_list list[NR_PCP_LISTS];
	u32 count; /* pages on all lists */
	s32 high;
	u32 alloc_factor;
	u32 free_count;
	bool prev_free_high_order; /* PCPF_PREV_FREE_HIGH_ORDER */
	bool free_high_batch; /* PCPF_FREE_HIGH_BATCH */
	bool below_high; /* ZONE_BELOW_HIGH as of this CPU's last section of the zone lock */
};

struct zone {
	struct spinlock lock;
	struct buddy buddy; /* guarded by lock */
	u64 managed; /* pages */
	u64 wmark[NR_WMARK]; /* pages */
	s32 batch, high_min, high_max; /* pages; of each CPU's lists */
	bool below_high; /* ZONE_BELOW_HIGH, guarded by lock */
	bool inited;
	u32 *moved; /* by cache group: pages moved in or out so far, guarded by lock */
};

struct mm_state {
	struct fail_alloc fail; /* first: looked at by every allocation */
	struct kern *kern;
	struct cpuhp_step cpuhp; /* page_alloc_cpu_dead() */
	struct page_map map;
	struct pcp *pcp; /* [cpu][node] */
	u32 *traffic; /* by CPU: pages handed out, private to its running task */
	struct zone *zone; /* per node */
	u32 zone_shift; /* page frames of node n begin at BLOCK_PAGES + (n << zone_shift) */
	u32 l2_pages; /* pages of data in a core's L2 */
	u32 llc_pages; /* pages a cache group holds together with their struct page */
	bool init_on_alloc;
	u64 used; /* pages, counted through task_count() */
	u64 failed; /* allocations without memory, likewise */
#ifdef MMSIM_DEBUG
	struct alloc_debug *debug; /* who has what, alloc_debug.h */
#endif
};

static inline struct mm_state *task_mm(struct task *t)
{
	return t->kern->mm;
}

/* Does this order go through the per-CPU lists? pcp_allowed_order() */
static inline bool pcp_allowed_order(u32 order)
{
	return order <= PAGE_ALLOC_COSTLY_ORDER || order == HPAGE_PMD_ORDER;
}

static inline struct pcp *pcp_of(struct task *t, u32 node)
{
	struct mm_state *mm = task_mm(t);

	return &mm->pcp[task_cpu(t) * mm->kern->hw->nr_nodes + node];
}

static inline u32 page_node(const struct mm_state *mm, u32 pfn)
{
	return (pfn - BLOCK_PAGES) >> mm->zone_shift;
}

/* zone.c. Sizes of a zone of @managed pages among @ram pages of the machine; no lock, no buddy. */
void zone_size(struct zone *z, u64 managed, u64 ram, u32 cpus);
int zone_init(struct mm_state *mm, u32 node, u32 pages);
void zone_destroy(struct zone *z);

/* The @i-th node an allocation for @node tries: itself, its package, the others. */
u32 zone_fallback(const struct hw *hw, u32 node, u32 i);

/*
 * What a section of the zone lock has moved, and so how long it holds the lock. The
 * functions below are called with the lock held.
 */
struct zone_section {
	struct task *t;
	struct zone *z;
	u32 node;
	u32 warm, cold; /* blocks whose struct page was in the cache or not */
	u32 steps; /* splits and merges */
};

struct zone_section zone_begin(struct task *t, u32 node);
/* May @order be taken with the zone still above @mark? Keeps ZONE_BELOW_HIGH. */
bool zone_watermark_ok(struct zone_section *s, u32 order, enum zone_watermark mark);
/* One block out of the zone, 0 if there is none; its struct page is charged. */
u32 zone_take(struct zone_section *s, u32 order);
/* One block back into the zone. @warm: its struct page is in this CPU's caches. */
void zone_put(struct zone_section *s, u32 pfn, u32 order, bool warm);
/* Spend the time and release the lock. */
void zone_end(struct zone_section *s);

/* memcg_page.c */
/*
 * The task's memory cgroup, which is not the root, pays for an allocated block: false if it
 * cannot. @gfp: GFP_* of the allocation.
 */
bool page_charge(struct task *t, u32 pfn, u32 order, u32 gfp, u32 cat);
/* It pays no more: the page is about to be freed. */
void page_uncharge(struct task *t, u32 pfn, u32 order, u32 cat);

/* pcp.c */
/* Lists of @order: refill from @node's zone; false if it would fall below @mark or has none. */
bool pcp_refill(struct task *t, struct pcp *p, u32 node, u32 order, enum zone_watermark mark);
/* Index of the lists of an order on which pcp_allowed_order() holds. */
static inline u32 pcp_index(u32 order)
{
	return order == HPAGE_PMD_ORDER ? NR_PCP_LISTS - 1 : order;
}
/*
 * Put the @n blocks at the head of the chain *@chain on the lists, all of @order, which is 0 if
 * @n > 1 (then no drain may fall due but after the last one), and drain if that is due.
 */
void pcp_free(struct task *t, struct pcp *p, u32 node, u32 *chain, u32 n, u32 order);
/* The lists of a CPU that is offline go back to the zones. For cpuhp.h. */
void page_alloc_cpu_dead(struct task *t, u32 cpu, void *arg);
/* How many pages of order 0 may be freed before a drain can fall due, at least 1. */
u32 pcp_free_room(const struct pcp *p);

#endif
