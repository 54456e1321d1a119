// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The heart of the core: SIM_NORMAL and SIM_REFERENCE return from proc_sync() in
 * the same order. Random little models with locks, timeouts, interrupts, delays,
 * wake-ups taken back and spawned threads, all from streams of the threads.
 */
#include "sim/core/sim.h"
#include "tests/core/check_main.h"

#include <pthread.h>

#define SEEDS 400
#define PROCS 24 /* half of them spawned */
#define TRACE 6000
#define STEPS 40

struct point {
	u64 time;
	u32 delta, who, what;
};

struct thread {
	struct proc p;
	struct sim_timer timeout;
	struct rng r;
	struct world *w;
	u32 spawned;
	bool waits, timed_out, woken;
};

struct world {
	struct sim *s;
	struct thread t[PROCS];
	u32 nr, first, scale;
	struct thread *owner, *queue[PROCS];
	u32 nr_queue;
	struct sim_timer tick;
	struct rng r;
	struct point trace[TRACE];
	u32 nr_trace;
};

static void note(struct world *w, u32 who, u32 what)
{
	if (w->nr_trace < TRACE)
		w->trace[w->nr_trace++] = (struct point){ w->s->now, w->s->delta, who, what };
}

static struct thread *thread_of(struct proc *p)
{
	return container_of(p, struct thread, p);
}

static void dequeue(struct world *w, struct thread *t)
{
	u32 i = 0;

	while (w->queue[i] != t)
		i++;
	for (w->nr_queue--; i < w->nr_queue; i++)
		w->queue[i] = w->queue[i + 1];
	t->waits = false;
}

static void on_timeout(struct sim_timer *timer)
{
	struct thread *t = container_of(timer, struct thread, timeout);

	note(t->w, t->p.index, 1);
	if (!t->waits)
		return;
	dequeue(t->w, t);
	t->timed_out = true;
	proc_wake(&t->p, t->p.sim->now, t->p.sim->delta + 1);
}

static void hit(struct world *w, struct rng *r)
{
	struct thread *t = &w->t[rng_below(r, w->nr)];

	if (t->p.state == PROC_PENDING && !t->woken)
		proc_delay(&t->p, 1 + rng_below(r, 5 * w->scale));
}

static void on_tick(struct sim_timer *timer)
{
	struct world *w = container_of(timer, struct world, tick);

	note(w, 1000, 0);
	hit(w, &w->r);
	if (w->s->now < 300ULL * w->scale)
		sim_timer_set(timer, w->s->now + rng_below(&w->r, 9) * w->scale);
}

static void on_shot(struct sim *s, void *arg)
{
	struct thread *t = arg;

	(void)s;
	note(t->w, t->p.index, 2);
	hit(t->w, &t->w->r);
}

static void work(struct thread *t)
{
	u32 n = (u32)rng_below(&t->r, 4);

	while (n--)
		proc_advance(&t->p, rng_below(&t->r, 6) * t->w->scale);
	if (!rng_below(&t->r, 8))
		proc_advance_to(&t->p, t->p.clock + rng_below(&t->r, 3), (u32)rng_below(&t->r, 3));
}

static bool lock(struct thread *t)
{
	struct world *w = t->w;

	proc_sync(&t->p);
	note(w, t->p.index, 3);
	if (!w->owner) {
		w->owner = t;
		return true;
	}
	w->queue[w->nr_queue++] = t;
	t->waits = true;
	t->timed_out = false;
	if (!rng_below(&t->r, 3))
		sim_timer_set(&t->timeout, w->s->now + rng_below(&t->r, 20) * w->scale);
	proc_block(&t->p);
	t->woken = false;
	note(w, t->p.index, 4 + t->timed_out);
	sim_timer_cancel(&t->timeout);
	return !t->timed_out;
}

static void unlock(struct thread *t)
{
	struct world *w = t->w;
	struct sim *s = w->s;
	struct thread *next;
	u64 cost = rng_below(&t->r, 3);

	proc_sync(&t->p);
	note(w, t->p.index, 6);
	w->owner = NULL;
	if (!w->nr_queue)
		return;
	next = w->queue[0];
	dequeue(w, next);
	w->owner = next;
	next->woken = true;
	proc_wake(&next->p, s->now + 50 * w->scale, 0);
	proc_unwake(&next->p);
	proc_wake(&next->p, s->now + cost, cost ? 0 : s->delta + 1);
}

static void spawn(struct world *w, u64 at);

