/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The effective scenario as YAML that loads again to the same: one file, no
 * includes, changes of --quick and --set applied, defaults and units resolved.
 */
#include "sim/scenario/print.h"

#include <string.h>

static const char *const scheduler_names[] = { "cfs", "eevdf" };
static const char *const virt_names[] = { "none", "tas", "pv", "native" };
static const char *const expect_kinds[] = { "validation", "calibration", "exact", "indication" };

/* Any text as a double-quoted scalar. */
void print_text(GString *out, const char *text)
{
	g_string_append_c(out, '"');
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			g_string_append_printf(out, "\\%c", *text);
		else if (*text == '\n')
			g_string_append(out, "\\n");
		else if (*text == '\t')
			g_string_append(out, "\\t");
		else
			g_string_append_c(out, *text);
	}
	g_string_append_c(out, '"');
}

static void print_line(GString *out, const char *key, const char *text)
{
	if (!text)
		return;
	g_string_append_printf(out, "%s: ", key);
	print_text(out, text);
	g_string_append_c(out, '\n');
}

static void print_time(GString *out, const char *key, u64 ps)
{
	g_string_append(out, key);
	number_print(out, (s64)ps, Q_TIME);
}

static void print_double(GString *out, double v)
{
	char text[G_ASCII_DTOSTR_BUF_SIZE];

	g_string_append(out, g_ascii_dtostr(text, sizeof(text), v));
}

/* Shares are kept in millionths, so six decimals are exact. */
static void print_share(GString *out, double v)
{
	char text[G_ASCII_DTOSTR_BUF_SIZE];

	g_string_append(out, g_ascii_formatd(text, sizeof(text), "%.6f", v));
}

/* ---- head ------------------------------------------------------------------------ */

static void print_kernel(GString *out, const struct scenario *s)
{
	if (!s->kernel_base && !s->scheduler_given)
		return;
	g_string_append(out, "kernel: {");
	if (s->kernel_base) {
		g_string_append(out, "base: ");
		print_text(out, s->kernel_base);
	}
	if (s->scheduler_given)
		g_string_append_printf(out, "%sscheduler: %s", s->kernel_base ? ", " : "",
				       scheduler_names[s->scheduler]);
	g_string_append(out, "}\n");
}

static void print_head(GString *out, const struct scenario *s)
{
	print_line(out, "scenario", s->name);
	print_line(out, "about", s->about);
	g_string_append_printf(out, "seed: %" G_GUINT64_FORMAT "\n", s->seed);
	if (s->until_rel > 0) {
		g_string_append(out, "replications: {until: ");
		print_share(out, s->until_rel);
		g_string_append_printf(out, ", at_least: %u, at_most: %u}\n", s->replications,
				       s->at_most);
	} else {
		g_string_append_printf(out, "replications: %u\n", s->replications);
	}
	if (s->duration) {
		print_time(out, "duration: ", s->duration);
		g_string_append_c(out, '\n');
	}
	g_string_append(out, "machine:\n");
	print_machine(out, s->machine, 2);
	print_kernel(out, s);
}

static enum quantity param_quantity(const struct scn_param *p)
{
	return quantity_of(p->unit);
}

static void print_params(GString *out, const struct scenario *s)
{
	if (s->nr_params)
		g_string_append(out, "params:\n");
	for (u32 i = 0; i < s->nr_params; i++) {
		const struct scn_param *p = &s->params[i];

		g_string_append_printf(out, "  %s: {default: ", p->name);
		number_print(out, p->def, param_quantity(p));
		if (p->min != INT64_MIN) {
			g_string_append(out, ", min: ");
			number_print(out, p->min, param_quantity(p));
		}
		if (p->max != INT64_MAX) {
			g_string_append(out, ", max: ");
			number_print(out, p->max, param_quantity(p));
		}
		if (p->about) {
			g_string_append(out, ", about: ");
			print_text(out, p->about);
		}
		g_string_append(out, "}\n");
	}
}

/* ---- variants, sweep, objects ------------------------------------------------------ */

void print_value(GString *out, s64 v, enum value_type type, const char *const *choices)
{
	if (type == VT_BOOL)
		g_string_append(out, v ? "true" : "false");
	else if (type == VT_ENUM)
		print_text(out, choices[v]);
	else
		number_print(out, v, quantity_of(type));
}

/* An expression of a known type, or the default if there is none. */
void print_expr(GString *out, const struct expr *e, s64 def, enum value_type type,
		const char *const *choices)
{
	s64 v;

	if (!e)
		print_value(out, def, type, choices);
	else if (expr_literal(e, &v))
		print_value(out, v, type, choices);
	else
		expr_print(out, e);
}

