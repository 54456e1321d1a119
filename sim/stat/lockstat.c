/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lock classes and their statistics; see lockstat.h. */
#include "sim/stat/lockstat.h"

#include "sim/core/mem.h"

#include <stdlib.h>
#include <string.h>

void lock_stats_init(struct lock_stats *s)
{
	s->first = NULL;
	s->tail = &s->first;
	s->nr = 0;
}

void lock_stats_destroy(struct lock_stats *s)
{
	struct lock_class *c, *next;

	for (c = s->first; c; c = next) {
		next = c->next;
		free(c);
	}
	lock_stats_init(s);
}

static void lock_class_begin(struct lock_class *c)
{
	for (u32 i = 0; i < 2; i++)
		c->side[i] = (struct lock_side){ .wait_min = UINT64_MAX, .hold_min = UINT64_MAX };
	c->nr_callers = 0;
	c->callers_dropped = 0;
}

struct lock_class *lock_stats_class(struct lock_stats *s, const char *name, const char *kind)
{
	struct lock_class *c;

	for (c = s->first; c; c = c->next)
		if (!strcmp(c->name, name) && !strcmp(c->kind, kind))
			return c;
	c = zalloc_lines(sizeof(*c));
	if (!c)
		return NULL;
	c->name = name;
	c->kind = kind;
	c->id = s->nr++;
	lock_class_begin(c);
	*s->tail = c;
	s->tail = &c->next;
	return c;
}

void lock_stats_begin(struct lock_stats *s)
{
	for (struct lock_class *c = s->first; c; c = c->next)
		lock_class_begin(c);
}

void lock_side_wait(struct lock_side *s, u64 wait_ps)
{
	s->waits++;
	s->wait_total += wait_ps;
	s->wait_min = min_u64(s->wait_min, wait_ps);
	s->wait_max = max_u64(s->wait_max, wait_ps);
}

void lock_side_hold(struct lock_side *s, u64 hold_ps)
{
	s->acquisitions++;
	s->hold_total += hold_ps;
	s->hold_min = min_u64(s->hold_min, hold_ps);
	s->hold_max = max_u64(s->hold_max, hold_ps);
}

static bool is_caller(const struct lock_caller *row, const char *waiter, const char *holder,
		      u8 dist)
{
	return row->dist == dist && row->waiter == waiter && row->holder == holder;
}

static struct lock_caller *find_caller(struct lock_class *c, const char *waiter, const char *holder,
				       u8 dist)
{
	for (u32 i = 0; i < c->nr_callers; i++)
		if (is_caller(&c->caller[i], waiter, holder, dist))
			return &c->caller[i];
	return NULL;
}

static struct lock_caller *add_caller(struct lock_class *c, const char *waiter, const char *holder,
				      u8 dist)
{
	static const char *const other = "(other)";
	struct lock_caller *row;

	if (c->nr_callers == LOCK_MAX_CALLERS)
		return &c->caller[LOCK_MAX_CALLERS - 1];
	row = &c->caller[c->nr_callers++];
	*row = (struct lock_caller){ .waiter = waiter, .holder = holder, .dist = dist };
	if (c->nr_callers == LOCK_MAX_CALLERS)
		*row = (struct lock_caller){ other, other, LOCK_OTHER_DIST, 0, 0 };
	return row;
}

void lock_class_caller(struct lock_class *c, const char *waiter, const char *holder, u8 dist,
		       u64 wait_ps)
{
	/* where the names lie decides where the row is noted, and nothing else */
	u8 *hit = &c->hit[((uintptr_t)waiter + 3 * (uintptr_t)holder + dist) % LOCK_HITS];
	struct lock_caller *row = &c->caller[*hit];

	if (*hit >= c->nr_callers || !is_caller(row, waiter, holder, dist)) {
		row = find_caller(c, waiter, holder, dist);
		if (!row)
			row = add_caller(c, waiter, holder, dist);
		*hit = (u8)(row - c->caller);
	}
	if (row->dist == LOCK_OTHER_DIST)
		c->callers_dropped++;
	row->contentions++;
	row->wait_total += wait_ps;
}
