/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Mutex: fast path, optimistic spinning through the OSQ while the owner runs, FIFO
 * sleep under a wait_lock, hand-off to a waiter that lost the race once (reference
 * machine.md 2.6). Always queued.
 */
#ifndef MMSIM_KERN_MUTEX_H
#define MMSIM_KERN_MUTEX_H

#include "sim/kern/osq.h"

struct mutex_wait;

struct mutex {
	struct lock_class *class;
	u32 instance; /* number among those of its class, for reports */
	struct kern *kern;
	struct task *owner;
	bool handoff; /* the first waiter lost a race: the next unlock is for it */
	struct list_head waiters; /* FIFO, changed under the wait_lock */
	struct optimistic_spin_queue osq; /* its head polls the owner */
	struct task *spin_waiter; /* first waiter while it polls, outside of the OSQ */
	struct line line; /* owner word and tail of the OSQ */
	struct mutex_wait *wait; /* the wait_lock; owned by the kernel */
	u16 last_cpu;
	u16 owner_cpu; /* of the present or last owner, and the frame that asked */
	const struct frame_site *owner_site;
	u64 owned_from; /* since when @owner owns it */
	u64 hold_from; /* begin of the hold as lock_stat counts it */
};

/* Make a mutex of class @name (not copied). Returns 0 or -ENOMEM. */
int mutex_init(struct kern *k, struct mutex *m, const char *name);
/* Acquire; may sleep; no spin lock may be held. */
void mutex_lock(struct task *t, struct mutex *m);
void mutex_unlock(struct task *t, struct mutex *m);
/* Acquire without waiting; true if acquired. */
bool mutex_trylock(struct task *t, struct mutex *m);

/* For kern_free(): the wait_locks of all mutexes. */
void mutex_free_all(struct kern *k);
/* For the scheduler: the owner leaves its CPU, so nobody spins for it any longer. */
void mutex_owner_left(struct mutex *m);
/* For the scheduler: another task is queued behind @t, which spins. */
void mutex_spinner_queued(struct task *t);

#endif
