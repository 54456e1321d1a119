// SPDX-License-Identifier: GPL-2.0-or-later
/* Statistics over replications against values from tables. */
#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "sim/experiment/stats.h"
#include "tests/core/check_main.h"

START_TEST(summary)
{
	const double v[] = { 4, NAN, 1, 3, 2, 5 };
	struct stat_summary s;

	stats_summarise(v, 6, &s);
	ck_assert_uint_eq(s.n, 5);
	ck_assert_double_eq_tol(s.mean, 3, 1e-12);
	ck_assert_double_eq_tol(s.sd, sqrt(2.5), 1e-12);
	/* t(0.975, 4) = 2.776445 */
	ck_assert_double_eq_tol(s.ci_high - s.mean, 2.776445 * sqrt(2.5 / 5), 1e-5);
	ck_assert_double_eq(s.min, 1);
	ck_assert_double_eq(s.median, 3);
	ck_assert_double_eq_tol(s.p90, 4.6, 1e-12);
	ck_assert_double_eq(s.max, 5);
}
END_TEST

START_TEST(few_values)
{
	const double one[] = { 7 }, none[] = { NAN };
	struct stat_summary s;

	stats_summarise(one, 1, &s);
	ck_assert_uint_eq(s.n, 1);
	ck_assert_double_eq(s.mean, 7);
	ck_assert(isnan(s.sd) && isnan(s.ci_low) && isnan(s.ci_high));
	stats_summarise(none, 1, &s);
	ck_assert_uint_eq(s.n, 0);
}
END_TEST

START_TEST(ratios)
{
	const double a[] = { 2, 8, NAN }, b[] = { 1, 2, 5 };
	struct stat_ratio r, inverse;

	ck_assert(stats_ratio(a, b, 3, &r));
	ck_assert(stats_ratio(b, a, 3, &inverse));
	ck_assert_uint_eq(r.n, 2);
	ck_assert_double_eq_tol(r.ratio, sqrt(8), 1e-9);
	ck_assert_double_eq_tol(r.ratio * inverse.ratio, 1, 1e-9);
	ck_assert(r.ci_low < r.ratio && r.ratio < r.ci_high);
	ck_assert(!stats_ratio(a + 2, b, 1, &r));
	ck_assert(stats_ratio(a, b, 1, &r));
	ck_assert_double_eq(r.ratio, 2);
	ck_assert(isnan(r.ci_low));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("stats");
	TCase *t = tcase_create("stats");

	tcase_add_test(t, summary);
	tcase_add_test(t, few_values);
	tcase_add_test(t, ratios);
	suite_add_tcase(s, t);
	return check_run(s, CK_NORMAL);
}
