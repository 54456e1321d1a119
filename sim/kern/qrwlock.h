/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Queued reader-writer spin lock, the kernel's rwlock_t: readers share, who cannot enter
 * queues up FIFO on a wait_lock, and only the head of that queue polls the word (reference
 * machine.md 2.5). Preemption is off while one is held or waited for.
 */
#ifndef MMSIM_KERN_QRWLOCK_H
#define MMSIM_KERN_QRWLOCK_H

#include "sim/kern/rw_stat.h"
#include "sim/kern/spinlock.h"

struct qrwlock {
	struct rw_stat stat;
	struct kern *kern;
	/* the word, open state */
	u32 readers; /* biases, those of readers that will take theirs back included */
	bool waiting; /* a writer at the head of the queue: others do not enter any more */
	bool locked; /* a writer is in, or its unlock has not drained yet */
	struct line line; /* where the word lies */
	u16 writer_cpu; /* of the latest writer */
	u64 drained_at; /* when the latest writer's unlock is seen */
	struct rw_hold out; /* of that writer, counted then */
	struct task *poller; /* head of the queue while it polls the word */
	struct list_head irq_readers; /* readers in interrupt context, which do not queue */
	struct spinlock wait_lock; /* the queue; an arch_spinlock_t in the kernel */
};

/**
 * qrwlock_init - make a lock
 * @name: lock class, not copied
 *
 * Returns 0 or -ENOMEM. The storage must live until kern_end(); pair with
 * qrwlock_destroy(), which may come before kern_free().
 */
int qrwlock_init(struct kern *k, struct qrwlock *l, const char *name);
void qrwlock_destroy(struct qrwlock *l);

/* Acquire for reading; a task may not hold it already. */
void read_lock(struct task *t, struct qrwlock *l);
void read_unlock(struct task *t, struct qrwlock *l);

/*
 * The same for code that stands for an interrupt handler: waiting writers are ignored, and
 * what it interrupted may hold the lock for reading.
 */
void read_lock_in_interrupt(struct task *t, struct qrwlock *l);

/* Acquire for writing. */
void write_lock(struct task *t, struct qrwlock *l);
void write_unlock(struct task *t, struct qrwlock *l);

#endif
