/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One run: one point of the sweep, one variant, one replication. The result is
 * plain data that outlives the simulation.
 */
#ifndef MMSIM_EXPERIMENT_RUN_H
#define MMSIM_EXPERIMENT_RUN_H

#include <glib.h>

#include "sim/core/sim.h"
#include "sim/hw/hw.h"
#include "sim/scenario/scenario.h"
#include "sim/stat/hist.h"
#include "sim/stat/lockstat.h"

struct run_config {
	const struct scenario *scenario;
	const struct scn_variant *variant;
	const s64 *params; /* values of the point */
	u32 replication; /* from 1 */
	enum sim_engine engine;
	const struct machine *machine; /* instead of the scenario's or variant's; NULL: theirs */
};

/* Values that do not exist (no operation, no time) are NaN. */
struct run_metric {
	const char *name, *unit;
	enum metric_better better;
	double value;
};

struct run_sample {
	u64 time; /* ps */
	const char *metric, *unit;
	double value;
};

struct run_frame {
	const char *symbol;
	u64 self_ps, total_ps, calls; /* total: with everything called from it */
};

struct run_footprint {
	const char *category;
	const char *cgroup; /* "": what belongs to none, or there are none */
	s64 end, peak, objects;
	double mean;
};

struct run_hist {
	const char *metric, *unit; /* unit of the output; bins are ps */
	struct hist *hist;
};

struct run_result {
	enum sim_status status;
	bool failed; /* report says why; the rest may be incomplete */
	char *report;
	u64 elapsed; /* measured time, ps */
	u64 nr_events, nr_switches;
	double wall; /* seconds of the host */
	u32 replication;
	u32 nr_cpus;
	GStringChunk *names; /* owns every name below */
	GArray *metrics; /* struct run_metric */
	GArray *locks; /* struct lock_class, next is NULL */
	GArray *profile; /* struct run_frame, in order of first call */
	GArray *footprint; /* struct run_footprint */
	GArray *series; /* struct run_sample */
	GArray *hists; /* struct run_hist */
	u64 *cpu; /* [cpu][bucket], ps */
};

/* Execute; never NULL. The caller owns the result. */
struct run_result *run_execute(const struct run_config *config);
/* An empty result to fill. */
struct run_result *run_result_new(u32 replication);
void run_result_free(struct run_result *r);

/* Drop all but the metrics. */
void run_result_strip(struct run_result *r);

/* What of a scenario runs do not carry out: "file:line:column: what is wrong, what is allowed". */
void run_refusals(const struct scenario *sc, GPtrArray *lines);

/* Metric by name, NULL if the run has none of that name. */
const struct run_metric *run_find_metric(const struct run_result *r, const char *name);

/* Value of one model parameter of a variant: given or default. False with *why set. */
bool run_model_param(const struct scenario *sc, const struct scn_model_choice *c, u32 i,
		     const struct expr_env *env, s64 *out, char **why);

/* Descriptor of parameter @i of a choice: the model's, then the variant's. */
const struct param_desc *run_param_desc(const struct scenario *sc, const struct scn_model_choice *c,
					u32 i);
u32 run_nr_params(const struct scenario *sc, const struct scn_model_choice *c);

#endif
