// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * kmalloc objects and slab caches as objects of a scenario. Facts: sim/mm/slab.h, objcg.h;
 * reference machine.md 1.6.
 *
 * A handle is that of sim/mm/slab.h with a bit for kmalloc; or the cache's number above bit 32 and
 * the object's + 1; or a batch's number + 1. What was allocated in one go is freed in one go.
 */
#include "models/prims/internal.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "sim/mm/memcg.h"
#include "sim/mm/slab.h"

#define KMALLOC_MAX (PAGE_SIZE << MAX_PAGE_ORDER) /* KMALLOC_MAX_SIZE */
#define CACHE_SHIFT 32
#define BATCH_MAX 64
#define BATCHES_PER_CHUNK 64

struct prim_cache {
	struct kmem_cache *cache;
	/* handed over from thread to thread; open state */
	s64 *ring; /* handles */
	u32 head, nr, cap; /* oldest, how many; a power of two */
	struct line line;
};

struct prim_batch {
	struct prim_cache *cache;
	u32 n;
	u32 next; /* unused: number + 1 of the next one */
	u32 obj[BATCH_MAX];
};

/* objects ------------------------------------------------------------------------------- */

enum { CACHE_SIZE, CACHE_ALIGN, CACHE_HWALIGN, CACHE_RECLAIM, CACHE_ACCOUNT, NR_CACHE_KEYS };

static const struct param_desc cache_keys[NR_CACHE_KEYS] = {
	[CACHE_SIZE] = { .name = "size",
			 .type = VT_SIZE,
			 .min = 8,
			 .max = 1 << 20,
			 .unit = "bytes",
			 .about = "of an object",
			 .required = true },
	[CACHE_ALIGN] = { .name = "align",
			  .type = VT_SIZE,
			  .def = 8,
			  .min = 8,
			  .max = 4096,
			  .unit = "bytes",
			  .about = "of an object, a power of two" },
	[CACHE_HWALIGN] = { .name = "hwcache_align",
			    .type = VT_BOOL,
			    .about = "SLAB_HWCACHE_ALIGN: on cache lines" },
	[CACHE_RECLAIM] = { .name = "reclaimable",
			    .type = VT_BOOL,
			    .about = "SLAB_RECLAIM_ACCOUNT: pages are SReclaimable" },
	[CACHE_ACCOUNT] = { .name = "account",
			    .type = VT_BOOL,
			    .about = "SLAB_ACCOUNT: slabs come with the array of who pays" },
};

static int cache_init(struct kern *k, void *obj, const struct object_decl *d)
{
	struct prim_cache *c = obj;
	u32 align = (u32)d->values[CACHE_ALIGN];
	struct kmem_cache_args a = { .size = (u32)d->values[CACHE_SIZE], .align = align };

	if (align & (align - 1))
		return -EINVAL;
	a.flags = (d->values[CACHE_HWALIGN] ? SLAB_HWCACHE_ALIGN : 0) |
		  (d->values[CACHE_RECLAIM] ? SLAB_RECLAIM_ACCOUNT : 0) |
		  (d->values[CACHE_ACCOUNT] ? SLAB_ACCOUNT : 0);
	gline_init(&c->line.g, 0);
	c->cache = kmem_cache_create_args(k, d->name, &a);
	return c->cache ? 0 : -ENOMEM;
}

static void cache_destroy(void *obj)
{
	struct prim_cache *c = obj;

	kmem_cache_destroy(c->cache);
	free(c->ring);
}

const struct prim_type prim_kmem_cache = {
	.desc = { "kmem_cache", "slab cache of objects of one size", cache_keys, NR_CACHE_KEYS },
	.size = sizeof(struct prim_cache),
	.init = cache_init,
	.destroy = cache_destroy,
};

/* arguments ------------------------------------------------------------------------------ */

#define NODE_ARG                                                                        \
	{                                                                               \
		.name = "node", .type = VT_INT, .def = -1, .min = -1, .max = INT16_MAX, \
		.about = "of its slab; -1: any, the CPU's first"                        \
	}
#define ACCOUNT_ARG                                                 \
	{                                                           \
		.name = "account", .type = VT_BOOL,                 \
		.about = "a memory cgroup pays: GFP_KERNEL_ACCOUNT" \
	}
