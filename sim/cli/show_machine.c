// SPDX-License-Identifier: GPL-2.0-or-later
/* mmsim show MACHINE: topology and cost table with tags; estimates are marked. */
#include "sim/cli/show.h"

#include <stdio.h>
#include <string.h>

#include "output/fmt.h"

static void value_text(char buf[FMT_MAX], enum machine_key key, s64 v)
{
	const struct machine_key_desc *d = &machine_keys[key];
	char ns[FMT_MAX];

	switch (d->unit) {
	case MU_TIME:
		fmt_ns(ns, (u128)v);
		g_snprintf(buf, FMT_MAX, "%s ns", ns);
		break;
	case MU_BYTES:
		fmt_human(buf, (double)v, "bytes");
		break;
	case MU_RATIO:
		g_snprintf(buf, FMT_MAX, "%lld.%03lld", (long long)(v / 1000),
			   (long long)(v % 1000));
		break;
	case MU_BOOL:
		g_strlcpy(buf, v ? "true" : "false", FMT_MAX);
		break;
	case MU_ENUM:
		g_strlcpy(buf, d->choices[v], FMT_MAX);
		break;
	case MU_COUNT:
		g_snprintf(buf, FMT_MAX, "%lld", (long long)v);
		break;
	}
}

static const char *tag_name(char tag)
{
	switch (tag) {
	case TAG_SOURCED:
		return "sourced";
	case TAG_DERIVED:
		return "derived";
	case TAG_ESTIMATE:
		return "ESTIMATE";
	case TAG_RECALLED:
		return "RECALLED";
	case TAG_KERNEL:
		return "kernel";
	case TAG_MEASURED:
		return "measured";
	case TAG_CALIBRATED:
		return "calibrated";
	}
	return "?";
}

static void print_machine(const struct machine *m)
{
	char buf[FMT_MAX];
	u32 i;

	printf("machine %s\n%s%s", m->name, m->about ? m->about : "", m->about ? "\n" : "");
	printf("%u CPUs, %u nodes: %lld socket(s) x %lld node(s) x %lld LLC x %lld core(s) x "
	       "%lld thread(s)\n\n",
	       machine_nr_cpus(m), machine_nr_nodes(m), (long long)m->val[MK_SOCKETS].v,
	       (long long)m->val[MK_NODES_PER_SOCKET].v, (long long)m->val[MK_LLC_PER_NODE].v,
	       (long long)m->val[MK_CORES_PER_LLC].v, (long long)m->val[MK_SMT].v);
	for (i = 0; i < NR_MACHINE_KEYS; i++) {
		const struct machine_value *v = &m->val[i];
		bool guess = v->tag == TAG_ESTIMATE || v->tag == TAG_RECALLED;

		value_text(buf, (enum machine_key)i, v->v);
		printf("%c %-28s %18s  %-10s +-%u.%u %%%s  %s\n", guess ? '*' : ' ',
		       machine_keys[i].path, buf, tag_name(v->tag), v->rel_err_permille / 10,
		       v->rel_err_permille % 10, v->given ? "" : " (default)",
		       v->source ? v->source : "");
	}
	puts("\n* is an estimate or recalled, not a sourced value");
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
