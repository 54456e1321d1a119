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

#define PROF_HITS 15U

/* What every charge touches is in one line of the host. */
struct prof_node {
	u64 self_ps; /* includes charges of threads that have run ahead */
	u64 calls; /* frames entered, counted by who enters them */
	const struct frame_site *site;
	struct prof_node *parent, *child, *sibling;
	u64 base_ps, base_calls; /* self_ps, calls as of the warm-up cut, not reported */
	struct prof_node *hit[PROF_HITS]; /* children found last; only for speed */
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

/* Slow path of profile_enter(): finds or makes the node, and notes it in @hit. */
struct prof_node *profile_find(struct profile *p, struct prof_node *parent,
			       const struct frame_site *site, struct prof_node **hit);

/*
 * Node of @site below @parent. @slot, any number, is where the parent notes the node: sites
 * that are entered below the same one should have different slots, for speed only.
 */
static inline struct prof_node *profile_enter(struct profile *p, struct prof_node *parent,
					      const struct frame_site *site, u32 slot)
{
	struct prof_node **hit = &parent->hit[slot % PROF_HITS];

	if (likely(*hit && (*hit)->site == site))
		return *hit;
	return profile_find(p, parent, site, hit);
}

/* Calls fn(node, arg) for each node but the root, parents before children. */
void profile_for_each(struct profile *p, void (*fn)(struct prof_node *n, void *arg), void *arg);

#endif
