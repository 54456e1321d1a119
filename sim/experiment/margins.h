/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The model's own margin: --margins N runs every point and variant N times more, each
 * time on a machine whose costs are drawn inside their stated relative errors.
 *
 * A cost of value v and error e becomes v * (1 + e)^u, u uniform in [-1, 1): uniform in
 * the logarithm between v / (1 + e) and v * (1 + e). u comes from a stream of (seed,
 * sample, cost), so all points and variants of a sample see the same machine, whatever
 * the number of samples or workers. Random streams are those of replication 1 in every
 * sample, so that costs alone make the difference. Topology, sizes and settings are not
 * drawn, nor are costs of distances the machine does not have. Errors of the models'
 * own parameters are not part of it.
 */
#ifndef MMSIM_EXPERIMENT_MARGINS_H
#define MMSIM_EXPERIMENT_MARGINS_H

#include "sim/experiment/experiment.h"

/* Samples below which costs are not ranked. */
#define MARGINS_MIN_RANKED 8

/* True if --margins draws this key of @m. */
bool margins_drawn(const struct machine *m, enum machine_key key);

/* Logarithm of the factor on @key of @m in a sample, from 1; 0 if it is not drawn. */
double margins_log_factor(const struct machine *m, u64 seed, u32 sample, enum machine_key key);

/* @m as it is in a sample; the caller frees it. NULL when out of memory. */
struct machine *margins_machine(const struct machine *m, u64 seed, u32 sample);

/*
 * A metric by sample, divided by that of variant @den if that is not -1; NaN where a
 * sample has none. Allocated, one per sample.
 */
double *experiment_sample_values(const struct experiment *e, u32 point, u32 variant, s32 den,
				 const char *metric);

/* 5th and 95th percentile over the samples. */
struct margin {
	u32 n; /* samples that have a value */
	double low, high;
};

/* Margin of a metric; false if there is none. */
bool experiment_margin(const struct experiment *e, u32 point, u32 variant, const char *metric,
		       struct margin *out);

/* Margin of the ratio of two variants, taken sample by sample; false if there is none. */
bool experiment_margin_ratio(const struct experiment *e, u32 point, u32 num, u32 den,
			     const char *metric, struct margin *out);

/* How a cost moves a metric or ratio. */
struct margin_effect {
	enum machine_key key;
	double slope; /* percent of the metric per percent of the cost */
	double share; /* of the variance over the samples */
};

/**
 * experiment_rank_costs - the costs that move a metric most
 * @den: variant to divide by, or -1 for the metric of @variant itself
 * @out: room for @max effects
 *
 * Forward selection in a regression of the metric's logarithm on those of the costs:
 * each step takes the cost that explains most of what is left, as long as that is
 * significant (1 % after Bonferroni for the number of costs). Returns how many, by share.
 */
u32 experiment_rank_costs(const struct experiment *e, u32 point, u32 variant, s32 den,
			  const char *metric, struct margin_effect *out, u32 max);

#endif
