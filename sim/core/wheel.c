// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Event queue: 64-ary radix wheel. Equal times always share a slot, and a slot
 * is only ever appended to at its tail, so equal times leave in order of arrival.
 */
#include "sim/core/core.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void wheel_clear(struct wheel *w, u32 slot)
{
	u32 level = slot >> 6;

	w->slots[level] &= ~(1ULL << (slot & 63));
	if (!w->slots[level])
		w->levels &= ~(1U << level);
}

void wheel_init(struct wheel *w)
{
	memset(w, 0, sizeof(*w));
}

void wheel_destroy(struct wheel *w)
{
	free(w->nodes);
	w->nodes = NULL;
	w->nr_nodes = 0;
}

int wheel_reserve(struct wheel *w, u32 nr)
{
	struct wheel_node *nodes;

	if (nr <= w->nr_nodes)
		return 0;
	nodes = realloc(w->nodes, (size_t)nr * sizeof(*nodes));
	if (!nodes)
		return -ENOMEM;
	w->nodes = nodes;
	w->nr_nodes = nr;
	return 0;
}

void wheel_del(struct wheel *w, u32 id)
{
	struct wheel_node *n = &w->nodes[id];
	u32 slot = wheel_slot_of(w, n->time);

	if (n->prev != WHEEL_NIL)
		w->nodes[n->prev].next = n->next;
	else
		w->slot[slot].head = n->next;
	if (n->next != WHEEL_NIL)
		w->nodes[n->next].prev = n->prev;
	else
		w->slot[slot].tail = n->prev;
	if (n->prev == WHEEL_NIL && n->next == WHEEL_NIL)
		wheel_clear(w, slot);
	w->nr--;
}

static inline u64 wheel_slot_min(const struct wheel *w, u32 id)
{
	u64 min = w->nodes[id].time;

	while ((id = w->nodes[id].next) != WHEEL_NIL)
		min = min_u64(min, w->nodes[id].time);
	return min;
}

bool wheel_has_until(const struct wheel *w, u64 limit)
{
	u32 slot;
	u64 bound;

	if (!w->levels)
		return false;
	slot = wheel_first(w);
	bound = wheel_bound(w, slot);
	if (bound > limit)
		return false;
	return (bound | ((1ULL << (6 * (slot >> 6))) - 1)) <= limit ||
	       wheel_slot_min(w, w->slot[slot].head) <= limit;
}

/*
 * The base jumps straight to the earliest time of the slot: what leaves now is
 * chained up, the rest moves to the level that it has relative to that time.
 */
static u32 wheel_cascade(struct wheel *w, u32 id)
{
	u32 first = WHEEL_NIL, last = WHEEL_NIL;

	w->now = wheel_slot_min(w, id);
	while (id != WHEEL_NIL) {
		struct wheel_node *n = &w->nodes[id];
		u32 next = n->next;

		if (n->time != w->now) {
			wheel_link(w, id, n->time);
		} else {
			if (last == WHEEL_NIL)
				first = id;
			else
				w->nodes[last].next = id;
			n->next = WHEEL_NIL;
			last = id;
			w->nr--;
		}
		id = next;
	}
	return first;
}

u32 wheel_pop_many(struct wheel *w, u32 slot)
{
	u32 head = w->slot[slot].head, id;

	if (slot >> 6)
		return wheel_cascade(w, head);
	w->now = w->nodes[head].time;
	for (id = head; id != WHEEL_NIL; id = w->nodes[id].next)
		w->nr--;
	return head;
}

u32 wheel_pop_instant(struct wheel *w)
{
	return w->levels ? wheel_pop_slot(w, wheel_first(w)) : WHEEL_NIL;
}
