/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by rwsem.c (count), rwsem_wait.c (sleeping) and rwsem_spin.c (optimistic spinning). */
#ifndef MMSIM_KERN_RWSEM_PRIV_H
#define MMSIM_KERN_RWSEM_PRIV_H

#include "sim/kern/rwsem.h"

/* The writer has the lock: bits and owner word. */
static inline void rwsem_set_writer(struct task *t, struct rwsem *sem)
{
	sem->writer = true;
	sem->owner = t;
	sem->reader_owned = false;
	sem->nonspinnable = false;
}

/* rwsem_spin.c. Call and return synchronised. */

/* Spin for the lock as a writer outside of the queue; true if acquired. */
bool rwsem_optimistic_spin(struct task *t, struct rwsem *sem);
/* The first waiter, which has asked for a hand-off: true when the writer has let go. */
bool rwsem_spin_on_owner(struct task *t, struct rwsem *sem);
/* Count or owner word have changed: those who poll them find out. */
void rwsem_kick_spinners(struct rwsem *sem);

/* A reader has the lock, or is granted it; the owner word keeps RWSEM_NONSPINNABLE. */
static inline void rwsem_set_reader_owned(struct rwsem *sem)
{
	if (sem->reader_owned)
		return;
	sem->reader_owned = true;
	/* a writer that polls gives readers a limited time */
	rwsem_kick_spinners(sem);
}

/* rwsem_wait.c. Call and return synchronised. */

/*
 * The reader queues up, unless it finds the queue empty and no writer in; it has the lock on
 * return. Returns since when.
 */
u64 rwsem_wait_read(struct task *t, struct rwsem *sem, struct rw_call *c);
void rwsem_wait_write(struct task *t, struct rwsem *sem, struct rw_call *c);
/* The lock was released while somebody is queued: wake those whose turn it is. */
void rwsem_wake(struct task *t, struct rwsem *sem);
/* A reader has come in beside the queue: so do the readers at its head. */
void rwsem_wake_readers_owned(struct task *t, struct rwsem *sem);

#endif
