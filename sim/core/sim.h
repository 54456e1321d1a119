/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The event core: clock, threads of control (struct proc), engine agents
 * (struct sim_timer), order of ties, and the replaceable choice of what runs
 * next. It knows nothing of computers. Rules: DESIGN.md section 3, reference
 * method.md A1, A4, E3-E5, E7, engine.md 5.
 *
 * Order of events. An instant is a pair (time, delta). Work of positive length
 * leads to delta 0 of its end; something that becomes due *because of* an action
 * at the present instant without any time passing is due at delta + 1. Events
 * are taken in order of (time, delta, class, rank): agents before threads, in
 * the order of enum event_class, threads by rank, a permutation of thread ids
 * seeded per replication. This order depends on the simulated world only, so it
 * is the same in every engine.
 *
 * Three engines. SIM_NORMAL: a proc carries its own clock; proc_advance() only
 * adds to it, and proc_sync() makes an event only if something else is pending
 * that is not later. SIM_REFERENCE: every proc_advance() of positive length is
 * an event. SIM_EXPLORE: a strategy picks any runnable proc (see sim_set_pick).
 */
#ifndef MMSIM_CORE_SIM_H
#define MMSIM_CORE_SIM_H

#include "sim/core/coro.h"
#include "sim/core/rng.h"
#include "sim/core/types.h"
#include "sim/core/wheel.h"

enum sim_engine { SIM_NORMAL, SIM_REFERENCE, SIM_EXPLORE };

enum sim_status {
	SIM_RUNNING, /* not ended yet */
	SIM_DONE, /* sim_stop(), or every non-daemon proc has ended */
	SIM_UNTIL, /* the time limit was reached */
	SIM_DEADLOCK, /* procs remain, none can ever run (samplers do not count) */
	SIM_NO_PROGRESS, /* a million steps without advance of time */
	SIM_OVERFLOW, /* a clock would pass 2^64 - 1 ps */
	SIM_FAILED, /* sim_fail() */
};

/* Order of classes at equal (time, delta). */
enum event_class { EV_TIMER, EV_GRACE, EV_IPI, EV_SAMPLER, EV_THREAD };

enum proc_state { PROC_NEW, PROC_PENDING, PROC_RUNNING, PROC_BLOCKED, PROC_DEAD };

/* Where the upper layers hang their state; each layer owns its slot. */
enum sim_layer { LAYER_STAT, LAYER_HW, LAYER_KERN, LAYER_MM, LAYER_MODEL, LAYER_RUN, NR_LAYERS };

struct sim;

/* The first 64 bytes are what an interaction point touches. */
struct proc {
	u64 clock; /* private clock, ps; >= sim->now while it runs */
	u32 delta; /* second part of the instant */
	u32 id; /* event id, index into the wheel's nodes */
	struct sim *sim;
	struct coro coro;
	u32 rank; /* order among procs of one instant */
	u32 steps; /* steps since time last moved, for no-progress */
	u8 state; /* enum proc_state */
	bool daemon; /* does not keep the run alive (kworkers) */
	bool stepwise; /* the end of every step is an event: any engine but the normal one */
	u8 pad;
	u32 index; /* number among equal names; for reports */
	const char *name; /* not owned; for reports */
	void (*fn)(struct proc *p);
};

struct sim_timer {
	u32 id; /* event id; WHEEL_NIL before sim_timer_init() */
	u32 delta;
	u8 class; /* enum event_class, not EV_THREAD */
	bool armed;
	struct sim *sim;
	void (*fn)(struct sim_timer *t);
};

/* A cancellable one-shot event from the pool; stale handles are recognised. */
struct sim_handle {
	u32 id, gen;
};

struct sim_config {
	enum sim_engine engine;
	u64 seed;
	u32 replication;
	size_t stack_bytes; /* of each proc; 0: 16 KiB (64 KiB under sanitizers) */
};

/* Chooses the next runnable in explore mode: index into procs[0..n), n >= 1. */
typedef u32 (*sim_pick_fn)(struct sim *s, struct proc *const *procs, u32 n, void *arg);

/* Writes what @p is doing (thread, step, file:line, locks held) into buf. */
typedef void (*sim_describe_fn)(struct sim *s, struct proc *p, char *buf, size_t size);

struct sim {
	u64 now; /* time of the event being handled */
	u32 delta; /* its second part */
	u8 engine; /* enum sim_engine */
	u8 status; /* enum sim_status */
	u64 horizon; /* clocks beyond this end the run; TIME_MAX by default */
	u64 nr_events; /* queue pops, for run.log only */
	u64 nr_switches; /* coroutine switches, for run.log only */
	void *layer[NR_LAYERS];
	struct wheel wheel;
	struct sim_config config;
	struct sim_core *core; /* ready ring, id tables, pools: private to sim/core */
};

/**
 * sim_new - an empty simulation at time 0
 * @config: copied
 *
 * Returns it, owned by the caller, or NULL when out of memory.
 */
struct sim *sim_new(const struct sim_config *config);

/* Free everything the core owns, including stacks of unfinished procs. */
void sim_free(struct sim *s);

/**
 * sim_run - handle events until the run ends
 * @s: simulation
 * @until: last instant to handle, ps; TIME_MAX for no limit
 *
 * Called on the main stack. After SIM_UNTIL, s->now is @until and the run may
 * be continued by another call. Returns the status, also in s->status.
 */
enum sim_status sim_run(struct sim *s, u64 until);

/* End the run at the present instant with SIM_DONE; safe on any stack. */
void sim_stop(struct sim *s);

/**
 * sim_fail - end the run as failed
 * @s: simulation
 * @msg: static text; formatted on the main stack, up to two "%llu" for @a and @b
 *
 * Does not return when called from a proc.
 */
