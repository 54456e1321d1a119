// SPDX-License-Identifier: GPL-2.0-or-later
/* Variates of the distributions a scenario may name. */
#include "sim/experiment/prog.h"

#include <math.h>

static s64 round_s64(double x)
{
	if (x >= 9.2e18)
		return INT64_MAX;
	if (x <= -9.2e18)
		return INT64_MIN;
	return x >= 0 ? (s64)(x + 0.5) : -(s64)(0.5 - x);
}

static s64 draw_uniform(struct thread *th, struct rng *r, s64 a, s64 b)
{
	u64 span;

	if (b < a)
		thread_fail(th, "uniform: upper bound below lower bound", 0, 0);
	span = (u64)b - (u64)a + 1;
	return span ? (s64)((u64)a + rng_below(r, span)) : (s64)rng_u64(r);
}

/* Mean and standard deviation are those of the variate, not of its logarithm. */
static s64 draw_lognormal(struct thread *th, struct rng *r, s64 mean, s64 sd)
{
	double cv, var;

	if (mean <= 0)
		thread_fail(th, "lognormal: mean must be positive", 0, 0);
	cv = (double)sd / (double)mean;
	var = sim_log(1.0 + cv * cv);
	return round_s64(rng_lognormal(r, sim_log((double)mean) - var / 2, sqrt(var)));
}

static s64 draw_raw(struct thread *th, const struct cdist *d, struct rng *r)
{
	s64 a = cval_get(th, &d->a), b = cval_get(th, &d->b);

	switch (d->kind) {
	case DIST_CONST:
		return a;
	case DIST_EXP:
		if (a < 0)
			thread_fail(th, "exp: mean must not be negative", 0, 0);
		return d->d->is_time ? (s64)rng_exp_ps(r, (u64)a) :
				       round_s64((double)a * rng_exp(r));
	case DIST_UNIFORM:
		return draw_uniform(th, r, a, b);
	case DIST_NORMAL:
		return round_s64((double)a + (double)b * rng_normal(r));
	case DIST_LOGNORMAL:
		return draw_lognormal(th, r, a, b);
	case DIST_ZIPF:
		if (a < 1)
			thread_fail(th, "zipf: needs at least one rank", 0, 0);
		return (s64)rng_zipf(r, (u64)a, d->d->zipf_s);
	case DIST_EMPIRICAL:
		return d->d->samples[rng_below(r, d->d->nr_samples)];
	}
	return 0;
}

s64 draw(struct thread *th, const struct cdist *d, struct rng *r)
{
	s64 v = draw_raw(th, d, r);
	u64 half;

	if (!d->d->is_time)
		return v;
	if (v < 0)
		v = 0;
	if (!d->d->jitter_permille || !v)
		return v;
	half = (u64)((u128)v * d->d->jitter_permille / 1000);
	return (s64)((u64)v - half + rng_below(r, 2 * half + 1));
}
