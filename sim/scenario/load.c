/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * scenario_load(): the sections of a scenario in the order in which they need
 * each other. Reading goes on after a mistake, so that all are reported at once;
 * only what later sections cannot do without stops it.
 */
#include "sim/scenario/reader.h"

#include <string.h>

static const struct row top_rows[] = {
	{ "scenario", ROW_NAME, offsetof(struct top, scenario), .required = true,
	  .help = "its name" },
	{ "about", ROW_TEXT, offsetof(struct top, about), .help = "one line" },
	{ "machine", ROW_NODE, offsetof(struct top, machine), .help = "name, path or map" },
	{ "seed", ROW_NODE, offsetof(struct top, seed), .help = "of all random streams" },
	{ "replications", ROW_NODE, offsetof(struct top, replications),
	  .help = "number, or {until: 1%, at_most: 50}" },
	{ "duration", ROW_NODE, offsetof(struct top, duration), .help = "of simulated time" },
	{ "params", ROW_NODE, offsetof(struct top, params), .help = "parameters" },
	{ "include", ROW_NODE, offsetof(struct top, include), .help = "workload files" },
	{ "kernel", ROW_NODE, offsetof(struct top, kernel), .help = "release" },
	{ "variants", ROW_NODE, offsetof(struct top, variants), .help = "designs to compare" },
	{ "sweep", ROW_NODE, offsetof(struct top, sweep), .help = "lists of parameter values" },
	{ "cgroups", ROW_NODE, offsetof(struct top, cgroups), .help = "memory cgroups" },
	{ "objects", ROW_NODE, offsetof(struct top, objects), .help = "locks and the like" },
	{ "threads", ROW_NODE, offsetof(struct top, threads), .help = "thread groups" },
	{ "events", ROW_NODE, offsetof(struct top, events), .help = "what happens to the world" },
	{ "measure", ROW_NODE, offsetof(struct top, measure), .help = "sampling and warm-up" },
	{ "plots", ROW_NODE, offsetof(struct top, plots), .help = "plots" },
	{ "expect", ROW_NODE, offsetof(struct top, expect), .help = "published figures" },
	{ "quick", ROW_NODE, offsetof(struct top, quick), .help = "changes under --quick" },
};

static const struct table top_table = { "in a scenario", top_rows, ARRAY_SIZE(top_rows) };

struct replications {
	s64 until, at_most, at_least;
};

static const struct row replications_rows[] = {
	{ "until", ROW_RATIO, offsetof(struct replications, until), .required = true,
	  .help = "half width of the confidence interval over mean, such as 1%" },
	{ "at_most", ROW_INT, offsetof(struct replications, at_most), .min = 2, .max = 1000000,
	  .help = "replications at most" },
	{ "at_least", ROW_INT, offsetof(struct replications, at_least), .min = 2, .max = 1000000,
	  .help = "replications before the first look" },
};

static const struct table replications_table = { "in replications", replications_rows,
						 ARRAY_SIZE(replications_rows) };

static void replications_read(struct reader *rd, const struct node *n)
{
	struct want w = { .type = VT_INT, .min = 1, .max = 1000000, .what = "replications" };
	struct replications rows = { .until = -1, .at_most = 50, .at_least = 3 };
	struct scenario *s = rd->s;
	s64 v = 1;

	if (n && n->kind == NODE_MAP) {
		map_read(rd, n, &replications_table, &rows, NULL);
		if (!rows.until)
			mistake(rd, node_get(n, "until")->pos, "until must be above 0");
		if (rows.at_least > rows.at_most)
			mistake(rd, n->pos, "at_least (%lld) is above at_most (%lld)",
				(long long)rows.at_least, (long long)rows.at_most);
		s->until_rel = (double)rows.until / 1000000;
		v = rows.at_least;
		s->at_most = (u32)rows.at_most;
	} else if (n) {
		literal_read(rd, n, &w, &v);
	}
	s->replications = (u32)v;
	if (rd->opt->replications) {
		s->replications = rd->opt->replications;
		s->until_rel = 0;
	}
	if (s->at_most < s->replications)
		s->at_most = s->replications;
}

static void scalars_read(struct reader *rd, const struct top *top)
{
	struct want seed = { .type = VT_INT, .min = 0, .max = INT64_MAX, .what = "seed" };
	struct want time = { .type = VT_TIME, .min = 1, .max = INT64_MAX, .what = "duration" };
	s64 v = 1;

	rd->s->name = top->scenario;
	rd->s->about = top->about;
	if (top->seed)
		literal_read(rd, top->seed, &seed, &v);
	rd->s->seed = rd->opt->seed_set ? rd->opt->seed : (u64)v;
	v = 0;
	if (top->duration)
		literal_read(rd, top->duration, &time, &v);
	rd->s->duration = (u64)v;
	replications_read(rd, top->replications);
}

static void free_machine(void *m)
{
	machine_free(m);
}

static void machine_section(struct reader *rd, const struct top *top)
{
	struct machine *m;

	if (!top->machine) {
		mistake(rd, rd->docs[0].root->pos,
			"key 'machine' is missing in a scenario (name, path or map)");
		return;
	}
	m = machine_read(rd, top->machine, top->machine->pos.line ? top->machine->pos.file : NULL);
	if (!m)
		return;
	arena_defer(rd->a, free_machine, m);
	rd->s->machine = m;
	rd->env.cpus = machine_nr_cpus(m);
	rd->env.nodes = machine_nr_nodes(m);
}

static void sections_read(struct reader *rd)
{
	const struct node *root = rd->docs[0].root, *quick_sweep;
	struct top top = { 0 };

	map_read(rd, root, &top_table, &top, NULL);
	params_read(rd);
	changes_apply(rd, &top);
	quick_sweep = node_get(top.quick, "sweep");
	scalars_read(rd, &top);
	machine_section(rd, &top);
	sweep_read(rd, top.sweep, quick_sweep);
	objects_read(rd);
	variants_read(rd, top.kernel, top.variants);
	cgroups_read(rd);
	threads_read(rd);
	models_used(rd);
	events_read(rd);
	measure_read(rd, top.measure);
	plots_read(rd, top.plots, top.sweep, quick_sweep);
	expects_read(rd, top.expect);
}

struct scenario *scenario_load(const char *path, const struct registry *r,
			       const struct scn_options *opt, struct scn_errors *errors)
{
	struct scenario *s;
	struct reader rd;

	reader_init(&rd, r, opt);
	s = arena_alloc(rd.a, sizeof(*s));
	rd.s = s;
	s->arena = rd.a;
	s->registry = r;
	s->path = arena_intern(rd.a, path);
	s->scale_param = -1;
	includes_read(&rd, path);
	if (rd.docs[0].root)
		sections_read(&rd);
	s->digest = arena_intern(rd.a, g_checksum_get_string(rd.sum));
	reader_finish(&rd, errors);
	if (!errors->lines->len)
		return s;
	scenario_free(s);
	return NULL;
}

void scenario_free(struct scenario *s)
{
	if (s)
		arena_free(s->arena);
}
