/* SPDX-License-Identifier: GPL-2.0-or-later */
/* State of RCU, shared by the files that make it up. Open state throughout. */
#ifndef MMSIM_KERN_RCU_PRIV_H
#define MMSIM_KERN_RCU_PRIV_H

#include "sim/kern/rcu.h"

/* Two kinds of grace periods wait for CPUs and tasks in the same way. */
enum rcu_kind { RCU_NORMAL, RCU_EXPEDITED, NR_RCU_KINDS };

#define KFREE_N_BATCHES 2

/* Objects on their way to a grace period. */
struct kvfree_batch {
	struct rcu_head rcu; /* must be first */
	u64 nr, bytes;
	bool busy; /* waits for its grace period */
};

/* struct kfree_rcu_cpu */
struct kvfree_cpu {
	struct kern *kern;
	u64 nr, bytes; /* gathered since the last drain */
	struct sim_handle monitor;
	u64 monitor_at; /* TIME_MAX: not queued */
	struct kvfree_batch batch[KFREE_N_BATCHES];
};

/* struct rcu_data */
struct rcu_cpu {
	struct rcu_state *rcu;
	u32 cpu;
	u8 waits; /* bit per enum rcu_kind: a quiescent state is to be reported */
	bool snapped; /* @snap is of this grace period */
	bool urgent; /* any reschedule point counts, not only user mode */
	bool exp_quiescent; /* the handler of the expedited one reports */
	bool in_softirq;
	u32 switches, snap; /* context switches while a grace period waits */
	/* callbacks in the order of their grace periods */
	struct rcu_head *head, **tail;
	u64 last_seq; /* of the last one */
	u64 nr_cbs; /* not invoked yet */
	u64 nr_ready; /* of those on the list: grace period over */
	u64 nr_wait[2]; /* the others, by the last bit of the grace period */
	/* batch limits */
	u64 blimit, qlen_last;
	u32 restarts; /* of the softirq run under way */
	u64 pass_count, pass_limit; /* callbacks of its pass */
	u64 pass_since; /* when it began */
	u64 run_until; /* jiffy at which the run is over */
	struct rcu_head *exec, **exec_tail; /* chunk under way */
	struct rcu_head barrier;
	struct kvfree_cpu kvfree;
};

/* What a grace period still waits for. */
struct rcu_wait {
	u32 cpus, tasks;
};

/* Callers of one operation share what it does: one of them does it, the others wait. */
struct rcu_funnel {
	u64 done; /* rounds ended */
	bool busy;
	struct list_head waiters; /* tasks by wait_node */
};

struct rcu_state {
	struct kern *kern;
	struct rcu_cpu *cpu;
	u32 nr_cpus;
	bool preemptible;
	u64 tick, phase; /* of the jiffies, ps */
	u64 j_fqs; /* jiffies till first and next force-quiescent-state */
	u64 j_sched_qs; /* jiffies_to_sched_qs */
	u64 nr_cbs; /* on all CPUs */
	struct list_head blocked; /* tasks switched out in a read section */
	struct rcu_wait wait[NR_RCU_KINDS];
	/* normal grace periods */
	u64 completed; /* number of the last one that ended */
	u64 gp_start, gp_start_jiffy;
	bool gp_active, gp_requested, gp_ending;
	u32 gp_cpu; /* where the kthread ran last */
	struct sim_handle fqs;
	bool tick_armed;
	struct rcu_stats stats;
	/* expedited */
	struct rcu_funnel exp;
	struct task *exp_leader; /* sleeps until the CPUs have reported */
	/* rcu_barrier() */
	struct rcu_funnel barrier;
	struct task *barrier_leader;
	u32 barrier_left;
	s32 kvfree_cat; /* ledger category, -1: none yet */
};

/* rcu.c */
void rcu_request_gp(struct rcu_state *r);
void rcu_arm_tick(struct rcu_state *r);
u64 rcu_jiffies(const struct rcu_state *r);
/* The first edge of jiffy @j. */
u64 rcu_jiffy_at(const struct rcu_state *r, u64 j);
/* A grace period of @kind begins to wait for @c. */
void rcu_wait_cpu(struct rcu_state *r, struct rcu_cpu *c, enum rcu_kind kind);
/* ... for all tasks that were switched out in a read section. */
void rcu_wait_blocked(struct rcu_state *r, enum rcu_kind kind);
void rcu_report_qs(struct rcu_state *r, struct rcu_cpu *c, u32 kinds);
/* The running task of @c is in a quiescent state as of now, for sure. */
bool rcu_is_quiescent(const struct rcu_state *r, const struct rcu_cpu *c);
void rcu_force_quiescent_state(struct rcu_state *r);
/* A task is about to wait for readers: it must not be one. */
void rcu_check_waiter(struct task *t);

/* True for the task that is to do the round; else a round that serves it is over. */
bool rcu_funnel_enter(struct task *t, struct rcu_funnel *f);
void rcu_funnel_leave(struct rcu_funnel *f);

/* The next online CPU from @c on. */
struct rcu_cpu *rcu_online(struct rcu_cpu *c);

/* rcu_exp.c: all CPUs and tasks have reported. */
void rcu_exp_done(struct rcu_state *r);

/* rcu_cb.c */
void rcu_cb_init(struct rcu_cpu *c);
/* Queue @head on @c; its grace period is requested. */
void rcu_cb_queue(struct rcu_cpu *c, struct rcu_head *head);
/* All that wait on @from, whose CPU is offline, go behind those of @to of the same grace period. */
void rcu_cb_migrate(struct rcu_cpu *from, struct rcu_cpu *to);
/* Grace period @seq has ended. True if callbacks wait for a later one. */
bool rcu_cb_advance(struct rcu_state *r, u64 seq);
/* The tick of @c. */
void rcu_cb_tick(struct rcu_cpu *c);

/* kvfree_rcu.c */
void kvfree_init(struct rcu_cpu *c);

#endif
