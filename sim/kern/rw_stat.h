/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What qrwlock and rwsem share: which of them a task holds, and lock_stat's view of a
 * call with read and write sides apart (reference machine.md 2.0). Call everything here
 * synchronised.
 */
#ifndef MMSIM_KERN_RW_STAT_H
#define MMSIM_KERN_RW_STAT_H

#include "sim/kern/task.h"

/* Of one lock: its class and who had it last, on whichever side. */
struct rw_stat {
	struct lock_class *class;
	const struct frame_site *holder; /* frame of the latest acquisition, NULL: none yet */
	u16 last_cpu; /* of the latest acquisition, LINE_NO_OWNER */
	u32 instance; /* number among those of its class, for reports */
};

/* One call of a lock function. */
struct rw_call {
	struct rw_stat *stat;
	struct lock_side *side;
	const struct frame_site *site, *holder; /* who asks; contended: whom it met */
	u64 start;
	u64 queued_at; /* rwsem: when it queued up to sleep, TIME_MAX: it did not */
	bool contended;
	u8 dist; /* contended: to the CPU of the holder it met */
};

/* Returns 0 or -ENOMEM. @name is not copied. */
int rw_stat_init(struct kern *k, struct rw_stat *st, const char *name, const char *kind);

/* A call begins; @site is the frame that asks. */
void rw_call_begin(struct task *t, struct rw_call *c, struct rw_stat *st, bool write,
		   const struct frame_site *site);

/* Its trylock has failed: lock_stat opens a wait. */
void rw_call_contended(struct task *t, struct rw_call *c);

/*
 * It has the lock: @lock is held on its side from now on, and owned since @owned_from, which
 * is earlier where somebody else granted it. Fails the run if the task holds too many.
 */
void rw_call_acquired(struct task *t, struct rw_call *c, void *lock, enum rw_kind kind,
		      u64 owned_from);

/* The hold of @lock that began last, or NULL. */
struct rw_hold *rw_hold_find(struct task *t, const void *lock);

/* A hold of the task is over; returns it. */
struct rw_hold rw_hold_drop(struct task *t, struct rw_hold *h);
/* Count a hold that has ended at @at, now. */
void rw_hold_count(struct rw_stat *st, const struct rw_hold *h, u64 at);
/* Both of it. */
void rw_hold_end(struct task *t, struct rw_stat *st, struct rw_hold *h);

#endif
