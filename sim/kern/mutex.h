/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Mutex: fast path, optimistic spinning through the OSQ while the owner runs,
 * FIFO sleep, hand-off to a waiter that lost the race once (reference machine.md
 * 2.6). Always queued.
 */
#ifndef MMSIM_KERN_MUTEX_H
#define MMSIM_KERN_MUTEX_H

#include "sim/kern/task.h"

struct mutex {
	struct lock_class *class;
	struct kern *kern;
	struct task *owner;
	struct task *handoff; /* the next unlock reserves the lock for it */
	struct list_head sleepers; /* FIFO */
	struct list_head spinners; /* OSQ, FIFO; the first one polls the owner */
	struct line line;
	u16 last_cpu;
	u64 acquired_at;
};

/* Make a mutex of class @name (not copied). Returns 0 or -ENOMEM. */
int mutex_init(struct kern *k, struct mutex *m, const char *name);
/* Acquire; may sleep; no spin lock may be held. */
void mutex_lock(struct task *t, struct mutex *m);
void mutex_unlock(struct task *t, struct mutex *m);
/* For the scheduler: the owner leaves its CPU, so nobody spins for it any longer. */
void mutex_owner_left(struct mutex *m);
/* Acquire without waiting; true if acquired. */
bool mutex_trylock(struct task *t, struct mutex *m);

#endif
