// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Pages as handles, and what the zone lock costs. Facts: reference machine.md 1.6;
 * sim/mm/page_alloc.h. Objects of slabs: slab.c.
 *
 * A handle of pages is the first page frame number, with the number of pages above bit 32
 * if they came from the bulk allocator. A handle that was used up is refused by the
 * interpreter; here a page that is not allocated is, and a handle of another kind.
 */
#include "models/prims/internal.h"

#include "sim/mm/page_alloc.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#define BULK_SHIFT 32
#define BULK_MAX 512

enum { ALLOC_ORDER, ALLOC_NODE, ALLOC_ZERO, ALLOC_INTO, ALLOC_ACCOUNT, ALLOC_GFP };

static const char *const gfp_names[] = { "kernel", "nowait", "noretry", NULL };
static const u32 gfp_values[] = { GFP_KERNEL, GFP_NOWAIT, GFP_NORETRY };

const struct arg_desc prim_alloc_pages_args[6] = {
	{ .name = "order", .type = VT_INT, .max = MAX_PAGE_ORDER, .about = "2^order pages" },
	{ .name = "node",
	  .type = VT_INT,
	  .def = -1,
	  .min = -1,
	  .max = INT16_MAX,
	  .about = "preferred node; -1: the CPU's" },
	{ .name = "zero", .type = VT_BOOL, .about = "clear the pages" },
	{ .name = "into", .type = VT_OUT, .required = true, .about = "receives the pages" },
	{ .name = "account",
	  .type = VT_BOOL,
	  .def = true,
	  .about = "the memory cgroup of the thread pays" },
	{ .name = "gfp",
	  .type = VT_ENUM,
	  .choices = gfp_names,
	  .about = "what may be done so that it can" },
};

const struct arg_desc prim_alloc_bulk_args[3] = {
	{ .name = "pages",
	  .type = VT_INT,
	  .required = true,
	  .min = 1,
	  .max = BULK_MAX,
	  .about = "single pages" },
	{ .name = "zero", .type = VT_BOOL, .about = "clear the pages" },
	{ .name = "into", .type = VT_OUT, .required = true, .about = "receives the pages" },
};

const struct arg_desc prim_free_pages_args[1] = {
	{ .name = "pages", .type = VT_HANDLE, .required = true, .about = "what was allocated" },
};

static u32 gfp_of(s64 zero)
{
	return zero ? GFP_ZERO : GFP_KERNEL;
}

int prim_op_alloc_pages(struct task *t, void *model, struct op_call *call)
{
	struct prims *p = model;
	s64 node = call->v[ALLOC_NODE];

	if (node >= (s64)t->kern->hw->nr_nodes)
		sim_fail(t->kern->sim, "alloc_pages: there is no node %llu", (u64)node, 0);
	call->out = alloc_pages(t, node < 0 ? NUMA_NO_NODE : (u32)node, (u32)call->v[ALLOC_ORDER],
				gfp_of(call->v[ALLOC_ZERO]) | gfp_values[call->v[ALLOC_GFP]] |
					(call->v[ALLOC_ACCOUNT] ? GFP_ACCOUNT : 0),
				p->memory.pages_cat);
	if (!call->out)
		return -ENOMEM;
	task_count(t, &p->memory.nr_pages, 1LL << call->v[ALLOC_ORDER]);
	return 0;
}

int prim_op_alloc_pages_bulk(struct task *t, void *model, struct op_call *call)
{
	struct prims *p = model;
	struct page_list list = { 0 };
	u32 n = alloc_pages_bulk(t, (u32)call->v[0], gfp_of(call->v[1]), p->memory.pages_cat,
				 &list);

	if (!n)
		return -ENOMEM;
	call->out = (s64)n << BULK_SHIFT | list.head;
	task_count(t, &p->memory.nr_pages, n);
	return 0;
}

int prim_op_free_pages(struct task *t, void *model, struct op_call *call)
{
	struct prims *p = model;
	s64 handle = call->v[0];
	u32 pfn = (u32)handle, n = (u32)(handle >> BULK_SHIFT);

	if (!handle)
		return 0;
	if ((u64)handle & PRIM_NO_PAGES)
		sim_fail(t->kern->sim, "free_pages: this came from kmalloc or a cache", 0, 0);
	if (page_allocated(t, pfn) < 0)
		page_bad_free(t, pfn);
	if (n)
		free_pages_bulk(t, pfn, n, p->memory.pages_cat);
	else
		free_pages(t, pfn, p->memory.pages_cat);
	return 0;
}

int prim_memory_init(struct prims *p)
{
	s32 cat = ledger_category(&p->kern->ledger, "AnonPages");

	if (cat < 0)
		return -ENOSPC;
	p->memory.pages_cat = (u32)cat;
	if (!p->kern->mm)
		p->memory.own_mm = mm_new(p->kern, false);
	return p->kern->mm ? 0 : -ENOMEM;
}

void prim_memory_destroy(struct prims *p)
{
	mm_free(p->memory.own_mm);
}

void prim_memory_begin(struct prims *p)
{
	p->memory.base_pages = p->memory.nr_pages;
	p->memory.base_failed = mm_alloc_failures(p->kern->mm);
}

double prim_spin_share(const struct prims *p, const char *lock)
{
	const struct hw *hw = p->kern->hw;
	const struct lock_class *c = p->kern->lock_stats.first;
	double busy = 0;

	while (c && strcmp(c->name, lock))
		c = c->next;
	for (u32 i = 0; i < hw->nr_cpus; i++)
		for (u32 b = 0; b < NR_CPU_BUCKETS; b++)
			if (b != CPU_IDLE)
				busy += (double)(hw->cpus[i].bucket[b] - hw->cpus[i].base[b]);
	return c && busy > 0 ? (double)c->side[0].spin / busy : NAN;
}

double prim_memory_metric(const struct prims *p, u32 i)
{
	switch (i) {
	case PRIM_PAGES_ALLOCATED:
		return (double)(p->memory.nr_pages - p->memory.base_pages);
	case PRIM_ALLOC_FAILURES:
		return (double)(mm_alloc_failures(p->kern->mm) - p->memory.base_failed);
	default:
		return prim_spin_share(p, "&zone->lock");
	}
}
