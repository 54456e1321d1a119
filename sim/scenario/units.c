/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Numbers with units, read and printed exactly with integers only, so that a
 * scenario means the same under every locale and compiler.
 */
#include "sim/scenario/units.h"

#include <string.h>

static const struct unit {
	const char *name;
	enum quantity q;
	s64 scale;
} units[] = {
	{ "ps", Q_TIME, 1 },	      { "ns", Q_TIME, PS_PER_NS },
	{ "us", Q_TIME, PS_PER_US },  { "\xc2\xb5s", Q_TIME, PS_PER_US },
	{ "ms", Q_TIME, PS_PER_MS },  { "s", Q_TIME, PS_PER_SEC },
	{ "B", Q_SIZE, 1 },	      { "KiB", Q_SIZE, 1LL << 10 },
	{ "MiB", Q_SIZE, 1LL << 20 }, { "GiB", Q_SIZE, 1LL << 30 },
	{ "TiB", Q_SIZE, 1LL << 40 }, { "%", Q_PERCENT, 10 },
};

#define ALLOWED_UNITS "unknown unit; allowed: ps, ns, us, ms, s, B, KiB, MiB, GiB, TiB, %"
#define TOO_LARGE "the number is too large"

static bool is_unit_char(char c)
{
	return g_ascii_isalpha(c) || c == '%' || (c & 0x80);
}

static const struct unit *unit_find(const char *text, size_t len)
{
	for (u32 i = 0; i < ARRAY_SIZE(units); i++)
		if (strlen(units[i].name) == len && !memcmp(units[i].name, text, len))
			return &units[i];
	return NULL;
}

static const char *scan_hex(const char *p, const char **end, u64 *mant)
{
	const char *start = p += 2;

	for (; g_ascii_isxdigit(*p); p++) {
		if (*mant >> 59)
			return TOO_LARGE;
		*mant = *mant << 4 | (u64)g_ascii_xdigit_value(*p);
	}
	*end = p;
	return p == start ? "not a number" : NULL;
}

/* Digits with an optional fraction: the value is mant / 10^frac. */
static const char *scan_digits(const char *p, const char **end, u64 *mant, u32 *frac)
{
	bool point = false;

	if (!g_ascii_isdigit(*p))
		return "not a number";
	for (;; p++) {
		if (*p == '.' && !point && g_ascii_isdigit(p[1])) {
			point = true;
			continue;
		}
		if (!g_ascii_isdigit(*p))
			break;
		if (*mant > (UINT64_MAX - 9) / 10)
			return TOO_LARGE;
		*mant = *mant * 10 + (u64)(*p - '0');
		*frac += point;
	}
	*end = p;
	return NULL;
}

static const char *scale_exact(u64 mant, u32 frac, s64 scale, s64 *v)
{
	u128 product = (u128)mant * (u64)scale;

	for (; frac; frac--) {
		if (product % 10)
			return "the number is finer than its base unit (1 ps, 1 B, 0.1%)";
		product /= 10;
	}
	if (product > (u128)INT64_MAX)
		return TOO_LARGE;
	*v = (s64)product;
	return NULL;
}

const char *number_scan(const char *text, const char **end, s64 *v, enum quantity *q)
{
	const char *p = text, *why, *word;
	bool minus = *p == '-';
	u64 mant = 0;
	u32 frac = 0;
	s64 scale = 1;

	if (*p == '-' || *p == '+')
		p++;
	if (p[0] == '0' && (p[1] == 'x' || p[1] == 'X'))
		why = scan_hex(p, &p, &mant);
	else
		why = scan_digits(p, &p, &mant, &frac);
	if (why)
		return why;
	*q = Q_INT;
	for (word = p; *word == ' '; word++)
		;
	if (is_unit_char(*word)) {
		const struct unit *u;

		for (p = word; is_unit_char(*p); p++)
			;
		u = unit_find(word, p - word);
		if (!u)
			return ALLOWED_UNITS;
		*q = u->q;
		scale = u->scale;
	} else if (frac) {
		*q = Q_DECIMAL;
		scale = 1000;
	}
	why = scale_exact(mant, frac, scale, v);
	if (why)
		return why;
	if (minus)
		*v = -*v;
	*end = p;
	return NULL;
}

const char *number_parse(const char *text, s64 *v, enum quantity *q)
{
	const char *end, *why = number_scan(text, &end, v, q);

	if (why)
		return why;
	return *end ? "not a number" : NULL;
}

/* @v / @scale in decimals without trailing zeros. */
static void print_scaled(GString *out, u64 v, u64 scale)
{
	u64 rest = v % scale;

	g_string_append_printf(out, "%" G_GUINT64_FORMAT, v / scale);
	if (!rest)
		return;
	g_string_append_c(out, '.');
	while (rest) {
		rest *= 10;
		g_string_append_c(out, (char)('0' + rest / scale));
		rest %= scale;
	}
}

void number_print(GString *out, s64 v, enum quantity q)
{
	u64 abs = v < 0 ? 0 - (u64)v : (u64)v;
	const struct unit *best = NULL;

	if (v < 0)
		g_string_append_c(out, '-');
	if (q == Q_DECIMAL || q == Q_PERCENT) {
		print_scaled(out, abs, q == Q_PERCENT ? 10 : 1000);
		g_string_append(out, q == Q_PERCENT ? "%" : "");
		return;
	}
	for (u32 i = 0; i < ARRAY_SIZE(units); i++) {
		const struct unit *u = &units[i];

		/* Times get up to three decimals, sizes none. */
		if (u->q != q || (best && abs < (u64)u->scale) ||
		    (q == Q_SIZE && abs % (u64)u->scale) || (q == Q_TIME && !abs))
			continue;
		if (q == Q_TIME && abs * 1000 % (u64)u->scale && abs < UINT64_MAX / 1000)
			continue;
		if (u->name[0] == '\xc2')
			continue;
		best = u;
	}
	if (q == Q_INT || !best) {
		g_string_append_printf(out, "%" G_GUINT64_FORMAT "%s", abs, q == Q_TIME ? "s" : "");
		return;
	}
	print_scaled(out, abs, (u64)best->scale);
	g_string_append(out, best->name);
}
