// SPDX-License-Identifier: GPL-2.0-or-later
/* mmsim show MACHINE: topology and cost table with tags; estimates are marked. */
#include "sim/cli/show.h"

#include <stdio.h>
#include <string.h>

#include "sim/scenario/units.h"

static void value_text(GString *out, enum machine_key key, s64 v)
{
	g_string_truncate(out, 0);
	machine_number_print(out, &machine_keys[key], v);
}

bool machine_shown(const struct machine *m, enum machine_key k)
{
	return m->val[k].given || machine_key_used(m, k);
}

static bool is_guess(const struct machine_value *v)
{
	return v->tag == TAG_ESTIMATE || v->tag == TAG_RECALLED;
}

/* "+-12%"; a choice of words has no error, and counts and sizes are not drawn. */
static void error_text(GString *out, enum machine_key k, const struct machine_value *v)
{
	enum machine_unit unit = machine_keys[k].unit;

	g_string_truncate(out, 0);
	if (!v->rel_err_permille || !v->v || unit == MU_ENUM || unit == MU_BOOL)
		return;
	g_string_append(out, "+-");
	number_print(out, v->rel_err_permille, Q_PERCENT);
}

static void print_costs(const struct machine *m)
{
	GString *value = g_string_new(NULL), *error = g_string_new(NULL);
	u32 guesses = 0, all = 0;

	printf("\n  %-39s %9s  %-10s %-7s %s\n", "key", "value", "tag", "error", "source");
	for (u32 i = 0; i < NR_MACHINE_KEYS; i++) {
		const struct machine_value *v = &m->val[i];
		const char *source = v->source ? v->source : v->given ? "no source" : "";

		if (!machine_shown(m, i))
			continue;
		value_text(value, (enum machine_key)i, v->v);
		error_text(error, (enum machine_key)i, v);
		printf("%c %-*s %9s  %-10s %-7s %s%s\n", is_guess(v) ? '*' : ' ',
		       value->len > 9 ? (int)(48 - value->len) : 39, machine_keys[i].path,
		       value->str, show_tag_name(v->tag), error->str, v->given ? "" : "(default) ",
		       source);
		guesses += is_guess(v);
		all++;
	}
	printf("\n* %u of %u values are guesses, not measurements\n", guesses, all);
	g_string_free(error, TRUE);
	g_string_free(value, TRUE);
}

static void print_machine(const struct machine *m)
{
	printf("machine %s\n%s%s", m->name, m->about ? m->about : "", m->about ? "\n" : "");
	show_topology(m);
	print_costs(m);
	show_legend(m);
}

static bool known(const struct cli *cli, const char *name)
{
	GPtrArray *names = cli_known_machines(cli);
	bool found = g_ptr_array_find_with_equal_func(names, name, g_str_equal, NULL);

	g_ptr_array_free(names, TRUE);
	return found || g_str_has_prefix(name, "flat-") || g_str_has_prefix(name, "ideal-") ||
	       g_str_has_suffix(name, ".yaml");
}

enum show_result show_machine(const struct cli *cli, const char *name)
{
	struct scn_errors errors = { 0 };
	struct machine *m;
	guint i;

	if (!known(cli, name))
		return SHOW_UNKNOWN;
	m = machine_load(name, (const char *const *)cli->search_path, &errors);
	for (i = 0; errors.lines && i < errors.lines->len; i++)
		fprintf(stderr, "%s\n", (const char *)errors.lines->pdata[i]);
	scn_errors_clear(&errors);
	if (!m)
		return SHOW_BAD;
	print_machine(m);
	machine_free(m);
	return SHOW_DONE;
}
