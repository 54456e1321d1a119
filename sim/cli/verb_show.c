// SPDX-License-Identifier: GPL-2.0-or-later
/* mmsim show: one model, variant, operation, metric or machine in full. */
#include "sim/cli/cli.h"

#include <stdio.h>
#include <string.h>

#include "sim/cli/show.h"

static const char *type_name(enum value_type t)
{
	static const char *const names[] = {
		[VT_INT] = "integer",
		[VT_SIZE] = "size",
		[VT_TIME] = "time",
		[VT_BOOL] = "boolean",
		[VT_ENUM] = "choice",
		[VT_OBJECT] = "object",
		[VT_HANDLE] = "variable or bag",
		[VT_OUT] = "variable or bag[] to fill",
	};

	return names[t];
}

static void print_value(enum value_type t, const char *const *choices, s64 v)
{
	if (t == VT_BOOL)
		fputs(v ? "true" : "false", stdout);
	else if (t == VT_ENUM && choices)
		fputs(choices[v], stdout);
	else
		printf("%lld%s", (long long)v, t == VT_TIME ? "ps" : t == VT_SIZE ? "B" : "");
}

static void print_choices(const char *const *choices)
{
	for (; choices && *choices; choices++)
		printf("%s%s", *choices, choices[1] ? " | " : "");
}

static void print_range(enum value_type t, const char *const *choices, s64 min, s64 max)
{
	if (t == VT_ENUM) {
		fputs(": ", stdout);
		print_choices(choices);
	} else if (t <= VT_TIME && min < max) {
		fputs(", ", stdout);
		print_value(t, NULL, min);
		fputs(" to ", stdout);
		print_value(t, NULL, max);
	}
}

static void print_params(const char *head, const struct param_desc *p, u32 n)
{
	u32 i;

	if (n)
		printf("%s\n", head);
	for (i = 0; i < n; i++) {
		printf("  %-24s %s", p[i].name, type_name(p[i].type));
		print_range(p[i].type, p[i].choices, p[i].min, p[i].max);
		if (p[i].required) {
			fputs(", required", stdout);
		} else {
			fputs(", default ", stdout);
			print_value(p[i].type, p[i].choices, p[i].def);
		}
		printf("\n  %-24s %s\n", "", p[i].about ? p[i].about : "");
	}
}

static void show_op(const struct model_desc *m, const struct op_desc *op)
{
	u32 i;

	printf("operation %s of model %s\n%s\n", op->name, m->name, op->about);
	if (op->scalar_arg)
		printf("short form: `%s: VALUE` gives `%s`\n", op->name, op->scalar_arg);
	if (op->nr_args)
		puts("arguments:");
	for (i = 0; i < op->nr_args; i++) {
		const struct arg_desc *a = &op->args[i];

		printf("  %-24s %s", a->name, type_name(a->type));
		print_range(a->type, a->choices, a->min, a->max);
		if (a->required)
			fputs(", required", stdout);
		else if (a->type <= VT_ENUM) {
			fputs(", default ", stdout);
			print_value(a->type, a->choices, a->def);
		}
		printf("\n  %-24s %s\n", "", a->about ? a->about : "");
	}
}

static void show_variant(const struct model_desc *m, const struct variant_desc *v)
{
	printf("variant %s of model %s%s\n%s\n", v->name, m->name,
	       m->default_variant && !strcmp(m->default_variant, v->name) ? " (default)" : "",
	       v->about);
	print_params("parameters:", v->params, v->nr_params);
	if (m->nr_params)
		printf("%s takes the parameters of its model: `mmsim show %s`\n", v->name, m->name);
}

static void show_model(const struct model_desc *m)
{
	u32 i;

	printf("model %s\n%s\n", m->name, m->about);
	print_params("parameters:", m->params, m->nr_params);
	if (m->variants)
		puts("variants:");
	for (i = 0; m->variants && m->variants[i]; i++)
		printf("  %-24s %s\n", m->variants[i]->name, m->variants[i]->about);
	if (m->nr_kinds)
		puts("objects:");
	for (i = 0; i < m->nr_kinds; i++) {
		printf("  %-24s %s\n", m->kinds[i]->name, m->kinds[i]->about);
		print_params("  keys:", m->kinds[i]->keys, m->kinds[i]->nr_keys);
	}
	puts("operations:");
	for (i = 0; i < m->nr_ops; i++)
		printf("  %-24s %s\n", m->ops[i].name, m->ops[i].about);
	if (m->nr_metrics)
		puts("metrics:");
	for (i = 0; i < m->nr_metrics; i++)
		printf("  %-24s [%s] %s\n", m->metrics[i].name, m->metrics[i].unit,
		       m->metrics[i].about);
}

