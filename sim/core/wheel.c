// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Event queue: 64-ary radix wheel. Equal times always share a slot, and a slot
 * is only ever appended to at its tail, so equal times leave in order of arrival.
 */
#include "sim/core/core.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Highest 6-bit digit in which two times differ by @diff; 0 if they are equal. */
static inline u32 wheel_level(u64 diff)
{
	return ((u32)(63 - __builtin_clzll(diff | 1)) * 43) >> 8;
}

static inline u32 wheel_digit(u64 time, u32 level)
{
	return (u32)(time >> (6 * level)) & 63;
}

static inline void wheel_link(struct wheel *w, u32 id, u64 time)
{
	struct wheel_node *n = &w->nodes[id];
	u32 level = wheel_level(time ^ w->now);
	u32 d = wheel_digit(time, level);
	u64 bit = 1ULL << d;

	n->time = time;
	n->next = WHEEL_NIL;
	if (w->slots[level] & bit) {
		u32 tail = w->slot[level][d].tail;

		n->prev = tail;
		w->nodes[tail].next = id;
	} else {
		n->prev = WHEEL_NIL;
		w->slots[level] |= bit;
		w->levels |= 1U << level;
		w->slot[level][d].head = id;
	}
	w->slot[level][d].tail = id;
}

static inline void wheel_clear(struct wheel *w, u32 level, u32 d)
{
	w->slots[level] &= ~(1ULL << d);
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

void wheel_add(struct wheel *w, u32 id, u64 time)
{
	w->nr++;
	wheel_link(w, id, time);
}

void wheel_del(struct wheel *w, u32 id)
{
	struct wheel_node *n = &w->nodes[id];
	u32 level = wheel_level(n->time ^ w->now);
	u32 d = wheel_digit(n->time, level);

	if (n->prev != WHEEL_NIL)
		w->nodes[n->prev].next = n->next;
	else
		w->slot[level][d].head = n->next;
	if (n->next != WHEEL_NIL)
		w->nodes[n->next].prev = n->prev;
	else
		w->slot[level][d].tail = n->prev;
	if (n->prev == WHEEL_NIL && n->next == WHEEL_NIL)
		wheel_clear(w, level, d);
	w->nr--;
}

/* First time that falls into slot @d of @level. */
static inline u64 wheel_base(const struct wheel *w, u32 level, u32 d)
{
	u64 above = level == WHEEL_LEVELS - 1 ? 0 : w->now & (~0ULL << (6 * level + 6));

	return above | (u64)d << (6 * level);
}

u64 wheel_peek(const struct wheel *w)
{
	u32 level, d, head;

	if (!w->levels)
		return TIME_MAX;
	level = (u32)__builtin_ctz(w->levels);
	d = (u32)__builtin_ctzll(w->slots[level]);
	head = w->slot[level][d].head;
	if (!level || head == w->slot[level][d].tail)
		return w->nodes[head].time;
	return wheel_base(w, level, d);
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
	u32 level, d;
	u64 base;

	if (!w->levels)
		return false;
	level = (u32)__builtin_ctz(w->levels);
	d = (u32)__builtin_ctzll(w->slots[level]);
	base = wheel_base(w, level, d);
	if (base > limit)
		return false;
	if ((base | ((1ULL << (6 * level)) - 1)) <= limit)
		return true;
	return wheel_slot_min(w, w->slot[level][d].head) <= limit;
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

u32 wheel_pop_instant(struct wheel *w)
{
	u32 level, d, head, id;

	if (!w->levels)
		return WHEEL_NIL;
	level = (u32)__builtin_ctz(w->levels);
	d = (u32)__builtin_ctzll(w->slots[level]);
	head = w->slot[level][d].head;
	wheel_clear(w, level, d);
	if (likely(head == w->slot[level][d].tail)) {
		w->now = w->nodes[head].time;
		w->nr--;
		return head;
	}
	if (level)
		return wheel_cascade(w, head);
	w->now = w->nodes[head].time;
	for (id = head; id != WHEEL_NIL; id = w->nodes[id].next)
		w->nr--;
	return head;
}
