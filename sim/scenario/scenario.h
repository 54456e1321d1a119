/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A checked scenario: what a YAML file says, as immutable typed data with
 * positions. The reader (scenario_load) reports every mistake of a file at once;
 * what it returns can be run without further checks. Expressions stay symbolic
 * until a point of the sweep gives the parameters values.
 */
#ifndef MMSIM_SCENARIO_SCENARIO_H
#define MMSIM_SCENARIO_SCENARIO_H

#include <glib.h>

#include "sim/core/types.h"
#include "sim/hw/machine.h"
#include "sim/model/model.h"

struct srcpos {
	const char *file; /* interned for the scenario's life */
	u32 line, col; /* from 1 */
};

/* ---- expressions ------------------------------------------------------- */

struct expr; /* compiled integer expression, or a constant */

/* What expressions read. vars are the let-names of one thread. */
struct expr_env {
	const s64 *params; /* by parameter index */
	const s64 *vars; /* by variable index; NULL outside threads */
	s64 cpus, nodes; /* built-ins */
};

/**
 * expr_eval - value of an expression
 * @e: expression
 * @env: values of names
 * @out: result
 *
 * Returns NULL, or static text of what went wrong (division by zero, overflow,
 * shift out of range).
 */
const char *expr_eval(const struct expr *e, const struct expr_env *env, s64 *out);

/* True if the value is the same for every thread and iteration of a point. */
bool expr_is_const(const struct expr *e);
struct srcpos expr_pos(const struct expr *e);

/* ---- distributions ----------------------------------------------------- */

enum dist_kind {
	DIST_CONST,
	DIST_EXP, /* a = mean */
	DIST_UNIFORM, /* a..b inclusive */
	DIST_NORMAL, /* a = mean, b = sd; below 0 becomes 0 for times */
	DIST_LOGNORMAL, /* a = mean, b = sd of the variate itself */
	DIST_ZIPF, /* a = n, zipf_s = exponent: rank 0..n-1 */
	DIST_EMPIRICAL, /* samples */
};

struct dist {
	enum dist_kind kind;
	bool is_time; /* values are ps */
	struct expr *a, *b;
	double zipf_s;
	const s64 *samples; /* sorted */
	u32 nr_samples;
	u32 jitter_permille; /* +- uniform; default 50 for constant think times, else 0 */
	struct srcpos pos;
};

/* ---- steps ------------------------------------------------------------- */

enum step_kind {
	STEP_OP,
	STEP_DO, /* body once */
	STEP_LOOP, /* count times; count NULL: for ever */
	STEP_LET, /* var = dist */
	STEP_THINK, /* user work of dist */
	STEP_SLEEP, /* off CPU for dist */
	STEP_CHOOSE, /* one of the children, weighted */
	STEP_SHUFFLE, /* all children in a random order */
	STEP_BARRIER, /* all live threads of the groups that name it */
	STEP_SPAWN, /* start one more thread of `group`, which has `count: 0` or more */
	STEP_WAIT, /* until all threads this one spawned have ended */
	STEP_YIELD,
	STEP_PHASE, /* metrics report per phase */
	STEP_END, /* the thread ends here */
};

enum take_order { TAKE_ONE, TAKE_FIFO, TAKE_LIFO, TAKE_RANDOM };

struct step_arg {
	struct expr *value; /* VT_INT, VT_SIZE, VT_TIME, VT_BOOL, VT_ENUM */
	s64 object; /* VT_OBJECT: index into the model's objects */
	struct expr *object_index; /* VT_OBJECT with name[i]; NULL means 0 */
	s32 var; /* VT_HANDLE / VT_OUT: variable or bag index */
	bool given;
	bool bag; /* VT_OUT into "a[]", VT_HANDLE from a bag */
};

struct step {
	enum step_kind kind;
	struct srcpos pos;
	/* STEP_OP */
	u32 model; /* index in the registry */
	const struct op_desc *op;
	struct step_arg *args; /* as many as op has */
	enum take_order order; /* of a VT_HANDLE argument that names a bag */
	struct expr *every; /* with a bag: take elements 0, every, 2*every...; NULL = 1 */
	/* STEP_LOOP, LET, THINK, SLEEP */
	struct expr *count;
	struct dist *dist;
	s32 var;
	bool is_draw; /* STEP_LET: dist draws from `workload`, else an expression */
	/* bodies: LOOP and DO have one child list; CHOOSE and SHUFFLE one child each */
	struct step *children;
	u32 nr_children;
	struct expr **weights; /* STEP_CHOOSE, per child */
	bool sattolo; /* STEP_SHUFFLE */
	const char *name; /* PHASE, BARRIER; interned */
	s32 target; /* BARRIER: index; SPAWN: group index; PHASE: index */
};

