// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Per-CPU page lists: how many pages a refill takes and a drain gives back, and the
 * marks that tune themselves. Facts: reference machine.md 1.6, below the table; the
 * kernel's mm/page_alloc.c, v6.7 to v6.12: nr_pcp_alloc(), nr_pcp_high(), nr_pcp_free(),
 * free_pcppages_bulk(). Names are the kernel's.
 *
 * ZONE_BELOW_HIGH is read while freeing as this CPU last saw it under the zone lock,
 * where it changes; the kernel reads the flag itself. Left out: migrate types (one list an
 * order), ZONE_RECLAIM_ACTIVE (no reclaim), vmstat's draining of idle lists, drain_all_pages().
 */
#include "sim/mm/alloc_debug.h"
#include "sim/mm/zone.h"

static s32 clamp_high(struct pcp *p, const struct zone *z)
{
	p->high = (s32)clamp_s64(p->high, z->high_min, z->high_max);
	return p->high;
}

/* Blocks to take from the zone; zone lock held, for its flag. */
static u32 nr_pcp_alloc(struct pcp *p, const struct zone *z, u32 order)
{
	s32 high = clamp_high(p, z), batch = z->batch, max_nr;

	if (high < batch)
		return 1;
	if (!order)
		batch <<= p->alloc_factor;
	/* a larger list would have had the pages */
	if (z->high_min != z->high_max && !z->below_high)
		high = p->high = (s32)min_u64((u64)(high + batch), (u64)z->high_max);
	if (!order) {
		max_nr = (s32)max_s64(high - (s64)p->count - z->batch, z->batch);
		if (batch <= max_nr && p->alloc_factor < PCP_SCALE_MAX)
			p->alloc_factor++;
		batch = (s32)min_u64((u64)batch, (u64)max_nr);
	}
	if (batch > 1)
		batch = (s32)max_s64(batch >> order, 2);
	return (u32)batch;
}

bool pcp_refill(struct task *t, struct pcp *p, u32 node, u32 order, enum zone_watermark mark)
{
	struct mm_state *mm = task_mm(t);
	struct page_list *l = &p->list[pcp_index(order)];
	struct zone_section s;
	u32 n;

	FRAME(t, "rmqueue_bulk");

	s = zone_begin(t, node);
	n = zone_watermark_ok(&s, order, mark) ? nr_pcp_alloc(p, s.z, order) : 0;
	while (n--) {
		u32 pfn = zone_take(&s, order);
		struct page *page;

		if (!pfn)
			break;
		page = page_of(&mm->map, pfn);
		page->state = PAGE_PCP;
		/* nobody has touched its data lately */
		page->stamp = mm->traffic[task_cpu(t)] - mm->l2_pages;
		page_list_add_tail(&mm->map, l, pfn);
		p->count += 1u << order;
	}
	zone_end(&s);
	return l->head;
}

static u32 nr_pcp_free(const struct pcp *p, s32 batch, s32 high, bool free_high)
{
	if (free_high)
		return (u32)min_u64(p->count, (u64)batch << PCP_SCALE_MAX);
	if (high < batch)
		return 1;
	return (u32)clamp_s64(p->free_count, batch, high - batch);
}

static s32 nr_pcp_high(struct pcp *p, const struct zone *z, bool free_high)
{
	s32 high = clamp_high(p, z), free_count = (s32)max_s64(p->free_count, z->batch);

	if (!high)
		return 0;
	if (free_high) {
		p->high = (s32)max_s64(high - (z->batch << PCP_SCALE_MAX), z->high_min);
		return 0;
	}
	if (z->high_min == z->high_max)
		return high;
	if (p->below_high) {
		p->high = (s32)max_s64(high - free_count, z->high_min);
		high = (s32)max_s64(p->count, z->high_min);
	} else if ((s32)p->count >= high) {
		s32 need_high = (s32)p->free_count + z->batch;

		if (p->high < need_high)
			p->high = (s32)clamp_s64(need_high, z->high_min, z->high_max);
	}
	return high;
}

