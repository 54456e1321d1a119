/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reader-writer semaphore: writers spin optimistically through the OSQ, readers may steal but
 * do not spin, waiters sleep in one FIFO; readers are woken in batches; a waiter of more than
 * 4 ms asks for a hand-off (reference machine.md 2.7). mmap_lock is one.
 */
#ifndef MMSIM_KERN_RWSEM_H
#define MMSIM_KERN_RWSEM_H

#include "sim/kern/osq.h"
#include "sim/kern/rw_stat.h"
#include "sim/kern/spinlock.h"

struct rwsem {
	struct rw_stat stat;
	struct kern *kern;
	/* the count, open state */
	u32 readers; /* READER_BIAS, those of readers that will take theirs back included */
	bool writer; /* RWSEM_WRITER_LOCKED */
	bool waiters; /* RWSEM_FLAG_WAITERS */
	bool handoff; /* RWSEM_FLAG_HANDOFF: only the first waiter may have it */
	/* the owner word, open state */
	struct task *owner; /* the writer that is in */
	bool reader_owned; /* RWSEM_READER_OWNED: readers had it last */
	bool nonspinnable; /* RWSEM_NONSPINNABLE: readers have it for long */
	struct list_head wait_list; /* FIFO, under the wait_lock */
	struct optimistic_spin_queue osq; /* its head polls */
	struct task *spin_waiter; /* first waiter that waits for its hand-off, beside the OSQ */
	struct line line; /* count, owner and OSQ */
	struct spinlock wait_lock; /* class "&sem->wait_lock" */
};

/**
 * rwsem_init - make a semaphore
 * @name: lock class, not copied
 *
 * Returns 0 or -ENOMEM. The storage must live until kern_end(); pair with rwsem_destroy(),
 * which may come before kern_free().
 */
int rwsem_init(struct kern *k, struct rwsem *sem, const char *name);
void rwsem_destroy(struct rwsem *sem);

/* Acquire for reading or writing; may sleep; no spin lock may be held. No recursion. */
void down_read(struct task *t, struct rwsem *sem);
void up_read(struct task *t, struct rwsem *sem);
void down_write(struct task *t, struct rwsem *sem);
void up_write(struct task *t, struct rwsem *sem);

/* For the scheduler: @t, which holds reader-writer locks, leaves its CPU. */
void rwsem_owner_left(struct task *t);

#endif
