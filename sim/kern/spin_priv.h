/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by spinlock.c (FIFO kinds, entry points) and spin_tas.c. */
#ifndef MMSIM_KERN_SPIN_PRIV_H
#define MMSIM_KERN_SPIN_PRIV_H

#include "sim/kern/spinlock.h"

/* Symbol under which waiting is profiled, as perf shows it. */
extern const struct frame_site spin_slowpath_site;

/* Stall of the fast path's compare-exchange, or of its failure (machine.md 2.4.3). */
u64 spin_cas_stall(const struct task *t, u16 line_last);

/* When the stores of the section have drained and the unlock is seen by others. */
u64 spin_release_time(struct task *t);

/* Count one complete acquisition. @prev_cpu: who held it before, LINE_NO_OWNER: nobody. */
void spin_count(struct spinlock *l, const struct spin_grant *g);

/* Block on the CPU as a waiter of @l whose first @stall ps are the failed exchange. */
void spin_wait(struct task *t, struct spinlock *l, u64 stall);

void tas_lock(struct task *t, struct spinlock *l, const struct frame_site *site);
void tas_unlock(struct task *t, struct spinlock *l);

#endif
