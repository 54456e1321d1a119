// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Who waits, for the terminal: time spent waiting for locks by lock and by the
 * frame that asked for it, in percent of the CPU time that was not idle, variants
 * side by side at the last point (the first few of many). The rows sum up lock_callers.csv.
 */
#include <string.h>

#include "output/fmt.h"
#include "output/output.h"

#define MAX_ROWS 8
#define MAX_VARIANTS 6 /* side by side on a terminal */
#define MIN_PERCENT 0.05

struct wait_row {
	const char *lock, *waiter;
	double *percent; /* by variant */
	double most;
};

static double busy_ps(const struct run_result *r)
{
	double ps = 0;

	for (u32 c = 0; c < r->nr_cpus; c++)
		for (u32 b = 0; b < NR_CPU_BUCKETS; b++)
			if (b != CPU_IDLE)
				ps += (double)r->cpu[(size_t)c * NR_CPU_BUCKETS + b];
	return ps;
}

static struct wait_row *row_of(GArray *rows, const char *lock, const char *waiter, u32 nr_variants)
{
	struct wait_row row = { .lock = lock, .waiter = waiter };

	for (u32 i = 0; i < rows->len; i++) {
		struct wait_row *w = &g_array_index(rows, struct wait_row, i);

		if (!strcmp(w->lock, lock) && !strcmp(w->waiter, waiter))
			return w;
	}
	row.percent = g_new0(double, nr_variants);
	g_array_append_val(rows, row);
	return &g_array_index(rows, struct wait_row, rows->len - 1);
}

static void add_waits(GArray *rows, const struct experiment *e, u32 point, u32 v)
{
	GPtrArray *cell = experiment_cell(e, point, v);
	double busy = 0;

	for (u32 i = 0; i < cell->len; i++)
		busy += busy_ps(cell->pdata[i]);
	if (busy <= 0)
		return;
	for (u32 i = 0; i < cell->len; i++) {
		const struct run_result *r = cell->pdata[i];

		for (u32 k = 0; k < r->locks->len; k++) {
			const struct lock_class *l = &g_array_index(r->locks, struct lock_class, k);

			for (u32 n = 0; n < l->nr_callers; n++) {
				const struct lock_caller *c = &l->caller[n];

				row_of(rows, l->name, c->waiter, e->nr_variants)->percent[v] +=
					100 * (double)c->wait_total / busy;
			}
		}
	}
}

static gint most_first(gconstpointer a, gconstpointer b)
{
	const struct wait_row *x = a, *y = b;
	int d;

	if (x->most != y->most)
		return x->most > y->most ? -1 : 1;
	d = strcmp(x->lock, y->lock);
	return d ? d : strcmp(x->waiter, y->waiter);
}

static int width_of(const struct experiment *e, u32 v)
{
	return MAX(8, (int)strlen(experiment_variant(e, v)->name));
}

static void put_percent(FILE *f, int width, double percent)
{
	if (percent >= 0.005)
		fprintf(f, "  %*.2f %%", width - 2, percent);
	else
		fprintf(f, "  %*s", width, "-");
}

static void print_rows(const struct experiment *e, const GArray *rows, u32 nr_variants, FILE *f)
{
	int lock = 4, waiter = 4;
	u32 i, v, n = (u32)MIN(rows->len, MAX_ROWS);

	for (i = 0; i < n; i++) {
		const struct wait_row *w = &g_array_index(rows, struct wait_row, i);

		lock = MAX(lock, (int)strlen(w->lock));
		waiter = MAX(waiter, (int)strlen(w->waiter));
	}
	fprintf(f, "%-*s  %-*s", lock, "lock", waiter, "waiter");
	for (v = 0; v < nr_variants; v++)
		fprintf(f, "  %*s", width_of(e, v), experiment_variant(e, v)->name);
	fputc('\n', f);
	for (i = 0; i < n; i++) {
		const struct wait_row *w = &g_array_index(rows, struct wait_row, i);

		fprintf(f, "%-*s  %-*s", lock, w->lock, waiter, w->waiter);
		for (v = 0; v < nr_variants; v++)
			put_percent(f, width_of(e, v), w->percent[v]);
		fputc('\n', f);
	}
}

void output_waits(const struct experiment *e, FILE *f)
{
	GArray *rows = g_array_new(FALSE, FALSE, sizeof(struct wait_row));
	u32 p = e->nr_points - 1, nr = MIN(e->nr_variants, MAX_VARIANTS), i, v;

	for (v = 0; v < nr; v++)
		add_waits(rows, e, p, v);
	for (i = 0; i < rows->len; i++) {
		struct wait_row *w = &g_array_index(rows, struct wait_row, i);

		for (v = 0; v < nr; v++)
			w->most = MAX(w->most, w->percent[v]);
	}
	g_array_sort(rows, most_first);
	while (rows->len &&
	       g_array_index(rows, struct wait_row, rows->len - 1).most < MIN_PERCENT) {
		g_free(g_array_index(rows, struct wait_row, rows->len - 1).percent);
		g_array_set_size(rows, rows->len - 1);
	}
	if (rows->len) {
		fprintf(f, "\nwaiting for locks, share of busy CPU time%s%s:\n",
			*e->points[p].label ? " at " : "", e->points[p].label);
		print_rows(e, rows, nr, f);
	}
	for (i = 0; i < rows->len; i++)
		g_free(g_array_index(rows, struct wait_row, i).percent);
	g_array_free(rows, TRUE);
}
