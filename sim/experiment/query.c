// SPDX-License-Identifier: GPL-2.0-or-later
/* Values, summaries and ratios of an experiment's metrics. */
#include "sim/experiment/experiment.h"

#include <math.h>

/* Value by replication number, so that pairs stay pairs if a run is missing. */
double *experiment_values(const struct experiment *e, u32 point, u32 variant, const char *metric,
			  u32 *n, const struct run_metric **info)
{
	GPtrArray *cell = experiment_cell(e, point, variant);
	double *v;
	u32 i, top = 0;

	if (info)
		*info = NULL;
	for (i = 0; i < cell->len; i++) {
		const struct run_result *r = cell->pdata[i];

		top = r->replication > top ? r->replication : top;
	}
	v = g_new(double, top + 1);
	for (i = 0; i < top; i++)
		v[i] = NAN;
	for (i = 0; i < cell->len; i++) {
		const struct run_result *r = cell->pdata[i];
		const struct run_metric *m = r->failed ? NULL : run_find_metric(r, metric);

		if (!m)
			continue;
		v[r->replication - 1] = m->value;
		if (info)
			*info = m;
	}
	*n = top;
	return v;
}

bool experiment_summary(const struct experiment *e, u32 point, u32 variant, const char *metric,
			struct stat_summary *out)
{
	double *v;
	u32 n;

	v = experiment_values(e, point, variant, metric, &n, NULL);
	stats_summarise(v, n, out);
	g_free(v);
	return out->n > 0;
}

bool experiment_ratio(const struct experiment *e, u32 point, u32 num, u32 den, const char *metric,
		      struct stat_ratio *out)
{
	double *a, *b;
	u32 na, nb;
	bool ok;

	a = experiment_values(e, point, num, metric, &na, NULL);
	b = experiment_values(e, point, den, metric, &nb, NULL);
	ok = stats_ratio(a, b, na < nb ? na : nb, out);
	g_free(a);
	g_free(b);
	return ok;
}