#define MEMCG_ARG                                                              \
	{                                                                      \
		.name = "memcg", .type = VT_OBJECT, .def = -1,                 \
		.about = "with account: which one; if not given, the thread's" \
	}
#define INTO_ARG                                                                                 \
	{                                                                                        \
		.name = "into", .type = VT_OUT, .required = true, .about = "receives the object" \
	}

enum { KM_BYTES, KM_ACCOUNT, KM_NODE, KM_MEMCG, KM_RECLAIM, KM_ZERO };

const struct arg_desc prim_kmalloc_args[7] = {
	{ .name = "bytes",
	  .type = VT_SIZE,
	  .required = true,
	  .min = 1,
	  .max = KMALLOC_MAX,
	  .about = "size; rounded up to its class" },
	ACCOUNT_ARG,
	NODE_ARG,
	MEMCG_ARG,
	{ .name = "reclaimable", .type = VT_BOOL, .about = "__GFP_RECLAIMABLE: of kmalloc-rcl-*" },
	{ .name = "zero", .type = VT_BOOL, .about = "clear it, if it is pages" },
	INTO_ARG,
};

const struct arg_desc prim_kfree_args[1] = {
	{ .name = "object", .type = VT_HANDLE, .required = true, .about = "what was allocated" },
};

enum { CA_OBJECT, CA_ACCOUNT, CA_NODE, CA_MEMCG };

const struct arg_desc prim_cache_alloc_args[5] = {
	{ .name = "object", .type = VT_OBJECT, .required = true, .about = "declared kmem_cache" },
	ACCOUNT_ARG,
	NODE_ARG,
	MEMCG_ARG,
	INTO_ARG,
};

const struct arg_desc prim_cache_bulk_args[3] = {
	{ .name = "object", .type = VT_OBJECT, .required = true, .about = "declared kmem_cache" },
	{ .name = "objects",
	  .type = VT_INT,
	  .required = true,
	  .min = 1,
	  .max = BATCH_MAX,
	  .about = "how many" },
	INTO_ARG,
};

const struct arg_desc prim_cache_take_args[2] = {
	{ .name = "object", .type = VT_OBJECT, .required = true, .about = "declared kmem_cache" },
	INTO_ARG,
};

static u32 node_of(struct task *t, s64 node)
{
	if (node >= (s64)t->kern->hw->nr_nodes)
		sim_fail(t->kern->sim, "there is no node %llu to allocate from", (u64)node, 0);
	return node < 0 ? NUMA_NO_NODE : (u32)node;
}

/* Who pays; NULL for nobody. */
static struct mem_cgroup *payer(struct task *t, struct prims *p, s64 account, s64 memcg)
{
	if (!account)
		return NULL;
	if (memcg < 0)
		return t->memcg;
	if (p->refs[memcg].type != &prim_memcg)
		sim_fail(t->kern->sim, "only a memcg can pay", 0, 0);
	return prim_memcg_of(t, p->refs[memcg].instance);
}

static struct prim_cache *find_cache(struct task *t, struct prims *p, const struct op_call *call)
{
	struct prim_ref r = prim_ref(p, call);

	if (r.type != &prim_kmem_cache)
		sim_fail(t->kern->sim, "this works on a kmem_cache only", 0, 0);
	return r.instance;
}

/* Synchronised. */
static struct prim_batch *batch_at(struct prims *p, u32 nr)
{
	return &p->slab.chunk[nr / BATCHES_PER_CHUNK][nr % BATCHES_PER_CHUNK];
}

/* Of a handle; synchronised. */
static struct prim_cache *cache_of(struct task *t, struct prims *p, u64 handle)
{
	if (handle & PRIM_CACHE_BATCH)
		return batch_at(p, (u32)handle - 1)->cache;
	if (!(handle & PRIM_CACHE_OBJECT))
		sim_fail(t->kern->sim, "this did not come from kmem_cache_alloc", 0, 0);
	return p->refs[(handle & ~PRIM_CACHE_OBJECT) >> CACHE_SHIFT].instance;
}

/* operations ----------------------------------------------------------------------------- */

