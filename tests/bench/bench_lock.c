// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A FIFO lock of sim/kern under closed load (engine.md 1.3, 2.3): N tasks, each on a
 * CPU of its own, think for k exponential steps of Z/k, hold the lock for 100 ns.
 * In the timeline form the holder runs through its section and one event a cycle is
 * left; in the queued form it synchronises inside, so that whoever comes meanwhile
 * queues. Both are the same model: the total wait is the same to the bit.
 */
#include "sim/kern/spinlock.h"
#include "tests/bench/bench.h"

#include <stdio.h>
#include <stdlib.h>

#define HOLD_PS (100 * PS_PER_NS)

struct lock_case {
	u32 n;
	u64 think_ns;
	u32 steps; /* k */
	bool queued;
};

/* Z = 50 N: saturated; Z = 400 N: a quarter of it. */
static const struct lock_case loads[] = {
	{ .n = 64, .think_ns = 3200 },
	{ .n = 64, .think_ns = 25600 },
	{ .n = 1024, .think_ns = 51200 },
	{ .n = 1024, .think_ns = 409600 },
};

struct lock_world {
	struct lock_case c;
	struct spinlock lock;
	struct sim *sim;
	u64 cycles; /* of each task */
	u64 done, warm;
	u64 events; /* when the clock started */
	double from;
};

struct lock_result {
	double ns, events; /* per cycle */
	u64 wait; /* total, ps */
};

static void count_cycle(struct lock_world *w)
{
	if (++w->done != w->warm)
		return;
	w->events = w->sim->nr_events;
	w->from = bench_now();
}

static void lock_body(struct task *t, void *arg)
{
	struct lock_world *w = arg;
	struct rng *r = &t->rng[RNG_WORKLOAD];
	u64 mean = w->c.think_ns * PS_PER_NS / w->c.steps;
	u64 i;
	u32 k;

	FRAME(t, "bench");

	for (i = 0; i < w->cycles; i++) {
		for (k = 0; k < w->c.steps; k++)
			work(t, rng_exp_ps(r, mean));
		spin_lock(t, &w->lock);
		work(t, HOLD_PS);
		if (w->c.queued)
			task_sync(t);
		spin_unlock(t, &w->lock);
		count_cycle(w);
	}
}

static struct lock_result lock_run(const struct lock_case *c, u64 ops)
{
	struct sim_config config = { .engine = SIM_NORMAL, .seed = 1 };
	struct lock_world w = { .c = *c };
	struct lock_result res;
	struct machine *m;
	struct hw *hw;
	struct kern *k;
	char name[16];
	u64 timed;
	u32 i;

	snprintf(name, sizeof(name), "ideal-%u", c->n);
	m = machine_builtin(name);
	w.sim = sim_new(&config);
	hw = m && w.sim ? hw_new(w.sim, m) : NULL;
	k = hw ? kern_new(hw, VIRT_NONE, 1, 0) : NULL;
	if (!k || spin_lock_init(k, &w.lock, "bench", SPIN_FIFO))
		abort();
	w.warm = max_u64(2 * c->n, ops / 3);
	w.cycles = (w.warm + ops + c->n - 1) / c->n;
	timed = w.cycles * c->n - w.warm;
	for (i = 0; i < c->n; i++)
		task_start(task_new(k, "bench", i, i, lock_body, &w));
	kern_begin(k, 0);
	if (sim_run(w.sim, TIME_MAX) != SIM_DONE)
		abort();
	res.ns = (bench_now() - w.from) / (double)timed;
	res.events = (double)(w.sim->nr_events - w.events) / (double)timed;
	kern_end(k, w.sim->now);
	res.wait = (u64)w.lock.class->side[0].wait_total;
	spin_lock_destroy(&w.lock);
	kern_free(k);
	hw_free(hw);
	machine_free(m);
	sim_free(w.sim);
	return res;
}

/* @events: wanted events a cycle, 0 if there is no such target. */
static void lock_rows(struct bench *b, const char *name, struct lock_case c, double target,
		      double events)
{
	char params[48];
	struct bench_row row = { name, params, "ns/cycle", BENCH_TIME, target };
	double ns[BENCH_REPEAT_MAX], ev[BENCH_REPEAT_MAX];
	u64 sums[BENCH_REPEAT_MAX];
	u32 i;

	snprintf(params, sizeof(params), "N=%u Z=%lluns k=%u", c.n, (unsigned long long)c.think_ns,
		 c.steps);
	for (i = 0; i < b->repeat; i++) {
		struct lock_result r = lock_run(&c, b->ops);

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

static void lock_loads(struct bench *b, const char *name, bool queued, u32 steps,
		       const double *targets, double events)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(loads); i++) {
		struct lock_case c = loads[i];

		c.queued = queued;
		c.steps = steps;
		lock_rows(b, name, c, targets[i], events);
	}
}

void bench_lock_queued(struct bench *b)
{
	static const double targets[] = { 50.0, 38.0, 58.0, 45.0 };

	lock_loads(b, "lock-queued", true, 1, targets, 0.0);
}

void bench_lock_timeline(struct bench *b)
{
	static const double targets[] = { 28.0, 28.0, 36.0, 35.0 };

	lock_loads(b, "lock-timeline", false, 1, targets, 0.0);
}

void bench_lock_private(struct bench *b)
{
#ifdef __clang__
	static const double targets[] = { 50.0, 50.0, 58.0, 58.0 };
#else
	static const double targets[] = { 75.0, 75.0, 88.0, 88.0 };
#endif

	lock_loads(b, "lock-private", false, 8, targets, 1.0);
}

void bench_equivalence(struct bench *b)
{
	u32 i;

	for (i = 0; i < 2 * ARRAY_SIZE(loads); i++) {
		struct lock_case c = loads[i / 2];
		u64 ops = max_u64(b->ops / 10, 20 * c.n);
		struct lock_result timeline, queued;
		char params[48];
		struct bench_row row = { "equivalence", params, "ps", BENCH_TIME, 0.0 };

		c.steps = i % 2 ? 8 : 1;
		timeline = lock_run(&c, ops);
		c.queued = true;
		queued = lock_run(&c, ops);
		snprintf(params, sizeof(params), "N=%u Z=%lluns k=%u", c.n,
			 (unsigned long long)c.think_ns, c.steps);
		printf("%-14s %-25s total wait %llu ps, %.2f and %.2f events/cycle\n", row.name,
		       params, (unsigned long long)timeline.wait, timeline.events, queued.events);
		bench_same(b, &row, queued.wait, timeline.wait);
		if (!timeline.wait)
			bench_wrong(b, &row, "nobody has waited");
		if (queued.events < timeline.events + 0.2)
			bench_wrong(b, &row, "the queued form makes no more events");
	}
}
