/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pieces of scenario_print(): texts, values, machines, steps.
 */
#ifndef MMSIM_SCENARIO_PRINT_H
#define MMSIM_SCENARIO_PRINT_H

#include "sim/scenario/reader.h"

void print_text(GString *out, const char *text);
void print_value(GString *out, s64 v, enum value_type type, const char *const *choices);
void print_expr(GString *out, const struct expr *e, s64 def, enum value_type type,
		const char *const *choices);
void print_machine(GString *out, const struct machine *m, u32 indent);
void print_group(GString *out, const struct scenario *s, const struct scn_group *g);

#endif