int prim_op_kmalloc(struct task *t, void *model, struct op_call *call)
{
	u32 gfp = (call->v[KM_RECLAIM] ? GFP_RECLAIMABLE : 0) |
		  (call->v[KM_ZERO] ? GFP_ZERO : GFP_KERNEL);
	u64 handle = kmalloc_node(t, (u64)call->v[KM_BYTES], gfp, node_of(t, call->v[KM_NODE]),
				  payer(t, model, call->v[KM_ACCOUNT], call->v[KM_MEMCG]));

	if (!handle)
		return -ENOMEM;
	call->out = (s64)(handle | PRIM_KMALLOC);
	return 0;
}

int prim_op_kfree(struct task *t, void *model, struct op_call *call)
{
	u64 handle = (u64)call->v[0];

	(void)model;
	if (!handle)
		return 0;
	if (!(handle & PRIM_KMALLOC))
		sim_fail(t->kern->sim, "kfree: this did not come from kmalloc", 0, 0);
	kfree(t, handle & ~PRIM_KMALLOC);
	return 0;
}

int prim_op_cache_alloc(struct task *t, void *model, struct op_call *call)
{
	struct kmem_cache *c = find_cache(t, model, call)->cache;
	struct mem_cgroup *memcg = payer(t, model, call->v[CA_ACCOUNT], call->v[CA_MEMCG]);
	u32 obj;

	if (call->v[CA_NODE] < 0 && !memcg)
		obj = kmem_cache_alloc(t, c);
	else
		obj = kmem_cache_alloc_node(t, c, node_of(t, call->v[CA_NODE]), memcg);
	if (obj == SLAB_NIL)
		return -ENOMEM;
	call->out =
		(s64)(PRIM_CACHE_OBJECT | (u64)call->v[CA_OBJECT] << CACHE_SHIFT | ((u64)obj + 1));
	return 0;
}

int prim_op_cache_free(struct task *t, void *model, struct op_call *call)
{
	u64 handle = (u64)call->v[0];

	if (!handle)
		return 0;
	if (handle & PRIM_CACHE_BATCH)
		sim_fail(t->kern->sim, "kmem_cache_free: this came from kmem_cache_alloc_bulk", 0,
			 0);
	kmem_cache_free(t, cache_of(t, model, handle)->cache, (u32)handle - 1);
	return 0;
}

/* Room for one more. */
static bool ring_reserve(struct prim_cache *c)
{
	u32 cap = c->cap ? 2 * c->cap : 1024;
	s64 *ring;

	if (c->nr < c->cap)
		return true;
	ring = malloc(cap * sizeof(*ring));
	if (!ring)
		return false;
	for (u32 i = 0; i < c->nr; i++)
		ring[i] = c->ring[(c->head + i) & (c->cap - 1)];
	free(c->ring);
	c->ring = ring;
	c->cap = cap;
	c->head = 0;
	return true;
}

int prim_op_cache_give(struct task *t, void *model, struct op_call *call)
{
	u64 handle = (u64)call->v[0];
	struct prim_cache *c;

	if (!handle)
		return 0;
	task_sync(t);
	c = cache_of(t, model, handle);
	if (!ring_reserve(c))
		sim_fail(t->kern->sim, "kmem_cache_give: out of memory", 0, 0);
	c->ring[(c->head + c->nr++) & (c->cap - 1)] = (s64)handle;
	line_rmw(&t->x, &c->line);
	return 0;
}

int prim_op_cache_take(struct task *t, void *model, struct op_call *call)
{
	struct prim_cache *c = find_cache(t, model, call);

	task_sync(t);
	if (!c->nr) {
		line_load(&t->x, &c->line);
		return -EAGAIN;
	}
	call->out = c->ring[c->head];
	c->head = (c->head + 1) & (c->cap - 1);
	c->nr--;
	line_rmw(&t->x, &c->line);
	return 0;
}

