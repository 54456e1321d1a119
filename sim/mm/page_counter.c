// SPDX-License-Identifier: GPL-2.0-or-later
/* Hierarchical page counter; see the header. */
#include "sim/mm/page_counter.h"

void page_counter_init(struct page_counter *c, struct page_counter *parent)
{
	*c = (struct page_counter){
		.high = PAGE_COUNTER_MAX,
		.max = PAGE_COUNTER_MAX,
		.parent = parent,
	};
	atomic_init_counter(&c->usage);
}

static void page_counter_cancel(struct task *t, struct page_counter *c, u64 nr)
{
	if (atomic_add_return(t, &c->usage, -(s64)nr) < 0)
		sim_fail(t->kern->sim, "a page counter falls below zero: %llu pages uncharged", nr,
			 0);
}

/* At the instant of the addition whose result was @usage. */
static void update_watermark(struct page_counter *c, u64 usage)
{
	c->watermark = max_u64(c->watermark, usage);
}

bool page_counter_try_charge(struct task *t, struct page_counter *counter, u64 nr,
			     struct page_counter **fail)
{
	struct page_counter *c;

	for (c = counter; c; c = c->parent) {
		u64 new, max;

		task_sync(t);
		max = c->max; /* as of the addition: the limit may be written at any time */
		/* peaks of an addition that is taken back at once are none */
		if ((u64)c->usage.v + nr <= max)
			update_watermark(c, (u64)c->usage.v + nr);
		else
			c->failcnt++;
		new = (u64)atomic_add_return(t, &c->usage, (s64)nr);
		if (new <= max)
			continue;
		page_counter_cancel(t, c, nr);
		*fail = c;
		for (c = counter; c != *fail; c = c->parent)
			page_counter_cancel(t, c, nr);
		return false;
	}
	return true;
}

void page_counter_charge(struct task *t, struct page_counter *c, u64 nr)
{
	for (; c; c = c->parent) {
		task_sync(t);
		update_watermark(c, (u64)c->usage.v + nr);
		atomic_add_return(t, &c->usage, (s64)nr);
	}
}

void page_counter_uncharge(struct task *t, struct page_counter *c, u64 nr)
{
	for (; c; c = c->parent)
		page_counter_cancel(t, c, nr);
}

u64 page_counter_read(struct task *t, struct page_counter *c)
{
	return (u64)atomic_read_counter(t, &c->usage);
}

u64 page_counter_margin(struct task *t, struct page_counter *c)
{
	u64 margin = PAGE_COUNTER_MAX;

	for (; c; c = c->parent) {
		u64 usage, max;

		task_sync(t);
		max = c->max;
		usage = page_counter_read(t, c);
		margin = min_u64(margin, usage < max ? max - usage : 0);
	}
	return margin;
}
