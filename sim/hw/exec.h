/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A thread of control as a CPU sees it: it spends time in buckets and frames.
 * Time is charged at once, although the thread may have run ahead of the present
 * instant; a short log of the charges since its last interaction point lets every
 * reader take back what lies in the future (hw_end, cpu_bucket_asof), and lets an
 * interrupt be put where it falls.
 *
 * Everything else that is counted (operations, counters, ledger) is deferred to
 * the next interaction point, see sim/kern/task.h.
 */
#ifndef MMSIM_HW_EXEC_H
#define MMSIM_HW_EXEC_H

#include "sim/hw/hw.h"

#define EXEC_LOG 256

/* A charge, or entries into a frame, which take no time. In order of the clock. */
struct exec_charge {
	struct prof_node *node;
	u64 v; /* ps << 4 | bucket or EXEC_USER, or times << 4 | EXEC_ENTER */
};

#define EXEC_USER 14 /* CPU_WORK in user mode */
#define EXEC_ENTER 15

/* An operation whose end is not committed yet; interrupts may still move it. */
struct exec_mark {
	void *what;
	u64 start, end;
};

#define EXEC_MARKS 16
#define EXEC_STARTS 4

/* Ordered by how often it is touched: a run of many threads lives in the host's L2. */
struct exec {
	struct proc proc; /* must be first */
	struct hw *hw;
	struct cpu *cpu;
	struct prof_node *frame;
	struct exec_charge *tail, *log_end; /* of what is in the log, of its room */
	u32 smt; /* stretch of work in 1/1000, as of the last interaction */
	u64 seen; /* counts of touched lines, see line.h */
	u32 age_stamps; /* touches / 64 after which a line has left the caches */
	u32 active_cpus; /* busy CPUs as of the last interaction */
	u32 section; /* depth of spinlock sections, waiting included */
	u64 section_end; /* clock at which the outermost section of this segment ended */
	u64 irq_owed; /* interrupt time to pay at the outermost unlock */
	u64 synced_at; /* time of the last interaction point */
	u64 irq_since; /* interrupt time since then */
	u64 drain_until; /* when the slowest outstanding store of the section is done */
	u32 nr_stores; /* outstanding stores of the section */
	u32 nr_marks, nr_starts;
	u32 irq_off; /* depth of sections with interrupts off; they are sections, too */
	bool waiting; /* blocked on its CPU; the wait is not booked yet */
	u8 wait_bucket; /* bucket of the wait while blocked on the CPU */
	u8 wait_first; /* bucket of its first wait_first_ps */
	bool divisible; /* pending at the end of work that may be cut, see exec_divide() */
	u32 irq_on_delta;
	u64 wait_since;
	u64 wait_first_ps;
	struct prof_node *wait_node;
	u64 irq_on_at; /* instant at which the last irq_off ended, in this segment */
	u64 div_stop; /* where the work is cut, TIME_MAX: nowhere yet */
	u64 div_rest; /* part of the work that was cut off */
	u64 *starts[EXEC_STARTS]; /* begin of operations under way */
	struct exec_charge *log; /* EXEC_LOG of them */
	struct exec_mark marks[EXEC_MARKS];
};

/* @ps of work, stretched while the SMT sibling is busy. */
static inline u64 exec_stretch(const struct exec *x, u64 ps)
{
	if (likely(x->smt == 1000))
		return ps;
	if (likely(ps < 1ULL << 48))
		return ps * x->smt / 1000;
	return (u64)((u128)ps * x->smt / 1000);
}

/* Make room in a full log: an event without side effects. */
void exec_log_full(struct exec *x);

static inline void exec_log(struct exec *x, struct prof_node *node, u64 v)
{
	if (unlikely(x->tail == x->log_end))
		exec_log_full(x);
	*x->tail++ = (struct exec_charge){ node, v };
}

/* Book @ps of bucket @b to the current frame without moving the clock. */
static inline void exec_book(struct exec *x, enum cpu_bucket b, u64 ps)
{
	exec_log(x, x->frame, ps << 4 | b);
	x->cpu->bucket[b] += ps;
	x->frame->self_ps += ps;
}

/* Spend @ps in bucket @b. */
static inline void exec_charge(struct exec *x, enum cpu_bucket b, u64 ps)
{
	if (!ps)
		return;
	exec_book(x, b, ps);
	proc_advance(&x->proc, ps);
}

/* Spend @ps of work in user mode. */
static inline void exec_charge_user(struct exec *x, u64 ps)
{
	if (!ps)
		return;
	exec_log(x, x->frame, ps << 4 | EXEC_USER);
	x->cpu->bucket[CPU_WORK] += ps;
	x->frame->self_ps += ps;
	proc_advance(&x->proc, ps);
}

/* True if the thread, which may have run ahead, was in user mode up to the instant @now. */
bool exec_in_user(const struct exec *x, u64 now);

/*
 * Interaction point of the engine only: event order is established and the log
 * emptied; state as of now is read by the caller (task_sync).
 */
static inline void exec_sync(struct exec *x)
{
	proc_sync(&x->proc);
	x->tail = x->log;
}

/* Count a frame entered @n times at the thread's clock. */
static inline void exec_enter(struct exec *x, struct prof_node *node, u64 n)
{
	exec_log(x, node, n << 4 | EXEC_ENTER);
	node->calls += n;
}

/* Interrupt time @ps hits the CPU at the present instant (DESIGN.md 3, "Interruption"). */
void cpu_interrupt(struct hw *hw, struct cpu *c, u64 ps);

/* What @x has booked beyond @now, by bucket, including an unfinished wait up to @now (negative). */
void exec_beyond(const struct exec *x, u64 now, s64 beyond[NR_CPU_BUCKETS]);

/**
 * exec_wait_begin - the thread is about to block while it stays on its CPU
 * @first, @first_ps: bucket and length of the first part of the wait (the stall of
 *	a failed compare-exchange), in the current frame
 * @rest: bucket of the remainder
 * @node: profile node of the remainder
 */
void exec_wait_begin(struct exec *x, enum cpu_bucket first, u64 first_ps, enum cpu_bucket rest,
		     struct prof_node *node);

/* The wait is over at the thread's clock: book it. */
void exec_wait_end(struct exec *x);

/**
 * exec_divisible - work of which the rest may be cut off while it is under way
 * @ps: length, already stretched
 * @stop: instant after which it does not go on, TIME_MAX for none
 *
 * Call synchronised; returns synchronised, with what was not done.
 */
u64 exec_divisible(struct exec *x, u64 ps, u64 stop);

/* The divisible work that @x is in stops at @stop, or now if that is over. */
void exec_divide(struct exec *x, u64 stop);

/* Pay interrupt time that was owed during a section or wait. */
void exec_pay_irq(struct exec *x);

/*
 * Take what @x has charged beyond @now out of its profile nodes: out of the base
 * of the measured part (@base) or out of the result. An unfinished wait is added
 * up to @now.
 */
void exec_profile_beyond(struct exec *x, u64 now, bool base);

#endif