/* A batch that is not in use: its number, or -1. Synchronised. */
static s64 batch_get(struct prims *p)
{
	struct prim_slab *s = &p->slab;
	struct prim_batch **chunk;
	u32 nr;

	if (s->unused) {
		nr = s->unused - 1;
		s->unused = batch_at(p, nr)->next;
		return nr;
	}
	if (s->nr_batches == s->nr_chunks * BATCHES_PER_CHUNK) {
		chunk = realloc(s->chunk, (s->nr_chunks + 1) * sizeof(struct prim_batch *));
		if (!chunk)
			return -1;
		s->chunk = chunk;
		chunk[s->nr_chunks] = calloc(BATCHES_PER_CHUNK, sizeof(**chunk));
		if (!chunk[s->nr_chunks])
			return -1;
		s->nr_chunks++;
	}
	return s->nr_batches++;
}

int prim_op_cache_alloc_bulk(struct task *t, void *model, struct op_call *call)
{
	struct prims *p = model;
	struct prim_cache *c = find_cache(t, p, call);
	u32 obj[BATCH_MAX], n = (u32)call->v[1];
	struct prim_batch *b;
	s64 nr;

	if (!kmem_cache_alloc_bulk(t, c->cache, n, obj))
		return -ENOMEM;
	task_sync(t);
	nr = batch_get(p);
	if (nr < 0)
		sim_fail(t->kern->sim, "kmem_cache_alloc_bulk: out of memory", 0, 0);
	b = batch_at(p, (u32)nr);
	b->cache = c;
	b->n = n;
	for (u32 i = 0; i < n; i++)
		b->obj[i] = obj[i];
	call->out = (s64)(PRIM_CACHE_BATCH | (u64)(nr + 1));
	return 0;
}

int prim_op_cache_free_bulk(struct task *t, void *model, struct op_call *call)
{
	struct prims *p = model;
	u64 handle = (u64)call->v[0];
	struct prim_batch *b;

	if (!handle)
		return 0;
	if (!(handle & PRIM_CACHE_BATCH))
		sim_fail(t->kern->sim,
			 "kmem_cache_free_bulk: this did not come from kmem_cache_alloc_bulk", 0,
			 0);
	task_sync(t);
	b = batch_at(p, (u32)handle - 1);
	kmem_cache_free_bulk(t, b->cache->cache, b->n, b->obj);
	task_sync(t);
	b->next = p->slab.unused;
	p->slab.unused = (u32)handle;
	return 0;
}

int prim_op_cache_shrink(struct task *t, void *model, struct op_call *call)
{
	kmem_cache_shrink(t, find_cache(t, model, call)->cache);
	return 0;
}

/* metrics -------------------------------------------------------------------------------- */

void prim_slab_destroy(struct prims *p)
{
	for (u32 i = 0; i < p->slab.nr_chunks; i++)
		free(p->slab.chunk[i]);
	free(p->slab.chunk);
}

static void add_info(struct slabinfo *sum, const struct kmem_cache *c)
{
	struct slabinfo s = kmem_cache_info(c);

	sum->num_slabs += s.num_slabs;
	sum->num_objs += s.num_objs;
	sum->pages += s.pages;
}

/* Of all caches of kmalloc and of the scenario. */
static struct slabinfo sum_of_slabs(const struct prims *p)
{
	static const u16 sizes[NR_KMALLOC_CLASSES] = { 8,   16,	 32,   64,   96,   128, 192,
						       256, 512, 1024, 2048, 4096, 8192 };
	struct slabinfo sum = { 0 };

	for (u32 type = 0; type < NR_KMALLOC_TYPES; type++)
		for (u32 i = 0; i < NR_KMALLOC_CLASSES; i++)
			add_info(&sum, kmalloc_slab(p->kern, sizes[i], (enum kmalloc_type)type));
	for (u32 i = 0; i < p->nr_objects; i++) {
		const struct prim_object *o = &p->objects[i];

		for (u32 j = 0; o->type == &prim_kmem_cache && j < o->count; j++)
			add_info(&sum,
				 ((struct prim_cache *)(o->instances + j * o->type->size))->cache);
	}
	return sum;
}

double prim_slab_metric(const struct prims *p, u32 i)
{
	struct slabinfo s = sum_of_slabs(p);

	if (i == PRIM_SLAB_BYTES)
		return (double)s.pages * (double)PAGE_SIZE;
	if (i == PRIM_SLAB_OBJECTS_PER_SLAB)
		return s.num_slabs ? (double)s.num_objs / (double)s.num_slabs : NAN;
	return prim_spin_share(p, "&n->list_lock");
}
