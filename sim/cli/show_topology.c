// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A machine's topology in a few lines of at most 80 columns: a line per NUMA node
 * with its cache groups as ranges of CPU numbers, and one pair of CPUs per distance.
 */
#include "sim/cli/show.h"

#include <stdio.h>

#include "sim/hw/machine.h"
#include "sim/scenario/units.h"

#define COLUMNS 80
#define NODES_SHOWN 8

static u32 count(const struct machine *m, enum machine_key k)
{
	return (u32)m->val[k].v;
}

static u32 nr_cores(const struct machine *m)
{
	return machine_nr_cpus(m) / count(m, MK_SMT);
}

static bool adjacent(const struct machine *m)
{
	return m->val[MK_NUMBERING].v == NUMBERING_SIBLING_ADJACENT;
}

static u32 cpu_of(const struct machine *m, u32 core, u32 thread)
{
	return adjacent(m) ? core * count(m, MK_SMT) + thread : core + thread * nr_cores(m);
}

static void add_range(GString *out, u32 from, u32 to)
{
	if (from == to)
		g_string_append_printf(out, "%u", from);
	else
		g_string_append_printf(out, "%u-%u", from, to);
}

/* " [0-3 32-35]": the CPUs of cache group @llc. */
static GString *group_text(const struct machine *m, u32 llc)
{
	u32 n = count(m, MK_CORES_PER_LLC), smt = count(m, MK_SMT);
	GString *out = g_string_new(" [");

	if (adjacent(m) || smt == 1) {
		add_range(out, llc * n * smt, (llc + 1) * n * smt - 1);
	} else {
		add_range(out, cpu_of(m, llc * n, 0), cpu_of(m, (llc + 1) * n - 1, 0));
		g_string_append_c(out, ' ');
		add_range(out, cpu_of(m, llc * n, 1), cpu_of(m, (llc + 1) * n - 1, 1));
	}
	g_string_append_c(out, ']');
	return out;
}

/* As many groups of a node as fit, always the last one. */
static void print_groups(const struct machine *m, u32 node, u32 col)
{
	u32 n = count(m, MK_LLC_PER_NODE), first = node * n, i;
	GString *last = group_text(m, first + n - 1);

	for (i = 0; i + 1 < n; i++) {
		GString *g = group_text(m, first + i);
		u32 more = i + 2 < n ? 4 : 0; /* " ..." */
		bool fits = col + g->len + more + last->len <= COLUMNS;

		if (fits) {
			fputs(g->str, stdout);
			col += (u32)g->len;
		}
		g_string_free(g, TRUE);
		if (!fits)
			break;
	}
	printf("%s%s\n", i + 1 < n ? " ..." : "", last->str);
	g_string_free(last, TRUE);
}

static void print_nodes(const struct machine *m)
{
	u32 nodes = machine_nr_nodes(m), per = count(m, MK_NODES_PER_SOCKET);

	for (u32 i = 0; i < nodes; i++) {
		int col;

		if (nodes > NODES_SHOWN && i == NODES_SHOWN - 1 && i + 1 < nodes) {
			puts("  ...");
			i = nodes - 1;
		}
		col = printf("  socket %u  node %u ", i / per, i);
		print_groups(m, i, (u32)col);
	}
}

static void print_counted(u32 n, const char *one, const char *many, const char *after)
{
	printf("%u %s%s", n, n == 1 ? one : many, after);
}

static void print_distance(const struct machine *m, enum machine_key k, u32 core, u32 thread,
			   const char *what)
{
	GString *ns;
	char pair[32];

	if (!machine_key_used(m, k))
		return;
	ns = g_string_new(NULL);
	number_print(ns, m->val[k].v, Q_TIME);
	g_snprintf(pair, sizeof(pair), "CPU 0 and %u", cpu_of(m, core, thread));
	printf("  %-16s %-34s %8s  %s\n", pair, what, ns->str, show_tag_name(m->val[k].tag));
	g_string_free(ns, TRUE);
}

static void print_distances(const struct machine *m)
{
	u32 llc = count(m, MK_CORES_PER_LLC), node = llc * count(m, MK_LLC_PER_NODE);

	if (machine_nr_cpus(m) < 2)
		return;
	puts("\na modified line moves between");
	print_distance(m, MK_XFER_SMT, 0, 1, "threads of a core (smt)");
	print_distance(m, MK_XFER_SAME_LLC, 1, 0, "cores of a group (same_llc)");
	print_distance(m, MK_XFER_CROSS_LLC, llc, 0, "groups of a node (cross_llc)");
	print_distance(m, MK_XFER_CROSS_NODE, node, 0, "nodes of a socket (cross_node)");
	print_distance(m, MK_XFER_CROSS_SOCKET, node * count(m, MK_NODES_PER_SOCKET), 0,
		       "sockets (cross_socket)");
}

void show_topology(const struct machine *m)
{
	GString *llc = g_string_new(NULL), *ram = g_string_new(NULL);

	number_print(llc, m->val[MK_LLC_BYTES].v, Q_SIZE);
	number_print(ram, m->val[MK_RAM].v, Q_SIZE);
	print_counted(count(m, MK_SOCKETS), "socket", "sockets", ", ");
	print_counted(machine_nr_nodes(m), "node", "nodes", ", ");
	print_counted(machine_nr_nodes(m) * count(m, MK_LLC_PER_NODE), "LLC group", "LLC groups",
		      ", ");
	print_counted(nr_cores(m), "core", "cores", ", ");
	print_counted(machine_nr_cpus(m), "CPU", "CPUs", "\n\n");
	print_nodes(m);
	printf("  [...] is a last-level cache of %s; each node has %s of memory\n", llc->str,
	       ram->str);
	if (count(m, MK_SMT) == 1)
		puts("  a core has one thread");
	else if (adjacent(m))
		puts("  CPU 2k and CPU 2k + 1 are the threads of one core");
	else
		printf("  CPU k and CPU k + %u are the threads of one core\n", nr_cores(m));
	print_distances(m);
	g_string_free(ram, TRUE);
	g_string_free(llc, TRUE);
}
