/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An experiment: points of the sweep x variants x replications, run by a pool of
 * workers. Results are placed by index, so nothing depends on the number of
 * workers.
 */
#ifndef MMSIM_EXPERIMENT_EXPERIMENT_H
#define MMSIM_EXPERIMENT_EXPERIMENT_H

#include "sim/experiment/run.h"
#include "sim/experiment/stats.h"

struct exp_point {
	s64 *params; /* every parameter of the scenario */
	s64 *sweep; /* values of the sweeps, in order */
	char *label; /* "nr_threads=64", "" without a sweep */
};

struct exp_progress {
	u32 done, total;
	u32 failed;
};

struct exp_options {
	u32 jobs; /* 0: one */
	enum sim_engine engine;
	u32 margins; /* samples of each point and variant with drawn costs; 0: none */
	const bool *variants; /* by scenario variant: run it; NULL: all */
	const char *const *plugins; /* names for the manifest, NULL-terminated; NULL: none */
	const char *build; /* identifies this program, for the journal */
	/* Called on the caller's thread after runs and every 50 ms; true: stop. */
	bool (*poll)(const struct exp_progress *p, void *arg);
	void *arg;
};

struct journal;

struct experiment {
	const struct scenario *scenario;
	struct exp_options opt;
	struct exp_point *points;
	u32 nr_points;
	u32 *variants; /* scenario indexes of the variants that run */
	u32 nr_variants;
	GPtrArray **runs; /* [point * nr_variants + variant]: struct run_result * */
	GPtrArray **samples; /* as runs, by sample of --margins; only metrics are kept */
	struct journal *journal; /* keeps finished runs; NULL: none. Owned */
	u32 nr_done, nr_total; /* runs finished, kept ones too, of those wanted so far */
	bool interrupted;
	u32 nr_failed;
	double wall;
};

/* Lay out the points; NULL with *@error set if a sweep value cannot be computed. */
struct experiment *experiment_new(const struct scenario *sc, const struct exp_options *opt,
				  char **error);
void experiment_free(struct experiment *e);

/* Run everything. False if it was interrupted or a run failed; the rest is kept. */
bool experiment_run(struct experiment *e);

/* Results of a cell by replication. */
GPtrArray *experiment_cell(const struct experiment *e, u32 point, u32 variant);

/* The scenario's variant behind index @variant. */
const struct scn_variant *experiment_variant(const struct experiment *e, u32 variant);

/* Index of a variant that runs, or -1. */
s32 experiment_find_variant(const struct experiment *e, const char *name);

/*
 * Values of a metric by replication, NaN where a run has none; allocated, *@n of
 * them. *@info is a run's description of the metric, NULL if no run has it.
 */
double *experiment_values(const struct experiment *e, u32 point, u32 variant, const char *metric,
			  u32 *n, const struct run_metric **info);

/* Summary of a metric; false if there is no value. */
bool experiment_summary(const struct experiment *e, u32 point, u32 variant, const char *metric,
			struct stat_summary *out);

/* Paired ratio of two variants at a point; false if there is none. */
bool experiment_ratio(const struct experiment *e, u32 point, u32 num, u32 den, const char *metric,
		      struct stat_ratio *out);

#endif
