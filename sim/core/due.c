// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is due now: a binary heap by (delta, class, rank or order of setting); and the
 * list of choices of explore mode. Routes every event to heap, list or wheel.
 */
#include "sim/core/core.h"

#include <stdlib.h>

static u64 key_of(const struct sim *s, u32 id)
{
	const struct entry *e = &s->core->entries[id];
	const struct proc *p = e->obj;

	if (likely(e->kind == ENTRY_PROC))
		return event_key(p->delta, EV_THREAD, p->rank);
	return event_key(entry_delta(s, e), entry_class(s->core, e), s->core->due_seq++);
}

static inline void due_place(struct sim *s, u32 i, struct due d)
{
	s->core->due[i] = d;
	*due_pos(s, d.id) = i;
}

static void due_up(struct sim *s, u32 i, struct due d)
{
	struct sim_core *c = s->core;

	while (i) {
		u32 parent = (i - 1) / 2;

		if (c->due[parent].key <= d.key)
			break;
		due_place(s, i, c->due[parent]);
		i = parent;
	}
	due_place(s, i, d);
}

static void due_down(struct sim *s, u32 i, struct due d)
{
	struct sim_core *c = s->core;

	for (;;) {
		u32 child = 2 * i + 1;

		if (child >= c->nr_due)
			break;
		if (child + 1 < c->nr_due && c->due[child + 1].key < c->due[child].key)
			child++;
		if (c->due[child].key >= d.key)
			break;
		due_place(s, i, c->due[child]);
		i = child;
	}
	due_place(s, i, d);
}

bool due_reserve(struct sim_core *c, u32 nr)
{
	struct due *due;

	if (nr <= c->cap_due)
		return true;
	due = realloc(c->due, (size_t)nr * sizeof(*due));
	if (!due)
		return false;
	c->due = due;
	c->cap_due = nr;
	return true;
}

void due_push(struct sim *s, u32 id)
{
	struct sim_core *c = s->core;
	struct due d = { .id = id };

	if (!c->nr_due)
		c->due_seq = 0;
	d.key = key_of(s, id);
	c->entries[id].place = AT_NONE;
	if (unlikely(c->nr_due == c->cap_due) &&
	    !due_reserve(c, c->cap_due ? 2 * c->cap_due : 64)) {
		sim_fail(s, "out of memory for events", 0, 0);
		return;
	}
	c->entries[id].place = AT_DUE;
	due_up(s, c->nr_due++, d);
}

u32 due_pop(struct sim *s)
{
	struct sim_core *c = s->core;
	struct due d = c->due[0];

	c->entries[d.id].place = AT_NONE;
	if (--c->nr_due)
		due_down(s, 0, c->due[c->nr_due]);
	if (likely(s->engine != SIM_EXPLORE))
		s->delta = (u32)(d.key >> 32);
	return d.id;
}

void due_remove(struct sim *s, u32 id)
{
	struct sim_core *c = s->core;
	u32 i = *due_pos(s, id);
	struct due d = c->due[--c->nr_due];

	c->entries[id].place = AT_NONE;
	if (i == c->nr_due)
		return;
	if (i && c->due[(i - 1) / 2].key > d.key)
		due_up(s, i, d);
	else
		due_down(s, i, d);
}

/* After ranks have changed. */
void due_rebuild(struct sim *s)
{
	struct sim_core *c = s->core;
	u32 i;

	for (i = 0; i < c->nr_due; i++)
		if (c->entries[c->due[i].id].kind == ENTRY_PROC)
			c->due[i].key = key_of(s, c->due[i].id);
	for (i = c->nr_due / 2; i-- > 0;)
		due_down(s, i, c->due[i]);
}

/* Kept in order of rank, so that a strategy sees a stable list. */
void choice_add(struct sim_core *c, u32 id)
{
	struct proc *p = c->entries[id].obj;
	u32 i = c->nr_choice++;

	c->entries[id].place = AT_CHOICE;
	for (; i && c->choice[i - 1]->rank > p->rank; i--)
		c->choice[i] = c->choice[i - 1];
	c->choice[i] = p;
}

void choice_del(struct sim_core *c, u32 id)
{
	u32 i = 0;

	c->entries[id].place = AT_NONE;
	while (c->choice[i] != c->entries[id].obj)
		i++;
	for (c->nr_choice--; i < c->nr_choice; i++)
		c->choice[i] = c->choice[i + 1];
}

void event_queue(struct sim *s, u32 id, u64 time)
{
	struct sim_core *c = s->core;
	struct entry *e = &c->entries[id];

	if (unlikely(s->engine == SIM_EXPLORE)) {
		if (e->kind == ENTRY_PROC) {
			choice_add(c, id);
			return;
		}
	} else if (time == s->now) {
		due_push(s, id);
		return;
	}
	e->place = AT_WHEEL;
	wheel_add(&s->wheel, id, time);
}

void event_unqueue(struct sim *s, u32 id)
{
	struct sim_core *c = s->core;
	struct entry *e = &c->entries[id];

	if (e->place == AT_WHEEL)
		wheel_del(&s->wheel, id);
	else if (e->place == AT_DUE)
		due_remove(s, id);
	else if (e->place == AT_CHOICE)
		choice_del(c, id);
	e->place = AT_NONE;
}
