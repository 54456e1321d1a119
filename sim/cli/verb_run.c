// SPDX-License-Identifier: GPL-2.0-or-later
/* mmsim run: run scenarios, write folders, print tables. */
#include "sim/cli/cli.h"

#include <errno.h>
#include <stdio.h>

#include "output/output.h"
#include "output/plot.h"
#include "sim/experiment/journal.h"

/* One file's folder: -o DIR, below it if there are several files, or the default. */
static char *output_dir(const char *given, bool several, const struct scenario *sc)
{
	if (!given)
		return g_build_filename("mmsim-out", sc->name, NULL);
	return several ? g_build_filename(given, sc->name, NULL) : g_strdup(given);
}

static void draw_plots(const char *dir, bool quiet)
{
	static const char *const formats[] = { "png", "svg" };
	char *error = NULL;
	size_t i;

	for (i = 0; i < G_N_ELEMENTS(formats); i++) {
		if (plot_draw(dir, formats[i], &error) >= 0)
			continue;
		if (!quiet)
			cli_complain("no %s plots: %s", formats[i], error);
		g_clear_pointer(&error, g_free);
	}
}

static bool write_results(const struct experiment *e, const char *dir, bool plots, bool quiet)
{
	char *error = NULL;

	if (g_mkdir_with_parents(dir, 0777)) {
		cli_complain("%s: %s", dir, g_strerror(errno));
		return false;
	}
	if (!output_write(e, dir, &error) || !plot_write(e, dir, &error)) {
		cli_complain("%s", error);
		g_free(error);
		return false;
	}
	if (plots)
		draw_plots(dir, quiet);
	return true;
}

static void drop_journal(gpointer dir, gpointer unused)
{
	(void)unused;
	journal_remove(dir);
}

static void print_tables(const struct experiment *e)
{
	output_table(e, stdout);
	output_waits(e, stdout);
	output_margins(e, stdout);
}

/* Folders that finished go to @done; their journals stay until all files are done. */
static int run_file(struct cli *cli, const char *file, const char *out, bool several,
		    struct run_options *o, bool plots, GPtrArray *done)
{
	struct scenario *sc = cli_load(cli, file, o);
	struct experiment *e;
	u32 off, not_run, exact_off;
	int status = CLI_USAGE;
	char *dir;

	if (!sc)
		return CLI_USAGE;
	dir = output_dir(out, several, sc);
	o->journal_dir = dir;
	e = cli_execute(cli, sc, o, &status);
	if (!e)
		goto out;
	if (!o->quiet)
		print_tables(e);
	exact_off = output_expects(e, o->quiet ? NULL : stdout, &off, &not_run);
	if (!write_results(e, dir, plots, o->quiet))
		status = CLI_INTERNAL;
	else if (!o->quiet)
		printf("\nresults: %s\n", dir);
	if (status == CLI_OK)
		g_ptr_array_add(done, g_strdup(dir));
	if (status == CLI_OK && exact_off)
		status = CLI_EXPECT;
	experiment_free(e);
out:
	g_free(dir);
	scenario_free(sc);
	return status;
}

int cli_run(struct cli *cli, int argc, char **argv)
{
	struct run_options o = { .jobs = JOBS_DEFAULT };
	gboolean no_plots = FALSE;
	GPtrArray *done = g_ptr_array_new_with_free_func(g_free);
	char *out = NULL;
	const GOptionEntry entries[] = {
		{ "output", 'o', 0, G_OPTION_ARG_FILENAME, &out,
		  "Folder for results (default mmsim-out/SCENARIO)", "DIR" },
		CLI_LOAD_ENTRIES(o),
		CLI_RUN_ENTRIES(o),
		{ "margins", 0, 0, G_OPTION_ARG_INT, &o.margins,
		  "Run everything N times more with costs drawn inside their errors", "N" },
		{ "resume", 0, 0, G_OPTION_ARG_NONE, &o.resume,
		  "Continue an interrupted run of the same folder", NULL },
		{ "no-plots", 0, 0, G_OPTION_ARG_NONE, &no_plots,
		  "Write scripts of plots, do not draw them", NULL },
		G_OPTION_ENTRY_NULL,
	};
	int status = CLI_USAGE, i, rc;

	if (!cli_parse(cli, cli_find_verb("run"), entries, &argc, &argv) ||
	    !run_options_finish(&o, cli))
		goto out;
	if (argc < 2) {
		cli_complain("run: no scenario given; see `mmsim list scenarios`");
		goto out;
	}
	cli_block_signals();
	status = CLI_OK;
	for (i = 1; i < argc; i++) {
		rc = run_file(cli, argv[i], out, argc > 2, &o, !no_plots, done);
		status = rc > status ? rc : status;
		if (rc == CLI_INCOMPLETE)
			break;
	}
	if (status != CLI_INCOMPLETE)
		g_ptr_array_foreach(done, drop_journal, NULL);
out:
	g_ptr_array_free(done, TRUE);
	run_options_clear(&o);
	g_free(out);
	return status;
}
