/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The running machine: topology tables, idle accounting, and readings of the CPU
 * time buckets as of an instant. Facts: reference machine.md 1.1, 2.0.
 */
#include "sim/hw/hw.h"

#include <stdlib.h>
#include <string.h>

#include "sim/hw/line.h"

const char *const cpu_bucket_names[NR_CPU_BUCKETS] = {
	"work",	      "spin",  "mutex_spin", "rwsem_spin", "osq",   "atomic_stall",
	"line_stall", "sched", "irq",	     "ipi_wait",   "steal", "idle",
};

static enum hw_dist cpu_dist(const struct cpu *a, const struct cpu *b)
{
	if (a == b)
		return DIST_SELF;
	if (a->core == b->core)
		return DIST_SMT;
	if (a->llc == b->llc)
		return DIST_LLC;
	if (a->node == b->node)
		return DIST_XLLC;
	return a->socket == b->socket ? DIST_XNODE : DIST_XSOCK;
}

/* On the sibling of a CPU that has none. */
static struct exec *const nobody;

static void hw_place_cpu(struct hw *hw, struct cpu *c, u32 id)
{
	const struct machine_value *v = hw->machine->val;
	u32 smt = (u32)v[MK_SMT].v;
	u32 ncores = hw->nr_cpus / smt;
	bool adjacent = v[MK_NUMBERING].v == NUMBERING_SIBLING_ADJACENT;
	u32 core = adjacent ? id / smt : id % ncores;
	u32 llc = core / (u32)v[MK_CORES_PER_LLC].v;
	u32 node = llc / (u32)v[MK_LLC_PER_NODE].v;

	c->id = (u16)id;
	c->core = (u16)core;
	c->llc = (u16)llc;
	c->node = (u16)node;
	c->socket = (u16)(node / (u32)v[MK_NODES_PER_SOCKET].v);
	c->sibling = -1;
	c->beside = &nobody;
	if (smt == 2) {
		c->sibling = (s16)(adjacent ? id ^ 1 : (id + ncores) % hw->nr_cpus);
		c->beside = &hw->cpus[c->sibling].curr;
	}
}

/* Sharer bits: a CPU each up to 64 CPUs, above that an LLC group each (modulo 64). */
static u64 hw_share_bit(const struct hw *hw, const struct cpu *c)
{
	return 1ULL << ((hw->coarse_sharers ? c->llc : c->id) & 63);
}

static void hw_init_tables(struct hw *hw)
{
	for (u32 a = 0; a < hw->nr_cpus; a++) {
		struct cpu *ca = &hw->cpus[a];
		u64 share_core = 0;

		ca->share_self = hw_share_bit(hw, ca);
		ca->dist = &hw->dist[(size_t)a * hw->nr_cpus];
		for (u32 b = 0; b < hw->nr_cpus; b++) {
			const struct cpu *cb = &hw->cpus[b];
			u64 bit = hw_share_bit(hw, cb);

			hw->dist[(size_t)a * hw->nr_cpus + b] = (u8)cpu_dist(ca, cb);
			share_core |= ca->core == cb->core ? bit : 0;
			ca->share_llc |= ca->llc == cb->llc ? bit : 0;
			ca->share_node |= ca->node == cb->node ? bit : 0;
			ca->share_socket |= ca->socket == cb->socket ? bit : 0;
		}
		ca->not_self = hw->coarse_sharers ? ~0ULL : ~ca->share_self;
		ca->not_core = hw->coarse_sharers ? ~0ULL : ~share_core;
	}
}

static void hw_init_costs(struct hw *hw)
{
	for (u32 i = 0; i < NR_MACHINE_KEYS; i++)
		hw->c[i] = (u64)hw->machine->val[i].v;
	hw->xfer[DIST_SMT] = hw->c[MK_XFER_SMT];
	hw->xfer[DIST_LLC] = hw->c[MK_XFER_SAME_LLC];
	hw->xfer[DIST_XLLC] = hw->c[MK_XFER_CROSS_LLC];
	hw->xfer[DIST_XNODE] = hw->c[MK_XFER_CROSS_NODE];
	hw->xfer[DIST_XSOCK] = hw->c[MK_XFER_CROSS_SOCKET];
	hw->rmw_hot[DIST_SELF] = hw->c[MK_RMW_LOCAL];
	hw->rmw_hot[DIST_SMT] = hw->c[MK_RMW_HOT_SMT];
	hw->rmw_hot[DIST_LLC] = hw->c[MK_RMW_HOT_SAME_LLC];
	hw->rmw_hot[DIST_XLLC] = hw->c[MK_RMW_HOT_CROSS_LLC];
	hw->rmw_hot[DIST_XNODE] = hw->c[MK_RMW_HOT_CROSS_NODE];
	hw->rmw_hot[DIST_XSOCK] = hw->c[MK_RMW_HOT_CROSS_SOCKET];
	hw->smt_factor = (u32)hw->c[MK_SMT_FACTOR];
	hw->llc_lines = (u32)min_u64(hw->c[MK_LLC_BYTES] / 64, 1u << 26);
}

struct hw *hw_new(struct sim *s, const struct machine *m)
{
	struct hw *hw = zalloc_lines(sizeof(*hw));

