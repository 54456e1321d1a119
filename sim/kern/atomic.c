/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Atomic counters on open cache lines; see atomic.h. */
#include "sim/kern/atomic.h"

void atomic_init_counter(struct atomic_counter *a)
{
	gline_init(&a->own_line.g, 0);
	a->own_line.busy_until = 0;
	a->line = &a->own_line;
	a->v = 0;
}

s64 atomic_add_return(struct task *t, struct atomic_counter *a, s64 n)
{
	s64 v;

	task_sync(t);
	v = a->v += n;
	line_rmw(&t->x, a->line);
	return v;
}

s64 atomic_read_counter(struct task *t, struct atomic_counter *a)
{
	s64 v;

	task_sync(t);
	v = a->v;
	line_load(&t->x, a->line);
	return v;
}
