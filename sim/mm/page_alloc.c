// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Allocation and freeing of pages; see page_alloc.h. buddy.c has the blocks, zone.c the
 * zones, pcp.c the rules of the per-CPU lists. Facts: reference machine.md 1.6, section 0
 * decision 5, which says "within the last L2 of traffic" and wins over the half L2 of
 * 1.6; the kernel's mm/page_alloc.c, v6.7 to v6.12 (get_page_from_freelist(),
 * free_unref_page(), alloc_pages_bulk()).
 *
 * A page of a per-CPU list is cache-hot until an L2 of pages has been handed out on the
 * CPU since it was freed there. Freeing is no traffic: it touches struct page, not the
 * page.
 *
 * Watermarks are compared where the zone lock is taken: an allocation that a per-CPU list
 * can serve is served. Left out: migrate types, reclaim, compaction, the OOM killer,
 * memory policies, preparing the tail pages of a block.
 */
#include "sim/kern/bug.h"
#include "sim/kern/cpuhp.h"
#include "sim/mm/alloc_debug.h"
#include "sim/mm/mempolicy.h"
#include "sim/mm/page_alloc.h"
#include "sim/mm/providers.h"
#include "sim/mm/slab.h"
#include "sim/mm/zone.h"

#include <stdlib.h>

/* Page frames of all nodes fit into 32 bits, the first block left out. */
static u32 node_pages(struct mm_state *mm)
{
	u32 nodes = mm->kern->hw->nr_nodes;
	u64 pages = mm->kern->hw->c[MK_RAM] / PAGE_SIZE;

	mm->zone_shift = MAX_PAGE_ORDER;
	while (1ULL << mm->zone_shift < pages &&
	       ((u64)nodes << (mm->zone_shift + 1)) + BLOCK_PAGES <= UINT32_MAX)
		mm->zone_shift++;
	return (u32)min_u64(pages, 1ULL << mm->zone_shift);
}

static void pcp_init(struct mm_state *mm, u32 cpu, u32 node)
{
	const struct hw *hw = mm->kern->hw;
	struct pcp *p = &mm->pcp[cpu * hw->nr_nodes + node];
	u64 slice = hw->c[MK_LLC_BYTES] / (hw->nr_cpus / hw->nr_llcs);

	p->high = mm->zone[node].high_min;
	p->free_high_batch = slice / PAGE_SIZE > 3 * (u64)mm->zone[node].batch;
}

struct mm_state *mm_new(struct kern *k, bool init_on_alloc)
{
	struct mm_state *mm = calloc(1, sizeof(*mm));
	u32 cpus = k->hw->nr_cpus, nodes = k->hw->nr_nodes, pages;

	if (!mm)
		return NULL;
	mm->kern = k;
	mm->init_on_alloc = init_on_alloc;
	mm->l2_pages = (u32)(k->hw->c[MK_L2_BYTES] / PAGE_SIZE);
	mm->llc_pages = (u32)(k->hw->c[MK_LLC_BYTES] / (PAGE_SIZE + k->hw->c[MK_LINE_BYTES]));
	mm->pcp = calloc((size_t)cpus * nodes, sizeof(*mm->pcp));
	mm->traffic = calloc(cpus, sizeof(*mm->traffic));
	mm->zone = calloc(nodes, sizeof(*mm->zone));
	pages = node_pages(mm);
#ifdef MMSIM_DEBUG
	mm->debug = alloc_debug_new();
	if (!mm->debug)
		goto fail;
#endif
	if (!mm->pcp || !mm->traffic || !mm->zone ||
	    page_map_init(&mm->map, BLOCK_PAGES + ((u64)nodes << mm->zone_shift)))
		goto fail;
	for (u32 i = 0; i < nodes; i++) {
		if (zone_init(mm, i, pages))
			goto fail;
		for (u32 c = 0; c < cpus; c++)
			pcp_init(mm, c, i);
	}
	if (kmalloc_init(k) || providers_init(k))
		goto fail;
	cpuhp_setup_state(k, &mm->cpuhp, page_alloc_cpu_dead, NULL);
	k->mm = mm;
	k->sim->layer[LAYER_MM] = mm;
	return mm;
fail:
	mm_free(mm);
	return NULL;
}

