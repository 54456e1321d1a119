// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Default providers; see the header. Per-CPU memory is the meminfo category Percpu (size times
 * CPUs: chunks, their maps and what is free in them are the percpu model's); of areas of
 * vmalloc space the descriptors count, as objects of vmap_area and of kmalloc-64, the space does not.
 */
#include "sim/mm/providers.h"

#include <errno.h>
#include <stdlib.h>

#include "sim/stat/ledger.h"

struct providers {
	struct percpu_ops percpu;
	struct vmarea_ops vmarea;
	u32 percpu_cat, area_cat; /* of the ledger */
	u64 nr_percpu, nr_areas; /* given out by the defaults */
};

static void charge(struct kern *k, struct task *t, u32 cat, s64 bytes, s32 objects)
{
	if (t)
		ledger_charge(t, cat, bytes, objects);
	else
		ledger_commit(&k->ledger, cat, bytes, objects, k->sim->now);
}

/* per-CPU memory ------------------------------------------------------------------------- */

static s64 percpu_bytes(const struct kern *k, const struct percpu_mem *m)
{
	return (s64)roundup_u64(m->size, max_u32(m->align, 1)) * k->hw->nr_cpus;
}

static int default_percpu_alloc(struct kern *k, struct task *t, struct percpu_mem *m,
				struct mem_cgroup *memcg, void *arg)
{
	struct providers *p = arg;

	(void)memcg;
	if (t) {
		FRAME(t, "pcpu_alloc_noprof");

		work(t, cost(t, MK_PERCPU_ALLOC_PAIR) / 2);
		task_sync(t);
	}
	m->handle = ++p->nr_percpu;
	charge(k, t, p->percpu_cat, percpu_bytes(k, m), 1);
	return 0;
}

static void default_percpu_free(struct kern *k, struct task *t, struct percpu_mem *m, void *arg)
{
	struct providers *p = arg;

	if (t) {
		FRAME(t, "free_percpu");

		work(t, cost(t, MK_PERCPU_ALLOC_PAIR) / 2);
	}
	charge(k, t, p->percpu_cat, -percpu_bytes(k, m), -1);
}

int percpu_provider_register(struct kern *k, const struct percpu_ops *ops)
{
	struct providers *p = k->providers;

	if (k->percpu_ops != &p->percpu || p->nr_percpu)
		return -EBUSY;
	k->percpu_ops = ops;
	return 0;
}

/* areas of vmalloc space ------------------------------------------------------------------ */

static u64 default_get_areas(struct kern *k, struct task *t, u32 nr, const u64 *offsets,
			     const u64 *sizes, u64 align, void *arg)
{
	struct providers *p = arg;

	(void)offsets;
	(void)sizes;
	(void)align;
	if (t) {
		FRAME(t, "pcpu_get_vm_areas");

		work(t, nr * (cost(t, MK_VMAREA_PAIR) / 2));
		task_sync(t);
	}
	charge(k, t, p->area_cat, (s64)nr * (VMAP_AREA_BYTES + VM_STRUCT_BYTES_DEFAULT), (s32)nr);
	return ++p->nr_areas;
}

static void default_put(struct kern *k, struct task *t, u64 handle, u32 nr, void *arg)
{
	struct providers *p = arg;

	(void)handle;
	if (t) {
		FRAME(t, "pcpu_free_vm_areas");

		work(t, nr * (cost(t, MK_VMAREA_PAIR) / 2));
	}
	charge(k, t, p->area_cat, -(s64)nr * (VMAP_AREA_BYTES + VM_STRUCT_BYTES_DEFAULT), -(s32)nr);
}

int vmarea_provider_register(struct kern *k, const struct vmarea_ops *ops)
{
	struct providers *p = k->providers;

	if (k->vmarea_ops != &p->vmarea || p->nr_areas)
		return -EBUSY;
	k->vmarea_ops = ops;
	return 0;
}

u64 vmarea_get(struct kern *k, struct task *t, u32 nr, const u64 *offsets, const u64 *sizes,
	       u64 align)
{
	const struct vmarea_ops *ops = k->vmarea_ops;

	return ops->get_areas(k, t, nr, offsets, sizes, align, ops->arg);
}

void vmarea_put(struct kern *k, struct task *t, u64 handle, u32 nr)
{
	const struct vmarea_ops *ops = k->vmarea_ops;

	ops->put(k, t, handle, nr, ops->arg);
}

/* ------------------------------------------------------------------------------------------ */

int providers_init(struct kern *k)
{
	s32 percpu = ledger_category_lazy(&k->ledger, "Percpu");
	s32 area = ledger_category_lazy(&k->ledger, "vmarea");
	struct providers *p = calloc(1, sizeof(*p));

	if (!p)
		return -ENOMEM;
	k->providers = p;
	if (percpu < 0 || area < 0) {
		providers_destroy(k);
		return -ENOSPC;
	}
	p->percpu_cat = (u32)percpu;
	p->area_cat = (u32)area;
	p->percpu = (struct percpu_ops){ .name = "default",
					 .alloc = default_percpu_alloc,
					 .free = default_percpu_free,
					 .arg = p };
	p->vmarea = (struct vmarea_ops){
		.name = "default", .get_areas = default_get_areas, .put = default_put, .arg = p
	};
	k->percpu_ops = &p->percpu;
	k->vmarea_ops = &p->vmarea;
	return 0;
}

void providers_destroy(struct kern *k)
{
	free(k->providers);
	k->providers = NULL;
	k->percpu_ops = NULL;
	k->vmarea_ops = NULL;
}
