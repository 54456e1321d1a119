/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Drawn machines stay inside their stated errors and depend on nothing but seed, sample
 * and cost; the ranking finds the costs a made-up metric was made of, and only those.
 */
#include <check.h>
#include <math.h>

#include "sim/core/rng.h"
#include "sim/experiment/margins.h"
#include "tests/core/check_main.h"

#define NR_SAMPLES 40
#define SEED 5

static struct machine *flat(void)
{
	struct machine *m = machine_builtin("flat-8");

	ck_assert_ptr_nonnull(m);
	return m;
}

START_TEST(inside_errors)
{
	struct machine *m = flat();
	double low[NR_MACHINE_KEYS] = { 0 }, high[NR_MACHINE_KEYS] = { 0 };
	u32 s, k, nr = 0;

	for (s = 1; s <= 200; s++) {
		struct machine *d = margins_machine(m, SEED, s);

		for (k = 0; k < NR_MACHINE_KEYS; k++) {
			double f = margins_log_factor(m, SEED, s, k);

			if (!margins_drawn(m, k)) {
				ck_assert_int_eq(d->val[k].v, m->val[k].v);
				continue;
			}
			ck_assert_int_ge(d->val[k].v, machine_keys[k].min);
			ck_assert_int_le(d->val[k].v, machine_keys[k].max);
			low[k] = f < low[k] ? f : low[k];
			high[k] = f > high[k] ? f : high[k];
		}
		machine_free(d);
	}
	for (k = 0; k < NR_MACHINE_KEYS; k++) {
		double bound = sim_log(1 + m->val[k].rel_err_permille / 1000.0);

		if (!margins_drawn(m, k))
			continue;
		nr++;
		/* The whole range is used, and nothing else. */
		ck_assert(low[k] >= -bound && low[k] < -0.9 * bound);
		ck_assert(high[k] <= bound && high[k] > 0.9 * bound);
	}
	ck_assert_uint_gt(nr, 20);
	machine_free(m);
}
END_TEST

START_TEST(what_is_drawn)
{
	struct machine *m = flat(), *ideal = machine_builtin("ideal-4");
	u32 k;

	ck_assert(margins_drawn(m, MK_XFER_SAME_LLC));
	ck_assert(margins_drawn(m, MK_HANDOFF_FACTOR));
	ck_assert(margins_drawn(m, MK_TAS_FAILED_RMW));
	/* Not there, a setting, a size. */
	ck_assert(!margins_drawn(m, MK_XFER_CROSS_SOCKET));
	ck_assert(!margins_drawn(m, MK_SMT_FACTOR));
	ck_assert(!margins_drawn(m, MK_HZ));
	ck_assert(!margins_drawn(m, MK_LLC_BYTES));
	ck_assert(!margins_drawn(m, MK_BASE_SLICE));
	for (k = 0; k < NR_MACHINE_KEYS; k++)
		ck_assert(!ideal->val[k].given || !margins_drawn(ideal, k));
	machine_free(m);
	machine_free(ideal);
}
END_TEST

START_TEST(streams)
{
	struct machine *m = flat();
	double f = margins_log_factor(m, SEED, 3, MK_LAT_DRAM_LOCAL);

	ck_assert_double_eq(margins_log_factor(m, SEED, 3, MK_LAT_DRAM_LOCAL), f);
	ck_assert_double_ne(margins_log_factor(m, SEED, 4, MK_LAT_DRAM_LOCAL), f);
	ck_assert_double_ne(margins_log_factor(m, SEED + 1, 3, MK_LAT_DRAM_LOCAL), f);
	/* Another key of the same error has a draw of its own. */
	ck_assert_int_eq(m->val[MK_TREE_NODE].rel_err_permille,
			 m->val[MK_LAT_DRAM_LOCAL].rel_err_permille);
	ck_assert_double_ne(margins_log_factor(m, SEED, 3, MK_TREE_NODE), f);
	machine_free(m);
}
END_TEST

/* An experiment of one point and two variants whose samples @value makes. */
struct fake {
	struct scenario sc;
	struct scn_variant variants[2];
	u32 index[2];
	GPtrArray *cells[2], *none[2];
	struct experiment e;
};

static void fake_init(struct fake *f, double (*value)(const struct machine *m, u32 variant, u32 s))
{
	u32 v, s;

	*f = (struct fake){ .index = { 0, 1 } };
	f->sc.machine = flat();
	f->sc.seed = SEED;
	f->sc.variants = f->variants;
	f->sc.nr_variants = 2;
	f->e = (struct experiment){ .scenario = &f->sc,
				    .nr_points = 1,
				    .variants = f->index,
				    .nr_variants = 2,
				    .samples = f->cells,
				    .runs = f->none };
	for (v = 0; v < 2; v++) {
		f->cells[v] = g_ptr_array_new_with_free_func((GDestroyNotify)run_result_free);
		for (s = 1; s <= NR_SAMPLES; s++) {
			struct run_result *r = run_result_new(1);
			struct machine *d = margins_machine(f->sc.machine, SEED, s);
			struct run_metric m = { "m", "", METRIC_LOWER, value(d, v, s) };

			g_array_append_val(r->metrics, m);
			g_ptr_array_add(f->cells[v], r);
			machine_free(d);
		}
	}
}

