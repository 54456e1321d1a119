// SPDX-License-Identifier: GPL-2.0-or-later
/* Drawing machines for --margins, and what the samples say about the margin. */
#include "sim/experiment/margins.h"

#include <math.h>

#include "sim/core/rng.h"

#define LOW_QUANTILE 0.05
#define HIGH_QUANTILE 0.95

bool margins_drawn(const struct machine *m, enum machine_key key)
{
	enum machine_unit unit = machine_keys[key].unit;

	if (!m->val[key].rel_err_permille || !m->val[key].v || key < MK_SMT_FACTOR)
		return false;
	if (unit != MU_TIME && unit != MU_RATIO && key != MK_TAS_FAILED_RMW)
		return false;
	return machine_key_used(m, key);
}

double margins_log_factor(const struct machine *m, u64 seed, u32 sample, enum machine_key key)
{
	struct rng r;

	if (!margins_drawn(m, key))
		return 0;
	/* No thread group has a name with a leading dot. */
	rng_seed(&r, seed, sample, ".margins", key, RNG_MECHANISM);
	return (2 * rng_unit(&r) - 1) * sim_log(1 + m->val[key].rel_err_permille / 1000.0);
}

struct machine *margins_machine(const struct machine *m, u64 seed, u32 sample)
{
	struct machine *c = machine_clone(m);
	u32 k;

	for (k = 0; c && k < NR_MACHINE_KEYS; k++) {
		const struct machine_key_desc *d = &machine_keys[k];
		double v;

		if (!margins_drawn(m, k))
			continue;
		v = (double)m->val[k].v * sim_exp(margins_log_factor(m, seed, sample, k));
		c->val[k].v = (s64)(v + 0.5);
		if (c->val[k].v < d->min)
			c->val[k].v = d->min;
		if (c->val[k].v > d->max)
			c->val[k].v = d->max;
	}
	return c;
}

static const struct run_metric *metric_of(const struct run_result *r, const char *metric)
{
	return r && !r->failed ? run_find_metric(r, metric) : NULL;
}

double *experiment_sample_values(const struct experiment *e, u32 point, u32 variant, s32 den,
				 const char *metric)
{
	const GPtrArray *num = e->samples[(size_t)point * e->nr_variants + variant], *by = NULL;
	double *v = g_new(double, num->len + 1);
	guint i;

	if (den >= 0)
		by = e->samples[(size_t)point * e->nr_variants + (u32)den];
	for (i = 0; i < num->len; i++) {
		const struct run_metric *a = metric_of(num->pdata[i], metric), *b = NULL;

		v[i] = a ? a->value : NAN;
		if (!by)
			continue;
		b = i < by->len ? metric_of(by->pdata[i], metric) : NULL;
		v[i] = b && b->value != 0 ? v[i] / b->value : NAN;
	}
	return v;
}

static bool margin_of(const struct experiment *e, u32 point, u32 variant, s32 den,
		      const char *metric, struct margin *out)
{
	double *v = experiment_sample_values(e, point, variant, den, metric);

	out->n = stats_quantiles(v, e->samples[(size_t)point * e->nr_variants + variant]->len,
				 LOW_QUANTILE, &out->low, HIGH_QUANTILE, &out->high);
	g_free(v);
	return out->n > 0;
}

bool experiment_margin(const struct experiment *e, u32 point, u32 variant, const char *metric,
		       struct margin *out)
{
	return margin_of(e, point, variant, -1, metric, out);
}

bool experiment_margin_ratio(const struct experiment *e, u32 point, u32 num, u32 den,
			     const char *metric, struct margin *out)
{
	return margin_of(e, point, num, (s32)den, metric, out);
}
