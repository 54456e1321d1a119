// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The simulation: table of entries, the choice of the next event, the loop on
 * the main stack, and how a run ends.
 */
#include "sim/core/core.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define STACK_DEFAULT (16U << 10)
#define STACK_SANITIZED (64U << 10)

struct sim *sim_new(const struct sim_config *config)
{
	struct sim *s = calloc(1, sizeof(*s));
	struct sim_core *c = calloc(1, sizeof(*c));

	if (!s || !c)
		goto fail;
	s->config = *config;
	if (!s->config.stack_bytes)
		s->config.stack_bytes = coro_sanitized() ? STACK_SANITIZED : STACK_DEFAULT;
	s->engine = (u8)config->engine;
	s->horizon = TIME_MAX;
	s->core = c;
	if (s->engine == SIM_EXPLORE)
		s->delta = EXPLORE_DELTA;
	c->free_id = SIM_NO_ID;
	c->handoff = SIM_NO_ID;
	c->limit = TIME_MAX;
	c->pool = coro_pool_new(s->config.stack_bytes);
	if (!c->pool)
		goto fail;
	wheel_init(&s->wheel);
	return s;
fail:
	free(c);
	free(s);
	return NULL;
}

void sim_free(struct sim *s)
{
	struct sim_core *c;

	if (!s)
		return;
	c = s->core;
	coro_pool_free(c->pool);
	wheel_destroy(&s->wheel);
	free(c->entries);
	free(c->due);
	free(c->choice);
	free(c->report);
	free(c);
	free(s);
}

static int entries_grow(struct sim *s)
{
	struct sim_core *c = s->core;
	u32 cap = c->cap ? 2 * c->cap : 256;
	void *mem;

	mem = realloc(c->entries, (size_t)cap * sizeof(c->entries[0]));
	if (!mem)
		return -ENOMEM;
	c->entries = mem;
	if (wheel_reserve(&s->wheel, cap))
		return -ENOMEM;
	c->cap = cap;
	return 0;
}

/* Room for one more proc or timer where it may stand. */
static int lasting_grow(struct sim *s)
{
	struct sim_core *c = s->core;
	u32 cap = c->cap_lasting ? 2 * c->cap_lasting : 256;
	void *mem;

	if (!due_reserve(c, cap))
		return -ENOMEM;
	if (s->engine == SIM_EXPLORE) {
		mem = realloc(c->choice, cap * sizeof(struct proc *));
		if (!mem)
			return -ENOMEM;
		c->choice = mem;
	}
	c->cap_lasting = cap;
	return 0;
}

u32 entry_new(struct sim *s, u32 kind, void *obj)
{
	struct sim_core *c = s->core;
	struct entry *e;
	u32 id = c->free_id, gen = 1;

	if (kind < ENTRY_SHOT) {
		if (c->nr_lasting == c->cap_lasting && lasting_grow(s))
			return SIM_NO_ID;
		c->nr_lasting++;
	}
	if (id != SIM_NO_ID) {
		gen = c->entries[id].gen;
		c->free_id = (u32)(uintptr_t)c->entries[id].obj;
	} else {
		if (c->nr_entries == c->cap && entries_grow(s))
			return SIM_NO_ID;
		id = c->nr_entries++;
	}
	e = &c->entries[id];
	*e = (struct entry){ .obj = obj, .gen = gen, .kind = (u8)kind };
	return id;
}

void entry_free(struct sim_core *c, u32 id)
{
	struct entry *e = &c->entries[id];

	c->nr_lasting -= e->kind < ENTRY_SHOT;
	e->kind = ENTRY_FREE;
	e->gen++;
	e->obj = (void *)(uintptr_t)c->free_id;
	c->free_id = id;
}

/* Nothing is queued any more. */
static u32 next_none(struct sim *s)
{
	s->status = s->core->live ? SIM_DEADLOCK : SIM_DONE;
	return SIM_NO_ID;
}

