// SPDX-License-Identifier: GPL-2.0-or-later
/* Numbers as text. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "output/csv.h"
#include "output/fmt.h"
#include "tests/core/check_main.h"

static const char *ns(u128 ps)
{
	static char buf[FMT_MAX];

	fmt_ns(buf, ps);
	return buf;
}

START_TEST(exact_ns)
{
	ck_assert_str_eq(ns(0), "0.000");
	ck_assert_str_eq(ns(1), "0.001");
	ck_assert_str_eq(ns(999), "0.999");
	ck_assert_str_eq(ns(1000), "1.000");
	ck_assert_str_eq(ns(12345678), "12345.678");
	ck_assert_str_eq(ns(UINT64_MAX), "18446744073709551.615");
	ck_assert_str_eq(ns((u128)UINT64_MAX + 1), "18446744073709551.616");
	ck_assert_str_eq(ns((u128)UINT64_MAX * 1000), "18446744073709551615.000");
	ck_assert_str_eq(ns((u128)1000000000000000000ULL * 1000000000000000000ULL + 7),
			 "1000000000000000000000000000000000.007");
	ck_assert_str_eq(ns(~(u128)0), "340282366920938463463374607431768211.455");
}
END_TEST

static void same_as_printf(u64 v)
{
	char got[FMT_MAX], want[FMT_MAX];

	*fmt_put_uint(got, v) = '\0';
	snprintf(want, sizeof(want), "%llu", (unsigned long long)v);
	ck_assert_str_eq(got, want);
	fmt_ns(got, v);
	snprintf(want, sizeof(want), "%llu.%03llu", (unsigned long long)v / 1000,
		 (unsigned long long)v % 1000);
	ck_assert_str_eq(got, want);
	v >>= 15;
	if (!v || v >= 1000000000000000ULL)
		return;
	fmt_double(got, -(double)v);
	snprintf(want, sizeof(want), "-%llu", (unsigned long long)v);
	ck_assert_str_eq(got, want);
}

/* Around every power of ten and of two, where a count of digits goes wrong. */
START_TEST(integers)
{
	u64 ten = 1, i, k;

	for (i = 0; i < 20; i++, ten *= 10)
		for (k = 0; k < 3; k++)
			same_as_printf(ten + k - 1);
	for (i = 0; i < 64; i++)
		for (k = 0; k < 3; k++)
			same_as_printf((1ULL << i) + k - 1);
	for (i = 0; i < 100000; i++)
		same_as_printf(i * 0x9e3779b97f4a7c15ULL >> (i % 64));
}
END_TEST

START_TEST(shortest)
{
	static const double v[] = { 0.1, 1.0 / 3, 123456789.125, 1e300, -2.5, 7, 1e15 };
	char buf[FMT_MAX];
	size_t i;

	for (i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		fmt_double(buf, v[i]);
		ck_assert_double_eq(strtod(buf, NULL), v[i]);
	}
	fmt_double(buf, 0.1);
	ck_assert_str_eq(buf, "0.1");
	fmt_double(buf, -0.0);
	ck_assert_str_eq(buf, "0");
	fmt_double(buf, NAN);
	ck_assert_str_eq(buf, "");
}
END_TEST

START_TEST(quoting)
{
	struct csv c;

	csv_init(&c);
	csv_str(&c, "plain");
	csv_str(&c, "a,b");
	csv_str(&c, "say \"x\"");
	csv_str(&c, "");
	csv_ns(&c, 1500);
	csv_end_row(&c);
	csv_int(&c, INT64_MIN);
	csv_uint(&c, UINT64_MAX);
	csv_int(&c, 0);
	csv_str(&c, "two\nlines");
	csv_end_row(&c);
	ck_assert_str_eq(c.text->str,
			 "plain,\"a,b\",\"say \"\"x\"\"\",,1.500\n"
			 "-9223372036854775808,18446744073709551615,0,\"two\nlines\"\n");
	ck_assert_uint_eq(strlen(c.text->str), c.text->len);
	g_string_free(c.text, TRUE);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("fmt");
	TCase *t = tcase_create("fmt");

	tcase_add_test(t, exact_ns);
	tcase_add_test(t, integers);
	tcase_add_test(t, shortest);
	tcase_add_test(t, quoting);
	suite_add_tcase(s, t);
	return check_run(s, CK_NORMAL);
}
