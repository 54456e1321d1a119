// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is due now: a binary heap by (delta, class, rank or timer id); and the
 * list of choices of explore mode. Routes every event to heap, list or wheel.
 */
#include "sim/core/core.h"

static inline void due_place(struct sim_core *c, u32 i, struct due d)
{
	c->due[i] = d;
	c->entries[d.id].pos = i;
}

static void due_up(struct sim_core *c, u32 i, struct due d)
{
	while (i) {
		u32 parent = (i - 1) / 2;

		if (c->due[parent].key <= d.key)
			break;
		due_place(c, i, c->due[parent]);
		i = parent;
	}
	due_place(c, i, d);
}

static void due_down(struct sim_core *c, u32 i, struct due d)
{
	for (;;) {
		u32 child = 2 * i + 1;

		if (child >= c->nr_due)
			break;
		if (child + 1 < c->nr_due && c->due[child + 1].key < c->due[child].key)
			child++;
		if (c->due[child].key >= d.key)
			break;
		due_place(c, i, c->due[child]);
		i = child;
	}
	due_place(c, i, d);
}

void due_push(struct sim_core *c, u32 id)
{
	struct due d = { .key = c->entries[id].key, .id = id };

	c->entries[id].place = AT_DUE;
	due_up(c, c->nr_due++, d);
}

u32 due_pop(struct sim_core *c)
{
	u32 id = c->due[0].id;

	c->entries[id].place = AT_NONE;
	if (--c->nr_due)
		due_down(c, 0, c->due[c->nr_due]);
	return id;
}

void due_remove(struct sim_core *c, u32 id)
{
	u32 i = c->entries[id].pos;
	struct due d = c->due[--c->nr_due];

	c->entries[id].place = AT_NONE;
	if (i == c->nr_due)
		return;
	if (i && c->due[(i - 1) / 2].key > d.key)
		due_up(c, i, d);
	else
		due_down(c, i, d);
}

/* After keys have changed. */
void due_rebuild(struct sim_core *c)
{
	u32 i;

	for (i = 0; i < c->nr_due; i++)
		c->due[i].key = c->entries[c->due[i].id].key;
	for (i = c->nr_due / 2; i-- > 0;)
		due_down(c, i, c->due[i]);
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
		due_push(c, id);
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
		due_remove(c, id);
	else if (e->place == AT_CHOICE)
		choice_del(c, id);
	e->place = AT_NONE;
}
