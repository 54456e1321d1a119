/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Atomic counters on a cache line of their own (reference machine.md 1.2, 1.3,
 * 2.9): the cost is the line's, a line with other requests under way is served at
 * rmw_hot. Every access is an interaction point.
 */
#ifndef MMSIM_KERN_ATOMIC_H
#define MMSIM_KERN_ATOMIC_H

#include "sim/kern/task.h"

struct atomic_counter {
	struct line own_line, *line; /* line may be shared with others */
	s64 v;
};

/* Zero, on a line of its own; point @a->line elsewhere to share one. */
void atomic_init_counter(struct atomic_counter *a);
/* Add and return the new value. */
s64 atomic_add_return(struct task *t, struct atomic_counter *a, s64 n);
/* Load. */
s64 atomic_read_counter(struct task *t, struct atomic_counter *a);

#endif
