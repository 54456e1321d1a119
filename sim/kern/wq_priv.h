/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside of the work queues; models use workqueue.h. All of it is open state: touched at
 * interaction points and by timers only. In the kernel pool->lock guards it; here its
 * cost is part of the machine's queue_work.
 */
#ifndef MMSIM_KERN_WQ_PRIV_H
#define MMSIM_KERN_WQ_PRIV_H

#include "sim/kern/workqueue.h"

#define WORKERS_PER_POOL 2
#define HIGHPRI_NICE_LEVEL (-20)

/* WORKER_CPU_INTENSIVE and WORKER_UNBOUND (also of an offline CPU) take a worker out of nr_running. */
enum worker_flags { WORKER_CPU_INTENSIVE = 1, WORKER_UNBOUND = 2 };

struct worker {
	struct task *task;
	struct worker_pool *pool;
	struct worker *next; /* of pool->workers */
	struct work *current_work; /* NULL: idle or about to look */
	struct wq_pwq *current_pwq;
	u32 flags;
	u64 current_at; /* its CPU time when the work began or it woke up last */
	struct sim_timer tick; /* armed: looks whether it hogs the CPU */
};

/* Workers of one CPU, or of one pod of an affinity scope. */
struct worker_pool {
	struct list_head works; /* active, pending, FIFO */
	struct list_head idle; /* idle workers, by task.wait_node */
	u32 nr_running; /* workers that are not asleep, not counting WORKER_* flags */
	u32 cpu; /* whose it is, the first one of a pod */
	struct kern *kern;
	struct list_head spare; /* workers that are not created yet, by task.wait_node */
	struct worker *workers; /* all, spare ones as well */
	u32 nr_workers, nr_busy; /* of them; those that execute a work item */
	bool managing; /* a worker creates another one */
	u32 flags; /* WQ_UNBOUND, WQ_HIGHPRI, WQ_STRICT */
	u8 reach; /* of an unbound one: enum hw_dist of its most distant CPU from cpu */
	u32 next_cpu; /* of the pod, that gets the next worker which strayed */
};

/* Pools of one kind, shared by work queues. */
struct pool_set {
	struct pool_set *next;
	u32 flags;
	enum wq_affn_scope scope;
	struct worker_pool *pools;
	u32 nr;
	u16 *of_cpu; /* index of each CPU's pool */
};

/* Items of a work queue in execution, of a CPU if it is bound, else of a NUMA node. */
struct wq_node_nr_active {
	u32 nr, max;
	struct list_head inactive; /* queued beyond max, FIFO */
};

/* A work queue in a pool. */
struct wq_pwq {
	struct workqueue *wq;
	struct worker_pool *pool;
	struct wq_node_nr_active *active;
};

struct workqueue {
	const char *name;
	u32 flags;
	u32 max_active;
	struct kern *kern;
	struct workqueue *next; /* of wq_state.wqs */
	struct pool_set *set;
	struct wq_pwq *pwqs; /* one for each pool of the set */
	struct wq_node_nr_active *actives;
	u32 nr_in_flight; /* queued or running instances */
	u32 draining; /* tasks in drain_workqueue() */
	struct list_head flushers;
};

/* A task that waits for what was queued until now; on its stack. */
struct wq_flusher {
	struct list_head node;
	struct task *task;
	u64 seq; /* waits for this queueing, or for those up to it */
	u32 left; /* flush_workqueue(): as many of them */
};

/* Of one kernel. */
struct wq_state {
	struct pool_set *sets;
	struct workqueue *wqs;
	struct workqueue *system[NR_SYSTEM_WQS];
	u64 seq; /* queueings so far */
	u32 nr_extra; /* workers beyond those of kern_new() */
};

/* The worker that @t is, or NULL. */
static inline struct worker *current_worker(const struct task *t)
{
	return t->pool ? t->owner : NULL;
}

/* wq_pool.c */

/* Make a worker of @pool, idle or spare. 0 or -ENOMEM. */
int pool_add_worker(struct worker_pool *pool, const char *comm, u32 index, bool spare);

/* Wake an idle worker if @pool needs one; @waker pays, NULL for an agent. */
void pool_kick(struct task *waker, struct worker_pool *pool);

/* workqueue.c */

/* Put @w, which is pending and on no list, on @wq; @waker may be NULL. */
void wq_insert(struct task *waker, u32 cpu, struct workqueue *wq, struct work *w);

/* A queueing of @w is over: has run, or was taken back. */
void wq_instance_done(struct wq_pwq *pwq, struct work *w, u64 seq);

/* Take @w, which is pending, off its list. */
void wq_remove(struct work *w);

/* The atomic on the pending bit, with interrupts off: true if @w was not pending. */
bool work_grab_bit(struct task *t, struct work *w);

/*
 * Take back the queueing of @w, of which @dw is the delayed work, if it is one. True if
 * there was one that had not begun to run. An interaction point.
 */
bool try_to_grab_pending(struct task *t, struct work *w, struct delayed_work *dw);

/* wq_delayed.c: the timer will not fire any more; false if it was not armed. */
bool delayed_timer_stop(struct delayed_work *dw);

/* wq_flush.c: the queueing @seq of @w on @wq is over. */
void wq_flushers_done(struct workqueue *wq, struct work *w, u64 seq);

#endif
