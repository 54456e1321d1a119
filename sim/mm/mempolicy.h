/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which nodes a task's pages come from: task->mems_allowed as a cpuset sets it, and
 * MPOL_INTERLEAVE. Facts: mm/mempolicy.c (interleave_nodes(), bulk_array_interleave()) and
 * __cpuset_zone_allowed() of 6.7; a forbidden node is never a fallback. Left out:
 * GFP_ATOMIC's way around it, weighted interleave, policies of VMAs.
 */
#ifndef MMSIM_MM_MEMPOLICY_H
#define MMSIM_MM_MEMPOLICY_H

#include "sim/mm/zone.h"

static inline bool node_allowed(const struct task *t, u32 node)
{
	return !t->mems_allowed || t->mems_allowed >> node & 1;
}

/* Nodes that @t may use. */
u32 mempolicy_nr_nodes(const struct task *t);

/* The node an allocation for @node, which may be NUMA_NO_NODE, tries first. */
u32 mempolicy_node_slow(struct task *t, u32 node);

static inline u32 mempolicy_node(struct task *t, u32 node)
{
	if (likely(!t->mems_allowed && !t->mems_interleave))
		return node;
	return mempolicy_node_slow(t, node);
}

#endif
