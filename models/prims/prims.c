/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Objects declared under `objects:` and the operations on them. An object is an
 * array of `count` instances; an argument value is the number of the instance over
 * all objects of the model. The kinds and operations are in the files next to this
 * one; here are their tables.
 */
#include "models/prims/internal.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

/* The first member of its type each, in the order in which they are listed. */
static const struct object_kind_desc *const prim_kinds[] = {
	&prim_qspinlock.desc, &prim_tas.desc,	&prim_fifo.desc, &prim_mutex.desc,
	&prim_line.desc,      &prim_memcg.desc, &prim_work.desc,
};

const struct arg_desc prim_object_arg[1] = {
	{ .name = "object", .type = VT_OBJECT, .required = true, .about = "declared object" },
};

static const struct op_desc prim_ops[] = {
	{ "lock", "acquire a lock", prim_object_arg, 1, "object", prim_op_lock, false },
	{ "unlock", "release a lock", prim_object_arg, 1, "object", prim_op_unlock, true },
	{ "load", "read a cache line", prim_object_arg, 1, "object", prim_op_load, false },
	{ "store", "write a cache line (posted)", prim_value_args, 2, "object", prim_op_store,
	  false },
	{ "atomic_add", "fetch-add on a cache line", prim_value_args, 2, "object",
	  prim_op_atomic_add, false },
	{ "memcg_create", "mkdir of a memory cgroup that was removed", prim_object_arg, 1, "object",
	  prim_op_memcg_create, false },
	{ "memcg_remove", "rmdir of a memory cgroup", prim_object_arg, 1, "object",
	  prim_op_memcg_remove, false },
	{ "memcg_charge", "charge pages to a memory cgroup", prim_charge_args, 3, "object",
	  prim_op_memcg_charge, false },
	{ "memcg_uncharge", "give charged pages back", prim_charge_args, 2, "object",
	  prim_op_memcg_uncharge, false },
	{ "queue_work", "queue a work item; fails if it is pending", prim_queue_args, 2, "object",
	  prim_op_queue_work, false },
	{ "queue_delayed_work", "queue it after a time, counted in jiffies", prim_delayed_args, 3,
	  NULL, prim_op_queue_delayed_work, false },
	{ "flush_work", "wait for what has been queued", prim_object_arg, 1, "object",
	  prim_op_flush_work, false },
	{ "cancel_work", "take a queueing back and wait if it runs; fails without one",
	  prim_object_arg, 1, "object", prim_op_cancel_work, false },
};

static int refs_init(struct prims *p)
{
	u32 total = 0, n = 0;

	for (u32 i = 0; i < p->nr_objects; i++)
		total += p->objects[i].count;
	p->refs = calloc(total + 1, sizeof(*p->refs));
	if (!p->refs)
		return -ENOMEM;
	for (u32 i = 0; i < p->nr_objects; i++) {
		struct prim_object *o = &p->objects[i];

		for (u32 j = 0; j < o->count; j++)
			p->refs[n++] =
				(struct prim_ref){ o->type, o->instances + j * o->type->size };
	}
	return 0;
}

static int object_init(struct kern *k, struct prim_object *o, const struct object_decl *d)
{
	o->count = d->count;
	o->instances = calloc(d->count, o->type->size);
	if (!o->instances)
		return -ENOMEM;
	for (; o->nr_inited < d->count; o->nr_inited++) {
		int err = o->type->init(k, o->instances + o->nr_inited * o->type->size, d);

		if (err)
			return err;
	}
	return 0;
}

static void prims_destroy(void *model)
{
	struct prims *p = model;

	for (u32 i = 0; p->objects && i < p->nr_objects; i++) {
		struct prim_object *o = &p->objects[i];

		for (u32 j = 0; o->type->destroy && j < o->nr_inited; j++)
			o->type->destroy(o->instances + j * o->type->size);
		free(o->instances);
	}
	free(p->refs);
	free(p->objects);
	free(p);
}

static void *prims_create(struct kern *k, const struct model_config *config)
{
	struct prims *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->kern = k;
	p->objects = calloc(config->nr_objects + 1, sizeof(*p->objects));
	if (!p->objects)
		goto fail;
	for (; p->nr_objects < config->nr_objects; p->nr_objects++) {
		const struct object_decl *d = &config->objects[p->nr_objects];
		struct prim_object *o = &p->objects[p->nr_objects];

		o->type = container_of(d->kind, const struct prim_type, desc);
		if (object_init(k, o, d)) {
			p->nr_objects++;
			goto fail;
		}
	}
	if (refs_init(p))
		goto fail;
	return p;
fail:
	prims_destroy(p);
	errno = ENOMEM;
	return NULL;
}

static void prims_begin(void *model)
{
	struct prims *p = model;

	p->base_locks = p->nr_locks;
	p->base_atomics = p->nr_atomics;
	p->base_works = p->works;
}

static const struct metric_desc prim_metrics[] = {
	{ "locks_per_us", "1/us", "acquisitions of all locks per microsecond", METRIC_HIGHER },
	{ "atomics_per_us", "1/us", "atomic operations per microsecond", METRIC_HIGHER },
	{ "works_per_us", "1/us", "work items begun per microsecond", METRIC_HIGHER },
	{ "work_wait", "ns", "mean time from queue_work to the start of the item", METRIC_LOWER },
};

static double prims_metric(void *model, u32 i, u64 elapsed_ps)
{
	const struct prims *p = model;
	u64 n = i ? p->nr_atomics - p->base_atomics : p->nr_locks - p->base_locks;

	if (i >= 2)
		return prim_work_metric(p, i - 2, elapsed_ps);
	return elapsed_ps ? (double)n * (double)PS_PER_US / (double)elapsed_ps : NAN;
}

const struct model_desc prims_model = {
	.name = "prims",
	.about = "locks, cache lines and atomics declared in the scenario",
	.ops = prim_ops,
	.nr_ops = ARRAY_SIZE(prim_ops),
	.metrics = prim_metrics,
	.nr_metrics = ARRAY_SIZE(prim_metrics),
	.kinds = prim_kinds,
	.nr_kinds = ARRAY_SIZE(prim_kinds),
	.create = prims_create,
	.destroy = prims_destroy,
	.begin = prims_begin,
	.metric = prims_metric,
};
