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

/* Never equal to the delta of a proc, so that every proc_sync() is a choice. */
#define EXPLORE_DELTA (UINT32_MAX - 1)

enum entry_kind { ENTRY_FREE, ENTRY_PROC, ENTRY_TIMER, ENTRY_SHOT };
enum entry_place { AT_NONE, AT_WHEEL, AT_DUE, AT_CHOICE };

struct entry {
	void *obj; /* proc, timer, or argument of a one-shot */
	void (*fn)(struct sim *s, void *arg);
	u64 key; /* delta:32 class:3 order:29 */
	u32 gen; /* of one-shot handles */
	u32 pos; /* index in the due heap; next free id */
	u8 kind; /* enum entry_kind */
	u8 place; /* enum entry_place */
	u8 class; /* enum event_class */
	bool counted; /* a started proc that keeps the run alive */
};

struct due {
	u64 key;
	u32 id;
};

struct sim_core {
	struct entry *entries;
	struct due *due; /* binary heap of what is due at s->now */
	u32 nr_due;
	u32 stuck; /* pops since time last moved */
	u64 limit; /* min of until and horizon */
	struct proc *cur; /* NULL on the main stack */
	struct coro main;
	u32 handoff; /* event taken on a proc's stack, for the main stack */
	u32 live; /* started procs that keep the run alive */
	struct proc *dying; /* its stack is to be released */
	struct coro_pool *pool;
	u32 nr_entries, cap;
	u32 free_id;
	u32 next_rank;
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
};

static inline u64 event_key(u32 delta, u32 class, u32 order)
{
	return (u64)delta << 32 | (u64) class << 29 | (order & 0x1fffffff);
}

/* wheel.c: is something queued for @limit or earlier? Exact. */
bool wheel_has_until(const struct wheel *w, u64 limit);

/* coro.c: does this build run under AddressSanitizer? */
bool coro_sanitized(void);

/* due.c: the heap of the present time, and where events go. */
void due_push(struct sim_core *c, u32 id);
u32 due_pop(struct sim_core *c);
void due_remove(struct sim_core *c, u32 id);
void due_rebuild(struct sim_core *c);
void choice_add(struct sim_core *c, u32 id);
void choice_del(struct sim_core *c, u32 id);

/* Queue @id for (@time, delta of its key); time >= now. */
void event_queue(struct sim *s, u32 id, u64 time);
/* Take @id out of wherever it is queued. */
void event_unqueue(struct sim *s, u32 id);

/* sim.c: entries by id. Returns the id or SIM_NO_ID. */
u32 entry_new(struct sim *s, enum entry_kind kind, enum event_class class, void *obj);
void entry_free(struct sim_core *c, u32 id);

/* Take the next event; SIM_NO_ID when the run pauses or ends (status is set). */
u32 sim_next(struct sim *s);
/* @id and what is chained to it are due now: take the first of them. */
u32 sim_next_many(struct sim *s, u32 id);

/* Take the next event, which is in the wheel's first slot. */
static inline u32 sim_next_in(struct sim *s, u32 slot)
{
	struct sim_core *c = s->core;
	u32 id = wheel_pop_slot(&s->wheel, slot);

	s->now = s->wheel.now;
	c->stuck = 0;
	if (unlikely(s->wheel.nodes[id].next != WHEEL_NIL))
		return sim_next_many(s, id);
	c->entries[id].place = AT_NONE;
	s->delta = (u32)(c->entries[id].key >> 32);
	return id;
}

/* End the run from any stack; returns only on the main stack. */
void sim_end(struct sim *s, enum sim_status status, struct proc *culprit);

/* proc.c: run a proc from the main stack until something is for the main stack. */
void proc_resume(struct proc *p);
void proc_bury(struct sim *s);
/* Leave the stack of the running proc for good. */
void proc_abandon(struct sim *s) __attribute__((noreturn));

/* report.c: write the report of a run that has ended badly. */
void report_write(struct sim *s);

#endif
