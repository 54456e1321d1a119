/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the parts of the scenario reader share: the files read so far, the
 * mistakes found so far, tables that describe maps, and values in context.
 */
#ifndef MMSIM_SCENARIO_READER_H
#define MMSIM_SCENARIO_READER_H

#include "sim/scenario/arena.h"
#include "sim/scenario/node.h"
#include "sim/scenario/units.h"

#define MAX_FILES 64
#define MAX_FILE_BYTES (16u << 20)
#define MAX_DEPTH 64
#define MAX_NODES 1000000u
#define MAX_STEPS 250000u
#define MAX_VARS 1000u
#define MAX_ENTRIES 1000u /* of variants, plots, expect, sweep */
#define MAX_ERRORS 100

/* One YAML file of the scenario; [0] is the main one. */
struct doc {
	const char *path; /* interned: what srcpos.file points to */
	const struct node *root; /* a map, or NULL if unreadable */
	const struct node *set; /* `include: [{file:, set: {...}}]` */
};

struct mistake {
	struct srcpos pos;
	u32 file; /* order of reading */
	u32 serial;
	char *text;
};

struct reader {
	struct scn_arena *a;
	const struct registry *r;
	const struct scn_options *opt;
	struct scenario *s;
	GArray *mistakes; /* struct mistake */
	const char *files[MAX_FILES]; /* in order of reading, data files too */
	u32 nr_files;
	struct doc docs[MAX_FILES];
	u32 nr_docs;
	u32 nodes;
	GChecksum *sum;
	GHashTable *param_index; /* name -> index + 1; the others too */
	u32 *object_nth; /* number of an object among those of its model */
	u32 steps;
	GHashTable *object_index, *group_index, *phase_index, *barrier_index;
	const char *const *param_names; /* NULL-terminated, for suggestions */
	const char *const *group_names;
	const char *const *cgroup_names;
	s64 *base_params; /* defaults, for static evaluation */
	struct expr_env env; /* of base_params */
};

/* ---- mistakes (errors.c) ------------------------------------------------- */