static void print_choice(GString *out, const struct scenario *s, const struct scn_model_choice *c)
{
	const struct model_desc *m = registry_model(s->registry, c->model);
	u32 nr = m->nr_params + (c->variant ? c->variant->nr_params : 0);
	const char *sep = "";

	g_string_append_printf(out, "    %s: {", m->name);
	if (c->variant) {
		g_string_append(out, "variant: ");
		print_text(out, c->variant->name);
		sep = ", ";
	}
	for (u32 i = 0; i < nr; i++) {
		const struct param_desc *p =
			i < m->nr_params ? &m->params[i] : &c->variant->params[i - m->nr_params];

		g_string_append_printf(out, "%s%s: ", sep, p->name);
		print_expr(out, c->params[i], p->def, p->type, p->choices);
		sep = ", ";
	}
	g_string_append(out, "}\n");
}

static void print_variants(GString *out, const struct scenario *s)
{
	g_string_append(out, "variants:\n");
	for (u32 i = 0; i < s->nr_variants; i++) {
		const struct scn_variant *v = &s->variants[i];

		g_string_append(out, "  - name: ");
		print_text(out, v->name);
		g_string_append_c(out, '\n');
		if (v->about)
			print_line(out, "    about", v->about);
		if (v->virt >= 0)
			g_string_append_printf(out, "    virt: %s\n", virt_names[v->virt]);
		if (v->scheduler != s->scheduler)
			g_string_append_printf(out, "    scheduler: %s\n",
					       scheduler_names[v->scheduler]);
		if (v->numa_spinlock)
			g_string_append(out, "    numa_spinlock: true\n");
		if (v->machine) {
			g_string_append(out, "    machine:\n");
			print_machine(out, v->machine, 6);
		}
		for (u32 m = 0; m < registry_nr_models(s->registry); m++)
			if (v->models[m].used)
				print_choice(out, s, &v->models[m]);
	}
}

static void print_sweep_list(GString *out, const struct scenario *s, const struct scn_sweep *w)
{
	const struct scn_param *p = &s->params[w->param];

	g_string_append_printf(out, "%s: [", p->name);
	for (u32 k = 0; k < w->nr_values; k++) {
		g_string_append(out, k ? ", " : "");
		print_expr(out, w->values[k], 0, p->unit, NULL);
	}
	g_string_append(out, "]");
}

static void print_sweep(GString *out, const struct scenario *s)
{
	bool zip = false;
	u32 last = 0;

	if (s->nr_sweeps)
		g_string_append(out, "sweep:\n");
	for (u32 i = 0; i < s->nr_sweeps; i++) {
		zip |= s->sweeps[i].zip > 0;
		if (s->sweeps[i].zip)
			continue;
		g_string_append(out, "  ");
		print_sweep_list(out, s, &s->sweeps[i]);
		g_string_append(out, "\n");
	}
	if (!zip)
		return;
	g_string_append(out, "  zip:\n");
	for (u32 i = 0; i < s->nr_sweeps; i++) {
		const struct scn_sweep *w = &s->sweeps[i];

		if (!w->zip)
			continue;
		g_string_append(out, w->zip == last ? "      " : "    - ");
		print_sweep_list(out, s, w);
		g_string_append(out, "\n");
		last = w->zip;
	}
}

static void print_objects(GString *out, const struct scenario *s)
{
	/* those that stand for cgroups come last */
	if (s->nr_objects && !s->objects[0].cgroup)
		g_string_append(out, "objects:\n");
	for (u32 i = 0; i < s->nr_objects; i++) {
		const struct scn_object *o = &s->objects[i];

		if (o->cgroup)
			continue;
		g_string_append(out, "  - {name: ");
		print_text(out, o->name);
		g_string_append_printf(out, ", kind: %s.%s",
				       registry_model(s->registry, o->model)->name, o->kind->name);
		if (o->count) {
			g_string_append(out, ", count: ");
			print_expr(out, o->count, 1, VT_INT, NULL);
		}
		for (u32 k = 0; k < o->kind->nr_keys; k++) {
			const struct param_desc *p = &o->kind->keys[k];

			if (p->required && !o->values[k])
				continue;
			g_string_append_printf(out, ", %s: ", p->name);
			print_expr(out, o->values[k], p->def, p->type, p->choices);
		}
		g_string_append(out, "}\n");
	}
}

/* ---- the world, measure, plots, expect ---------------------------------------------- */

static void print_cgroups(GString *out, const struct scenario *s)
{
	if (s->nr_cgroups)
		g_string_append(out, "cgroups:\n");
	for (u32 i = 0; i < s->nr_cgroups; i++) {
		const struct scn_cgroup *c = &s->cgroups[i];

		g_string_append(out, "  - {name: ");
		print_text(out, c->name);
		if (c->parent >= 0) {
			g_string_append(out, ", parent: ");
			print_text(out, s->cgroups[c->parent].name);
		}
		if (c->count != 1)
			g_string_append_printf(out, ", count: %u", c->count);
		for (u32 k = 0; k < SCN_NR_LIMITS; k++) {
			if (!c->limits[k])
				continue;
			g_string_append_printf(out, ", %s: ", scn_limit_names[k]);
			print_expr(out, c->limits[k], 0, VT_SIZE, NULL);
		}
		g_string_append(out, "}\n");
	}
}