static bool show_metric(const struct model_desc *m, const char *name)
{
	static const char *const better[] = { "neither", "lower", "higher" };
	u32 i;

	for (i = 0; i < m->nr_metrics; i++) {
		const struct metric_desc *d = &m->metrics[i];

		if (strcmp(d->name, name))
			continue;
		printf("metric %s.%s [%s]\n%s\nbetter: %s\n", m->name, d->name, d->unit, d->about,
		       better[d->better]);
		return true;
	}
	return false;
}

/* "variant", "model/variant" or "model.metric". */
static bool show_part(const struct cli *cli, const char *name)
{
	size_t len;
	u32 i;

	for (i = 0; i < registry_nr_models(cli->registry); i++) {
		const struct model_desc *m = registry_model(cli->registry, i);
		const struct variant_desc *v = model_find_variant(m, name);

		len = strlen(m->name);
		if (!v && !strncmp(name, m->name, len) && name[len] == '/')
			v = model_find_variant(m, name + len + 1);
		if (v) {
			show_variant(m, v);
			return true;
		}
		if (!strncmp(name, m->name, len) && name[len] == '.' &&
		    show_metric(m, name + len + 1))
			return true;
	}
	return false;
}

static void add_names(const struct cli *cli, GPtrArray *names)
{
	u32 i, k;

	for (i = 0; i < registry_nr_models(cli->registry); i++) {
		const struct model_desc *m = registry_model(cli->registry, i);

		g_ptr_array_add(names, (gpointer)m->name);
		for (k = 0; m->variants && m->variants[k]; k++)
			g_ptr_array_add(names, (gpointer)m->variants[k]->name);
		for (k = 0; k < m->nr_ops; k++)
			g_ptr_array_add(names, (gpointer)m->ops[k].name);
	}
}

static void complain_unknown(const struct cli *cli, const char *name)
{
	GPtrArray *names = g_ptr_array_new(), *machines = cli_known_machines(cli);
	const char *near;
	guint i;

	add_names(cli, names);
	for (i = 0; i < machines->len; i++)
		g_ptr_array_add(names, machines->pdata[i]);
	g_ptr_array_add(names, NULL);
	near = nearest_name(name, (const char *const *)names->pdata);
	cli_complain("show: nothing is called '%s'%s%s%s", name, near ? "; did you mean '" : "",
		     near ? near : "", near ? "'?" : "");
	g_ptr_array_free(names, TRUE);
	g_ptr_array_free(machines, TRUE);
}

static int show_one(const struct cli *cli, const char *name)
{
	const struct model_desc *m = registry_find_model(cli->registry, name);
	const struct op_desc *op;
	u32 model;

	if (m) {
		show_model(m);
		return CLI_OK;
	}
	op = registry_find_op(cli->registry, name, &model);
	if (op) {
		show_op(registry_model(cli->registry, model), op);
		return CLI_OK;
	}
	if (show_part(cli, name))
		return CLI_OK;
	switch (show_machine(cli, name)) {
	case SHOW_DONE:
		return CLI_OK;
	case SHOW_BAD:
		return CLI_USAGE;
	case SHOW_UNKNOWN:
		break;
	}
	complain_unknown(cli, name);
	return CLI_USAGE;
}

int cli_show(struct cli *cli, int argc, char **argv)
{
	const GOptionEntry entries[] = { G_OPTION_ENTRY_NULL };
	int status = CLI_OK, i, rc;

	if (!cli_parse(cli, cli_find_verb("show"), entries, &argc, &argv))
		return CLI_USAGE;
	if (argc < 2) {
		cli_complain("show: no name given; see `mmsim list`");
		return CLI_USAGE;
	}
	for (i = 1; i < argc; i++) {
		if (i > 1)
			putchar('\n');
		rc = show_one(cli, argv[i]);
		status = rc > status ? rc : status;
	}
	return status;
}
