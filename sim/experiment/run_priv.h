/* SPDX-License-Identifier: GPL-2.0-or-later */
/* State of a run while it lasts: private to sim/experiment. */
#ifndef MMSIM_EXPERIMENT_RUN_PRIV_H
#define MMSIM_EXPERIMENT_RUN_PRIV_H

#include "sim/experiment/interp.h"
#include "sim/experiment/run.h"
#include "sim/mm/page_alloc.h"

struct run {
	const struct run_config *c;
	struct run_result *out;
	struct sim *sim;
	struct hw *hw;
	struct kern *kern;
	struct mm_state *mm;
	struct run_cgroups *cgroups; /* NULL if the scenario has none and no events */
	u32 nr_event_tasks;
	struct interp *interp;
	u32 nr_models;
	void **models;
	s64 **object_base, **object_count;
	GPtrArray *blocks; /* memory the models were configured with */
	struct sim_timer cut, sampler;
	u64 begin, end; /* measured part */
	u32 idle_samples;
};

const struct model_desc *run_model(const struct run *r, u32 i);

/* Create the models the variant uses; false with *@error set. */
bool run_make_models(struct run *r, char **error);
void run_drop_models(struct run *r);

/* Arrange for the events that runs carry out; false with *@error set. */
bool run_add_events(struct run *r, char **error);

/* Cgroups are there: declared ones, or those of an event. */
bool run_has_cgroups(const struct scenario *sc);

/* Copy everything that is reported, after hw_end() and kern_end(). */
void run_collect(struct run *r);

/* Append one sample of everything that is sampled. */
void run_sample_now(struct run *r, u64 now);

#endif
