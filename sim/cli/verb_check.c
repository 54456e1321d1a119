// SPDX-License-Identifier: GPL-2.0-or-later
/* mmsim check: are scenarios, or machine files, right; with --quick, do scenarios run. */
#include "sim/cli/cli.h"

#include <stdio.h>
#include <string.h>

/* Does @line of a file start with @key and a colon? */
static bool is_key(const char *line, const char *key)
{
	return g_str_has_prefix(line, key) && line[strlen(key)] == ':';
}

/* A file without `scenario:` that has what only machines have. */
static bool is_machine_file(const char *file)
{
	bool machine = false, scenario = false;
	char *text, **lines, **line;

	if (!g_file_get_contents(file, &text, NULL, NULL))
		return false;
	lines = g_strsplit(text, "\n", -1);
	for (line = lines; *line; line++) {
		machine |= is_key(*line, "cores_per_llc") || is_key(*line, "base");
		scenario |= is_key(*line, "scenario");
	}
	g_strfreev(lines);
	g_free(text);
	return machine && !scenario;
}

static int check_machine(const struct cli *cli, const char *file, const struct run_options *o)
{
	struct scn_errors errors = { 0 };
	char *path = g_canonicalize_filename(file, NULL);
	struct machine *m = machine_load(path, (const char *const *)cli->search_path, &errors);
	int status = m ? CLI_OK : CLI_USAGE;
	guint i;

	for (i = 0; errors.lines && i < errors.lines->len; i++)
		fprintf(stderr, "%s\n", (const char *)errors.lines->pdata[i]);
	if (m && !o->quiet)
		printf("%s: ok, a machine of %u CPUs\n", file, machine_nr_cpus(m));
	scn_errors_clear(&errors);
	g_free(path);
	machine_free(m);
	return status;
}

static int check_file(struct cli *cli, const char *file, struct run_options *o, bool print)
{
	struct scenario *sc = cli_load(cli, file, o);
	struct experiment *e;
	int status = CLI_OK;
	GString *text;

	if (!sc)
		return CLI_USAGE;
	if (print) {
		text = g_string_new(NULL);
		scenario_print(sc, text);
		fputs(text->str, stdout);
		g_string_free(text, TRUE);
	}
	if (o->quick) {
		e = cli_execute(cli, sc, o, &status);
		experiment_free(e);
	}
	if (status == CLI_OK && !print && !o->quiet)
		printf("%s: ok\n", file);
	scenario_free(sc);
	return status;
}

int cli_check(struct cli *cli, int argc, char **argv)
{
	struct run_options o = { .jobs = JOBS_DEFAULT };
	gboolean print = FALSE;
	const GOptionEntry entries[] = {
		{ "print", 0, 0, G_OPTION_ARG_NONE, &print,
		  "Print the scenario with defaults and units resolved", NULL },
		CLI_LOAD_ENTRIES(o),
		CLI_RUN_ENTRIES(o),
		G_OPTION_ENTRY_NULL,
	};
	int status = CLI_USAGE, i, rc;

	if (!cli_parse(cli, cli_find_verb("check"), entries, &argc, &argv) ||
	    !run_options_finish(&o, cli))
		goto out;
	if (argc < 2) {
		cli_complain("check: no scenario given");
		goto out;
	}
	cli_block_signals();
	status = CLI_OK;
	for (i = 1; i < argc; i++) {
		if (is_machine_file(argv[i]))
			rc = check_machine(cli, argv[i], &o);
		else
			rc = check_file(cli, argv[i], &o, print);
		status = rc > status ? rc : status;
	}
out:
	run_options_clear(&o);
	return status;
}
