/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Work items as objects and operations on them. An item spends CPU time and may sleep in
 * the middle. What it spends is drawn when it is queued, from the stream of the thread that
 * queues it, so that every variant sees the same items. Facts: reference machine.md 2.13.
 */
#include "models/prims/internal.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/kern/completion.h"
#include "sim/kern/workqueue.h"

enum {
	KEY_FOR,
	KEY_LAW,
	KEY_SLEEP,
	KEY_QUEUE,
	KEY_MAX_ACTIVE,
	KEY_SCOPE,
	KEY_STRICT,
	KEY_WORKERS,
	KEY_LINES,
	KEY_DEPTH
};

#define MAX_WORKERS 64 /* of a pool, unless the key says more */

/* An object with `depth`: so many items, of which queue_work takes one that is free. */
struct prim_work_ring {
	struct completion free; /* done: how many are free */
	u32 depth;
	u32 head, nr; /* of free_item[], a FIFO; open state */
	u32 *free_item;
	struct prim_work_item *item;
};

struct prim_work_item {
	struct delayed_work dw;
	struct prim_work_ring *ring; /* of which it is the front, or NULL */
	struct prim_work_ring *in; /* of which it is an item, or NULL */
	struct workqueue *wq;
	struct prims *prims; /* of the last queueing */
	u64 mean, time; /* of its work: of the law, of the last queueing */
	u64 sleep;
	u64 queued_at; /* by queue_work; TIME_MAX: by a timer */
	bool exponential;
	/* data: whoever queues writes it, the item then does; guarded by the pending bit */
	struct gline *lines;
	u32 nr_lines;
};

/* In the order of enum system_wq and of enum wq_affn_scope. */
static const char *const law_names[] = { "constant", "exp", NULL };
static const char *const queue_names[] = { "system_wq", "system_highpri_wq", "system_long_wq",
					   "system_unbound_wq", NULL };
static const char *const scope_names[] = {
	"default", "cpu", "smt", "cache", "numa", "system", NULL
};

/* The data goes over to this CPU: it is read and changed. */
static void take_lines(struct task *t, struct prim_work_item *i)
{
	struct walk w = { 0 };

	for (u32 n = 0; n < i->nr_lines; n++) {
		gline_read(&t->x, &i->lines[n], &w);
		gline_write(&t->x, &i->lines[n], &w);
	}
	walk_charge(&t->x, &w);
}

/* Its request is done: the item is free for another one. */
static void ring_put(struct task *t, struct prim_work_item *i)
{
	struct prim_work_ring *r = i->in;

	task_sync(t);
	r->free_item[(r->head + r->nr++) % r->depth] = (u32)(i - r->item);
	complete(t, &r->free);
}

/* Sleeps until an item is free. */
static struct prim_work_item *ring_get(struct task *t, struct prim_work_ring *r)
{
	u32 i;

	wait_for_completion(t, &r->free);
	task_sync(t);
	i = r->free_item[r->head];
	r->head = (r->head + 1) % r->depth;
	r->nr--;
	return &r->item[i];
}

static void item_fn(struct task *t, struct work *w)
{
	struct prim_work_item *i = container_of(w, struct prim_work_item, dw.work);
	struct prim_works *works = &i->prims->works;
	u64 time = i->time, half = i->sleep ? time / 2 : 0;

	FRAME(t, "work_item");
	task_count(t, &works->begun, 1);
	if (i->queued_at != TIME_MAX) {
		task_count(t, &works->waited, 1);
		task_count(t, &works->wait_ps, (s64)(task_clock(t) - i->queued_at));
	}
	take_lines(t, i);
	if (i->sleep) {
		work(t, half);
		task_sleep(t, i->sleep);
	}
	work(t, time - half);
	if (i->in)
		ring_put(t, i);
}

/* All instances of @d share a queue of their own if a key asks for one. */
static struct workqueue *item_queue(struct kern *k, const struct object_decl *d)
{
	static const u32 flags[NR_SYSTEM_WQS] = {
		[SYSTEM_HIGHPRI_WQ] = WQ_HIGHPRI, [SYSTEM_UNBOUND_WQ] = WQ_UNBOUND
	};
	const s64 *v = d->values;
	u32 own = flags[v[KEY_QUEUE]] | (v[KEY_STRICT] ? WQ_STRICT : 0u);
	struct workqueue *wq;

	if (!v[KEY_MAX_ACTIVE] && !v[KEY_SCOPE] && !v[KEY_STRICT])
		return system_workqueue(k, (enum system_wq)v[KEY_QUEUE]);
	wq = find_workqueue(k, d->name);
	if (wq)
		return wq;
	return alloc_workqueue(k, d->name, own, (enum wq_affn_scope)v[KEY_SCOPE],
			       (u32)v[KEY_MAX_ACTIVE]);
}

