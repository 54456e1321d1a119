/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Calls on other CPUs, flushes of the TLB, and what a system call and an anonymous fault
 * cost, so that a shootdown can be put together in YAML: the threads of the scenario are one
 * process. Facts: reference machine.md 1.6, 2.12, 4.7, 4.8; sim/kern/ipi.h.
 *
 * Left out: address spaces and their cpumasks (an idle CPU is in lazy TLB mode and gets no
 * flush, a busy one runs the process), page tables, flushes gathered over several pages.
 */
#include "models/prims/internal.h"

#include <errno.h>

#include "sim/kern/ipi.h"
#include "sim/mm/page_alloc.h"

#define TLB_MAX_PAGES (1LL << 30)

const struct arg_desc prim_ipi_args[2] = {
	{ .name = "cpu",
	  .type = VT_INT,
	  .def = -1,
	  .min = -1,
	  .max = UINT16_MAX,
	  .about = "CPU to call; -1: all of them, the own one included" },
	{ .name = "for",
	  .type = VT_TIME,
	  .max = (s64)PS_PER_SEC,
	  .about = "length of the function that is called" },
};

const struct arg_desc prim_flush_tlb_args[2] = {
	{ .name = "pages",
	  .type = VT_INT,
	  .def = 1,
	  .min = 1,
	  .max = TLB_MAX_PAGES,
	  .about = "pages of the range" },
	{ .name = "kernel",
	  .type = VT_BOOL,
	  .about = "a range of the kernel: on all CPUs, not those with threads only" },
};

const struct arg_desc prim_anon_fault_args[2] = {
	{ .name = "order",
	  .type = VT_INT,
	  .max = MAX_PAGE_ORDER,
	  .about = "2^order pages; 9: a huge page" },
	{ .name = "into", .type = VT_OUT, .required = true, .about = "receives the pages" },
};

static bool is_cpu(const struct cpu *c, void *arg)
{
	return c->id == *(const u32 *)arg;
}

static bool is_busy(const struct cpu *c, void *arg)
{
	(void)arg;
	return c->curr;
}

int prim_op_ipi(struct task *t, void *model, struct op_call *call)
{
	u32 cpu = (u32)call->v[0];
	u64 ps = (u64)call->v[1];

	(void)model;
	if (call->v[0] < 0) {
		FRAME(t, "on_each_cpu");
		smp_call_all(t, ps);
		return 0;
	}
	if (cpu >= t->x.hw->nr_cpus)
		sim_fail(t->kern->sim, "ipi: there is no CPU %llu", cpu, 0);

	FRAME(t, "smp_call_function_single");

	/* the own CPU's is called with interrupts off, without an IPI */
	if (cpu == task_cpu(t))
		work(t, cost(t, MK_IRQ_SAVE_RESTORE) + ps);
	else
		smp_call_cond(t, is_cpu, &cpu, ps);
	return 0;
}

/* What the flush of @pages takes on a CPU. */
static u64 flush_cost(struct task *t, u64 pages)
{
	if (pages > cost(t, MK_TLB_RANGE_CEILING_PAGES))
		return cost(t, MK_TLB_LOCAL_FULL) + 20 * cost(t, MK_LAT_L2);
	return pages * cost(t, MK_TLB_LOCAL_PAGE);
}

int prim_op_flush_tlb(struct task *t, void *model, struct op_call *call)
{
	u64 pages = (u64)call->v[0], flush = flush_cost(t, pages);

	(void)model;
	if (call->v[1]) {
		flush_tlb_kernel_range(t, 0, pages << 12);
		return 0;
	}

	FRAME(t, "flush_tlb_mm_range");

	work(t, flush);
	if (!cost(t, MK_TLB_ARCH_BROADCAST))
		smp_call_cond(t, is_busy, NULL, flush);
	return 0;
}

int prim_op_syscall(struct task *t, void *model, struct op_call *call)
{
	(void)model;
	(void)call;

	FRAME(t, "entry_SYSCALL_64");

	work(t, cost(t, MK_SYSCALL));
	return 0;
}

/* The machine's total of a fault has the allocation of the page in it, which is made here. */
int prim_op_anon_fault(struct task *t, void *model, struct op_call *call)
{
	struct prims *p = model;
	u64 total = cost(t, MK_FAULT_ANON_MINOR), alloc = cost(t, MK_PCP_PAIR) / 2;

	FRAME(t, "do_anonymous_page");

	work(t, total - min_u64(total, alloc));
	call->out = alloc_pages(t, NUMA_NO_NODE, (u32)call->v[0], GFP_ZERO, p->memory.pages_cat);
	if (!call->out)
		return -ENOMEM;
	task_count(t, &p->memory.nr_pages, 1LL << call->v[0]);
	return 0;
}
