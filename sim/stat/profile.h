/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Call-tree profile, comparable line by line with `perf report`: every charge of
 * simulated CPU time goes to the node of the innermost frame. A site is a const
 * object at the FRAME() that names the kernel's symbol; nodes are found by site
 * identity and reported by name, so nothing depends on addresses.
 */
#ifndef MMSIM_STAT_PROFILE_H
#define MMSIM_STAT_PROFILE_H

#include "sim/core/types.h"

struct frame_site {
	const char *symbol;
};

struct prof_node {
	const struct frame_site *site;
	struct prof_node *parent, *child, *sibling;
	u64 self_ps; /* includes charges of threads that have run ahead */
	u64 base_ps; /* self as of the warm-up cut, not reported */
	u64 calls, base_calls; /* frames entered, counted by who enters them */
	u32 id; /* order of creation */
};

struct profile {
	struct prof_node root;
	struct prof_chunk *chunks;
	u32 nr_nodes;
	bool failed; /* out of memory: charges went to the parent */
};

void profile_init(struct profile *p);
void profile_destroy(struct profile *p);

/* Slow path of profile_enter(): makes the node. */
struct prof_node *profile_add(struct profile *p, struct prof_node *parent,
			      const struct frame_site *site);

/* Node of @site below @parent. */
static inline struct prof_node *profile_enter(struct profile *p, struct prof_node *parent,
					      const struct frame_site *site)
{
	struct prof_node *n = parent->child;

	if (likely(n && n->site == site))
		return n;
	for (; n; n = n->sibling)
		if (n->site == site)
			return n;
	return profile_add(p, parent, site);
}

/* Calls fn(node, arg) for each node but the root, parents before children. */
void profile_for_each(struct profile *p, void (*fn)(struct prof_node *n, void *arg), void *arg);

#endif
