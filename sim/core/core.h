/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Private to sim/core: where an event is, and what the files of the core call in
 * each other. An event id names an entry here and a node of the wheel. An event
 * is in the wheel while its time lies ahead, in the due heap once its time is
 * now; pending procs of explore mode stand in the list of choices instead.
 */
#ifndef MMSIM_CORE_CORE_H
#define MMSIM_CORE_CORE_H

#include "sim/core/sim.h"

#define SIM_NO_ID WHEEL_NIL

/* More procs than these do not fit into the host's L2: see warm.c. */
#define WARM_PROCS 256U
/* Slots of this level of the wheel, 17 us wide, are what is warmed at once. */
#define WARM_LEVEL 4U

/* Never equal to the delta of a proc, so that every proc_sync() is a choice. */
#define EXPLORE_DELTA (UINT32_MAX - 1)

/* Kinds from ENTRY_SHOT on are one-shots: ENTRY_SHOT + index of their callback. */
enum entry_kind { ENTRY_FREE, ENTRY_PROC, ENTRY_TIMER, ENTRY_SHOT };
enum entry_place { AT_NONE, AT_WHEEL, AT_DUE, AT_CHOICE };

#define NR_CALLS 61 /* so that a kind fits into 6 bits */

/*
 * A pending event takes an entry and a node of the wheel, 29 bytes; a million may be
 * pending, so nothing is here that can be had elsewhere. Delta, class and rank of a proc
 * or timer are its own, callback and class of a one-shot stand in a table of the
 * different ones, and the place in the due heap is in the node, see due_pos().
 */
struct entry {
	void *obj; /* proc, timer, or argument of a one-shot; next free id */
	u32 gen; /* of one-shot handles */
	u8 kind : 6; /* enum entry_kind */
	u8 place : 2; /* enum entry_place */
} __attribute__((packed));

_Static_assert(sizeof(struct entry) == 13, "see the comment");

/* What one-shots do. */
struct call {
	void (*fn)(struct sim *s, void *arg);
	u32 when; /* enum event_class * 2 + 1 if set for the time it was set at */
};

struct due {
	u64 key; /* delta:32 class:3 order:29 */
	u32 id;
};

struct sim_core {
	struct entry *entries;
	struct due *due; /* binary heap of what is due at s->now */
	u32 nr_due, cap_due;
	u32 due_seq; /* orders agents of one class as they became due: as they were set */
	u32 stuck; /* pops since time last moved */
	u64 limit; /* min of until and horizon */
	struct proc *cur; /* NULL on the main stack */
	struct coro main;
	u32 handoff; /* event taken on a proc's stack, for the main stack */
	u32 live; /* started procs that keep the run alive */
	struct proc *dying; /* its stack is to be released */
	struct coro_pool *pool;
	u32 nr_entries, cap;
	u32 nr_lasting, cap_lasting; /* procs and timers, what choice and due have room for */
	u32 free_id;
	u32 next_rank;
	bool cold; /* there are more than WARM_PROCS procs */
	bool ranked;
	bool started;
	u64 until;
	struct proc **choice; /* explore mode: pending procs by rank */
	u32 nr_choice;
	sim_pick_fn pick;
	void *pick_arg;
	sim_describe_fn describe;
	const char *fail_msg;
	u64 fail_a, fail_b;
	struct proc *culprit;
	char *report;
	struct call calls[NR_CALLS]; /* hashed */
};

static inline u64 event_key(u32 delta, u32 class, u32 order)
{
	return (u64)delta << 32 | (u64) class << 29 | (order & 0x1fffffff);
}

/* wheel.c: is something queued for @limit or earlier? Exact. */
bool wheel_has_until(const struct wheel *w, u64 limit);

/* coro.c: does this build run under AddressSanitizer? */
bool coro_sanitized(void);

/*
 * due.c: the heap of the present time, and where events go. There is room for all procs
 * and timers from when they are made (due_reserve()), and for some one-shots. Only more
 * one-shots of the same instant than were ever due at once make the heap grow, by
 * doubling, while events are handled.
 */
bool due_reserve(struct sim_core *c, u32 nr);
void due_push(struct sim *s, u32 id);
/* The first, with its delta in s->delta unless this is explore mode. */
u32 due_pop(struct sim *s);
void due_remove(struct sim *s, u32 id);
void due_rebuild(struct sim *s);
void choice_add(struct sim_core *c, u32 id);
void choice_del(struct sim_core *c, u32 id);

/* Queue @id for (@time, delta of its key); time >= now. */
void event_queue(struct sim *s, u32 id, u64 time);
/* Take @id out of wherever it is queued. */
void event_unqueue(struct sim *s, u32 id);

/* The wheel uses a node only while the event is in it; while it is due: index in the heap. */
static inline u32 *due_pos(struct sim *s, u32 id)
{
	return &s->wheel.nodes[id].prev;
}

/* Delta of an event taken out of the wheel. */
static inline u32 entry_delta(const struct sim *s, const struct entry *e)
{
	if (likely(e->kind == ENTRY_PROC))
		return ((const struct proc *)e->obj)->delta;
	if (e->kind == ENTRY_TIMER)
		return ((const struct sim_timer *)e->obj)->delta;
	return s->core->calls[e->kind - ENTRY_SHOT].when & 1 ? s->delta + 1 : 0;
}

static inline u32 entry_class(const struct sim_core *c, const struct entry *e)
{
	if (e->kind == ENTRY_PROC)
		return EV_THREAD;
	if (e->kind == ENTRY_TIMER)
		return ((const struct sim_timer *)e->obj)->class;
	return c->calls[e->kind - ENTRY_SHOT].when >> 1;
}

/* sim.c: entries by id. @kind may stand for a callback. Returns the id or SIM_NO_ID. */
u32 entry_new(struct sim *s, u32 kind, void *obj);
void entry_free(struct sim_core *c, u32 id);

/* Take the next event; SIM_NO_ID when the run pauses or ends (status is set). */
u32 sim_next(struct sim *s);
/* Take the first of what is in the heap of the present time; something is. */
u32 sim_next_due(struct sim *s);
/* @id and what is chained to it are due now: take the first of them. */
u32 sim_next_many(struct sim *s, u32 id);

/* End the run from any stack; returns only on the main stack. */
void sim_end(struct sim *s, enum sim_status status, struct proc *culprit);

/* proc.c: run a proc from the main stack until something is for the main stack. */
void proc_resume(struct proc *p);
void proc_bury(struct sim *s);
/* Leave the stack of the running proc for good. */
void proc_abandon(struct sim *s) __attribute__((noreturn));

/* report.c: write the report of a run that has ended badly. */
void report_write(struct sim *s);

/* warm.c: fetch into the host's caches what the procs in @slot, which are next, will touch. */
void sim_warm(struct sim *s, u32 slot);

/* Take the next event, which is in the wheel's first slot. */
static inline u32 sim_next_in(struct sim *s, u32 slot)
{
	struct sim_core *c = s->core;
	u32 id;

	if (unlikely(c->cold && slot >> 6 == WARM_LEVEL))
		sim_warm(s, slot);
	id = wheel_pop_slot(&s->wheel, slot);
	s->now = s->wheel.now;
	c->stuck = 0;
	if (unlikely(s->wheel.nodes[id].next != WHEEL_NIL))
		return sim_next_many(s, id);
	c->entries[id].place = AT_NONE;
	s->delta = entry_delta(s, &c->entries[id]);
	return id;
}

#endif