/* ---- the file ---------------------------------------------------------- */

struct scn_param {
	const char *name, *about;
	enum value_type unit; /* of def, min, max: VT_INT, VT_TIME (ps) or VT_SIZE */
	s64 def, min, max;
	struct srcpos pos;
};

enum placement { PLACE_ALL, PLACE_LIST, PLACE_PER_NODE, PLACE_PER_LLC, PLACE_PER_CORE };

struct scn_group {
	const char *name;
	struct srcpos pos;
	struct expr *count;
	enum placement placement; /* PLACE_ALL: spread over cores, then siblings */
	const u32 *cpus; /* PLACE_LIST */
	u32 nr_cpus;
	s32 cgroup; /* index, -1: the root */
	const char *mems; /* checked text as written, NULL: local */
	bool keeps; /* objects that its threads have when they end are no leak */
	const char *const *var_names; /* scalar variables, by index */
	u32 nr_vars;
	const char *const *bag_names;
	u32 nr_bags;
	struct step *steps;
	u32 nr_steps;
	u32 nr_phases, nr_barriers; /* over all groups the indexes are shared, see scenario */
};

/* Choice of one model in one scenario variant, before point values are known. */
struct scn_model_choice {
	u32 model; /* index in the registry */
	const struct variant_desc *variant; /* NULL if the model has none */
	struct expr **params; /* model params then variant params; NULL entry: default */
	bool used; /* by an operation, object or explicit key */
};

enum scn_scheduler { SCN_CFS, SCN_EEVDF };

struct scn_variant {
	const char *name;
	const char *about;
	struct srcpos pos;
	struct scn_model_choice *models; /* one per model of the registry */
	s32 virt; /* -1: machine's; else enum virt_mode */
	s32 scheduler; /* enum scn_scheduler of this variant */
	bool numa_spinlock; /* spin locks are CNA locks */
	struct machine *machine; /* override, NULL: the scenario's */
};

struct scn_sweep {
	s32 param; /* index */
	struct expr **values;
	u32 nr_values;
	u32 zip; /* sweeps with the same zip number advance together; 0: alone */
};

struct scn_plot {
	struct srcpos pos;
	const char *name; /* file stem; derived from x and y if absent */
	const char *title;
	const char *x; /* sweep parameter, or "variant" */
	const char *y; /* metric */
	const char *by; /* "variant" or a sweep parameter */
	u32 logx, logy; /* base, 0: linear */
};

enum expect_kind { EXPECT_VALIDATION, EXPECT_CALIBRATION, EXPECT_EXACT, EXPECT_INDICATION };

/* One published (or exact) figure. */
struct scn_expect {
	struct srcpos pos;
	const char *metric;
	const char *variant; /* of an absolute figure; NULL with ratio */
	const char *ratio_num, *ratio_den; /* variants */
	const char *than; /* `less: [a, b]` style orderings: a <= b; NULL otherwise */
	struct {
		s32 param;
		s64 value;
	} at[8];
	u32 nr_at;
	double value; /* in the metric's unit */
	double within; /* relative, 0.25 */
	double within_abs; /* absolute; used if > 0 */
	enum expect_kind kind;
	const char *source;
};

/* Limits of a cgroup, in the order of scn_limit_names[]. */
#define SCN_NR_LIMITS 5
#define SCN_SWAP_MAX 4

extern const char *const scn_limit_names[SCN_NR_LIMITS + 1]; /* "memory.max", ..., NULL */

struct scn_cgroup {
	const char *name;
	struct srcpos pos;
	s32 parent; /* index, -1: the root; always before its children */
	u32 count; /* instances */
	struct expr *limits[SCN_NR_LIMITS]; /* bytes; NULL: not limited */
};