/* free_pcppages_bulk(): @nr pages, oldest of each list first, from list @index on. */
static void pcp_drain(struct task *t, struct pcp *p, u32 node, s64 nr, u32 index)
{
	struct mm_state *mm = task_mm(t);
	bool mine = p == pcp_of(t, node); /* else nothing is in this CPU's caches */
	u32 traffic = mm->traffic[task_cpu(t)];
	struct zone_section s;

	FRAME(t, "free_pcppages_bulk");

	nr = (s64)min_u64(p->count, (u64)nr);
	s = zone_begin(t, node);
	for (; nr > 0; index = (index + 1) % NR_PCP_LISTS) {
		struct page_list *l = &p->list[index];

		while (nr > 0 && l->tail) {
			u32 pfn = l->tail, order = page_of(&mm->map, pfn)->order;
			u32 age = traffic - page_of(&mm->map, pfn)->stamp;

			page_list_del(&mm->map, l, pfn);
			nr -= 1 << order;
			p->count -= 1u << order;
			zone_put(&s, pfn, order, mine && age < mm->llc_pages);
		}
	}
	if (s.z->below_high && s.z->buddy.free > s.z->wmark[WMARK_HIGH])
		s.z->below_high = false;
	zone_end(&s);
}

void page_alloc_cpu_dead(struct task *t, u32 cpu, void *arg)
{
	struct mm_state *mm = task_mm(t);
	u32 nodes = t->x.hw->nr_nodes;

	(void)arg;
	FRAME(t, "drain_pages");

	for (u32 node = 0; node < nodes; node++) {
		struct pcp *p = &mm->pcp[cpu * nodes + node];

		/* one section of the zone lock each, as drain_pages_zone() */
		while (p->count)
			pcp_drain(t, p, node, (s64)mm->zone[node].batch << PCP_SCALE_MAX, 0);
	}
}

/* Freeing without allocating fills the lists with large blocks: give them all back. */
static bool pcp_note_order(struct pcp *p, const struct zone *z, u32 order)
{
	bool free_high = false;

	if (order && order <= PAGE_ALLOC_COSTLY_ORDER) {
		free_high = p->free_count >= (u32)z->batch && p->prev_free_high_order &&
			    (!p->free_high_batch || p->count >= (u32)z->batch);
		p->prev_free_high_order = true;
	} else {
		p->prev_free_high_order = false;
	}
	return free_high;
}

u32 pcp_free_room(const struct pcp *p)
{
	if (p->below_high || p->high <= (s32)p->count)
		return 1;
	return (u32)p->high - p->count;
}

void pcp_free(struct task *t, struct pcp *p, u32 node, u32 *chain, u32 n, u32 order)
{
	struct mm_state *mm = task_mm(t);
	const struct zone *z = &mm->zone[node];
	struct page_list *l = &p->list[pcp_index(order)];
	u32 stamp = mm->traffic[task_cpu(t)], max = (u32)z->batch << PCP_SCALE_MAX;
	bool free_high;
	s32 high;

	p->alloc_factor = n < 32 ? p->alloc_factor >> n : 0;
	for (u32 i = 0; i < n; i++) {
		u32 pfn = *chain;
		struct page *page = page_of(&mm->map, pfn);

		alloc_debug_free(t, NULL, pfn, "page");
		*chain = page->next;
		page->state = PAGE_PCP;
		page->stamp = stamp;
		page_list_add(&mm->map, l, pfn);
	}
	p->count += n << order;
	free_high = pcp_note_order(p, z, order);
	if (p->free_count < max)
		p->free_count = order ? p->free_count + (1u << order) :
					(u32)min_u64(p->free_count + n, max);
	/* the usual case of what follows; high is between its bounds, which do not change */
	if (likely(!free_high && !p->below_high && (s32)p->count < p->high))
		return;
	high = nr_pcp_high(p, z, free_high);
	if ((s64)p->count >= high)
		pcp_drain(t, p, node, nr_pcp_free(p, z->batch, high, free_high), pcp_index(order));
}
