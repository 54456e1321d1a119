/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory cgroups, version 2, as mm/memcontrol.c of 6.12 (reference thp.md 1.9): hierarchy,
 * page counters, per-CPU stock, try_charge with reclaim and OOM, memory.max, high and low,
 * usage and event counts, and hooks for what hangs on a memcg (DESIGN.md 2). Reclaim here
 * drives the shrinkers; the LRU part and the OOM killer are the owner's of struct
 * memcg_reclaim_ops, and reclaim nothing and kill nobody without one. Left out: swap, soft
 * limits, kernel memory accounting as a switch (objcg.h has the accounting), statistics per CPU.
 *
 * An approximation: drain_all_stock() asks which memcg a CPU's stock belongs to, not
 * whether anything is left in it, because a CPU takes from its stock privately.
 */
#ifndef MMSIM_MM_MEMCG_H
#define MMSIM_MM_MEMCG_H

#include "sim/core/list.h"
#include "sim/kern/mutex.h"
#include "sim/kern/percpu_alloc.h"
#include "sim/kern/workqueue.h"
#include "sim/mm/page_counter.h"
#include "sim/mm/shrinker.h"

#define MEMCG_CHARGE_BATCH 64 /* pages */
#define MAX_RECLAIM_RETRIES 16
#define MEMCG_SLOTS 8
#define MEM_CGROUP_ID_MAX 65535
#define DEF_PRIORITY 12
#define SWAP_CLUSTER_MAX 32

/* What a charge may do; 0 is GFP_KERNEL. */
enum memcg_gfp {
	MEMCG_NOWAIT = 0x100, /* must not block: no reclaim */
	MEMCG_NORETRY = 0x200, /* __GFP_NORETRY: reclaim once, no OOM kill */
	MEMCG_RETRY_MAYFAIL = 0x400, /* __GFP_RETRY_MAYFAIL: no OOM kill */
	MEMCG_NOFAIL = 0x800, /* __GFP_NOFAIL: over the limit rather than fail */
};

enum memcg_event { MEMCG_LOW, MEMCG_HIGH, MEMCG_MAX, MEMCG_OOM, MEMCG_OOM_KILL, NR_MEMCG_EVENTS };
enum css_state { CSS_ONLINE, CSS_OFFLINE, CSS_FREE };

struct mem_cgroup {
	struct page_counter memory;
	struct mem_cgroup *parent;
	struct list_head children, sibling;
	u16 id; /* 1..MEM_CGROUP_ID_MAX, the lowest free one, until offline; the root has 1 */
	u8 state; /* enum css_state */
	u32 pins; /* mem_cgroup_get() without mem_cgroup_put() yet; open state */
	u32 nr; /* for a page to say who pays for it: memcg_by_nr(). Of the struct, not to be freed */
	u32 nr_tasks; /* in it; open state */
	u64 events[NR_MEMCG_EVENTS]; /* memory.events.local */
	u64 *events_all; /* memory.events, with those of all below; its maker's, or NULL */
	struct ledger_owner *owner; /* of bytes in the ledger that are its; NULL: not told apart */
	struct shrinker_info *info; /* per node; NULL in the root */
	void *slot[MEMCG_SLOTS]; /* of the hooks' owners */
	struct obj_cgroup *objcg; /* its own, objcg.h; NULL: none yet, or offline. Open state */
	struct list_head objcgs; /* that one and those of offline descendants; open state */
	u64 kmem; /* pages charged through those; open state */
	struct percpu_mem *percpu; /* memcg_percpu.c; open state */
};

/* What a model does with each memcg; any may be NULL. Calls are in order of registration. */
struct memcg_hooks {
	const char *name;
	/* 0, or a negative errno, upon which the memcg is not made. */
	int (*online)(struct task *t, struct mem_cgroup *memcg, void *arg);
	void (*offline)(struct task *t, struct mem_cgroup *memcg, void *arg);
	/* The last charge is gone. */
	void (*free)(struct task *t, struct mem_cgroup *memcg, void *arg);
	void *arg;
};

/* LRU reclaim and OOM, for the model that has them. */
struct memcg_reclaim_ops {
	/* Reclaim from the LRUs of (@memcg, @nid) at @priority; pages. */
	u64 (*shrink_lru)(struct task *t, struct mem_cgroup *memcg, u32 nid, u32 priority,
			  void *arg);
	/* True if a victim was found. */
	bool (*oom_kill)(struct task *t, struct mem_cgroup *memcg, void *arg);
	void *arg;
};

struct memcg_state;

struct memcg_stock {
	struct memcg_state *ms;
	struct mem_cgroup *cached; /* open state; only its CPU changes it */
	u32 nr_pages; /* private to its CPU */
	bool flushing; /* work is queued; open state */
	struct work work;
};

struct memcg_state {
	struct kern *kern;
	struct cpuhp_step cpuhp; /* memcg_hotplug_cpu_dead() */
	struct shrinkers shrinkers;
	struct mem_cgroup *root;
	struct mutex cgroup_mutex; /* mkdir and rmdir */
	struct mem_cgroup **by_id; /* of online ones; MEM_CGROUP_ID_MAX + 1 */
	u32 next_id; /* no lower one is free */
	struct mem_cgroup **by_nr; /* every struct there is, by nr; [0] is the root's */
	u32 nr_structs, max_structs;
	struct list_head unused; /* structs of freed ones, by sibling */
	struct memcg_stock *stock; /* per CPU */
	struct objcg_state *objcg; /* objcg.h */
	bool draining; /* percpu_charge_mutex */
	struct memcg_hooks hooks[MEMCG_SLOTS];
	u32 nr_hooks;
	struct memcg_reclaim_ops reclaim;
	u32 nr_nodes;
	u32 users; /* of memcg_get() */
	u32 nr_online, nr_offline; /* of all but the root; offline: not freed yet */
};

