/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * RCU from YAML: read sections, the ways to wait for them, callbacks, and percpu_ref as an
 * object. What is freed by kvfree_rcu or call_rcu exists only as bytes in the ledger.
 * Facts: reference machine.md 2.10, 2.11.
 */
#include "models/prims/internal.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "sim/kern/percpu_ref.h"
#include "sim/kern/rcu.h"

#define HEADS_PER_CHUNK 512

/* A callback with what it frees. */
struct prim_rcu_head {
	struct rcu_head head; /* must be first */
	struct prims *prims;
	struct prim_rcu_head *next_free;
	u64 bytes;
};

struct prim_rcu_chunk {
	struct prim_rcu_chunk *next;
	struct prim_rcu_head heads[HEADS_PER_CHUNK];
};

/* ---- percpu_ref --------------------------------------------------------- */

struct prim_percpu_ref {
	struct percpu_ref ref; /* must be first */
	s64 held; /* by operations; open state */
};

static int ref_init(struct kern *k, void *obj, const struct object_decl *d)
{
	struct prim_percpu_ref *p = obj;

	(void)d;
	return percpu_ref_create(k, NULL, &p->ref, NULL);
}

const struct prim_type prim_percpu_ref = {
	.desc = { "percpu_ref", "reference count per CPU until it is killed", NULL, 0 },
	.size = sizeof(struct prim_percpu_ref),
	.init = ref_init,
};

static struct prim_percpu_ref *find_ref(struct task *t, void *model, const struct op_call *call)
{
	struct prim_ref r = prim_ref(model, call);

	if (r.type != &prim_percpu_ref)
		sim_fail(t->kern->sim, "ref_get, ref_put and ref_kill work on a percpu_ref only", 0,
			 0);
	task_sync(t);
	return r.instance;
}

int prim_op_ref_get(struct task *t, void *model, struct op_call *call)
{
	struct prim_percpu_ref *p = find_ref(t, model, call);

	if (p->ref.dead)
		return -ENODEV;
	p->held++;
	percpu_ref_tryget_live(t, &p->ref);
	return 0;
}

int prim_op_ref_put(struct task *t, void *model, struct op_call *call)
{
	struct prim_percpu_ref *p = find_ref(t, model, call);

	/* what a task does whose ref_get has failed */
	if (!p->held)
		return -ENODEV;
	p->held--;
	percpu_ref_put(t, &p->ref);
	return 0;
}

int prim_op_ref_kill(struct task *t, void *model, struct op_call *call)
{
	struct prim_percpu_ref *p = find_ref(t, model, call);

	if (p->ref.dead)
		return -ENODEV;
	percpu_ref_kill(t, &p->ref);
	return 0;
}

/* ---- RCU ---------------------------------------------------------------- */

const struct arg_desc prim_rcu_read_args[1] = {
	{ .name = "for",
	  .type = VT_TIME,
	  .required = true,
	  .max = (s64)PS_PER_SEC,
	  .about = "length of the read section" },
};

const struct arg_desc prim_rcu_bytes_args[1] = {
	{ .name = "bytes",
	  .type = VT_SIZE,
	  .max = 1LL << 40,
	  .about = "footprint until the grace period is over" },
};

int prim_op_rcu_read(struct task *t, void *model, struct op_call *call)
{
	(void)model;
	rcu_read_lock(t);
	work(t, (u64)call->v[0]);
	rcu_read_unlock(t);
	task_sync(t); /* interrupt time that hit the section is part of the operation */
	return 0;
}

int prim_op_rcu_read_lock(struct task *t, void *model, struct op_call *call)
{
	(void)model;
	(void)call;
	rcu_read_lock(t);
	return 0;
}

int prim_op_rcu_read_unlock(struct task *t, void *model, struct op_call *call)
{
	(void)model;
	(void)call;
	rcu_read_unlock(t);
	return 0;
}

int prim_op_synchronize_rcu(struct task *t, void *model, struct op_call *call)
{
	(void)model;
	(void)call;
	synchronize_rcu(t);
	return 0;
}

int prim_op_synchronize_rcu_expedited(struct task *t, void *model, struct op_call *call)
{
	(void)model;
	(void)call;
	synchronize_rcu_expedited(t);
	return 0;
}

int prim_op_rcu_barrier(struct task *t, void *model, struct op_call *call)
{
	(void)model;
	(void)call;
	rcu_barrier(t);
	return 0;
}

int prim_op_kvfree_rcu(struct task *t, void *model, struct op_call *call)
{
	(void)model;
	return kvfree_rcu(t, (u64)call->v[0]);
}

static void free_bytes(struct kern *k, struct rcu_head *head)
{
	struct prim_rcu_head *h = container_of(head, struct prim_rcu_head, head);
	struct prims *p = h->prims;

	ledger_commit(&k->ledger, (u32)p->rcu_cat, -(s64)h->bytes, -1, k->sim->now);
	h->next_free = p->rcu_free;
	p->rcu_free = h;
}

/* A callback from the pool, which grows by chunks. Call synchronised. */
static struct prim_rcu_head *head_new(struct prims *p)
{
	struct prim_rcu_head *h = p->rcu_free;
	struct prim_rcu_chunk *chunk;

	if (h) {
		p->rcu_free = h->next_free;
		return h;
	}
	chunk = calloc(1, sizeof(*chunk));
	if (!chunk)
		return NULL;
	chunk->next = p->rcu_chunks;
	p->rcu_chunks = chunk;
	for (u32 i = 1; i < HEADS_PER_CHUNK; i++) {
		chunk->heads[i].next_free = p->rcu_free;
		p->rcu_free = &chunk->heads[i];
	}
	return &chunk->heads[0];
}

int prim_op_call_rcu(struct task *t, void *model, struct op_call *call)
{
	struct prims *p = model;
	struct prim_rcu_head *h;

	task_sync(t);
	if (p->rcu_cat <= 0)
		p->rcu_cat = ledger_category(&t->kern->ledger, "call_rcu");
	h = p->rcu_cat < 0 ? NULL : head_new(p);
	if (!h)
		return -ENOMEM;
	h->prims = p;
	h->bytes = (u64)call->v[0];
	h->head.ps = cost(t, MK_SLAB_FAST_PAIR) / 2;
	ledger_commit(&t->kern->ledger, (u32)p->rcu_cat, (s64)h->bytes, 1, t->kern->sim->now);
	call_rcu(t, &h->head, free_bytes);
	return 0;
}

void prim_rcu_destroy(struct prims *p)
{
	while (p->rcu_chunks) {
		struct prim_rcu_chunk *chunk = p->rcu_chunks;

		p->rcu_chunks = chunk->next;
		free(chunk);
	}
}

void prim_rcu_begin(struct prims *p)
{
	const struct rcu_stats *s = rcu_stats(p->kern);

	p->base_gps = s->nr_gps;
	p->base_gp_ps = s->gp_ps;
}

double prim_rcu_gps(const struct prims *p)
{
	return (double)(rcu_stats(p->kern)->nr_gps - p->base_gps);
}

double prim_rcu_gp_mean(const struct prims *p)
{
	const struct rcu_stats *s = rcu_stats(p->kern);
	u64 n = s->nr_gps - p->base_gps;

	return n ? (double)(s->gp_ps - p->base_gp_ps) / (double)n / (double)PS_PER_NS : NAN;
}
