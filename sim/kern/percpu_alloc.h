/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Per-CPU memory, as whoever provides it in this kernel gives it out: a model that has
 * registered itself, else sim/mm's default (sim/mm/providers.h). The table is here because locks'
 * neighbours of this layer use it (percpu_counter, percpu_ref).
 */
#ifndef MMSIM_KERN_PERCPU_ALLOC_H
#define MMSIM_KERN_PERCPU_ALLOC_H

#include "sim/kern/task.h"

/* One object: a handle of the provider and what was asked for. All zero: none. */
struct percpu_mem {
	u64 handle; /* 0: none */
	u32 size, align; /* bytes of one CPU's part */
	bool account; /* somebody pays for it */
};

struct percpu_ops {
	const char *name; /* of the model, as in the manifest; "default" for sim/mm's */
	/**
	 * alloc - @m->size bytes for every CPU
	 * @k, @t: @t is NULL before the run, and then nothing is charged to anybody's time
	 * @m: size, align and account are set; receives the handle, never 0
	 * @memcg: who pays, NULL: nobody
	 *
	 * May sleep. Returns 0 or -ENOMEM.
	 */
	int (*alloc)(struct kern *k, struct task *t, struct percpu_mem *m, struct mem_cgroup *memcg,
		     void *arg);
	/* May be called with a spin lock held, and with @t NULL from an engine agent. */
	void (*free)(struct kern *k, struct task *t, struct percpu_mem *m, void *arg);
	void *arg;
};

/* alloc_percpu(), free_percpu(). A kernel without provider has no footprint of it. */
int percpu_alloc(struct kern *k, struct task *t, u32 size, u32 align, struct mem_cgroup *memcg,
		 struct percpu_mem *m);
void percpu_free(struct kern *k, struct task *t, struct percpu_mem *m);

#endif
