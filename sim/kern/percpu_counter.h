/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * struct percpu_counter, as lib/percpu_counter.c of 6.12 (reference machine.md 2.9, 2.12):
 * each CPU counts on its own until it has a batch, which then goes to the common count under
 * a raw spin lock. A fast read is that count and may be wrong by less than a batch for each
 * CPU; an exact one adds up all CPUs under the lock. What each read was wrong by is kept.
 * The part of a CPU that goes offline is added to the count. The CPUs' counts, of 4 bytes each,
 * are per-CPU memory. Left out: percpu_counters_lock.
 */
#ifndef MMSIM_KERN_PERCPU_COUNTER_H
#define MMSIM_KERN_PERCPU_COUNTER_H

#include "sim/kern/percpu_alloc.h"
#include "sim/kern/spinlock.h"

struct percpu_counter_cpu {
	s64 v; /* open state: sums read it */
	struct line line;
};

struct percpu_counter {
	struct kern *kern;
	struct list_head list; /* of k->percpu_counters */
	struct spinlock lock;
	s64 count; /* open state: read without the lock */
	struct line line; /* of the count */
	struct percpu_counter_cpu *cpu;
	struct percpu_mem mem; /* what they are in */
	s64 truth; /* everything that has been added */
	u64 nr_reads, max_error; /* of fast reads: how many, the furthest from the truth */
};

/* Called by kern_new(). */
void percpu_counter_setup(struct kern *k);

/* Default batch of a machine: max(32, 2 * online CPUs). */
s32 percpu_counter_batch(const struct kern *k);

/* Zero. Returns 0 or -ENOMEM; pair with percpu_counter_destroy(). */
int percpu_counter_init(struct kern *k, struct percpu_counter *c);
void percpu_counter_destroy(struct percpu_counter *c);

/* The same while the simulation runs, at the cost of the per-CPU memory, paid for by @memcg. */
int percpu_counter_create(struct task *t, struct percpu_counter *c, struct mem_cgroup *memcg);
/* Give that memory back; the counter is used no more. percpu_counter_destroy() after the run. */
void percpu_counter_remove(struct task *t, struct percpu_counter *c);

/* Add @amount; the CPU's part stays below @batch in size. */
void percpu_counter_add_batch(struct task *t, struct percpu_counter *c, s64 amount, s32 batch);

/* The common count as of now. */
s64 percpu_counter_read(struct task *t, struct percpu_counter *c);

/* The same, but never negative: for counts that only look so because of the error. */
s64 percpu_counter_read_positive(struct task *t, struct percpu_counter *c);

/* __percpu_counter_sum(): the exact sum, one line per CPU, under the lock. */
s64 percpu_counter_sum(struct task *t, struct percpu_counter *c);
s64 percpu_counter_sum_positive(struct task *t, struct percpu_counter *c);

#endif
