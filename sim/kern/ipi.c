/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * IPI rounds and TLB flushes (reference machine.md 1.6). Left out: a target that
 * has interrupts off acknowledges at once here, the handler's time is still owed
 * until its section ends.
 */
#include "sim/kern/ipi.h"

void smp_call_all(struct task *t, u64 handler_ps)
{
	struct hw *hw = t->x.hw;
	u64 wait = 0;
	u32 socket = t->x.cpu->socket;

	task_sync(t);
	for (u32 i = 0; i < hw->nr_cpus; i++) {
		u64 ps = hw->c[wait ? MK_IPI_PER_TARGET : MK_IPI_SINGLE_SYNC];

		if (i == t->x.cpu->id)
			continue;
		if (hw->cpus[i].socket != socket)
			ps = ps * hw->c[MK_IPI_CROSS_SOCKET] / 1000;
		wait += ps;
		cpu_interrupt(hw, &hw->cpus[i], hw->c[MK_IPI_HANDLER] + handler_ps);
	}
	if (t->kern->virt != VIRT_NONE)
		wait = wait * hw->c[MK_IPI_VIRT_FACTOR] / 1000;
	exec_charge(&t->x, CPU_IPI_WAIT, wait);
}

void flush_tlb_kernel_range(struct task *t, u64 start, u64 end)
{
	u64 pages = (end - start + 4095) >> 12;
	u64 flush;

	FRAME(t, "flush_tlb_kernel_range");

	if (pages > cost(t, MK_TLB_RANGE_CEILING_PAGES))
		flush = cost(t, MK_TLB_LOCAL_FULL) + 20 * cost(t, MK_LAT_L2);
	else
		flush = pages * cost(t, MK_TLB_LOCAL_PAGE);
	if (!cost(t, MK_TLB_ARCH_BROADCAST))
		smp_call_all(t, flush);
	work(t, flush);
}
