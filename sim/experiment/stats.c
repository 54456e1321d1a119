// SPDX-License-Identifier: GPL-2.0-or-later
/* Mean, interval of Student's t, and quantiles by linear interpolation. */
#include "sim/experiment/stats.h"

#include <math.h>
#include <stdlib.h>

#define MATHLIB_STANDALONE 1
#include <Rmath.h>

#include "sim/core/rng.h"

static int cmp_double(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double quantile(const double *sorted, u32 n, double q)
{
	double at = q * (n - 1);
	u32 i = (u32)at;

	if (i + 1 >= n)
		return sorted[n - 1];
	return sorted[i] + (at - i) * (sorted[i + 1] - sorted[i]);
}

/* Mean, standard deviation and half width of the interval. */
static void moments(const double *v, u32 n, double *mean, double *sd, double *half)
{
	double sum = 0, sq = 0;
	u32 i;

	for (i = 0; i < n; i++)
		sum += v[i];
	*mean = sum / n;
	for (i = 0; i < n; i++)
		sq += (v[i] - *mean) * (v[i] - *mean);
	*sd = n > 1 ? sqrt(sq / (n - 1)) : NAN;
	*half = n > 1 ? qt(0.975, n - 1, 1, 0) * *sd / sqrt(n) : NAN;
}

void stats_summarise(const double *v, u32 n, struct stat_summary *out)
{
	double *s = calloc(n + 1, sizeof(*s)), half;
	u32 i;

	*out = (struct stat_summary){ 0 };
	for (i = 0; s && i < n; i++) {
		if (!isnan(v[i]))
			s[out->n++] = v[i];
	}
	if (out->n) {
		moments(s, out->n, &out->mean, &out->sd, &half);
		out->ci_low = out->mean - half;
		out->ci_high = out->mean + half;
		qsort(s, out->n, sizeof(*s), cmp_double);
		out->min = s[0];
		out->max = s[out->n - 1];
		out->median = quantile(s, out->n, 0.5);
		out->p90 = quantile(s, out->n, 0.9);
		out->p99 = quantile(s, out->n, 0.99);
	}
	free(s);
}

u32 stats_quantiles(const double *v, u32 n, double q1, double *out1, double q2, double *out2)
{
	double *s = calloc(n + 1, sizeof(*s));
	u32 i, k = 0;

	for (i = 0; s && i < n; i++) {
		if (!isnan(v[i]))
			s[k++] = v[i];
	}
	if (k) {
		qsort(s, k, sizeof(*s), cmp_double);
		*out1 = quantile(s, k, q1);
		*out2 = quantile(s, k, q2);
	}
	free(s);
	return k;
}

bool stats_ratio(const double *num, const double *den, u32 n, struct stat_ratio *out)
{
	double *r = calloc(n + 1, sizeof(*r)), mean, sd, half, only = NAN;
	bool positive = true;
	u32 i;

	*out = (struct stat_ratio){ 0 };
	for (i = 0; r && i < n; i++) {
		if (isnan(num[i]) || isnan(den[i]) || den[i] == 0)
			continue;
		r[out->n] = num[i] / den[i];
		only = r[out->n];
		positive = positive && r[out->n] > 0;
		out->n++;
	}
	for (i = 0; positive && i < out->n; i++)
		r[i] = sim_log(r[i]);
	if (out->n) {
		moments(r, out->n, &mean, &sd, &half);
		out->ratio = positive ? sim_exp(mean) : mean;
		out->ci_low = positive ? sim_exp(mean - half) : mean - half;
		out->ci_high = positive ? sim_exp(mean + half) : mean + half;
		if (out->n == 1) {
			out->ratio = only;
			out->ci_low = out->ci_high = NAN;
		}
	}
	free(r);
	return out->n > 0;
}