/* Beyond the two of each pool: one for each item that may hold a worker while another runs. */
static int item_reserve(struct kern *k, struct prim_work_item *i, const struct object_decl *d)
{
	u32 nr = workqueue_nr_workers(i->wq);
	u64 longest = i->exponential ? 50 * i->mean : i->mean;
	bool holds = d->values[KEY_QUEUE] == SYSTEM_UNBOUND_WQ || i->sleep ||
		     (k->wq_cpu_intensive_thresh && longest >= k->wq_cpu_intensive_thresh);

	if (d->values[KEY_WORKERS])
		return workqueue_reserve(i->wq, (u32)d->values[KEY_WORKERS]);
	return holds && nr < MAX_WORKERS ? workqueue_reserve(i->wq, nr + 1) : 0;
}

static int item_init_one(struct kern *k, struct prim_work_item *i, const struct object_decl *d)
{
	delayed_work_init(&i->dw, item_fn);
	i->mean = (u64)d->values[KEY_FOR];
	i->exponential = d->values[KEY_LAW] == 1;
	i->sleep = (u64)d->values[KEY_SLEEP];
	i->lines = calloc((size_t)d->values[KEY_LINES] + 1, sizeof(*i->lines));
	if (!i->lines)
		return -ENOMEM;
	for (; i->nr_lines < d->values[KEY_LINES]; i->nr_lines++)
		gline_init(&i->lines[i->nr_lines], 0);
	i->wq = item_queue(k, d);
	if (i->wq)
		return item_reserve(k, i, d);
	if (errno != EINVAL)
		return -ENOMEM;
	sim_fail(k->sim, "work: scope and strict are for system_unbound_wq only", 0, 0);
	i->wq = system_workqueue(k, SYSTEM_WQ);
	return 0;
}

static void ring_destroy(struct prim_work_ring *r)
{
	if (!r)
		return;
	for (u32 n = 0; r->item && n < r->depth; n++)
		free(r->item[n].lines);
	free(r->item);
	free(r->free_item);
	completion_destroy(&r->free);
	free(r);
}

static void item_destroy(void *obj)
{
	struct prim_work_item *i = obj;

	free(i->lines);
	ring_destroy(i->ring);
}

static int ring_init(struct kern *k, struct prim_work_item *front, const struct object_decl *d)
{
	struct prim_work_ring *r = calloc(1, sizeof(*r));
	int err = -ENOMEM;

	if (!r)
		return -ENOMEM;
	if (init_completion(k, &r->free)) {
		free(r);
		return -ENOMEM;
	}
	r->depth = (u32)d->values[KEY_DEPTH];
	r->item = calloc(r->depth, sizeof(*r->item));
	r->free_item = calloc(r->depth, sizeof(*r->free_item));
	if (!r->item || !r->free_item)
		goto fail;
	for (; r->nr < r->depth; r->nr++) {
		err = item_init_one(k, &r->item[r->nr], d);
		if (err)
			goto fail;
		r->item[r->nr].in = r;
		r->free_item[r->nr] = r->nr;
	}
	r->free.done = r->depth;
	front->ring = r;
	return 0;
fail:
	ring_destroy(r);
	return err;
}

static int item_init(struct kern *k, void *obj, const struct object_decl *d)
{
	struct prim_work_item *i = obj;
	int err;

	if (d->values[KEY_DEPTH])
		return ring_init(k, i, d);
	err = item_init_one(k, i, d);
	if (err)
		item_destroy(i);
	return err;
}

static const struct param_desc work_keys[] = {
	[KEY_FOR] = { .name = "for",
		      .type = VT_TIME,
		      .min = 0,
		      .max = (s64)(100 * PS_PER_SEC),
		      .unit = "time",
		      .about = "CPU time of the item" },
	[KEY_LAW] = { .name = "law",
		      .type = VT_ENUM,
		      .choices = law_names,
		      .about = "how that is distributed" },
	[KEY_SLEEP] = { .name = "sleep",
			.type = VT_TIME,
			.min = 0,
			.max = (s64)(100 * PS_PER_SEC),
			.unit = "time",
			.about = "sleep in the middle of it" },
	[KEY_QUEUE] = { .name = "queue",
			.type = VT_ENUM,
			.choices = queue_names,
			.about = "work queue, or the kind of its own one" },
	[KEY_MAX_ACTIVE] = { .name = "max_active",
			     .type = VT_INT,
			     .min = 0,
			     .max = WQ_MAX_ACTIVE,
			     .about = "of a work queue of its own; 0: the kernel's default" },
	[KEY_SCOPE] = { .name = "scope",
			.type = VT_ENUM,
			.choices = scope_names,
			.about = "affinity scope of an unbound work queue of its own" },
	[KEY_STRICT] = { .name = "strict",
			 .type = VT_BOOL,
			 .about = "its workers never leave the scope" },
	[KEY_WORKERS] = { .name = "workers",
			  .type = VT_INT,
			  .min = 0,
			  .max = 4096,
			  .about = "kworkers that each pool may come to have; 0: as the items "
				   "need" },
	[KEY_LINES] = { .name = "lines",
			.type = VT_INT,
			.min = 0,
			.max = 65536,
			.about = "cache lines that whoever queues it changes, and then the item" },
	[KEY_DEPTH] = { .name = "depth",
			.type = VT_INT,
			.min = 0,
			.max = 65536,
			.about = "so many items in one, for queue_work, which waits for a free "
				 "one" },
};

