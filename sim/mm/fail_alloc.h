/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Failure injection: allocations of a kind fail between two times, a share of them or
 * every so-manieth (the kernel's fail_page_alloc and failslab). While there are rules,
 * every allocation is an interaction point, so that allocations are counted and drawn in
 * order of time, which does not depend on the engine.
 */
#ifndef MMSIM_MM_FAIL_ALLOC_H
#define MMSIM_MM_FAIL_ALLOC_H

#include "sim/core/rng.h"

struct task;
struct mm_state;

/* Kinds of allocations, bits. */
#define FAIL_PAGES 1u /* alloc_page(), alloc_pages(), alloc_pages_bulk(): one request each */
#define FAIL_SLAB 2u /* kmem_cache_alloc() */
#define FAIL_KMALLOC 4u
#define FAIL_ANY 7u

#define FAIL_SHARE_ONE 1000u /* a share of 1 */

/* Of the allocations of @kinds in [@from, @until), past the first @after of them: */
struct fail_rule {
	u32 kinds;
	u32 share; /* each fails with this probability in 1/1000 ... */
	u64 every; /* ... or, if not 0, number @every, 2 * @every ... does */
	u64 from, until; /* ps */
	u64 after;
	u64 count; /* at most so many fail; 0: no limit */
};

#define FAIL_RULES 64

struct fail_alloc {
	u32 nr;
	struct fail_state {
		struct fail_rule rule;
		u64 seen, failed; /* open: only touched synchronised */
		struct rng rng; /* purpose mechanism, one stream a rule */
	} * rules; /* FAIL_RULES of them, NULL without rules */
};

/**
 * fail_alloc_add - add a rule, before the run
 *
 * Returns 0, -ENOMEM, or -ENOSPC if there are FAIL_RULES already.
 */
int fail_alloc_add(struct mm_state *mm, const struct fail_rule *rule);

/* Out of line: synchronises and asks the rules. */
bool fail_alloc_ask(struct task *t, u32 kind);

#endif
