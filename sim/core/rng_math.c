// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Own logarithm and exponential: argument reduction and plain series in doubles,
 * so that the bits are the same under every compiler and host. About 1-2 ulp.
 */
#include "sim/core/rng.h"

#include <string.h>

#define LN2_HI 0x1.62e42feep-1
#define LN2_LO 0x1.a39ef35793c76p-33
#define INV_LN2 0x1.71547652b82fep+0

static double from_bits(u64 bits)
{
	double x;

	memcpy(&x, &bits, sizeof(x));
	return x;
}

static u64 to_bits(double x)
{
	u64 bits;

	memcpy(&bits, &x, sizeof(bits));
	return bits;
}

/* x = m * 2^e, m in [sqrt(1/2), sqrt(2)); log m = 2 artanh((m - 1) / (m + 1)). */
double sim_log(double x)
{
	u64 bits = to_bits(x);
	int e = -1023, i;
	double m, s, s2, sum;

	if (bits < 1ULL << 52) {
		bits = to_bits(x * 0x1p54);
		e -= 54;
	}
	if (bits >= 0x7ffULL << 52)
		return x;
	e += (int)(bits >> 52);
	m = from_bits((bits & ((1ULL << 52) - 1)) | 1023ULL << 52);
	if (m > 0x1.6a09e667f3bcdp+0) {
		m *= 0.5;
		e++;
	}
	s = (m - 1.0) / (m + 1.0);
	s2 = s * s;
	sum = 0.0;
	for (i = 23; i >= 3; i -= 2)
		sum = (sum + 1.0 / i) * s2;
	return e * LN2_HI + (2.0 * s + (2.0 * s * sum + e * LN2_LO));
}

static double pow2(int k)
{
	return from_bits((u64)(k + 1023) << 52);
}

double sim_exp(double x)
{
	double r, sum = 1.0;
	int k, i;

	if (x > 709.8)
		return from_bits(0x7ffULL << 52);
	if (x < -745.2)
		return 0.0;
	k = (int)(x * INV_LN2 + (x < 0.0 ? -0.5 : 0.5));
	r = (x - k * LN2_HI) - k * LN2_LO;
	for (i = 14; i >= 1; i--)
		sum = 1.0 + sum * r / i;
	if (k > 1023)
		return sum * 2.0 * pow2(k - 1);
	if (k < -1022)
		return sum * pow2(k + 100) * 0x1p-100;
	return sum * pow2(k);
}
