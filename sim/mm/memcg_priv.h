/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the memory cgroups share. */
#ifndef MMSIM_MM_MEMCG_PRIV_H
#define MMSIM_MM_MEMCG_PRIV_H

#include "sim/mm/memcg.h"

/* memcg.c: pages of @memcg have been uncharged; it is freed if it was only waiting for that. */
void css_put(struct memcg_state *ms, struct task *t, struct mem_cgroup *memcg);

/* memcg_percpu.c: how many there are. */
u32 memcg_percpu_objects(const struct memcg_state *ms);
/*
 * Likewise: per-CPU memory of a memcg, paid for by its parent. @t NULL before the run.
 * Returns 0 or -ENOMEM with nothing allocated.
 */
int memcg_percpu_alloc(struct memcg_state *ms, struct task *t, struct mem_cgroup *memcg);
/* The reference counts, which are atomic from rmdir on; the statistics. */
void memcg_percpu_free_refs(struct memcg_state *ms, struct task *t, struct mem_cgroup *memcg);
void memcg_percpu_free(struct memcg_state *ms, struct task *t, struct mem_cgroup *memcg);

/* memcg_charge.c */
/* Is usage above memory.high? */
bool above_high(struct task *t, struct mem_cgroup *memcg);
/* One more event of @memcg and of all above it. */
void memcg_memory_event(struct task *t, struct mem_cgroup *memcg, enum memcg_event ev);
void memcg_stock_init(struct memcg_state *ms, struct memcg_stock *stock);
/* Nobody uses the stock of @cpu any more: it is given back. For cpuhp.h. */
void memcg_hotplug_cpu_dead(struct task *t, u32 cpu, void *arg);
/* refill_stock(): @nr pages that are charged to @memcg go to the CPU's stock. */
void memcg_refill_stock(struct memcg_state *ms, struct task *t, struct mem_cgroup *memcg, u32 nr);

#endif
