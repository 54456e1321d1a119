// SPDX-License-Identifier: GPL-2.0-or-later
/* mmsim list: names of everything a scenario may mention. */
#include "sim/cli/cli.h"

#include <stdio.h>
#include <string.h>

static void row(const char *model, const char *name, const char *about)
{
	char *full = model ? g_strdup_printf("%s%s", model, name) : g_strdup(name);

	if (about && *about)
		printf("  %-34s %s\n", full, about);
	else
		printf("  %s\n", full);
	g_free(full);
}

static void list_models(const struct cli *cli)
{
	u32 i;

	for (i = 0; i < registry_nr_models(cli->registry); i++) {
		const struct model_desc *m = registry_model(cli->registry, i);

		row(NULL, m->name, m->about);
	}
}

static void list_variants(const struct cli *cli)
{
	u32 i, k;

	for (i = 0; i < registry_nr_models(cli->registry); i++) {
		const struct model_desc *m = registry_model(cli->registry, i);
		char *prefix = g_strconcat(m->name, "/", NULL);

		for (k = 0; m->variants && m->variants[k]; k++)
			row(prefix, m->variants[k]->name, m->variants[k]->about);
		g_free(prefix);
	}
}

static void list_operations(const struct cli *cli)
{
	u32 i, k;

	for (i = 0; i < registry_nr_models(cli->registry); i++) {
		const struct model_desc *m = registry_model(cli->registry, i);

		for (k = 0; k < m->nr_ops; k++)
			row(NULL, m->ops[k].name, m->ops[k].about);
	}
}

static void list_metrics(const struct cli *cli)
{
	u32 i, k;

	row(NULL, "elapsed", "[ns] measured time of the run");
	row(NULL, "cpu_busy", "[share] CPU time that was not idle");
	row(NULL, "cpu_spin", "[share] part of the busy CPU time spent waiting for spin locks");
	for (i = 0; i < registry_nr_models(cli->registry); i++) {
		const struct model_desc *m = registry_model(cli->registry, i);
		char *prefix = g_strconcat(m->name, ".", NULL);

		for (k = 0; k < m->nr_metrics; k++) {
			const struct metric_desc *d = &m->metrics[k];
			char *about = *d->unit ? g_strdup_printf("[%s] %s", d->unit, d->about) :
						 g_strdup(d->about);

			row(prefix, d->name, about);
			g_free(about);
		}
		for (k = 0; k < m->nr_ops; k++) {
			if (m->ops[k].no_latency)
				continue;
			row(prefix, m->ops[k].name,
			    "_count _mean _p50 _p90 _p99 _p999 _max _failed: latency");
		}
		g_free(prefix);
	}
}

static void list_names(GPtrArray *names)
{
	guint i;

	for (i = 0; i < names->len; i++)
		row(NULL, names->pdata[i], NULL);
	g_ptr_array_free(names, TRUE);
}

static void list_machine(const struct cli *cli, const char *name)
{
	struct scn_errors errors = { 0 };
	struct machine *m = machine_load(name, (const char *const *)cli->search_path, &errors);
	char *about;

	scn_errors_clear(&errors);
	if (!m) {
		about = g_strdup_printf("not usable: `mmsim show %s` says why", name);
		row(NULL, name, about);
	} else {
		about = g_strdup_printf("%4u CPUs%s%s", machine_nr_cpus(m), m->about ? "  " : "",
					m->about ? m->about : "");
		row(NULL, name, about);
	}
	g_free(about);
	machine_free(m);
}

static void list_machines(const struct cli *cli)
{
	GPtrArray *names = cli_known_machines(cli);
	guint i;

	for (i = 0; i < names->len; i++)
		list_machine(cli, names->pdata[i]);
	g_ptr_array_free(names, TRUE);
	row(NULL, "flat-N", "   N CPUs  one LLC, no SMT; costs of one LLC of tr3970x");
	row(NULL, "ideal-N", "   N CPUs  every cost zero");
}

static void list_scenarios(const struct cli *cli)
{
	list_names(cli_known_scenarios(cli));
}

static const struct {
	const char *name;
	void (*list)(const struct cli *cli);
} sections[] = {
	{ "models", list_models },	   { "variants", list_variants },
	{ "operations", list_operations }, { "metrics", list_metrics },
	{ "machines", list_machines },	   { "scenarios", list_scenarios },
};

static bool list_section(const struct cli *cli, const char *name)
{
	const char *names[G_N_ELEMENTS(sections) + 1] = { NULL }, *near;
	size_t i;

	for (i = 0; i < G_N_ELEMENTS(sections); i++) {
		names[i] = sections[i].name;
		if (!strcmp(name, sections[i].name)) {
			sections[i].list(cli);
			return true;
		}
	}
	near = nearest_name(name, names);
	cli_complain("list: no '%s'%s%s%s; there are models, variants, operations, metrics, "
		     "machines, scenarios",
		     name, near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
	return false;
}

int cli_list(struct cli *cli, int argc, char **argv)
{
	const GOptionEntry entries[] = { G_OPTION_ENTRY_NULL };
	int status = CLI_OK, i;
	size_t k;

	if (!cli_parse(cli, cli_find_verb("list"), entries, &argc, &argv))
		return CLI_USAGE;
	for (i = 1; i < argc; i++) {
		if (!list_section(cli, argv[i]))
			status = CLI_USAGE;
	}
	for (k = 0; argc < 2 && k < G_N_ELEMENTS(sections); k++) {
		printf("%s%s:\n", k ? "\n" : "", sections[k].name);
		sections[k].list(cli);
	}
	return status;
}
