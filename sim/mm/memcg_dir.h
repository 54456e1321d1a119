/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Directories of cgroupfs: a place in the hierarchy where a memory cgroup is, may be removed
 * and made anew. What acts on a cgroup by its name goes through here, so that all see the
 * same one: operations, events of a scenario, threads that are put into it. The files are
 * gone with the directory; a cgroup that was removed while it is charged lingers without.
 */
#ifndef MMSIM_MM_MEMCG_DIR_H
#define MMSIM_MM_MEMCG_DIR_H

#include "sim/mm/memcg.h"

/* Files with a limit. */
enum memcg_file { MEMCG_FILE_MAX, MEMCG_FILE_HIGH, MEMCG_FILE_LOW, MEMCG_FILE_MIN, NR_MEMCG_FILES };

/* Members up to owner are set by who makes it. */
struct memcg_dir {
	const char *name;
	struct memcg_state *ms;
	struct memcg_dir *above; /* NULL: below @parent */
	struct mem_cgroup *parent; /* of no directory: the root, or one that is not removed */
	u64 limit[NR_MEMCG_FILES]; /* pages; written when it is made */
	struct ledger_owner *owner; /* of its bytes; may be NULL */
	struct mem_cgroup *memcg; /* NULL: there is none now; open state */
	u64 charged; /* by operations on it, pages; open state */
	bool making; /* a mkdir is under way; open state */
	u32 made; /* how often it was made, so that one is not taken for the next */
	u64 events[NR_MEMCG_EVENTS]; /* memory.events of this one and all that were removed */
	u64 peak_past; /* highest memory.peak of those, pages */
};

/* mkdir. @t: NULL before the run. 0, -EEXIST, -ENOENT (no parent) or -ENOMEM. */
int memcg_dir_make(struct memcg_dir *d, struct task *t);

/* rmdir. 0, -ENODEV if there is none, or what mem_cgroup_remove() says. */
int memcg_dir_remove(struct memcg_dir *d, struct task *t);

/* Write @pages to a file with a limit, which may reclaim. 0, or -ENODEV. */
int memcg_dir_write(struct memcg_dir *d, struct task *t, enum memcg_file file, u64 pages);

/* Write @pages to memory.reclaim. 0, -ENODEV, or -EAGAIN if it is not all reclaimed. */
int memcg_dir_reclaim(struct memcg_dir *d, struct task *t, u64 pages);

#endif
