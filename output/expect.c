// SPDX-License-Identifier: GPL-2.0-or-later
/* Published figures against simulated ones. */
#include <math.h>
#include <string.h>

#include "output/output.h"

static bool point_matches(const struct experiment *e, const struct scn_expect *x, u32 p)
{
	u32 i;

	for (i = 0; i < x->nr_at; i++) {
		if (e->points[p].params[x->at[i].param] != x->at[i].value)
			return false;
	}
	return true;
}

static bool mean_of(const struct experiment *e, u32 p, s32 v, const char *metric, double *out)
{
	struct stat_summary s;

	if (v < 0 || !experiment_summary(e, p, (u32)v, metric, &s))
		return false;
	*out = s.mean;
	return true;
}

/* a <= b, of two variants, or of two metrics of one variant. */
static bool simulate_order(const struct experiment *e, const struct scn_expect *x, u32 p,
			   struct expect_result *out)
{
	s32 a = x->variant ? experiment_find_variant(e, x->variant) : 0;
	s32 b = experiment_find_variant(e, x->than);
	double va, vb;

	if (!mean_of(e, p, a, x->metric, &va))
		return false;
	if (b >= 0 ? !mean_of(e, p, b, x->metric, &vb) : !mean_of(e, p, a, x->than, &vb))
		return false;
	out->simulated = va;
	out->deviation = vb != 0 ? va / vb - 1 : NAN;
	out->verdict = va <= vb ? VERDICT_OK : VERDICT_OFF;
	return true;
}

static bool simulate_value(const struct experiment *e, const struct scn_expect *x, u32 p,
			   double *out)
{
	s32 num, den;
	struct stat_ratio r;

	if (!x->ratio_num)
		return mean_of(e, p, x->variant ? experiment_find_variant(e, x->variant) : 0,
			       x->metric, out);
	num = experiment_find_variant(e, x->ratio_num);
	den = experiment_find_variant(e, x->ratio_den);
	if (num < 0 || den < 0 || !experiment_ratio(e, p, (u32)num, (u32)den, x->metric, &r))
		return false;
	*out = r.ratio;
	return true;
}

static bool try_point(const struct experiment *e, const struct scn_expect *x, u32 p,
		      struct expect_result *out)
{
	double diff, margin;

	if (x->than)
		return simulate_order(e, x, p, out);
	if (!simulate_value(e, x, p, &out->simulated))
		return false;
	diff = out->simulated - x->value;
	out->deviation = x->value != 0 ? diff / fabs(x->value) : diff == 0 ? 0 : NAN;
	margin = x->within_abs > 0 ? x->within_abs : x->within * fabs(x->value);
	out->verdict = fabs(diff) <= margin ? VERDICT_OK : VERDICT_OFF;
	return true;
}

/* Points that match are tried in order; the first that is off decides. */
void output_expect(const struct experiment *e, const struct scn_expect *x,
		   struct expect_result *out)
{
	struct expect_result r;
	u32 p;

	*out = (struct expect_result){ VERDICT_NOT_RUN, NAN, NAN };
	for (p = 0; p < e->nr_points && out->verdict != VERDICT_OFF; p++) {
		r = (struct expect_result){ VERDICT_NOT_RUN, NAN, NAN };
		if (!point_matches(e, x, p) || !try_point(e, x, p, &r))
			continue;
		if (out->verdict == VERDICT_NOT_RUN || r.verdict == VERDICT_OFF)
			*out = r;
	}
}
