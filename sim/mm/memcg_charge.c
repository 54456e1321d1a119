// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Charging a memory cgroup: the stock of the CPU, the page counters, reclaim and OOM when a
 * limit is met (try_charge_memcg() of 6.12; reference thp.md 1.9).
 */
#include <errno.h>

#include "sim/mm/memcg_priv.h"
#include "sim/mm/objcg.h"

/* memcg_stock ------------------------------------------------------------------------- */

/*
 * On the stock's CPU, which does not change meanwhile: the caller has settled. What is
 * cached is open state, so a change of it is an interaction point; how much is private.
 */
static void drain_stock(struct memcg_state *ms, struct task *t, struct memcg_stock *stock)
{
	struct mem_cgroup *old = stock->cached;
	u32 nr = stock->nr_pages;

	if (!old)
		return;
	stock->nr_pages = 0;
	if (nr)
		page_counter_uncharge(t, &old->memory, nr);
	task_sync(t);
	stock->cached = NULL;
	if (nr)
		css_put(ms, t, old);
}

static bool consume_stock(struct memcg_state *ms, struct task *t, struct mem_cgroup *memcg, u32 nr)
{
	struct memcg_stock *stock;

	if (nr > MEMCG_CHARGE_BATCH)
		return false;
	task_settle(t);
	stock = &ms->stock[task_cpu(t)];
	work(t, cost(t, MK_IRQ_SAVE_RESTORE));
	if (stock->cached != memcg || stock->nr_pages < nr)
		return false;
	stock->nr_pages -= nr;
	return true;
}

static void refill_stock(struct memcg_state *ms, struct task *t, struct mem_cgroup *memcg, u32 nr)
{
	struct memcg_stock *stock;

	task_settle(t);
	stock = &ms->stock[task_cpu(t)];
	work(t, cost(t, MK_IRQ_SAVE_RESTORE));
	if (stock->cached != memcg) {
		drain_stock(ms, t, stock);
		task_sync(t);
		stock->cached = memcg;
	}
	stock->nr_pages += nr;
	if (stock->nr_pages > MEMCG_CHARGE_BATCH)
		drain_stock(ms, t, stock);
}

void memcg_refill_stock(struct memcg_state *ms, struct task *t, struct mem_cgroup *memcg, u32 nr)
{
	refill_stock(ms, t, memcg, nr);
}

static void drain_local_stock(struct task *t, struct work *w)
{
	struct memcg_stock *stock = container_of(w, struct memcg_stock, work);

	work(t, cost(t, MK_IRQ_SAVE_RESTORE));
	drain_obj_stock(stock->ms, t);
	/* an offline CPU has given it back already; then this is another CPU */
	if (stock == &stock->ms->stock[task_cpu(t)])
		drain_stock(stock->ms, t, stock);
	task_sync(t);
	stock->flushing = false;
}

void memcg_stock_init(struct memcg_state *ms, struct memcg_stock *stock)
{
	*stock = (struct memcg_stock){ .ms = ms };
	work_init(&stock->work, drain_local_stock);
}

void memcg_hotplug_cpu_dead(struct task *t, u32 cpu, void *arg)
{
	struct memcg_state *ms = arg;

	FRAME(t, "memcg_hotplug_cpu_dead");

	task_sync(t);
	drain_stock(ms, t, &ms->stock[cpu]);
}

void drain_all_stock(struct memcg_state *ms, struct task *t, struct mem_cgroup *root)
{
	u32 cpus = t->x.hw->nr_cpus;

	FRAME(t, "drain_all_stock");

	/* percpu_charge_mutex: one drain is enough */
	task_sync(t);
	if (ms->draining)
		return;
	ms->draining = true;
	for (u32 cpu = 0; cpu < cpus; cpu++) {
		struct memcg_stock *stock = &ms->stock[cpu];

		task_sync(t);
		if (t->x.hw->cpus[cpu].offline || stock->flushing ||
		    (!mem_cgroup_is_descendant(stock->cached, root) &&
		     !obj_stock_flush_required(ms, cpu, root)))
			continue;
		if (cpu == task_cpu(t)) {
			drain_obj_stock(ms, t);
			drain_stock(ms, t, stock);
			continue;
		}
		stock->flushing = true;
		queue_work_on(t, cpu, &stock->work);
	}
	task_sync(t);
	ms->draining = false;
}

/* try_charge ---------------------------------------------------------------------------- */

void memcg_memory_event(struct task *t, struct mem_cgroup *memcg, enum memcg_event ev)
{
	task_count(t, &memcg->events[ev], 1);
	for (; memcg->parent; memcg = memcg->parent)
		if (memcg->events_all)
			task_count(t, &memcg->events_all[ev], 1);
}