void sim_fail(struct sim *s, const char *msg, u64 a, u64 b);

/* Report of how the run ended (deadlock, no progress, failure), "" otherwise; owned by @s. */
const char *sim_report(struct sim *s);

/* Replace the choice of the next runnable; only used with SIM_EXPLORE. */
void sim_set_pick(struct sim *s, sim_pick_fn pick, void *arg);

/* How to describe a proc in reports. */
void sim_set_describe(struct sim *s, sim_describe_fn describe);

/**
 * sim_at - one-shot callback from the pool
 * @s: simulation
 * @class: order among agents, not EV_THREAD
 * @at: time, not before s->now; equal to now means the next delta
 * @fn: called on the scheduler's stack as fn(s, arg); must not block
 *
 * The pool grows by doubling outside the event loop's steady state. A run may use
 * some 60 different pairs of @fn and @class. Returns a handle for sim_cancel().
 */
struct sim_handle sim_at(struct sim *s, enum event_class class, u64 at,
			 void (*fn)(struct sim *s, void *arg), void *arg);

/* Cancel; false if it has fired or was cancelled before (O(1)). */
bool sim_cancel(struct sim *s, struct sim_handle h);

/* Prepare an embedded timer. Returns 0 or -ENOMEM. */
int sim_timer_init(struct sim *s, struct sim_timer *t, enum event_class class,
		   void (*fn)(struct sim_timer *t));

/* (Re)arm for @at >= now; fires once. */
void sim_timer_set(struct sim_timer *t, u64 at);

/* Disarm; false if it was not armed. */
bool sim_timer_cancel(struct sim_timer *t);

/**
 * proc_init - prepare a proc; no stack is used until it first runs
 * @s: simulation
 * @p: storage, owned by the caller, zeroed by this call
 * @fn: body; the proc ends when it returns
 * @name: for reports, not copied
 * @index: number among equal names, for reports
 *
 * Returns 0 or -ENOMEM.
 */
int proc_init(struct sim *s, struct proc *p, void (*fn)(struct proc *p), const char *name,
	      u32 index);

/* Assign ranks to all procs initialised so far: a seeded permutation. Called once by sim_run(). */
void sim_assign_ranks(struct sim *s);

/*
 * Make a new proc due at @at (>= now; equal means the next delta, or now before the run).
 * Whether it is a daemon is settled by now.
 */
void proc_start(struct proc *p, u64 at);

/* Give up the CPU of the host until proc_wake(); call synchronised. */
void proc_block(struct proc *p);

/*
 * Ask for @bytes from @p on and the top of its stack, for a proc that has not run for long
 * and is about to: a hint to the host's caches, the simulation does not see it.
 */
void proc_warm(const struct proc *p, u32 bytes);

/**
 * proc_wake - make a blocked proc due at (@at, @delta)
 *
 * The instant must be later than the present one; use sim->delta + 1 with
 * at == now. Its clock is set to the instant.
 */
void proc_wake(struct proc *p, u64 at, u32 delta);

/* Take back a proc_wake() that has not come due: the proc is blocked again. */
void proc_unwake(struct proc *p);

/*
 * Move the event of a pending proc by @ps > 0 (interrupt time that hits it).
 * The clock moves along; the delta is kept, which makes the end of the proc's
 * work the same instant in all engines.
 */
void proc_delay(struct proc *p, u64 ps);

/*
 * Move the event of a pending proc forward to @at, now or later but before its
 * clock: the rest of its work is not done (preemption).
 */
void proc_hasten(struct proc *p, u64 at);

/* Slow paths of the inline functions below. */
void proc_sync_slow(struct proc *p);
void proc_step(struct proc *p);
void proc_overflow(struct proc *p);
void proc_stuck(struct proc *p);

/* Steps of a proc, or events of a run, without advance of time that end the run. */
#define SIM_STUCK_MAX 1000000U

/* A step that takes no time is no event, but a million in a row are an error. */
static inline void proc_count_step(struct proc *p)
{
	if (unlikely(++p->steps > SIM_STUCK_MAX))
		proc_stuck(p);
}

/* The clock of a blocked proc moves up to the present instant, which is not before it. */
static inline void proc_catch_up(struct proc *p)
{
	if (p->sim->now > p->clock)
		p->steps = 0;
	p->clock = p->sim->now;
}

/* Add private work to the clock: no event in SIM_NORMAL. */
static inline void proc_advance(struct proc *p, u64 ps)
{
	if (!ps) {
		proc_count_step(p);
		return;
	}
	if (unlikely(__builtin_add_overflow(p->clock, ps, &p->clock)))
		proc_overflow(p);
	p->delta = 0;
	p->steps = 0;
	if (unlikely(p->stepwise))
		proc_step(p);
}

/* Move the clock to an instant not before its own; as proc_advance(). */
static inline void proc_advance_to(struct proc *p, u64 at, u32 delta)
{
	if (at > p->clock) {
		proc_advance(p, at - p->clock);
		p->delta = delta;
	} else if (at == p->clock && delta > p->delta) {
		p->delta = delta;
	}
}

/*
 * Interaction point: on return, the proc's instant is the present one and every
 * earlier event has been handled. Free if it already is the present instant.
 */
static inline void proc_sync(struct proc *p)
{
	struct sim *s = p->sim;

	if (p->clock == s->now && p->delta == s->delta) {
		proc_count_step(p);
		return;
	}
	proc_sync_slow(p);
}

/*
 * Debug check on an access to open state (read or written without one lock):
 * aborts the run if the proc has run ahead of the present instant.
 */
#ifdef MMSIM_DEBUG
void proc_assert_open(struct proc *p);
#else
static inline void proc_assert_open(struct proc *p)
{
	(void)p;
}
#endif

#endif
