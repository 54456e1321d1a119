/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Objects declared under `objects:` and the operations on them. An object is an
 * array of `count` instances; an argument value is the number of the instance over
 * all objects of the model. Facts: reference machine.md 1.2, 2.
 */
#include "models/prims/prims.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "sim/kern/atomic.h"
#include "sim/kern/mutex.h"
#include "sim/kern/spinlock.h"

enum prim_kind { PRIM_QSPINLOCK, PRIM_TAS, PRIM_FIFO, PRIM_MUTEX, PRIM_LINE };

struct prim_object {
	enum prim_kind kind;
	u32 count, nr_inited;
	union {
		struct spinlock *spin;
		struct mutex *mutex;
		struct atomic_counter *line;
	};
};

struct prim_ref {
	struct prim_object *object;
	u32 instance;
};

struct prims {
	struct kern *kern;
	struct prim_object *objects;
	u32 nr_objects;
	struct prim_ref *refs; /* by number of the instance */
	u64 nr_locks, nr_atomics; /* since the run began */
	u64 base_locks, base_atomics; /* as of the warm-up cut */
};

static const struct param_desc fifo_keys[] = {
	{ .name = "handoff",
	  .type = VT_TIME,
	  .min = 0,
	  .max = (s64)PS_PER_SEC,
	  .unit = "time",
	  .about = "hand-over charged to an acquisition that waited" },
};

static const struct object_kind_desc prim_kinds[] = {
	[PRIM_QSPINLOCK] = { "qspinlock", "kernel spinlock_t; test-and-set with virt: tas", NULL,
			     0 },
	[PRIM_TAS] = { "tas", "test-and-set spin lock", NULL, 0 },
	[PRIM_FIFO] = { "fifo", "FIFO lock without line costs, for closed forms", fifo_keys, 1 },
	[PRIM_MUTEX] = { "mutex", "struct mutex: optimistic spinning, sleep, hand-off", NULL, 0 },
	[PRIM_LINE] = { "line", "a cache line holding a counter", NULL, 0 },
};

static struct prim_object *find(struct task *t, struct prims *p, s64 v, u32 *instance)
{
	(void)t;
	*instance = p->refs[v].instance;
	return p->refs[v].object;
}

static int op_lock(struct task *t, void *model, struct op_call *call)
{
	struct prims *p = model;
	u32 i;
	struct prim_object *o = find(t, p, call->v[0], &i);

	if (o->kind == PRIM_LINE)
		sim_fail(t->kern->sim, "lock: the object is a line, not a lock", 0, 0);
	if (o->kind == PRIM_MUTEX)
		mutex_lock(t, &o->mutex[i]);
	else
		spin_lock(t, &o->spin[i]);
	task_count(t, &p->nr_locks, 1);
	return 0;
}

static int op_unlock(struct task *t, void *model, struct op_call *call)
{
	u32 i;
	struct prim_object *o = find(t, model, call->v[0], &i);

	if (o->kind == PRIM_LINE)
		sim_fail(t->kern->sim, "unlock: the object is a line, not a lock", 0, 0);
	if (o->kind == PRIM_MUTEX)
		mutex_unlock(t, &o->mutex[i]);
	else
		spin_unlock(t, &o->spin[i]);
	return 0;
}

static struct atomic_counter *find_line(struct task *t, void *model, s64 v)
{
	u32 i;
	struct prim_object *o = find(t, model, v, &i);

	if (o->kind != PRIM_LINE)
		sim_fail(t->kern->sim, "load, store and atomic_add work on a line only", 0, 0);
	return &o->line[i];
}

static int op_load(struct task *t, void *model, struct op_call *call)
{
	atomic_read_counter(t, find_line(t, model, call->v[0]));
	return 0;
}

static int op_store(struct task *t, void *model, struct op_call *call)
{
	struct atomic_counter *a = find_line(t, model, call->v[0]);

	task_sync(t);
	a->v = call->v[1];
	line_store(&t->x, a->line);
	return 0;
}

static int op_atomic_add(struct task *t, void *model, struct op_call *call)
{
	struct prims *p = model;

	atomic_add_return(t, find_line(t, model, call->v[0]), call->v[1]);
	task_count(t, &p->nr_atomics, 1);
	return 0;
}