/* The memcg whose limit was met. */
static struct mem_cgroup *over_limit(struct page_counter *fail)
{
	return container_of(fail, struct mem_cgroup, memory);
}

static bool mem_cgroup_oom(struct memcg_state *ms, struct task *t, struct mem_cgroup *memcg, u32 nr)
{
	if (nr > 8) /* above PAGE_ALLOC_COSTLY_ORDER nobody is killed */
		return false;
	memcg_memory_event(t, memcg, MEMCG_OOM);
	if (!ms->reclaim.oom_kill || !ms->reclaim.oom_kill(t, memcg, ms->reclaim.arg))
		return false;
	memcg_memory_event(t, memcg, MEMCG_OOM_KILL);
	return true;
}

/* What try_charge() has done so far about a limit that it met. */
struct charge_try {
	u32 nr, gfp;
	u32 retries;
	bool drained;
};

/* True if the charge is to be tried once more. */
static bool make_room(struct memcg_state *ms, struct task *t, struct mem_cgroup *memcg,
		      struct charge_try *try)
{
	u64 got;

	memcg_memory_event(t, memcg, MEMCG_MAX);
	got = try_to_free_mem_cgroup_pages(ms, t, memcg, try->nr, try->gfp);
	if (page_counter_margin(t, &memcg->memory) >= try->nr)
		return true;
	if (!try->drained) {
		drain_all_stock(ms, t, memcg);
		try->drained = true;
		return true;
	}
	if (try->gfp & MEMCG_NORETRY)
		return false;
	if (got && try->nr <= 8)
		return true;
	if (try->retries) {
		try->retries--;
		return true;
	}
	if (try->gfp & (MEMCG_RETRY_MAYFAIL | MEMCG_NOFAIL))
		return false;
	if (!mem_cgroup_oom(ms, t, memcg, try->nr))
		return false;
	try->retries = MAX_RECLAIM_RETRIES;
	return true;
}

bool above_high(struct task *t, struct mem_cgroup *memcg)
{
	u64 high;

	task_sync(t);
	high = memcg->memory.high; /* open: it may be written at any time */
	return high != PAGE_COUNTER_MAX && page_counter_read(t, &memcg->memory) > high;
}

/* Is usage above memory.high here or further up? */
static void note_over_high(struct memcg_state *ms, struct task *t, struct mem_cgroup *memcg,
			   u32 batch, u32 gfp)
{
	struct mem_cgroup *m;

	for (m = memcg; m->parent; m = m->parent) {
		if (!above_high(t, m))
			continue;
		t->memcg_nr_pages_over_high += batch;
		break;
	}
	if (t->memcg_nr_pages_over_high > MEMCG_CHARGE_BATCH && !t->reclaiming &&
	    !(gfp & MEMCG_NOWAIT))
		mem_cgroup_handle_over_high(ms, t, memcg);
}

static int try_charge(struct memcg_state *ms, struct task *t, struct mem_cgroup *memcg, u32 nr,
		      u32 gfp)
{
	struct charge_try try = { .nr = nr, .gfp = gfp, .retries = MAX_RECLAIM_RETRIES };
	u32 batch = (u32)max_u64(MEMCG_CHARGE_BATCH, nr);
	struct page_counter *fail;

	while (!consume_stock(ms, t, memcg, nr)) {
		if (page_counter_try_charge(t, &memcg->memory, batch, &fail)) {
			if (batch > nr)
				refill_stock(ms, t, memcg, batch - nr);
			note_over_high(ms, t, memcg, batch, gfp);
			return 0;
		}
		if (batch > nr) {
			batch = nr;
			continue;
		}
		/* a task that reclaims may not reclaim once more: it gets what it needs to do so */
		if (t->reclaiming)
			goto force;
		if (gfp & MEMCG_NOWAIT)
			goto nomem;
		if (!make_room(ms, t, over_limit(fail), &try))
			goto nomem;
	}
	return 0;
nomem:
	if (!(gfp & MEMCG_NOFAIL))
		return -ENOMEM;
force:
	page_counter_charge(t, &memcg->memory, nr);
	return 0;
}

int mem_cgroup_charge(struct memcg_state *ms, struct task *t, struct mem_cgroup *memcg, u32 nr,
		      u32 gfp)
{
	FRAME(t, "try_charge_memcg");

	return memcg->parent ? try_charge(ms, t, memcg, nr, gfp) : 0;
}

void mem_cgroup_uncharge(struct memcg_state *ms, struct task *t, struct mem_cgroup *memcg, u32 nr)
{
	FRAME(t, "uncharge_batch");

	if (!memcg->parent)
		return;
	page_counter_uncharge(t, &memcg->memory, nr);
	css_put(ms, t, memcg);
}
