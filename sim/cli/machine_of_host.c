// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From measurements to the keys of a machine file. A measured value has tag M, its
 * quartiles as source and a relative error that covers them. Where the topology asks for
 * a cost that could not be measured, a usual one stands with tag E; all else keeps the
 * default of machine_keys[]. Noise may turn an order round that a machine must have
 * (l1 <= l2): the higher level is raised then, and says so.
 */
#include "sim/cli/machine_of_host.h"

#include <math.h>

#define MIN_REL_ERR 50 /* 1/1000: what repeating the measurement later moves anyway */
#define FEW_SAMPLES 5 /* with fewer, quartiles say little: as an estimate */
#define MAX_REL_ERR 10000 /* what the reader takes */

/* What a measurement becomes. */
struct item_key {
	enum cal_item item;
	enum machine_key key;
	s64 usual; /* if it must be given; 0: it need not */
	u32 min_rel_err; /* 1/1000; 0: MIN_REL_ERR */
	const char *how;
};

#define USUAL "usual value, machine.md 1.5"

/* Usual values: middle of the tables in machine.md 1.5. */
static const struct item_key item_keys[] = {
	{ CAL_GHZ, MK_GHZ, 3000, 0, "dependent additions" },
	{ CAL_LAT_L1, MK_LAT_L1, 0, 0, "chase in half of L1" },
	{ CAL_LAT_L2, MK_LAT_L2, 0, 0, "chase in half of L2" },
	{ CAL_LAT_LLC, MK_LAT_LLC, 0, 0, "chase in the last-level cache" },
	{ CAL_LAT_DRAM, MK_LAT_DRAM_LOCAL, 100000, 0, "chase over flushed lines" },
	{ CAL_LAT_DRAM_OTHER, MK_LAT_DRAM_OTHER, 115000, 0, "as dram_local, other node" },
	{ CAL_LAT_DRAM_REMOTE, MK_LAT_DRAM_REMOTE, 190000, 0, "as dram_local, other package" },
	{ CAL_XFER + CAL_SMT, MK_XFER_SMT, 8000, 0, "ping-pong" },
	{ CAL_XFER + CAL_LLC, MK_XFER_SAME_LLC, 40000, 0, "ping-pong" },
	{ CAL_XFER + CAL_XLLC, MK_XFER_CROSS_LLC, 110000, 0, "ping-pong" },
	{ CAL_XFER + CAL_XNODE, MK_XFER_CROSS_NODE, 110000, 0, "ping-pong" },
	{ CAL_XFER + CAL_XSOCK, MK_XFER_CROSS_SOCKET, 180000, 0, "ping-pong" },
	{ CAL_XFER_HOME, MK_XFER_REMOTE_HOME_PENALTY, 0, 0, "ping-pong, far less near home" },
	{ CAL_RMW_LOCAL, MK_RMW_LOCAL, 0, 0, "chain of fetch-and-add" },
	{ CAL_RMW_HOT + CAL_SMT, MK_RMW_HOT_SMT, 0, 0, "hammered line" },
	{ CAL_RMW_HOT + CAL_LLC, MK_RMW_HOT_SAME_LLC, 0, 0, "hammered line" },
	{ CAL_RMW_HOT + CAL_XLLC, MK_RMW_HOT_CROSS_LLC, 0, 0, "hammered line" },
	{ CAL_RMW_HOT + CAL_XNODE, MK_RMW_HOT_CROSS_NODE, 0, 0, "hammered line" },
	{ CAL_RMW_HOT + CAL_XSOCK, MK_RMW_HOT_CROSS_SOCKET, 0, 0, "hammered line" },
	{ CAL_CPU_RELAX, MK_CPU_RELAX, 0, 0, "pause" },
	{ CAL_INVAL, MK_INVAL_PER_SHARER, 0, 300, "ticket lock, slope over threads" },
	{ CAL_IPI_SINGLE, MK_IPI_SINGLE_SYNC, 0, 0, "MADV_DONTNEED, 1 target less none" },
	{ CAL_IPI_PER_TARGET, MK_IPI_PER_TARGET, 0, 0, "MADV_DONTNEED, slope over targets" },
	{ CAL_SYSCALL, MK_SYSCALL, 0, 0, "getppid" },
	{ CAL_CTX_SWITCH, MK_CTX_SWITCH, 0, 0, "sched_yield of two, less the call" },
	{ CAL_WAKE_SEND, MK_WAKE_SEND, 0, 0, "futex wake, less the call" },
	{ CAL_WAKE_SAME_CPU, MK_WAKE_SAME_CPU, 0, 0, "two pipes, round trip / 2" },
	{ CAL_WAKE_POLLING, MK_WAKE_IDLE_POLLING, 0, 0, "as wake_idle_ipi, idle states off" },
	{ CAL_WAKE_IDLE, MK_WAKE_IDLE_IPI, 0, 0, "futex, call to return on an idle core" },
	{ CAL_FAULT_ENTRY, MK_FAULT_ENTRY_EXIT, 0, 300, "read fault on the zero page, from above" },
	{ CAL_FAULT_ANON, MK_FAULT_ANON_MINOR, 0, 0, "write fault less zero.page4k_hot" },
	{ CAL_ZERO_4K, MK_ZERO_PAGE4K, 0, 0, "memset, flushed before" },
	{ CAL_ZERO_4K_HOT, MK_ZERO_PAGE4K_HOT, 0, 0, "memset, again and again" },
	{ CAL_ZERO_2M, MK_ZERO_THP2M, 0, 0, "512 times memset, flushed before" },
};