/* The next event lies beyond the limit. */
static u32 next_late(struct sim *s)
{
	struct sim_core *c = s->core;

	if (c->until > s->horizon) {
		s->status = SIM_OVERFLOW;
		return SIM_NO_ID;
	}
	s->status = SIM_UNTIL;
	if (s->now < c->until) {
		s->now = c->until;
		if (s->engine != SIM_EXPLORE)
			s->delta = 0;
	}
	return SIM_NO_ID;
}

static inline bool next_stuck(struct sim *s, u32 id)
{
	struct sim_core *c = s->core;
	struct entry *e = &c->entries[id];

	if (likely(++c->stuck <= SIM_STUCK_MAX))
		return false;
	s->status = SIM_NO_PROGRESS;
	c->culprit = e->kind == ENTRY_PROC ? e->obj : NULL;
	return true;
}

/* Explore mode: a strategy picks; agents only when no proc is pending. */
static u32 next_choice(struct sim *s)
{
	struct sim_core *c = s->core;
	u32 n, id;

	if (!c->nr_choice)
		return SIM_NO_ID;
	n = c->pick ? c->pick(s, c->choice, c->nr_choice, c->pick_arg) : 0;
	id = c->choice[n < c->nr_choice ? n : 0]->id;
	return id;
}

static u32 next_explore(struct sim *s)
{
	struct sim_core *c = s->core;
	u32 id = next_choice(s);
	u64 time;

	if (id != SIM_NO_ID) {
		time = ((struct proc *)c->entries[id].obj)->clock;
		if (time > c->limit)
			return next_late(s);
		choice_del(c, id);
	} else if (c->nr_due) {
		id = due_pop(s);
		time = s->now;
	} else {
		if (!s->wheel.nr)
			return next_none(s);
		if (!wheel_has_until(&s->wheel, c->limit))
			return next_late(s);
		for (id = wheel_pop_instant(&s->wheel); id != WHEEL_NIL;
		     id = s->wheel.nodes[id].next)
			due_push(s, id);
		id = due_pop(s);
		time = s->wheel.now;
	}
	if (time > s->now) {
		s->now = time;
		c->stuck = 0;
	} else if (next_stuck(s, id)) {
		return SIM_NO_ID;
	}
	return id;
}

/* What is due now is in the heap: the first of it. */
u32 sim_next_due(struct sim *s)
{
	u32 id = due_pop(s);

	return unlikely(next_stuck(s, id)) ? SIM_NO_ID : id;
}

u32 sim_next_many(struct sim *s, u32 id)
{
	for (; id != WHEEL_NIL; id = s->wheel.nodes[id].next)
		due_push(s, id);
	return sim_next_due(s);
}

u32 sim_next(struct sim *s)
{
	struct sim_core *c = s->core;
	struct wheel *w = &s->wheel;

	if (unlikely(s->status != SIM_RUNNING))
		return SIM_NO_ID;
	s->nr_events++;
	if (unlikely(s->engine == SIM_EXPLORE))
		return next_explore(s);
	if (c->nr_due)
		return sim_next_due(s);
	if (unlikely(!w->nr))
		return next_none(s);
	if (c->limit != TIME_MAX && unlikely(!wheel_has_until(w, c->limit)))
		return next_late(s);
	return sim_next_in(s, wheel_first(w));
}

/*
 * True if nothing but samplers will ever happen: a sampler that re-arms itself must
 * not hide a deadlock. Cheap where it matters: it stops at the first other event.
 */
static bool only_samplers(const struct sim *s)
{
	const struct sim_core *c = s->core;

	for (u32 id = 0; id < c->nr_entries; id++)
		if (c->entries[id].place != AT_NONE &&
		    entry_class(c, &c->entries[id]) != EV_SAMPLER)
			return false;
	return c->live != 0;
}

