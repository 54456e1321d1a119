/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hierarchical counter of pages with limits, as mm/page_counter.c of 6.12: each level is
 * one atomic on a line of its own, a charge that goes over a limit is taken back level by
 * level. Usage is open state: every access is an interaction point. Left out: swap and
 * hugetlb counters, races of the watermark that lose an update.
 */
#ifndef MMSIM_MM_PAGE_COUNTER_H
#define MMSIM_MM_PAGE_COUNTER_H

#include "sim/kern/atomic.h"

#define PAGE_COUNTER_MAX ((u64)INT64_MAX / 4096)

/* All in pages. */
struct page_counter {
	struct atomic_counter usage;
	u64 min, low, high, max;
	u64 watermark; /* highest usage seen */
	u64 failcnt; /* charges that met this limit */
	struct page_counter *parent; /* NULL: the root */
};

/* Empty, without limits. */
void page_counter_init(struct page_counter *c, struct page_counter *parent);

/**
 * page_counter_try_charge - charge @nr pages to @c and all above it
 * @fail: receives the counter whose limit was met
 *
 * Returns true, or false with nothing charged.
 */
bool page_counter_try_charge(struct task *t, struct page_counter *c, u64 nr,
			     struct page_counter **fail);

/* Charge whatever the limits say (__GFP_NOFAIL, forced charges). */
void page_counter_charge(struct task *t, struct page_counter *c, u64 nr);

/* Take @nr pages off @c and all above it. */
void page_counter_uncharge(struct task *t, struct page_counter *c, u64 nr);

/* Usage as of now. */
u64 page_counter_read(struct task *t, struct page_counter *c);

/* Room below the lowest limit on the way up, 0 if one is exceeded. */
u64 page_counter_margin(struct task *t, struct page_counter *c);

#endif
