/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Order-0 pages: counts per CPU list and zone, not identities. Which pages of a
 * CPU's list are cache-hot follows from the list being LIFO: a run of pages freed
 * together is hot until an L2 of pages has been handed out since. Freeing is no
 * traffic: it touches struct page, not the page. Facts: reference machine.md 1.6
 * (pcp rules), section 0 decision 5, which says "within the last L2 of traffic" and
 * wins over the half L2 of 1.6.
 * Left out: orders above 0, buddy merging, watermarks, reclaim.
 */
#include "sim/mm/page_alloc.h"
#include "sim/mm/slab.h"

#include <stdlib.h>

#define PCP_RUNS 64 /* runs of equal age that are told apart */
#define PCP_SCALE_MAX 5 /* CONFIG_PCP_BATCH_SCALE_MAX */

struct pcp_run {
	u32 pages;
	u32 stamp; /* page traffic of the CPU when they were freed */
};

struct pcp {
	u32 count, high;
	u32 alloc_factor, free_count;
	u32 traffic; /* pages handed out on this CPU */
	u32 nr_runs;
	struct pcp_run run[PCP_RUNS]; /* oldest first */
};

struct zone {
	struct spinlock lock;
	u64 free; /* guarded by lock */
	u64 managed;
	u32 batch, high_min, high_max;
	bool inited;
};

struct mm_state {
	struct kern *kern;
	struct pcp *pcp; /* per CPU, private to its running task */
	struct zone *zone; /* per node */
	bool init_on_alloc;
	u64 used;
};

static u32 zone_batch(u64 managed)
{
	u64 batch = min_u64(managed / 1024, (1 << 20) / PAGE_SIZE) / 4;

	if (batch < 1)
		batch = 1;
	batch = (1ULL << (fls64(batch + batch / 2) - 1)) - 1;
	return (u32)max_u64(batch, 1);
}

static int zone_init(struct mm_state *mm, struct zone *z, u32 cpus)
{
	z->managed = mm->kern->hw->c[MK_RAM] / PAGE_SIZE;
	z->free = z->managed;
	z->batch = zone_batch(z->managed);
	/* low watermark taken as managed/1000, an estimate of min_free_kbytes's effect */
	z->high_min = (u32)max_u64(z->managed / 1000 / cpus, 4 * z->batch);
	z->high_max = (u32)max_u64(z->managed / 8 / cpus, 4 * z->batch);
	if (spin_lock_init(mm->kern, &z->lock, "&zone->lock", SPIN_QSPINLOCK))
		return -1;
	z->inited = true;
	return 0;
}

struct mm_state *mm_new(struct kern *k, bool init_on_alloc)
{
	struct mm_state *mm = calloc(1, sizeof(*mm));
	u32 cpus = k->hw->nr_cpus, nodes = k->hw->nr_nodes;

	if (!mm)
		return NULL;
	mm->kern = k;
	mm->init_on_alloc = init_on_alloc;
	mm->pcp = calloc(cpus, sizeof(*mm->pcp));
	mm->zone = calloc(nodes, sizeof(*mm->zone));
	if (!mm->pcp || !mm->zone)
		goto fail;
	for (u32 i = 0; i < nodes; i++)
		if (zone_init(mm, &mm->zone[i], cpus / nodes))
			goto fail;
	for (u32 i = 0; i < cpus; i++)
		mm->pcp[i].high = mm->zone[k->hw->cpus[i].node].high_min;
	if (kmalloc_init(k))
		goto fail;
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
	if (mm->zone)
		for (u32 i = 0; i < mm->kern->hw->nr_nodes; i++)
			if (mm->zone[i].inited)
				spin_lock_destroy(&mm->zone[i].lock);
	free(mm->zone);
	free(mm->pcp);
	free(mm);
}

u64 mm_pages_used(const struct mm_state *mm)
{
	return mm->used;
}

static struct mm_state *task_mm(struct task *t)
{
	return t->kern->mm;
}

/* Move @n pages between the CPU's list and the zone under the zone lock; pages moved. */
static u32 zone_move(struct task *t, struct zone *z, u32 n, bool refill)
{
	spin_lock_irqsave(t, &z->lock);
	if (refill) {
		n = (u32)min_u64(n, z->free);
		z->free -= n;
	} else {
		z->free += n;
	}
	work(t, n * cost(t, MK_ZONE_HOLD_WARM));
	spin_unlock_irqrestore(t, &z->lock);
	return n;
}

/* The list is empty: refill by batch << alloc_factor, which grows with each refill. */
static bool pcp_refill(struct task *t, struct pcp *p, struct zone *z)
{
	u32 room = (u32)max_u64(p->high > p->count + z->batch ? p->high - p->count - z->batch : 0,
				z->batch);
	u32 n = z->batch << p->alloc_factor;

	if (n <= room && p->alloc_factor < PCP_SCALE_MAX)
		p->alloc_factor++;
	FRAME(t, "rmqueue_bulk");

	n = (u32)min_u64(n, room);
	n = zone_move(t, z, n, true);
	p->high = (u32)min_u64(p->high + n, z->high_max);
	p->count += n;
	return n != 0;
}

