/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lock checker of debug builds, as the kernel's lockdep: what each task holds and where it
 * took it, for reports; the order of lock classes (a class that is waited for while others
 * are held comes after them, a cycle ends the run); classes taken in interrupt context and
 * with interrupts on; data touched without its lock. It sees every kind of lock: spin locks,
 * rwlocks, rwsems, mutexes, the write sections of seqlocks and seqcounts.
 *
 * Recursion, an unlock of what is not held, sleep in a section, the end of a task that
 * holds a lock and the misuse of RCU are found by the locks themselves, in every build.
 *
 * Left out: two locks of one class nested (they need an order of their own); softirq as a
 * context, where no simulated code takes locks; readers that may recurse add no order
 * (read_lock_in_interrupt()), nor do trylocks, which never wait.
 */
#ifndef MMSIM_KERN_LOCKDEP_H
#define MMSIM_KERN_LOCKDEP_H

#include "sim/kern/task.h"

#define LOCKDEP_CLASSES 128 /* later ones have no order */

enum lockdep_how {
	LOCKDEP_WRITE = 0, /* or the only side */
	LOCKDEP_READ = 1,
	LOCKDEP_TRY = 2, /* does not wait */
	LOCKDEP_IN_IRQ = 4, /* by an interrupt */
};

#ifdef MMSIM_DEBUG
/* State of a kernel; NULL when out of memory. Owned by the caller. */
struct lockdep *lockdep_new(void);
void lockdep_free(struct lockdep *d);

/**
 * lockdep_acquire - @t is about to wait for a lock, or has taken it by LOCKDEP_TRY
 * @lock: identity
 * @class, @instance: name in reports
 * @how: LOCKDEP_* flags
 *
 * It counts as held from here on. Fails the run on an inversion.
 */
void lockdep_acquire(struct task *t, const void *lock, const struct lock_class *class, u32 instance,
		     u32 how);
void lockdep_release(struct task *t, const void *lock);

/* Whether @t holds @lock; on the write side if @write. */
bool lockdep_is_held(const struct task *t, const void *lock, bool write);
void lockdep_check_held(struct task *t, const void *lock, const struct lock_class *class,
			u32 instance, bool write);
void lockdep_report_held(struct task *t);
#else
static inline void lockdep_acquire(struct task *t, const void *lock, const struct lock_class *class,
				   u32 instance, u32 how)
{
	(void)t;
	(void)lock;
	(void)class;
	(void)instance;
	(void)how;
}

static inline void lockdep_release(struct task *t, const void *lock)
{
	(void)t;
	(void)lock;
}

static inline void lockdep_check_held(struct task *t, const void *lock,
				      const struct lock_class *class, u32 instance, bool write)
{
	(void)t;
	(void)lock;
	(void)class;
	(void)instance;
	(void)write;
}

static inline void lockdep_report_held(struct task *t)
{
	(void)t;
}
#endif

/*
 * Debug: the task holds the lock, or the run fails; on either side of a reader-writer lock.
 * @l is a spin lock or a mutex; rwlock and rwsem are for the _rw forms.
 */
#define lockdep_assert_held(t, l) lockdep_check_held(t, l, (l)->class, (l)->instance, false)
#define lockdep_assert_held_rw(t, l) \
	lockdep_check_held(t, l, (l)->stat.class, (l)->stat.instance, false)
#define lockdep_assert_held_write(t, l) \
	lockdep_check_held(t, l, (l)->stat.class, (l)->stat.instance, true)

#endif
