/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * struct completion, as kernel/sched/completion.c of 6.12: a count of what is done and a
 * FIFO of sleepers under a raw spin lock of class "&x->wait". Left out: timeouts and
 * signals.
 */
#ifndef MMSIM_KERN_COMPLETION_H
#define MMSIM_KERN_COMPLETION_H

#include "sim/core/list.h"
#include "sim/kern/spinlock.h"

#define COMPLETE_ALL UINT32_MAX /* done for good */

struct completion {
	struct spinlock lock;
	u32 done; /* guarded by lock */
	struct list_head waiters; /* struct completion_waiter; guarded by lock */
};

/* Nothing is done yet. Returns 0 or -ENOMEM; pair with completion_destroy(). */
int init_completion(struct kern *k, struct completion *c);
void completion_destroy(struct completion *c);

/* Forget what is done; nobody may wait or complete meanwhile. */
void reinit_completion(struct completion *c);

/* Sleep until something is done, and take it. No spin lock may be held. */
void wait_for_completion(struct task *t, struct completion *c);

/* One more is done: wakes the first sleeper / all of them, now and ever. */
void complete(struct task *t, struct completion *c);
void complete_all(struct task *t, struct completion *c);

#endif
