// SPDX-License-Identifier: GPL-2.0-or-later
/* Random streams: known answers (the same bits everywhere), moments, own log and exp. */
#include "sim/core/rng.h"
#include "tests/core/check_main.h"
#include "tests/core/rng_digest.h"

#define N 1000000

START_TEST(test_known)
{
	/* xoshiro256++ from state 1, 2, 3, 4: the first outputs of its authors' code. */
	struct rng r = { { 1, 2, 3, 4 } };

	ck_assert_uint_eq(rng_u64(&r), 41943041ULL);
	ck_assert_uint_eq(rng_u64(&r), 58720359ULL);
	ck_assert_uint_eq(rng_u64(&r), 3588806011781223ULL);
	ck_assert_uint_eq(rng_digest(), RNG_DIGEST);
}
END_TEST

START_TEST(test_streams)
{
	struct rng a, b;

	rng_seed(&a, 1, 0, "g", 2, RNG_WORKLOAD);
	rng_seed(&b, 2, 0, "g", 1, RNG_WORKLOAD);
	ck_assert_uint_ne(rng_u64(&a), rng_u64(&b));
	rng_seed(&a, 1, 0, NULL, 2, RNG_WORKLOAD);
	rng_seed(&b, 1, 0, "", 2, RNG_WORKLOAD);
	ck_assert_uint_eq(rng_u64(&a), rng_u64(&b));
	rng_seed(&b, 1, 0, "", 2, RNG_THINK);
	ck_assert_uint_ne(rng_u64(&a), rng_u64(&b));
	rng_fork(&b, &a, 1);
	rng_fork(&a, &a, 2);
	ck_assert_uint_ne(rng_u64(&a), rng_u64(&b));
}
END_TEST

static void near(double x, double want, double tolerance)
{
	if (x < want - tolerance || x > want + tolerance)
		ck_abort_msg("%.17g is not near %.17g", x, want);
}

START_TEST(test_moments)
{
	double e = 0, e2 = 0, n = 0, n2 = 0, l = 0;
	u32 i, tail = 0, zipf[100] = { 0 };
	struct rng r;

	rng_seed(&r, 5, 0, "moments", 0, RNG_WORKLOAD);
	for (i = 0; i < N; i++) {
		double x = rng_exp(&r), y = rng_normal(&r);

		e += x;
		e2 += x * x;
		tail += x > 8.0;
		n += y;
		n2 += y * y;
		l += rng_lognormal(&r, 0.0, 0.5);
		zipf[rng_zipf(&r, 100, 1.0)]++;
	}
	near(e / N, 1.0, 0.005);
	near(e2 / N, 2.0, 0.03);
	near(tail, N * 3.3546e-4, 80);
	near(n / N, 0.0, 0.005);
	near(n2 / N, 1.0, 0.008);
	near(l / N, 1.1331484530668263, 0.005);
	near(zipf[0], N / 5.187377517639621, 2500);
	near(zipf[9], N / 51.87377517639621, 800);
	near(zipf[99], N / 518.7377517639621, 250);
}
END_TEST

START_TEST(test_math)
{
	double x;

	near(sim_log(1.0), 0.0, 0.0);
	near(sim_log(2.0), 0x1.62e42fefa39efp-1, 1e-16);
	near(sim_log(10.0), 0x1.26bb1bbb55516p+1, 5e-16);
	near(sim_log(0x1p-1074), -744.4400719213812, 2e-13);
	near(sim_exp(0.0), 1.0, 0.0);
	near(sim_exp(1.0), 0x1.5bf0a8b145769p+1, 5e-16);
	near(sim_exp(-700.0), 9.8596765437597708e-305, 1e-318);
	near(sim_exp(-800.0), 0.0, 0.0);
	for (x = 0x1p-300; x < 0x1p300; x *= 1.37)
		near(sim_exp(sim_log(x)) / x, 1.0, 1e-13);
}
END_TEST

START_TEST(test_ranges)
{
	struct rng r;
	u32 i;

	rng_seed(&r, 6, 0, "ranges", 0, RNG_WORKLOAD);
	for (i = 0; i < 100000; i++) {
		ck_assert_uint_lt(rng_below(&r, 7), 7);
		ck_assert_uint_lt(rng_zipf(&r, 1, 2.0), 1);
		ck_assert_uint_lt(rng_zipf(&r, 1000000, 0.5), 1000000);
		ck_assert_uint_lt(rng_zipf(&r, 10, 3.0), 10);
		ck_assert_uint_le(rng_exp_ps(&r, TIME_MAX), INT64_MAX);
		ck_assert_uint_eq(rng_exp_ps(&r, 0), 0);
	}
}
END_TEST

CHECK_MAIN("rng", test_known, test_streams, test_moments, test_math, test_ranges)
