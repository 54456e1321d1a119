// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Slab caches as a whole: shrinking, the figures of /proc/slabinfo, invariants. As
 * kmem_cache_shrink() and flush_all_cpus_locked() of 6.12's mm/slub.c, but that every CPU
 * is asked, not only those that have slabs (what a CPU has is its own business here).
 */
#include <stdlib.h>

#include "sim/mm/slab_priv.h"

static void flush_cpu_slab(struct task *t, struct work *w)
{
	slab_flush_cpu(t, container_of(w, struct slab_flush, work)->cache);
}

void kmem_cache_shrink(struct task *t, struct kmem_cache *c)
{
	u32 cpus = t->kern->hw->nr_cpus;

	FRAME(t, "kmem_cache_shrink");

	task_sync(t);
	if (c->flushing)
		return;
	c->flushing = true;
	if (!c->flush)
		c->flush = calloc(cpus, sizeof(*c->flush));
	for (u32 i = 0; c->flush && i < cpus; i++) {
		c->flush[i].cache = c;
		work_init(&c->flush[i].work, flush_cpu_slab);
		queue_work_on(t, i, &c->flush[i].work);
	}
	for (u32 i = 0; c->flush && i < cpus; i++)
		flush_work(t, &c->flush[i].work);
	slab_shrink_nodes(t, c);
	task_sync(t);
	c->flushing = false;
}

static u64 list_length(const struct kmem_cache *c, u32 obj)
{
	u64 n = 0;

	for (; obj != SLAB_NIL; obj = c->next[obj])
		n++;
	return n;
}

struct slabinfo kmem_cache_info(const struct kmem_cache *c)
{
	struct slabinfo info = {
		.object_size = c->object_size,
		.size = c->size,
		.objects = c->objects,
		.order = c->order,
		.cpu_partial_slabs = c->cpu_partial_slabs,
		.min_partial = c->min_partial,
	};

	for (u32 i = 0; i < c->nr_slabs; i++) {
		const struct slab *slab = slab_at(c, i);

		if (!slab->exists)
			continue;
		info.num_slabs++;
		info.num_objs += slab->objects;
		info.active_objs += slab->inuse;
		/* a slab of another order has fewer objects */
		info.pages += 1ULL << (slab->objects == c->objects ? c->order : c->min_order);
	}
	for (u32 i = 0; i < c->kern->hw->nr_cpus; i++) {
		info.active_objs -= list_length(c, c->cpu[i].freelist);
		info.active_objs -= c->cpu[i].nr_noted;
	}
	return info;
}

/* Mark the free objects of a list that are of slab @s; false if one is not or is marked. */
static bool mark_list(const struct kmem_cache *c, u8 *seen, u32 obj, s64 s)
{
	for (; obj != SLAB_NIL; obj = c->next[obj]) {
		if (seen[obj] || (s >= 0 && slab_of(c, obj) != (u32)s))
			return false;
		seen[obj] = 1;
	}
	return true;
}

static const char *check_slabs(const struct kmem_cache *c, u8 *seen)
{
	for (u32 i = 0; i < c->nr_slabs; i++) {
		const struct slab *slab = slab_at(c, i);

		if (!slab->exists)
			continue;
		if (list_length(c, slab->freelist) + slab->inuse != slab->objects)
			return "slab: objects in use and free ones are not all of a slab's";
		if (!mark_list(c, seen, slab->freelist, i))
			return "slab: an object is free twice, or in another slab";
	}
	for (u32 i = 0; i < c->kern->hw->nr_cpus; i++) {
		const struct cpu_slab *s = &c->cpu[i];

		if (!mark_list(c, seen, s->freelist, s->slab) || !mark_list(c, seen, s->noted, -1))
			return "slab: an object of a CPU's list is free twice, or in another slab";
		if (s->slab != SLAB_NIL && !slab_at(c, s->slab)->frozen)
			return "slab: the slab of a CPU is not frozen";
	}
	return NULL;
}

static const char *check_nodes(const struct kmem_cache *c)
{
	u64 on_node = 0, listed = 0;

	for (u32 i = 0; i < c->nr_slabs; i++)
		on_node += slab_at(c, i)->exists && slab_at(c, i)->on_node;
	for (u32 node = 0; node < c->kern->hw->nr_nodes; node++) {
		u32 nr = 0;

		for (u32 i = c->node[node].head; i != SLAB_NIL; i = slab_at(c, i)->next) {
			const struct slab *slab = slab_at(c, i);

			if (!slab->exists || !slab->on_node || slab->frozen || slab->node != node)
				return "slab: a slab does not belong on a node's partial list";
			nr++;
		}
		if (nr != c->node[node].nr_partial)
			return "slab: nr_partial is wrong";
		listed += nr;
	}
	return listed == on_node ? NULL : "slab: a partial slab is on no list";
}

const char *kmem_cache_check(const struct kmem_cache *c)
{
	u8 *seen = calloc((size_t)c->nr_slabs * c->objects + 1, 1);
	const char *what = seen ? check_slabs(c, seen) : "slab: out of memory";

	free(seen);
	return what ? what : check_nodes(c);
}
