/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Page allocator: a buddy allocator for each NUMA node's zone, per-CPU lists with batch
 * and high marks that tune themselves, watermarks, fallback to other nodes by distance,
 * and which pages are cache-hot (reference machine.md 1.6, section 0 decision 5).
 *
 * A block is named by its first page frame number; 0 is no page. Its order is kept with
 * it. Page frames of node n begin at a multiple of the largest zone's size rounded up to
 * a power of two, past the first 4 MiB. Numbers have 32 bits: of a machine with more than
 * 16 TiB, each node has its share of that.
 */
#ifndef MMSIM_MM_PAGE_ALLOC_H
#define MMSIM_MM_PAGE_ALLOC_H

#include "sim/kern/spinlock.h"
#include "sim/mm/buddy.h"

#define PAGE_SHIFT 12
#define PAGE_SIZE (1ULL << PAGE_SHIFT)

#define PAGE_ALLOC_COSTLY_ORDER 3
#define HPAGE_PMD_ORDER 9

/* Flags of an allocation. */
#define GFP_KERNEL 0u
#define GFP_ZERO 1u
#define GFP_ACCOUNT 4u /* the task's memory cgroup pays, alloc_pages() only */
#define GFP_NOWAIT 8u /* nothing is reclaimed for that */
#define GFP_NORETRY 16u /* __GFP_NORETRY: reclaimed once */

#define NUMA_NO_NODE UINT32_MAX /* the node of the task's CPU */

struct mm_state;

/**
 * mm_new - memory of a machine
 * @k: kernel; its mm slot is set
 * @init_on_alloc: every page is cleared, as with init_on_alloc=1
 *
 * Returns it, owned by the caller, NULL when out of memory.
 */
struct mm_state *mm_new(struct kern *k, bool init_on_alloc);
void mm_free(struct mm_state *mm);

/*
 * One page; 0 if there is no memory. Ledger category @cat, to be named again when it is
 * freed. No spin lock held, here and below.
 */
u32 alloc_page(struct task *t, u32 gfp, u32 cat);

/*
 * 2^@order pages, preferably of @node: from a per-CPU list if pcp_allowed_order(), else
 * from the zone. First from a zone that stays above its low watermark, nearest first,
 * then from one that stays above its min watermark; 0 if there is none (nothing is
 * reclaimed), or if the task's memory cgroup cannot pay. @order is at most MAX_PAGE_ORDER.
 * Pages that are paid for go back through free_pages() only.
 */
u32 alloc_pages(struct task *t, u32 node, u32 order, u32 gfp, u32 cat);

/*
 * @n single pages with the bulk allocator's cost per page, appended to @list, which is
 * linked through page->next only and begins as { 0 }; returns how many it got. The
 * caller gives batches of at most 100 as vmalloc does.
 */
u32 alloc_pages_bulk(struct task *t, u32 n, u32 gfp, u32 cat, struct page_list *list);

/* Before the run, without cost: 2^@order pages of @node, 0 without memory. */
u32 boot_alloc_pages(struct mm_state *mm, u32 node, u32 order, u32 cat);

/* Append an allocated page to such a list. */
void page_chain_add(struct task *t, struct page_list *list, u32 pfn);

/* Return an allocated block; one that is not allocated fails the run. */
void free_pages(struct task *t, u32 pfn, u32 cat);

/* Fail the run: @t frees what is not allocated. */
void page_bad_free(struct task *t, u64 pfn);

/* Return the first @n pages of a list that begins at @first, one after the other. */
void free_pages_each(struct task *t, u32 first, u32 n, u32 cat);

/* The same with the bulk cost per page. */
void free_pages_bulk(struct task *t, u32 first, u32 n, u32 cat);

/* The page frame is the first of an allocated block: its order, else -1. By who owns it. */
s32 page_allocated(struct task *t, u64 pfn);

/* Pages in use now; allocations that got nothing, or less than they asked for. */
u64 mm_pages_used(const struct mm_state *mm);
u64 mm_alloc_failures(const struct mm_state *mm);

/* Failure injection, fail_alloc.h; a few instructions where there are no rules. */
bool mm_should_fail(struct task *t, u32 kind);

#endif
