// SPDX-License-Identifier: GPL-2.0-or-later
/* summary.csv, ratios.csv, runs.csv, series.csv. */
#include <math.h>
#include <string.h>

#include "output/csv.h"
#include "output/output.h"
#include "sim/experiment/margins.h"

/* Run whose list of metrics stands for the cell: the first that did not fail. */
const struct run_result *output_first_run(const struct experiment *e, u32 point, u32 variant)
{
	GPtrArray *cell = experiment_cell(e, point, variant);
	guint i;

	for (i = 0; i < cell->len; i++) {
		const struct run_result *r = cell->pdata[i];

		if (!r->failed)
			return r;
	}
	return NULL;
}

static void append_value(GString *s, const struct param_desc *d, s64 v)
{
	if (d->type == VT_BOOL)
		g_string_append(s, v ? "true" : "false");
	else if (d->type == VT_ENUM && d->choices)
		g_string_append(s, d->choices[v]);
	else if (d->type == VT_TIME)
		g_string_append_printf(s, "%lldps", (long long)v);
	else
		g_string_append_printf(s, "%lld", (long long)v);
}

char *output_design(const struct experiment *e, u32 point, u32 variant)
{
	const struct scenario *sc = e->scenario;
	const struct scn_variant *sv = experiment_variant(e, variant);
	const struct machine *m = sv->machine ? sv->machine : sc->machine;
	struct expr_env env = { .params = e->points[point].params,
				.cpus = machine_nr_cpus(m),
				.nodes = machine_nr_nodes(m) };
	GString *s = g_string_new(NULL);
	u32 i, k;

	for (i = 0; i < registry_nr_models(sc->registry); i++) {
		const struct scn_model_choice *c = &sv->models[i];
		char *why = NULL;
		s64 v;

		if (!c->used)
			continue;
		g_string_append_printf(s, "%s%s", s->len ? " " : "",
				       registry_model(sc->registry, i)->name);
		if (c->variant)
			g_string_append_printf(s, "=%s", c->variant->name);
		for (k = 0; k < run_nr_params(sc, c); k++) {
			const struct param_desc *d = run_param_desc(sc, c, k);

			if (run_model_param(sc, c, k, &env, &v, &why) && v != d->def) {
				g_string_append_printf(s, " %s=", d->name);
				append_value(s, d, v);
			}
			g_clear_pointer(&why, g_free);
		}
	}
	return g_string_free(s, FALSE);
}

/* model_low and model_high: empty without --margins. */
static void margin_fields(struct csv *c, const struct margin *m)
{
	csv_digits(c, m ? m->low : NAN, 10);
	csv_digits(c, m ? m->high : NAN, 10);
}

static void summary_row(struct csv *c, const struct experiment *e, u32 p, u32 v, const char *design,
			const struct run_metric *m)
{
	struct stat_summary s;
	struct margin margin;

	if (!experiment_summary(e, p, v, m->name, &s))
		return;
	csv_begin_row(c, e, p, v, NULL);
	csv_str(c, design);
	csv_str(c, m->name);
	csv_str(c, m->unit);
	csv_uint(c, s.n);
	csv_digits(c, s.mean, 15);
	csv_digits(c, s.sd, 10);
	csv_digits(c, s.ci_low, 10);
	csv_digits(c, s.ci_high, 10);
	csv_digits(c, s.min, 15);
	csv_digits(c, s.median, 15);
	csv_digits(c, s.p90, 15);
	csv_digits(c, s.p99, 15);
	csv_digits(c, s.max, 15);
	margin_fields(c, experiment_margin(e, p, v, m->name, &margin) ? &margin : NULL);
	csv_end_row(c);
}

static void ratio_row(struct csv *c, const struct experiment *e, u32 p, u32 v,
		      const struct run_metric *m)
{
	struct stat_ratio r;
	struct margin margin;

	if (!experiment_ratio(e, p, v, 0, m->name, &r))
		return;
	csv_begin_row(c, e, p, v, NULL);
	csv_str(c, m->name);
	csv_str(c, experiment_variant(e, 0)->name);
	csv_digits(c, r.ratio, 10);
	csv_digits(c, r.ci_low, 10);
	csv_digits(c, r.ci_high, 10);
	margin_fields(c, experiment_margin_ratio(e, p, v, 0, m->name, &margin) ? &margin : NULL);
	csv_end_row(c);
}

static void run_rows(struct csv *c, const struct experiment *e, u32 p, u32 v)
{
	GPtrArray *cell = experiment_cell(e, p, v);
	guint i, k;

	for (i = 0; i < cell->len; i++) {
		const struct run_result *r = cell->pdata[i];

		for (k = 0; !r->failed && k < r->metrics->len; k++) {
			const struct run_metric *m =
				&g_array_index(r->metrics, struct run_metric, k);

			if (isnan(m->value))
				continue;
			csv_begin_row(c, e, p, v, r);
			csv_str(c, m->name);
			csv_str(c, m->unit);
			csv_double(c, m->value);
			csv_end_row(c);
		}
	}
}

static void series_rows(struct csv *c, const struct experiment *e, u32 p, u32 v)
{
	GPtrArray *cell = experiment_cell(e, p, v);
	guint i, k;

	for (i = 0; i < cell->len; i++) {
		const struct run_result *r = cell->pdata[i];

		for (k = 0; k < r->series->len; k++) {
			const struct run_sample *s =
				&g_array_index(r->series, struct run_sample, k);

			csv_begin_row(c, e, p, v, r);
			csv_ns(c, s->time);
			csv_str(c, s->metric);
			csv_str(c, s->unit);
			csv_double(c, s->value);
			csv_end_row(c);
		}
	}
}

static void cell_rows(struct csv c[4], const struct experiment *e, u32 p, u32 v)
{
	const struct run_result *first = output_first_run(e, p, v);
	char *design = output_design(e, p, v);
	guint k;

	for (k = 0; first && k < first->metrics->len; k++) {
		const struct run_metric *m = &g_array_index(first->metrics, struct run_metric, k);

		summary_row(&c[0], e, p, v, design, m);
		if (v)
			ratio_row(&c[1], e, p, v, m);
	}
	run_rows(&c[2], e, p, v);
	series_rows(&c[3], e, p, v);
	g_free(design);
}

bool output_metrics(const struct experiment *e, const char *dir, char **error)
{
	static const char *const names[] = { "summary.csv", "ratios.csv", "runs.csv",
					     "series.csv" };
	static const char *const columns[] = {
		("design,metric,unit,n,mean,sd,ci95_low,ci95_high,min,median,p90,p99,max,"
		 "model_low,model_high"),
		"metric,baseline,ratio,ci95_low,ci95_high,model_low,model_high",
		"metric,unit,value",
		"time_ns,metric,unit,value",
	};
	struct csv c[4];
	bool ok = true;
	u32 p, v, i;

	for (i = 0; i < 4; i++) {
		csv_init(&c[i]);
		csv_header(&c[i], e, i >= 2, columns[i]);
	}
	for (p = 0; p < e->nr_points; p++) {
		for (v = 0; v < e->nr_variants; v++)
			cell_rows(c, e, p, v);
	}
	for (i = 0; i < 4; i++)
		ok = csv_save(&c[i], dir, names[i], ok ? error : &(char *){ NULL }) && ok;
	return ok;
}
