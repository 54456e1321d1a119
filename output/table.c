// SPDX-License-Identifier: GPL-2.0-or-later
/* Table of variants for the terminal. */
#include <math.h>
#include <string.h>

#include "output/fmt.h"
#include "output/grid.h"
#include "output/output.h"

static void put_metric(struct table *t, const struct experiment *e, u32 p, u32 v,
		       const char *metric)
{
	const struct run_metric *info;
	struct stat_summary s;
	char buf[FMT_MAX];
	u32 n;

	g_free(experiment_values(e, p, v, metric, &n, &info));
	if (!info || !experiment_summary(e, p, v, metric, &s)) {
		table_put(t, "-");
		return;
	}
	fmt_human(buf, s.mean, info->unit);
	table_put(t, buf);
}

static void put_ratio(struct table *t, const struct experiment *e, u32 p, u32 v, const char *metric)
{
	struct stat_ratio r;
	char *text;

	if (!experiment_ratio(e, p, v, 0, metric, &r)) {
		table_put(t, "-");
		return;
	}
	if (isnan(r.ci_low))
		text = g_strdup_printf("%.3f", r.ratio);
	else
		text = g_strdup_printf("%.3f [%.3f, %.3f]", r.ratio, r.ci_low, r.ci_high);
	table_put(t, text);
	g_free(text);
}

/* What the scenario is about: y of its first plot, if a run has it. */
const char *output_main_metric(const struct experiment *e)
{
	const char *y = e->scenario->nr_plots ? e->scenario->plots[0].y : NULL;

	return y && strcmp(y, "elapsed") && strcmp(y, "cpu_spin") ? y : NULL;
}

/* Operations that failed, which the other columns do not show. */
static void put_failed(const struct experiment *e, u32 p, u32 v, bool *any, FILE *f)
{
	const struct run_result *first = output_first_run(e, p, v);
	guint k;

	for (k = 0; first && k < first->metrics->len; k++) {
		const struct run_metric *m = &g_array_index(first->metrics, struct run_metric, k);
		struct stat_summary s;

		if (!g_str_has_suffix(m->name, "_failed") ||
		    !experiment_summary(e, p, v, m->name, &s) || !(s.mean > 0.0))
			continue;
		fprintf(f, "%swarning: %s%s%s: %s is %.9g a run\n", *any ? "" : "\n",
			experiment_variant(e, v)->name, *e->points[p].label ? " at " : "",
			e->points[p].label, m->name, s.mean);
		*any = true;
	}
}

void output_table(const struct experiment *e, FILE *f)
{
	const char *metric = output_main_metric(e), *of = metric ? metric : "elapsed";
	struct table t;
	bool any = false;
	char *head;
	u32 p, v, i;

	table_init(&t, metric ? 6 : 5);
	fprintf(f, "%s%s%s\n\n", e->scenario->name, e->scenario->about ? ": " : "",
		e->scenario->about ? e->scenario->about : "");
	table_put(&t, "point");
	table_put(&t, "variant");
	table_put(&t, "elapsed");
	if (metric)
		table_put(&t, metric);
	table_put(&t, "spinning");
	head = g_strdup_printf("%s / %s", of, e->nr_variants ? experiment_variant(e, 0)->name : "");
	table_put(&t, head);
	g_free(head);
	for (p = 0; p < e->nr_points; p++) {
		for (v = 0; v < e->nr_variants; v++) {
			table_put(&t, v ? "" : *e->points[p].label ? e->points[p].label : "-");
			table_put(&t, experiment_variant(e, v)->name);
			put_metric(&t, e, p, v, "elapsed");
			if (metric)
				put_metric(&t, e, p, v, metric);
			put_metric(&t, e, p, v, "cpu_spin");
			put_ratio(&t, e, p, v, of);
		}
	}
	table_print(&t, 2, f);
	for (p = 0; p < e->nr_points; p++)
		for (v = 0; v < e->nr_variants; v++)
			put_failed(e, p, v, &any, f);
	for (i = 0; i < e->scenario->nr_notes; i++)
		fprintf(f, "%snote: %s\n", i ? "" : "\n", e->scenario->notes[i]);
	table_destroy(&t);
}

static const char *verdict_text(const struct scn_expect *x, enum verdict v)
{
	if (v == VERDICT_NOT_RUN)
		return "not run";
	if (x->kind == EXPECT_INDICATION)
		return "not judged";
	if (v == VERDICT_OFF)
		return "OFF";
	return x->kind == EXPECT_CALIBRATION ? "fits (calibration)" : "ok";
}

static char *expect_name(const struct experiment *e, const struct scn_expect *x)
{
	GString *s = g_string_new(x->metric);
	u32 i;

	if (x->ratio_num)
		g_string_append_printf(s, " %s/%s", x->ratio_num, x->ratio_den);
	else if (x->than)
		g_string_append_printf(s, " %s <= %s", x->variant ? x->variant : "", x->than);
	else if (x->variant)
		g_string_append_printf(s, " %s", x->variant);
	for (i = 0; i < x->nr_at; i++)
		g_string_append_printf(s, "%s%s=%lld", i ? " " : " @ ",
				       e->scenario->params[x->at[i].param].name,
				       (long long)x->at[i].value);
	return g_string_free(s, FALSE);
}

static void put_expect(struct table *t, const struct experiment *e, const struct scn_expect *x,
		       const struct expect_result *r)
{
	char *name = expect_name(e, x), buf[FMT_MAX], *text;
	bool ran = r->verdict != VERDICT_NOT_RUN;

	table_put(t, name);
	table_put(t, verdict_text(x, r->verdict));
	fmt_digits(buf, x->value, 6);
	table_put(t, x->than ? "-" : buf);
	fmt_digits(buf, r->simulated, 6);
	table_put(t, ran ? buf : "-");
	text = g_strdup_printf("%+.1f %%", 100 * r->deviation);
	table_put(t, ran && !isnan(r->deviation) ? text : "-");
	g_free(text);
	if (x->within_abs > 0)
		text = g_strdup_printf("%.4g", x->within_abs);
	else
		text = g_strdup_printf("%.4g %%", 100 * x->within);
	table_put(t, text);
	g_free(text);
	g_free(name);
}

u32 output_expects(const struct experiment *e, FILE *f, u32 *nr_off, u32 *nr_not_run)
{
	struct table t;
	static const char *const heads[] = { "expectation", "verdict",	 "published",
					     "simulated",   "deviation", "margin" };
	struct expect_result r;
	u32 i, exact_off = 0;
	bool indications = false;

	table_init(&t, 6);
	*nr_off = *nr_not_run = 0;
	for (i = 0; i < G_N_ELEMENTS(heads); i++)
		table_put(&t, heads[i]);
	for (i = 0; i < e->scenario->nr_expects; i++) {
		const struct scn_expect *x = &e->scenario->expects[i];

		output_expect(e, x, &r);
		*nr_off += r.verdict == VERDICT_OFF && x->kind != EXPECT_INDICATION;
		*nr_not_run += r.verdict == VERDICT_NOT_RUN;
		exact_off += r.verdict == VERDICT_OFF && x->kind == EXPECT_EXACT;
		indications |= x->kind == EXPECT_INDICATION && r.verdict != VERDICT_NOT_RUN;
		put_expect(&t, e, x, &r);
	}
	if (e->scenario->nr_expects && f) {
		fputc('\n', f);
		table_print(&t, 2, f);
		if (indications)
			fputs("not judged: an indication, stands beside for comparison only\n", f);
	}
	table_destroy(&t);
	return exact_off;
}