/* A machine has the first not above the second (sim/hw/machine.c); in an order that settles. */
static const struct order {
	enum machine_key low, high;
} orders[] = {
	{ MK_LAT_L1, MK_LAT_L2 },
	{ MK_LAT_L2, MK_LAT_LLC },
	{ MK_LAT_LLC, MK_LAT_DRAM_LOCAL },
	{ MK_LAT_DRAM_LOCAL, MK_LAT_DRAM_OTHER },
	{ MK_LAT_DRAM_LOCAL, MK_LAT_DRAM_REMOTE },
	{ MK_LAT_DRAM_OTHER, MK_LAT_DRAM_REMOTE },
	{ MK_XFER_SMT, MK_XFER_SAME_LLC },
	{ MK_XFER_SMT, MK_XFER_CROSS_LLC },
	{ MK_XFER_SMT, MK_XFER_CROSS_NODE },
	{ MK_XFER_SMT, MK_XFER_CROSS_SOCKET },
	{ MK_XFER_SAME_LLC, MK_XFER_CROSS_LLC },
	{ MK_XFER_SAME_LLC, MK_XFER_CROSS_NODE },
	{ MK_XFER_SAME_LLC, MK_XFER_CROSS_SOCKET },
	{ MK_XFER_CROSS_LLC, MK_XFER_CROSS_NODE },
	{ MK_XFER_CROSS_LLC, MK_XFER_CROSS_SOCKET },
	{ MK_XFER_CROSS_NODE, MK_XFER_CROSS_SOCKET },
	{ MK_ZERO_PAGE4K, MK_ZERO_THP2M },
};

/* Error e so that median / (1 + e) and median * (1 + e) hold the quartiles between them. */
static u32 rel_err(const struct cal_result *r, u32 least)
{
	double e = r->q1 > 0 ? fmax(r->q3 / r->median, r->median / r->q1) - 1 : 1e9;

	least = least ? least : MIN_REL_ERR;
	if (r->n < FEW_SAMPLES)
		least = MAX(least, machine_tag_rel_err(TAG_ESTIMATE));
	return (u32)fmin(fmax(ceil(e * 100) * 10, least), MAX_REL_ERR);
}

static void set_measured(struct machine *m, const struct item_key *k, const struct cal_result *r,
			 bool vm)
{
	const struct machine_key_desc *d = &machine_keys[k->key];
	s64 v = llround(r->median * 1000);
	GString *source = g_string_new(NULL);

	g_string_printf(source, "mmsim calibrate: %s; median of %u, quartiles %.3f and %.3f%s",
			k->how, r->n, r->q1, r->q3, d->unit == MU_TIME ? " ns" : "");
	if (r->disturbed)
		g_string_append_printf(source, ", %u disturbed left out", r->disturbed);
	if (vm)
		g_string_append(source, "; vm");
	machine_set(m, k->key, CLAMP(v, d->min, d->max), TAG_MEASURED, rel_err(r, k->min_rel_err),
		    source->str);
	g_string_free(source, TRUE);
}

