/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shrinker registry and driver, as mm/shrinker.c of 6.12 (reference thp.md 1.3, list_lru.md
 * 1.7): a bit per shrinker in each (memcg, node), deferred work per (shrinker, node) or per
 * (shrinker, memcg, node), and do_shrink_slab()'s arithmetic. Left out: registration while
 * the run is on (so no RCU nor reference counts of shrinkers), more than 64 of them.
 */
#ifndef MMSIM_MM_SHRINKER_H
#define MMSIM_MM_SHRINKER_H

#include "sim/kern/task.h"

struct mem_cgroup;

#define MAX_SHRINKERS 64 /* one unit of shrinker_info */
#define DEFAULT_SEEKS 2
#define SHRINK_BATCH 128
#define SHRINK_STOP UINT64_MAX
#define SHRINK_EMPTY (UINT64_MAX - 1)

enum shrinker_flags {
	SHRINKER_NUMA_AWARE = 1,
	SHRINKER_MEMCG_AWARE = 2,
	SHRINKER_NONSLAB = 4, /* runs even without kernel memory accounting */
};

/* What a call is about. */
struct shrink_control {
	u32 gfp;
	u32 nid; /* NUMA node */
	struct mem_cgroup *memcg; /* NULL: all, or the root */
	u64 nr_to_scan; /* what to look at now */
	u64 nr_scanned; /* set by scan() if it differs */
};

struct shrinker {
	const char *name;
	/* How many objects there are: a count, 0, or SHRINK_EMPTY (then the bit is cleared). */
	u64 (*count_objects)(struct task *t, struct shrinker *s, struct shrink_control *sc);
	/* Free some; how many, or SHRINK_STOP. */
	u64 (*scan_objects)(struct task *t, struct shrinker *s, struct shrink_control *sc);
	u32 flags; /* enum shrinker_flags */
	u32 seeks; /* 0: objects that cost no I/O to bring back */
	u64 batch; /* 0: SHRINK_BATCH */
	void *arg; /* of the owner */
	/* set by shrinker_register() */
	u32 id;
	u64 scanned, freed; /* totals of the run */
};

/* A counter of deferred work and the line it lies on, with others. */
struct shrinker_deferred {
	s64 *nr;
	struct line *line;
};

#define DEFERRED_PER_LINE 8

/* Of one (memcg, node): what may have objects there, and deferred work. */
struct shrinker_info {
	u64 map; /* bit per shrinker id; open state */
	struct line map_line;
	s64 nr_deferred[MAX_SHRINKERS];
	struct line deferred_line[MAX_SHRINKERS / DEFERRED_PER_LINE];
};

struct shrinkers {
	struct shrinker *by_id[MAX_SHRINKERS];
	u32 nr, nr_nodes;
	struct shrinker_info *global; /* per node: deferred work of passes without a memcg */
};

/* Empty registry for @nr_nodes nodes. Returns 0 or -ENOMEM. */
int shrinkers_init(struct shrinkers *r, u32 nr_nodes);
void shrinkers_destroy(struct shrinkers *r);
void shrinker_info_init(struct shrinker_info *info);

/* Before the run; @s stays owned by the caller. 0, or -ENOSPC if there are too many. */
int shrinker_register(struct shrinkers *r, struct shrinker *s);

/* The first object of @id has come to (@info's memcg, node). Call with the list's lock held. */
void set_shrinker_bit(struct task *t, struct shrinker_info *info, u32 id);

/**
 * do_shrink_slab - one shrinker, one node, one memcg
 * @d: where its deferred work is kept
 * @priority: of reclaim, 12 (gentle) to 0
 *
 * Returns how many objects were freed, or SHRINK_EMPTY.
 */
u64 do_shrink_slab(struct task *t, struct shrinker *s, struct shrinker_deferred d,
		   struct shrink_control *sc, u32 priority);

/*
 * All shrinkers for a node: with @info those whose bit is set (a memcg other than the
 * root), without it every registered one. Returns how many objects were freed.
 */
u64 shrink_slab(struct task *t, struct shrinkers *r, struct shrinker_info *info, u32 gfp, u32 nid,
		struct mem_cgroup *memcg, u32 priority);

#endif
