/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the benchmarks share: clock, result lines and the reference loop. */
#ifndef MMSIM_TESTS_BENCH_H
#define MMSIM_TESTS_BENCH_H

#include "sim/core/core.h"

#define BENCH_REPEAT_MAX 9

struct bench {
	double reference_ns; /* per hold of the embedded binary heap, timed before each group */
	u64 ops; /* timed operations of a repetition */
	u32 repeat;
	bool quick;
	bool failed; /* a checksum or an answer was wrong */
	double worst; /* lowest percentage of a target so far */
	double min_percent; /* less than this fails; 0: nothing does */
};

enum bench_kind {
	BENCH_TIME, /* values are ns an item and shown so */
	BENCH_RATE, /* values are ns an item, shown as millions of items a second */
	BENCH_COUNT, /* values are shown as they are and owe nothing to the host's speed */
};

/* What a line of the table says besides its values. */
struct bench_row {
	const char *name;
	const char *params;
	const char *unit;
	enum bench_kind kind;
	double target; /* on the reference machine, in the unit; 0: none */
};

/* Host time in ns. */
double bench_now(void);
/* Resident bytes of this process. */
u64 bench_resident(void);
/* Mix a value into a checksum that depends on the order. */
static inline u64 bench_mix(u64 sum, u64 v)
{
	return (sum ^ v) * 0x9e3779b97f4a7c15ULL + (sum >> 31);
}

/*
 * One line: best and median of the b->repeat values in @v (sorted in place), ratio to the
 * reference loop, percent of the target ratio, checksum. @sums: of each repetition; they have
 * to be equal.
 */
void bench_line(struct bench *b, const struct bench_row *row, double *v, const u64 *sums);
/* Report a checksum that differs from what it has to be. */
void bench_same(struct bench *b, const struct bench_row *row, u64 got, u64 want);
/* Report anything else that is wrong and fail. */
void bench_wrong(struct bench *b, const struct bench_row *row, const char *what);

/* The groups. */
void bench_reference(struct bench *b, bool print);
void bench_hold_exp(struct bench *b);
void bench_hold_uni(struct bench *b);
void bench_hold_bimodal(struct bench *b);
void bench_hold_ties(struct bench *b);
void bench_hold_cancel(struct bench *b);
void bench_phold(struct bench *b);
void bench_switch(struct bench *b);
void bench_spawn(struct bench *b);
void bench_mem_event(struct bench *b);
void bench_rng(struct bench *b);
void bench_lock_queued(struct bench *b);
void bench_lock_timeline(struct bench *b);
void bench_lock_private(struct bench *b);
void bench_spinlock(struct bench *b);
void bench_spinlock_many(struct bench *b);
void bench_equivalence(struct bench *b);
void bench_model_ops(struct bench *b);
void bench_yaml_load(struct bench *b);
void bench_csv_write(struct bench *b);

#endif