/* Must @key be given on this topology (or always)? */
static bool needed(const struct machine *m, enum machine_key key)
{
	switch (key) {
	case MK_GHZ:
	case MK_LAT_DRAM_LOCAL:
		return true;
	case MK_XFER_SMT:
		return m->val[MK_SMT].v > 1;
	case MK_XFER_SAME_LLC:
		return m->val[MK_CORES_PER_LLC].v > 1;
	case MK_XFER_CROSS_LLC:
		return m->val[MK_LLC_PER_NODE].v > 1;
	case MK_XFER_CROSS_NODE:
	case MK_LAT_DRAM_OTHER:
		return m->val[MK_NODES_PER_SOCKET].v > 1;
	case MK_XFER_CROSS_SOCKET:
	case MK_LAT_DRAM_REMOTE:
		return m->val[MK_SOCKETS].v > 1;
	default:
		return false;
	}
}

/* Does the topology have what @item measures at all? */
static bool exists(const struct cal_topology *t, enum cal_item item)
{
	const u32 wide[NR_CAL_DIST] = { t->smt, t->cores_per_llc, t->llc_per_node,
					t->nodes_per_socket, t->sockets };

	if (item >= CAL_XFER && item < CAL_XFER + NR_CAL_DIST)
		return wide[item - CAL_XFER] > 1;
	if (item >= CAL_RMW_HOT && item < CAL_RMW_HOT + NR_CAL_DIST)
		return wide[item - CAL_RMW_HOT] > 1;
	if (item == CAL_LAT_DRAM_OTHER)
		return t->nodes_per_socket > 1;
	if (item == CAL_LAT_DRAM_REMOTE)
		return t->sockets > 1;
	if (item == CAL_XFER_HOME)
		return t->sockets * t->nodes_per_socket > 1;
	if (item == CAL_IPI_SINGLE)
		return t->nr_cpus > 1;
	if (item == CAL_IPI_PER_TARGET)
		return t->nr_cpus > 2;
	return true;
}

static void set_costs(struct machine *m, const struct calibration *c, GPtrArray *missing)
{
	size_t i;

	for (i = 0; i < G_N_ELEMENTS(item_keys); i++) {
		const struct item_key *k = &item_keys[i];
		const struct cal_result *r = &c->results[k->item];
		const char *path = machine_keys[k->key].path;
		char *source;

		if (!exists(&c->topology, k->item))
			continue;
		if (r->n) {
			set_measured(m, k, r, c->host.vm);
			continue;
		}
		if (!needed(m, k->key)) {
			g_ptr_array_add(missing, g_strdup_printf("%s: %s; default", path, r->why));
			continue;
		}
		source = g_strdup_printf("not measured (%s); %s", r->why, USUAL);
		machine_set(m, k->key, k->usual, TAG_ESTIMATE, 0, source);
		g_free(source);
		g_ptr_array_add(missing, g_strdup_printf("%s: %s; %s", path, r->why, USUAL));
	}
}

