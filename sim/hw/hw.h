/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The running machine: CPUs with their time buckets, topology, and the resolved
 * costs of struct machine. One per struct sim. Facts: reference machine.md 1, 2.0.
 */
#ifndef MMSIM_HW_HW_H
#define MMSIM_HW_HW_H

#include "sim/core/mem.h"
#include "sim/core/sim.h"
#include "sim/hw/machine.h"
#include "sim/stat/profile.h"

struct exec;

/* Distance of two CPUs; also the index of xfer and rmw_hot. */
enum hw_dist { DIST_SELF, DIST_SMT, DIST_LLC, DIST_XLLC, DIST_XNODE, DIST_XSOCK, NR_DISTS };

/* Where each picosecond of each CPU goes; the buckets sum to elapsed time exactly. */
enum cpu_bucket {
	CPU_WORK,
	CPU_SPIN,
	CPU_MUTEX_SPIN,
	CPU_RWSEM_SPIN,
	CPU_OSQ,
	CPU_ATOMIC_STALL,
	CPU_LINE_STALL,
	CPU_SCHED,
	CPU_IRQ,
	CPU_IPI_WAIT,
	CPU_STEAL,
	CPU_IDLE,
	NR_CPU_BUCKETS,
};

extern const char *const cpu_bucket_names[NR_CPU_BUCKETS];

/*
 * In the order of use: in a run of many threads the host's caches lose a CPU between
 * two interactions, so the first line serves touches and interaction points, the
 * next ones the charges.
 */
struct cpu {
	_Alignas(HOST_LINE) u16 id;
	u16 core, llc, node, socket;
	s16 sibling; /* other hardware thread of the core, -1 */
	u32 touches; /* lines touched by this CPU, 31 bits, committed at interactions */
	const u8 *dist; /* row of the distance table */
	struct exec *const *beside; /* who is on the sibling: its curr, NULL without one */
	/* Sharer bits (line.h) of the CPUs that are ... */
	u64 share_self; /* ... this one */
	u64 not_self, not_core; /* ... others, of other cores; all of them if sharers are coarse */
	u64 share_llc; /* ... in the same group */
	u64 bucket[NR_CPU_BUCKETS];
	struct exec *curr; /* who is on the CPU; NULL: idle */
	u64 share_node, share_socket; /* ... in the same node, socket */
	u64 base[NR_CPU_BUCKETS]; /* as of the warm-up cut */
	u64 idle_since;
	u64 idle_irq; /* interrupt time taken out of this idle period */
	u32 ipis_held; /* synchronous calls that wait until interrupts go on */
	bool offline; /* nobody runs on it; sim/kern/cpuhp.h */
};

struct hw {
	struct sim *sim;
	const struct machine *machine;
	struct cpu *cpus;
	u32 nr_cpus, nr_llcs, nr_nodes;
	u32 nr_online; /* CPUs that are not offline, or not yet empty */
	u8 *dist; /* nr_cpus * nr_cpus */
	bool coarse_sharers; /* above 64 CPUs: sharer bits stand for LLC groups */
	u64 c[NR_MACHINE_KEYS]; /* values of the machine, ps and so on */
	u64 xfer[NR_DISTS], rmw_hot[NR_DISTS];
	u64 touches; /* lines touched, machine-wide, committed at interactions */
	u32 active_llcs, active_cpus;
	u32 *llc_busy; /* busy CPUs per LLC group */
	u32 llc_lines;
	u32 age_stamps; /* touches / 64 after which a line has left the caches */
	u32 smt_factor; /* 1/1000 */
	struct profile profile;
};

/* Make the machine's run state; NULL when out of memory. @m must outlive it. */
struct hw *hw_new(struct sim *s, const struct machine *m);
void hw_free(struct hw *hw);

static inline enum hw_dist hw_dist(const struct hw *hw, u32 a, u32 b)
{
	return (enum hw_dist)hw->dist[(size_t)a * hw->nr_cpus + b];
}

/* One-way transfer of a line that CPU @from holds modified to @to; 0 for the same CPU. */
static inline u64 hw_xfer(const struct hw *hw, u32 from, u32 to)
{
	return hw->xfer[hw_dist(hw, from, to)];
}

/* Clean load from the memory of @node. */
static inline u64 hw_mem(const struct hw *hw, const struct cpu *c, u32 node)
{
	if (likely(c->node == node))
		return hw->c[MK_LAT_DRAM_LOCAL];
	if (node / (u32)hw->c[MK_NODES_PER_SOCKET] == c->socket)
		return hw->c[MK_LAT_DRAM_OTHER];
	return hw->c[MK_LAT_DRAM_REMOTE];
}

/**
 * hw_spread - CPU for the @i-th of many threads placed over the whole machine
 *
 * One per LLC group first, then further cores, then SMT siblings; repeats after
 * all CPUs are used (vmap.md section 0, item 4).
 */
u32 hw_spread(const struct hw *hw, u32 i);

/* @x starts or stops being what the CPU runs; keeps idle time and busy counts. Call synchronised. */
void cpu_set_curr(struct hw *hw, struct cpu *c, struct exec *x);

/* Value of a bucket as of @now: without what the running thread has charged beyond it. */
u64 cpu_bucket_asof(const struct hw *hw, const struct cpu *c, enum cpu_bucket b, u64 now);

/* The measured part begins at @now. */
void hw_begin(struct hw *hw, u64 now);

/* End of the run: take back every charge beyond @now. Call once. */
void hw_end(struct hw *hw, u64 now);

#endif
