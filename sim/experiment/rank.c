// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which costs move a metric: forward selection by Gram-Schmidt. With some dozens of
 * costs and samples a plain regression has no solution and single correlations are
 * mostly chance; taking the strongest, removing it, and testing what is left finds
 * the few that matter.
 */
#include "sim/experiment/margins.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MATHLIB_STANDALONE 1
#include <Rmath.h>

#include "sim/core/rng.h"

#define SIGNIFICANCE 0.01
#define MAX_STEPS 16
/* What is left of the variance is rounding. */
#define NOTHING_LEFT 1e-18

struct column {
	enum machine_key key;
	double *x; /* centred, later orthogonal to the columns taken */
	bool taken;
	double on[MAX_STEPS]; /* coefficients on the columns taken before */
};

struct fit {
	u32 n, nr; /* samples, columns */
	double *y; /* centred, later the residual */
	struct column *col;
	struct column *order[MAX_STEPS];
	double b[MAX_STEPS], share[MAX_STEPS];
	u32 nr_steps;
};

static double dot(const double *a, const double *b, u32 n)
{
	double sum = 0;
	u32 i;

	for (i = 0; i < n; i++)
		sum += a[i] * b[i];
	return sum;
}

/* a -= f * b */
static void subtract(double *a, double f, const double *b, u32 n)
{
	u32 i;

	for (i = 0; i < n; i++)
		a[i] -= f * b[i];
}

static void centre(double *a, u32 n)
{
	double mean = 0;
	u32 i;

	for (i = 0; i < n; i++)
		mean += a[i];
	mean /= n;
	for (i = 0; i < n; i++)
		a[i] -= mean;
}

/* Logarithms, or parts of the mean where a value is not positive. */
static void to_relative(double *y, u32 n)
{
	double mean = 0;
	bool positive = true;
	u32 i;

	for (i = 0; i < n; i++) {
		positive = positive && y[i] > 0;
		mean += y[i] / n;
	}
	for (i = 0; i < n; i++)
		y[i] = positive ? sim_log(y[i]) : mean != 0 ? y[i] / fabs(mean) : 0;
}

/* Take the column that explains most of what is left; false if none does significantly. */
static bool take_step(struct fit *f, double total)
{
	double left = dot(f->y, f->y, f->n), best = 0, df = (double)f->n - 2 - f->nr_steps, t;
	struct column *c = NULL;
	u32 i;

	if (f->nr_steps == MAX_STEPS || df < 1 || left <= NOTHING_LEFT * f->n)
		return false;
	for (i = 0; i < f->nr; i++) {
		struct column *k = &f->col[i];
		double xx = k->taken ? 0 : dot(k->x, k->x, f->n), xy;

		if (xx < NOTHING_LEFT)
			continue;
		xy = dot(k->x, f->y, f->n);
		if (xy * xy / xx > best) {
			best = xy * xy / xx;
			c = k;
		}
	}
	if (!c)
		return false;
	t = left > best ? sqrt(best / ((left - best) / df)) : INFINITY;
	if (2 * pt(-t, df, 1, 0) * (f->nr - f->nr_steps) > SIGNIFICANCE)
		return false;
	c->taken = true;
	f->order[f->nr_steps] = c;
	f->b[f->nr_steps] = dot(c->x, f->y, f->n) / dot(c->x, c->x, f->n);
	f->share[f->nr_steps] = best / total;
	subtract(f->y, f->b[f->nr_steps], c->x, f->n);
	for (i = 0; i < f->nr; i++) {
		struct column *k = &f->col[i];

		if (k->taken)
			continue;
		k->on[f->nr_steps] = dot(k->x, c->x, f->n) / dot(c->x, c->x, f->n);
		subtract(k->x, k->on[f->nr_steps], c->x, f->n);
	}
	f->nr_steps++;
	return true;
}

/* Slopes on the columns as drawn, from those on the orthogonal ones. */
static void back_substitute(struct fit *f)
{
	u32 i, j;

	for (i = f->nr_steps; i-- > 0;) {
		for (j = i + 1; j < f->nr_steps; j++)
			f->b[i] -= f->order[j]->on[i] * f->b[j];
	}
}

static const struct machine *machine_of(const struct experiment *e, u32 variant)
{
	const struct scn_variant *v = experiment_variant(e, variant);

	return v->machine ? v->machine : e->scenario->machine;
}

/* Columns of the costs that are drawn, over the samples that have a value. */
static void make_columns(struct fit *f, const struct experiment *e, const struct machine *m,
			 const double *all, u32 nr_all)
{
	u32 k, s, n;

	f->col = g_new0(struct column, NR_MACHINE_KEYS);
	for (k = 0; k < NR_MACHINE_KEYS; k++) {
		struct column *c = &f->col[f->nr];

		if (!margins_drawn(m, k))
			continue;
		c->key = k;
		c->x = g_new0(double, nr_all + 1);
		for (s = n = 0; s < nr_all; s++) {
			if (!isnan(all[s]))
				c->x[n++] = margins_log_factor(m, e->scenario->seed, s + 1, k);
		}
		centre(c->x, n);
		f->nr++;
	}
}

static gint by_share(gconstpointer a, gconstpointer b)
{
	const struct margin_effect *x = a, *y = b;

	return (x->share < y->share) - (x->share > y->share);
}

static u32 give(const struct fit *f, struct margin_effect *out, u32 max)
{
	struct margin_effect all[MAX_STEPS];
	u32 i;

	for (i = 0; i < f->nr_steps; i++)
		all[i] = (struct margin_effect){ f->order[i]->key, f->b[i], f->share[i] };
	qsort(all, f->nr_steps, sizeof(all[0]), by_share);
	max = max < f->nr_steps ? max : f->nr_steps;
	memcpy(out, all, max * sizeof(all[0]));
	return max;
}

u32 experiment_rank_costs(const struct experiment *e, u32 point, u32 variant, s32 den,
			  const char *metric, struct margin_effect *out, u32 max)
{
	u32 nr_all = e->samples[(size_t)point * e->nr_variants + variant]->len, s, i;
	double *all = experiment_sample_values(e, point, variant, den, metric), total;
	struct fit f = { .y = g_new0(double, nr_all + 1) };

	for (s = 0; s < nr_all; s++) {
		if (!isnan(all[s]))
			f.y[f.n++] = all[s];
	}
	if (f.n >= MARGINS_MIN_RANKED) {
		make_columns(&f, e, machine_of(e, variant), all, nr_all);
		to_relative(f.y, f.n);
		centre(f.y, f.n);
		total = dot(f.y, f.y, f.n);
		while (take_step(&f, total))
			;
		back_substitute(&f);
	}
	max = give(&f, out, max);
	for (i = 0; i < f.nr; i++)
		g_free(f.col[i].x);
	g_free(f.col);
	g_free(f.y);
	g_free(all);
	return max;
}
