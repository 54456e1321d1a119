/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Statistics of a lock class with the columns of /proc/lock_stat, and who waited
 * for whom (reference machine.md 2.0).
 */
#ifndef MMSIM_STAT_LOCKSTAT_H
#define MMSIM_STAT_LOCKSTAT_H

#include "sim/core/types.h"

struct lock_side {
	/* of every acquisition */
	u64 acquisitions, acq_bounces;
	u64 hold_min, hold_max;
	u128 hold_total;
	u128 owned; /* ps */
	/* of contentions */
	u64 contentions, con_bounces, queued_contentions;
	u64 waits; /* contentions that ended in an acquisition */
	u64 wait_min, wait_max;
	u128 wait_total;
	u128 spin, sleep; /* ps */
};

struct lock_caller {
	const char *waiter, *holder; /* symbols */
	u8 dist; /* enum hw_dist */
	u64 contentions;
	u128 wait_total;
};

/*
 * Rows of a class. The last is kept for what does not fit: its names are "(other)", so that a
 * table that is too small is seen. Which rows fitted then depends on who came first.
 */
#define LOCK_MAX_CALLERS 128
#define LOCK_OTHER_DIST 255

#define LOCK_HITS 32U

struct lock_class {
	struct lock_side side[2]; /* [0] the only or write side, [1] read side */
	const char *name;
	const char *kind; /* "qspinlock", "tas", "fifo", "mutex" */
	bool has_read_side;
	u32 id; /* in order of registration */
	u32 nr_instances; /* locks that have been made of it */
	u8 hit[LOCK_HITS]; /* rows found last; only for speed */
	struct lock_caller caller[LOCK_MAX_CALLERS];
	u32 nr_callers;
	u64 callers_dropped; /* contentions of the row "(other)" */
	struct lock_class *next;
};

/* All classes of a run, in order of registration. */
struct lock_stats {
	struct lock_class *first, **tail;
	u32 nr;
};

void lock_stats_init(struct lock_stats *s);
void lock_stats_destroy(struct lock_stats *s);
/* New or existing class @name (not copied) of @kind; NULL when out of memory. */
struct lock_class *lock_stats_class(struct lock_stats *s, const char *name, const char *kind);
/* Zero all counters: the measured part begins. */
void lock_stats_begin(struct lock_stats *s);

/* Account a contended acquisition that waited @wait_ps: contentions and the wait_* columns. */
void lock_side_wait(struct lock_side *s, u64 wait_ps);
/* Account a section of @hold_ps that has ended: the hold_* columns. */
void lock_side_hold(struct lock_side *s, u64 hold_ps);
/*
 * Account @wait_ps of one wait in frame @waiter for a holder in frame @holder (static strings,
 * compared by address) at distance class @dist: a row of lock_callers.csv. In a full table it
 * goes to the row "(other)".
 */
void lock_class_caller(struct lock_class *c, const char *waiter, const char *holder, u8 dist,
		       u64 wait_ps);

#endif
