// SPDX-License-Identifier: GPL-2.0-or-later
/* Options that verbs share, and messages. */
#include "sim/cli/cli.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/experiment/journal.h"

#define MAX_MARGINS 10000
#define MAX_FAILURES 10 /* told on the terminal */

void cli_complain(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	fputs("mmsim: ", stderr);
	vfprintf(stderr, format, ap);
	fputc('\n', stderr);
	va_end(ap);
}

bool cli_parse(struct cli *cli, const struct verb *v, const GOptionEntry *entries, int *argc,
	       char ***argv)
{
	char **plugins = NULL, **file;
	const GOptionEntry common[] = {
		{ "plugin", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &plugins,
		  "Load variants and models from a shared object (may be repeated)", "FILE.so" },
		G_OPTION_ENTRY_NULL,
	};
	GOptionContext *ctx = g_option_context_new(v->args);
	char *name = g_strdup_printf("mmsim %s", v->name);
	GError *err = NULL;
	bool ok;

	g_set_prgname(name);
	g_option_context_set_summary(ctx, v->about);
	g_option_context_set_description(ctx, v->details);
	g_option_context_add_main_entries(ctx, entries, NULL);
	g_option_context_add_main_entries(ctx, common, NULL);
	ok = g_option_context_parse(ctx, argc, argv, &err);
	if (!ok) {
		cli_complain("%s: %s; see `mmsim %s --help`", v->name, err->message, v->name);
		g_error_free(err);
	}
	for (file = plugins; ok && file && *file; file++)
		ok = cli_load_plugin(cli, *file);
	g_option_context_free(ctx);
	g_strfreev(plugins);
	g_free(name);
	return ok;
}

static bool parse_seed(struct run_options *o)
{
	char *end;

	if (!o->seed)
		return true;
	errno = 0;
	o->scn.seed = strtoull(o->seed, &end, 0);
	if (errno || end == o->seed || *end || *o->seed == '-') {
		cli_complain("--seed must be a number of 0 to 2^64 - 1, not '%s'", o->seed);
		return false;
	}
	o->scn.seed_set = true;
	return true;
}

static bool parse_engine(struct run_options *o)
{
	if (!o->engine || !strcmp(o->engine, "normal")) {
		o->exp.engine = SIM_NORMAL;
		return true;
	}
	o->exp.engine = SIM_REFERENCE;
	if (!strcmp(o->engine, "reference"))
		return true;
	cli_complain("--engine is normal or reference, not '%s'", o->engine);
	return false;
}

bool run_options_finish(struct run_options *o, const struct cli *cli)
{
	if (o->replications < 0) {
		cli_complain("--replications must not be negative");
		return false;
	}
	if (o->jobs != JOBS_DEFAULT && (o->jobs < 1 || o->jobs > 4096)) {
		cli_complain("--jobs must be 1 to 4096, not %d", o->jobs);
		return false;
	}
	if (o->margins < 0 || o->margins > MAX_MARGINS) {
		cli_complain("--margins must be 0 to %d samples, not %d", MAX_MARGINS, o->margins);
		return false;
	}
	o->exp.margins = (u32)o->margins;
	o->scn.sets = (const char *const *)o->sets;
	o->scn.quick = o->quick;
	o->scn.replications = (u32)o->replications;
	o->scn.search_path = (const char *const *)cli->search_path;
	o->exp.plugins = (const char *const *)cli->plugin_names->pdata;
	o->exp.jobs = o->jobs != JOBS_DEFAULT ? (u32)o->jobs : g_get_num_processors();
	return parse_seed(o) && parse_engine(o);
}

void run_options_clear(struct run_options *o)
{
	g_strfreev(o->sets);
	g_strfreev(o->variants);
	g_free(o->seed);
	g_free(o->engine);
	g_free(o->mask);
}

struct scenario *cli_load(const struct cli *cli, const char *name, const struct run_options *o)
{
	struct scn_errors errors = { 0 };
	char *path = cli_find_scenario(cli, name);
	struct scenario *sc = NULL;
	guint i;

	if (!path)
		return NULL;
	sc = scenario_load(path, cli->registry, &o->scn, &errors);
	for (i = 0; errors.lines && i < errors.lines->len; i++)
		fprintf(stderr, "%s\n", (const char *)errors.lines->pdata[i]);
	if (errors.truncated)
		fputs("(further mistakes are not shown)\n", stderr);
	scn_errors_clear(&errors);
	g_free(path);
	return sc;
}

