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
	bool pending;
	bool running;
	struct worker_pool *pool;	/* where it runs or ran last */
	struct list_head flushers;	/* tasks in flush_work() */
};

/* Prepare a work item; @fn runs on a kworker. */
void work_init(struct work *w, void (*fn)(struct task *worker, struct work *w));

/* Queue on @cpu's pool; false if it was pending already. An interaction point. */
bool queue_work_on(struct task *t, u32 cpu, struct work *w);

/* Queue on the current CPU's pool. */
bool queue_work(struct task *t, struct work *w);

/* Sleep until @w is neither pending nor running. */
void flush_work(struct task *t, struct work *w);

#endif
