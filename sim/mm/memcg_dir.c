// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Directories of cgroupfs; see the header. Left out: kernfs itself, its locks and the time of
 * its paths: a write costs one system call and what the file does. Facts: mm/memcontrol.c of
 * 6.12, reference thp.md 1.9.
 */
#include "sim/mm/memcg_dir.h"

#include <errno.h>

int memcg_dir_make(struct memcg_dir *d, struct task *t)
{
	struct mem_cgroup *parent = d->above ? d->above->memcg : d->parent, *memcg;

	if (d->memcg || d->making)
		return -EEXIST;
	if (!parent)
		return -ENOENT;
	d->making = true;
	if (t)
		mem_cgroup_get(t, parent);
	memcg = mem_cgroup_create(d->ms, t, parent);
	if (t)
		mem_cgroup_put(d->ms, t, parent);
	d->making = false;
	if (!memcg)
		return -ENOMEM;
	memcg->memory.max = d->limit[MEMCG_FILE_MAX];
	memcg->memory.high = d->limit[MEMCG_FILE_HIGH];
	memcg->memory.low = d->limit[MEMCG_FILE_LOW];
	memcg->memory.min = d->limit[MEMCG_FILE_MIN];
	memcg->owner = d->owner;
	memcg->events_all = d->events;
	d->memcg = memcg;
	d->charged = 0;
	d->made++;
	return 0;
}

/* The cgroup that is there now, not to be freed until mem_cgroup_put(); NULL if there is none. */
static struct mem_cgroup *dir_open(struct memcg_dir *d, struct task *t)
{
	task_sync(t);
	if (d->memcg)
		mem_cgroup_get(t, d->memcg);
	return d->memcg;
}

int memcg_dir_remove(struct memcg_dir *d, struct task *t)
{
	struct mem_cgroup *memcg = dir_open(d, t);
	int err;

	if (!memcg)
		return -ENODEV;
	err = mem_cgroup_remove(d->ms, t, memcg);
	task_sync(t);
	if (!err) {
		d->peak_past = max_u64(d->peak_past, memcg->memory.watermark);
		d->memcg = NULL;
	}
	mem_cgroup_put(d->ms, t, memcg);
	return err;
}

int memcg_dir_write(struct memcg_dir *d, struct task *t, enum memcg_file file, u64 pages)
{
	struct mem_cgroup *memcg = dir_open(d, t);

	FRAME(t, "kernfs_fop_write_iter");

	work(t, cost(t, MK_SYSCALL));
	if (!memcg)
		return -ENODEV;
	switch (file) {
	case MEMCG_FILE_MAX:
		memory_max_write(d->ms, t, memcg, pages);
		break;
	case MEMCG_FILE_HIGH:
		memory_high_write(d->ms, t, memcg, pages);
		break;
	case MEMCG_FILE_LOW:
		memory_low_write(t, memcg, pages);
		break;
	default:
		memory_min_write(t, memcg, pages);
	}
	mem_cgroup_put(d->ms, t, memcg);
	return 0;
}

int memcg_dir_reclaim(struct memcg_dir *d, struct task *t, u64 pages)
{
	struct mem_cgroup *memcg = dir_open(d, t);
	u64 got;

	FRAME(t, "kernfs_fop_write_iter");

	work(t, cost(t, MK_SYSCALL));
	if (!memcg)
		return -ENODEV;
	got = memory_reclaim_write(d->ms, t, memcg, pages);
	mem_cgroup_put(d->ms, t, memcg);
	return got < pages ? -EAGAIN : 0;
}
