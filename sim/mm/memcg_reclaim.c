// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reclaim of a memory cgroup and what its limits make happen: descents over priorities,
 * nodes and cgroups, memory.high with its penalty, writes to the limit files (6.12;
 * reference thp.md 1.9).
 */
#include "sim/mm/memcg_priv.h"
#include "sim/mm/zone.h"

#define MEMCG_DELAY_PRECISION_SHIFT 20
#define MEMCG_DELAY_SCALING_SHIFT 14

void memcg_set_reclaim(struct memcg_state *ms, const struct memcg_reclaim_ops *ops)
{
	ms->reclaim = *ops;
}

static struct mem_cgroup *next_preorder(const struct mem_cgroup *root, struct mem_cgroup *pos)
{
	if (!list_empty(&pos->children))
		return list_first_entry(&pos->children, struct mem_cgroup, sibling);
	for (; pos != root; pos = pos->parent)
		if (pos->sibling.next != &pos->parent->children)
			return list_entry(pos->sibling.next, struct mem_cgroup, sibling);
	return NULL;
}

/* From the pinned @pos (NULL: begin) to the next below @root, offline ones and all. */
static struct mem_cgroup *mem_cgroup_iter(struct memcg_state *ms, struct task *t,
					  struct mem_cgroup *root, struct mem_cgroup *pos)
{
	struct mem_cgroup *next;

	task_sync(t);
	next = pos ? next_preorder(root, pos) : root;
	if (next)
		mem_cgroup_get(t, next);
	if (pos)
		mem_cgroup_put(ms, t, pos);
	return next;
}

/* Is reclaim from above to leave it alone? @respect_low: not yet in need. */
static bool is_protected(struct task *t, struct mem_cgroup *memcg, const struct mem_cgroup *root,
			 bool respect_low, bool *skipped_low)
{
	u64 usage, min, low;

	if (memcg == root || !memcg->parent)
		return false;
	task_sync(t);
	min = memcg->memory.min;
	low = memcg->memory.low;
	if (!(min | low))
		return false;
	usage = page_counter_read(t, &memcg->memory);
	if (usage <= min)
		return true;
	if (usage > low)
		return false;
	if (respect_low) {
		*skipped_low = true;
		return true;
	}
	memcg_memory_event(t, memcg, MEMCG_LOW);
	return false;
}

struct reclaim {
	u64 want, got;
	u32 gfp;
	bool respect_low, skipped_low;
};

static void shrink_node_memcg(struct memcg_state *ms, struct task *t, struct mem_cgroup *memcg,
			      u32 nid, u32 priority, struct reclaim *r)
{
	if (ms->reclaim.shrink_lru)
		r->got += ms->reclaim.shrink_lru(t, memcg, nid, priority, ms->reclaim.arg);
	task_sync(t);
	if (memcg->state == CSS_ONLINE)
		shrink_slab(t, &ms->shrinkers, memcg->info ? &memcg->info[nid] : NULL, r->gfp, nid,
			    memcg, priority);
}

static void shrink_node(struct memcg_state *ms, struct task *t, struct mem_cgroup *root, u32 nid,
			u32 priority, struct reclaim *r)
{
	struct mem_cgroup *memcg = NULL;

	while ((memcg = mem_cgroup_iter(ms, t, root, memcg))) {
		if (!is_protected(t, memcg, root, r->respect_low, &r->skipped_low))
			shrink_node_memcg(ms, t, memcg, nid, priority, r);
		cond_resched(t);
	}
}

static void shrink_zones(struct memcg_state *ms, struct task *t, struct mem_cgroup *root,
			 u32 priority, struct reclaim *r)
{
	for (u32 nid = 0; nid < ms->nr_nodes; nid++)
		shrink_node(ms, t, root, nid, priority, r);
}

