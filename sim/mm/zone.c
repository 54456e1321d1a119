// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Zones: sizes, watermarks, fallback order, and the sections of the zone lock.
 * Facts: reference machine.md 1.6 (batch, high_min, high_max, hold times); the
 * kernel's mm/page_alloc.c, v6.7 to v6.12 (init_per_zone_wmark_min(),
 * __setup_per_zone_wmarks(), zone_watermark_ok(), find_next_best_node()).
 *
 * One zone a node. A struct page counts as warm for a section of the zone lock if a CPU
 * of the same cache group touched it last, since when no more pages moved between that
 * group and the zone than the group's cache holds, page and struct page.
 *
 * The kernel compares the watermark without the lock before it takes it; here the
 * free count is guarded data, so the comparison is the first thing in the section, and
 * an allocation that a zone turns down has taken its lock.
 *
 * Left out: reclaim and kswapd (so the marks only decide who gets memory), lowmem
 * reserves, DMA zones, node_load (ties of distance go to the next node up).
 */
#include "sim/mm/zone.h"

#include <errno.h>
#include <stdlib.h>

#define KIB_PAGE (PAGE_SIZE / 1024)
#define MIN_FREE_KBYTES_MIN 128 /* bounds of min_free_kbytes */
#define MIN_FREE_KBYTES_MAX 262144
#define WATERMARK_SCALE_FACTOR 10 /* vm.watermark_scale_factor, 1/10000 */
#define HIGH_FRACTION 8 /* MIN_PERCPU_PAGELIST_HIGH_FRACTION */

static s32 zone_batchsize(u64 managed)
{
	u64 batch = min_u64(managed / 1024, (1 << 20) / PAGE_SIZE) / 4;

	if (batch < 1)
		batch = 1;
	batch = (1ULL << (fls64(batch + batch / 2) - 1)) - 1;
	return (s32)max_u64(batch, 1);
}

static u64 isqrt(u64 x)
{
	u64 r = 0;

	for (u64 bit = 1ULL << 31; bit; bit >>= 1)
		if ((r + bit) * (r + bit) <= x)
			r += bit;
	return r;
}

/* min_free_kbytes is of the machine, each zone has its share of it. */
static void zone_set_wmarks(struct zone *z, u64 ram)
{
	u64 kbytes = isqrt(ram * KIB_PAGE * 16), gap;

	kbytes = max_u64(min_u64(kbytes, MIN_FREE_KBYTES_MAX), MIN_FREE_KBYTES_MIN);
	z->wmark[WMARK_MIN] = (u64)((u128)(kbytes / KIB_PAGE) * z->managed / ram);
	gap = max_u64(z->wmark[WMARK_MIN] / 4, z->managed * WATERMARK_SCALE_FACTOR / 10000);
	z->wmark[WMARK_LOW] = z->wmark[WMARK_MIN] + gap;
	z->wmark[WMARK_HIGH] = z->wmark[WMARK_LOW] + gap;
}

void zone_size(struct zone *z, u64 managed, u64 ram, u32 cpus)
{
	z->managed = managed;
	z->batch = zone_batchsize(managed);
	zone_set_wmarks(z, ram);
	z->high_min = (s32)max_u64(z->wmark[WMARK_LOW] / cpus, 4 * (u64)z->batch);
	z->high_max = (s32)max_u64(managed / HIGH_FRACTION / cpus, 4 * (u64)z->batch);
}

int zone_init(struct mm_state *mm, u32 node, u32 pages)
{
	struct zone *z = &mm->zone[node];
	const struct hw *hw = mm->kern->hw;

	zone_size(z, pages, (u64)pages * hw->nr_nodes, hw->nr_cpus / hw->nr_nodes);
	z->moved = calloc(hw->nr_llcs, sizeof(*z->moved));
	if (!z->moved)
		return -ENOMEM;
	if (buddy_init(&z->buddy, &mm->map, BLOCK_PAGES + (node << mm->zone_shift), pages))
		return -ENOMEM;
	if (spin_lock_init(mm->kern, &z->lock, "&zone->lock", SPIN_QSPINLOCK))
		return -ENOMEM;
	z->inited = true;
	return 0;
}

void zone_destroy(struct zone *z)
{
	if (z->inited)
		spin_lock_destroy(&z->lock);
	free(z->moved);
}

u32 zone_fallback(const struct hw *hw, u32 node, u32 i)
{
	u32 near = (u32)hw->c[MK_NODES_PER_SOCKET], first = node / near * near;

	if (i < near)
		return first + (node - first + i) % near;
	return (first + i) % hw->nr_nodes;
}

struct zone_section zone_begin(struct task *t, u32 node)
{
	struct zone_section s = { .t = t, .z = &task_mm(t)->zone[node], .node = node };

	spin_lock_irqsave(t, &s.z->lock);
	return s;
}

bool zone_watermark_ok(struct zone_section *s, u32 order, enum zone_watermark mark)
{
	struct zone *z = s->z;
	u64 need = (1ULL << order) - 1;

	lockdep_assert_held(s->t, &z->lock);
	if (z->buddy.free <= z->wmark[WMARK_HIGH] + need || !buddy_has(&z->buddy, order))
		z->below_high = true;
	return z->buddy.free > z->wmark[mark] + need && buddy_has(&z->buddy, order);
}

static u32 section_llc(const struct zone_section *s)
{
	return s->t->x.cpu->llc;
}

u32 zone_take(struct zone_section *s, u32 order)
{
	struct mm_state *mm = task_mm(s->t);
	u32 llc = section_llc(s), pfn = buddy_alloc(&s->z->buddy, order, &s->steps);
	struct page *page;

	lockdep_assert_held(s->t, &s->z->lock);
	if (!pfn)
		return 0;
	page = page_of(&mm->map, pfn);
	if (page->llc == llc + 1 && s->z->moved[llc] - page->stamp < mm->llc_pages)
		s->warm++;
	else
		s->cold++;
	s->z->moved[llc] += 1u << order;
	return pfn;
}

void zone_put(struct zone_section *s, u32 pfn, u32 order, bool warm)
{
	struct page *page = page_of(&task_mm(s->t)->map, pfn);
	u32 llc = section_llc(s);

	lockdep_assert_held(s->t, &s->z->lock);
	if (warm)
		s->warm++;
	else
		s->cold++;
	page->state = PAGE_NONE;
	page->llc = (u16)(llc + 1);
	page->stamp = s->z->moved[llc];
	s->z->moved[llc] += 1u << order;
	buddy_free(&s->z->buddy, pfn, order, &s->steps);
}

void zone_end(struct zone_section *s)
{
	struct task *t = s->t;

	work(t, s->warm * cost(t, MK_ZONE_HOLD_WARM) + s->cold * cost(t, MK_ZONE_HOLD_COLD) +
			s->steps * cost(t, MK_BUDDY_STEP));
	pcp_of(t, s->node)->below_high = s->z->below_high;
	spin_unlock_irqrestore(t, &s->z->lock);
}