void mistake(struct reader *rd, struct srcpos pos, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* "unknown <what> 'word'; did you mean ...? allowed: ..." */
void mistake_unknown(struct reader *rd, struct srcpos pos, const char *what, const char *word,
		     const char *const *names);

/* Set-up and tear-down of everything but rd->s and rd->a. */
void reader_init(struct reader *rd, const struct registry *r, const struct scn_options *opt);
void reader_finish(struct reader *rd, struct scn_errors *errors);

/* ---- files (files.c, yaml.c, includes.c) --------------------------------- */

/**
 * file_read - contents of @path, checked to be text within limits
 *
 * Counts as one of MAX_FILES and enters the digest. @asked_at is where a mistake
 * is reported if it cannot be read. Returns NUL-terminated text for g_free(), or NULL.
 */
char *file_read(struct reader *rd, const char *path, struct srcpos asked_at, size_t *len);

/* Path of @name as seen from the file @from, then from the search path; interned or NULL. */
const char *file_find(struct reader *rd, const char *name, const char *from, const char *subdir);

const struct node *yaml_read(struct reader *rd, const char *path, struct srcpos asked_at);

/* The scenario file and everything it includes into rd->docs. */
void includes_read(struct reader *rd, const char *path);

/* ---- maps described by tables (schema.c) --------------------------------- */

enum row_type {
	ROW_NODE, /* const struct node *: looked at later */
	ROW_NAME, /* const char *: becomes part of file names */
	ROW_TEXT, /* const char * */
	ROW_INT, /* s64 */
	ROW_TIME, /* s64, ps */
	ROW_RATIO, /* s64, 1/1000000: 12%, 0.12 or 1 */
	ROW_NUMBER, /* double */
	ROW_BOOL, /* s64 */
	ROW_ENUM, /* s64, index into choices */
};

struct row {
	const char *key;
	enum row_type type;
	size_t offset; /* into the struct that the table fills */
	bool required;
	s64 min, max;
	const char *const *choices;
	const char *help;
};

struct table {
	const char *what; /* "in a plot" */
	const struct row *rows;
	u32 nr_rows;
};

/**
 * map_read - read a map by its table
 * @n: should be a map
 * @t: which keys there are
 * @out: struct to fill; keys that are absent leave their member alone
 * @open: receives the indexes (u32) of unknown pairs; NULL: unknown keys are mistakes
 *
 * Returns false if @n is no map at all.
 */
bool map_read(struct reader *rd, const struct node *n, const struct table *t, void *out,
	      GArray *open);

/* Report an unknown key, offering those of @t and of @more (may be NULL). */
void map_unknown_key(struct reader *rd, const struct node *key, const struct table *t,
		     const char *const *more);

bool expect_map(struct reader *rd, const struct node *n, const char *what);
bool expect_list(struct reader *rd, const struct node *n, const char *what);

/* The same, with at most MAX_ENTRIES items. */
bool expect_short_list(struct reader *rd, const struct node *n, const char *what);

/* Text of a scalar, or NULL after a mistake. */
const char *expect_text(struct reader *rd, const struct node *n, const char *what);

/* True if @text may become part of a file name; else a mistake at @n. */
bool name_ok(struct reader *rd, const struct node *n, const char *what, const char *text);

s32 choice_find(const char *const *choices, const char *word);
bool is_identifier(const char *text);

/* Index in one of the reader's tables of names, -1 if unknown. */
static inline s32 index_find(GHashTable *t, const char *name)
{
	return GPOINTER_TO_INT(g_hash_table_lookup(t, name)) - 1;
}

static inline void index_add(GHashTable *t, const char *name, u32 i)
{
	g_hash_table_insert(t, (void *)name, GINT_TO_POINTER(i + 1));
}

/* ---- values in context (values.c, expr.c, dist.c) ------------------------ */

/* What a variable of a thread holds. */
enum var_kind { VAR_INT, VAR_TIME, VAR_SIZE, VAR_HANDLE };

struct var {
	const char *name;
	enum var_kind kind;
};

/* A thread group while its steps are read. */
struct group_build {
	GArray *vars, *bags; /* struct var */
	s64 jitter; /* 1/1000 for constant think times */
	bool bounded; /* the scenario has a duration, so loops may be endless */
};

/* What is wanted at a place. */
struct want {
	enum value_type type; /* VT_INT, VT_SIZE, VT_TIME, VT_BOOL, VT_ENUM */
	s64 min, max;
	const char *const *choices;
	const char *what; /* "pages" */
};

/* Literal or ${...} as an expression; NULL after a mistake. @g NULL: outside threads. */
struct expr *value_read(struct reader *rd, const struct node *n, const struct want *w,
			const struct group_build *g);
struct expr *value_read_text(struct reader *rd, struct srcpos pos, const char *text,
			     const struct want *w, const struct group_build *g);

/* A whole value of any quantity (let). */
struct expr *value_read_any(struct reader *rd, const struct node *n, const char *what,
			    const struct group_build *g);

/* Literal only (defaults, --set, `at`). */
bool literal_read(struct reader *rd, const struct node *n, const struct want *w, s64 *v);

/* Literal of whatever kind, for parameters: true and false are 1 and 0. */
bool any_literal(struct reader *rd, const struct node *n, const char *what, s64 *v,
		 enum quantity *q);

enum quantity quantity_of(enum value_type type);
struct expr *expr_constant(struct reader *rd, struct srcpos pos, s64 v, enum quantity q);
enum quantity expr_quantity(const struct expr *e);
bool expr_uses_param(const struct expr *e, u32 param);

/**
 * expr_compile - what stands between ${ and }
 * @pos: of the first character
 * @g: whose variables are known; NULL: none
 *
 * Returns NULL after a mistake.
 */
struct expr *expr_compile(struct reader *rd, struct srcpos pos, const char *text,
			  const struct group_build *g);

/* True and its value if the expression was written as a literal. */
bool expr_literal(const struct expr *e, s64 *v);

/* Source form: "${...}" or the literal. */
void expr_print(GString *out, const struct expr *e);

/* think, sleep (@is_time) or a draw of let; NULL after a mistake. */
struct dist *dist_read(struct reader *rd, const struct node *n, bool is_time, const char *what,
		       const struct group_build *g);

/* True if @n is written as a distribution rather than a value. */
bool dist_is_draw(const struct node *n);
enum quantity dist_quantity(const struct dist *d);
void dist_print(GString *out, const struct dist *d);

/* ---- sections ------------------------------------------------------------ */

struct top {
	const char *scenario, *about;
	const struct node *machine, *seed, *replications, *duration, *params, *include, *kernel,
		*variants, *sweep, *cgroups, *objects, *threads, *events, *measure, *plots, *expect,
		*quick;
};

struct machine *machine_read(struct reader *rd, const struct node *n, const char *from);
void params_read(struct reader *rd);
s32 param_find(const struct reader *rd, const char *name);
void changes_apply(struct reader *rd, struct top *top);

/* Value of the last --set of @key as a node, or NULL. */
const struct node *set_find(struct reader *rd, const char *key);

/* Reads by reading what the sections before it left in rd->s; in this order. */
void sweep_read(struct reader *rd, const struct node *n, const struct node *quick);
void objects_read(struct reader *rd);
void variants_read(struct reader *rd, const struct node *kernel, const struct node *variants);
void cgroups_read(struct reader *rd);
/*
 * An operation of @model names what is no object: if it is a cgroup and the model has
 * operations on them, the index of a new object that stands for it, else -1.
 */
s32 cgroup_object(struct reader *rd, u32 model, const char *name);
void threads_read(struct reader *rd);
void models_used(struct reader *rd);
void events_read(struct reader *rd);
void measure_read(struct reader *rd, const struct node *n);
void plots_read(struct reader *rd, const struct node *n, const struct node *sweep,
		const struct node *quick);
void expects_read(struct reader *rd, const struct node *n);

/* Name of a metric, or NULL after a mistake. */
const char *metric_read(struct reader *rd, const struct node *n);

/* ---- steps (steps.c, op_step.c, vars.c) ----------------------------------- */

/* Steps of a body: a list or one step. */
struct step *steps_read(struct reader *rd, const struct node *n, struct group_build *g, u32 *nr);
bool op_step_read(struct reader *rd, const struct node *key, const struct node *value,
		  struct group_build *g, struct step *st);
s32 var_find(const struct group_build *g, const char *name);
s32 bag_find(const struct group_build *g, const char *name);

/* Index of the variable, new if need be; -1 after a mistake. */
s32 var_declare(struct reader *rd, struct srcpos pos, struct group_build *g, const char *name,
		enum var_kind kind);
s32 bag_declare(struct reader *rd, struct srcpos pos, struct group_build *g, const char *name);
void mistake_unknown_var(struct reader *rd, struct srcpos pos, const struct group_build *g,
			 const char *name, bool handles);

#endif
