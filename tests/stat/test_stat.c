/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Histogram, ledger and profile against plain arithmetic. */
#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "sim/core/rng.h"
#include "sim/stat/hist.h"
#include "sim/stat/ledger.h"
#include "sim/stat/lockstat.h"
#include "sim/stat/profile.h"
#include "tests/core/check_main.h"

START_TEST(hist_bins_tile)
{
	struct rng r;

	for (u32 b = 1; b < HIST_BINS; b++) {
		ck_assert_uint_eq(hist_bin_high(b - 1), hist_bin_low(b));
		ck_assert_uint_eq(hist_bin(hist_bin_low(b)), b);
	}
	rng_seed(&r, 1, 0, "hist", 0, RNG_MECHANISM);
	for (u32 i = 0; i < 100000; i++) {
		u64 v = rng_u64(&r) >> rng_below(&r, 64);
		u32 b = hist_bin(v);

		ck_assert_msg(v >= hist_bin_low(b) && (v < hist_bin_high(b) || v == UINT64_MAX),
			      "value %llu is not in bin %u", (unsigned long long)v, b);
	}
}
END_TEST

START_TEST(hist_quantiles)
{
	static struct hist h, part;

	hist_init(&h);
	hist_init(&part);
	ck_assert(isnan(hist_quantile(&h, 0.5)));
	for (u64 v = 1; v <= 100000; v++)
		hist_add(v & 1 ? &h : &part, v);
	hist_merge(&h, &part);
	ck_assert_uint_eq(h.n, 100000);
	ck_assert_uint_eq(h.min, 1);
	ck_assert_uint_eq(h.max, 100000);
	ck_assert(hist_mean(&h) == 50000.5);
	for (int q = 1; q < 100; q++)
		ck_assert(fabs(hist_quantile(&h, q / 100.0) / (q * 1000.0) - 1) < 0.04);
	ck_assert(hist_quantile(&h, 1) == 100000);
}
END_TEST

START_TEST(ledger_mean_and_peak)
{
	struct ledger l;
	s32 a, b;

	ledger_init(&l);
	a = ledger_category(&l, "PageTables");
	b = ledger_category(&l, "Slab");
	ck_assert_int_eq(ledger_category(&l, "PageTables"), a);
	ck_assert_int_ne(a, b);
	ledger_commit(&l, (u32)a, 4096, 1, 100);
	ledger_commit(&l, (u32)a, 4096, 1, 300);
	ledger_commit(&l, (u32)a, -8192, -2, 400);
	ck_assert_int_eq(l.cat[a].bytes, 0);
	ck_assert_int_eq(l.cat[a].peak, 8192);
	/* (200 * 4096 + 100 * 8192) / 1000 */
	ck_assert(fabs(ledger_mean(&l, (u32)a, 1000) - 1638.4) < 1e-9);
	ledger_begin(&l, 1000);
	ck_assert_int_eq(l.cat[a].peak, 0);
	ck_assert(ledger_mean(&l, (u32)a, 2000) == 0);
}
END_TEST

static void sum_self(struct prof_node *n, void *arg)
{
	*(u64 *)arg += n->self_ps;
}

START_TEST(profile_nodes)
{
	static const struct frame_site sites[3] = { { "a" }, { "b" }, { "c" } };
	struct profile p;
	u64 sum = 0;

	profile_init(&p);
	for (u32 i = 0; i < 1000; i++) {
		struct prof_node *n = profile_enter(&p, &p.root, &sites[i % 3], i);

		n = profile_enter(&p, n, &sites[i % 2], i / 2);
		n->self_ps += i;
	}
	profile_for_each(&p, sum_self, &sum);
	ck_assert_uint_eq(sum, 999 * 1000 / 2);
	ck_assert_uint_eq(p.nr_nodes, 3 + 6);
	profile_destroy(&p);
}
END_TEST

/* Whatever does not fit is summed in a row of its own, and says so. */
START_TEST(callers_beyond_the_table)
{
	static const char names[2 * LOCK_MAX_CALLERS][2] = { "a" }; /* by address */
	struct lock_stats s;
	struct lock_class *c;
	u64 contentions = 0, wait = 0;

	lock_stats_init(&s);
	c = lock_stats_class(&s, "l", "fifo");
	ck_assert_ptr_nonnull(c);
	for (u32 round = 0; round < 3; round++)
		for (u32 i = 0; i < 2 * LOCK_MAX_CALLERS; i++)
			lock_class_caller(c, names[i], names[0], i % 3, i);
	ck_assert_uint_eq(c->nr_callers, LOCK_MAX_CALLERS);
	for (u32 i = 0; i < c->nr_callers; i++) {
		contentions += c->caller[i].contentions;
		wait += (u64)c->caller[i].wait_total;
		if (i < LOCK_MAX_CALLERS - 1) {
			ck_assert_ptr_eq(c->caller[i].waiter, names[i]);
			ck_assert_uint_eq(c->caller[i].contentions, 3);
		}
	}
	ck_assert_uint_eq(contentions, 3 * 2 * LOCK_MAX_CALLERS);
	ck_assert_uint_eq(wait, 3ULL * LOCK_MAX_CALLERS * (2 * LOCK_MAX_CALLERS - 1));
	ck_assert_str_eq(c->caller[LOCK_MAX_CALLERS - 1].waiter, "(other)");
	ck_assert_str_eq(c->caller[LOCK_MAX_CALLERS - 1].holder, "(other)");
	ck_assert_uint_eq(c->callers_dropped, 3 * (LOCK_MAX_CALLERS + 1));
	ck_assert_uint_eq(c->caller[LOCK_MAX_CALLERS - 1].contentions, c->callers_dropped);
	lock_stats_begin(&s);
	ck_assert_uint_eq(c->nr_callers + c->callers_dropped, 0);
	lock_stats_destroy(&s);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("stat");
	TCase *tc = tcase_create("stat");

	tcase_add_test(tc, hist_bins_tile);
	tcase_add_test(tc, hist_quantiles);
	tcase_add_test(tc, ledger_mean_and_peak);
	tcase_add_test(tc, profile_nodes);
	tcase_add_test(tc, callers_beyond_the_table);
	suite_add_tcase(s, tc);
	return check_run(s, CK_ENV);
}