void mm_free(struct mm_state *mm)
{
	if (!mm)
		return;
	cpuhp_remove_state(&mm->cpuhp);
	providers_destroy(mm->kern);
	kmalloc_destroy(mm->kern);
	if (mm->zone)
		for (u32 i = 0; i < mm->kern->hw->nr_nodes; i++)
			zone_destroy(&mm->zone[i]);
	page_map_destroy(&mm->map);
#ifdef MMSIM_DEBUG
	alloc_debug_destroy(mm->debug);
#endif
	free(mm->fail.rules);
	free(mm->zone);
	free(mm->traffic);
	free(mm->pcp);
	free(mm);
}

u64 mm_pages_used(const struct mm_state *mm)
{
	return mm->used;
}

u64 mm_alloc_failures(const struct mm_state *mm)
{
	return mm->failed;
}

bool mm_should_fail(struct task *t, u32 kind)
{
	struct mm_state *mm = task_mm(t);

	return unlikely(mm && mm->fail.nr) && fail_alloc_ask(t, kind);
}

void page_chain_add(struct task *t, struct page_list *list, u32 pfn)
{
	struct mm_state *mm = task_mm(t);

	page_of(&mm->map, pfn)->next = 0;
	if (list->head)
		page_of(&mm->map, list->tail)->next = pfn;
	else
		list->head = pfn;
	list->tail = pfn;
}

/* ---- allocation ----------------------------------------------------------------- */

/* One allocation on its way. */
struct alloc_context {
	u32 order;
	bool clear; /* the pages are cleared */
	u64 clear_ps; /* what that costs */
	struct page_list *list; /* receives the blocks */
};

/* Clearing 2^@order pages of which the first @hot are in the CPU's L2. */
static u64 clear_cost(struct task *t, u32 order, u32 hot)
{
	if (!hot && order >= HPAGE_PMD_ORDER)
		return cost(t, MK_ZERO_THP2M) << (order - HPAGE_PMD_ORDER);
	return hot * cost(t, MK_ZERO_PAGE4K_HOT) + ((1u << order) - hot) * cost(t, MK_ZERO_PAGE4K);
}

/* A block off a per-CPU list is handed out. */
static void pcp_page_out(struct task *t, struct page *page, struct alloc_context *ac)
{
	struct mm_state *mm = task_mm(t);
	u32 *traffic = &mm->traffic[task_cpu(t)];
	u32 age = *traffic - page->stamp, size = 1u << ac->order, hot = 0;

	page->state = PAGE_USED;
	*traffic += size;
	if (!ac->clear)
		return;
	if (age < mm->l2_pages)
		hot = (u32)min_u64(size, mm->l2_pages - age);
	ac->clear_ps += clear_cost(t, ac->order, hot);
}

/* Take up to @n blocks off a list that has some. */
static u32 pcp_pop(struct task *t, struct pcp *p, struct alloc_context *ac, u32 n)
{
	struct mm_state *mm = task_mm(t);
	struct page_list *l = &p->list[pcp_index(ac->order)];
	u32 size = 1u << ac->order, i;

	for (i = 0; i < n && l->head; i++) {
		u32 pfn = l->head;

		pcp_page_out(t, page_list_pop(&mm->map, l), ac);
		alloc_debug_alloc(t, NULL, pfn);
		page_chain_add(t, ac->list, pfn);
	}
	p->count -= i * size;
	p->free_count = i < 32 ? p->free_count >> i : 0;
	return i;
}

/* Up to @n blocks of one node through the CPU's lists. */
static u32 rmqueue_pcplist(struct task *t, u32 node, struct alloc_context *ac, u32 n,
			   enum zone_watermark mark)
{
	struct pcp *p = pcp_of(t, node);
	u32 got = 0;

	while (got < n) {
		if (!p->list[pcp_index(ac->order)].head && !pcp_refill(t, p, node, ac->order, mark))
			break;
		got += pcp_pop(t, p, ac, n - got);
	}
	return got;
}

/* One block of an order that no list holds. */
static u32 rmqueue_buddy(struct task *t, u32 node, struct alloc_context *ac,
			 enum zone_watermark mark)
{
	struct zone_section s;
	u32 pfn = 0;

	FRAME(t, "rmqueue_buddy");

	s = zone_begin(t, node);
	if (zone_watermark_ok(&s, ac->order, mark))
		pfn = zone_take(&s, ac->order);
	zone_end(&s);
	if (!pfn)
		return 0;
	page_of(&task_mm(t)->map, pfn)->state = PAGE_USED;
	alloc_debug_alloc(t, NULL, pfn);
	task_mm(t)->traffic[task_cpu(t)] += 1u << ac->order;
	if (ac->clear)
		ac->clear_ps += clear_cost(t, ac->order, 0);
	page_chain_add(t, ac->list, pfn);
	return 1;
}

