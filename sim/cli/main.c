// SPDX-License-Identifier: GPL-2.0-or-later
/* mmsim: the command line. */
#include "sim/cli/cli.h"

#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "sim/core/coro.h"

#ifdef __clang__
#define COMPILER __VERSION__
#else
#define COMPILER "GCC " __VERSION__
#endif

static const char run_details[] =
	"FILE is a path or the name of a scenario (`mmsim list scenarios`).\n\n"
	"Finished runs are kept in DIR/journal until all are done. After SIGINT or SIGTERM,\n"
	"runs under way end, results so far are written, and --resume continues; a journal of\n"
	"another scenario, seed, version or setting is refused. Without --resume the folder is\n"
	"written anew.\n\n"
	"--margins N runs every point and variant N times more with the random streams of\n"
	"replication 1, each time on a machine whose costs are drawn within their stated\n"
	"relative errors e: uniform in the logarithm from v / (1 + e) to v * (1 + e), the same\n"
	"draw for all variants of a sample. The 5th and 95th percentiles are model_low and\n"
	"model_high in summary.csv and, of ratios taken sample by sample, in ratios.csv. Under\n"
	"the table stand the costs that move the main metric and its ratio most (from 8\n"
	"samples on; 40 or more tell them apart well).\n\n"
	"summary.csv, ratios.csv, runs.csv, series.csv, locks.csv, lock_callers.csv,\n"
	"profile.csv, cpu.csv, footprint.csv, hist.csv, manifest.yaml and run.log are always\n"
	"written; errors.csv and map.csv come with models that have error probes or maps,\n"
	"and none of the models here has.\n\n"
	"Exit status: 0 done; 1 an expectation of kind exact failed; 2 bad usage or input;\n"
	"3 interrupted or incomplete; 4 internal error.";

const struct verb cli_verbs[] = {
	{ "run", "FILE...", "Run scenarios and write their results", run_details, cli_run },
	{ "check", "FILE...", "Check scenarios without running them",
	  "All mistakes of a file are told at once, as file:line:column. With --quick the small\n"
	  "form also runs. A machine file (`mmsim calibrate`) is checked as one. Exit status: 0 "
	  "all\n"
	  "are right; 2 mistakes.",
	  cli_check },
	{ "list", "[models|variants|operations|metrics|machines|scenarios]", "List what there is",
	  NULL, cli_list },
	{ "show", "NAME...", "Describe a model, variant, operation, metric or machine",
	  "NAME is one of `mmsim list`, MODEL/VARIANT, MODEL.METRIC, flat-N, ideal-N or the path\n"
	  "of a machine file. Costs marked with * are estimates.",
	  cli_show },
	{ "plot", "DIR...", "Draw the plots of a results folder again",
	  "Runs gnuplot on every *.gp of the folder; these and their data may be edited.",
	  cli_plot },
	{ "validate", "[FILE...]", "Compare every published figure with what is simulated",
	  "Without FILE, all scenarios of `mmsim list scenarios` that have an `expect`. A point\n"
	  "that was not run is reported as not run. Exit status: 0 all fit; 1 some are off.",
	  cli_validate },
	{ "calibrate", "", "Measure this host and print a machine file",
	  "The file goes to standard output, progress and what could not be measured to standard\n"
	  "error: `mmsim calibrate >host.yaml`, then `mmsim check host.yaml` and\n"
	  "`mmsim run --set machine=host.yaml FILE`. Takes up to 20 s, 2 s with --quick, more on "
	  "a\n"
	  "busy host; needs no privileges. Measured values have tag M, their quartiles in "
	  "`source`\n"
	  "and a relative error from the quartiles, 5 % at least. What user space cannot see "
	  "keeps\n"
	  "its default, as a comment, and is no value of this host. Only CPUs that the process "
	  "may\n"
	  "use (taskset, cgroup) are measured; the topology is the whole host's.\n\n"
	  "Exit status: 0 done; 2 bad usage; 3 interrupted, nothing is printed; 4 internal error.",
	  cli_calibrate },
	{ NULL, NULL, NULL, NULL, NULL },
};

static void print_help(void)
{
	const struct verb *v;

	puts("Usage: mmsim VERB [OPTION...] [ARGUMENT...]\n\n"
	     "Simulates Linux memory-management designs: contention, footprint, error.\n\n"
	     "Verbs:");
	for (v = cli_verbs; v->name; v++)
		printf("  %-10s %s\n", v->name, v->about);
	puts("\nOptions:\n"
	     "  -h, --help     This text; `mmsim VERB --help` for a verb\n"
	     "  --version      Version and build\n"
	     "  --plugin FILE.so\n"
	     "                 Load variants and models; also after the verb, may be repeated\n\n"
	     "Environment:\n"
	     "  MMSIM_PATH     Folders with scenarios and machines, separated by ':'\n"
	     "  NO_COLOR       Keep the progress bar plain\n\n"
	     "Exit status: 0 done; 1 an expectation failed; 2 bad usage or input;\n"
	     "3 interrupted or incomplete; 4 internal error.");
}

