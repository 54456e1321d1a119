/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Per-CPU (bound) work queues: concurrency-managed kworkers of normal priority,
 * at most one running per CPU unless it sleeps (reference machine.md 2.13). A
 * work item is queued at most once; queueing it while it runs makes it run again,
 * never twice at a time.
 */
#ifndef MMSIM_KERN_WORKQUEUE_H
#define MMSIM_KERN_WORKQUEUE_H

#include "sim/kern/task.h"

struct work {
	struct list_head node;
	void (*fn)(struct task *worker, struct work *w);
	struct line line; /* of w->data, which holds the pending bit */
	bool pending;
	bool running;
	struct worker_pool *pool; /* where it runs or ran last */
	struct list_head flushers; /* tasks in flush_work() */
};

/* Workers of one CPU. */
struct worker_pool {
	struct list_head works; /* pending, FIFO */
	struct list_head idle; /* idle workers, by task.wait_node */
	u32 nr_running; /* workers that are not asleep */
	u32 cpu;
	struct kern *kern;
};

/* Make two kworkers for each CPU; called by kern_new(). Returns 0 or -ENOMEM. */
int workqueue_init(struct kern *k);
void workqueue_destroy(struct kern *k);

/* For the scheduler: a kworker goes to sleep inside its work / is woken. */
void worker_sleeps(struct task *t);
void worker_wakes(struct task *t);

/* Prepare a work item; @fn runs on a kworker. */
void work_init(struct work *w, void (*fn)(struct task *worker, struct work *w));

/* Queue on @cpu's pool; false if it was pending already. An interaction point. */
bool queue_work_on(struct task *t, u32 cpu, struct work *w);

/* Queue on the current CPU's pool. */
bool queue_work(struct task *t, struct work *w);

/* Sleep until @w is neither pending nor running. */
void flush_work(struct task *t, struct work *w);

#endif
