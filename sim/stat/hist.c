/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Histogram with bins of constant relative width; see hist.h. */
#include "sim/stat/hist.h"

#include <math.h>
#include <string.h>

#define SUB (1u << HIST_SUB_BITS)
#define LINEAR (2 * SUB) /* values below this have a bin each */

u32 hist_bin(u64 v)
{
	u32 shift;

	if (v < LINEAR)
		return (u32)v;
	shift = (u32)fls64(v) - 1 - HIST_SUB_BITS;
	return shift * SUB + (u32)(v >> shift);
}

u64 hist_bin_low(u32 bin)
{
	u32 shift;

	if (bin < LINEAR)
		return bin;
	shift = bin / SUB - 1;
	return (u64)(bin - shift * SUB) << shift;
}

u64 hist_bin_high(u32 bin)
{
	if (bin + 1 >= HIST_BINS)
		return UINT64_MAX;
	return hist_bin_low(bin + 1);
}

void hist_init(struct hist *h)
{
	memset(h, 0, sizeof(*h));
	h->min = UINT64_MAX;
}

void hist_add(struct hist *h, u64 v)
{
	h->n++;
	h->sum += v;
	h->min = min_u64(h->min, v);
	h->max = max_u64(h->max, v);
	h->bin[hist_bin(v)]++;
}

void hist_merge(struct hist *h, const struct hist *from)
{
	h->n += from->n;
	h->sum += from->sum;
	h->min = min_u64(h->min, from->min);
	h->max = max_u64(h->max, from->max);
	for (u32 i = 0; i < HIST_BINS; i++)
		h->bin[i] += from->bin[i];
}

double hist_mean(const struct hist *h)
{
	return h->n ? (double)h->sum / (double)h->n : NAN;
}

double hist_quantile(const struct hist *h, double q)
{
	double rank, seen = 0;

	if (!h->n)
		return NAN;
	rank = q * (double)h->n;
	for (u32 i = 0; i < HIST_BINS; i++) {
		double low, high, v;

		if (!h->bin[i])
			continue;
		if (seen + (double)h->bin[i] < rank) {
			seen += (double)h->bin[i];
			continue;
		}
		low = (double)hist_bin_low(i);
		high = (double)hist_bin_high(i) - 1;
		v = low + (high - low) * (rank - seen) / (double)h->bin[i];
		if (v < (double)h->min)
			v = (double)h->min;
		return v > (double)h->max ? (double)h->max : v;
	}
	return (double)h->max;
}
