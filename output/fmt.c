// SPDX-License-Identifier: GPL-2.0-or-later
/* Formatting of numbers; exact ones by integer arithmetic. */
#include "output/fmt.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Digits of @v in decimal, 1 for zero. */
static u32 digits_of(u64 v)
{
	static const u64 power[] = {
		10ULL,
		100ULL,
		1000ULL,
		10000ULL,
		100000ULL,
		1000000ULL,
		10000000ULL,
		100000000ULL,
		1000000000ULL,
		10000000000ULL,
		100000000000ULL,
		1000000000000ULL,
		10000000000000ULL,
		100000000000000ULL,
		1000000000000000ULL,
		10000000000000000ULL,
		100000000000000000ULL,
		1000000000000000000ULL,
		10000000000000000000ULL,
	};
	/* 1233 / 4096 is log10(2): never above, and at most one below */
	u32 low = (u32)(63 - __builtin_clzll(v | 1)) * 1233 >> 12;

	return low + 1 + (low < ARRAY_SIZE(power) && v >= power[low]);
}

/* Exactly @n digits of @v, two at a time. */
static void put_digits(char *at, u64 v, u32 n)
{
	static const char pairs[] = "00010203040506070809101112131415161718192021222324"
				    "25262728293031323334353637383940414243444546474849"
				    "50515253545556575859606162636465666768697071727374"
				    "75767778798081828384858687888990919293949596979899";

	for (; n >= 2; n -= 2, v /= 100)
		memcpy(at + n - 2, pairs + v % 100 * 2, 2);
	if (n)
		*at = (char)('0' + v % 10);
}

char *fmt_put_uint(char *at, u64 v)
{
	u32 n = digits_of(v);

	put_digits(at, v, n);
	return at + n;
}

char *fmt_put_ns(char *at, u128 ps)
{
	const u64 chunk = 1000000000000000000ULL; /* 1e18 */
	u64 part;

	if (likely(ps <= UINT64_MAX)) {
		part = (u64)ps;
		at = fmt_put_uint(at, part / 1000);
		*at++ = '.';
		put_digits(at, part % 1000, 3);
		return at + 3;
	}
	/* what lies above 1e18 ps is whole nanoseconds, without a point */
	part = (u64)(ps % chunk);
	ps /= chunk;
	if (ps >= chunk) {
		at = fmt_put_uint(at, (u64)(ps / chunk));
		put_digits(at, (u64)(ps % chunk), 18);
		at += 18;
	} else {
		at = fmt_put_uint(at, (u64)ps);
	}
	put_digits(at, part / 1000, 15);
	at[15] = '.';
	put_digits(at + 16, part % 1000, 3);
	return at + 19;
}

void fmt_ns(char buf[FMT_MAX], u128 ps)
{
	*fmt_put_ns(buf, ps) = '\0';
}

void fmt_digits(char buf[FMT_MAX], double v, int digits)
{
	if (isnan(v))
		buf[0] = '\0';
	else
		snprintf(buf, FMT_MAX, "%.*g", digits, v + 0.0);
}

void fmt_double(char buf[FMT_MAX], double v)
{
	int digits;

	if (!isnan(v) && fabs(v) < 1e15 && v == floor(v)) {
		if (v < 0)
			*buf++ = '-';
		*fmt_put_uint(buf, (u64)fabs(v)) = '\0';
		return;
	}
	for (digits = 15; digits <= 17; digits++) {
		fmt_digits(buf, v, digits);
		if (isnan(v) || strtod(buf, NULL) == v)
			return;
	}
}

static void scaled(char buf[FMT_MAX], double v, double step, const char *const *prefix, int n,
		   const char *unit)
{
	int i = 0;

	while (i + 1 < n && fabs(v) >= step) {
		v /= step;
		i++;
	}
	snprintf(buf, FMT_MAX, "%.4g %s%s", v, prefix[i], unit);
	g_strchomp(buf);
}

void fmt_human(char buf[FMT_MAX], double v, const char *unit)
{
	static const char *const time[] = { "ns", "us", "ms", "s" };
	static const char *const size[] = { "", "Ki", "Mi", "Gi", "Ti" };
	static const char *const si[] = { "", "k", "M", "G", "T" };

	if (isnan(v))
		g_strlcpy(buf, "-", FMT_MAX);
	else if (!strcmp(unit, "ns"))
		scaled(buf, v, 1000, time, 4, "");
	else if (!strcmp(unit, "bytes"))
		scaled(buf, v, 1024, size, 5, "B");
	else if (!strcmp(unit, "share"))
		snprintf(buf, FMT_MAX, "%.1f %%", 100 * v);
	else if (g_str_has_prefix(unit, "1/")) /* 3.2 M/s, not 3.2 M1/s */
		scaled(buf, v, 1000, si, 5, strchr(unit, '/'));
	else
		scaled(buf, v, 1000, si, 5, unit);
}
