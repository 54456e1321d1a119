/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A machine as the map that machine_read() takes. Only keys that were given are
 * values; the rest follows from the fill rules and is shown as comments.
 */
#include "sim/scenario/print.h"

#include <string.h>

static void pad(GString *out, u32 n)
{
	g_string_append_printf(out, "%*s", (int)n, "");
}

void machine_number_print(GString *out, const struct machine_key_desc *d, s64 v)
{
	switch (d->unit) {
	case MU_TIME:
		number_print(out, v, Q_TIME);
		break;
	case MU_BYTES:
		number_print(out, v, Q_SIZE);
		break;
	case MU_RATIO:
		number_print(out, v, Q_DECIMAL);
		break;
	case MU_BOOL:
		g_string_append(out, v ? "true" : "false");
		break;
	case MU_ENUM:
		g_string_append(out, d->choices[v]);
		break;
	case MU_COUNT:
		number_print(out, v, Q_INT);
		break;
	}
}

static void print_key(GString *out, const struct machine_value *val,
		      const struct machine_key_desc *d, const char *name, u32 indent)
{
	u32 rel = val->rel_err_permille;

	pad(out, indent);
	g_string_append_printf(out, "%s%s: {value: ", val->given ? "" : "# ", name);
	machine_number_print(out, d, val->v);
	g_string_append_printf(out, ", tag: %c", val->tag);
	if (rel != machine_tag_rel_err(val->tag)) {
		g_string_append(out, ", rel_err: ");
		number_print(out, rel, Q_PERCENT);
	}
	if (val->source) {
		g_string_append(out, ", source: ");
		print_text(out, val->source);
	}
	g_string_append(out, "}\n");
}

/* Head of the group that path of key @k is in, if it is another one than before. */
static const char *enter_group(GString *out, const struct machine *m, u32 k, const char *group,
			       u32 indent)
{
	const char *path = machine_keys[k].path, *dot = strchr(path, '.');
	size_t len = dot ? (size_t)(dot + 1 - path) : 0;
	bool given = false;

	if (!len)
		return NULL;
	if (group && !strncmp(group, path, len))
		return group;
	for (u32 i = k; i < NR_MACHINE_KEYS; i++)
		if (!strncmp(machine_keys[i].path, path, len))
			given |= m->val[i].given;
	pad(out, indent);
	g_string_append_printf(out, "%s%.*s:\n", given ? "" : "# ", (int)len - 1, path);
	return path;
}

void print_machine(GString *out, const struct machine *m, u32 indent)
{
	const char *group = NULL;

	pad(out, indent);
	g_string_append(out, "name: ");
	print_text(out, m->name);
	g_string_append_c(out, '\n');
	if (m->about) {
		pad(out, indent);
		g_string_append(out, "about: ");
		print_text(out, m->about);
		g_string_append_c(out, '\n');
	}
	for (u32 k = 0; k < NR_MACHINE_KEYS; k++) {
		const struct machine_key_desc *d = &machine_keys[k];
		const char *dot = strchr(d->path, '.');

		group = enter_group(out, m, k, group, indent);
		print_key(out, &m->val[k], d, dot ? dot + 1 : d->path, dot ? indent + 2 : indent);
	}
}

void machine_print(const struct machine *m, GString *out)
{
	print_machine(out, m, 0);
}
