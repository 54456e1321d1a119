// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Events of memory: a limit is written, a cgroup removed, memory is wanted from outside.
 *
 * write_limit, cgroup_remove and memory_pressure on a cgroup are what a process does with the
 * files of the cgroup (memory_pressure writes memory.reclaim), so they run on a thread of that
 * name, `systemd`; memory_pressure on a node wakes kswapd of that node for so many pages, on
 * every node, for its share, if none is named. With `during` the demand comes in equal parts,
 * one each tick; what a part could not get is wanted with the next one.
 *
 * Left out: who wants the memory takes none, so the demand is on reclaim only; direct reclaim;
 * the watermarks that wake kswapd by themselves. Facts: thp.md 1.3, 1.9; mm/vmscan.c of 6.12.
 */
#include <errno.h>
#include <string.h>

#include "sim/experiment/run_cgroups.h"
#include "sim/experiment/run_events.h"
#include "sim/scenario/units.h"

static int limit_file(const char *name)
{
	for (int i = 0; i < NR_MEMCG_FILES; i++)
		if (!strcmp(scn_limit_names[i], name))
			return i;
	return -1;
}

const char *refuse_write_limit(const struct scn_event *e)
{
	if (limit_file(event_text(e, "file")) >= 0)
		return NULL;
	return "memory.swap.max cannot be written in this version, which has no swap; allowed: "
	       "memory.max, memory.high, memory.low, memory.min";
}

static u64 pages_of(const struct scn_event *e, const char *key)
{
	const char *text = event_text(e, key);

	if (!strcmp(text, "max"))
		return PAGE_COUNTER_MAX;
	return min_u64((u64)event_number(e, key, 0) >> PAGE_SHIFT, PAGE_COUNTER_MAX);
}

/* Every cgroup of the name, in order; the first failure is the event's. */
static int do_write_limit(struct task *t, struct run *r, const struct scn_event *e, void *arg)
{
	enum memcg_file file = (enum memcg_file)limit_file(event_text(e, "file"));
	u64 pages = pages_of(e, "value");
	struct memcg_dir *const *dir;
	int err = 0;
	u32 n;

	(void)arg;
	dir = cgroups_find(r->cgroups, event_text(e, "cgroup"), &n);
	for (u32 i = 0; i < n; i++) {
		int rc = memcg_dir_write(dir[i], t, file, pages);

		err = err ? err : rc;
	}
	return err;
}

static int do_cgroup_remove(struct task *t, struct run *r, const struct scn_event *e, void *arg)
{
	struct memcg_dir *const *dir;
	int err = 0;
	u32 n;

	(void)arg;
	dir = cgroups_find(r->cgroups, event_text(e, "cgroup"), &n);
	for (u32 i = 0; i < n; i++) {
		int rc = memcg_dir_remove(dir[i], t);

		err = err ? err : rc;
	}
	return err;
}

/* How many parts the demand comes in. */
static u64 nr_parts(const struct scn_event *e, u64 tick)
{
	return max_u64((u64)event_number(e, "during", 0) / tick, 1);
}

/* What is wanted by the end of part @i of @n, of @all. */
static u64 wanted(u64 all, u64 i, u64 n)
{
	return (u64)((u128)all * (i + 1) / n);
}

/* Until tick @i after the event. */
static void wait_for_part(struct task *t, const struct scn_event *e, u64 i, u64 tick)
{
	u64 at = e->at + i * tick;

	task_sync(t);
	if (task_clock(t) < at)
		task_sleep(t, at - task_clock(t));
}

static int do_reclaim(struct task *t, struct run *r, const struct scn_event *e, void *arg)
{
	u64 all = pages_of(e, "bytes"), tick = PS_PER_SEC / cost(t, MK_HZ);
	u64 parts = nr_parts(e, tick);
	struct memcg_dir *const *dir;
	int err = 0;
	u32 n;

	(void)arg;
	dir = cgroups_find(r->cgroups, event_text(e, "cgroup"), &n);
	for (u64 i = 0; i < parts; i++) {
		u64 part = wanted(all, i, parts) - (i ? wanted(all, i - 1, parts) : 0);

		wait_for_part(t, e, i, tick);
		for (u32 k = 0; k < n; k++) {
			int rc = memcg_dir_reclaim(dir[k], t, part);

			err = err ? err : rc;
		}
	}
	return err;
}

struct kswapd {
	u32 nid;
	u64 pages;
	char comm[16];
};

static int do_kswapd(struct task *t, struct run *r, const struct scn_event *e, void *arg)
{
	struct kswapd *k = arg;
	u64 tick = PS_PER_SEC / cost(t, MK_HZ), parts = nr_parts(e, tick), done = 0;
	u32 failures = 0; /* kswapd_failures */

	FRAME(t, "kswapd");

	for (u64 i = 0; i < parts && failures < MAX_RECLAIM_RETRIES; i++) {
		u64 want = wanted(k->pages, i, parts), got;

		wait_for_part(t, e, i, tick);
		if (done >= want)
			continue;
		got = balance_pgdat(cgroups_state(r->cgroups), t, k->nid, want - done);
		failures = got ? 0 : failures + 1;
		done += got;
	}
	return done < k->pages ? -EAGAIN : 0;
}

/* ---- before the run ------------------------------------------------------------------ */

/* The last CPU of a node: threads fill a machine from the first one on. */
static u32 last_cpu(const struct hw *hw, u32 nid)
{
	u32 cpu = 0;

	for (u32 i = 0; i < hw->nr_cpus; i++)
		if (hw->cpus[i].node == nid)
			cpu = i;
	return cpu;
}

static bool add_writer(struct run *r, const struct scn_event *e,
		       int (*fn)(struct task *t, struct run *r, const struct scn_event *e,
				 void *arg),
		       char **error)
{
	struct task *t = event_task(r, e, "systemd", last_cpu(r->hw, 0), fn, NULL, error);

	if (t)
		task_start(t);
	return t != NULL;
}

bool add_write_limit(struct run *r, const struct scn_event *e, char **error)
{
	return add_writer(r, e, do_write_limit, error);
}

bool add_cgroup_remove(struct run *r, const struct scn_event *e, char **error)
{
	return add_writer(r, e, do_cgroup_remove, error);
}

static bool add_kswapd(struct run *r, const struct scn_event *e, u32 nid, u64 pages, char **error)
{
	struct kswapd *k = g_new0(struct kswapd, 1);
	struct task *t;

	g_ptr_array_add(r->blocks, k);
	k->nid = nid;
	k->pages = pages;
	g_snprintf(k->comm, sizeof(k->comm), "kswapd%u", nid);
	t = event_task(r, e, k->comm, last_cpu(r->hw, nid), do_kswapd, k, error);
	if (t)
		task_start(t);
	return t != NULL;
}

bool add_memory_pressure(struct run *r, const struct scn_event *e, char **error)
{
	u64 pages = pages_of(e, "bytes");
	s64 node = event_number(e, "node", -1);
	u32 nodes = r->hw->nr_nodes;

	if (event_text(e, "cgroup"))
		return add_writer(r, e, do_reclaim, error);
	if (node >= 0)
		return add_kswapd(r, e, (u32)node, pages, error);
	for (u32 i = 0; i < nodes; i++) {
		u64 share = pages / nodes + (i < pages % nodes);

		if (!add_kswapd(r, e, i, share, error))
			return false;
	}
	return true;
}