	if (!hw)
		return NULL;
	hw->sim = s;
	hw->machine = m;
	hw->nr_cpus = machine_nr_cpus(m);
	hw->nr_online = hw->nr_cpus;
	hw->nr_nodes = machine_nr_nodes(m);
	hw->nr_llcs = hw->nr_nodes * (u32)m->val[MK_LLC_PER_NODE].v;
	hw->coarse_sharers = hw->nr_cpus > 64;
	hw->cpus = zalloc_lines(hw->nr_cpus * sizeof(*hw->cpus));
	hw->dist = calloc((size_t)hw->nr_cpus * hw->nr_cpus, 1);
	hw->llc_busy = calloc(hw->nr_llcs, sizeof(*hw->llc_busy));
	profile_init(&hw->profile);
	if (!hw->cpus || !hw->dist || !hw->llc_busy) {
		hw_free(hw);
		return NULL;
	}
	for (u32 i = 0; i < hw->nr_cpus; i++)
		hw_place_cpu(hw, &hw->cpus[i], i);
	hw_init_tables(hw);
	hw_init_costs(hw);
	s->layer[LAYER_HW] = hw;
	return hw;
}

void hw_free(struct hw *hw)
{
	if (!hw)
		return;
	profile_destroy(&hw->profile);
	free(hw->llc_busy);
	free(hw->dist);
	free(hw->cpus);
	free(hw);
}

u32 hw_spread(const struct hw *hw, u32 i)
{
	u32 smt = (u32)hw->c[MK_SMT];
	u32 ncores = hw->nr_cpus / smt;
	u32 per_llc = (u32)hw->c[MK_CORES_PER_LLC];
	u32 core, thread;

	i %= hw->nr_cpus;
	thread = i / ncores;
	i %= ncores;
	core = i % hw->nr_llcs * per_llc + i / hw->nr_llcs;
	if (hw->c[MK_NUMBERING] == NUMBERING_SIBLING_ADJACENT)
		return core * smt + thread;
	return core + thread * ncores;
}

static void set_active_llcs(struct hw *hw, u32 n)
{
	hw->active_llcs = n;
	/* line.c compares it with signed differences */
	hw->age_stamps = min_u32((hw->llc_lines >> LINE_STAMP_SHIFT) * n, INT32_MAX);
}

void cpu_set_curr(struct hw *hw, struct cpu *c, struct exec *x)
{
	u64 now = hw->sim->now;

	if (!c->curr && x) {
		u64 idle = now - c->idle_since;
		u64 irq = min_u64(idle, c->idle_irq);

		c->bucket[CPU_IDLE] += idle - irq;
		c->bucket[CPU_IRQ] += irq;
		c->idle_irq = 0;
		hw->active_cpus++;
		if (!hw->llc_busy[c->llc]++)
			set_active_llcs(hw, hw->active_llcs + 1);
	} else if (c->curr && !x) {
		c->idle_since = now;
		hw->active_cpus--;
		hw->nr_online -= c->offline;
		if (!--hw->llc_busy[c->llc])
			set_active_llcs(hw, hw->active_llcs - 1);
	}
	c->curr = x;
}

u64 cpu_bucket_asof(const struct hw *hw, const struct cpu *c, enum cpu_bucket b, u64 now)
{
	s64 beyond[NR_CPU_BUCKETS] = { 0 };
	u64 irq;

	(void)hw;
	if (c->curr) {
		exec_beyond(c->curr, now, beyond);
		return (u64)((s64)c->bucket[b] - beyond[b]);
	}
	irq = min_u64(now - c->idle_since, c->idle_irq);
	if (b == CPU_IDLE)
		return c->bucket[b] + now - c->idle_since - irq;
	return c->bucket[b] + (b == CPU_IRQ ? irq : 0);
}

static void prof_set_base(struct prof_node *n, void *arg)
{
	(void)arg;
	n->base_ps = n->self_ps;
	n->base_calls = n->calls;
}

void hw_begin(struct hw *hw, u64 now)
{
	profile_for_each(&hw->profile, prof_set_base, NULL);
	prof_set_base(&hw->profile.root, NULL);
	for (u32 i = 0; i < hw->nr_cpus; i++) {
		struct cpu *c = &hw->cpus[i];

		for (u32 b = 0; b < NR_CPU_BUCKETS; b++)
			c->base[b] = cpu_bucket_asof(hw, c, (enum cpu_bucket)b, now);
		if (c->curr)
			exec_profile_beyond(c->curr, now, true);
	}
}

void hw_end(struct hw *hw, u64 now)
{
	for (u32 i = 0; i < hw->nr_cpus; i++) {
		struct cpu *c = &hw->cpus[i];
		u64 value[NR_CPU_BUCKETS];

		for (u32 b = 0; b < NR_CPU_BUCKETS; b++)
			value[b] = cpu_bucket_asof(hw, c, (enum cpu_bucket)b, now);
		if (c->curr)
			exec_profile_beyond(c->curr, now, false);
		memcpy(c->bucket, value, sizeof(value));
		c->idle_since = now;
		c->idle_irq = 0;
		c->curr = NULL;
	}
}
