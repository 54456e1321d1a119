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

struct ledger {
	struct ledger_cat cat[LEDGER_MAX];
	u32 nr;
	u64 begin_ps;
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
/* Commit a change at time @now; times never decrease. */
static inline void ledger_commit(struct ledger *l, u32 cat, s64 bytes, s64 objects, u64 now)
{
	struct ledger_cat *c = &l->cat[cat];

	c->moment += (s128)bytes * (s64)now;
	c->bytes += bytes;
	c->objects += objects;
	c->peak = max_s64(c->peak, c->bytes);
}

/* The measured part begins: peak and mean start over from the present values. */
void ledger_begin(struct ledger *l, u64 now);
/* Mean bytes over the measured part up to @now. */
double ledger_mean(const struct ledger *l, u32 cat, u64 now);

#endif
