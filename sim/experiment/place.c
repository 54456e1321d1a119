// SPDX-License-Identifier: GPL-2.0-or-later
/* Which CPU a thread of a group runs on. */
#include "sim/experiment/interp.h"

#include <string.h>

#define MAX_MEMS 64 /* bits of task->mems_allowed */

static u32 unit_of(const struct cpu *c, enum placement p)
{
	if (p == PLACE_PER_NODE)
		return c->node;
	return p == PLACE_PER_LLC ? c->llc : c->core;
}

static u32 nr_units(const struct hw *hw, enum placement p)
{
	u32 i, top = 0;

	for (i = 0; i < hw->nr_cpus; i++) {
		u32 u = unit_of(&hw->cpus[i], p) + 1;

		top = u > top ? u : top;
	}
	return top;
}

/* Thread @i goes to unit i mod units; further rounds use the unit's further CPUs. */
static u32 place_in_units(const struct hw *hw, enum placement p, u32 i)
{
	u32 units = (u32)max_u64(nr_units(hw, p), 1), unit = i % units, round = i / units;
	u32 c, n = 0;

	for (c = 0; c < hw->nr_cpus; c++)
		n += unit_of(&hw->cpus[c], p) == unit;
	round = n ? round % n : 0;
	for (c = 0; c < hw->nr_cpus; c++) {
		if (unit_of(&hw->cpus[c], p) == unit && !round--)
			return c;
	}
	return i % hw->nr_cpus;
}

u32 place_cpu(const struct hw *hw, const struct scn_group *g, u32 i, u32 *spread)
{
	switch (g->placement) {
	case PLACE_ALL:
		return hw_spread(hw, (*spread)++);
	case PLACE_LIST:
		return g->nr_cpus ? g->cpus[i % g->nr_cpus] % hw->nr_cpus : 0;
	case PLACE_PER_NODE:
	case PLACE_PER_LLC:
	case PLACE_PER_CORE:
		return place_in_units(hw, g->placement, i);
	}
	return 0;
}

u32 place_default_count(const struct hw *hw, const struct scn_group *g)
{
	if (g->placement == PLACE_ALL)
		return 1;
	if (g->placement == PLACE_LIST)
		return g->nr_cpus;
	return nr_units(hw, g->placement);
}

bool place_mems(const struct hw *hw, const struct scn_group *g, u64 *allowed, bool *interleave)
{
	const char *p = g->mems;

	*allowed = 0;
	*interleave = p && !strcmp(p, "interleave");
	if (!p || *interleave || !strcmp(p, "local") || !strcmp(p, "all"))
		return true;
	while (*p) {
		char *end;
		u64 node = g_ascii_strtoull(p, &end, 10);

		if (node >= hw->nr_nodes || node >= MAX_MEMS)
			return false;
		*allowed |= 1ULL << node;
		p = *end ? end + 1 : end;
	}
	return true;
}
