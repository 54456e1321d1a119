/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What makes a machine contradict itself: costs that its topology needs and that
 * are missing, costs of a distance it does not have, and costs out of order.
 * Left out: plausibility (a transfer of 1 ms is accepted), the rmw_hot family,
 * whose order is not the one of distance on every machine (a hammered Neoverse line
 * is served faster than it travels). Facts: reference machine.md 1.1.
 */
#include "sim/hw/machine_check.h"

#include <errno.h>

#define MACHINE_MAX_CPUS_TEXT "4096"

/* A cost that only matters if the machine has more than one of something. */
static const struct need {
	enum machine_key cost, count;
	const char *missing; /* the cost must be given then, and why */
	const char *misplaced; /* it must not be given otherwise, and why */
} needs[] = {
	{ MK_SMT_FACTOR, MK_SMT, NULL, NULL },
	{ MK_XFER_SMT, MK_SMT, "xfer.smt must be given: cores have two hardware threads (smt: 2)",
	  "xfer.smt is given, but a core has one hardware thread; "
	  "allowed: smt: 2, or no xfer.smt" },
	{ MK_RMW_HOT_SMT, MK_SMT, NULL,
	  "rmw_hot.smt is given, but a core has one hardware thread; "
	  "allowed: smt: 2, or no rmw_hot.smt" },
	{ MK_XFER_SAME_LLC, MK_CORES_PER_LLC,
	  "xfer.same_llc must be given: cores_per_llc is above 1",
	  "xfer.same_llc is given, but a cache group has one core; "
	  "allowed: cores_per_llc above 1, or no xfer.same_llc" },
	{ MK_RMW_HOT_SAME_LLC, MK_CORES_PER_LLC, NULL,
	  "rmw_hot.same_llc is given, but a cache group has one core; "
	  "allowed: cores_per_llc above 1, or no rmw_hot.same_llc" },
	{ MK_XFER_CROSS_LLC, MK_LLC_PER_NODE,
	  "xfer.cross_llc must be given: llc_per_node is above 1",
	  "xfer.cross_llc is given, but a node has one cache group; "
	  "allowed: llc_per_node above 1, or no xfer.cross_llc" },
	{ MK_RMW_HOT_CROSS_LLC, MK_LLC_PER_NODE, NULL,
	  "rmw_hot.cross_llc is given, but a node has one cache group; "
	  "allowed: llc_per_node above 1, or no rmw_hot.cross_llc" },
	{ MK_XFER_CROSS_NODE, MK_NODES_PER_SOCKET,
	  "xfer.cross_node must be given: nodes_per_socket is above 1",
	  "xfer.cross_node is given, but a socket has one node; "
	  "allowed: nodes_per_socket above 1, or no xfer.cross_node" },
	{ MK_RMW_HOT_CROSS_NODE, MK_NODES_PER_SOCKET, NULL,
	  "rmw_hot.cross_node is given, but a socket has one node; "
	  "allowed: nodes_per_socket above 1, or no rmw_hot.cross_node" },
	{ MK_LAT_DRAM_OTHER, MK_NODES_PER_SOCKET,
	  "lat.dram_other_node_same_socket must be given: nodes_per_socket is above 1",
	  "lat.dram_other_node_same_socket is given, but a socket has one node; "
	  "allowed: nodes_per_socket above 1, or no lat.dram_other_node_same_socket" },
	{ MK_XFER_CROSS_SOCKET, MK_SOCKETS, "xfer.cross_socket must be given: sockets is above 1",
	  "xfer.cross_socket is given, but there is one socket; "
	  "allowed: sockets above 1, or no xfer.cross_socket" },
	{ MK_RMW_HOT_CROSS_SOCKET, MK_SOCKETS, NULL,
	  "rmw_hot.cross_socket is given, but there is one socket; "
	  "allowed: sockets above 1, or no rmw_hot.cross_socket" },
	/* Tables of one-socket machines in machine.md give it. */
	{ MK_LAT_DRAM_REMOTE, MK_SOCKETS, "lat.dram_remote must be given: sockets is above 1",
	  NULL },
	{ MK_IPI_CROSS_SOCKET, MK_SOCKETS, NULL, NULL },
};

static const struct need *need_of(enum machine_key k)
{
	for (u32 i = 0; i < ARRAY_SIZE(needs); i++)
		if (needs[i].cost == k)
			return &needs[i];
	return NULL;
}

bool machine_key_used(const struct machine *m, enum machine_key k)
{
	const struct need *n = need_of(k);

	return !n || m->val[n->count].v > 1;
}

bool machine_key_misplaced(const struct machine *m, enum machine_key k)
{
	const struct need *n = need_of(k);

	return n && n->misplaced && m->val[n->count].v < 2;
}

#define LAT_ORDER                                                                      \
	"; allowed: lat.l1 <= l2 <= llc <= dram_local <= dram_other_node_same_socket " \
	"<= dram_remote"
#define XFER_ORDER "; allowed: xfer.smt <= same_llc <= cross_llc <= cross_node <= cross_socket"

