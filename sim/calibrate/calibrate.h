/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Measures the host: topology from hwloc, costs from micro-benchmarks on pinned
 * threads (reference machine.md section 6). Knows nothing of machine files or of the
 * simulator; sim/cli/verb_calibrate.c makes one out of the other. Left out: what user
 * space cannot see (spin locks, page and slab allocator, RCU, interrupts), a CPU that
 * polls while idle, and the effect of SMT on work.
 */
#ifndef MMSIM_CALIBRATE_CALIBRATE_H
#define MMSIM_CALIBRATE_CALIBRATE_H

#include <stdbool.h>
#include <stdint.h>

/* How far apart two CPUs are, in the order of machine.md 1.1. */
enum cal_dist { CAL_SMT, CAL_LLC, CAL_XLLC, CAL_XNODE, CAL_XSOCK, NR_CAL_DIST };

/* What is measured. Nanoseconds, but for CAL_GHZ. */
enum cal_item {
	CAL_GHZ,
	CAL_LAT_L1,
	CAL_LAT_L2,
	CAL_LAT_LLC,
	CAL_LAT_DRAM, /* own node */
	CAL_LAT_DRAM_OTHER, /* other node of the package */
	CAL_LAT_DRAM_REMOTE, /* other package */
	CAL_XFER, /* one-way transfer, NR_CAL_DIST of them */
	CAL_XFER_HOME = CAL_XFER + NR_CAL_DIST, /* extra of a line that lives elsewhere */
	CAL_RMW_LOCAL,
	CAL_RMW_HOT, /* one atomic on a hammered line, NR_CAL_DIST of them */
	CAL_CPU_RELAX = CAL_RMW_HOT + NR_CAL_DIST,
	CAL_IPI_SINGLE,
	CAL_IPI_PER_TARGET,
	CAL_SYSCALL,
	CAL_CTX_SWITCH,
	CAL_WAKE_SEND,
	CAL_WAKE_SAME_CPU,
	CAL_WAKE_IDLE,
	CAL_FAULT_ENTRY, /* read fault that maps the zero page */
	CAL_FAULT_ANON, /* write fault without the clearing */
	CAL_ZERO_4K,
	CAL_ZERO_4K_HOT,
	CAL_ZERO_2M,
	CAL_ZERO_2M_HOT,
	CAL_INVAL, /* a further waiter on a line that is written: slope of a ticket lock */
	CAL_WAKE_POLLING, /* as CAL_WAKE_IDLE, idle CPUs kept out of sleep states */
	/* lines for people, no keys of a machine */
	CAL_GP_PROXY, /* membarrier(GLOBAL) */
	CAL_IPI_PROXY, /* membarrier(PRIVATE_EXPEDITED) */
	CAL_UNMAP_PAGE, /* munmap() of a further page */
	CAL_FAULT_MINOR, /* re-fault of a populated page of tmpfs: nothing allocated or cleared */
	CAL_FAULT_COLD, /* fault of a page of a big mapping, with its clearing */
	CAL_FAULT_HUGE, /* the same, of a huge page */
	NR_CAL_ITEMS,
};

#define CAL_WHY_MAX 96
#define CAL_NOTE_MAX 160
#define CAL_MAX_NOTES 64

struct cal_result {
	double q1, median, q3;
	uint32_t n; /* samples behind it; 0: not measured */
	uint32_t disturbed; /* samples left out because a thread was switched away */
	char why[CAL_WHY_MAX]; /* n == 0: the reason */
};

struct cal_cpu {
	uint32_t os; /* the kernel's number */
	uint32_t socket, node, llc, core; /* numbered through the whole host */
	bool usable; /* this process may run there */
};

struct cal_topology {
	struct cal_cpu *cpus; /* owned; by order of hwloc */
	uint32_t nr_cpus, nr_usable;
	uint32_t max_threads; /* what may run at a time: a made-up limit of tests, or none */
	uint64_t quota; /* tightest cpu.max, in 1/1000 CPU; UINT64_MAX: none */
	/* the regular machine that comes nearest: each level as wide as its widest part */
	uint32_t sockets, nodes_per_socket, llc_per_node, cores_per_llc, smt;
	bool regular; /* nr_cpus is the product of these */
	bool sibling_adjacent; /* CPU 2k and 2k + 1 are siblings */
	uint64_t l1_bytes, l2_bytes, llc_bytes, ram_bytes; /* 0: unknown; RAM of the host */
	uint32_t line_bytes; /* 0: unknown */
};

/* What the kernel and the CPU say about themselves. */
struct cal_host {
	char cpu[64], kernel[96];
	uint32_t hz; /* 0: unknown */
	bool full_preempt; /* a kernel with CONFIG_PREEMPT or PREEMPT_RT */
	bool vm; /* a hypervisor says it is there */
	bool pv_spinlocks; /* KVM offers to wake a waiting CPU */
	bool native_spinlocks; /* KVM says CPUs are not shared */
};

struct calibration {
	struct cal_topology topology;
	struct cal_host host;
	struct cal_result results[NR_CAL_ITEMS];
	char notes[CAL_MAX_NOTES][CAL_NOTE_MAX]; /* for people: one line each */
	uint32_t nr_notes;
	/* what else ran meanwhile, in percent of all CPUs' time: others here, and elsewhere on
	 * the machine that this guest shares */
	uint32_t others_pct, steal_pct;
};

struct cal_options {
	uint64_t budget_ns; /* about how long to measure */
	bool (*stop)(void *arg); /* asked between samples, from any thread, one at a time */
	void (*progress)(void *arg, const char *what); /* may be NULL */
	void *arg;
	const char
		*synthetic; /* hwloc's description of a made-up host, for tests; NULL: this one */
};

enum cal_status { CAL_DONE, CAL_STOPPED, CAL_NO_MEMORY, CAL_NO_TOPOLOGY, CAL_QUOTA };

/*
 * Measure this host into *@c, which calibration_free() empties whatever the outcome.
 * Takes about budget_ns, more on a loaded host. Threads have ended when it returns;
 * they inherit the caller's signal mask. CAL_QUOTA: a cgroup's cpu.max would stop threads in
 * the middle of samples, so nothing was measured; topology.quota says how much there is.
 */
enum cal_status calibrate(struct calibration *c, const struct cal_options *opt);
void calibration_free(struct calibration *c);

/*
 * Only the topology; needs no measurement. @synthetic: hwloc's description of a made-up
 * host, all of whose CPUs count as usable, or NULL. CAL_DONE, or why not.
 */
enum cal_status cal_topology_read(struct cal_topology *t, const char *synthetic);

/* Class of two different CPUs of a topology, by index into cpus[]. */
enum cal_dist cal_distance(const struct cal_topology *t, uint32_t a, uint32_t b);

/* What the host says about itself. Never fails: unknown is empty. */
void cal_host_read(struct cal_host *h);

#endif
