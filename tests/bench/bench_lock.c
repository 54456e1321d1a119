// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The bare FIFO lock under closed load (engine.md 1.3, 2.3), as the peers of that page
 * were measured: N coroutines think for k exponential steps of Z/k and hold the lock for
 * 100 ns, nothing but the total wait is counted. In the timeline form the holder runs
 * through its section and one event a cycle is left; in the queued form it synchronises
 * inside, and whoever comes meanwhile blocks. The total wait is the same to the bit.
 */
#include "tests/bench/bench_lock.h"

#include "sim/core/mem.h"

#include <stdio.h>
#include <stdlib.h>

/* Z = 50 N: saturated; Z = 400 N: a quarter of it. */
static const struct lock_case loads[] = {
	{ .n = 64, .think_ns = 3200 },
	{ .n = 64, .think_ns = 25600 },
	{ .n = 1024, .think_ns = 51200 },
	{ .n = 1024, .think_ns = 409600 },
};

struct lock_world {
	struct lock_case c;
	struct sim *sim;
	u64 free_at; /* timeline: when the lock falls free */
	struct cycler *head, **tail; /* queued: who waits */
	bool held;
	u64 wait;
	u64 cycles; /* of each thread */
	u64 done, warm;
	u64 events; /* when the clock started */
	double from;
};

struct cycler {
	_Alignas(HOST_LINE) struct proc proc;
	struct lock_world *w;
	struct cycler *next;
	struct rng rng;
};

static void count_cycle(struct lock_world *w)
{
	if (++w->done != w->warm)
		return;
	w->events = w->sim->nr_events;
	w->from = bench_now();
}

/* The holder's release is known at once: whoever comes next computes its grant from it. */
static void cycle_timeline(struct cycler *t)
{
	struct lock_world *w = t->w;
	u64 grant;

	proc_sync(&t->proc);
	grant = max_u64(t->proc.clock, w->free_at);
	w->wait += grant - t->proc.clock;
	w->free_at = grant + HOLD_PS;
	proc_advance(&t->proc, w->free_at - t->proc.clock);
}

static void cycle_queued(struct cycler *t)
{
	struct lock_world *w = t->w;
	u64 arrival;

	proc_sync(&t->proc);
	arrival = t->proc.clock;
	if (w->held) {
		t->next = NULL;
		*w->tail = t;
		w->tail = &t->next;
		proc_block(&t->proc);
	}
	w->held = true;
	w->wait += t->proc.clock - arrival;
	proc_advance(&t->proc, HOLD_PS);
	proc_sync(&t->proc);
	t = w->head;
	w->held = t != NULL;
	if (!t)
		return;
	w->head = t->next;
	if (!w->head)
		w->tail = &w->head;
	proc_wake(&t->proc, w->sim->now, w->sim->delta + 1);
}

static void lock_body(struct proc *p)
{
	struct cycler *t = container_of(p, struct cycler, proc);
	struct lock_world *w = t->w;
	u64 mean = w->c.think_ns * PS_PER_NS / w->c.steps;

	for (u64 i = 0; i < w->cycles; i++) {
		for (u32 k = 0; k < w->c.steps; k++)
			proc_advance(p, rng_exp_ps(&t->rng, mean));
		if (w->c.queued)
			cycle_queued(t);
		else
			cycle_timeline(t);
		count_cycle(w);
	}
}

/*
 * Procs that never run. Ties go by rank, a permutation of all procs: with as many procs as
 * sim/kern has with its kworkers, they go as they do there, and total waits can be compared.
 */
static struct proc *bystanders(struct sim *s, u32 nr)
{
	struct proc *p = zalloc_lines(nr * sizeof(*p));

	if (!p)
		abort();
	for (u32 i = 0; i < nr; i++)
		if (proc_init(s, &p[i], lock_body, "bystander", i))
			abort();
	return p;
}

static struct lock_result lock_run(const struct lock_case *c, u64 ops)
{
	struct sim_config config = { .engine = SIM_NORMAL, .seed = 1 };
	struct lock_world w = { .c = *c, .tail = &w.head };
	struct cycler *t = zalloc_lines(c->n * sizeof(*t));
	struct lock_result res;
	struct proc *others;
	u64 timed;

