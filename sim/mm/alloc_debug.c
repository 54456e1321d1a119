// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Table of all pages and objects that were ever allocated; see the header. Open addressing
 * with a power of two of slots. It is only ever asked for one object, never walked, so that
 * nothing depends on addresses.
 */
#include "sim/mm/alloc_debug.h"

#ifdef MMSIM_DEBUG

#include <stdlib.h>

#include "sim/kern/bug.h"
#include "sim/mm/zone.h"

#define START_SLOTS 1024u
#define MAX_SLOTS (1u << 20) /* objects beyond half of that are not followed */

/* One side of an object's life. */
struct trace {
	const struct task *t; /* NULL: not seen yet */
	const struct prof_node *frame;
	u64 at;
	u32 cpu;
};

struct record {
	const void *space;
	u64 id;
	struct trace alloc, free;
	bool used, live;
};

struct alloc_debug {
	struct record *slot;
	u32 nr, cap;
	bool full; /* out of the host's memory: nothing is checked any more */
};

struct alloc_debug *alloc_debug_new(void)
{
	struct alloc_debug *d = calloc(1, sizeof(*d));

	if (!d)
		return NULL;
	d->cap = START_SLOTS;
	d->slot = calloc(d->cap, sizeof(*d->slot));
	if (d->slot)
		return d;
	free(d);
	return NULL;
}

void alloc_debug_destroy(struct alloc_debug *d)
{
	if (!d)
		return;
	free(d->slot);
	free(d);
}

/* The record, or the empty slot where it belongs. */
static struct record *find(struct record *slot, u32 cap, const void *space, u64 id)
{
	u64 h = ((u64)(uintptr_t)space >> 4 ^ id) * 0x9e3779b97f4a7c15ULL;
	u32 i = (u32)(h >> 32) & (cap - 1);

	while (slot[i].used && (slot[i].space != space || slot[i].id != id))
		i = (i + 1) & (cap - 1);
	return &slot[i];
}

static bool grow(struct alloc_debug *d)
{
	struct record *slot = calloc(2 * (size_t)d->cap, sizeof(*slot));

	if (!slot) {
		d->full = true;
		return false;
	}
	for (u32 i = 0; i < d->cap; i++)
		if (d->slot[i].used)
			*find(slot, 2 * d->cap, d->slot[i].space, d->slot[i].id) = d->slot[i];
	free(d->slot);
	d->slot = slot;
	d->cap *= 2;
	return true;
}

static struct trace trace_now(struct task *t)
{
	return (struct trace){ t, t->x.frame, task_clock(t), task_cpu(t) };
}

static struct alloc_debug *state_of(struct task *t)
{
	return task_mm(t) && !task_mm(t)->debug->full ? task_mm(t)->debug : NULL;
}

void alloc_debug_alloc(struct task *t, const void *space, u64 id)
{
	struct alloc_debug *d = state_of(t);
	struct record *r;

	if (!d || (d->nr >= d->cap / 2 && d->cap < MAX_SLOTS && !grow(d)))
		return;
	r = find(d->slot, d->cap, space, id);
	if (!r->used && d->nr >= d->cap / 2)
		return;
	if (!r->used) {
		d->nr++;
		*r = (struct record){ .space = space, .id = id, .used = true };
	}
	r->alloc = trace_now(t);
	r->live = true;
}

static void trace_line(struct kern *k, const char *key, const struct trace *tr)
{
	if (!tr->t)
		return;
	bug_line(k, key);
	bug_where(k, tr->t, tr->cpu, tr->at, tr->frame);
}

void alloc_debug_history(struct task *t, const void *space, u64 id)
{
	struct alloc_debug *d = state_of(t);
	const struct record *r = d ? find(d->slot, d->cap, space, id) : NULL;

	if (!r || !r->used)
		return;
	trace_line(t->kern, "allocated by", &r->alloc);
	trace_line(t->kern, "freed by", &r->free);
}

void alloc_debug_free(struct task *t, const void *space, u64 id, const char *what)
{
	struct alloc_debug *d = state_of(t);
	struct record *r = d ? find(d->slot, d->cap, space, id) : NULL;

	if (!r || !r->used)
		return;
	if (!r->live) {
		bug_begin(t->kern, "double free of ");
		bug_str(t->kern, what);
		bug_str(t->kern, " ");
		bug_u64(t->kern, id);
		bug_about(t->kern, t, NULL, 0);
		alloc_debug_history(t, space, id);
		bug_end(t->kern);
	}
	r->free = trace_now(t);
	r->live = false;
}

#endif
