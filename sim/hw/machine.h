/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Description of a machine: topology and the tagged cost table. Immutable during
 * a run. The keys are rows of data (machine_keys[]), so the reader, `mmsim show`,
 * the manifest and --margins come from one table. Facts: reference machine.md
 * sections 0 and 1.
 */
#ifndef MMSIM_HW_MACHINE_H
#define MMSIM_HW_MACHINE_H

#include "sim/core/types.h"

/* Where a value comes from (machine.md head). */
enum cost_tag {
	TAG_SOURCED = 'S',
	TAG_DERIVED = 'D',
	TAG_ESTIMATE = 'E',
	TAG_RECALLED = 'R',
	TAG_KERNEL = 'K',
	TAG_MEASURED = 'M', /* by mmsim calibrate on the user's host */
	TAG_CALIBRATED = 'C', /* fitted to the figure named as source */
};

/* What the value of a key is, and so which units the reader accepts. */
enum machine_unit {
	MU_COUNT, /* plain integer */
	MU_TIME, /* ps */
	MU_BYTES,
	MU_RATIO, /* fixed point, 1/1000 */
	MU_BOOL,
	MU_ENUM, /* index into choices */
};

/* Keys, in the order of machine_keys[] and of output. Dots nest in YAML. */
enum machine_key {
	MK_SOCKETS,
	MK_NODES_PER_SOCKET,
	MK_LLC_PER_NODE,
	MK_CORES_PER_LLC,
	MK_SMT,
	MK_NUMBERING,
	MK_GHZ,
	MK_LINE_BYTES,
	MK_L2_BYTES,
	MK_LLC_BYTES,
	MK_RAM, /* per node */
	MK_HZ,
	MK_PREEMPT,
	MK_VIRT,
	MK_SMT_FACTOR,
	MK_LAT_L1,
	MK_LAT_L2,
	MK_LAT_LLC,
	MK_LAT_DRAM_LOCAL,
	MK_LAT_DRAM_OTHER, /* other node of the same socket */
	MK_LAT_DRAM_REMOTE,
	MK_XFER_SMT,
	MK_XFER_SAME_LLC,
	MK_XFER_CROSS_LLC,
	MK_XFER_CROSS_NODE,
	MK_XFER_CROSS_SOCKET,
	MK_XFER_REMOTE_HOME_PENALTY,
	MK_RMW_LOCAL,
	MK_RMW_HOT_SMT,
	MK_RMW_HOT_SAME_LLC,
	MK_RMW_HOT_CROSS_LLC,
	MK_RMW_HOT_CROSS_NODE,
	MK_RMW_HOT_CROSS_SOCKET,
	MK_INVAL_PER_SHARER,
	MK_STORE_DRAIN, /* each further outstanding store at unlock */
	MK_CPU_RELAX,
	MK_HANDOFF_FACTOR, /* c1 of 2.4.3 */
	MK_TAS_FAILED_RMW, /* U of 2.1 */
	MK_TREE_NODE, /* work per visited node */
	MK_IRQ_DISABLE_ENABLE,
	MK_IRQ_SAVE_RESTORE,
	MK_PREEMPT_PAIR,
	MK_THIS_CPU_ADD,
	MK_IPI_SINGLE_SYNC,
	MK_IPI_PER_TARGET,
	MK_IPI_CROSS_SOCKET, /* factor */
	MK_IPI_HANDLER,
	MK_IPI_VIRT_FACTOR,
	MK_TLB_LOCAL_PAGE,
	MK_TLB_LOCAL_FULL,
	MK_TLB_RANGE_CEILING_PAGES,
	MK_TLB_ARCH_BROADCAST,
	MK_SYSCALL,
	MK_CTX_SWITCH,
	MK_WAKE_SEND,
	MK_WAKE_SAME_CPU,
	MK_WAKE_IDLE_POLLING,
	MK_WAKE_IDLE_IPI,
	MK_BASE_SLICE,
	MK_FAULT_ENTRY_EXIT,
	MK_FAULT_ANON_MINOR,
	MK_ZERO_PAGE4K,
	MK_ZERO_PAGE4K_HOT,
	MK_ZERO_THP2M,
	MK_PCP_PAIR,
	MK_BULK_PAGE,
	MK_ZONE_HOLD_WARM,
	MK_ZONE_HOLD_COLD,
	MK_BUDDY_STEP,
	MK_SLAB_FAST_PAIR,
	MK_SLAB_SLOW_REFILL,
	MK_SLAB_REMOTE_FREE,
	MK_SLAB_SLOW_FREE,
	MK_SLAB_BULK_PAIR,
	MK_SLAB_ACCOUNT_PAIR,
	MK_QUEUE_WORK,
	MK_WORKER_CREATE,
	MK_RCU_READ_PAIR,
	MK_RCU_GP_START,
	MK_RCU_CALLBACK,
	MK_RCU_EXP_START,
	MK_WQ_CPU_INTENSIVE_THRESH_US,
	MK_PERCPU_ALLOC_PAIR,
	MK_VMAREA_PAIR,
	MK_CFS_LATENCY,
	MK_CFS_MIN_GRANULARITY,
	MK_CFS_WAKEUP_GRANULARITY,
	MK_NUMA_SPINLOCK_THRESHOLD, /* of CNA locks */
	MK_CNA_SCAN,
	NR_MACHINE_KEYS,
};

