// SPDX-License-Identifier: GPL-2.0-or-later
/* The node that a task with a memory policy allocates from; see mempolicy.h. */
#include "sim/mm/mempolicy.h"

u32 mempolicy_nr_nodes(const struct task *t)
{
	u32 n = 0;

	for (u32 i = 0; i < t->x.hw->nr_nodes; i++)
		n += node_allowed(t, i);
	return n;
}

/* next_node_in() */
static u32 interleave_nodes(struct task *t)
{
	u32 nr = t->x.hw->nr_nodes, node = t->il_prev;

	do
		node = (node + 1) % nr;
	while (!node_allowed(t, node));
	t->il_prev = (u16)node;
	return node;
}

u32 mempolicy_node_slow(struct task *t, u32 node)
{
	const struct hw *hw = t->x.hw;
	u32 i = 0;

	task_settle(t);
	if (node == NUMA_NO_NODE && t->mems_interleave)
		return interleave_nodes(t);
	if (node == NUMA_NO_NODE)
		node = t->x.cpu->node;
	while (!node_allowed(t, zone_fallback(hw, node, i)))
		i++;
	return zone_fallback(hw, node, i);
}