const struct prim_type prim_work = {
	.desc = { "work", "work item of a kworker", work_keys, ARRAY_SIZE(work_keys) },
	.size = sizeof(struct prim_work_item),
	.init = item_init,
	.destroy = item_destroy,
};

const struct arg_desc prim_queue_args[2] = {
	{ .name = "object", .type = VT_OBJECT, .required = true, .about = "declared work item" },
	{ .name = "cpu",
	  .type = VT_INT,
	  .def = -1,
	  .min = -1,
	  .max = UINT16_MAX,
	  .about = "whose pool; -1: the thread's own CPU" },
};

const struct arg_desc prim_delayed_args[3] = {
	{ .name = "object", .type = VT_OBJECT, .required = true, .about = "declared work item" },
	{ .name = "delay",
	  .type = VT_TIME,
	  .required = true,
	  .min = 0,
	  .max = (s64)(1000 * PS_PER_SEC),
	  .about = "rounded up to jiffies" },
	{ .name = "mod",
	  .type = VT_BOOL,
	  .about = "mod_delayed_work(): a pending one is forgotten" },
};

static struct prim_work_item *find_item(struct task *t, void *model, const struct op_call *call)
{
	struct prim_ref r = prim_ref(model, call);

	if (r.type != &prim_work)
		sim_fail(t->kern->sim, "operations on work are for objects of kind work", 0, 0);
	return r.instance;
}

static struct prim_work_item *find_single(struct task *t, void *model, const struct op_call *call)
{
	struct prim_work_item *i = find_item(t, model, call);

	if (i->ring)
		sim_fail(t->kern->sim, "work with depth can only be queued by queue_work", 0, 0);
	return i;
}

/* The stream moves on whether the item is pending already or not. */
static void draw(struct task *t, void *model, struct prim_work_item *i, bool timer)
{
	u64 time = i->mean;

	if (i->exponential)
		time = rng_exp_ps(&t->rng[RNG_WORKLOAD], time);
	task_sync(t);
	if (i->dw.work.pending)
		return;
	i->prims = model;
	i->time = time;
	if (i->nr_lines) {
		take_lines(t, i);
		task_sync(t);
	}
	i->queued_at = timer ? TIME_MAX : task_clock(t);
}

int prim_op_queue_work(struct task *t, void *model, struct op_call *call)
{
	struct prim_work_item *i = find_item(t, model, call);
	u32 cpu;

	if (i->ring)
		i = ring_get(t, i->ring);
	draw(t, model, i, false);
	cpu = call->v[1] < 0 ? task_cpu(t) : (u32)call->v[1];
	if (cpu >= t->x.hw->nr_cpus)
		sim_fail(t->kern->sim, "queue_work: there is no CPU %llu", cpu, 0);
	return queue_work_on_wq(t, cpu, i->wq, &i->dw.work) ? 0 : -EBUSY;
}

int prim_op_queue_delayed_work(struct task *t, void *model, struct op_call *call)
{
	struct prim_work_item *i = find_single(t, model, call);
	u64 delay = (u64)call->v[1];

	draw(t, model, i, true);
	if (call->v[2]) {
		mod_delayed_work(t, i->wq, &i->dw, delay);
		return 0;
	}
	return queue_delayed_work(t, i->wq, &i->dw, delay) ? 0 : -EBUSY;
}

int prim_op_flush_work(struct task *t, void *model, struct op_call *call)
{
	flush_work(t, &find_single(t, model, call)->dw.work);
	return 0;
}

int prim_op_cancel_work(struct task *t, void *model, struct op_call *call)
{
	return cancel_delayed_work_sync(t, &find_single(t, model, call)->dw) ? 0 : -ENOENT;
}

double prim_work_metric(const struct prims *p, u32 i, u64 elapsed_ps)
{
	const struct prim_works *now = &p->works, *base = &p->base_works;
	u64 n = i ? now->waited - base->waited : now->begun - base->begun;

	if (!now->begun || (i ? !n : !elapsed_ps))
		return NAN;
	if (i)
		return (double)(now->wait_ps - base->wait_ps) / (double)PS_PER_NS / (double)n;
	return (double)n * (double)PS_PER_US / (double)elapsed_ps;
}
