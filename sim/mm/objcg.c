// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * obj_cgroup; see objcg.h. Facts: 6.12's mm/memcontrol.c (obj_cgroup_charge(),
 * refill_obj_stock(), drain_obj_stock(), obj_cgroup_release(), memcg_reparent_objcgs()),
 * mm/slub.c (alloc_slab_obj_exts()); cost: reference machine.md 1.6, slab.account_pair.
 *
 * Left out: memory.stat of slabs, objcg_lock, whose sections are those of rmdir only, and the
 * lines of per-CPU reference counts.
 */
#include "sim/mm/objcg.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sim/mm/memcg_priv.h"
#include "sim/mm/slab_priv.h"

int objcg_init(struct memcg_state *ms)
{
	struct objcg_state *os = calloc(1, sizeof(*os));

	ms->objcg = os;
	if (!os)
		return -ENOMEM;
	list_init(&os->unused);
	os->stock = calloc(ms->kern->hw->nr_cpus, sizeof(*os->stock));
	return os->stock ? 0 : -ENOMEM;
}

void objcg_destroy(struct memcg_state *ms)
{
	struct objcg_state *os = ms->objcg;

	if (!os)
		return;
	for (u32 i = 0; i < os->nr; i++)
		free(os->all[i]);
	free(os->all);
	free(os->stock);
	free(os);
	ms->objcg = NULL;
}

/* obj_cgroup -------------------------------------------------------------------------------- */

static struct obj_cgroup *obj_cgroup_alloc(struct objcg_state *os)
{
	struct obj_cgroup *o;

	if (!list_empty(&os->unused)) {
		o = list_first_entry(&os->unused, struct obj_cgroup, list);
		list_del(&o->list);
		return o;
	}
	if (os->nr == os->cap) {
		u32 cap = os->cap ? 2 * os->cap : 64;
		struct obj_cgroup **all = realloc(os->all, cap * sizeof(struct obj_cgroup *));

		if (!all)
			return NULL;
		os->all = all;
		os->cap = cap;
	}
	o = calloc(1, sizeof(*o));
	if (!o)
		return NULL;
	o->index = os->nr;
	os->all[os->nr++] = o;
	return o;
}

/*
 * With a reference: that of @memcg or, where that is offline, of the nearest ancestor that is
 * not; NULL for the root, which does not pay. Synchronised.
 */
static struct obj_cgroup *get_obj_cgroup(struct memcg_state *ms, struct mem_cgroup *memcg)
{
	struct obj_cgroup *o;

	while (memcg && memcg->state != CSS_ONLINE)
		memcg = memcg->parent;
	if (!memcg || !memcg->parent)
		return NULL;
	if (!memcg->objcg) {
		o = obj_cgroup_alloc(ms->objcg);
		if (!o)
			return NULL;
		o->memcg = memcg;
		o->refs = 1;
		o->dead = o->released = false;
		atomic_init_counter(&o->nr_charged_bytes);
		list_add_tail(&o->list, &memcg->objcgs);
		memcg->objcg = o;
	}
	memcg->objcg->refs++;
	return memcg->objcg;
}

static int obj_cgroup_charge_pages(struct memcg_state *ms, struct task *t, struct obj_cgroup *o,
				   u32 nr)
{
	struct mem_cgroup *memcg;
	int err = 0;

	task_sync(t);
	memcg = o->memcg;
	mem_cgroup_get(t, memcg);
	if (memcg->parent)
		err = mem_cgroup_charge(ms, t, memcg, nr, 0);
	else
		page_counter_charge(t, &memcg->memory, nr);
	task_sync(t);
	if (!err) {
		/* reparented while it was charged: as if that had been before */
		if (o->memcg != memcg)
			memcg->memory.usage.v -= nr;
		o->memcg->kmem += nr;
	}
	mem_cgroup_put(ms, t, memcg);
	return err;
}

static void obj_cgroup_uncharge_pages(struct memcg_state *ms, struct task *t, struct obj_cgroup *o,
				      u32 nr)
{
	struct mem_cgroup *memcg;

	task_sync(t);
	memcg = o->memcg;
	memcg->kmem -= nr;
	mem_cgroup_get(t, memcg);
	memcg_refill_stock(ms, t, memcg, nr);
	mem_cgroup_put(ms, t, memcg);
}

static void obj_cgroup_release(struct memcg_state *ms, struct task *t, struct obj_cgroup *o)
{
	u64 bytes = (u64)o->nr_charged_bytes.v;

	FRAME(t, "obj_cgroup_release");

	if (bytes % PAGE_SIZE)
		sim_fail(t->kern->sim, "obj_cgroup: released with %llu bytes charged", bytes, 0);
	o->released = true;
	if (bytes)
		obj_cgroup_uncharge_pages(ms, t, o, (u32)(bytes / PAGE_SIZE));
	task_sync(t);
	list_del(&o->list);
	list_add_tail(&o->list, &ms->objcg->unused);
}

