/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Numbers with units: 64, -3, 0x1000, 12.5ns, 16 MiB, 25%. Exact: what does not
 * come out as a whole base unit is refused, never rounded.
 */
#ifndef MMSIM_SCENARIO_UNITS_H
#define MMSIM_SCENARIO_UNITS_H

#include <glib.h>

#include "sim/core/types.h"

struct machine_key_desc;

/* What a number is. Base units: 1, ps, bytes, 1/1000. */
enum quantity { Q_INT, Q_TIME, Q_SIZE, Q_PERCENT, Q_DECIMAL };

/**
 * number_parse - read a literal
 * @text: the whole text
 * @v: value in the base unit; of Q_PERCENT and Q_DECIMAL (a fraction without unit) in 1/1000
 * @q: what it is
 *
 * Returns NULL, or static text of what is wrong with it.
 */
const char *number_parse(const char *text, s64 *v, enum quantity *q);

/* The number at the start of @text as above; *@end is the first character behind it. */
const char *number_scan(const char *text, const char **end, s64 *v, enum quantity *q);

/* Shortest exact form: "12.5ns", "16MiB", "1.6". */
void number_print(GString *out, s64 v, enum quantity q);

/* Append a value of a machine's table as it is written in a machine file. */
void machine_number_print(GString *out, const struct machine_key_desc *d, s64 v);

#endif