static void fake_free(struct fake *f)
{
	g_ptr_array_free(f->cells[0], TRUE);
	g_ptr_array_free(f->cells[1], TRUE);
	machine_free(f->sc.machine);
}

/* Two costs, of powers -1 and 1/2; variant 1 twice that and the handoff factor besides. */
static double two_costs(const struct machine *m, u32 variant, u32 s)
{
	double v = sqrt((double)m->val[MK_TREE_NODE].v) / (double)m->val[MK_LAT_DRAM_LOCAL].v;

	(void)s;
	return variant ? 2 * v * (double)m->val[MK_HANDOFF_FACTOR].v / 1500 : v;
}

START_TEST(finds_costs)
{
	struct margin_effect x[8];
	struct fake f;

	fake_init(&f, two_costs);
	ck_assert_uint_eq(experiment_rank_costs(&f.e, 0, 0, -1, "m", x, 8), 2);
	ck_assert_int_eq(x[0].key, MK_LAT_DRAM_LOCAL);
	ck_assert_int_eq(x[1].key, MK_TREE_NODE);
	ck_assert_double_eq_tol(x[0].slope, -1, 0.01);
	ck_assert_double_eq_tol(x[1].slope, 0.5, 0.01);
	ck_assert_double_eq_tol(x[0].share + x[1].share, 1, 0.01);
	/* What both variants pay alike cancels. */
	ck_assert_uint_eq(experiment_rank_costs(&f.e, 0, 1, 0, "m", x, 8), 1);
	ck_assert_int_eq(x[0].key, MK_HANDOFF_FACTOR);
	ck_assert_double_eq_tol(x[0].slope, 1, 0.01);
	ck_assert_uint_eq(experiment_rank_costs(&f.e, 0, 0, -1, "no such", x, 8), 0);
	fake_free(&f);
}
END_TEST

static double noise(const struct machine *m, u32 variant, u32 s)
{
	struct rng r;

	(void)m;
	rng_seed(&r, 77, s, "noise", variant, RNG_WORKLOAD);
	return 1 + rng_unit(&r);
}

static double constant(const struct machine *m, u32 variant, u32 s)
{
	(void)m;
	(void)variant;
	(void)s;
	return 3;
}

START_TEST(finds_nothing)
{
	struct margin_effect x[8];
	struct fake f;

	fake_init(&f, noise);
	ck_assert_uint_eq(experiment_rank_costs(&f.e, 0, 0, -1, "m", x, 8), 0);
	ck_assert_uint_eq(experiment_rank_costs(&f.e, 0, 1, 0, "m", x, 8), 0);
	fake_free(&f);
	fake_init(&f, constant);
	ck_assert_uint_eq(experiment_rank_costs(&f.e, 0, 0, -1, "m", x, 8), 0);
	fake_free(&f);
}
END_TEST

/* Samples are 1 to 40; one has no value, one failed. */
static double number(const struct machine *m, u32 variant, u32 s)
{
	(void)m;
	if (s == 11)
		return NAN;
	return variant ? 2.0 * s : s;
}

START_TEST(percentiles)
{
	struct margin m;
	struct fake f;

	fake_init(&f, number);
	((struct run_result *)f.cells[0]->pdata[11])->failed = true;
	ck_assert(experiment_margin(&f.e, 0, 0, "m", &m));
	ck_assert_uint_eq(m.n, 38);
	/* 1..10, 13..40: positions 1.85 and 35.15 of 0..37. */
	ck_assert_double_eq_tol(m.low, 2.85, 1e-9);
	ck_assert_double_eq_tol(m.high, 38.15, 1e-9);
	ck_assert(experiment_margin_ratio(&f.e, 0, 1, 0, "m", &m));
	ck_assert_uint_eq(m.n, 38);
	ck_assert_double_eq(m.low, 2);
	ck_assert_double_eq(m.high, 2);
	ck_assert(!experiment_margin(&f.e, 0, 0, "no such", &m));
	fake_free(&f);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("margins");
	TCase *tc = tcase_create("margins");

	tcase_add_test(tc, inside_errors);
	tcase_add_test(tc, what_is_drawn);
	tcase_add_test(tc, streams);
	tcase_add_test(tc, finds_costs);
	tcase_add_test(tc, finds_nothing);
	tcase_add_test(tc, percentiles);
	suite_add_tcase(s, tc);
	return check_run(s, CK_ENV);
}
