// SPDX-License-Identifier: GPL-2.0-or-later
/* mmsim plot: draw the plots of a folder again, after the user edited them. */
#include "sim/cli/cli.h"

#include "output/plot.h"

static int plot_dir(const char *dir, const char *format)
{
	char *error = NULL;
	int n = plot_draw(dir, format, &error);

	if (n < 0) {
		cli_complain("%s: %s", dir, error);
		g_free(error);
		return g_file_test(dir, G_FILE_TEST_IS_DIR) ? CLI_INTERNAL : CLI_USAGE;
	}
	if (n == 0) {
		cli_complain("%s: no plots there (*.gp)", dir);
		return CLI_USAGE;
	}
	return CLI_OK;
}

int cli_plot(struct cli *cli, int argc, char **argv)
{
	char *format = NULL;
	const GOptionEntry entries[] = {
		{ "format", 0, 0, G_OPTION_ARG_STRING, &format,
		  "svg, png, pdf or text; PNG and SVG if not given", "FORMAT" },
		G_OPTION_ENTRY_NULL,
	};
	int status = CLI_USAGE, i, rc;

	if (!cli_parse(cli, cli_find_verb("plot"), entries, &argc, &argv))
		goto out;
	if (format && !plot_format_known(format)) {
		cli_complain("--format is svg, png, pdf or text, not '%s'", format);
		goto out;
	}
	if (argc < 2) {
		cli_complain("plot: no folder given");
		goto out;
	}
	status = CLI_OK;
	for (i = 1; i < argc; i++) {
		rc = plot_dir(argv[i], format ? format : "png");
		if (rc == CLI_OK && !format)
			rc = plot_dir(argv[i], "svg");
		status = rc > status ? rc : status;
	}
out:
	g_free(format);
	return status;
}
