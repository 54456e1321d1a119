/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The closed load of engine.md 1.3, for the bare lock and that of sim/kern. */
#ifndef MMSIM_TESTS_BENCH_LOCK_H
#define MMSIM_TESTS_BENCH_LOCK_H

#include "tests/bench/bench.h"

#define HOLD_PS (100 * PS_PER_NS)

struct lock_case {
	u32 n; /* threads */
	u64 think_ns; /* Z, mean */
	u32 steps; /* k: exponential steps of Z/k */
	bool queued; /* the holder synchronises inside its section */
	u32 cpus; /* that share the threads, which take turns; 0: one each, and no line costs */
};

struct lock_result {
	double ns, events; /* per cycle */
	u64 wait; /* total, ps */
};

typedef struct lock_result (*lock_run_fn)(const struct lock_case *c, u64 ops);

/* Rows of all loads. @targets: ns a cycle, 0 for none; @events: wanted a cycle, likewise. */
void lock_loads(struct bench *b, const char *name, lock_run_fn run, bool queued, u32 steps,
		const double *targets, double events);
/* Two rows of one load. */
void lock_rows(struct bench *b, const char *name, lock_run_fn run, struct lock_case c,
	       double target, double events);
struct lock_result spinlock_run(const struct lock_case *c, u64 ops);

#endif
