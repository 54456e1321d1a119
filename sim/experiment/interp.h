/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The interpreter: runs the typed steps of thread groups on simulated tasks. For
 * each run the steps are compiled once, so that every expression that is constant
 * at the point is evaluated before the run and an operation costs one copy of its
 * arguments.
 */
#ifndef MMSIM_EXPERIMENT_INTERP_H
#define MMSIM_EXPERIMENT_INTERP_H

#include "sim/kern/task.h"
#include "sim/scenario/scenario.h"

struct interp;
struct run_cgroups;

/* What a program runs against. All memory stays owned by the caller. */
struct interp_config {
	const struct scenario *scenario;
	struct kern *kern;
	void *const *models; /* state by registry index, NULL if unused */
	const s64 *params; /* values of the point */
	const s64 *const *object_base; /* [model][object]: first instance */
	const s64 *const *object_count; /* [model][object]: instances */
	struct run_cgroups *cgroups; /* where groups with `cgroup:` go; NULL: nowhere */
	u64 limit; /* end of the run, TIME_MAX if none */
};

/* Statistics of one operation that the scenario uses. */
struct interp_op {
	u32 model;
	const struct op_desc *op;
	struct op_stat *stat; /* NULL: no latency is kept */
	u64 failed;
};

/* When a phase ran: first entry, last exit; entered is false if it never did. */
struct interp_phase {
	bool entered;
	u64 first, last;
};

/**
 * interp_new - compile the scenario's steps for one run
 * @config: copied; what it points to must outlive the interpreter
 * @error: set to an allocated message on failure
 *
 * Returns NULL on failure.
 */
struct interp *interp_new(const struct interp_config *config, char **error);

/* Free it; the simulation must not run any more. */
void interp_free(struct interp *in);

/* Make and start the tasks of all groups. Returns 0, or -ENOMEM. */
int interp_start(struct interp *in, char **error);

/* The measured part begins. */
void interp_begin(struct interp *in, u64 now);

/* Time when the last thread ended so far. */
u64 interp_last_end(const struct interp *in);

/* Operations in order of first use, and phases in the order of the scenario. */
struct interp_op *interp_ops(struct interp *in, u32 *n);
const struct interp_phase *interp_phases(const struct interp *in, u64 end, u32 i,
					 struct interp_phase *out);

/* Position of the step that failed; false if none did. */
bool interp_failed_at(const struct interp *in, struct srcpos *pos);

/* For sim_set_describe(): name[index], step, file:line, locks. */
void interp_describe(struct sim *s, struct proc *p, char *buf, size_t size);

/* CPU for thread @i of a group; @spread counts threads placed with `all` so far. */
u32 place_cpu(const struct hw *hw, const struct scn_group *g, u32 i, u32 *spread);

/* `mems:` of @g as memory policy of a task (task.h); false if @hw lacks one of the nodes. */
bool place_mems(const struct hw *hw, const struct scn_group *g, u64 *allowed, bool *interleave);

/* Number of threads if the group gives no count. */
u32 place_default_count(const struct hw *hw, const struct scn_group *g);

#endif
