// SPDX-License-Identifier: GPL-2.0-or-later
/* mmsim check: are scenarios right; with --quick, do they run. */
#include "sim/cli/cli.h"

#include <stdio.h>

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
		rc = check_file(cli, argv[i], &o, print);
		status = rc > status ? rc : status;
	}
out:
	run_options_clear(&o);
	return status;
}