static void body(struct proc *p)
{
	struct thread *t = thread_of(p);
	struct world *w = t->w;
	struct sim_handle h;
	u32 i, steps = (u32)rng_below(&t->r, STEPS);

	note(w, p->index, 7);
	for (i = 0; i < steps; i++) {
		work(t);
		if (lock(t)) {
			work(t);
			unlock(t);
		}
		work(t);
		proc_sync(p);
		note(w, p->index, 8);
		h = sim_at(w->s, (enum event_class)rng_below(&t->r, 4),
			   w->s->now + rng_below(&t->r, 4) * w->scale, on_shot, t);
		if (!rng_below(&t->r, 2))
			sim_cancel(w->s, h);
		if (w->nr < PROCS && !rng_below(&t->r, 10))
			spawn(w, w->s->now + rng_below(&t->r, 3) * w->scale);
	}
}

static void spawn(struct world *w, u64 at)
{
	struct thread *t = &w->t[w->nr];

	t->w = w;
	rng_seed(&t->r, w->s->config.seed, 0, "thread", w->nr, RNG_WORKLOAD);
	ck_assert_int_eq(proc_init(w->s, &t->p, body, "thread", w->nr), 0);
	ck_assert_int_eq(sim_timer_init(w->s, &t->timeout, EV_TIMER, on_timeout), 0);
	w->nr++;
	proc_start(&t->p, at);
}

static struct world *world_run(enum sim_engine engine, u64 seed, u64 slice)
{
	struct sim_config config = { .engine = engine, .seed = seed };
	struct world *w = calloc(1, sizeof(*w));
	enum sim_status status;
	u64 until = slice ? slice : TIME_MAX;

	w->s = sim_new(&config);
	rng_seed(&w->r, seed, 0, "world", 0, RNG_WORKLOAD);
	w->scale = rng_below(&w->r, 2) ? 1 : 777;
	w->first = 1 + (u32)rng_below(&w->r, PROCS / 2);
	ck_assert_int_eq(sim_timer_init(w->s, &w->tick, EV_IPI, on_tick), 0);
	sim_timer_set(&w->tick, rng_below(&w->r, 3));
	while (w->nr < w->first)
		spawn(w, rng_below(&w->r, 2) * rng_below(&w->r, 5));
	while ((status = sim_run(w->s, until)) == SIM_UNTIL)
		until += slice;
	if (status != SIM_DONE)
		ck_abort_msg("seed %lu engine %d: status %d, %s", (unsigned long)seed, (int)engine,
			     (int)status, sim_report(w->s));
	note(w, 2000, 0);
	sim_free(w->s);
	return w;
}

static void same(const struct world *a, const struct world *b, u64 seed, const char *what)
{
	u32 i;

	for (i = 0; i < a->nr_trace && i < b->nr_trace; i++) {
		const struct point *x = &a->trace[i], *y = &b->trace[i];

		if (x->time == y->time && x->delta == y->delta && x->who == y->who &&
		    x->what == y->what)
			continue;
		ck_abort_msg("%s, seed %lu: point %u is %lu.%u/%u/%u and %lu.%u/%u/%u", what,
			     (unsigned long)seed, i, (unsigned long)x->time, x->delta, x->who,
			     x->what, (unsigned long)y->time, y->delta, y->who, y->what);
	}
	ck_assert_uint_eq(a->nr_trace, b->nr_trace);
}

START_TEST(test_engines)
{
	u64 seed, points = 0;

	for (seed = 1; seed <= SEEDS; seed++) {
		struct world *a = world_run(SIM_NORMAL, seed, 0);
		struct world *b = world_run(SIM_REFERENCE, seed, 0);
		struct world *c = world_run(SIM_NORMAL, seed, 1 + seed % 50);

		same(a, b, seed, "normal and reference");
		same(a, c, seed, "whole and in slices");
		points += a->nr_trace;
		free(a);
		free(b);
		free(c);
	}
	ck_assert_uint_gt(points, 100 * SEEDS);
}
END_TEST

static void *run_many(void *arg)
{
	struct world **out = arg;
	u64 seed;

	for (seed = 0; seed < 40; seed++)
		out[seed] = world_run(SIM_NORMAL, 1000 + seed, 0);
	return NULL;
}

START_TEST(test_side_by_side)
{
	struct world *a[40], *b[40], *c[40];
	pthread_t t1, t2;
	u32 i;

	ck_assert_int_eq(pthread_create(&t1, NULL, run_many, a), 0);
	ck_assert_int_eq(pthread_create(&t2, NULL, run_many, b), 0);
	pthread_join(t1, NULL);
	pthread_join(t2, NULL);
	run_many(c);
	for (i = 0; i < 40; i++) {
		same(a[i], c[i], 1000 + i, "thread 1 and sequential");
		same(b[i], c[i], 1000 + i, "thread 2 and sequential");
		free(a[i]);
		free(b[i]);
		free(c[i]);
	}
}
END_TEST

CHECK_MAIN("equal", test_engines, test_side_by_side)
