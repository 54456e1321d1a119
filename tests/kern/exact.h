/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Worlds for exact times: an ideal machine (every cost zero) on which a test sets
 * the costs that it is about, and tasks that note instants.
 */
#ifndef MMSIM_TESTS_KERN_EXACT_H
#define MMSIM_TESTS_KERN_EXACT_H

#include <check.h>
#include <string.h>

#include "sim/kern/ipi.h"
#include "sim/kern/irq.h"
#include "sim/kern/mutex.h"
#include "sim/kern/spinlock.h"

struct exact {
	struct machine *m;
	struct sim *sim;
	struct hw *hw;
	struct kern *k;
	struct spinlock lock;
	struct mutex mutex;
	struct task *task[16];
	u64 at[16]; /* what the tasks noted, ns */
	u32 cpu[16]; /* and on which CPU */
};

/* A world on @m, which it owns. */
static inline void exact_init_on(struct exact *e, struct machine *m, enum sim_engine engine)
{
	struct sim_config config = { .engine = engine, .seed = 1 };

	memset(e, 0, sizeof(*e));
	ck_assert_ptr_nonnull(m);
	e->m = m;
	e->sim = sim_new(&config);
	e->hw = hw_new(e->sim, e->m);
	e->k = kern_new(e->hw, VIRT_NONE, 1, 0);
	ck_assert_ptr_nonnull(e->k);
	ck_assert_int_eq(spin_lock_init(e->k, &e->lock, "l", SPIN_QSPINLOCK), 0);
	ck_assert_int_eq(mutex_init(e->k, &e->mutex, "m"), 0);
}

static inline void exact_init(struct exact *e, const char *machine, enum sim_engine engine)
{
	exact_init_on(e, machine_builtin(machine), engine);
}

/* Start task @i, bound to @cpu, at the beginning. */
static inline void exact_task(struct exact *e, u32 i, u32 cpu,
			      void (*body)(struct task *t, void *arg))
{
	e->task[i] = task_new(e->k, "t", i, cpu, body, e);
	ck_assert_ptr_nonnull(e->task[i]);
	task_bind(e->task[i]);
	task_start(e->task[i]);
}

static inline void exact_run(struct exact *e)
{
	ck_assert_msg(sim_run(e->sim, TIME_MAX) == SIM_DONE, "%s", sim_report(e->sim));
	kern_end(e->k, e->sim->now);
	for (u32 c = 0; c < e->hw->nr_cpus; c++) {
		u64 sum = 0;

		for (u32 b = 0; b < NR_CPU_BUCKETS; b++)
			sum += e->hw->cpus[c].bucket[b];
		ck_assert_uint_eq(sum, e->sim->now);
	}
}

static inline void exact_free(struct exact *e)
{
	spin_lock_destroy(&e->lock);
	kern_free(e->k);
	hw_free(e->hw);
	sim_free(e->sim);
	machine_free(e->m);
}

/* The same, but free to move. */
static inline void exact_free_task(struct exact *e, u32 i, u32 cpu,
				   void (*body)(struct task *t, void *arg))
{
	e->task[i] = task_new(e->k, "t", i, cpu, body, e);
	ck_assert_ptr_nonnull(e->task[i]);
	task_start(e->task[i]);
}

/* Note the present instant and CPU in slot @i. */
static inline void exact_note(struct task *t, struct exact *e, u32 i)
{
	task_sync(t);
	e->at[i] = task_clock(t) / PS_PER_NS;
	e->cpu[i] = task_cpu(t);
	ck_assert_uint_eq(task_clock(t) % PS_PER_NS, 0);
}

static inline u64 exact_bucket(const struct exact *e, u32 cpu, enum cpu_bucket b)
{
	ck_assert_uint_eq(e->hw->cpus[cpu].bucket[b] % PS_PER_NS, 0);
	return e->hw->cpus[cpu].bucket[b] / PS_PER_NS;
}

/* work() in ns. */
static inline void work_ns(struct task *t, u64 ns)
{
	work(t, ns * PS_PER_NS);
}

#endif
