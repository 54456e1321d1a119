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
	} slot[WHEEL_LEVELS][64];
	struct wheel_node *nodes; /* indexed by event id */
};

/* Empty wheel at time 0 without nodes. */
void wheel_init(struct wheel *w);

/* Release the nodes. */
void wheel_destroy(struct wheel *w);

/* Have nodes for ids 0..nr-1; returns 0 or -ENOMEM. */
int wheel_reserve(struct wheel *w, u32 nr);

/* Queue id for time, which must not be below w->now; id must not be queued. */
void wheel_add(struct wheel *w, u32 id, u64 time);

/* Take id out; id must be queued. */
void wheel_del(struct wheel *w, u32 id);

/*
 * A lower bound of the earliest queued time, TIME_MAX if empty. Exact at level 0
 * and for slots of one node.
 */
u64 wheel_peek(const struct wheel *w);

/*
 * Detach all nodes of the earliest time. Returns the first id (chained through
 * nodes[].next, WHEEL_NIL ends, in order of insertion) and advances w->now to
 * their time; WHEEL_NIL if the wheel is empty.
 */
u32 wheel_pop_instant(struct wheel *w);

#endif
