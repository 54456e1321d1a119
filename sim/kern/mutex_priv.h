/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by mutex.c (owner word, sleeping) and mutex_spin.c (optimistic spinning). */
#ifndef MMSIM_KERN_MUTEX_PRIV_H
#define MMSIM_KERN_MUTEX_PRIV_H

#include "sim/kern/mutex.h"

static inline struct lock_side *mutex_side(struct mutex *m)
{
	return &m->class->side[0];
}

/* Exchange on the owner word if it is free or was handed to @t. Call and return synchronised. */
bool mutex_take(struct task *t, struct mutex *m);

/*
 * Poll the owner while it runs: in the OSQ, or as first waiter (@waiter). True if the
 * mutex was acquired. Gives up the CPU if the slice is over.
 */
bool mutex_spin(struct task *t, struct mutex *m, bool waiter);

/* The owner word has changed on @cpu: those who poll it find out. */
void mutex_kick_spinners(struct mutex *m, u32 cpu);

#endif