static void descend(struct memcg_state *ms, struct task *t, struct mem_cgroup *memcg,
		    struct reclaim *r)
{
	for (s32 priority = DEF_PRIORITY; priority >= 0 && r->got < r->want; priority--)
		shrink_zones(ms, t, memcg, (u32)priority, r);
}

u64 try_to_free_mem_cgroup_pages(struct memcg_state *ms, struct task *t, struct mem_cgroup *memcg,
				 u64 nr, u32 gfp)
{
	struct reclaim r = { .want = max_u64(nr, SWAP_CLUSTER_MAX),
			     .gfp = gfp,
			     .respect_low = true };

	FRAME(t, "try_to_free_mem_cgroup_pages");

	mem_cgroup_get(t, memcg);
	t->reclaiming = true;
	descend(ms, t, memcg, &r);
	if (!r.got)
		descend(ms, t, memcg, &r); /* memcg_full_walk */
	if (!r.got && r.skipped_low) {
		r.respect_low = false;
		descend(ms, t, memcg, &r);
	}
	t->reclaiming = false;
	mem_cgroup_put(ms, t, memcg);
	return r.got;
}

u64 memory_reclaim_write(struct memcg_state *ms, struct task *t, struct mem_cgroup *memcg, u64 nr)
{
	u32 retries = MAX_RECLAIM_RETRIES;
	u64 got = 0;

	FRAME(t, "memory_reclaim");

	while (got < nr) {
		/* a quarter of what is missing, so that little more than @nr goes */
		u64 n = try_to_free_mem_cgroup_pages(ms, t, memcg, (nr - got) / 4, 0);

		if (!n && !retries--)
			break;
		got += n;
	}
	return got;
}

/* kswapd ---------------------------------------------------------------------------------- */

/*
 * Pages of the node in the buddy lists, as the watermarks see them. The kernel reads a counter
 * without the lock that guards it here.
 */
static u64 node_free(struct task *t, u32 nid)
{
	struct zone *z = &task_mm(t)->zone[nid];
	u64 free;

	spin_lock(t, &z->lock);
	free = z->buddy.free;
	spin_unlock(t, &z->lock);
	return free;
}

/* One balance of the node: what was reclaimed or has become free for other reasons. */
static u64 kswapd_descend(struct memcg_state *ms, struct task *t, u32 nid, u64 nr,
			  struct reclaim *r)
{
	u64 before = node_free(t, nid), done = 0;

	for (u32 priority = DEF_PRIORITY; priority >= 1 && done < nr; priority--) {
		u64 now;

		shrink_node(ms, t, ms->root, nid, priority, r);
		now = node_free(t, nid);
		done = max_u64(r->got, now > before ? now - before : 0);
	}
	return done;
}

u64 balance_pgdat(struct memcg_state *ms, struct task *t, u32 nid, u64 nr)
{
	struct reclaim r = { .want = nr, .respect_low = true };
	u64 done;

	FRAME(t, "balance_pgdat");

	t->reclaiming = true;
	done = kswapd_descend(ms, t, nid, nr, &r);
	if (done < nr && r.skipped_low) {
		r.respect_low = false; /* sc.memcg_low_reclaim */
		done += kswapd_descend(ms, t, nid, nr - done, &r);
	}
	t->reclaiming = false;
	return done;
}

/* memory.high ----------------------------------------------------------------------------- */

/* How far usage is above high, relative to it, in 1 / 2^20; of the worst on the way up. */
static u64 max_overage(struct task *t, struct mem_cgroup *memcg)
{
	u64 max = 0;

	for (; memcg->parent; memcg = memcg->parent) {
		u64 high, usage;

		task_sync(t);
		high = max_u64(memcg->memory.high, 1);
		if (high == PAGE_COUNTER_MAX)
			continue;
		usage = page_counter_read(t, &memcg->memory);
		if (usage > high)
			max = max_u64(max, ((usage - high) << MEMCG_DELAY_PRECISION_SHIFT) / high);
	}
	return max;
}

