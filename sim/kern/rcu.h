/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Read-copy update (reference machine.md 2.10, 2.11): read sections, grace periods,
 * callbacks, kvfree_rcu(). What it models and leaves out is said in rcu.c (grace
 * periods), rcu_cb.c, rcu_exp.c and kvfree_rcu.c.
 *
 * The machine's `preempt: full` makes read sections preemptible.
 */
#ifndef MMSIM_KERN_RCU_H
#define MMSIM_KERN_RCU_H

#include "sim/kern/task.h"

/*
 * A callback. Embedded in what is to be freed; owned by RCU from call_rcu() until @func
 * is called. @func runs as an engine agent at the instant its callback is done: it must
 * not block.
 */
struct rcu_head {
	struct rcu_head *next;
	void (*func)(struct kern *k, struct rcu_head *head);
	u64 seq; /* grace period that must have ended */
	u64 ps; /* CPU time of @func, besides rcu.callback */
	bool wakes; /* @func wakes somebody: its own instant matters */
	bool pending; /* queued by call_rcu(), not invoked yet; zero at first */
};

/* What a run has seen of grace periods, normal ones. */
struct rcu_stats {
	u64 nr_gps; /* ended */
	u64 gp_ps; /* sum of their lengths */
	u64 nr_callbacks; /* invoked */
	u64 nr_expedited; /* expedited grace periods ended */
};

/* State of one kernel; called by kern_new(). Returns 0 or -ENOMEM. */
int rcu_init(struct kern *k);
void rcu_destroy(struct kern *k);

/* As of the present instant. */
const struct rcu_stats *rcu_stats(const struct kern *k);

/*
 * A read section; sections nest. The outermost begin is an interaction point, with
 * preemptible sections the outermost end as well. Without `preempt: full` the task
 * stays on its CPU in between: to block there ends the run.
 */
void rcu_read_lock(struct task *t);
void rcu_read_unlock(struct task *t);

/* Sleep until every read section that is open now has ended. */
void synchronize_rcu(struct task *t);

/* The same with IPIs to busy CPUs instead of waiting for ticks. */
void synchronize_rcu_expedited(struct task *t);

/**
 * call_rcu - have @func called after a grace period
 * @t: task; an interaction point
 * @head: callback; @head->ps says what @func costs its CPU, @head->wakes whether it wakes
 * @func: see struct rcu_head
 *
 * A callback that is queued already fails the run.
 */
void call_rcu(struct task *t, struct rcu_head *head,
	      void (*func)(struct kern *k, struct rcu_head *head));

/* Sleep until all callbacks queued so far have been invoked. */
void rcu_barrier(struct task *t);

/**
 * kvfree_rcu - free @bytes after a grace period, in batches
 * @t: task; an interaction point
 * @bytes: of the object, which its owner must have taken out of the ledger: from here on
 *	it is in category "kvfree_rcu", with the pages that hold the pointers
 *
 * Returns 0, or -ENOSPC if the ledger has no room for the category.
 */
int kvfree_rcu(struct task *t, u64 bytes);

/* For the scheduler. */
void rcu_note_context_switch(struct task *t, bool to_task);
void rcu_note_voluntary(struct task *t);
void rcu_check_switch(struct task *t, bool preempted);
void rcu_check_exit(struct task *t);

/* For cpu_offline(): grace periods wait for @cpu no more, another one takes its callbacks. */
void rcu_report_cpu_dead(struct kern *k, u32 cpu);

#endif