static void pcp_drain(struct task *t, struct pcp *p, struct zone *z)
{
	u32 n = (u32)clamp_s64(p->free_count, z->batch, (s64)p->high - z->batch);
	u32 left = n;

	FRAME(t, "free_pcppages_bulk");

	n = (u32)min_u64(n, p->count);
	zone_move(t, z, n, false);
	p->count -= n;
	/* the oldest pages go */
	for (u32 i = 0; i < p->nr_runs && left; i++) {
		u32 take = (u32)min_u64(left, p->run[i].pages);

		p->run[i].pages -= take;
		left -= take;
	}
}

/* Take @n pages off the list's hot end; how many of them are cache-hot. */
static u32 pcp_pop(struct task *t, struct pcp *p, u32 n)
{
	u32 l2 = (u32)(cost(t, MK_L2_BYTES) / PAGE_SIZE), hot = 0;

	while (n && p->nr_runs) {
		struct pcp_run *r = &p->run[p->nr_runs - 1];
		u32 take = (u32)min_u64(n, r->pages), age = p->traffic - r->stamp;

		if (age < l2)
			hot += (u32)min_u64(take, l2 - age);
		p->traffic += take;
		r->pages -= take;
		n -= take;
		if (!r->pages)
			p->nr_runs--;
	}
	p->traffic += n;
	return hot;
}

static void pcp_push(struct pcp *p, u32 n)
{
	struct pcp_run *r = p->nr_runs ? &p->run[p->nr_runs - 1] : NULL;

	/* pages freed within 4 of each other count as one run */
	if (r && p->traffic - r->stamp < 4) {
		r->pages += n;
		return;
	}
	if (p->nr_runs == PCP_RUNS) {
		for (u32 i = 1; i < PCP_RUNS; i++)
			p->run[i - 1] = p->run[i];
		p->nr_runs--;
	}
	p->run[p->nr_runs++] = (struct pcp_run){ n, p->traffic };
}

static struct pcp *pcp_of(struct task *t)
{
	return &task_mm(t)->pcp[task_cpu(t)];
}

static struct zone *zone_of(struct task *t)
{
	return &task_mm(t)->zone[t->x.cpu->node];
}

/* Take up to @n pages; adds the cost of clearing them to *@clear. Returns how many. */
static u32 pcp_take(struct task *t, u32 n, u32 gfp, u64 *clear)
{
	struct pcp *p;
	u32 left = n;

	task_settle(t);
	p = pcp_of(t);
	while (left) {
		u32 take, hot;

		if (!p->count && !pcp_refill(t, p, zone_of(t)))
			break;
		take = (u32)min_u64(left, p->count);
		p->count -= take;
		p->free_count = take < 32 ? p->free_count >> take : 0;
		hot = pcp_pop(t, p, take);
		left -= take;
		if (gfp & GFP_ZERO || task_mm(t)->init_on_alloc)
			*clear += hot * cost(t, MK_ZERO_PAGE4K_HOT) +
				  (take - hot) * cost(t, MK_ZERO_PAGE4K);
	}
	return n - left;
}

static void charge_clear(struct task *t, u64 clear)
{
	FRAME(t, "clear_page_rep");

	work(t, clear);
}

static void pages_taken(struct task *t, u32 n, u32 cat, u64 clear)
{
	if (clear)
		charge_clear(t, clear);
	ledger_charge(t, cat, (s64)n * (s64)PAGE_SIZE, (s32)n);
	task_count(t, &task_mm(t)->used, n);
}

bool alloc_page(struct task *t, u32 gfp, u32 cat)
{
	u64 clear = 0;

	FRAME(t, "get_page_from_freelist");

	work(t, cost(t, MK_PCP_PAIR) / 2);
	if (!pcp_take(t, 1, gfp, &clear))
		return false;
	pages_taken(t, 1, cat, clear);
	return true;
}

u32 alloc_pages_bulk(struct task *t, u32 n, u32 gfp, u32 cat)
{
	u64 clear = 0;
	u32 got;

	FRAME(t, "__alloc_pages_bulk");

	got = pcp_take(t, n, gfp, &clear);
	work(t, got * (cost(t, MK_BULK_PAGE) / 2));
	if (got)
		pages_taken(t, got, cat, clear);
	return got;
}

/* @n pages after which the list is not above its high mark, or one page. */
static void free_run(struct task *t, struct pcp *p, struct zone *z, u32 n)
{
	u32 max = z->batch << PCP_SCALE_MAX;

	FRAMES(t, "free_unref_page", n);

	work(t, n * (cost(t, MK_PCP_PAIR) / 2));
	pcp_push(p, n);
	p->count += n;
	p->alloc_factor = n < 32 ? p->alloc_factor >> n : 0;
	if (p->free_count < max)
		p->free_count = (u32)min_u64(p->free_count + n, max);
	if (p->count >= p->high)
		pcp_drain(t, p, z);
}

void free_pages_each(struct task *t, u32 n, u32 cat)
{
	u32 left = n;

	task_settle(t);
	while (left) {
		struct pcp *p = pcp_of(t);
		u32 run = p->high > p->count ? (u32)min_u64(left, p->high - p->count) : 1;

		free_run(t, p, zone_of(t), run);
		left -= run;
	}
	if (!n)
		return;
	ledger_charge(t, cat, -(s64)n * (s64)PAGE_SIZE, -(s32)n);
	task_count(t, &task_mm(t)->used, -(s64)n);
}

void free_page(struct task *t, u32 cat)
{
	free_pages_each(t, 1, cat);
}
