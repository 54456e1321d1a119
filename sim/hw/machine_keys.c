/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The keys of a machine file, one row each: unit, legal range, and what a key
 * that is not given becomes. A row is filled from cycles / ghz, from another
 * key, or from a fixed default. Figures and tags: reference machine.md sections
 * 0, 1.5 (fill rules) and 1.6.
 */
#include "sim/hw/machine.h"

static const char *const numbering_names[] = { "linux", "sibling_adjacent", NULL };
static const char *const preempt_names[] = { "none", "voluntary", "full", NULL };
static const char *const virt_names[] = { "none", "tas", "pv", "native", NULL };

#define NS(x) ((s64)((x)*1000LL))
#define KIB (1024LL)
#define MIB (1024LL * KIB)
#define GIB (1024LL * MIB)
#define NO_FILL(k) .fill_from = (k)

/* A row: KEY, path, unit, min, max. Durations may be 0 (ideal machines) to 10 s. */
#define ROW(k, p, u, lo, hi, ...) \
	[k] = { .path = p, .unit = u, .min = lo, .max = hi, NO_FILL(k), __VA_ARGS__ }
#define COST(k, p, ...) ROW(k, p, MU_TIME, 0, 10000000000000LL, __VA_ARGS__)
#define DEF(v, t, s) .def = (v), .def_tag = (t), .def_source = (s)
#define REQUIRED DEF(MACHINE_REQUIRED, 0, NULL)

#pragma GCC diagnostic push
#ifdef __clang__
#pragma clang diagnostic ignored "-Winitializer-overrides"
#else
#pragma GCC diagnostic ignored "-Woverride-init"
#endif

#define CYCLES(n, t, s) .fill_cycles = (n), DEF(0, t, s)
#define FROM(k, permille, t, s) .fill_from = (k), .fill_permille = (permille), DEF(0, t, s)