/*
 * What is measured of each cgroup, NULL-terminated: cgroup.NAME.memory.current and so on. In
 * the order of enum scn_cgroup_metric. Of `count` cgroups: the sum, of memory.peak the highest.
 */
extern const char *const scn_cgroup_metrics[];
/* Of all cgroups together: cgroup.nr_descendants and so on, likewise. */
extern const char *const scn_cgroups_metrics[];

/* events: at a time something happens to the world. */
struct scn_event {
	struct srcpos pos;
	const char *kind; /* memory_pressure, write_limit, ... */
	u64 at;
	GHashTable *args; /* key -> value as text, checked */
};

struct scn_object {
	const char *name;
	u32 model;
	struct srcpos pos;
	const struct object_kind_desc *kind;
	struct expr **values; /* by kind->keys; NULL: default */
	struct expr *count; /* NULL: 1 */
	const struct scn_cgroup *cgroup; /* not declared: stands for this one, with its count */
};

struct scenario {
	const char *name, *about;
	const char *path; /* file it was read from */
	const char *digest; /* sha256 of all files read, hex */
	const struct registry *registry;
	struct machine *machine;
	u64 seed;
	u32 replications; /* fixed number, or the minimum with until */
	double until_rel; /* stop when every ci95 half width / mean is below; 0: fixed */
	u32 at_most;
	u64 duration; /* ps; 0: until all threads end */
	u64 sample, skip; /* measure: ps; 0: none */
	const char *kernel_base; /* NULL if not given */
	s32 scheduler; /* enum scn_scheduler: what variants have that do not say */
	bool scheduler_given; /* not by the release */
	struct scn_param *params;
	u32 nr_params;
	s32 scale_param; /* index of `scale`, -1 */
	struct scn_variant *variants; /* at least one */
	u32 nr_variants;
	struct scn_sweep *sweeps;
	u32 nr_sweeps;
	struct scn_object *objects;
	u32 nr_objects;
	struct scn_group *groups;
	u32 nr_groups;
	const char *const *phase_names;
	u32 nr_phases;
	u32 nr_barriers;
	struct scn_plot *plots;
	u32 nr_plots;
	struct scn_expect *expects;
	u32 nr_expects;
	struct scn_event *events;
	u32 nr_events;
	struct scn_cgroup *cgroups;
	u32 nr_cgroups;
	/* notes: lines printed under the table (`measure: {note: ...}`, e.g. the effect of scale) */
	const char *const *notes;
	u32 nr_notes;
	struct scn_arena *arena; /* owns everything above */
};

/* What the command line changes before the check. */
struct scn_options {
	const char *const *sets; /* "key=value", NULL-terminated; params and top-level scalars */
	bool quick;
	bool seed_set;
	u64 seed;
	u32 replications; /* 0: the file's */
	const char *const *search_path; /* directories for machines/ and include, NULL-terminated */
};

/* All mistakes of a load, in order of position. */
struct scn_errors {
	GPtrArray *lines; /* char *, "file:line:col: what is wrong, what is allowed" */
	bool truncated; /* more than 100 */
};

/**
 * scenario_load - read and check a scenario file with everything it includes
 * @path: file
 * @r: registered models; must outlive the scenario
 * @opt: changes from the command line
 * @errors: initialised by this call; scn_errors_clear() by the caller
 *
 * Returns the scenario, or NULL with at least one line in @errors. Time and
 * memory are bounded whatever the file says (16 MiB per file, 64 files, depth
 * 64, 1,000,000 nodes after alias expansion, 100,000 points of a sweep).
 */
struct scenario *scenario_load(const char *path, const struct registry *r,
			       const struct scn_options *opt, struct scn_errors *errors);
void scenario_free(struct scenario *s);
void scn_errors_clear(struct scn_errors *errors);

/**
 * machine_load - read a machine file
 * @name: name, path, or "flat-N" / "ideal-N"
 *
 * Returns a complete machine owned by the caller, or NULL with @errors filled.
 */
struct machine *machine_load(const char *name, const char *const *search_path,
			     struct scn_errors *errors);

/*
 * Print a machine as the YAML map that machine_load() reads: what was given as values,
 * what was filled in as comments.
 */
void machine_print(const struct machine *m, GString *out);

/* Print the effective scenario (defaults and units resolved) as YAML: `check --print`. */
void scenario_print(const struct scenario *s, GString *out);

#endif
