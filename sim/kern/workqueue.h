/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Work queues (reference machine.md 2.13, 4.13; the kernel's workqueue document). A work
 * item is queued at most once; queueing it while it runs makes it run again, never twice
 * at a time. Who runs it is a pool of kworkers:
 *
 *  - bound: a pool per CPU, and one more of nice -20 (WQ_HIGHPRI). At most one worker
 *    runs at a time, others only while it sleeps or is CPU_INTENSIVE.
 *  - unbound (WQ_UNBOUND): a pool per affinity scope; every item gets a worker at once.
 *
 * Nothing is allocated during a run, so the workers a pool may come to have are made
 * before: two in each pool, more by workqueue_reserve(). A pool that needs still one ends
 * the run with a message.
 *
 * Files: wq_alloc.c (work queues, their pools), wq_pool.c (workers), workqueue.c (queue,
 * cancel), wq_flush.c, wq_delayed.c.
 */
#ifndef MMSIM_KERN_WORKQUEUE_H
#define MMSIM_KERN_WORKQUEUE_H

#include "sim/kern/task.h"

struct workqueue;
struct wq_pwq;

struct work {
	struct list_head node;
	void (*fn)(struct task *worker, struct work *w);
	struct line line; /* of w->data, which holds the pending bit */
	bool pending; /* queued, or its timer runs */
	bool running;
	bool inactive; /* queued beyond max_active: not in the pool yet */
	struct wq_pwq *pwq; /* where it runs or ran last; NULL: nowhere yet */
	u64 seq; /* number of its last queueing, over all items */
	u64 run_seq; /* and of the one that runs */
	struct list_head flushers; /* tasks in flush_work() */
};

/* A work item that is queued when a timer fires. */
struct delayed_work {
	struct work work;
	struct sim_handle timer;
	bool armed;
	struct workqueue *wq; /* where the timer will queue it */
	u32 cpu;
	struct kern *kern;
};

enum wq_flags {
	WQ_UNBOUND = 1 << 0,
	WQ_HIGHPRI = 1 << 1,
	WQ_CPU_INTENSIVE = 1 << 2, /* its items never count as running; bound queues only */
	WQ_STRICT = 1 << 3, /* attribute affinity_strict: workers never leave the scope */
};

/* Affinity scopes of unbound work queues; WQ_AFFN_DFL is the cache. */
enum wq_affn_scope {
	WQ_AFFN_DFL,
	WQ_AFFN_CPU,
	WQ_AFFN_SMT,
	WQ_AFFN_CACHE,
	WQ_AFFN_NUMA,
	WQ_AFFN_SYSTEM,
	WQ_AFFN_NR_TYPES,
};

/* enum wq_consts of 6.12 (machine.md 2.13); later kernels have 2048 and 1024. */
#define WQ_MAX_ACTIVE 512
#define WQ_DFL_ACTIVE 256
/* Least share of a node in max_active, since commit 5797b1c18919 (6.9). */
#define WQ_DFL_MIN_ACTIVE 8

/* Work queues that exist in every kernel. */
enum system_wq {
	SYSTEM_WQ,
	SYSTEM_HIGHPRI_WQ,
	SYSTEM_LONG_WQ,
	SYSTEM_UNBOUND_WQ,
	NR_SYSTEM_WQS,
};

/* Make two kworkers for each CPU; called by kern_new(). Returns 0 or -ENOMEM. */
int workqueue_init(struct kern *k);
void workqueue_destroy(struct kern *k);

/**
 * alloc_workqueue - a work queue of a model, before the run
 * @k: kernel
 * @name: not copied
 * @flags: of enum wq_flags
 * @scope: of an unbound one
 * @max_active: items that may be in execution at a time, 1 to WQ_MAX_ACTIVE, 0 for the
 *	default: on each CPU if bound; in all if unbound, where every NUMA node has a share
 *	in proportion to its CPUs, WQ_DFL_MIN_ACTIVE at least
 *
 * Queues with equal pools share them. Returns it, owned by @k; NULL with errno ENOMEM, or
 * EINVAL for a wrong combination.
 */
struct workqueue *alloc_workqueue(struct kern *k, const char *name, u32 flags,
				  enum wq_affn_scope scope, u32 max_active);

/*
 * One of the kernel's own, before the run; the first call makes its pools. Owned by @k;
 * NULL when out of memory.
 */
struct workqueue *system_workqueue(struct kern *k, enum system_wq which);

/* The one of alloc_workqueue() with this name, not one of the kernel's own, or NULL. */
struct workqueue *find_workqueue(struct kern *k, const char *name);

/* Let each pool of @wq come to have @nr workers, before the run. Returns 0 or -ENOMEM. */
int workqueue_reserve(struct workqueue *wq, u32 nr);

/* Workers that each pool of @wq may come to have, the least of them. */
u32 workqueue_nr_workers(const struct workqueue *wq);

/* For the scheduler: a kworker goes to sleep inside its work / is woken. */
void worker_sleeps(struct task *t);
void worker_wakes(struct task *t);

/* For cpu_offline(), when the CPU is empty: its pools go on as unbound / are bound again. */
void workqueue_offline_cpu(struct kern *k, u32 cpu);
void workqueue_online_cpu(struct kern *k, u32 cpu);

/* Prepare a work item; @fn runs on a kworker. */
void work_init(struct work *w, void (*fn)(struct task *worker, struct work *w));
void delayed_work_init(struct delayed_work *dw, void (*fn)(struct task *worker, struct work *w));

/*
 * Queue on system_wq, on @cpu's or the current CPU's pool; false if it was pending
 * already. An interaction point, as all that follow.
 */
bool queue_work_on(struct task *t, u32 cpu, struct work *w);
bool queue_work(struct task *t, struct work *w);

/* The same on @wq. An unbound one uses the pool that @cpu belongs to. */
bool queue_work_on_wq(struct task *t, u32 cpu, struct workqueue *wq, struct work *w);
bool queue_work_wq(struct task *t, struct workqueue *wq, struct work *w);

/**
 * queue_delayed_work - queue @dw on the current CPU after @delay
 *
 * The timer counts jiffies and fires at a tick, no earlier than @delay from now (wq_delayed.c);
 * 0 queues at once. False if it was pending already.
 */
bool queue_delayed_work(struct task *t, struct workqueue *wq, struct delayed_work *dw, u64 delay);

/* The same whether it is pending or not: the old queueing is forgotten. True if there was one. */
bool mod_delayed_work(struct task *t, struct workqueue *wq, struct delayed_work *dw, u64 delay);

/*
 * Take back a queueing that has not begun to run; true if there was one. The _sync forms
 * then sleep until it does not run either.
 */
bool cancel_work(struct task *t, struct work *w);
bool cancel_work_sync(struct task *t, struct work *w);
bool cancel_delayed_work(struct task *t, struct delayed_work *dw);
bool cancel_delayed_work_sync(struct task *t, struct delayed_work *dw);

/* Sleep until the last queueing of @w before now has run to its end or was cancelled. */
void flush_work(struct task *t, struct work *w);

/* The same; a timer that is under way is not waited for, it queues now. */
void flush_delayed_work(struct task *t, struct delayed_work *dw);

/* Sleep until all that was queued on @wq before now has ended; timers are not waited for. */
void flush_workqueue(struct task *t, struct workqueue *wq);

/* Sleep until @wq is empty; meanwhile only its own items may queue on it. */
void drain_workqueue(struct task *t, struct workqueue *wq);

#endif
