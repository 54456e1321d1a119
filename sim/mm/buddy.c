// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Buddy allocator; see buddy.h. Facts: the kernel's mm/page_alloc.c, v6.7 to v6.12:
 * smallest sufficient order first, first block of its list, upper halves go to the
 * head of their lists; a freed block goes to the tail if its parent is likely to
 * merge soon (buddy_merge_likely()), else to the head. Blocks of the largest order
 * are handed out for the first time in order of their addresses, after all that were
 * given back.
 */
#include "sim/mm/buddy.h"

#include <errno.h>
#include <stdlib.h>

#define SLAB_BLOCKS 16 /* pieces of the page map the host gives at once */

struct page_slab {
	struct page_slab *next;
	struct page page[SLAB_BLOCKS * BLOCK_PAGES];
};

int page_map_init(struct page_map *m, u64 nr_pages)
{
	*m = (struct page_map){ .nr_blocks = (u32)((nr_pages + BLOCK_PAGES - 1) / BLOCK_PAGES) };
	m->block = calloc(m->nr_blocks + 1ULL, sizeof(*m->block));
	return m->block ? 0 : -ENOMEM;
}

void page_map_destroy(struct page_map *m)
{
	struct page_slab *s, *next;

	for (s = m->slabs; s; s = next) {
		next = s->next;
		free(s);
	}
	free(m->block);
	*m = (struct page_map){ .nr_blocks = 0 };
}

/* Make the pages of the block that holds @pfn. */
static bool page_map_touch(struct page_map *m, u32 pfn)
{
	struct page **block = &m->block[pfn >> MAX_PAGE_ORDER];

	if (*block)
		return true;
	if (!m->nr_spare) {
		struct page_slab *s = calloc(1, sizeof(*s));

		if (!s)
			return false;
		s->next = m->slabs;
		m->slabs = s;
		m->spare = s->page;
		m->nr_spare = SLAB_BLOCKS;
	}
	*block = m->spare;
	m->spare += BLOCK_PAGES;
	m->nr_spare--;
	return true;
}

void page_list_add_tail(const struct page_map *m, struct page_list *l, u32 pfn)
{
	struct page *page = page_of(m, pfn);

	page->next = 0;
	page->prev = l->tail;
	if (l->tail)
		page_of(m, l->tail)->next = pfn;
	else
		l->head = pfn;
	l->tail = pfn;
}

void page_list_del(const struct page_map *m, struct page_list *l, u32 pfn)
{
	struct page *page = page_of(m, pfn);

	if (page->prev)
		page_of(m, page->prev)->next = page->next;
	else
		l->head = page->next;
	if (page->next)
		page_of(m, page->next)->prev = page->prev;
	else
		l->tail = page->prev;
}

static void add_to_free_list(struct buddy *b, u32 pfn, u32 order, bool tail)
{
	struct page *page = page_of(b->map, pfn);

	page->order = (u8)order;
	page->state = PAGE_BUDDY;
	if (tail)
		page_list_add_tail(b->map, &b->list[order], pfn);
	else
		page_list_add(b->map, &b->list[order], pfn);
	b->nr[order]++;
}

static void del_from_free_list(struct buddy *b, u32 pfn, u32 order)
{
	page_list_del(b->map, &b->list[order], pfn);
	page_of(b->map, pfn)->state = PAGE_NONE;
	b->nr[order]--;
}

int buddy_init(struct buddy *b, struct page_map *map, u32 start, u32 nr_pages)
{
	u32 left = nr_pages % BLOCK_PAGES, pfn = start + nr_pages - left;

	*b = (struct buddy){ .map = map,
			     .start = start,
			     .end = start + nr_pages,
			     .fresh = start,
			     .fresh_end = pfn,
			     .free = nr_pages };
	if (left && !page_map_touch(map, pfn))
		return -ENOMEM;
	for (u32 order = MAX_PAGE_ORDER; order--;) {
		if (!(left & 1u << order))
			continue;
		add_to_free_list(b, pfn, order, false);
		pfn += 1u << order;
	}
	return 0;
}

