/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The effective scenario as YAML. */
#include "sim/scenario/reader.h"

void scenario_print(const struct scenario *s, GString *out)
{
	g_string_append_printf(out, "scenario: %s\n", s->name);
}
