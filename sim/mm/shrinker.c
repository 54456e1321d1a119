// SPDX-License-Identifier: GPL-2.0-or-later
/* Shrinker registry and driver; see the header. */
#include "sim/mm/shrinker.h"

#include <errno.h>
#include <stdlib.h>

static void line_init(struct line *l)
{
	gline_init(&l->g, 0);
	l->busy_until = 0;
}

int shrinkers_init(struct shrinkers *r, u32 nr_nodes)
{
	*r = (struct shrinkers){ .nr_nodes = nr_nodes };
	r->global = calloc(nr_nodes, sizeof(*r->global));
	if (!r->global)
		return -ENOMEM;
	for (u32 i = 0; i < nr_nodes; i++)
		shrinker_info_init(&r->global[i]);
	return 0;
}

void shrinkers_destroy(struct shrinkers *r)
{
	free(r->global);
	*r = (struct shrinkers){ .nr = 0 };
}

void shrinker_info_init(struct shrinker_info *info)
{
	info->map = 0;
	line_init(&info->map_line);
	for (u32 i = 0; i < MAX_SHRINKERS; i++)
		info->nr_deferred[i] = 0;
	for (u32 i = 0; i < ARRAY_SIZE(info->deferred_line); i++)
		line_init(&info->deferred_line[i]);
}

static struct shrinker_deferred deferred_of(struct shrinker_info *info, u32 id)
{
	return (struct shrinker_deferred){ &info->nr_deferred[id],
					   &info->deferred_line[id / DEFERRED_PER_LINE] };
}

int shrinker_register(struct shrinkers *r, struct shrinker *s)
{
	if (r->nr == MAX_SHRINKERS)
		return -ENOSPC;
	s->id = r->nr;
	s->scanned = 0;
	s->freed = 0;
	r->by_id[r->nr++] = s;
	return 0;
}

void set_shrinker_bit(struct task *t, struct shrinker_info *info, u32 id)
{
	task_sync(t);
	info->map |= 1ULL << id;
	line_rmw(&t->x, &info->map_line);
}

/* Exchange for 0, or add; both are one locked operation on the counter's line. */
static s64 xchg_deferred(struct task *t, struct shrinker_deferred d)
{
	s64 nr;

	task_sync(t);
	nr = *d.nr;
	*d.nr = 0;
	line_rmw(&t->x, d.line);
	return nr;
}

static void add_deferred(struct task *t, struct shrinker_deferred d, s64 nr)
{
	task_sync(t);
	*d.nr += nr;
	line_rmw(&t->x, d.line);
}

/* What a pass at @priority is to scan because there is so much of it. */
static u64 scan_delta(const struct shrinker *s, u64 freeable, u32 priority)
{
	if (!s->seeks)
		return freeable / 2;
	return (freeable >> priority) * 4 / s->seeks;
}

u64 do_shrink_slab(struct task *t, struct shrinker *s, struct shrinker_deferred d,
		   struct shrink_control *sc, u32 priority)
{
	u64 batch = s->batch ? s->batch : SHRINK_BATCH;
	u64 freeable, delta, total, scanned = 0, freed = 0;
	s64 nr, next;

	FRAME(t, "do_shrink_slab");

	freeable = s->count_objects(t, s, sc);
	if (!freeable || freeable == SHRINK_EMPTY)
		return freeable;
	nr = xchg_deferred(t, d);
	delta = scan_delta(s, freeable, priority);
	total = min_u64(((u64)nr >> priority) + delta, 2 * freeable);
	/* what there was at first counts to the end: scan() changes it */
	while (total >= batch || total >= freeable) {
		u64 n = min_u64(batch, total), ret;

		sc->nr_to_scan = n;
		sc->nr_scanned = n;
		ret = s->scan_objects(t, s, sc);
		if (ret == SHRINK_STOP)
			break;
		freed += ret;
		total -= min_u64(total, sc->nr_scanned);
		scanned += sc->nr_scanned;
		cond_resched(t);
	}
	next = clamp_s64(nr + (s64)delta - (s64)scanned, 0, 2 * (s64)freeable);
	if (next)
		add_deferred(t, d, next);
	task_count(t, &s->scanned, (s64)scanned);
	task_count(t, &s->freed, (s64)freed);
	return freed;
}

static u64 shrink_slab_memcg(struct task *t, struct shrinkers *r, struct shrinker_info *info,
			     struct shrink_control *sc, u32 priority)
{
	u64 freed = 0, map;

	task_sync(t);
	map = info->map;
	line_load(&t->x, &info->map_line);
	for (; map; map &= map - 1) {
		u32 id = (u32)__builtin_ctzll(map);
		struct shrinker *s = r->by_id[id];
		u64 ret = do_shrink_slab(t, s, deferred_of(info, id), sc, priority);

		if (ret == SHRINK_EMPTY) {
			task_sync(t);
			info->map &= ~(1ULL << id);
			line_rmw(&t->x, &info->map_line);
			/* an object may have come before the bit went: then it is set again */
			ret = do_shrink_slab(t, s, deferred_of(info, id), sc, priority);
			if (ret == SHRINK_EMPTY)
				ret = 0;
			else
				set_shrinker_bit(t, info, id);
		}
		freed += ret;
	}
	return freed;
}

u64 shrink_slab(struct task *t, struct shrinkers *r, struct shrinker_info *info, u32 gfp, u32 nid,
		struct mem_cgroup *memcg, u32 priority)
{
	struct shrink_control sc = { .gfp = gfp, .nid = nid, .memcg = memcg };
	u64 freed = 0;

	FRAME(t, "shrink_slab");

	if (info)
		return shrink_slab_memcg(t, r, info, &sc, priority);
	for (u32 id = 0; id < r->nr; id++) {
		struct shrinker *s = r->by_id[id];
		/* one that does not know nodes is asked for each all the same */
		u32 node = s->flags & SHRINKER_NUMA_AWARE ? nid : 0;
		u64 ret = do_shrink_slab(t, s, deferred_of(&r->global[node], id), &sc, priority);

		if (ret != SHRINK_EMPTY)
			freed += ret;
		cond_resched(t);
	}
	return freed;
}