/* A block of @order or the next larger one there is; *@order is set to what it is. */
static u32 take_smallest(struct buddy *b, u32 *order)
{
	u32 pfn;

	for (; *order <= MAX_PAGE_ORDER; ++*order) {
		pfn = b->list[*order].head;
		if (pfn) {
			del_from_free_list(b, pfn, *order);
			return pfn;
		}
	}
	*order = MAX_PAGE_ORDER;
	if (b->fresh == b->fresh_end || !page_map_touch(b->map, b->fresh))
		return 0;
	pfn = b->fresh;
	b->fresh += BLOCK_PAGES;
	return pfn;
}

u32 buddy_alloc(struct buddy *b, u32 order, u32 *steps)
{
	u32 high = order, pfn = take_smallest(b, &high);

	if (!pfn)
		return 0;
	/* expand(): the upper half becomes free, the lower one is split further */
	*steps += high - order;
	while (high > order) {
		high--;
		add_to_free_list(b, pfn + (1u << high), high, false);
	}
	page_of(b->map, pfn)->order = (u8)order;
	b->free -= 1u << order;
	return pfn;
}

/* The buddy of a block of @order is a free block of that order. */
static bool buddy_is_free(const struct buddy *b, u32 pfn, u32 order)
{
	const struct page *page;

	if (pfn >= b->end)
		return false;
	page = page_of(b->map, pfn);
	return page->state == PAGE_BUDDY && page->order == order;
}

/* The block's parent would merge if its buddy were freed: better not hand it out soon. */
static bool buddy_merge_likely(const struct buddy *b, u32 pfn, u32 order)
{
	u32 parent = pfn & ~(1u << order);

	if (order >= MAX_PAGE_ORDER - 1)
		return false;
	return buddy_is_free(b, parent ^ 1u << (order + 1), order + 1);
}

void buddy_free(struct buddy *b, u32 pfn, u32 order, u32 *steps)
{
	b->free += 1u << order;
	while (order < MAX_PAGE_ORDER) {
		u32 buddy = pfn ^ 1u << order;

		if (!buddy_is_free(b, buddy, order))
			break;
		del_from_free_list(b, buddy, order);
		page_of(b->map, pfn)->state = PAGE_NONE;
		pfn &= buddy;
		order++;
		++*steps;
	}
	add_to_free_list(b, pfn, order, buddy_merge_likely(b, pfn, order));
}

bool buddy_has(const struct buddy *b, u32 order)
{
	if (b->fresh != b->fresh_end)
		return true;
	for (; order <= MAX_PAGE_ORDER; order++)
		if (b->nr[order])
			return true;
	return false;
}

const char *buddy_check(const struct buddy *b)
{
	u64 pages = b->fresh_end - b->fresh;

	for (u32 order = 0; order <= MAX_PAGE_ORDER; order++) {
		u32 nr = 0, prev = 0;

		for (u32 pfn = b->list[order].head; pfn; pfn = page_of(b->map, pfn)->next) {
			const struct page *page = page_of(b->map, pfn);

			if (page->state != PAGE_BUDDY || page->order != order || page->prev != prev)
				return "buddy: a free list holds what is no free block of its "
				       "order";
			if (pfn & ((1u << order) - 1) || pfn < b->start ||
			    pfn + (1u << order) > b->end)
				return "buddy: a free block is not aligned or not of the zone";
			if (order < MAX_PAGE_ORDER && buddy_is_free(b, pfn ^ 1u << order, order))
				return "buddy: two free buddies have not merged";
			prev = pfn;
			nr++;
		}
		if (nr != b->nr[order] || prev != b->list[order].tail)
			return "buddy: a free list is miscounted";
		pages += (u64)nr << order;
	}
	return pages == b->free ? NULL : "buddy: free pages are miscounted";
}