/* Which of the scenario's variants --variant chose. */
static bool choose_variants(struct run_options *o, const struct scenario *sc)
{
	const char **names = g_new0(const char *, sc->nr_variants + 1), *near;
	bool ok = true;
	char **want;
	u32 i;

	for (i = 0; i < sc->nr_variants; i++)
		names[i] = sc->variants[i].name;
	g_free(o->mask);
	o->mask = g_new0(bool, sc->nr_variants + 1);
	for (want = o->variants; want && *want; want++) {
		for (i = 0; i < sc->nr_variants && strcmp(names[i], *want); i++)
			;
		if (i < sc->nr_variants) {
			o->mask[i] = true;
			continue;
		}
		near = nearest_name(*want, names);
		cli_complain("%s has no variant '%s'%s%s%s", sc->name, *want,
			     near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
		ok = false;
	}
	o->exp.variants = o->variants ? o->mask : NULL;
	g_free(names);
	return ok;
}

/* Runs of one cell that failed; @what numbers them. Returns how many there are so far. */
static u32 report_cell(const struct experiment *e, GPtrArray **cells, u32 p, u32 v,
		       const char *what, u32 shown)
{
	GPtrArray *cell = cells[(size_t)p * e->nr_variants + v];
	guint i;

	for (i = 0; i < cell->len; i++) {
		const struct run_result *r = cell->pdata[i];

		if (r && r->failed && ++shown <= MAX_FAILURES)
			cli_complain("%s %s %s%u: %s", e->points[p].label,
				     experiment_variant(e, v)->name, what,
				     cells == e->samples ? i + 1 : r->replication, r->report);
	}
	return shown;
}

static void report_failures(const struct experiment *e)
{
	u32 p, v, shown = 0;

	for (p = 0; p < e->nr_points; p++) {
		for (v = 0; v < e->nr_variants; v++) {
			shown = report_cell(e, e->runs, p, v, "#", shown);
			shown = report_cell(e, e->samples, p, v, "sample ", shown);
		}
	}
	if (shown > MAX_FAILURES)
		cli_complain("... and %u more failed runs, see run.log", shown - MAX_FAILURES);
}

/* Runs do not carry out all that a scenario may say: refuse what would be ignored. */
static bool refuse_scenario(const struct scenario *sc)
{
	GPtrArray *lines = g_ptr_array_new_with_free_func(g_free);
	bool refused;
	guint i;

	run_refusals(sc, lines);
	for (i = 0; i < lines->len; i++)
		fprintf(stderr, "%s\n", (const char *)lines->pdata[i]);
	refused = lines->len > 0;
	g_ptr_array_free(lines, TRUE);
	return refused;
}

/* Keep finished runs in o->journal_dir; false with a message and *@status. */
static bool open_journal(const struct cli *cli, struct experiment *e, const struct run_options *o,
			 int *status)
{
	char *build = cli_build_id(cli), *error = NULL;

	*status = CLI_USAGE;
	e->opt.build = build;
	if (g_mkdir_with_parents(o->journal_dir, 0777))
		error = g_strdup_printf("%s: %s", o->journal_dir, g_strerror(errno));
	else
		e->journal = journal_open(e, o->journal_dir, o->resume, &error);
	e->opt.build = NULL;
	g_free(build);
	if (!e->journal) {
		cli_complain("%s", error);
		g_free(error);
		return false;
	}
	if (o->resume && !o->quiet)
		cli_complain("%s: %u finished runs are kept", o->journal_dir,
			     journal_nr_kept(e->journal));
	return true;
}

/* Why the results are not all there. */
static void report_interrupt(const struct experiment *e, const struct run_options *o)
{
	const char *error = e->journal ? journal_error(e->journal) : NULL;

	if (error)
		cli_complain("finished runs could not be kept: %s", error);
	if (!e->interrupted)
		return;
	if (!e->journal || error)
		cli_complain("interrupted after %u of %u runs", e->nr_done, e->nr_total);
	else
		cli_complain("interrupted: %u of %u runs are finished and kept in %s; the same "
			     "command with --resume continues",
			     e->nr_done, e->nr_total, o->journal_dir);
}

struct experiment *cli_execute(const struct cli *cli, const struct scenario *sc,
			       struct run_options *o, int *status)
{
	struct experiment *e;
	char *error = NULL;

	*status = CLI_USAGE;
	if (refuse_scenario(sc) || !choose_variants(o, sc))
		return NULL;
	o->exp.poll = cli_poll;
	o->exp.arg = o;
	e = experiment_new(sc, &o->exp, &error);
	if (!e) {
		cli_complain("%s", error);
		g_free(error);
		return NULL;
	}
	if (o->journal_dir && !open_journal(cli, e, o, status)) {
		experiment_free(e);
		return NULL;
	}
	*status = experiment_run(e) ? CLI_OK : CLI_INCOMPLETE;
	report_failures(e);
	report_interrupt(e, o);
	return e;
}
