// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The load of bench_lock.c on the FIFO lock of sim/kern, each task on a CPU of its own:
 * the engine's part and all that the product adds, buckets, profile, lock statistics
 * and what of them an interrupt may still change. No target: engine.md states none.
 * And 65,536 tasks on 1,024 CPUs at one qspinlock, where the target is 5 million cycles/s.
 */
#include "sim/kern/spinlock.h"
#include "tests/bench/bench_lock.h"

#include <stdio.h>
#include <stdlib.h>

struct spin_world {
	struct lock_case c;
	struct spinlock lock;
	struct sim *sim;
	u64 cycles; /* of each task */
	u64 done, warm;
	u64 events; /* when the clock started */
	double from;
};

static void count_cycle(struct spin_world *w)
{
	if (++w->done != w->warm)
		return;
	w->events = w->sim->nr_events;
	w->from = bench_now();
}

static void spin_body(struct task *t, void *arg)
{
	struct spin_world *w = arg;
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
		if (w->c.cpus)
			cond_resched(t);
	}
}

struct lock_result spinlock_run(const struct lock_case *c, u64 ops)
{
	struct sim_config config = { .engine = SIM_NORMAL, .seed = 1 };
	struct spin_world w = { .c = *c };
	struct lock_result res;
	struct machine *m;
	struct hw *hw;
	struct kern *k;
	char name[16];
	u64 timed;
	u32 i, cpus = c->cpus ? c->cpus : c->n;

	snprintf(name, sizeof(name), "%s-%u", c->cpus ? "flat" : "ideal", cpus);
	m = machine_builtin(name);
	w.sim = sim_new(&config);
	hw = m && w.sim ? hw_new(w.sim, m) : NULL;
	k = hw ? kern_new(hw, VIRT_NONE, 1, 0) : NULL;
	if (!k || spin_lock_init(k, &w.lock, "bench", c->cpus ? SPIN_QSPINLOCK : SPIN_FIFO))
		abort();
	w.warm = max_u64(2 * c->n, ops / 3);
	w.cycles = (w.warm + ops + c->n - 1) / c->n;
	timed = w.cycles * c->n - w.warm;
	for (i = 0; i < c->n; i++)
		task_start(task_new(k, "bench", i, i % cpus, spin_body, &w));
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

void bench_spinlock(struct bench *b)
{
	static const double none[4];

	lock_loads(b, "spinlock", spinlock_run, false, 1, none, 0.0);
	lock_loads(b, "spinlock-queued", spinlock_run, true, 1, none, 0.0);
}

/* So many cycles that each task has had its first turn when the clock starts, and more. */
static struct lock_result many_run(const struct lock_case *c, u64 ops)
{
	return spinlock_run(c, max_u64(ops, 100 * c->n));
}

void bench_spinlock_many(struct bench *b)
{
	static const struct lock_case c = {
		.n = 65536, .think_ns = 1000, .steps = 1, .cpus = 1024
	};

	lock_rows(b, "spinlock-many", many_run, c, 200.0, 0.0);
}
