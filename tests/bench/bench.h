/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the benchmarks share: clock, result lines and the reference loop. */
#ifndef MMSIM_TESTS_BENCH_H
#define MMSIM_TESTS_BENCH_H

#include "sim/core/core.h"

struct bench {
	double reference_ns; /* per hold of the embedded binary heap */
	u64 ops;
	u32 repeat;
	bool failed;
};

/* Host time in ns. */
double bench_now(void);
/* One line: best and median ns per operation, ratio to the reference, checksum. */
void bench_line(struct bench *b, const char *name, u32 n, double *ns, u64 sum);
/* Report a wrong checksum. */
void bench_same(struct bench *b, const char *name, u32 n, u64 got, u64 want);

void bench_reference(struct bench *b);
void bench_hold(struct bench *b);
void bench_phold(struct bench *b);
void bench_switch(struct bench *b);
void bench_spawn(struct bench *b);
void bench_rng(struct bench *b);

#define BENCH_REPEAT_MAX 5

#endif
