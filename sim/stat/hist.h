/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Histogram of non-negative integers with bins of constant relative width:
 * values below 64 exactly, then 32 bins an octave (3 % wide). Fixed size, no
 * allocation, exact count, sum, minimum and maximum.
 */
#ifndef MMSIM_STAT_HIST_H
#define MMSIM_STAT_HIST_H

#include "sim/core/types.h"

#define HIST_SUB_BITS 5
#define HIST_BINS (((64 - HIST_SUB_BITS) << HIST_SUB_BITS) + (1 << HIST_SUB_BITS))

struct hist {
	u64 n, min, max;
	u128 sum;
	u64 bin[HIST_BINS];
};

/* Bin of a value, and the value range [low, high) of a bin. */
u32 hist_bin(u64 v);
u64 hist_bin_low(u32 bin);
u64 hist_bin_high(u32 bin);

void hist_init(struct hist *h);
void hist_add(struct hist *h, u64 v);
/* Add all of @from to @h. */
void hist_merge(struct hist *h, const struct hist *from);
/* Mean, NaN if empty. */
double hist_mean(const struct hist *h);
/* Quantile 0 <= q <= 1, interpolated inside its bin and clamped to min and max; NaN if empty. */
double hist_quantile(const struct hist *h, double q);

#endif