static void sim_dispatch(struct sim *s, u32 id)
{
	struct sim_core *c = s->core;
	struct entry *e = &c->entries[id];
	struct sim_timer *t;
	const struct call *call;
	void *arg = e->obj;

	if (e->kind == ENTRY_PROC) {
		proc_resume(arg);
		return;
	}
	if (unlikely(entry_class(c, e) == EV_SAMPLER) && only_samplers(s)) {
		s->status = SIM_DEADLOCK;
		return;
	}
	if (e->kind == ENTRY_TIMER) {
		t = arg;
		t->armed = false;
		t->fn(t);
		return;
	}
	call = &c->calls[e->kind - ENTRY_SHOT];
	entry_free(c, id);
	call->fn(s, arg);
}

static void sim_begin(struct sim *s, u64 until)
{
	struct sim_core *c = s->core;

	s->status = SIM_RUNNING;
	c->until = until;
	c->limit = min_u64(until, s->horizon);
	c->stuck = 0;
	if (!c->ranked)
		sim_assign_ranks(s);
	c->started = true;
}

enum sim_status sim_run(struct sim *s, u64 until)
{
	struct sim_core *c = s->core;
	u32 id;

	if (s->status != SIM_RUNNING && s->status != SIM_UNTIL)
		return s->status;
	sim_begin(s, until);
	for (;;) {
		id = c->handoff;
		c->handoff = SIM_NO_ID;
		if (id == SIM_NO_ID && s->status == SIM_RUNNING)
			id = sim_next(s);
		if (id == SIM_NO_ID)
			break;
		sim_dispatch(s, id);
		if (c->dying)
			proc_bury(s);
	}
	report_write(s);
	return s->status;
}

void sim_end(struct sim *s, enum sim_status status, struct proc *culprit)
{
	if (s->status == SIM_RUNNING || s->status == SIM_UNTIL) {
		s->status = (u8)status;
		s->core->culprit = culprit;
	}
	if (s->core->cur)
		proc_abandon(s);
	if (!s->core->started)
		report_write(s);
}

void sim_stop(struct sim *s)
{
	if (s->status == SIM_RUNNING || s->status == SIM_UNTIL)
		s->status = SIM_DONE;
}

void sim_fail(struct sim *s, const char *msg, u64 a, u64 b)
{
	struct sim_core *c = s->core;

	if (!c->fail_msg) {
		c->fail_msg = msg;
		c->fail_a = a;
		c->fail_b = b;
	}
	sim_end(s, SIM_FAILED, c->cur);
}

void sim_set_pick(struct sim *s, sim_pick_fn pick, void *arg)
{
	s->core->pick = pick;
	s->core->pick_arg = arg;
}

void sim_set_describe(struct sim *s, sim_describe_fn describe)
{
	s->core->describe = describe;
}

void sim_assign_ranks(struct sim *s)
{
	struct sim_core *c = s->core;
	u32 *perm = malloc((size_t)(c->nr_entries + 1) * sizeof(*perm));
	u32 i, n = 0;
	struct rng r;

	c->ranked = true;
	if (!perm)
		return;
	rng_seed(&r, s->config.seed, s->config.replication, "core.rank", 0, RNG_ARBITRATION);
	for (i = 0; i < c->nr_entries; i++) {
		if (c->entries[i].kind != ENTRY_PROC)
			continue;
		perm[n] = n;
		n++;
	}
	for (i = n; i > 1; i--) {
		u32 j = (u32)rng_below(&r, i), t = perm[i - 1];

		perm[i - 1] = perm[j];
		perm[j] = t;
	}
	for (i = n = 0; i < c->nr_entries; i++) {
		struct entry *e = &c->entries[i];
		struct proc *p = e->obj;

		if (e->kind != ENTRY_PROC)
			continue;
		p->rank = perm[n++];
	}
	c->next_rank = n;
	due_rebuild(s);
	for (i = 1; i < c->nr_choice; i++) {
		struct proc *p = c->choice[i];
		u32 j = i;

		for (; j && c->choice[j - 1]->rank > p->rank; j--)
			c->choice[j] = c->choice[j - 1];
		c->choice[j] = p;
	}
	free(perm);
}
