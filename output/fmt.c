// SPDX-License-Identifier: GPL-2.0-or-later
/* Formatting of numbers; exact ones by integer arithmetic. */
#include "output/fmt.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void fmt_ns(char buf[FMT_MAX], u128 ps)
{
	char digits[48];
	int n = 0, at = 0;

	do {
		digits[n++] = (char)('0' + (int)(ps % 10));
		ps /= 10;
	} while (ps || n < 4);
	while (n > 0) {
		if (n == 3)
			buf[at++] = '.';
		buf[at++] = digits[--n];
	}
	buf[at] = '\0';
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
		snprintf(buf, FMT_MAX, "%.0f", v + 0.0);
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
