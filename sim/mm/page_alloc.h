/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Order-0 page allocator: per-CPU lists with batch, high mark and auto-tuning,
 * zone lock on refill and drain, and which pages are cache-hot (reference
 * machine.md 1.6, section 0 decision 5). Pages are counted, not identified.
 */
#ifndef MMSIM_MM_PAGE_ALLOC_H
#define MMSIM_MM_PAGE_ALLOC_H

#include "sim/kern/spinlock.h"

#define PAGE_SHIFT 12
#define PAGE_SIZE (1ULL << PAGE_SHIFT)

/* Flags of an allocation. */
#define GFP_KERNEL 0u
#define GFP_ZERO 1u

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

/* One page through the per-CPU list; false if there is no memory. Ledger category @cat. */
bool alloc_page(struct task *t, u32 gfp, u32 cat);

/*
 * @n pages with the bulk allocator's cost per page; returns how many it got. The
 * caller gives batches of at most 100 as vmalloc does.
 */
u32 alloc_pages_bulk(struct task *t, u32 n, u32 gfp, u32 cat);

/* Return one page to the CPU's list, or @n pages one after the other. */
void free_page(struct task *t, u32 cat);
void free_pages_each(struct task *t, u32 n, u32 cat);

/* Pages in use now and at the peak. */
u64 mm_pages_used(const struct mm_state *mm);

#endif