const struct machine_key_desc machine_keys[NR_MACHINE_KEYS] = {
	ROW(MK_SOCKETS, "sockets", MU_COUNT, 1, 64, DEF(1, 'K', "one unless given"),
	    .about = "packages"),
	ROW(MK_NODES_PER_SOCKET, "nodes_per_socket", MU_COUNT, 1, 64,
	    DEF(1, 'K', "one unless given"), .about = "NUMA nodes of a package"),
	ROW(MK_LLC_PER_NODE, "llc_per_node", MU_COUNT, 1, 64, DEF(1, 'K', "one unless given"),
	    .about = "last-level cache groups of a node"),
	ROW(MK_CORES_PER_LLC, "cores_per_llc", MU_COUNT, 1, 4096, REQUIRED,
	    .about = "cores that share a last-level cache"),
	ROW(MK_SMT, "smt", MU_COUNT, 1, 2, DEF(1, 'K', "one unless given"),
	    .about = "hardware threads of a core"),
	ROW(MK_NUMBERING, "numbering", MU_ENUM, 0, 1, DEF(NUMBERING_LINUX, 'E', "machine.md 1.5"),
	    .choices = numbering_names,
	    .about = "linux: CPU k and k + cores are siblings; sibling_adjacent: 2k and 2k + 1"),
	ROW(MK_GHZ, "ghz", MU_RATIO, 100, 20000, REQUIRED,
	    .about = "sustained clock in kernel mode, converts costs known in cycles"),
	ROW(MK_LINE_BYTES, "line_bytes", MU_BYTES, 16, 1024, DEF(64, 'K', "machine.md 1.5"),
	    .about = "cache line"),
	ROW(MK_L2_BYTES, "l2_bytes", MU_BYTES, 4 * KIB, GIB, DEF(512 * KIB, 'E', "as Zen 2"),
	    .about = "second-level cache of a core"),
	ROW(MK_LLC_BYTES, "llc_bytes", MU_BYTES, 4 * KIB, 64 * GIB,
	    DEF(32 * MIB, 'E', "middle of the table in machine.md 1.5"),
	    .about = "last-level cache of one group"),
	ROW(MK_RAM, "ram", MU_BYTES, MIB, 1024 * 1024 * GIB, DEF(64 * GIB, 'E', "machine.md 1.5"),
	    .about = "memory of a NUMA node"),
	ROW(MK_HZ, "hz", MU_COUNT, 1, 10000, DEF(250, 'E', "machine.md 1.5"),
	    .about = "timer interrupts a second"),
	ROW(MK_PREEMPT, "preempt", MU_ENUM, 0, 2, DEF(PREEMPT_VOLUNTARY, 'E', "machine.md 1.5"),
	    .choices = preempt_names, .about = "kernel preemption"),
	ROW(MK_VIRT, "virt", MU_ENUM, 0, 3, DEF(VIRT_NONE, 'E', "machine.md 2.4.6"),
	    .choices = virt_names, .about = "what a guest makes of the kernel's spin locks"),
	ROW(MK_SMT_FACTOR, "smt_factor", MU_RATIO, 1000, 4000,
	    DEF(1600, 'E', "machine.md 0, decision 4"), .def_rel_err_permille = 250,
	    .about = "stretch of work whose sibling is busy"),

	COST(MK_LAT_L1, "lat.l1", CYCLES(4, 'D', "4 cycles / ghz"), .about = "load, own L1"),
	COST(MK_LAT_L2, "lat.l2", CYCLES(14, 'D', "14 cycles / ghz"), .about = "load, own L2"),
	COST(MK_LAT_LLC, "lat.llc", CYCLES(60, 'D', "60 cycles / ghz"),
	     .about = "clean load from the own last-level cache"),
	COST(MK_LAT_DRAM_LOCAL, "lat.dram_local", REQUIRED,
	     .about = "load from memory of the own node"),
	COST(MK_LAT_DRAM_OTHER, "lat.dram_other_node_same_socket",
	     FROM(MK_LAT_DRAM_LOCAL, 1000, 'E', "no such node, not used"),
	     .about = "load from another node of the package"),
	COST(MK_LAT_DRAM_REMOTE, "lat.dram_remote",
	     FROM(MK_LAT_DRAM_LOCAL, 1000, 'E', "no such package, not used"),
	     .about = "load from another package's memory"),

	COST(MK_XFER_SMT, "xfer.smt", DEF(0, 'E', "no siblings, not used"),
	     .about = "one-way transfer of a modified line to the sibling"),
	COST(MK_XFER_SAME_LLC, "xfer.same_llc", DEF(0, 'E', "no other core, not used"),
	     .about = "one-way transfer inside a last-level cache group"),
	COST(MK_XFER_CROSS_LLC, "xfer.cross_llc",
	     FROM(MK_XFER_SAME_LLC, 1000, 'E', "no other group, not used"),
	     .about = "one-way transfer to another group of the node"),
	COST(MK_XFER_CROSS_NODE, "xfer.cross_node",
	     FROM(MK_XFER_CROSS_LLC, 1000, 'E', "no other node, not used"),
	     .about = "one-way transfer to another node of the package"),
	COST(MK_XFER_CROSS_SOCKET, "xfer.cross_socket",
	     FROM(MK_XFER_CROSS_NODE, 1000, 'E', "no other package, not used"),
	     .about = "one-way transfer to another package"),
	COST(MK_XFER_REMOTE_HOME_PENALTY, "xfer.remote_home_penalty", DEF(0, 'E', "machine.md 1.4"),
	     .about = "extra if the line's home is elsewhere"),
	COST(MK_RMW_LOCAL, "rmw_local", CYCLES(20, 'E', "20 cycles / ghz"),
	     .about = "atomic on a line this core owns"),
	COST(MK_RMW_HOT_SMT, "rmw_hot.smt", FROM(MK_XFER_SMT, 1100, 'E', "1.1 * xfer"),
	     .about = "one atomic on a hammered line, previous owner the sibling"),
	COST(MK_RMW_HOT_SAME_LLC, "rmw_hot.same_llc",
	     FROM(MK_XFER_SAME_LLC, 1100, 'E', "1.1 * xfer"), .about = "... of the same group"),
	COST(MK_RMW_HOT_CROSS_LLC, "rmw_hot.cross_llc",
	     FROM(MK_XFER_CROSS_LLC, 1100, 'E', "1.1 * xfer"), .about = "... of another group"),
	COST(MK_RMW_HOT_CROSS_NODE, "rmw_hot.cross_node",
	     FROM(MK_XFER_CROSS_NODE, 1100, 'E', "1.1 * xfer"), .about = "... of another node"),
	COST(MK_RMW_HOT_CROSS_SOCKET, "rmw_hot.cross_socket",
	     FROM(MK_XFER_CROSS_SOCKET, 1100, 'E', "1.1 * xfer"),
	     .about = "... of another package"),
	COST(MK_INVAL_PER_SHARER, "inval_per_sharer", DEF(0, 'E', "machine.md 0, decision 3"),
	     .about = "extra per further sharer when a shared line is written"),
	COST(MK_STORE_DRAIN, "store_drain", DEF(NS(5), 'E', "machine.md 0, decision 2"),
	     .about = "each further outstanding store at an unlock"),
	COST(MK_CPU_RELAX, "cpu_relax", DEF(NS(15), 'E', "machine.md 1.6, Zen 2 and later"),
	     .about = "one pause of a spin loop"),
	ROW(MK_HANDOFF_FACTOR, "handoff_factor", MU_RATIO, 0, 4000,
	    DEF(1500, 'E', "machine.md 2.4.3, c1 in [1, 2]"), .def_rel_err_permille = 333,
	    .about = "transfers in a queued lock's hand-over"),
	ROW(MK_TAS_FAILED_RMW, "tas_failed_rmw", MU_COUNT, 0, 8,
	    DEF(2, 'E', "machine.md 0, decision 7"), .def_rel_err_permille = 1000,
	    .about = "test-and-set: failed atomics ahead of the winner"),
	COST(MK_TREE_NODE, "tree_node", DEF(NS(3), 'E', "machine.md 0, decision 6"),
	     .about = "work per visited tree node, besides its line"),
	COST(MK_IRQ_DISABLE_ENABLE, "irq.disable_enable",
	     DEF(NS(1.8), 'S', "SLUB15, i7-4790K 7 cycles"), .about = "interrupts off and on"),
	COST(MK_IRQ_SAVE_RESTORE, "irq.save_restore",
	     DEF(NS(9.4), 'S', "SLUB15, i7-4790K 37 cycles"),
	     .about = "interrupts off and back as they were"),
	COST(MK_PREEMPT_PAIR, "irq.preempt_pair", DEF(NS(1), 'E', "machine.md 1.6"),
	     .about = "preemption off and on"),
	COST(MK_THIS_CPU_ADD, "this_cpu_add", DEF(NS(1), 'E', "machine.md 1.6"),
	     .about = "addition to a per-CPU variable"),
	COST(MK_IPI_SINGLE_SYNC, "ipi.single_sync",
	     DEF(NS(700), 'D', "AMIT19, Haswell: +775 and +564 per loop"),
	     .about = "call on one other CPU, sent, run and waited for"),
	COST(MK_IPI_PER_TARGET, "ipi.per_target", DEF(NS(85), 'D', "AMIT19: 67 and 98"),
	     .about = "each further target of the same call"),
	ROW(MK_IPI_CROSS_SOCKET, "ipi.cross_socket", MU_RATIO, 1000, 10000,
	    DEF(1500, 'E', "machine.md 1.6"), .about = "factor for targets in another package"),
	COST(MK_IPI_HANDLER, "ipi.handler", DEF(NS(300), 'E', "machine.md 1.6"),
	     .about = "time taken from the target, besides the function's"),
	ROW(MK_IPI_VIRT_FACTOR, "ipi.virt_factor", MU_RATIO, 1000, 20000,
	    DEF(4000, 'D', "NOROV, guest/host: 343/110 to 525/110"), .def_rel_err_permille = 250,
	    .about = "factor in a guest without posted interrupts (`virt:` not none)"),
	COST(MK_TLB_LOCAL_PAGE, "tlb.local_page", DEF(NS(60), 'E', "machine.md 1.6"),
	     .about = "flush of one page on this CPU"),
	COST(MK_TLB_LOCAL_FULL, "tlb.local_full", DEF(NS(150), 'E', "machine.md 1.6"),
	     .about = "flush of everything on this CPU, without the refill misses"),
	ROW(MK_TLB_RANGE_CEILING_PAGES, "tlb.range_ceiling_pages", MU_COUNT, 0, 1048576,
	    DEF(33, 'K', "tlb_single_page_flush_ceiling"),
	    .about = "ranges of more pages are flushed whole"),
	ROW(MK_TLB_ARCH_BROADCAST, "tlb.arch_broadcast", MU_BOOL, 0, 1,
	    DEF(0, 'K', "x86; Arm broadcasts"), .about = "flushes reach all CPUs without an IPI"),
	COST(MK_SYSCALL, "syscall", DEF(NS(70), 'E', "machine.md 1.6, without mitigations"),
	     .about = "entry and exit of a system call"),
	COST(MK_CTX_SWITCH, "ctx_switch", DEF(NS(1500), 'E', "machine.md 1.6"),
	     .about = "switch between two runnable tasks"),
	COST(MK_WAKE_SEND, "wake_send", DEF(NS(600), 'E', "the waker's part of a wake-up"),
	     .about = "what a wake-up costs the waker"),
	COST(MK_WAKE_SAME_CPU, "wake_same_cpu", DEF(NS(1870), 'D', "VAGIN22, 3.74 us / 2"),
	     .about = "wake and switch on the same CPU, one way"),
	COST(MK_WAKE_IDLE_POLLING, "wake_idle_polling",
	     DEF(NS(2590), 'D', "ARORA-idle, 5.17 us / 2"), .about = "wake a CPU that polls idle"),
	COST(MK_WAKE_IDLE_IPI, "wake_idle_ipi", DEF(NS(4400), 'D', "VAGIN22, 8.81 us / 2"),
	     .about = "wake a CPU in a shallow sleep"),
	COST(MK_BASE_SLICE, "base_slice", DEF(NS(3000000), 'K', "6.7 EEVDF: 0.75 ms * 4"),
	     .about = "time slice of the scheduler"),
	COST(MK_FAULT_ENTRY_EXIT, "fault.entry_exit", DEF(NS(250), 'E', "machine.md 1.6"),
	     .about = "exception entry and exit"),
	COST(MK_FAULT_ANON_MINOR, "fault.anon_minor_total_excl_zero",
	     DEF(NS(450), 'E', "machine.md 1.6; PFBLOG, AMIT19 bound it"),
	     .about = "anonymous fault without clearing the page"),
	COST(MK_ZERO_PAGE4K, "zero.page4k", DEF(NS(350), 'E', "between Milan 299 and Ice Lake 430"),
	     .about = "clearing a cold page"),
	COST(MK_ZERO_PAGE4K_HOT, "zero.page4k_hot",
	     CYCLES(384, 'E', "4096 bytes / 32 per cycle * 3"), .def_rel_err_permille = 500,
	     .about = "clearing a page that is still in this CPU's cache"),
	COST(MK_ZERO_THP2M, "zero.thp2m", FROM(MK_ZERO_PAGE4K, 512000, 'E', "512 * page4k"),
	     .about = "clearing a huge page"),
	COST(MK_PCP_PAIR, "page_alloc.pcp_pair",
	     CYCLES(190, 'S', "JDB17, JDB21: 158 to 199 cycles / ghz"),
	     .about = "order-0 allocation and free on a hot per-CPU list"),
	COST(MK_BULK_PAGE, "page_alloc.bulk_page",
	     DEF(NS(25), 'S', "JDB17, JDB21: 21 to 29 in batches of 8 to 128, 4.0 and 3.6 GHz"),
	     .def_rel_err_permille = 160, .about = "allocation and free of one page of a batch"),
	COST(MK_ZONE_HOLD_WARM, "page_alloc.zone_lock_hold_per_page_warm",
	     DEF(NS(15), 'E', "machine.md 1.6"),
	     .about = "zone lock held per page, struct in cache"),
	COST(MK_ZONE_HOLD_COLD, "page_alloc.zone_lock_hold_per_page_cold",
	     DEF(NS(60), 'E', "machine.md 1.6; LU18"), .about = "... with a miss on struct page"),
	COST(MK_SLAB_FAST_PAIR, "slab.fast_pair", DEF(NS(10.8), 'S', "SLUB15, 43 cycles at 4 GHz"),
	     .about = "allocation and free of an object on the fast path"),
	COST(MK_SLAB_SLOW_REFILL, "slab.slow_refill",
	     DEF(NS(400), 'E', "machine.md 1.6, besides the page"), .about = "a new slab"),
	COST(MK_SLAB_REMOTE_FREE, "slab.remote_free",
	     DEF(NS(125), 'E', "vmap.md 0, item 6: 100 to 150"), .def_rel_err_permille = 200,
	     .about = "free to another CPU's slab"),
	COST(MK_QUEUE_WORK, "queue_work", DEF(NS(60), 'E', "machine.md 2.13"),
	     .about = "putting an item on a work queue"),
	COST(MK_WORKER_CREATE, "worker_create", DEF(NS(60000), 'E', "machine.md 2.13"),
	     .about = "a new kworker thread"),
	ROW(MK_WQ_CPU_INTENSIVE_THRESH_US, "wq_cpu_intensive_thresh_us", MU_COUNT, 0, 10000000,
	    DEF(10000, 'K', "workqueue.cpu_intensive_thresh_us of a machine that is not slow"),
	    .about = "CPU time (us) after which a work item counts no longer; 0: never"),
};

#pragma GCC diagnostic pop
