/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory cgroups as objects: each is there from the start and may be removed and made anew;
 * `depth` puts as many cgroups between it and the root. An operation may also name a cgroup
 * of `cgroups:`. Pages are charged as such, no memory is behind them. Facts: reference
 * thp.md 1.9.
 */
#include "models/prims/internal.h"

#include <errno.h>

#include "sim/mm/memcg_dir.h"
#include "sim/mm/page_alloc.h"

struct prim_cgroup {
	struct memcg_dir own; /* of the object itself */
	struct memcg_dir *dir; /* @own, or one of `cgroups:` */
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

static int cgroup_init(struct kern *k, void *obj, const struct object_decl *d)
{
	struct prim_cgroup *c = obj;
	struct memcg_dir *dir = &c->own;

	if (d->cgroup)
		return 0;
	c->dir = dir;
	dir->name = d->name;
	dir->ms = memcg_get(k);
	if (!dir->ms)
		return -ENOMEM;
	dir->parent = dir->ms->root;
	for (s64 i = 0; dir->parent && i < d->values[KEY_DEPTH]; i++)
		dir->parent = mem_cgroup_create(dir->ms, NULL, dir->parent);
	dir->limit[MEMCG_FILE_MAX] = (u64)d->values[KEY_MAX] >> PAGE_SHIFT;
	dir->limit[MEMCG_FILE_HIGH] = (u64)d->values[KEY_HIGH] >> PAGE_SHIFT;
	dir->limit[MEMCG_FILE_LOW] = (u64)d->values[KEY_LOW] >> PAGE_SHIFT;
	if (dir->parent && !memcg_dir_make(dir, NULL))
		return 0;
	memcg_put(dir->ms);
	return -ENOMEM;
}

static void cgroup_destroy(void *obj)
{
	struct prim_cgroup *c = obj;

	if (c->dir == &c->own)
		memcg_put(c->own.ms);
}

void prim_memcg_bind(void *obj, struct memcg_dir *dir)
{
	struct prim_cgroup *c = obj;

	c->dir = dir;
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
	return ((struct prim_cgroup *)obj)->dir->memcg;
}

/* Synchronised, so that it is known whether it is there. */
static struct memcg_dir *find_cgroup(struct task *t, void *model, const struct op_call *call)
{
	struct prim_ref r = prim_ref(model, call);

	if (r.type != &prim_memcg)
		sim_fail(t->kern->sim, "memcg operations work on a memcg only", 0, 0);
	task_sync(t);
	return ((struct prim_cgroup *)r.instance)->dir;
}

int prim_op_memcg_create(struct task *t, void *model, struct op_call *call)
{
	return memcg_dir_make(find_cgroup(t, model, call), t);
}

int prim_op_memcg_remove(struct task *t, void *model, struct op_call *call)
{
	return memcg_dir_remove(find_cgroup(t, model, call), t);
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
	struct memcg_dir *c = find_cgroup(t, model, call);
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
	struct memcg_dir *c = find_cgroup(t, model, call);
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
