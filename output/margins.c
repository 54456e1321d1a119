// SPDX-License-Identifier: GPL-2.0-or-later
/* What --margins found, for the terminal. */
#include <math.h>

#include "output/fmt.h"
#include "output/grid.h"
#include "output/output.h"
#include "sim/core/rng.h"
#include "sim/experiment/margins.h"

#define MAX_RANKED 6

static const char *unit_of(const struct experiment *e, u32 p, u32 v, const char *metric)
{
	const struct run_metric *info;
	u32 n;

	g_free(experiment_values(e, p, v, metric, &n, &info));
	return info ? info->unit : "";
}

static void put_interval(struct table *t, const char *low, const char *high)
{
	char *text = g_strdup_printf("%s .. %s", low, high);

	table_put(t, text);
	g_free(text);
}

static void put_margins(struct table *t, const struct experiment *e, u32 p, u32 v,
			const char *metric)
{
	const char *unit = unit_of(e, p, v, metric);
	char low[FMT_MAX], high[FMT_MAX];
	struct margin m;

	table_put(t, v ? "" : *e->points[p].label ? e->points[p].label : "-");
	table_put(t, experiment_variant(e, v)->name);
	if (experiment_margin(e, p, v, metric, &m)) {
		fmt_human(low, m.low, unit);
		fmt_human(high, m.high, unit);
		put_interval(t, low, high);
	} else {
		table_put(t, "-");
	}
	if (v && experiment_margin_ratio(e, p, v, 0, metric, &m)) {
		fmt_digits(low, m.low, 4);
		fmt_digits(high, m.high, 4);
		put_interval(t, low, high);
	} else {
		table_put(t, "-");
	}
}

/* What the metric does when the cost goes to the ends of its error. */
static void put_effect(struct table *t, const char *of, const struct machine *m,
		       const struct margin_effect *x)
{
	double err = m->val[x->key].rel_err_permille / 1000.0, log_err = sim_log(1 + err);
	char *text;

	table_put(t, of);
	text = g_strdup_printf("%s (%c)", machine_keys[x->key].path, m->val[x->key].tag);
	table_put(t, text);
	g_free(text);
	text = g_strdup_printf("%.3g %%", 100 * err);
	table_put(t, text);
	g_free(text);
	text = g_strdup_printf("%+.1f .. %+.1f %%", 100 * (sim_exp(-x->slope * log_err) - 1),
			       100 * (sim_exp(x->slope * log_err) - 1));
	table_put(t, text);
	g_free(text);
	text = g_strdup_printf("%.0f %%", 100 * x->share);
	table_put(t, text);
	g_free(text);
}

static void put_ranking(struct table *t, const struct experiment *e, u32 p, u32 v, s32 den,
			const char *metric)
{
	const struct scn_variant *sv = experiment_variant(e, v);
	struct margin_effect x[MAX_RANKED];
	u32 i, n = experiment_rank_costs(e, p, v, den, metric, x, MAX_RANKED);
	char *of = den < 0 ? g_strdup(sv->name) :
			     g_strdup_printf("%s / %s", sv->name,
					     experiment_variant(e, (u32)den)->name);

	for (i = 0; i < n; i++)
		put_effect(t, i ? "" : of, sv->machine ? sv->machine : e->scenario->machine, &x[i]);
	if (!n) {
		table_put(t, of);
		table_put(t, "none stands out");
		table_put(t, "");
		table_put(t, "");
		table_put(t, "");
	}
	g_free(of);
}

static void print_ranking(const struct experiment *e, const char *metric, FILE *f)
{
	static const char *const heads[] = { "of", "cost (tag)", "stated error", "moves it",
					     "explains" };
	u32 p = e->nr_points - 1, v, i;
	struct table t;

	if (e->opt.margins < MARGINS_MIN_RANKED) {
		fprintf(f, "\ncosts are ranked from %d samples on\n", MARGINS_MIN_RANKED);
		return;
	}
	fprintf(f, "\nCosts that move %s most%s%s:\n", metric, *e->points[p].label ? " at " : "",
		e->points[p].label);
	table_init(&t, 5);
	for (i = 0; i < G_N_ELEMENTS(heads); i++)
		table_put(&t, heads[i]);
	for (v = 0; v < e->nr_variants; v++)
		put_ranking(&t, e, p, v, -1, metric);
	for (v = 1; v < e->nr_variants; v++)
		put_ranking(&t, e, p, v, 0, metric);
	table_print(&t, 2, f);
	table_destroy(&t);
}

void output_margins(const struct experiment *e, FILE *f)
{
	const char *metric = output_main_metric(e);
	struct table t;
	char *head;
	u32 p, v;

	if (!e->opt.margins || !e->nr_points || !e->nr_variants || !e->samples[0]->len)
		return;
	metric = metric ? metric : "elapsed";
	fprintf(f, "\nMargins of the model: 5th to 95th percentile of %u samples of the costs\n",
		e->opt.margins);
	table_init(&t, 4);
	table_put(&t, "point");
	table_put(&t, "variant");
	table_put(&t, metric);
	head = g_strdup_printf("%s / %s", metric, experiment_variant(e, 0)->name);
	table_put(&t, head);
	g_free(head);
	for (p = 0; p < e->nr_points; p++) {
		for (v = 0; v < e->nr_variants; v++)
			put_margins(&t, e, p, v, metric);
	}
	table_print(&t, 2, f);
	table_destroy(&t);
	print_ranking(e, metric, f);
}
