/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a model is, as data: model, variant, operation, parameter, metric.
 * Schema check, `mmsim list`, `mmsim show`, documentation and completion all
 * come from these tables. The registry holds pointers to const descriptors; an
 * operation defined twice is an error at registration.
 *
 * A model's code gets a struct task (sim/kern/task.h) but this layer only
 * passes it on.
 */
#ifndef MMSIM_MODEL_MODEL_H
#define MMSIM_MODEL_MODEL_H

#include "sim/core/types.h"

struct task;
struct kern;
struct memcg_dir;

/* Types of parameters and arguments. Values are carried as s64. */
enum value_type {
	VT_INT, /* integer */
	VT_SIZE, /* bytes; accepts B, KiB, MiB, GiB, TiB */
	VT_TIME, /* ps; accepts ps, ns, us, ms, s */
	VT_BOOL, /* true | false */
	VT_ENUM, /* index into choices[] */
	VT_OBJECT, /* declared under objects:; number of the instance over all of the model's */
	VT_HANDLE, /* a variable or bag element holding a handle */
	VT_OUT, /* variable or "bag[]" that receives the handle */
};

/* One parameter of a model or variant, or one key of an object kind. */
struct param_desc {
	const char *name;
	enum value_type type;
	s64 def, min, max; /* in base units; ignored for VT_BOOL/VT_ENUM ranges */
	const char *const *choices; /* VT_ENUM: NULL-terminated */
	const char *unit; /* for help: "pages", "" ... */
	const char *about; /* one line, with source */
	bool required; /* object keys: must be given */
};

/* One argument of an operation. */
struct arg_desc {
	const char *name;
	enum value_type type;
	bool required;
	s64 def, min, max;
	const char *const *choices;
	const char *about;
};

#define OP_MAX_ARGS 8

/* A call of an operation as the interpreter makes it. */
struct op_call {
	s64 v[OP_MAX_ARGS]; /* in the order of op_desc.args; VT_HANDLE: the handle */
	s64 out; /* what VT_OUT receives; 0 is "no object" */
};

/**
 * struct op_desc - an operation a scenario may write as a step
 * @name: key in the step
 * @about: one line
 * @args: table of arguments, @nr_args of them
 * @scalar_arg: argument meant by the short form `name: value`; NULL if none
 * @run: executes it on the task's simulated CPU; 0, or a negative errno when the
 *	simulated operation failed (counted as <model>.<op>_failed, not an error)
 * @no_latency: the operation only makes sense as part of others (lock, unlock);
 *	no latency histogram is kept
 */
struct op_desc {
	const char *name;
	const char *about;
	const struct arg_desc *args;
	u32 nr_args;
	const char *scalar_arg;
	int (*run)(struct task *t, void *model, struct op_call *call);
	bool no_latency;
};

enum metric_better { METRIC_NEUTRAL, METRIC_LOWER, METRIC_HIGHER };

/* A result of a run. */
struct metric_desc {
	const char *name; /* without the model's prefix */
	const char *unit;
	const char *about;
	enum metric_better better;
};

/* A kind of object that scenarios declare under `objects:` (prims). */
struct object_kind_desc {
	const char *name;
	const char *about;
	const struct param_desc *keys;
	u32 nr_keys;
};

/* A declared object: one of `count` instances of a kind. */
struct object_decl {
	const char *name;
	const struct object_kind_desc *kind;
	const s64 *values; /* in the order of kind->keys */
	u32 count; /* instances; addressed name[i] through index expression */
	/* NULL, or what the instances stand for: cgroups of `cgroups:`, which others make */
	struct memcg_dir *const *cgroup;
};

/* One design of a model. @ops belongs to the model, which knows its type. */
struct variant_desc {
	const char *name;
	const char *about;
	const struct param_desc *params;
	u32 nr_params;
	const void *ops;
};

/* What create() is told. All memory stays owned by the caller. */
struct model_config {
	const struct variant_desc *variant; /* NULL if the model has none */
	const s64 *params; /* model->params then variant->params */
	const struct object_decl *objects; /* of this model, in order of declaration */
	u32 nr_objects;
	s64 scale; /* the scenario's `scale` parameter, 1 if none */
};