/* In jiffies; at most two seconds. */
static u64 high_delay(u64 overage, u64 nr_pages, u64 hz)
{
	u64 penalty;

	if (!overage)
		return 0;
	overage = min_u64(overage, 1ULL << 24); /* no overflow; far above the longest sleep */
	penalty = overage * overage >> MEMCG_DELAY_PRECISION_SHIFT;
	penalty = penalty * hz >> MEMCG_DELAY_SCALING_SHIFT;
	penalty = penalty * nr_pages / MEMCG_CHARGE_BATCH;
	return min_u64(penalty, 2 * hz);
}

static u64 reclaim_high(struct memcg_state *ms, struct task *t, struct mem_cgroup *memcg, u64 nr)
{
	u64 got = 0;

	for (; memcg->parent; memcg = memcg->parent) {
		if (!above_high(t, memcg))
			continue;
		memcg_memory_event(t, memcg, MEMCG_HIGH);
		got += try_to_free_mem_cgroup_pages(ms, t, memcg, nr, 0);
	}
	return got;
}

void mem_cgroup_handle_over_high(struct memcg_state *ms, struct task *t, struct mem_cgroup *memcg)
{
	u64 nr_pages = t->memcg_nr_pages_over_high, hz = cost(t, MK_HZ);
	u32 retries = MAX_RECLAIM_RETRIES;
	bool again = false;
	u64 penalty, got;

	if (!nr_pages)
		return;
	FRAME(t, "mem_cgroup_handle_over_high");

	t->memcg_nr_pages_over_high = 0;
	do {
		got = reclaim_high(ms, t, memcg, again ? SWAP_CLUSTER_MAX : nr_pages);
		again = true;
		penalty = high_delay(max_overage(t, memcg), nr_pages, hz);
		if (penalty <= hz / 100)
			return;
		/* as long as reclaim gets on, the task need not sleep */
	} while (got || retries--);
	task_sync(t);
	task_sleep(t, penalty * (PS_PER_SEC / hz));
}

/* Limit files ----------------------------------------------------------------------------- */

void memory_max_write(struct memcg_state *ms, struct task *t, struct mem_cgroup *memcg, u64 max)
{
	u32 retries = MAX_RECLAIM_RETRIES;
	bool drained = false;

	task_sync(t);
	memcg->memory.max = max;
	for (;;) {
		u64 usage = page_counter_read(t, &memcg->memory);

		if (usage <= max)
			break;
		if (!drained) {
			drain_all_stock(ms, t, memcg);
			drained = true;
			continue;
		}
		if (retries) {
			if (!try_to_free_mem_cgroup_pages(ms, t, memcg, usage - max, 0))
				retries--;
			continue;
		}
		memcg_memory_event(t, memcg, MEMCG_OOM);
		if (!ms->reclaim.oom_kill || !ms->reclaim.oom_kill(t, memcg, ms->reclaim.arg))
			break;
		memcg_memory_event(t, memcg, MEMCG_OOM_KILL);
	}
}

void memory_low_write(struct task *t, struct mem_cgroup *memcg, u64 low)
{
	task_sync(t);
	memcg->memory.low = low;
}

void memory_min_write(struct task *t, struct mem_cgroup *memcg, u64 min)
{
	task_sync(t);
	memcg->memory.min = min;
}

void memory_high_write(struct memcg_state *ms, struct task *t, struct mem_cgroup *memcg, u64 high)
{
	u32 retries = MAX_RECLAIM_RETRIES;
	bool drained = false;

	task_sync(t);
	memcg->memory.high = high;
	for (;;) {
		u64 usage = page_counter_read(t, &memcg->memory);

		if (usage <= high)
			break;
		if (!drained) {
			drain_all_stock(ms, t, memcg);
			drained = true;
			continue;
		}
		if (!try_to_free_mem_cgroup_pages(ms, t, memcg, usage - high, 0) && !retries--)
			break;
	}
}