struct machine_key_desc {
	const char *path; /* "xfer.same_llc" */
	enum machine_unit unit;
	s64 min, max;
	const char *const *choices; /* MU_ENUM */
	const char *about;
	enum machine_key fill_from; /* own index: default below; else scaled from that key */
	u32 fill_permille; /* fill: value of fill_from * permille / 1000 */
	u32 fill_cycles; /* fill (first choice if not 0): so many cycles / ghz */
	s64 def; /* default if not filled; MACHINE_REQUIRED: must be given */
	char def_tag; /* also of a filled value, unless that inherits */
	u16 def_rel_err_permille; /* 0: the tag's */
	const char *def_source;
};

#define MACHINE_REQUIRED INT64_MIN

extern const struct machine_key_desc machine_keys[NR_MACHINE_KEYS];

struct machine_value {
	s64 v; /* ps, bytes, 1/1000 or count, by machine_keys[].unit */
	char tag; /* enum cost_tag */
	u16 rel_err_permille;
	bool given; /* by the file; else default or fill rule */
	char *source; /* owned, NULL if none */
};

enum virt_mode { VIRT_NONE, VIRT_TAS, VIRT_PV, VIRT_NATIVE };
enum preempt_mode { PREEMPT_NONE, PREEMPT_VOLUNTARY, PREEMPT_FULL };
enum cpu_numbering { NUMBERING_LINUX, NUMBERING_SIBLING_ADJACENT };

struct machine {
	char *name; /* owned */
	char *about; /* owned, may be NULL */
	char *file; /* owned; where it was read from, NULL if built in */
	struct machine_value val[NR_MACHINE_KEYS];
};

/* Empty description with every key unset (given = false); NULL when out of memory. */
struct machine *machine_new(const char *name);
struct machine *machine_clone(const struct machine *m);
void machine_free(struct machine *m);

/* Give @key a value. @source is copied, may be NULL. rel_err 0 means the tag's default. */
void machine_set(struct machine *m, enum machine_key key, s64 v, char tag, u32 rel_err_permille,
		 const char *source);

/* Index of a key by its path, or -1. */
s32 machine_key_find(const char *path);

/**
 * machine_complete - apply fill rules and defaults to keys that were not given
 *
 * Returns 0, or -EINVAL if a required key is missing or the topology
 * contradicts itself; *@why then says what and *@key which (static text).
 */
int machine_complete(struct machine *m, const char **why, enum machine_key *key);

/* False for the cost of a distance, or of SMT, that no two CPUs of @m have. */
bool machine_key_used(const struct machine *m, enum machine_key k);

/* True if a machine of this topology must not give @k. Counts not given yet count as one. */
bool machine_key_misplaced(const struct machine *m, enum machine_key k);

/**
 * machine_builtin - the generated machines
 * @name: "flat-N" (one LLC, no SMT, costs of one LLC of the 3970X) or "ideal-N"
 *	(every cost zero), N CPUs
 *
 * Returns a complete machine owned by the caller, or NULL if @name is no such name.
 */
struct machine *machine_builtin(const char *name);

/* Number of logical CPUs and of NUMA nodes. */
u32 machine_nr_cpus(const struct machine *m);
u32 machine_nr_nodes(const struct machine *m);

/* Default relative error of a tag in 1/1000: S 100, D 200, E 500, R 500, K 0, M 100, C 100. */
u32 machine_tag_rel_err(char tag);

#endif
