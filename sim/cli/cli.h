/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the verbs of the command line share. */
#ifndef MMSIM_CLI_CLI_H
#define MMSIM_CLI_CLI_H

#include <glib.h>

#include "sim/experiment/experiment.h"

enum cli_status {
	CLI_OK,
	CLI_EXPECT, /* validate, or an expect of kind exact, failed */
	CLI_USAGE, /* bad usage or bad input */
	CLI_INCOMPLETE, /* interrupted, or a run did not end */
	CLI_INTERNAL,
};

struct cli {
	struct registry *registry;
	char **search_path; /* folders with machines/ and scenarios, NULL-terminated */
	GPtrArray *plugins; /* GModule, in order of loading */
	GPtrArray *plugin_names; /* const char *, owned by the plug-ins; NULL at the end */
};

struct verb {
	const char *name;
	const char *args; /* after the options, for help */
	const char *about;
	const char *details; /* below the options, for help; NULL: none */
	int (*run)(struct cli *cli, int argc, char **argv);
};

/* NULL-name-terminated. */
extern const struct verb cli_verbs[];

int cli_run(struct cli *cli, int argc, char **argv);
int cli_check(struct cli *cli, int argc, char **argv);
int cli_list(struct cli *cli, int argc, char **argv);
int cli_show(struct cli *cli, int argc, char **argv);
int cli_plot(struct cli *cli, int argc, char **argv);
int cli_validate(struct cli *cli, int argc, char **argv);
int cli_calibrate(struct cli *cli, int argc, char **argv);

/* Register every built-in model; false with a message on standard error. */
bool cli_register_models(struct registry *r);

/* "mmsim: ..." on standard error. */
void cli_complain(const char *format, ...) G_GNUC_PRINTF(1, 2);

/* Load one plug-in and register what it brings; false with a message. */
bool cli_load_plugin(struct cli *cli, const char *file);
void cli_plugins_init(struct cli *cli);
/* Unload all; after the registry, which points into them, is gone. */
void cli_plugins_free(struct cli *cli);

/*
 * Parse a verb's options and load the plug-ins they name; what remains in argv[1..]
 * are arguments. Returns false with a message on a mistake. --help prints and exits.
 */
bool cli_parse(struct cli *cli, const struct verb *v, const GOptionEntry *entries, int *argc,
	       char ***argv);
const struct verb *cli_find_verb(const char *name);

/*
 * Folders of scenarios and machines, allocated: those of $MMSIM_PATH, then those that
 * came with the program.
 */
char **cli_search_path(void);

/* Path of a scenario given as path or name; allocated, NULL with a message. */
char *cli_find_scenario(const struct cli *cli, const char *name);

/* Sorted "folder/name" of scenarios, or names of machines, along the search path. */
GPtrArray *cli_known_scenarios(const struct cli *cli);
GPtrArray *cli_known_machines(const struct cli *cli);

/* Options that say how to load and run; shared by run, check and validate. */
#define JOBS_DEFAULT G_MININT /* not given: one a processor */

struct run_options {
	char **sets, **variants;
	char *seed;
	gint replications, jobs, margins;
	gboolean quick, quiet;
	char *engine;
	gboolean resume;
	/* derived */
	const char *journal_dir; /* where finished runs are kept; NULL: nowhere */
	u32 nr_signals; /* SIGINT and SIGTERM so far */
	bool told_signal;
	struct scn_options scn;
	struct exp_options exp;
	bool *mask;
};

#define CLI_LOAD_ENTRIES(o)                                                                          \
	{ "set",      0,                                                                             \
	  0,	      G_OPTION_ARG_STRING_ARRAY,                                                     \
	  &(o).sets,  "Give a parameter or top-level key another value",                             \
	  "KEY=VALUE" },                                                                             \
		{ "seed", 0, 0, G_OPTION_ARG_STRING, &(o).seed, "Seed of all random streams", "N" }, \
		{ "replications",	    0,	0, G_OPTION_ARG_INT, &(o).replications,              \
		  "Number of replications", "N" },                                                   \
	{                                                                                            \
		"quick", 0, 0, G_OPTION_ARG_NONE, &(o).quick, "Run the scenario's small form",       \
			NULL                                                                         \
	}

#define CLI_RUN_ENTRIES(o)                                                                         \
	{                                                                                          \
		"jobs", 'j', 0, G_OPTION_ARG_INT, &(o).jobs, "Runs at a time (default: all CPUs)", \
		"N"                                                                                \
	},                                                                                         \
		{ "variant",                                                                       \
		  0,                                                                               \
		  0,                                                                               \
		  G_OPTION_ARG_STRING_ARRAY,                                                       \
		  &(o).variants,                                                                   \
		  "Run only this variant (may be repeated)",                                       \
		  "NAME" },                                                                        \
		{ "quiet", 0, 0, G_OPTION_ARG_NONE, &(o).quiet, "No progress, no table", NULL },   \
	{                                                                                          \
		"engine", 0, 0, G_OPTION_ARG_STRING, &(o).engine,                                  \
			"Engine: normal (default) or reference", "NAME"                            \
	}

/* Check what was given and derive the rest; false with a message. */
bool run_options_finish(struct run_options *o, const struct cli *cli);
void run_options_clear(struct run_options *o);

/* Load a scenario; NULL with all its mistakes on standard error. */
struct scenario *cli_load(const struct cli *cli, const char *name, const struct run_options *o);

/*
 * Lay out and run a scenario with progress; NULL with a message and *@status set
 * if it could not start. Otherwise *@status is CLI_OK or CLI_INCOMPLETE.
 */
struct experiment *cli_execute(const struct cli *cli, const struct scenario *sc,
			       struct run_options *o, int *status);

/* Version, commit and the sum of the program's file and of those of plug-ins; allocated. */
char *cli_build_id(const struct cli *cli);

/* Called by experiment_run(): progress bar, and SIGINT or SIGTERM as the wish to stop. */
bool cli_poll(const struct exp_progress *p, void *arg);
/* Block the signals cli_poll() looks for; before any thread is made. */
void cli_block_signals(void);

#endif
