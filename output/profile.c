// SPDX-License-Identifier: GPL-2.0-or-later
/* profile.csv and hist.csv, both pooled over replications. */
#include <string.h>

#include "output/csv.h"
#include "output/output.h"

static struct run_frame *find_frame(GArray *rows, const char *symbol)
{
	struct run_frame f = { .symbol = symbol };
	guint i;

	for (i = 0; i < rows->len; i++) {
		struct run_frame *row = &g_array_index(rows, struct run_frame, i);

		if (!strcmp(row->symbol, symbol))
			return row;
	}
	g_array_append_val(rows, f);
	return &g_array_index(rows, struct run_frame, rows->len - 1);
}

static gint by_self(gconstpointer a, gconstpointer b)
{
	const struct run_frame *x = a, *y = b;

	if (x->self_ps != y->self_ps)
		return x->self_ps < y->self_ps ? 1 : -1;
	return strcmp(x->symbol, y->symbol);
}

static void profile_rows(struct csv *c, const struct experiment *e, u32 p, u32 v)
{
	GArray *rows = g_array_new(FALSE, FALSE, sizeof(struct run_frame));
	GPtrArray *cell = experiment_cell(e, p, v);
	double sum = 0;
	guint i, k;

	for (i = 0; i < cell->len; i++) {
		const struct run_result *r = cell->pdata[i];

		for (k = 0; k < r->profile->len; k++) {
			const struct run_frame *f = &g_array_index(r->profile, struct run_frame, k);
			struct run_frame *row = find_frame(rows, f->symbol);

			row->self_ps += f->self_ps;
			row->total_ps += f->total_ps;
			row->calls += f->calls;
			sum += (double)f->self_ps;
		}
	}
	g_array_sort(rows, by_self);
	for (i = 0; i < rows->len; i++) {
		const struct run_frame *f = &g_array_index(rows, struct run_frame, i);

		csv_begin_row(c, e, p, v, NULL);
		csv_str(c, f->symbol);
		csv_ns(c, f->self_ps);
		csv_digits(c, sum > 0 ? 100 * (double)f->self_ps / sum : 0, 6);
		csv_digits(c, sum > 0 ? 100 * (double)f->total_ps / sum : 0, 6);
		csv_uint(c, f->calls);
		csv_end_row(c);
	}
	g_array_free(rows, TRUE);
}

static void pool_hist(struct hist *sum, const struct experiment *e, u32 p, u32 v, guint k)
{
	GPtrArray *cell = experiment_cell(e, p, v);
	guint i;

	hist_init(sum);
	for (i = 0; i < cell->len; i++) {
		const struct run_result *r = cell->pdata[i];

		if (!r->failed && k < r->hists->len)
			hist_merge(sum, g_array_index(r->hists, struct run_hist, k).hist);
	}
}

static void hist_rows(struct csv *c, const struct experiment *e, u32 p, u32 v)
{
	const struct run_result *first = output_first_run(e, p, v);
	struct hist *sum = g_new(struct hist, 1);
	guint k;
	u32 b;

	for (k = 0; first && k < first->hists->len; k++) {
		const struct run_hist *h = &g_array_index(first->hists, struct run_hist, k);

		pool_hist(sum, e, p, v, k);
		for (b = 0; b < HIST_BINS; b++) {
			if (!sum->bin[b])
				continue;
			csv_begin_row(c, e, p, v, NULL);
			csv_str(c, h->metric);
			csv_str(c, h->unit);
			csv_ns(c, hist_bin_low(b));
			csv_ns(c, hist_bin_high(b));
			csv_uint(c, sum->bin[b]);
			csv_end_row(c);
		}
	}
	g_free(sum);
}

bool output_profile(const struct experiment *e, const char *dir, char **error)
{
	struct csv profile, hist;
	bool ok;
	u32 p, v;

	csv_init(&profile);
	csv_init(&hist);
	csv_header(&profile, e, false, "symbol,self_ns,self_pct,children_pct,calls");
	csv_header(&hist, e, false, "metric,unit,bin_low,bin_high,count");
	for (p = 0; p < e->nr_points; p++) {
		for (v = 0; v < e->nr_variants; v++) {
			profile_rows(&profile, e, p, v);
			hist_rows(&hist, e, p, v);
		}
	}
	ok = csv_save(&profile, dir, "profile.csv", error);
	return csv_save(&hist, dir, "hist.csv", ok ? error : &(char *){ NULL }) && ok;
}
