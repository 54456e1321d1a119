/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers as text, the same on every host. */
#ifndef MMSIM_OUTPUT_FMT_H
#define MMSIM_OUTPUT_FMT_H

#include <glib.h>

#include "sim/core/types.h"

#define FMT_MAX 64

/* @v in decimal at @at without an end; returns what follows. At most 20 characters. */
char *fmt_put_uint(char *at, u64 v);
/* The same for fmt_ns(); at most 40 characters. */
char *fmt_put_ns(char *at, u128 ps);
/* Picoseconds as nanoseconds with three decimals, exact. */
void fmt_ns(char buf[FMT_MAX], u128 ps);
/* Shortest decimal that reads back as @v; "" for NaN. */
void fmt_double(char buf[FMT_MAX], double v);
/* @v with @digits significant digits; "" for NaN. */
void fmt_digits(char buf[FMT_MAX], double v, int digits);
/* For people: 1.234 ms, 56.7 k, by unit. */
void fmt_human(char buf[FMT_MAX], double v, const char *unit);

#endif
