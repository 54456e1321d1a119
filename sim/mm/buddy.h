/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Buddy allocator of one zone: free blocks of 2^order pages, split and merged by
 * their page frame numbers, as __rmqueue_smallest(), expand() and
 * __free_one_page() of the kernel's mm/page_alloc.c. Pure data, no costs: those are
 * charged by page_alloc.c, which is told how many splits and merges there were.
 *
 * Memory that was never handed out takes none of the host's: it is the rest of the
 * zone behind a border that only moves up, in whole blocks of the largest order. A
 * struct page exists from the first time its 4 MiB block is cut into.
 *
 * Left out: migrate types (one free list an order), page isolation, guard pages,
 * compound tails. Page frame 0 does not exist, so that 0 can mean "no page".
 */
#ifndef MMSIM_MM_BUDDY_H
#define MMSIM_MM_BUDDY_H

#include "sim/core/types.h"

#define MAX_PAGE_ORDER 10
#define NR_PAGE_ORDERS (MAX_PAGE_ORDER + 1)
#define BLOCK_PAGES (1u << MAX_PAGE_ORDER)

enum page_state {
	PAGE_NONE, /* inside a larger block, or never touched */
	PAGE_BUDDY, /* first page of a free block of the zone */
	PAGE_PCP, /* ... of a block on a per-CPU list */
	PAGE_USED, /* ... of an allocated block */
	PAGE_CHARGED, /* ... of one that a memory cgroup pays for: prev is its mem_cgroup.nr */
};

/*
 * What is kept of a page. Belongs to the zone (its lock), to the CPU whose list it is
 * on, or to who allocated it.
 */
struct page {
	u32 next, prev; /* page frame numbers on whatever list it is, 0: end */
	u32 stamp; /* page_alloc.c: when it or its struct page was last touched */
	u16 llc; /* cache group that touched it last under the zone lock, plus 1; 0: never */
	u8 order;
	u8 state; /* enum page_state */
};

_Static_assert(sizeof(struct page) == 16, "four to a line of the host");

/* All pages of a machine: pieces of BLOCK_PAGES, made when first needed. */
struct page_map {
	struct page **block; /* by pfn / BLOCK_PAGES */
	u32 nr_blocks;
	struct page *spare; /* pieces made in advance */
	u32 nr_spare;
	struct page_slab *slabs; /* of the host's memory, for page_map_destroy() */
};

struct page_list {
	u32 head, tail;
};

struct buddy {
	struct page_map *map;
	u32 start, end; /* page frames [start, end); start is a multiple of BLOCK_PAGES */
	u32 fresh; /* blocks from here to fresh_end have never been touched */
	u32 fresh_end;
	struct page_list list[NR_PAGE_ORDERS];
	u32 nr[NR_PAGE_ORDERS]; /* blocks on the lists */
	u64 free; /* pages, untouched ones included */
};

/* Room for page frames below @nr_pages. Returns 0 or -ENOMEM. */
int page_map_init(struct page_map *m, u64 nr_pages);
void page_map_destroy(struct page_map *m);

static inline struct page *page_of(const struct page_map *m, u32 pfn)
{
	return &m->block[pfn >> MAX_PAGE_ORDER][pfn & (BLOCK_PAGES - 1)];
}

/* The same for any number: NULL if no page of it was ever handed out. */
static inline struct page *page_find(const struct page_map *m, u64 pfn)
{
	if (pfn >> MAX_PAGE_ORDER >= m->nr_blocks || !m->block[pfn >> MAX_PAGE_ORDER])
		return NULL;
	return page_of(m, (u32)pfn);
}

static inline void page_list_add(const struct page_map *m, struct page_list *l, u32 pfn)
{
	struct page *page = page_of(m, pfn);

	page->prev = 0;
	page->next = l->head;
	if (likely(l->head))
		page_of(m, l->head)->prev = pfn;
	else
		l->tail = pfn;
	l->head = pfn;
}

/* Take off the first one; the list has some. */
static inline struct page *page_list_pop(const struct page_map *m, struct page_list *l)
{
	struct page *page = page_of(m, l->head);

	l->head = page->next;
	if (likely(l->head))
		page_of(m, l->head)->prev = 0;
	else
		l->tail = 0;
	return page;
}

void page_list_add_tail(const struct page_map *m, struct page_list *l, u32 pfn);
void page_list_del(const struct page_map *m, struct page_list *l, u32 pfn);

/**
 * buddy_init - all of [@start, @start + @nr_pages) is free
 * @start: multiple of BLOCK_PAGES, at least BLOCK_PAGES
 *
 * Returns 0 or -ENOMEM.
 */
int buddy_init(struct buddy *b, struct page_map *map, u32 start, u32 nr_pages);

/**
 * buddy_alloc - take a block of 2^@order pages
 * @steps: grows by the number of splits
 *
 * Returns its first page frame, state PAGE_NONE, or 0 if no block is large enough (or the
 * host is out of memory).
 */
u32 buddy_alloc(struct buddy *b, u32 order, u32 *steps);

/* Give a block back and merge it as far as it goes; @steps grows by the number of merges. */
void buddy_free(struct buddy *b, u32 pfn, u32 order, u32 *steps);

/* Is there a free block of at least 2^@order pages? */
bool buddy_has(const struct buddy *b, u32 order);

/* Lists, counts, states, and that no two free buddies are apart; NULL or what is wrong. */
const char *buddy_check(const struct buddy *b);

#endif
