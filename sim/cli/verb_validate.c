// SPDX-License-Identifier: GPL-2.0-or-later
/* mmsim validate: every expectation of the scenarios. */
#include "sim/cli/cli.h"

#include <stdio.h>

#include "output/output.h"

struct tally {
	u32 checked, off, not_run;
};

static int validate_file(struct cli *cli, const char *file, struct run_options *o,
			 struct tally *sum)
{
	struct scenario *sc = cli_load(cli, file, o);
	struct experiment *e;
	u32 off, not_run;
	int status;

	if (!sc)
		return CLI_USAGE;
	if (!sc->nr_expects) {
		scenario_free(sc);
		return CLI_OK;
	}
	e = cli_execute(cli, sc, o, &status);
	if (e) {
		printf("%s", sc->name);
		fflush(stdout);
		output_expects(e, stdout, &off, &not_run);
		putchar('\n');
		sum->checked += sc->nr_expects - not_run;
		sum->off += off;
		sum->not_run += not_run;
		if (status == CLI_OK && off)
			status = CLI_EXPECT;
		experiment_free(e);
	}
	scenario_free(sc);
	return status;
}

int cli_validate(struct cli *cli, int argc, char **argv)
{
	struct run_options o = { .jobs = JOBS_DEFAULT };
	const GOptionEntry entries[] = {
		CLI_LOAD_ENTRIES(o),
		CLI_RUN_ENTRIES(o),
		G_OPTION_ENTRY_NULL,
	};
	struct tally sum = { 0 };
	int status = CLI_USAGE, rc;
	GPtrArray *files;
	guint i;

	if (!cli_parse(cli, cli_find_verb("validate"), entries, &argc, &argv) ||
	    !run_options_finish(&o, cli))
		goto out;
	cli_block_signals();
	files = argc > 1 ? g_ptr_array_new_with_free_func(g_free) : cli_known_scenarios(cli);
	for (i = 1; (int)i < argc; i++)
		g_ptr_array_add(files, g_strdup(argv[i]));
	status = CLI_OK;
	for (i = 0; i < files->len; i++) {
		rc = validate_file(cli, files->pdata[i], &o, &sum);
		status = rc > status ? rc : status;
		if (rc == CLI_INCOMPLETE)
			break;
	}
	printf("%u checked, %u off, %u not run\n", sum.checked, sum.off, sum.not_run);
	g_ptr_array_free(files, TRUE);
out:
	run_options_clear(&o);
	return status;
}
