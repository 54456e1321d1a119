/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Synchronous IPI rounds and TLB flushes (reference machine.md 1.6, 2.12): the
 * sender waits for the slowest acknowledgement; a target with interrupts off
 * acknowledges when they go on; the handler's time is stolen from the target.
 */
#ifndef MMSIM_KERN_IPI_H
#define MMSIM_KERN_IPI_H

#include "sim/kern/task.h"

/* State of the rounds of one kernel; called by kern_new(). Returns 0 or -ENOMEM. */
int ipi_init(struct kern *k);
void ipi_destroy(struct kern *k);

/*
 * Run a function of @ps on all CPUs, this one included, and wait for all; an
 * interaction point. Interrupts must be on.
 */
void smp_call_all(struct task *t, u64 ps);

/*
 * The same without this CPU, on those other ones for which @cond(cpu, arg) holds; it is
 * asked at the present instant, more than once. Returns at once if there are none.
 */
void smp_call_cond(struct task *t, bool (*cond)(const struct cpu *c, void *arg), void *arg, u64 ps);

/* Flush kernel addresses [start, end), bytes, on all CPUs. */
void flush_tlb_kernel_range(struct task *t, u64 start, u64 end);

/* For irq.c: interrupts go on, at the task's clock, on a CPU that holds IPIs back. */
void ipi_acknowledge(struct task *t);

#endif
