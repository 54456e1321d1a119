// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Threads of control: interaction points with run-ahead, blocking and waking,
 * and the switch from proc to proc without a detour over the main stack.
 */
#include "sim/core/core.h"

#include <errno.h>
#include <string.h>

static inline void proc_queue(struct proc *p)
{
	p->state = PROC_PENDING;
	event_queue(p->sim, p->id, p->clock);
}

/* @p runs now: it is at the present instant. */
static inline void proc_arrive(struct proc *p)
{
	struct sim *s = p->sim;

	p->state = PROC_RUNNING;
	if (unlikely(s->engine == SIM_EXPLORE)) {
		p->clock = s->now;
		p->delta = 0;
	}
}

/* @p is queued or blocked, @id is what is next: run that until @p is chosen again. */
static inline void proc_leave_for(struct proc *p, u32 id)
{
	struct sim *s = p->sim;
	struct sim_core *c = s->core;

#ifdef MMSIM_DEBUG
	if (!coro_stack_ok(&p->coro))
		sim_fail(s, "stack overflow of a proc", 0, 0);
#endif
	if (likely(id != SIM_NO_ID)) {
		struct proc *q = c->entries[id].obj;

		if (likely(c->entries[id].kind == ENTRY_PROC && q->coro.stack)) {
			if (q == p)
				return;
			c->cur = q;
			s->nr_switches++;
			coro_switch(&p->coro, &q->coro);
			return;
		}
		c->handoff = id;
	}
	c->cur = NULL;
	coro_switch(&p->coro, &c->main);
}

static void proc_leave(struct proc *p)
{
	proc_leave_for(p, sim_next(p->sim));
}

void proc_abandon(struct sim *s)
{
	struct sim_core *c = s->core;
	struct proc *p = c->cur;

	c->cur = NULL;
	p->state = PROC_BLOCKED;
	coro_switch(&p->coro, &c->main);
	__builtin_unreachable();
}

static void proc_main(void *arg)
{
	struct proc *p = arg;
	struct sim *s = p->sim;
	struct sim_core *c = s->core;

	proc_arrive(p);
	p->fn(p);
	proc_sync(p);
	p->state = PROC_DEAD;
	if (!p->daemon && !--c->live && s->status == SIM_RUNNING)
		s->status = SIM_DONE;
	c->dying = p;
	c->cur = NULL;
	coro_switch(&p->coro, &c->main);
}

void proc_bury(struct sim *s)
{
	struct sim_core *c = s->core;
	struct proc *p = c->dying;

	c->dying = NULL;
	if (!coro_stack_ok(&p->coro))
		sim_fail(s, "stack overflow of a proc", 0, 0);
	coro_release(c->pool, &p->coro);
	entry_free(c, p->id);
}

void proc_resume(struct proc *p)
{
	struct sim *s = p->sim;
	struct sim_core *c = s->core;

	if (!p->coro.stack && coro_create(c->pool, &p->coro, proc_main, p)) {
		sim_fail(s, "out of memory for stacks", 0, 0);
		return;
	}
	c->cur = p;
	s->nr_switches++;
	coro_switch(&c->main, &p->coro);
}

int proc_init(struct sim *s, struct proc *p, void (*fn)(struct proc *p), const char *name,
	      u32 index)
{
	memset(p, 0, sizeof(*p));
	p->id = entry_new(s, ENTRY_PROC, p);
	if (p->id == SIM_NO_ID)
		return -ENOMEM;
	p->rank = s->core->next_rank++;
	p->state = PROC_NEW;
	p->stepwise = s->engine != SIM_NORMAL;
	p->sim = s;
	p->fn = fn;
	p->name = name;
	p->index = index;
	return 0;
}

void proc_start(struct proc *p, u64 at)
{
	struct sim *s = p->sim;
	struct sim_core *c = s->core;

	if (unlikely(p->state != PROC_NEW || at < s->now)) {
		sim_fail(s, "proc started twice or in the past (at %llu ps)", at, 0);
		return;
	}
	p->clock = at;
	p->delta = c->started && at == s->now ? s->delta + 1 : 0;
	if (!p->daemon)
		c->cold = ++c->live > WARM_PROCS;
	proc_queue(p);
}

/* A loop without advance of time ends here. */
void proc_stuck(struct proc *p)
{
	sim_end(p->sim, SIM_NO_PROGRESS, p);
}

/* No event is before the clock of @p: it goes on. */
static inline void proc_run_ahead(struct proc *p)
{
	struct sim *s = p->sim;

	if (p->clock != s->now)
		s->core->stuck = 0;
	else if (unlikely(++s->core->stuck > SIM_STUCK_MAX))
		proc_stuck(p);
	s->now = p->clock;
	s->delta = p->delta;
}