static const struct arg_desc object_arg[] = {
	{ .name = "object", .type = VT_OBJECT, .required = true, .about = "declared object" },
};

static const struct arg_desc value_args[] = {
	{ .name = "object", .type = VT_OBJECT, .required = true, .about = "declared line" },
	{ .name = "n",
	  .type = VT_INT,
	  .def = 1,
	  .min = INT32_MIN,
	  .max = INT32_MAX,
	  .about = "value to store or add" },
};

static const struct op_desc prim_ops[] = {
	{ "lock", "acquire a lock", object_arg, 1, "object", op_lock, false },
	{ "unlock", "release a lock", object_arg, 1, "object", op_unlock, true },
	{ "load", "read a cache line", object_arg, 1, "object", op_load, false },
	{ "store", "write a cache line (posted)", value_args, 2, "object", op_store, false },
	{ "atomic_add", "fetch-add on a cache line", value_args, 2, "object", op_atomic_add,
	  false },
};

static int refs_init(struct prims *p, const struct model_config *config)
{
	u32 total = 0, n = 0;

	for (u32 i = 0; i < config->nr_objects; i++)
		total += config->objects[i].count;
	p->refs = calloc(total + 1, sizeof(*p->refs));
	if (!p->refs)
		return -ENOMEM;
	for (u32 i = 0; i < config->nr_objects; i++)
		for (u32 j = 0; j < config->objects[i].count; j++)
			p->refs[n++] = (struct prim_ref){ &p->objects[i], j };
	return 0;
}

static int object_init(struct prims *p, struct prim_object *o, const struct object_decl *d)
{
	static const enum spin_kind spin_kinds[] = {
		[PRIM_QSPINLOCK] = SPIN_QSPINLOCK, [PRIM_TAS] = SPIN_TAS, [PRIM_FIFO] = SPIN_FIFO
	};
	size_t size = o->kind == PRIM_LINE  ? sizeof(*o->line) :
		      o->kind == PRIM_MUTEX ? sizeof(*o->mutex) :
					      sizeof(*o->spin);

	o->count = d->count;
	o->spin = calloc(d->count, size);
	if (!o->spin)
		return -ENOMEM;
	for (u32 i = 0; i < d->count; i++, o->nr_inited++) {
		int err = 0;

		if (o->kind == PRIM_LINE)
			atomic_init_counter(&o->line[i]);
		else if (o->kind == PRIM_MUTEX)
			err = mutex_init(p->kern, &o->mutex[i], d->name);
		else
			err = spin_lock_init(p->kern, &o->spin[i], d->name, spin_kinds[o->kind]);
		if (err)
			return err;
		if (o->kind == PRIM_FIFO)
			o->spin[i].handoff = (u64)d->values[0];
	}
	return 0;
}

static void prims_destroy(void *model)
{
	struct prims *p = model;

	for (u32 i = 0; p->objects && i < p->nr_objects; i++) {
		struct prim_object *o = &p->objects[i];

		if (o->kind != PRIM_LINE && o->kind != PRIM_MUTEX)
			for (u32 j = 0; j < o->nr_inited; j++)
				spin_lock_destroy(&o->spin[j]);
		free(o->spin);
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
	p->nr_objects = config->nr_objects;
	p->objects = calloc(config->nr_objects + 1, sizeof(*p->objects));
	if (!p->objects || refs_init(p, config))
		goto fail;
	for (u32 i = 0; i < config->nr_objects; i++) {
		p->objects[i].kind = (enum prim_kind)(config->objects[i].kind - prim_kinds);
		if (object_init(p, &p->objects[i], &config->objects[i]))
			goto fail;
	}
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
}

static const struct metric_desc prim_metrics[] = {
	{ "locks_per_us", "1/us", "acquisitions of all locks per microsecond", METRIC_HIGHER },
	{ "atomics_per_us", "1/us", "atomic operations per microsecond", METRIC_HIGHER },
};

static double prims_metric(void *model, u32 i, u64 elapsed_ps)
{
	const struct prims *p = model;
	u64 n = i ? p->nr_atomics - p->base_atomics : p->nr_locks - p->base_locks;

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