/* What hwloc says is a fact of the host, or of what a hypervisor makes it believe. */
static void set_topology(struct machine *m, const struct calibration *c)
{
	const struct cal_topology *t = &c->topology;
	const char *src = c->host.vm ? "hwloc, in a virtual machine" : "hwloc";
	u64 ram = t->ram_bytes / ((u64)t->sockets * t->nodes_per_socket);

	machine_set(m, MK_SOCKETS, t->sockets, TAG_KERNEL, 0, src);
	machine_set(m, MK_NODES_PER_SOCKET, t->nodes_per_socket, TAG_KERNEL, 0, src);
	machine_set(m, MK_LLC_PER_NODE, t->llc_per_node, TAG_KERNEL, 0, src);
	machine_set(m, MK_CORES_PER_LLC, t->cores_per_llc, TAG_KERNEL, 0, src);
	machine_set(m, MK_SMT, MIN(t->smt, 2), TAG_KERNEL, 0, src);
	machine_set(m, MK_NUMBERING,
		    t->sibling_adjacent ? NUMBERING_SIBLING_ADJACENT : NUMBERING_LINUX, TAG_KERNEL,
		    0, src);
	if (t->line_bytes)
		machine_set(m, MK_LINE_BYTES, t->line_bytes, TAG_KERNEL, 0, src);
	if (t->l2_bytes)
		machine_set(m, MK_L2_BYTES, (s64)t->l2_bytes, TAG_KERNEL, 0, src);
	if (t->llc_bytes)
		machine_set(m, MK_LLC_BYTES, (s64)t->llc_bytes, TAG_KERNEL, 0, src);
	if (ram >= 1 << 20)
		machine_set(m, MK_RAM, (s64)ram, TAG_KERNEL, 0, src);
}

static void set_kernel(struct machine *m, const struct calibration *c)
{
	const struct cal_host *h = &c->host;

	if (h->hz)
		machine_set(m, MK_HZ, h->hz, TAG_KERNEL, 0, "resolution of the coarse clock");
	if (h->full_preempt)
		machine_set(m, MK_PREEMPT, PREEMPT_FULL, TAG_KERNEL, 0, "uname");
	if (!h->vm)
		machine_set(m, MK_VIRT, VIRT_NONE, TAG_ESTIMATE, 0, "no hypervisor shows itself");
	else if (h->native_spinlocks)
		machine_set(m, MK_VIRT, VIRT_NATIVE, TAG_ESTIMATE, 0, "KVM: CPUs are not shared");
	else if (h->pv_spinlocks)
		machine_set(m, MK_VIRT, VIRT_PV, TAG_ESTIMATE, 0, "KVM offers pv spin locks");
	else
		machine_set(m, MK_VIRT, VIRT_TAS, TAG_ESTIMATE, 0,
			    "a hypervisor without pv spin locks");
	if (h->vm && m->val[MK_IPI_SINGLE_SYNC].given)
		machine_set(m, MK_IPI_VIRT_FACTOR, 1000, TAG_KERNEL, 0,
			    "ipi.single_sync was measured in the guest");
#if defined(__aarch64__)
	machine_set(m, MK_TLB_ARCH_BROADCAST, 1, TAG_KERNEL, 0, "Arm broadcasts");
#endif
}

/* Raise what noise, or a default beside a measured value, left below its lower neighbour. */
static void keep_order(struct machine *m, GPtrArray *missing)
{
	enum machine_key key;
	const char *why;
	size_t i;

	for (i = 0; i < G_N_ELEMENTS(orders); i++) {
		const struct machine_value *low = &m->val[orders[i].low];
		struct machine_value *high = &m->val[orders[i].high];
		const char *a = machine_keys[orders[i].low].path;
		const char *b = machine_keys[orders[i].high].path;
		char *source;

		if (low->v <= high->v)
			continue;
		source = g_strdup_printf("%s %.3f ns, below %s: raised to it",
					 high->given ? "came out at" : "default is",
					 (double)high->v / 1000, a);
		g_ptr_array_add(missing, g_strdup_printf("%s: %s", b, source));
		machine_set(m, orders[i].high, low->v, TAG_ESTIMATE, 0, source);
		g_free(source);
		/* What is filled from it follows. */
		machine_complete(m, &why, &key);
	}
}

struct machine *machine_of_host(const struct calibration *c, const char *name, GPtrArray *missing)
{
	struct machine *m = machine_new(name);
	enum machine_key key;
	const char *why;

	if (!m)
		return NULL;
	set_topology(m, c);
	set_costs(m, c, missing);
	set_kernel(m, c);
	/* Fills in what was not given, whatever it says of the order. */
	if (machine_complete(m, &why, &key))
		keep_order(m, missing);
	if (machine_complete(m, &why, &key)) {
		g_ptr_array_add(missing, g_strdup_printf("%s: %s", machine_keys[key].path, why));
		machine_free(m);
		return NULL;
	}
	return m;
}