/* Up to @n blocks: @node and its fallbacks above the low watermark, then above min. */
static u32 get_pages(struct task *t, u32 node, struct alloc_context *ac, u32 n)
{
	const struct hw *hw = t->kern->hw;
	bool pcp = pcp_allowed_order(ac->order);
	u32 got = 0;

	task_settle(t);
	if (node == NUMA_NO_NODE)
		node = t->x.cpu->node;
	for (u32 mark = WMARK_LOW + 1; mark-- > WMARK_MIN;) {
		for (u32 i = 0; i < hw->nr_nodes; i++) {
			u32 at = zone_fallback(hw, node, i);

			if (unlikely(!node_allowed(t, at)))
				continue;
			got += pcp ? rmqueue_pcplist(t, at, ac, n - got, mark) :
				     rmqueue_buddy(t, at, ac, mark);
			if (likely(got == n))
				return got;
		}
	}
	task_count(t, &task_mm(t)->failed, 1);
	return got;
}

static void charge_clear(struct task *t, u64 clear)
{
	FRAME(t, "clear_page_rep");

	work(t, clear);
}

static void pages_taken(struct task *t, const struct alloc_context *ac, u32 n, u32 cat)
{
	u64 pages = (u64)n << ac->order;

	if (ac->clear_ps)
		charge_clear(t, ac->clear_ps);
	ledger_charge(t, cat, (s64)(pages * PAGE_SIZE), (s32)n);
	task_count(t, &task_mm(t)->used, (s64)pages);
}

static bool should_clear(struct task *t, u32 gfp)
{
	return gfp & GFP_ZERO || task_mm(t)->init_on_alloc;
}

/* The CPU's list for the node has a block: no need to look further. */
static u32 pcp_take_one(struct task *t, u32 node, struct alloc_context *ac)
{
	struct pcp *p;
	struct page_list *l;
	u32 pfn;

	task_settle(t);
	p = pcp_of(t, node == NUMA_NO_NODE ? t->x.cpu->node : node);
	l = &p->list[pcp_index(ac->order)];
	pfn = l->head;
	if (unlikely(!pfn))
		return 0;
	pcp_page_out(t, page_list_pop(&task_mm(t)->map, l), ac);
	alloc_debug_alloc(t, NULL, pfn);
	p->count -= 1u << ac->order;
	p->free_count >>= 1;
	return pfn;
}

u32 alloc_pages(struct task *t, u32 node, u32 order, u32 gfp, u32 cat)
{
	struct page_list list = { 0 };
	struct alloc_context ac = { .order = order, .clear = should_clear(t, gfp), .list = &list };
	u32 pfn = 0;

	FRAME(t, "get_page_from_freelist");

	work(t, cost(t, MK_PCP_PAIR) / 2);
	if (mm_should_fail(t, FAIL_PAGES))
		return 0;
	node = mempolicy_node(t, node);
	if (likely(pcp_allowed_order(order)))
		pfn = pcp_take_one(t, node, &ac);
	if (unlikely(!pfn)) {
		if (!get_pages(t, node, &ac, 1))
			return 0;
		pfn = list.head;
	}
	pages_taken(t, &ac, 1, cat);
	if (unlikely(gfp & GFP_ACCOUNT && t->memcg) && !page_charge(t, pfn, order, gfp, cat)) {
		free_pages(t, pfn, cat);
		return 0;
	}
	return pfn;
}

u32 alloc_page(struct task *t, u32 gfp, u32 cat)
{
	return alloc_pages(t, NUMA_NO_NODE, 0, gfp, cat);
}

/* bulk_array_interleave(): an equal part from each node, the rest from the first ones. */
static u32 get_pages_interleaved(struct task *t, struct alloc_context *ac, u32 n)
{
	u32 nr = mempolicy_nr_nodes(t), got = 0;

	for (u32 i = 0; i < nr; i++) {
		u32 part = n / nr + (i < n % nr);

		if (part)
			got += get_pages(t, mempolicy_node(t, NUMA_NO_NODE), ac, part);
	}
	return got;
}