	w.sim = sim_new(&config);
	if (!t || !w.sim)
		abort();
	others = bystanders(w.sim, 2 * c->n);
	w.warm = max_u64(2 * c->n, ops / 3);
	w.cycles = (w.warm + ops + c->n - 1) / c->n;
	timed = w.cycles * c->n - w.warm;
	for (u32 i = 0; i < c->n; i++) {
		t[i].w = &w;
		rng_seed(&t[i].rng, 1, 0, "bench", i, RNG_WORKLOAD);
		if (proc_init(w.sim, &t[i].proc, lock_body, "bench", i))
			abort();
		proc_start(&t[i].proc, 0);
	}
	if (sim_run(w.sim, TIME_MAX) != SIM_DONE)
		abort();
	res.ns = (bench_now() - w.from) / (double)timed;
	res.events = (double)(w.sim->nr_events - w.events) / (double)timed;
	res.wait = w.wait;
	sim_free(w.sim);
	free(others);
	free(t);
	return res;
}

/* @events: wanted events a cycle, 0 if there is no such target. */
void lock_rows(struct bench *b, const char *name, lock_run_fn run, struct lock_case c,
	       double target, double events)
{
	char params[48];
	struct bench_row row = { name, params, "ns/cycle", BENCH_TIME, target };
	double ns[BENCH_REPEAT_MAX], ev[BENCH_REPEAT_MAX];
	u64 sums[BENCH_REPEAT_MAX];
	u32 i;

	snprintf(params, sizeof(params), "N=%u Z=%lluns k=%u", c.n, (unsigned long long)c.think_ns,
		 c.steps);
	for (i = 0; i < b->repeat; i++) {
		struct lock_result r = run(&c, b->ops);

		ns[i] = r.ns;
		ev[i] = r.events;
		sums[i] = r.wait;
	}
	bench_line(b, &row, ns, sums);
	row.unit = "events/cycle";
	row.kind = BENCH_COUNT;
	row.target = events;
	bench_line(b, &row, ev, sums);
}

void lock_loads(struct bench *b, const char *name, lock_run_fn run, bool queued, u32 steps,
		const double *targets, double events)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(loads); i++) {
		struct lock_case c = loads[i];

		c.queued = queued;
		c.steps = steps;
		lock_rows(b, name, run, c, targets[i], events);
	}
}

void bench_lock_queued(struct bench *b)
{
	static const double targets[] = { 50.0, 38.0, 58.0, 45.0 };

	lock_loads(b, "lock-queued", lock_run, true, 1, targets, 0.0);
}

void bench_lock_timeline(struct bench *b)
{
	static const double targets[] = { 28.0, 28.0, 36.0, 35.0 };

	lock_loads(b, "lock-timeline", lock_run, false, 1, targets, 0.0);
}

void bench_lock_private(struct bench *b)
{
#ifdef __clang__
	static const double targets[] = { 50.0, 50.0, 58.0, 58.0 };
#else
	static const double targets[] = { 75.0, 75.0, 88.0, 88.0 };
#endif

	lock_loads(b, "lock-private", lock_run, false, 8, targets, 1.0);
}

/* Both forms of @run under one load. */
static u64 equivalent(struct bench *b, const char *name, lock_run_fn run, struct lock_case c)
{
	u64 ops = max_u64(b->ops / 10, 20 * c.n);
	struct lock_result timeline, queued;
	char params[48];
	struct bench_row row = { name, params, "ps", BENCH_TIME, 0.0 };

	c.queued = false;
	timeline = run(&c, ops);
	c.queued = true;
	queued = run(&c, ops);
	snprintf(params, sizeof(params), "N=%u Z=%lluns k=%u", c.n, (unsigned long long)c.think_ns,
		 c.steps);
	printf("%-14s %-25s total wait %llu ps, %.2f and %.2f events/cycle\n", row.name, params,
	       (unsigned long long)timeline.wait, timeline.events, queued.events);
	bench_same(b, &row, queued.wait, timeline.wait);
	if (!timeline.wait)
		bench_wrong(b, &row, "nobody has waited");
	if (queued.events < timeline.events + 0.2)
		bench_wrong(b, &row, "the queued form makes no more events");
	return timeline.wait;
}

void bench_equivalence(struct bench *b)
{
	for (u32 i = 0; i < 2 * ARRAY_SIZE(loads); i++) {
		static const struct bench_row row = { "eq-spinlock", "bare", "ps", BENCH_TIME,
						      0.0 };
		struct lock_case c = loads[i / 2];
		u64 bare, kern;

		c.steps = i % 2 ? 8 : 1;
		bare = equivalent(b, "equivalence", lock_run, c);
		kern = equivalent(b, "eq-spinlock", spinlock_run, c);
		bench_same(b, &row, kern, bare);
	}
}
