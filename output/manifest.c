// SPDX-License-Identifier: GPL-2.0-or-later
/* manifest.yaml: everything needed to make the folder again; and run.log. */
#include <string.h>

#include "output/csv.h"
#include "output/fmt.h"
#include "output/output.h"

#ifndef MMSIM_VERSION
#define MMSIM_VERSION "unknown"
#endif

/* Double-quoted YAML. */
static void quoted(GString *s, const char *text)
{
	g_string_append_c(s, '"');
	for (; text && *text; text++) {
		if (*text == '"' || *text == '\\')
			g_string_append_c(s, '\\');
		if (*text == '\n')
			g_string_append(s, "\\n");
		else
			g_string_append_c(s, *text);
	}
	g_string_append_c(s, '"');
}

static void machine_value_text(GString *s, enum machine_key key, s64 v)
{
	const struct machine_key_desc *d = &machine_keys[key];
	char buf[FMT_MAX];

	if (d->unit == MU_TIME) {
		fmt_ns(buf, (u128)v);
		g_string_append_printf(s, "%sns", buf);
	} else if (d->unit == MU_RATIO) {
		g_string_append_printf(s, "%lld.%03lld", (long long)(v / 1000),
				       (long long)(v % 1000));
	} else if (d->unit == MU_BOOL) {
		g_string_append(s, v ? "true" : "false");
	} else if (d->unit == MU_ENUM && d->choices) {
		g_string_append(s, d->choices[v]);
	} else {
		g_string_append_printf(s, "%lld%s", (long long)v, d->unit == MU_BYTES ? "B" : "");
	}
}

static void put_machine(GString *s, const struct machine *m, const char *indent)
{
	u32 i;

	g_string_append_printf(s, "%sname: ", indent);
	quoted(s, m->name);
	g_string_append_printf(s, "\n%svalues:\n", indent);
	for (i = 0; i < NR_MACHINE_KEYS; i++) {
		const struct machine_value *v = &m->val[i];

		g_string_append_printf(s, "%s  %s: {value: ", indent, machine_keys[i].path);
		machine_value_text(s, (enum machine_key)i, v->v);
		g_string_append_printf(s, ", tag: %c, rel_err: %u.%u%%", v->tag,
				       v->rel_err_permille / 10, v->rel_err_permille % 10);
		if (v->source) {
			g_string_append(s, ", source: ");
			quoted(s, v->source);
		}
		g_string_append(s, "}\n");
	}
}

static void put_choice(GString *s, const struct experiment *e, const struct scn_variant *sv,
		       const struct scn_model_choice *c)
{
	const struct scenario *sc = e->scenario;
	struct expr_env env = { .params = e->points[0].params,
				.cpus = machine_nr_cpus(sv->machine ? sv->machine : sc->machine),
				.nodes =
					machine_nr_nodes(sv->machine ? sv->machine : sc->machine) };
	char *why = NULL;
	u32 i;
	s64 v;

	g_string_append_printf(s, "      %s: {", registry_model(sc->registry, c->model)->name);
	if (c->variant)
		g_string_append_printf(s, "variant: %s", c->variant->name);
	for (i = 0; i < run_nr_params(sc, c); i++) {
		const struct param_desc *d = run_param_desc(sc, c, i);

		g_string_append_printf(s, "%s%s: ", i || c->variant ? ", " : "", d->name);
		if (!run_model_param(sc, c, i, &env, &v, &why))
			g_string_append(s, "null");
		else if (d->type == VT_BOOL)
			g_string_append(s, v ? "true" : "false");
		else if (d->type == VT_ENUM && d->choices)
			g_string_append(s, d->choices[v]);
		else
			g_string_append_printf(s, "%lld%s", (long long)v,
					       d->type == VT_TIME ? "ps" :
					       d->type == VT_SIZE ? "B" :
								    "");
		g_clear_pointer(&why, g_free);
	}
	g_string_append(s, "}\n");
}

/* Name of the model of a variant that provides @what. */
static const char *provider(const struct experiment *e, const struct scn_variant *sv, u32 what)
{
	u32 i;

	for (i = 0; i < registry_nr_models(e->scenario->registry); i++) {
		const struct model_desc *m = registry_model(e->scenario->registry, i);

		if (sv->models[i].used && m->provides & what)
			return m->name;
	}
	return "default";
}

