/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random streams: xoshiro256++ seeded through splitmix64, one stream per
 * (scenario seed, replication, thread group, index in group, purpose), so that
 * a result depends neither on the order of events nor on other threads
 * (reference engine.md 3.1, method.md E1). Variates use integer arithmetic and
 * our own tables or series for log and exp, never libm, so that the same bytes
 * come out under every compiler and host (method.md E2).
 */
#ifndef MMSIM_CORE_RNG_H
#define MMSIM_CORE_RNG_H

#include "sim/core/types.h"

struct rng {
	u64 s[4];
};

/* What a stream is used for. A variant never draws from RNG_WORKLOAD. */
enum rng_purpose {
	RNG_WORKLOAD, /* sizes, alignments, choices of the scenario */
	RNG_THINK, /* think times and their jitter */
	RNG_MECHANISM, /* random decisions of the simulated kernel */
	RNG_ARBITRATION, /* who wins a race for an unfair lock */
};

/**
 * rng_seed - start the stream of one purpose
 * @r: stream to initialise
 * @seed: scenario seed
 * @replication: replication number
 * @group: name of the thread group or object, hashed; NULL is ""
 * @index: index inside the group
 * @purpose: what the stream is for
 *
 * Sweep values and variant are deliberately no input.
 */
void rng_seed(struct rng *r, u64 seed, u32 replication, const char *group, u32 index,
	      enum rng_purpose purpose);

/**
 * rng_fork - stream of the n-th thread spawned by the owner of @parent
 * @child: stream to initialise
 * @parent: stream of the spawning thread, not advanced
 * @n: spawn number
 */
void rng_fork(struct rng *child, const struct rng *parent, u64 n);

static inline u64 rng_rotl(u64 x, int k)
{
	return (x << k) | (x >> (64 - k));
}

/* Next 64 random bits. */
static inline u64 rng_u64(struct rng *r)
{
	u64 *s = r->s;
	u64 result = rng_rotl(s[0] + s[3], 23) + s[0];
	u64 t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rng_rotl(s[3], 45);
	return result;
}

/* Uniform integer in [0, n), n > 0, by multiply-shift (bias below 2^-32 for n < 2^32). */
static inline u64 rng_below(struct rng *r, u64 n)
{
	return (u64)(((u128)rng_u64(r) * n) >> 64);
}

/* Uniform double in [0, 1) with 53 bits; signed conversion on purpose (engine.md 3.1). */
static inline double rng_unit(struct rng *r)
{
	return (double)(s64)(rng_u64(r) >> 11) * 0x1.0p-53;
}

/* Standard exponential variate (mean 1), 256-layer ziggurat. */
double rng_exp(struct rng *r);

/* Exponential duration with the given mean in ps, rounded to whole ps. */
u64 rng_exp_ps(struct rng *r, u64 mean_ps);

/* Standard normal variate. */
double rng_normal(struct rng *r);

/* exp(mu + sigma * normal); mu and sigma are of the logarithm. */
double rng_lognormal(struct rng *r, double mu, double sigma);

/**
 * rng_zipf - Zipf-distributed rank in [0, n), weight of rank k is (k+1)^-s
 * @r: stream
 * @n: number of ranks, at least 1
 * @s: exponent, > 0
 *
 * Rejection inversion; O(1) expected time, no table.
 */
u64 rng_zipf(struct rng *r, u64 n, double s);

/* Own logarithm and exponential, bit-identical everywhere; x > 0 for sim_log. */
double sim_log(double x);
double sim_exp(double x);

#endif