/* The first must not exceed the second, if the machine has a use for both. */
static const struct ordering {
	enum machine_key low, high;
	const char *why;
} orderings[] = {
	{ MK_LAT_L1, MK_LAT_L2, "lat.l1 is above lat.l2" LAT_ORDER },
	{ MK_LAT_L2, MK_LAT_LLC, "lat.l2 is above lat.llc" LAT_ORDER },
	{ MK_LAT_LLC, MK_LAT_DRAM_LOCAL, "lat.llc is above lat.dram_local" LAT_ORDER },
	{ MK_LAT_DRAM_LOCAL, MK_LAT_DRAM_OTHER,
	  "lat.dram_local is above lat.dram_other_node_same_socket" LAT_ORDER },
	{ MK_LAT_DRAM_LOCAL, MK_LAT_DRAM_REMOTE,
	  "lat.dram_local is above lat.dram_remote" LAT_ORDER },
	{ MK_LAT_DRAM_OTHER, MK_LAT_DRAM_REMOTE,
	  "lat.dram_other_node_same_socket is above lat.dram_remote" LAT_ORDER },
	{ MK_XFER_SMT, MK_XFER_SAME_LLC, "xfer.smt is above xfer.same_llc" XFER_ORDER },
	{ MK_XFER_SMT, MK_XFER_CROSS_LLC, "xfer.smt is above xfer.cross_llc" XFER_ORDER },
	{ MK_XFER_SMT, MK_XFER_CROSS_NODE, "xfer.smt is above xfer.cross_node" XFER_ORDER },
	{ MK_XFER_SMT, MK_XFER_CROSS_SOCKET, "xfer.smt is above xfer.cross_socket" XFER_ORDER },
	{ MK_XFER_SAME_LLC, MK_XFER_CROSS_LLC, "xfer.same_llc is above xfer.cross_llc" XFER_ORDER },
	{ MK_XFER_SAME_LLC, MK_XFER_CROSS_NODE,
	  "xfer.same_llc is above xfer.cross_node" XFER_ORDER },
	{ MK_XFER_SAME_LLC, MK_XFER_CROSS_SOCKET,
	  "xfer.same_llc is above xfer.cross_socket" XFER_ORDER },
	{ MK_XFER_CROSS_LLC, MK_XFER_CROSS_NODE,
	  "xfer.cross_llc is above xfer.cross_node" XFER_ORDER },
	{ MK_XFER_CROSS_LLC, MK_XFER_CROSS_SOCKET,
	  "xfer.cross_llc is above xfer.cross_socket" XFER_ORDER },
	{ MK_XFER_CROSS_NODE, MK_XFER_CROSS_SOCKET,
	  "xfer.cross_node is above xfer.cross_socket" XFER_ORDER },
	{ MK_ZERO_PAGE4K, MK_ZERO_THP2M,
	  "zero.page4k is above zero.thp2m; allowed: zero.page4k <= thp2m" },
	{ MK_LINE_BYTES, MK_L2_BYTES,
	  "line_bytes is above l2_bytes; allowed: line_bytes <= l2_bytes" },
};

static int refuse(const char *text, enum machine_key k, const char **why, enum machine_key *key)
{
	*why = text;
	*key = k;
	return -EINVAL;
}

static int check_needs(const struct machine *m, const char **why, enum machine_key *key)
{
	for (u32 i = 0; i < ARRAY_SIZE(needs); i++) {
		const struct need *n = &needs[i];
		bool many = m->val[n->count].v > 1, given = m->val[n->cost].given;

		if (many && !given && n->missing)
			return refuse(n->missing, n->count, why, key);
		if (!many && given && n->misplaced)
			return refuse(n->misplaced, n->cost, why, key);
	}
	return 0;
}

int machine_check(const struct machine *m, const char **why, enum machine_key *key)
{
	u64 cpus = (u64)m->val[MK_SOCKETS].v * m->val[MK_NODES_PER_SOCKET].v *
		   m->val[MK_LLC_PER_NODE].v * m->val[MK_CORES_PER_LLC].v * m->val[MK_SMT].v;
	u64 line = m->val[MK_LINE_BYTES].v;
	int rc;

	_Static_assert(MACHINE_MAX_CPUS == 4096, "MACHINE_MAX_CPUS_TEXT says another number");
	if (cpus > MACHINE_MAX_CPUS)
		return refuse("the topology has more than " MACHINE_MAX_CPUS_TEXT " CPUs; allowed: "
			      "sockets * nodes_per_socket * llc_per_node * cores_per_llc * smt "
			      "<= " MACHINE_MAX_CPUS_TEXT,
			      MK_CORES_PER_LLC, why, key);
	if (line & (line - 1))
		return refuse("line_bytes is no power of two; allowed: 16, 32, 64 to 1024",
			      MK_LINE_BYTES, why, key);
	rc = check_needs(m, why, key);
	if (rc)
		return rc;
	for (u32 i = 0; i < ARRAY_SIZE(orderings); i++) {
		const struct ordering *o = &orderings[i];

		if (!machine_key_used(m, o->low) || !machine_key_used(m, o->high))
			continue;
		if (m->val[o->low].v > m->val[o->high].v)
			return refuse(o->why, m->val[o->high].given ? o->high : o->low, why, key);
	}
	return 0;
}