static void put_variants(GString *s, const struct experiment *e)
{
	u32 v, i;

	g_string_append(s, "variants:\n");
	for (v = 0; v < e->nr_variants; v++) {
		const struct scn_variant *sv = experiment_variant(e, v);

		g_string_append(s, "  - name: ");
		quoted(s, sv->name);
		g_string_append(s, "\n    models:\n");
		for (i = 0; i < registry_nr_models(e->scenario->registry); i++) {
			if (sv->models[i].used)
				put_choice(s, e, sv, &sv->models[i]);
		}
		g_string_append_printf(s, "    providers: {percpu: %s, vmarea: %s}\n",
				       provider(e, sv, PROVIDES_PERCPU),
				       provider(e, sv, PROVIDES_VMAREA));
		if (sv->machine) {
			g_string_append(s, "    machine:\n");
			put_machine(s, sv->machine, "      ");
		}
	}
}

static void put_plugins(GString *s, const char *const *name)
{
	const char *sep = "plugins: [";

	for (; name && *name; name++, sep = ", ") {
		g_string_append(s, sep);
		quoted(s, *name);
		if (!name[1])
			g_string_append(s, "]\n");
	}
}

static void put_points(GString *s, const struct experiment *e)
{
	const struct scenario *sc = e->scenario;
	u32 p, i;

	g_string_append(s, "points:\n");
	for (p = 0; p < e->nr_points; p++) {
		g_string_append(s, "  - {");
		for (i = 0; i < sc->nr_params; i++)
			g_string_append_printf(s, "%s%s: %lld", i ? ", " : "", sc->params[i].name,
					       (long long)e->points[p].params[i]);
		g_string_append_printf(s, "}  # replications: %u\n", experiment_cell(e, p, 0)->len);
	}
}

bool output_manifest(const struct experiment *e, const char *dir, char **error)
{
	const struct scenario *sc = e->scenario;
	GString *s = g_string_new("# Made by mmsim run; the folder is reproduced by these.\n");
	bool ok;

	g_string_append_printf(s, "mmsim: \"%s\"\nscenario: ", MMSIM_VERSION);
	quoted(s, sc->name);
	g_string_append_printf(s, "\ndigest: \"%s\"\nseed: %llu\nreplications: %u\n",
			       sc->digest ? sc->digest : "", (unsigned long long)sc->seed,
			       sc->replications);
	if (e->opt.margins)
		g_string_append_printf(s, "margins: %u\n", e->opt.margins);
	if (sc->kernel_base)
		g_string_append_printf(s, "kernel: \"%s\"\n", sc->kernel_base);
	g_string_append_printf(s, "complete: %s\n",
			       e->interrupted || e->nr_failed ? "false" : "true");
	put_plugins(s, e->opt.plugins);
	put_points(s, e);
	put_variants(s, e);
	g_string_append(s, "machine:\n");
	put_machine(s, sc->machine, "  ");
	ok = save_text(s, dir, "manifest.yaml", error);
	g_string_free(s, TRUE);
	return ok;
}

bool output_log(const struct experiment *e, const char *dir, char **error)
{
	GString *s = g_string_new(NULL);
	u32 p, v;
	guint i;
	bool ok;

	g_string_append_printf(s, "wall %.3f s, engine %s, jobs %u\n", e->wall,
			       e->opt.engine == SIM_REFERENCE ? "reference" : "normal",
			       e->opt.jobs);
	for (p = 0; p < e->nr_points; p++) {
		for (v = 0; v < e->nr_variants; v++) {
			GPtrArray *cell = experiment_cell(e, p, v);

			for (i = 0; i < cell->len; i++) {
				const struct run_result *r = cell->pdata[i];

				g_string_append_printf(
					s,
					"%s %s #%u: wall %.3f s, events %llu, switches %llu%s%s\n",
					e->points[p].label, experiment_variant(e, v)->name,
					r->replication, r->wall, (unsigned long long)r->nr_events,
					(unsigned long long)r->nr_switches, r->report ? ": " : "",
					r->report ? r->report : "");
			}
		}
	}
	ok = save_text(s, dir, "run.log", error);
	g_string_free(s, TRUE);
	return ok;
}

bool output_write(const struct experiment *e, const char *dir, char **error)
{
	return output_metrics(e, dir, error) && output_locks(e, dir, error) &&
	       output_profile(e, dir, error) && output_usage(e, dir, error) &&
	       output_log(e, dir, error) && output_manifest(e, dir, error);
}
