// SPDX-License-Identifier: GPL-2.0-or-later
/* Seeding of streams, and variates from them. */
#include "sim/core/rng.h"
#include "sim/core/rng_tab.h"

#define SPLITMIX_GAMMA 0x9e3779b97f4a7c15ULL

static u64 mix64(u64 z)
{
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

/* Take @v into the hash @h; the order of the values matters. */
static u64 hash_add(u64 h, u64 v)
{
	return mix64((h ^ mix64(v + SPLITMIX_GAMMA)) + SPLITMIX_GAMMA);
}

static u64 hash_name(const char *name)
{
	u64 h = 0xcbf29ce484222325ULL;

	for (; name && *name; name++)
		h = (h ^ (u8)*name) * 0x100000001b3ULL;
	return h;
}

static void rng_fill(struct rng *r, u64 h)
{
	int i;

	for (i = 0; i < 4; i++) {
		h += SPLITMIX_GAMMA;
		r->s[i] = mix64(h);
	}
}

void rng_seed(struct rng *r, u64 seed, u32 replication, const char *group, u32 index,
	      enum rng_purpose purpose)
{
	u64 h = hash_add(0, seed);

	h = hash_add(h, replication);
	h = hash_add(h, hash_name(group));
	h = hash_add(h, index);
	rng_fill(r, hash_add(h, (u64)purpose));
}

void rng_fork(struct rng *child, const struct rng *parent, u64 n)
{
	u64 h = 0;
	int i;

	for (i = 0; i < 4; i++)
		h = hash_add(h, parent->s[i]);
	rng_fill(child, hash_add(h, n));
}

/* Outside the rectangle of layer @i, which has @x as abscissa; < 0 is a miss. */
static double exp_edge(struct rng *r, u32 i, double x)
{
	if (!i)
		return RNG_EXP_TAIL + rng_exp(r);
	if (rng_exp_f[i] + (rng_exp_f[i - 1] - rng_exp_f[i]) * rng_unit(r) < sim_exp(-x))
		return x;
	return -1.0;
}

double rng_exp(struct rng *r)
{
	for (;;) {
		u64 bits = rng_u64(r);
		u32 i = (u32)bits & 255;
		u64 u = bits >> 11;
		double x = (double)(s64)u * rng_exp_layer[i].w;

		if (likely(u < rng_exp_layer[i].k))
			return x;
		x = exp_edge(r, i, x);
		if (x >= 0.0)
			return x;
	}
}

u64 rng_exp_ps(struct rng *r, u64 mean_ps)
{
	double x = rng_exp(r) * (double)(s64)min_u64(mean_ps, INT64_MAX) + 0.5;

	return x < 0x1p63 ? (u64)(s64)x : INT64_MAX;
}

/* The processor's correctly rounded square root; never a call to libm. */
static inline double rng_sqrt(double x)
{
#if defined(__x86_64__)
	__asm__("sqrtsd %1, %0" : "=x"(x) : "x"(x));
	return x;
#elif defined(__aarch64__)
	__asm__("fsqrt %d0, %d1" : "=w"(x) : "w"(x));
	return x;
#else
	return __builtin_sqrt(x);
#endif
}

/* Polar method; the second variate is dropped, a stream has no hidden state. */
double rng_normal(struct rng *r)
{
	double u, v, s;

	do {
		u = 2.0 * rng_unit(r) - 1.0;
		v = 2.0 * rng_unit(r) - 1.0;
		s = u * u + v * v;
	} while (s >= 1.0 || s == 0.0);
	return u * rng_sqrt(-2.0 * sim_log(s) / s);
}

double rng_lognormal(struct rng *r, double mu, double sigma)
{
	return sim_exp(mu + sigma * rng_normal(r));
}

/* (exp(x) - 1) / x without cancellation. */
static double expm1_over(double x)
{
	double term = 1.0, sum = 1.0;
	int i;

	if (x > 0.5 || x < -0.5)
		return (sim_exp(x) - 1.0) / x;
	for (i = 2; i < 17; i++) {
		term *= x / i;
		sum += term;
	}
	return sum;
}

/* log(1 + x) / x without cancellation. */
static double log1p_over(double x)
{
	double u = 1.0 + x;

	return u == 1.0 ? 1.0 : sim_log(u) / (u - 1.0);
}

/* Integral of x^-s, zero at 1, and its inverse. */
static double zipf_area(double x, double s)
{
	double l = sim_log(x);

	return expm1_over((1.0 - s) * l) * l;
}

static double zipf_area_inv(double a, double s)
{
	double t = a * (1.0 - s);

	if (t < -1.0)
		t = -1.0;
	return sim_exp(log1p_over(t) * a);
}

/* Rejection inversion after Hoermann and Derflinger, 1996. */
u64 rng_zipf(struct rng *r, u64 n, double s)
{
	double last = (double)(s64)n;
	double hi = zipf_area(last + 0.5, s);
	double lo = zipf_area(1.5, s) - 1.0;

	for (;;) {
		double u = hi + rng_unit(r) * (lo - hi);
		double x = zipf_area_inv(u, s);
		double k = (double)(s64)(x + 0.5);

		if (k < 1.0)
			k = 1.0;
		else if (k > last)
			k = last;
		if (u >= zipf_area(k + 0.5, s) - sim_exp(-s * sim_log(k)))
			return (u64)(s64)k - 1;
	}
}
