// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Per-CPU memory of a memory cgroup, from this kernel's provider: statistics of the cgroup and of
 * each node, two percpu_refs. Sizes: reference percpu.md 4.1, rows 5, 6, 8 and 9, 6.12.
 *
 * Left out: what the cgroup core and other controllers have (rows 1 to 4, 7: those of the
 * owner of a cgroup's percpu objects, models/percpu), the grace period before the refs go.
 */
#include <errno.h>

#include "sim/mm/memcg_priv.h"

enum { MEMCG_REF, OBJCG_REF, MEMCG_VMSTATS, MEMCG_LRUVEC_STATS };

static const struct {
	u32 size, align;
	bool account;
} percpu_objects[] = {
	[MEMCG_REF] = { 8, 8, false },
	[OBJCG_REF] = { 8, 8, false },
	[MEMCG_VMSTATS] = { 1088, 64, true }, /* struct memcg_vmstats_percpu */
	[MEMCG_LRUVEC_STATS] = { 496, 8, true }, /* struct lruvec_stats_percpu */
};

u32 memcg_percpu_objects(const struct memcg_state *ms)
{
	return MEMCG_LRUVEC_STATS + ms->nr_nodes;
}

static void free_range(struct memcg_state *ms, struct task *t, struct mem_cgroup *memcg, u32 from,
		       u32 to)
{
	while (to-- > from)
		percpu_free(ms->kern, t, &memcg->percpu[to]);
}

int memcg_percpu_alloc(struct memcg_state *ms, struct task *t, struct mem_cgroup *memcg)
{
	u32 nr = memcg_percpu_objects(ms);

	for (u32 i = 0; i < nr; i++) {
		u32 kind = min_u32(i, MEMCG_LRUVEC_STATS);
		struct mem_cgroup *payer = percpu_objects[kind].account ? memcg->parent : NULL;

		if (!percpu_alloc(ms->kern, t, percpu_objects[kind].size,
				  percpu_objects[kind].align, payer, &memcg->percpu[i]))
			continue;
		free_range(ms, t, memcg, 0, i);
		return -ENOMEM;
	}
	return 0;
}

void memcg_percpu_free_refs(struct memcg_state *ms, struct task *t, struct mem_cgroup *memcg)
{
	free_range(ms, t, memcg, MEMCG_REF, MEMCG_VMSTATS);
}

void memcg_percpu_free(struct memcg_state *ms, struct task *t, struct mem_cgroup *memcg)
{
	free_range(ms, t, memcg, 0, memcg_percpu_objects(ms));
}
