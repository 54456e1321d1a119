/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Statistics over replications. Sums run in the order of replications. */
#ifndef MMSIM_EXPERIMENT_STATS_H
#define MMSIM_EXPERIMENT_STATS_H

#include "sim/core/types.h"

/* sd and the 95 % confidence interval are NaN below two values. */
struct stat_summary {
	u32 n;
	double mean, sd, ci_low, ci_high, min, median, p90, p99, max;
};

struct stat_ratio {
	u32 n;
	double ratio, ci_low, ci_high;
};

/* Summary of the values that are not NaN; n is 0 if there are none. */
void stats_summarise(const double *v, u32 n, struct stat_summary *out);

/*
 * Two quantiles of the values that are not NaN, by linear interpolation; returns how
 * many values there are.
 */
u32 stats_quantiles(const double *v, u32 n, double q1, double *out1, double q2, double *out2);

/*
 * Ratio num[i] / den[i] of pairs: geometric mean and its interval if all ratios
 * are positive, else arithmetic. False if no pair has a ratio.
 */
bool stats_ratio(const double *num, const double *den, u32 n, struct stat_ratio *out);

#endif
