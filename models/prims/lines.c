/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Cache lines as objects, each with a counter, and loads, stores and atomics on them.
 * Facts: reference machine.md 1.2, 1.3, 2.9.
 */
#include "models/prims/internal.h"

#include "sim/kern/atomic.h"

static int line_init(struct kern *k, void *obj, const struct object_decl *d)
{
	(void)k;
	(void)d;
	atomic_init_counter(obj);
	return 0;
}

const struct prim_type prim_line = {
	.desc = { "line", "a cache line holding a counter", NULL, 0 },
	.size = sizeof(struct atomic_counter),
	.init = line_init,
};

static struct atomic_counter *find_line(struct task *t, void *model, const struct op_call *call)
{
	struct prim_ref r = prim_ref(model, call);

	if (r.type != &prim_line)
		sim_fail(t->kern->sim, "load, store and atomic_add work on a line only", 0, 0);
	return r.instance;
}

int prim_op_load(struct task *t, void *model, struct op_call *call)
{
	atomic_read_counter(t, find_line(t, model, call));
	return 0;
}

int prim_op_store(struct task *t, void *model, struct op_call *call)
{
	struct atomic_counter *a = find_line(t, model, call);

	task_sync(t);
	a->v = call->v[1];
	line_store(&t->x, a->line);
	return 0;
}

int prim_op_atomic_add(struct task *t, void *model, struct op_call *call)
{
	struct prims *p = model;

	atomic_add_return(t, find_line(t, model, call), call->v[1]);
	task_count(t, &p->nr_atomics, 1);
	return 0;
}

const struct arg_desc prim_value_args[2] = {
	{ .name = "object", .type = VT_OBJECT, .required = true, .about = "declared line" },
	{ .name = "n",
	  .type = VT_INT,
	  .def = 1,
	  .min = INT32_MIN,
	  .max = INT32_MAX,
	  .about = "value to store or add" },
};
