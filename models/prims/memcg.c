/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory cgroups as objects: each is there from the start and may be removed and made anew;
 * `depth` puts as many cgroups between it and the root. Pages are charged as such, no memory
 * is behind them. Facts: reference thp.md 1.9.
 */
#include "models/prims/internal.h"

#include <errno.h>

#include "sim/mm/memcg.h"
#include "sim/mm/page_alloc.h"

struct prim_cgroup {
	struct memcg_state *ms;
	struct mem_cgroup *parent;
	struct mem_cgroup *memcg; /* NULL: removed; open state */
	u64 max, high, low; /* pages */
	u64 charged; /* by operations, pages; open state */
	u32 made; /* how often it was made, so that one is not taken for the next */
};

enum memcg_key { KEY_MAX, KEY_HIGH, KEY_LOW, KEY_DEPTH, NR_KEYS };

#define NO_LIMIT ((s64)(PAGE_COUNTER_MAX << PAGE_SHIFT))

static const struct param_desc memcg_keys[NR_KEYS] = {
	[KEY_MAX] = { .name = "max",
		      .type = VT_SIZE,
		      .def = NO_LIMIT,
		      .max = NO_LIMIT,
		      .unit = "bytes",
		      .about = "memory.max; without it there is no limit" },
	[KEY_HIGH] = { .name = "high",
		       .type = VT_SIZE,
		       .def = NO_LIMIT,
		       .max = NO_LIMIT,
		       .unit = "bytes",
		       .about = "memory.high" },
	[KEY_LOW] = { .name = "low",
		      .type = VT_SIZE,
		      .max = NO_LIMIT,
		      .unit = "bytes",
		      .about = "memory.low" },
	[KEY_DEPTH] = { .name = "depth",
			.type = VT_INT,
			.max = 32,
			.about = "cgroups between it and the root" },
};

static bool cgroup_make(struct prim_cgroup *c, struct task *t)
{
	struct mem_cgroup *memcg = mem_cgroup_create(c->ms, t, c->parent);

	if (!memcg)
		return false;
	if (t)
		task_sync(t);
	memcg->memory.max = c->max;
	memcg->memory.high = c->high;
	memcg->memory.low = c->low;
	c->memcg = memcg;
	c->charged = 0;
	c->made++;
	return true;
}

static int cgroup_init(struct kern *k, void *obj, const struct object_decl *d)
{
	struct prim_cgroup *c = obj;

	c->ms = memcg_get(k);
	if (!c->ms)
		return -ENOMEM;
	c->parent = c->ms->root;
	for (s64 i = 0; c->parent && i < d->values[KEY_DEPTH]; i++)
		c->parent = mem_cgroup_create(c->ms, NULL, c->parent);
	c->max = (u64)d->values[KEY_MAX] >> PAGE_SHIFT;
	c->high = (u64)d->values[KEY_HIGH] >> PAGE_SHIFT;
	c->low = (u64)d->values[KEY_LOW] >> PAGE_SHIFT;
	if (c->parent && cgroup_make(c, NULL))
		return 0;
	memcg_put(c->ms);
	return -ENOMEM;
}

static void cgroup_destroy(void *obj)
{
	struct prim_cgroup *c = obj;

	memcg_put(c->ms);
}

const struct prim_type prim_memcg = {
	.desc = { "memcg", "memory cgroup", memcg_keys, NR_KEYS },
	.size = sizeof(struct prim_cgroup),
	.init = cgroup_init,
	.destroy = cgroup_destroy,
};

struct mem_cgroup *prim_memcg_of(struct task *t, void *obj)
{
	task_sync(t);
	return ((struct prim_cgroup *)obj)->memcg;
}

/* Synchronised, so that it is known whether it is there. */
static struct prim_cgroup *find_cgroup(struct task *t, void *model, const struct op_call *call)
{
	struct prim_ref r = prim_ref(model, call);

	if (r.type != &prim_memcg)
		sim_fail(t->kern->sim, "memcg operations work on a memcg only", 0, 0);
	task_sync(t);
	return r.instance;
}

int prim_op_memcg_create(struct task *t, void *model, struct op_call *call)
{
	struct prim_cgroup *c = find_cgroup(t, model, call);

	if (c->memcg)
		return -EEXIST;
	return cgroup_make(c, t) ? 0 : -ENOMEM;
}

int prim_op_memcg_remove(struct task *t, void *model, struct op_call *call)
{
	struct prim_cgroup *c = find_cgroup(t, model, call);
	struct mem_cgroup *memcg = c->memcg;

	if (!memcg)
		return -ENODEV;
	c->memcg = NULL;
	return mem_cgroup_remove(c->ms, t, memcg);
}

enum charge_arg { ARG_OBJECT, ARG_PAGES, ARG_GFP };

static const char *const gfp_names[] = { "kernel",	  "nowait", "noretry",
					 "retry-mayfail", "nofail", NULL };
static const u32 gfp_values[] = { 0, MEMCG_NOWAIT, MEMCG_NORETRY, MEMCG_RETRY_MAYFAIL,
				  MEMCG_NOFAIL };

const struct arg_desc prim_charge_args[3] = {
	[ARG_OBJECT] = { .name = "object",
			 .type = VT_OBJECT,
			 .required = true,
			 .about = "declared memcg" },
	[ARG_PAGES] = { .name = "pages",
			.type = VT_INT,
			.def = 1,
			.min = 1,
			.max = 1 << 20,
			.about = "number of pages" },
	[ARG_GFP] = { .name = "gfp",
		      .type = VT_ENUM,
		      .choices = gfp_names,
		      .about = "what may be done to make room" },
};

int prim_op_memcg_charge(struct task *t, void *model, struct op_call *call)
{
	struct prim_cgroup *c = find_cgroup(t, model, call);
	struct mem_cgroup *memcg = c->memcg;
	u32 nr = (u32)call->v[ARG_PAGES], made = c->made;
	int err;

	if (!memcg)
		return -ENODEV;
	mem_cgroup_get(t, memcg);
	err = mem_cgroup_charge(c->ms, t, memcg, nr, gfp_values[call->v[ARG_GFP]]);
	mem_cgroup_put(c->ms, t, memcg);
	if (!err && c->memcg && c->made == made)
		c->charged += nr;
	return err;
}

int prim_op_memcg_uncharge(struct task *t, void *model, struct op_call *call)
{
	struct prim_cgroup *c = find_cgroup(t, model, call);
	u32 nr = (u32)call->v[ARG_PAGES];

	if (!c->memcg)
		return -ENODEV;
	if (c->charged < nr)
		sim_fail(t->kern->sim, "memcg_uncharge: %llu pages, only %llu are charged", nr,
			 c->charged);
	c->charged -= nr;
	mem_cgroup_uncharge(c->ms, t, c->memcg, nr);
	return 0;
}
