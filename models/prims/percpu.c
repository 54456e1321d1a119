/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Per-CPU counters as objects, and sections with interrupts or preemption off. Facts:
 * reference machine.md 2.9, 2.12.
 */
#include "models/prims/internal.h"

#include "sim/kern/irq.h"
#include "sim/kern/percpu_counter.h"

struct prim_percpu {
	struct percpu_counter c;
	s32 batch;
};

static const struct param_desc percpu_keys[] = {
	{ .name = "batch",
	  .type = VT_INT,
	  .max = INT32_MAX,
	  .about = "what a CPU keeps to itself; 0: max(32, 2 * CPUs)" },
};

static int percpu_make(struct kern *k, void *obj, const struct object_decl *d)
{
	struct prim_percpu *p = obj;

	p->batch = d->values[0] ? (s32)d->values[0] : percpu_counter_batch(k);
	return percpu_counter_init(k, &p->c);
}

static void percpu_drop(void *obj)
{
	struct prim_percpu *p = obj;

	percpu_counter_destroy(&p->c);
}

const struct prim_type prim_percpu_counter = {
	.desc = { "percpu_counter", "struct percpu_counter", percpu_keys, 1 },
	.size = sizeof(struct prim_percpu),
	.init = percpu_make,
	.destroy = percpu_drop,
};

static struct prim_percpu *find_counter(struct task *t, void *model, const struct op_call *call)
{
	struct prim_ref r = prim_ref(model, call);

	if (r.type != &prim_percpu_counter)
		sim_fail(t->kern->sim, "percpu operations work on a percpu_counter only", 0, 0);
	return r.instance;
}

int prim_op_percpu_add(struct task *t, void *model, struct op_call *call)
{
	struct prim_percpu *p = find_counter(t, model, call);

	percpu_counter_add_batch(t, &p->c, call->v[1], p->batch);
	return 0;
}

int prim_op_percpu_read(struct task *t, void *model, struct op_call *call)
{
	struct prims *prims = model;
	struct prim_percpu *p = find_counter(t, model, call);
	u64 error;

	task_sync(t);
	error = (u64)(p->c.count > p->c.truth ? p->c.count - p->c.truth : p->c.truth - p->c.count);
	prims->percpu_error_max = max_u64(prims->percpu_error_max, error);
	prims->nr_percpu_reads++;
	percpu_counter_read(t, &p->c);
	return 0;
}

int prim_op_percpu_sum(struct task *t, void *model, struct op_call *call)
{
	percpu_counter_sum(t, &find_counter(t, model, call)->c);
	return 0;
}

int prim_op_irq_save(struct task *t, void *model, struct op_call *call)
{
	(void)model;
	(void)call;
	local_irq_save(t);
	return 0;
}

int prim_op_irq_restore(struct task *t, void *model, struct op_call *call)
{
	(void)model;
	(void)call;
	local_irq_restore(t);
	return 0;
}

int prim_op_preempt_disable(struct task *t, void *model, struct op_call *call)
{
	(void)model;
	(void)call;
	preempt_disable(t);
	return 0;
}

int prim_op_preempt_enable(struct task *t, void *model, struct op_call *call)
{
	(void)model;
	(void)call;
	preempt_enable(t);
	return 0;
}
