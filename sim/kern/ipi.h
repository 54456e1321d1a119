/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Synchronous IPI rounds and TLB flushes (reference machine.md 1.6, 2.12): the
 * sender waits for the slowest acknowledgement; a target with interrupts off
 * acknowledges when they go on; the handler's time is stolen from the target.
 */
#ifndef MMSIM_KERN_IPI_H
#define MMSIM_KERN_IPI_H

#include "sim/kern/task.h"

/* Run a handler of @handler_ps on every other CPU and wait for all. */
void smp_call_all(struct task *t, u64 handler_ps);

/* Flush kernel addresses [start, end), bytes, on all CPUs. */
void flush_tlb_kernel_range(struct task *t, u64 start, u64 end);

#endif