static void obj_cgroup_put(struct memcg_state *ms, struct task *t, struct obj_cgroup *o)
{
	bool last;

	task_sync(t);
	o->refs--;
	if (!o->dead)
		return;
	last = !o->refs && !o->released;
	if (last)
		o->released = true;
	line_rmw(&t->x, o->nr_charged_bytes.line);
	if (last)
		obj_cgroup_release(ms, t, o);
}

void memcg_reparent_objcgs(struct memcg_state *ms, struct task *t, struct mem_cgroup *memcg)
{
	struct mem_cgroup *parent = memcg->parent;
	struct obj_cgroup *own;

	FRAME(t, "memcg_reparent_objcgs");

	task_sync(t);
	own = memcg->objcg;
	memcg->objcg = NULL;
	while (!list_empty(&memcg->objcgs)) {
		struct obj_cgroup *o = list_first_entry(&memcg->objcgs, struct obj_cgroup, list);

		o->memcg = parent;
		list_del(&o->list);
		list_add_tail(&o->list, &parent->objcgs);
	}
	/* the kernel forgets the counter together with the cgroup */
	memcg->memory.usage.v -= (s64)memcg->kmem;
	parent->kmem += memcg->kmem;
	memcg->kmem = 0;
	if (own) {
		own->dead = true;
		obj_cgroup_put(ms, t, own);
	}
}

/* stock of bytes ----------------------------------------------------------------------------- */

void drain_obj_stock(struct memcg_state *ms, struct task *t)
{
	struct obj_stock *stock = &ms->objcg->stock[task_cpu(t)];
	struct obj_cgroup *old = stock->cached;
	u32 pages = stock->nr_bytes >> PAGE_SHIFT, bytes = stock->nr_bytes & (PAGE_SIZE - 1);

	if (!old)
		return;
	stock->nr_bytes = 0;
	if (pages)
		obj_cgroup_uncharge_pages(ms, t, old, pages);
	task_sync(t);
	if (bytes) {
		old->nr_charged_bytes.v += bytes;
		line_rmw(&t->x, old->nr_charged_bytes.line);
		task_sync(t);
	}
	stock->cached = NULL;
	obj_cgroup_put(ms, t, old);
}

bool obj_stock_flush_required(const struct memcg_state *ms, u32 cpu, const struct mem_cgroup *root)
{
	const struct obj_cgroup *o = ms->objcg->stock[cpu].cached;

	return o && mem_cgroup_is_descendant(o->memcg, root);
}

static bool consume_obj_stock(struct memcg_state *ms, struct task *t, struct obj_cgroup *o,
			      u32 bytes)
{
	struct obj_stock *stock;

	task_settle(t);
	stock = &ms->objcg->stock[task_cpu(t)];
	if (stock->cached != o || stock->nr_bytes < bytes)
		return false;
	stock->nr_bytes -= bytes;
	return true;
}

static void refill_obj_stock(struct memcg_state *ms, struct task *t, struct obj_cgroup *o,
			     u32 bytes, bool allow_uncharge)
{
	struct obj_stock *stock;
	u32 pages = 0;

	task_settle(t);
	stock = &ms->objcg->stock[task_cpu(t)];
	if (stock->cached != o) {
		drain_obj_stock(ms, t);
		task_sync(t);
		o->refs++;
		stock->cached = o;
		stock->nr_bytes = (u32)o->nr_charged_bytes.v;
		if (stock->nr_bytes) {
			o->nr_charged_bytes.v = 0;
			line_rmw(&t->x, o->nr_charged_bytes.line);
		}
		allow_uncharge = true;
	}
	stock->nr_bytes += bytes;
	if (allow_uncharge && stock->nr_bytes > PAGE_SIZE) {
		pages = stock->nr_bytes >> PAGE_SHIFT;
		stock->nr_bytes &= PAGE_SIZE - 1;
	}
	if (pages)
		obj_cgroup_uncharge_pages(ms, t, o, pages);
}

static int obj_cgroup_charge(struct memcg_state *ms, struct task *t, struct obj_cgroup *o,
			     u32 bytes)
{
	u32 pages = bytes >> PAGE_SHIFT, rest = bytes & (PAGE_SIZE - 1);
	int err;

	FRAME(t, "obj_cgroup_charge");

	if (consume_obj_stock(ms, t, o, bytes))
		return 0;
	err = obj_cgroup_charge_pages(ms, t, o, pages + !!rest);
	if (!err && rest)
		refill_obj_stock(ms, t, o, (u32)PAGE_SIZE - rest, false);
	return err;
}

