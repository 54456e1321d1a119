// SPDX-License-Identifier: GPL-2.0-or-later
/* Per-CPU memory by way of its provider; see the header. */
#include "sim/kern/percpu_alloc.h"

int percpu_alloc(struct kern *k, struct task *t, u32 size, u32 align, struct mem_cgroup *memcg,
		 struct percpu_mem *m)
{
	const struct percpu_ops *ops = k->percpu_ops;

	*m = (struct percpu_mem){ .size = size, .align = align, .account = memcg };
	return ops ? ops->alloc(k, t, m, memcg, ops->arg) : 0;
}

void percpu_free(struct kern *k, struct task *t, struct percpu_mem *m)
{
	const struct percpu_ops *ops = k->percpu_ops;

	if (ops && m->handle)
		ops->free(k, t, m, ops->arg);
	*m = (struct percpu_mem){ .size = 0 };
}