/* Providers of DESIGN.md section 2; where no model of a variant is one, it is sim/mm's default. */
enum model_provides { PROVIDES_PERCPU = 1, PROVIDES_VMAREA = 2 };

/**
 * struct model_desc - a subsystem
 * @create: make the model's state in @k; NULL on failure (sets errno). Called on the
 *	main stack before the run.
 * @destroy: free it
 * @metric: value of metrics[i] over the measured part of the run, NaN if undefined;
 *	@elapsed_ps is the measured time
 * @begin: the measured part begins now (warm-up cut); may be NULL
 * @sample: value of metrics[i] as of now for series.csv; NULL if not sampled
 * @check: full sweep of invariants, sim_fail()s on a violation; may be NULL
 * @maps: model maps for map.csv; may be NULL
 * @provides: of enum model_provides, bits: what it installs itself as provider of
 */
struct model_desc {
	const char *name;
	const char *about;
	const struct param_desc *params;
	u32 nr_params;
	const struct variant_desc *const *variants; /* NULL-terminated; NULL if none */
	const char *default_variant;
	const struct op_desc *ops;
	u32 nr_ops;
	const struct metric_desc *metrics;
	u32 nr_metrics;
	const struct object_kind_desc *const *kinds;
	u32 nr_kinds;
	/* objects of this kind stand for cgroups of `cgroups:` that operations name; or NULL */
	const struct object_kind_desc *cgroup_kind;
	void *(*create)(struct kern *k, const struct model_config *config);
	void (*destroy)(void *model);
	void (*begin)(void *model);
	double (*metric)(void *model, u32 i, u64 elapsed_ps);
	double (*sample)(void *model, u32 i);
	void (*check)(void *model);
	u32 provides;
};

/* Kernel release defaults: variant of each model for `kernel: {base: "6.7"}`. */
struct kernel_base {
	const char *release;
	const char *model;
	const char *variant;
};

struct registry;

/* Empty registry, or NULL when out of memory. */
struct registry *registry_new(void);
void registry_free(struct registry *r);

/**
 * registry_add - register a model
 *
 * Returns 0, -EEXIST if its name or one of its operations is already known, or
 * -EINVAL if a variant name starts with a digit; *@what then names the culprit
 * (static or the descriptor's string).
 */
int registry_add(struct registry *r, const struct model_desc *m, const char **what);

/**
 * registry_add_variant - add a design to a registered model
 *
 * Returns 0, -ENOENT if there is no such model, -EEXIST if it has a variant of that
 * name, -EINVAL if the name is empty or starts with a digit, or -ENOMEM. The model's
 * descriptor moves: look it up again.
 */
int registry_add_variant(struct registry *r, const char *model, const struct variant_desc *v);

/* Declare that kernel @b->release uses @b->variant for @b->model; table ends with release NULL. */
int registry_add_bases(struct registry *r, const struct kernel_base *b);

/* Models in order of registration. */
u32 registry_nr_models(const struct registry *r);
const struct model_desc *registry_model(const struct registry *r, u32 i);

/* Look-ups by name; NULL (or -1) if unknown. */
const struct model_desc *registry_find_model(const struct registry *r, const char *name);
s32 registry_model_index(const struct registry *r, const char *name);
const struct op_desc *registry_find_op(const struct registry *r, const char *name, u32 *model);
const struct variant_desc *model_find_variant(const struct model_desc *m, const char *name);
const char *registry_base_variant(const struct registry *r, const char *release, const char *model);
/* NULL-terminated list of known kernel releases, owned by @r. */
const char *const *registry_bases(const struct registry *r);

/**
 * nearest_name - best suggestion for a misspelt name
 * @word: what the user wrote
 * @names: NULL-terminated candidates
 *
 * Returns the candidate of smallest edit distance if that is at most a third of
 * the word's length plus one, else NULL.
 */
const char *nearest_name(const char *word, const char *const *names);

#endif