/* The whole of proc_sync_slow(), for every engine and case. */
static void proc_sync_any(struct proc *p)
{
	struct sim *s = p->sim;
	struct sim_core *c = s->core;

	if (unlikely(s->status != SIM_RUNNING))
		proc_abandon(s);
	if (!c->nr_due && p->clock < wheel_peek(&s->wheel) && p->clock <= c->limit &&
	    s->engine != SIM_EXPLORE) {
		proc_run_ahead(p);
		return;
	}
	proc_queue(p);
	proc_leave(p);
	proc_arrive(p);
}

static inline void proc_queue_later(struct proc *p)
{
	struct sim *s = p->sim;

	p->state = PROC_PENDING;
	s->core->entries[p->id].place = AT_WHEEL;
	wheel_add(&s->wheel, p->id, p->clock);
	s->nr_events++;
}

/*
 * The common cases by themselves, as this is half of the engine's work: the normal engine,
 * a clock that lies ahead, and others that are due now or in the wheel. The first slot of
 * the wheel is looked for once: @p does not come before its bound.
 */
void proc_sync_slow(struct proc *p)
{
	struct sim *s = p->sim;
	struct sim_core *c = s->core;
	struct wheel *w = &s->wheel;
	u32 slot;

	if (unlikely(s->status != SIM_RUNNING || p->stepwise || p->clock > c->limit ||
		     p->clock == s->now || !(c->nr_due | w->levels))) {
		proc_sync_any(p);
		return;
	}
	if (c->nr_due) {
		proc_queue_later(p);
		proc_leave_for(p, sim_next_due(s));
		p->state = PROC_RUNNING;
		return;
	}
	slot = wheel_first(w);
	if (p->clock < wheel_bound(w, slot)) {
		proc_run_ahead(p);
		return;
	}
	proc_queue_later(p);
	proc_leave_for(p, sim_next_in(s, slot));
	p->state = PROC_RUNNING;
}

/* Reference and explore: the end of every step of positive length is an event. */
void proc_step(struct proc *p)
{
	proc_sync_slow(p);
}

void proc_overflow(struct proc *p)
{
	p->clock = TIME_MAX;
	sim_end(p->sim, SIM_OVERFLOW, p);
}

void proc_block(struct proc *p)
{
	p->state = PROC_BLOCKED;
	proc_leave(p);
	proc_arrive(p);
}

void proc_wake(struct proc *p, u64 at, u32 delta)
{
	struct sim *s = p->sim;

	if (unlikely(p->state != PROC_BLOCKED)) {
		sim_fail(s, "woken a proc that is not blocked (rank %llu)", p->rank, 0);
		return;
	}
	if (unlikely(at < s->now || (at == s->now && delta <= s->delta)) &&
	    s->engine != SIM_EXPLORE) {
		sim_fail(s, "proc woken at %llu ps, not after the present %llu ps", at, s->now);
		return;
	}
	if (at > p->clock)
		p->steps = 0;
	p->clock = at;
	p->delta = delta;
	proc_queue(p);
}

void proc_unwake(struct proc *p)
{
	if (unlikely(p->state != PROC_PENDING)) {
		sim_fail(p->sim, "unwoken a proc that is not pending (rank %llu)", p->rank, 0);
		return;
	}
	event_unqueue(p->sim, p->id);
	p->state = PROC_BLOCKED;
}

void proc_delay(struct proc *p, u64 ps)
{
	struct sim *s = p->sim;

	if (unlikely(p->state != PROC_PENDING)) {
		sim_fail(s, "delayed a proc that is not pending (rank %llu)", p->rank, 0);
		return;
	}
	event_unqueue(s, p->id);
	if (unlikely(__builtin_add_overflow(p->clock, ps, &p->clock))) {
		p->clock = TIME_MAX;
		sim_end(s, SIM_OVERFLOW, p);
		return;
	}
	proc_queue(p);
}

void proc_hasten(struct proc *p, u64 at)
{
	struct sim *s = p->sim;

	if (unlikely(p->state != PROC_PENDING || at < s->now || at > p->clock)) {
		sim_fail(s, "a proc's event cannot be moved from %llu to %llu ps", p->clock, at);
		return;
	}
	event_unqueue(s, p->id);
	p->clock = at;
	p->delta = at == s->now ? s->delta + 1 : 0;
	proc_queue(p);
}

#ifdef MMSIM_DEBUG
void proc_assert_open(struct proc *p)
{
	struct sim *s = p->sim;

	if (p->clock == s->now && (p->delta == s->delta || s->engine == SIM_EXPLORE))
		return;
	sim_fail(s, "open state touched at %llu ps, present is %llu ps", p->clock, s->now);
}
#endif