static void print_version(void)
{
	printf("mmsim %s\ncompiler: %s\nbuild type: %s%s%s\ncommit: %s\ncoroutines: %s\n",
	       MMSIM_VERSION, COMPILER, MMSIM_BUILD_TYPE, *MMSIM_SANITIZE ? ", sanitizers: " : "",
	       MMSIM_SANITIZE, MMSIM_GIT, coro_backend());
}

const struct verb *cli_find_verb(const char *name)
{
	const struct verb *v;

	for (v = cli_verbs; v->name; v++) {
		if (!strcmp(v->name, name))
			return v;
	}
	return NULL;
}

static int unknown_verb(const char *name)
{
	const char *names[G_N_ELEMENTS(cli_verbs)] = { NULL }, *near;
	size_t i;

	for (i = 0; cli_verbs[i].name; i++)
		names[i] = cli_verbs[i].name;
	near = nearest_name(name, names);
	if (near)
		cli_complain("'%s' is no verb; did you mean '%s'?", name, near);
	else
		cli_complain("'%s' is no verb; see `mmsim --help`", name);
	return CLI_USAGE;
}

/* GOption does not know "-j4": make it "-j" "4". Strings go to @keep. */
static GPtrArray *split_short(int argc, char **argv, GStringChunk *keep)
{
	GPtrArray *out = g_ptr_array_new();
	bool options = true;
	int i;

	for (i = 0; i < argc; i++) {
		options = options && strcmp(argv[i], "--");
		if (options && argv[i][0] == '-' && argv[i][1] && strchr("jo", argv[i][1]) &&
		    argv[i][2]) {
			char flag[3] = { '-', argv[i][1], '\0' };

			g_ptr_array_add(out, g_string_chunk_insert(keep, flag));
			g_ptr_array_add(out, argv[i] + 2);
		} else {
			g_ptr_array_add(out, argv[i]);
		}
	}
	g_ptr_array_add(out, NULL);
	return out;
}

/* Options that stand before the verb, which starts at argv[0] then; false with a message. */
static bool take_plugins(struct cli *cli, int *argc, char ***argv)
{
	const char *file;

	while (*argc && g_str_has_prefix(**argv, "--plugin")) {
		file = **argv + strlen("--plugin");
		if (*file == '=') {
			file++;
		} else if (*file || *argc < 2) {
			cli_complain(*file ? "'%s' is no option; did you mean '--plugin'?" :
					     "%s: no file given",
				     **argv);
			return false;
		} else {
			file = *++*argv;
			--*argc;
		}
		++*argv;
		--*argc;
		if (!cli_load_plugin(cli, file))
			return false;
	}
	return true;
}

static bool is_help(const char *arg)
{
	return !strcmp(arg, "--help") || !strcmp(arg, "-h") || !strcmp(arg, "help");
}

static int run_verb(struct cli *cli, int argc, char **argv)
{
	const struct verb *v = cli_find_verb(argv[0]);

	if (is_help(argv[0])) {
		print_help();
		return CLI_OK;
	}
	return v ? v->run(cli, argc, argv) : unknown_verb(argv[0]);
}

/* The command line without the program's name. */
static int dispatch(int argc, char **argv)
{
	struct cli cli = { 0 };
	GStringChunk *keep = g_string_chunk_new(64);
	GPtrArray *args;
	int status = CLI_INTERNAL;

	cli.registry = registry_new();
	cli.search_path = cli_search_path();
	cli_plugins_init(&cli);
	if (!cli.registry || !cli_register_models(cli.registry))
		goto out;
	status = CLI_USAGE;
	if (!take_plugins(&cli, &argc, &argv))
		goto out;
	if (!argc) {
		cli_complain("no verb given; see `mmsim --help`");
		goto out;
	}
	args = split_short(argc, argv, keep);
	status = run_verb(&cli, (int)args->len - 1, (char **)args->pdata);
	g_ptr_array_free(args, TRUE);
out:
	registry_free(cli.registry);
	cli_plugins_free(&cli);
	g_strfreev(cli.search_path);
	g_string_chunk_free(keep);
	return status;
}

int main(int argc, char **argv)
{
	setlocale(LC_CTYPE, "");
	if (argc < 2) {
		cli_complain("no verb given; see `mmsim --help`");
		return CLI_USAGE;
	}
	if (!strcmp(argv[1], "--version")) {
		print_version();
		return CLI_OK;
	}
	if (!strcmp(argv[1], "help") && argc > 2) {
		argv[1] = argv[2];
		argv[2] = (char *)"--help";
	}
	return dispatch(argc - 1, argv + 1);
}
