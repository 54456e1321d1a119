/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Event queue: 64-ary monotone radix wheel on integer time (reference
 * engine.md 2.1). The level of an event is the highest 6-bit digit in which its
 * time differs from the wheel's; the slot is that digit. Slots are doubly
 * linked lists through 16-byte nodes, bitmaps find the lowest one. Insertion
 * and cancel are O(1), no allocation happens after wheel_reserve().
 */
#ifndef MMSIM_CORE_WHEEL_H
#define MMSIM_CORE_WHEEL_H

#include "sim/core/types.h"

#define WHEEL_LEVELS 11
#define WHEEL_NIL UINT32_MAX

struct wheel_node {
	u64 time;
	u32 next, prev;
};

struct wheel {
	u64 now; /* base time; never above any queued time */
	u32 nr; /* queued nodes */
	u32 nr_nodes; /* size of nodes[] */
	u32 levels; /* bit per non-empty level */
	u64 slots[WHEEL_LEVELS]; /* bit per non-empty slot */
	struct {
		u32 head, tail;
	} slot[WHEEL_LEVELS * 64];
	struct wheel_node *nodes; /* indexed by event id */
};

/* Empty wheel at time 0 without nodes. */
void wheel_init(struct wheel *w);

/* Release the nodes. */
void wheel_destroy(struct wheel *w);

/* Have nodes for ids 0..nr-1; returns 0 or -ENOMEM. */
int wheel_reserve(struct wheel *w, u32 nr);

/* Slot of @time: the highest 6-bit digit in which it differs from now; level 0 if none. */
static inline u32 wheel_slot_of(const struct wheel *w, u64 time)
{
	u32 level = ((u32)(63 - __builtin_clzll((time ^ w->now) | 1)) * 43) >> 8;

	return level << 6 | ((u32)(time >> (6 * level)) & 63);
}

/* Put @id, which is in no slot, into that of @time. */
static inline void wheel_link(struct wheel *w, u32 id, u64 time)
{
	struct wheel_node *n = &w->nodes[id];
	u32 slot = wheel_slot_of(w, time), level = slot >> 6;
	u64 bit = 1ULL << (slot & 63);

	n->time = time;
	n->next = WHEEL_NIL;
	if (w->slots[level] & bit) {
		u32 tail = w->slot[slot].tail;

		n->prev = tail;
		w->nodes[tail].next = id;
	} else {
		n->prev = WHEEL_NIL;
		w->slots[level] |= bit;
		w->levels |= 1U << level;
		w->slot[slot].head = id;
	}
	w->slot[slot].tail = id;
}

/* Queue id for time, which must not be below w->now; id must not be queued. */
static inline void wheel_add(struct wheel *w, u32 id, u64 time)
{
	w->nr++;
	wheel_link(w, id, time);
}

/* Take id out; id must be queued. */
void wheel_del(struct wheel *w, u32 id);

/* The slot of the earliest queued time: level << 6 | digit; the wheel is not empty. */
static inline u32 wheel_first(const struct wheel *w)
{
	u32 level = (u32)__builtin_ctz(w->levels);

	return level << 6 | (u32)__builtin_ctzll(w->slots[level]);
}

/* A lower bound of the times in @slot, the first one. Exact at level 0 and for one node. */
static inline u64 wheel_bound(const struct wheel *w, u32 slot)
{
	u32 level = slot >> 6, head = w->slot[slot].head;

	if (!level || head == w->slot[slot].tail)
		return w->nodes[head].time;
	/* what is below the level's digit is 0, what is above it as of now */
	return (w->now >> 6 >> (6 * level) << 6 | (slot & 63)) << (6 * level);
}

/* A lower bound of the earliest queued time, TIME_MAX if empty. */
static inline u64 wheel_peek(const struct wheel *w)
{
	return w->levels ? wheel_bound(w, wheel_first(w)) : TIME_MAX;
}

/* wheel_pop_instant() of @slot, which is wheel_first() and is taken off already. */
u32 wheel_pop_many(struct wheel *w, u32 slot);

/*
 * wheel_pop_instant() of @slot, which is the first one. Nodes that were queued since it was
 * asked for must not be earlier than its bound was.
 */
static inline u32 wheel_pop_slot(struct wheel *w, u32 slot)
{
	u32 level = slot >> 6, head = w->slot[slot].head;

	w->slots[level] &= ~(1ULL << (slot & 63));
	if (!w->slots[level])
		w->levels &= ~(1U << level);
	if (head != w->slot[slot].tail)
		return wheel_pop_many(w, slot);
	w->now = w->nodes[head].time;
	w->nr--;
	return head;
}

/*
 * Detach all nodes of the earliest time. Returns the first id (chained through
 * nodes[].next, WHEEL_NIL ends, in order of insertion) and advances w->now to
 * their time; WHEEL_NIL if the wheel is empty.
 */
u32 wheel_pop_instant(struct wheel *w);

#endif