/* The root and nothing else. NULL when out of memory; owned by the caller. */
struct memcg_state *memcg_new(struct kern *k);
void memcg_free(struct memcg_state *ms);

/* The kernel's cgroups, made at the first call; NULL when out of memory. memcg_put() each. */
struct memcg_state *memcg_get(struct kern *k);
void memcg_put(struct memcg_state *ms);

/* Before the run. Returns the slot, or -ENOSPC. */
s32 memcg_register_hooks(struct memcg_state *ms, const struct memcg_hooks *hooks);
void memcg_set_reclaim(struct memcg_state *ms, const struct memcg_reclaim_ops *ops);

/**
 * mem_cgroup_create - mkdir below @parent
 * @t: who does it; NULL before the run
 *
 * Returns it, or NULL if there is no id or memory left or a hook has failed.
 */
struct mem_cgroup *mem_cgroup_create(struct memcg_state *ms, struct task *t,
				     struct mem_cgroup *parent);

/*
 * rmdir: offline now, freed with its last charge, at once if there is none. 0, or -EBUSY if
 * it has children or tasks, -EINVAL if it is the root or offline.
 */
int mem_cgroup_remove(struct memcg_state *ms, struct task *t, struct mem_cgroup *memcg);

/*
 * A reference, as a task's or a walk's: @memcg is not freed, and its struct not used for
 * another one, until the mem_cgroup_put() that belongs to it.
 */
void mem_cgroup_get(struct task *t, struct mem_cgroup *memcg);
void mem_cgroup_put(struct memcg_state *ms, struct task *t, struct mem_cgroup *memcg);

/* @t is in the online @memcg from now on: before it starts. */
void mem_cgroup_attach(struct task *t, struct mem_cgroup *memcg);
/* @t, which runs, is about to end: it is in none any more. */
void mem_cgroup_exit(struct task *t);

static inline struct mem_cgroup *memcg_by_nr(const struct memcg_state *ms, u32 nr)
{
	return ms->by_nr[nr];
}

/**
 * mem_cgroup_charge - charge @nr pages to @memcg and its ancestors
 * @gfp: enum memcg_gfp
 *
 * May reclaim, and sleep. The root is not charged. Returns 0 or -ENOMEM.
 */
int mem_cgroup_charge(struct memcg_state *ms, struct task *t, struct mem_cgroup *memcg, u32 nr,
		      u32 gfp);
/* Of what has been charged; may free an offline @memcg. */
void mem_cgroup_uncharge(struct memcg_state *ms, struct task *t, struct mem_cgroup *memcg, u32 nr);

/* Have the stocks of all CPUs that belong to @root or below given back; does not wait for it. */
void drain_all_stock(struct memcg_state *ms, struct task *t, struct mem_cgroup *root);

/*
 * Reclaim @nr pages from @memcg and below: priorities 12 to 0, LRUs and shrinkers of every
 * node; a second descent if the first found nothing. Returns LRU pages reclaimed.
 */
u64 try_to_free_mem_cgroup_pages(struct memcg_state *ms, struct task *t, struct mem_cgroup *memcg,
				 u64 nr, u32 gfp);

/*
 * memory.reclaim: reclaim @nr pages from @memcg and below, however often that takes. Pages
 * reclaimed; what is missing is -EAGAIN for the writer.
 */
u64 memory_reclaim_write(struct memcg_state *ms, struct task *t, struct mem_cgroup *memcg, u64 nr);

/*
 * What kswapd does when it is woken on node @nid for @nr pages: priorities 12 to 1 over every
 * cgroup, LRUs and shrinkers, until as many are reclaimed or free in addition. Pages.
 */
u64 balance_pgdat(struct memcg_state *ms, struct task *t, u32 nid, u64 nr);

/*
 * On the way back to user space: pages charged above memory.high are reclaimed, then the
 * task is put to sleep for longer the further usage is above it.
 */
void mem_cgroup_handle_over_high(struct memcg_state *ms, struct task *t, struct mem_cgroup *memcg);

/* Write memory.max (pages): reclaims, then kills until usage is below, as far as it gets. */
void memory_max_write(struct memcg_state *ms, struct task *t, struct mem_cgroup *memcg, u64 max);
/* Write memory.low and memory.min (pages): reclaim from above leaves that much alone. */
void memory_low_write(struct task *t, struct mem_cgroup *memcg, u64 low);
void memory_min_write(struct task *t, struct mem_cgroup *memcg, u64 min);
/* Write memory.high (pages): reclaims what is above. */
void memory_high_write(struct memcg_state *ms, struct task *t, struct mem_cgroup *memcg, u64 high);

/* Is @memcg @root or below it? */
bool mem_cgroup_is_descendant(const struct mem_cgroup *memcg, const struct mem_cgroup *root);

/* Invariants: hierarchy, ids, usage of parents; NULL or what is wrong. At the end of a run. */
const char *memcg_check(const struct memcg_state *ms);

#endif
