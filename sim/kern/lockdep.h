/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Order of lock classes, checked in debug builds as the kernel's lockdep does: a class that
 * is waited for while others are held comes after them, and a cycle ends the run with the
 * classes, the thread, its locks and its frames. Other mistakes with locks (recursion,
 * unlock of what is not held, sleep in a section, end with a lock held) are found by the
 * locks themselves, in every build. Left out: two locks of one class nested (they need an
 * order of their own), contexts (hardirq, softirq), trylocks, which never wait.
 */
#ifndef MMSIM_KERN_LOCKDEP_H
#define MMSIM_KERN_LOCKDEP_H

#include "sim/kern/task.h"

#define LOCKDEP_CLASSES 128 /* later ones are not checked */

#ifdef MMSIM_DEBUG
/* State of a kernel; NULL when out of memory. Owned by the caller. */
struct lockdep *lockdep_new(void);
void lockdep_free(struct lockdep *d);

/* @t is about to wait for a lock of @class. Fails the run on an inversion. */
void lockdep_acquire(struct task *t, const struct lock_class *class);
#else
static inline void lockdep_acquire(struct task *t, const struct lock_class *class)
{
	(void)t;
	(void)class;
}
#endif

#endif