/* slab hooks --------------------------------------------------------------------------------- */

/* obj_full_size() */
static u32 obj_full_size(const struct kmem_cache *c)
{
	return c->size + OBJ_EXT_BYTES;
}

bool cache_reserve_objcg(struct kmem_cache *c, u32 cap)
{
	struct obj_cgroup **objcg = realloc(c->objcg, cap * sizeof(struct obj_cgroup *));
	u32 had = c->objcg ? c->cap : 0;

	if (!objcg)
		return false;
	memset(objcg + had, 0, (cap - had) * sizeof(struct obj_cgroup *));
	c->objcg = objcg;
	return true;
}

bool memcg_slab_pre_alloc(struct task *t, struct kmem_cache *c, struct mem_cgroup *memcg,
			  struct obj_cgroup **objcg)
{
	struct memcg_state *ms = t->kern->memcg;
	struct obj_cgroup *o;

	*objcg = NULL;
	if (!memcg || !memcg->parent)
		return true;
	task_sync(t);
	o = get_obj_cgroup(ms, memcg);
	if (!o)
		return true;
	work(t, cost(t, MK_SLAB_ACCOUNT_PAIR) / 2);
	if (obj_cgroup_charge(ms, t, o, obj_full_size(c))) {
		obj_cgroup_put(ms, t, o);
		return false;
	}
	*objcg = o;
	return true;
}

void slab_alloc_exts(struct task *t, struct kmem_cache *c, u32 i)
{
	struct slab *slab = slab_at(c, i);
	u64 exts;

	FRAME(t, "alloc_slab_obj_exts");

	exts = kmalloc_node(t, slab->objects * OBJ_EXT_BYTES, GFP_KERNEL, slab->node, NULL);
	task_sync(t);
	if (slab->exts) {
		kfree(t, exts);
		return;
	}
	slab->exts = exts;
	slab->has_exts = exts;
}

void slab_free_exts(struct task *t, struct slab *slab)
{
	kfree(t, slab->exts);
}

u32 memcg_slab_post_alloc(struct task *t, struct kmem_cache *c, struct obj_cgroup *objcg, u32 obj)
{
	struct memcg_state *ms = t->kern->memcg;
	u32 slab;

	if (obj == SLAB_NIL)
		goto uncharge;
	slab = slab_of(c, obj);
	task_sync(t);
	if (!slab_at(c, slab)->has_exts)
		slab_alloc_exts(t, c, slab);
	task_sync(t);
	/* an object nobody can be found to pay for later is not paid for */
	if (!slab_at(c, slab)->has_exts || (!c->objcg && !cache_reserve_objcg(c, c->cap)))
		goto uncharge;
	c->objcg[obj] = objcg;
	return obj;
uncharge:
	refill_obj_stock(ms, t, objcg, obj_full_size(c), true);
	obj_cgroup_put(ms, t, objcg);
	return obj;
}

void memcg_slab_free(struct task *t, struct kmem_cache *c, u32 obj)
{
	struct memcg_state *ms = t->kern->memcg;
	struct obj_cgroup *o = c->objcg[obj];

	if (!o)
		return;
	FRAME(t, "memcg_slab_free_hook");

	c->objcg[obj] = NULL;
	work(t, cost(t, MK_SLAB_ACCOUNT_PAIR) / 2);
	refill_obj_stock(ms, t, o, obj_full_size(c), true);
	obj_cgroup_put(ms, t, o);
}

/* whole pages -------------------------------------------------------------------------------- */

bool memcg_charge_kmem_pages(struct task *t, struct mem_cgroup *memcg, u32 nr, u32 *payer)
{
	struct memcg_state *ms = t->kern->memcg;
	struct obj_cgroup *o;

	*payer = 0;
	if (!memcg || !memcg->parent)
		return true;
	task_sync(t);
	o = get_obj_cgroup(ms, memcg);
	if (!o)
		return true;
	if (obj_cgroup_charge_pages(ms, t, o, nr)) {
		obj_cgroup_put(ms, t, o);
		return false;
	}
	*payer = o->index + 1;
	return true;
}

void memcg_uncharge_kmem_pages(struct task *t, u32 payer, u32 nr)
{
	struct memcg_state *ms = t->kern->memcg;

	if (!payer)
		return;
	obj_cgroup_uncharge_pages(ms, t, ms->objcg->all[payer - 1], nr);
	obj_cgroup_put(ms, t, ms->objcg->all[payer - 1]);
}