u32 alloc_pages_bulk(struct task *t, u32 n, u32 gfp, u32 cat, struct page_list *list)
{
	struct alloc_context ac = { .clear = should_clear(t, gfp), .list = list };
	u32 got;

	FRAME(t, "__alloc_pages_bulk");

	if (mm_should_fail(t, FAIL_PAGES))
		return 0;
	if (unlikely(t->mems_interleave))
		got = get_pages_interleaved(t, &ac, n);
	else
		got = get_pages(t, mempolicy_node(t, NUMA_NO_NODE), &ac, n);
	work(t, got * (cost(t, MK_BULK_PAGE) / 2));
	if (got)
		pages_taken(t, &ac, got, cat);
	return got;
}

u32 boot_alloc_pages(struct mm_state *mm, u32 node, u32 order, u32 cat)
{
	struct kern *k = mm->kern;
	u32 steps = 0, pfn = buddy_alloc(&mm->zone[node].buddy, order, &steps);

	if (!pfn)
		return 0;
	page_of(&mm->map, pfn)->state = PAGE_USED;
	mm->used += 1ULL << order;
	ledger_commit(&k->ledger, cat, (s64)(PAGE_SIZE << order), 1, k->sim->now);
	return pfn;
}

/* ---- freeing -------------------------------------------------------------------- */

s32 page_allocated(struct task *t, u64 pfn)
{
	const struct page *page = page_find(&task_mm(t)->map, pfn);

	return page && (page->state == PAGE_USED || page->state == PAGE_CHARGED) ? page->order : -1;
}

static void pages_gone(struct task *t, u32 blocks, u64 pages, u32 cat)
{
	ledger_charge(t, cat, -(s64)(pages * PAGE_SIZE), -(s32)blocks);
	task_count(t, &task_mm(t)->used, -(s64)pages);
}

/* Of the next @n pages of a list, how many are of the first one's node. */
static u32 same_node(struct mm_state *mm, u32 pfn, u32 n)
{
	u32 node = page_node(mm, pfn), i = 0;

	if (mm->kern->hw->nr_nodes == 1)
		return n;
	for (; i < n && page_node(mm, pfn) == node; i++)
		pfn = page_of(&mm->map, pfn)->next;
	return i;
}

static void free_chain(struct task *t, u32 first, u32 n, u64 each, u32 cat)
{
	struct mm_state *mm = task_mm(t);
	u32 left = n;

	if (!n)
		return;
	task_settle(t);
	while (left) {
		u32 node = page_node(mm, first);
		struct pcp *p = pcp_of(t, node);
		u32 run = (u32)min_u64(left, pcp_free_room(p));

		run = same_node(mm, first, run);
		FRAMES(t, "free_unref_page", run);
		work(t, run * each);
		pcp_free(t, p, node, &first, run, 0);
		left -= run;
	}
	pages_gone(t, n, n, cat);
}

void free_pages_each(struct task *t, u32 first, u32 n, u32 cat)
{
	free_chain(t, first, n, cost(t, MK_PCP_PAIR) / 2, cat);
}

void free_pages_bulk(struct task *t, u32 first, u32 n, u32 cat)
{
	free_chain(t, first, n, cost(t, MK_BULK_PAGE) / 2, cat);
}

static void free_one_page(struct task *t, u32 node, u32 pfn, u32 order)
{
	struct zone_section s;

	alloc_debug_free(t, NULL, pfn, "page");
	s = zone_begin(t, node);
	zone_put(&s, pfn, order, false);
	zone_end(&s);
}

void page_bad_free(struct task *t, u64 pfn)
{
	struct kern *k = t->kern;

	bug_begin(k, "free_pages: page frame ");
	bug_u64(k, pfn);
	bug_str(k, " is not allocated");
	bug_about(k, t, NULL, 0);
	alloc_debug_history(t, NULL, pfn);
	bug_end(k);
}

void free_pages(struct task *t, u32 pfn, u32 cat)
{
	s32 order = page_allocated(t, pfn);
	u32 node;

	FRAME(t, "free_unref_page");

	if (unlikely(order < 0)) {
		page_bad_free(t, pfn);
		return;
	}
	if (unlikely(page_of(&task_mm(t)->map, pfn)->state == PAGE_CHARGED))
		page_uncharge(t, pfn, (u32)order, cat);
	task_settle(t);
	node = page_node(task_mm(t), pfn);
	work(t, cost(t, MK_PCP_PAIR) / 2);
	pages_gone(t, 1, 1ULL << order, cat);
	if (pcp_allowed_order((u32)order))
		pcp_free(t, pcp_of(t, node), node, &pfn, 1, (u32)order);
	else
		free_one_page(t, node, pfn, (u32)order);
}
