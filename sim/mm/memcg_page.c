// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Pages that a memory cgroup pays for: charged after they were allocated, to the task's own
 * cgroup (get_mem_cgroup_from_mm(), mem_cgroup_charge() of 6.12), given back to whoever paid
 * when they are freed. The page keeps the number of its cgroup's struct, as page->memcg_data
 * keeps its address; the charge keeps the struct from being used for another one. Left out:
 * batches of uncharges, moving charges. Facts: reference thp.md 1.9.
 */
#include "sim/mm/memcg.h"
#include "sim/mm/zone.h"

static u32 memcg_gfp_of(u32 gfp)
{
	return (gfp & GFP_NOWAIT ? MEMCG_NOWAIT : 0) | (gfp & GFP_NORETRY ? MEMCG_NORETRY : 0);
}

bool page_charge(struct task *t, u32 pfn, u32 order, u32 gfp, u32 cat)
{
	struct mem_cgroup *memcg = t->memcg;
	struct page *page = page_of(&task_mm(t)->map, pfn);

	FRAME(t, "__mem_cgroup_charge");

	work(t, cost(t, MK_THIS_CPU_ADD)); /* css_tryget(): it may be offlined meanwhile */
	if (mem_cgroup_charge(t->kern->memcg, t, memcg, 1u << order, memcg_gfp_of(gfp)))
		return false;
	page->state = PAGE_CHARGED;
	page->prev = memcg->nr;
	ledger_give(t, memcg->owner, cat, (s64)(PAGE_SIZE << order), 1);
	return true;
}

void page_uncharge(struct task *t, u32 pfn, u32 order, u32 cat)
{
	struct page *page = page_of(&task_mm(t)->map, pfn);
	struct memcg_state *ms = t->kern->memcg;
	struct mem_cgroup *memcg;

	FRAME(t, "__mem_cgroup_uncharge");

	task_sync(t); /* by_nr may grow */
	memcg = memcg_by_nr(ms, page->prev);
	page->state = PAGE_USED;
	page->prev = 0;
	ledger_give(t, memcg->owner, cat, -(s64)(PAGE_SIZE << order), -1);
	mem_cgroup_uncharge(ms, t, memcg, 1u << order);
}
