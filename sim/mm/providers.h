/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Providers (DESIGN.md section 2): per-CPU memory and areas of vmalloc space, which models own
 * that may not be there. The defaults here charge the ledger and a fixed cost (half
 * of percpu.alloc_pair, half of vmarea.pair, at each end), so that whatever uses them runs
 * alone. Memory cgroups do not pay for what the defaults give out.
 */
#ifndef MMSIM_MM_PROVIDERS_H
#define MMSIM_MM_PROVIDERS_H

#include "sim/kern/percpu_alloc.h"

/* pcpu_get_vm_areas(): areas at the same distances from each other, for a chunk of percpu units. */
struct vmarea_ops {
	const char *name; /* of the model; "default" for the one here */
	/**
	 * get_areas - @nr areas of @sizes pages at @offsets pages from a common base
	 * @align: of the base, pages
	 *
	 * May sleep. Returns a handle, 0 without memory or room.
	 */
	u64 (*get_areas)(struct kern *k, struct task *t, u32 nr, const u64 *offsets,
			 const u64 *sizes, u64 align, void *arg);
	void (*put)(struct kern *k, struct task *t, u64 handle, u32 nr, void *arg);
	void *arg;
};

#define VMAP_AREA_BYTES 64 /* vmap.md 5, 6.1 and later without flags */
#define VM_STRUCT_BYTES_DEFAULT 64

/*
 * A model installs itself, when it is made; one of each kind, until the kernel ends. The table
 * is not copied. 0, or -EBUSY if another model is there or something was given out by the default.
 */
int percpu_provider_register(struct kern *k, const struct percpu_ops *ops);
int vmarea_provider_register(struct kern *k, const struct vmarea_ops *ops);

/* By way of the provider; as in struct vmarea_ops. */
u64 vmarea_get(struct kern *k, struct task *t, u32 nr, const u64 *offsets, const u64 *sizes,
	       u64 align);
void vmarea_put(struct kern *k, struct task *t, u64 handle, u32 nr);

/* The defaults; called by mm_new() and mm_free(). Returns 0 or -ENOSPC. */
int providers_init(struct kern *k);
void providers_destroy(struct kern *k);

#endif