static void print_events(GString *out, const struct scenario *s)
{
	if (s->nr_events)
		g_string_append(out, "events:\n");
	for (u32 i = 0; i < s->nr_events; i++) {
		const struct scn_event *e = &s->events[i];
		GList *keys = g_list_sort(g_hash_table_get_keys(e->args), (GCompareFunc)strcmp);
		const char *sep = "";

		print_time(out, "  - {at: ", e->at);
		g_string_append_printf(out, ", %s: {", e->kind);
		for (GList *k = keys; k; k = k->next) {
			const char *text = g_hash_table_lookup(e->args, k->data);
			/* Base units; a duration in ps needs its unit back. */
			bool time = !strcmp(k->data, "during");

			g_string_append_printf(out, "%s%s: ", sep, (const char *)k->data);
			if (g_ascii_isdigit(*text))
				g_string_append_printf(out, "%s%s", text, time ? "ps" : "");
			else
				print_text(out, text);
			sep = ", ";
		}
		g_string_append(out, "}}\n");
		g_list_free(keys);
	}
}

static void print_measure(GString *out, const struct scenario *s)
{
	print_time(out, "measure: {sample: ", s->sample);
	print_time(out, ", skip: ", s->skip);
	g_string_append(out, s->nr_notes ? ", notes: [" : "");
	for (u32 i = 0; i < s->nr_notes; i++) {
		g_string_append(out, i ? ", " : "");
		print_text(out, s->notes[i]);
	}
	g_string_append(out, s->nr_notes ? "]}\n" : "}\n");
}

static void print_plots(GString *out, const struct scenario *s)
{
	if (s->nr_plots)
		g_string_append(out, "plots:\n");
	for (u32 i = 0; i < s->nr_plots; i++) {
		const struct scn_plot *p = &s->plots[i];

		g_string_append_printf(out, "  - {name: ");
		print_text(out, p->name);
		g_string_append_printf(out, ", x: %s, y: \"%s\"", p->x, p->y);
		if (p->by)
			g_string_append_printf(out, ", by: %s", p->by);
		if (p->logx)
			g_string_append_printf(out, ", logx: %u", p->logx);
		if (p->logy)
			g_string_append_printf(out, ", logy: %u", p->logy);
		if (p->title) {
			g_string_append(out, ", title: ");
			print_text(out, p->title);
		}
		g_string_append(out, "}\n");
	}
}

static void print_at(GString *out, const struct scenario *s, const struct scn_expect *e)
{
	g_string_append(out, ", at: {");
	for (u32 i = 0; i < e->nr_at; i++) {
		const struct scn_param *p = &s->params[e->at[i].param];

		g_string_append_printf(out, "%s%s: ", i ? ", " : "", p->name);
		number_print(out, e->at[i].value, param_quantity(p));
	}
	g_string_append(out, "}");
}

static void print_expect(GString *out, const struct scenario *s, const struct scn_expect *e)
{
	g_string_append_printf(out, "  - {metric: \"%s\"", e->metric);
	if (e->ratio_num)
		g_string_append_printf(out, ", ratio: %s/%s", e->ratio_num, e->ratio_den);
	else if (e->than)
		g_string_append_printf(out, ", less: [\"%s\", \"%s\"]", e->variant, e->than);
	else
		g_string_append_printf(out, ", variant: \"%s\"", e->variant);
	if (e->nr_at)
		print_at(out, s, e);
	if (!e->than) {
		g_string_append(out, ", value: ");
		print_double(out, e->value);
	}
	g_string_append(out, ", within: ");
	print_share(out, e->within);
	if (e->within_abs > 0) {
		g_string_append(out, ", within_abs: ");
		print_double(out, e->within_abs);
	}
	g_string_append_printf(out, ", kind: %s", expect_kinds[e->kind]);
	if (e->source) {
		g_string_append(out, ", source: ");
		print_text(out, e->source);
	}
	g_string_append(out, "}\n");
}

void scenario_print(const struct scenario *s, GString *out)
{
	print_head(out, s);
	print_params(out, s);
	print_variants(out, s);
	print_sweep(out, s);
	print_cgroups(out, s);
	print_objects(out, s);
	g_string_append(out, "threads:\n");
	for (u32 i = 0; i < s->nr_groups; i++)
		print_group(out, s, &s->groups[i]);
	print_events(out, s);
	print_measure(out, s);
	print_plots(out, s);
	if (s->nr_expects)
		g_string_append(out, "expect:\n");
	for (u32 i = 0; i < s->nr_expects; i++)
		print_expect(out, s, &s->expects[i]);
}
