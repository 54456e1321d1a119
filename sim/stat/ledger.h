/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Footprint ledger: simulated bytes and objects by category. Categories carry
 * the names of /proc/meminfo and /proc/slabinfo. Changes are committed in time
 * order at interaction points of the thread that made them (DESIGN.md 3,
 * "statistics never see the future"), so peak and mean lag a thread's private
 * work by less than one interaction.
 */
#ifndef MMSIM_STAT_LEDGER_H
#define MMSIM_STAT_LEDGER_H

#include "sim/core/types.h"

#define LEDGER_MAX 128

struct ledger_cat {
	const char *name;
	s64 bytes, objects;
	s64 peak;
	bool lazy; /* not reported unless it was ever charged */
	s128 moment; /* sum of changes times their instants: area up to T is bytes * T less this */
};

/*
 * Who bytes belong to, such as a memory cgroup: what it has of each category. Rows have no
 * names: they are those of ledger.cat.
 */
struct ledger_owner {
	const char *name;
	struct ledger_cat row[LEDGER_MAX];
};

struct ledger {
	struct ledger_cat cat[LEDGER_MAX]; /* of everybody together */
	u32 nr;
	u64 begin_ps;
	struct ledger_owner *owner; /* [0]: what belongs to no other; NULL: nobody asks */
	u32 nr_owners;
};

void ledger_init(struct ledger *l);
/* Register a category (or find it by name); returns its index, or -1 if the table is full. */
s32 ledger_category(struct ledger *l, const char *name);
/* The same; a category that is made by this is reported only if it is ever used. */
s32 ledger_category_lazy(struct ledger *l, const char *name);
/* False for a lazy one that was never used. */
static inline bool ledger_reported(const struct ledger *l, u32 cat)
{
	const struct ledger_cat *c = &l->cat[cat];

	return !c->lazy || c->peak || c->bytes || c->moment;
}
static inline void ledger_cat_add(struct ledger_cat *c, s64 bytes, s64 objects, u64 now)
{
	c->moment += (s128)bytes * (s64)now;
	c->bytes += bytes;
	c->objects += objects;
	c->peak = max_s64(c->peak, c->bytes);
}

/* Commit a change at time @now; times never decrease. */
static inline void ledger_commit(struct ledger *l, u32 cat, s64 bytes, s64 objects, u64 now)
{
	ledger_cat_add(&l->cat[cat], bytes, objects, now);
	if (unlikely(l->nr_owners))
		ledger_cat_add(&l->owner[0].row[cat], bytes, objects, now);
}

/* Owners for the run, before it; @owner stays the caller's. What was committed is owner[0]'s. */
void ledger_set_owners(struct ledger *l, struct ledger_owner *owner, u32 nr);

/* From owner[0] to @o, or back if negative: the total does not change. */
static inline void ledger_own(struct ledger *l, struct ledger_owner *o, u32 cat, s64 bytes,
			      s64 objects, u64 now)
{
	ledger_cat_add(&o->row[cat], bytes, objects, now);
	ledger_cat_add(&l->owner[0].row[cat], -bytes, -objects, now);
}

/* The measured part begins: peak and mean start over from the present values. */
void ledger_begin(struct ledger *l, u64 now);
/* Mean bytes over the measured part up to @now. */
double ledger_mean(const struct ledger *l, u32 cat, u64 now);
/* The same of an owner's row. */
double ledger_row_mean(const struct ledger *l, const struct ledger_cat *row, u64 now);

#endif
