// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Engine agents: embedded timers and pooled one-shots. Both run as callbacks on
 * the main stack. A handle carries the generation of its pool entry.
 */
#include "sim/core/core.h"

#include <errno.h>
#include <string.h>

/* At the present time means the next delta. */
static u32 agent_delta(const struct sim *s, u64 at)
{
	return at == s->now ? s->delta + 1 : 0;
}

/* Kind of a one-shot: where its callback stands in the table, or is to; 0 if that is full. */
static inline u32 call_kind(struct sim_core *c, u32 when, void (*fn)(struct sim *s, void *arg))
{
	u32 i = ((u32)((uintptr_t)fn >> 4) * 4 + when) & 31, tried;

	for (tried = 0; tried < NR_CALLS; tried++) {
		struct call *call = &c->calls[i];

		if (likely(call->fn == fn && call->when == when))
			return ENTRY_SHOT + i;
		if (!call->fn) {
			*call = (struct call){ .fn = fn, .when = when };
			return ENTRY_SHOT + i;
		}
		i = i + 1 == NR_CALLS ? 0 : i + 1;
	}
	return 0;
}

struct sim_handle sim_at(struct sim *s, enum event_class class, u64 at,
			 void (*fn)(struct sim *s, void *arg), void *arg)
{
	struct sim_core *c = s->core;
	struct sim_handle h = { .id = SIM_NO_ID };
	u32 id, kind;

	if (unlikely(at < s->now)) {
		sim_fail(s, "event set for %llu ps, before the present %llu ps", at, s->now);
		return h;
	}
	kind = call_kind(c, (u32) class * 2 + (at == s->now), fn);
	if (unlikely(!kind)) {
		sim_fail(s, "more than %llu different callbacks", NR_CALLS, 0);
		return h;
	}
	id = entry_new(s, kind, arg);
	if (unlikely(id == SIM_NO_ID)) {
		sim_fail(s, "out of memory for events", 0, 0);
		return h;
	}
	event_queue(s, id, at);
	h.id = id;
	h.gen = c->entries[id].gen;
	return h;
}

bool sim_cancel(struct sim *s, struct sim_handle h)
{
	struct sim_core *c = s->core;
	struct entry *e;

	if (h.id >= c->nr_entries)
		return false;
	e = &c->entries[h.id];
	if (e->kind < ENTRY_SHOT || e->gen != h.gen || e->place == AT_NONE)
		return false;
	event_unqueue(s, h.id);
	entry_free(c, h.id);
	return true;
}

int sim_timer_init(struct sim *s, struct sim_timer *t, enum event_class class,
		   void (*fn)(struct sim_timer *t))
{
	memset(t, 0, sizeof(*t));
	t->id = entry_new(s, ENTRY_TIMER, t);
	t->class = (u8) class;
	t->sim = s;
	t->fn = fn;
	return t->id == SIM_NO_ID ? -ENOMEM : 0;
}

void sim_timer_set(struct sim_timer *t, u64 at)
{
	struct sim *s = t->sim;

	if (unlikely(at < s->now)) {
		sim_fail(s, "timer set for %llu ps, before the present %llu ps", at, s->now);
		return;
	}
	if (t->armed)
		event_unqueue(s, t->id);
	t->armed = true;
	t->delta = agent_delta(s, at);
	event_queue(s, t->id, at);
}

bool sim_timer_cancel(struct sim_timer *t)
{
	if (!t->armed)
		return false;
	event_unqueue(t->sim, t->id);
	t->armed = false;
	return true;
}
