/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * seqlock_t and seqcount_t (reference machine.md 2.8): writers under a spin lock make the sequence odd and
 * even again, readers read what they like and retry if it has changed. Reading costs two
 * loads of the sequence's line; a reader that finds it odd polls until it is even. Left out:
 * seqcount latches, readers that take the lock
 * (read_seqlock_excl), the end of a slice while a reader polls.
 *
 * lock_stat: the write side is the spin lock's class. A reader that has to poll counts as a
 * contention of the read side, which has no hold times.
 */
#ifndef MMSIM_KERN_SEQLOCK_H
#define MMSIM_KERN_SEQLOCK_H

#include "sim/kern/spinlock.h"

struct seqlock {
	struct spinlock lock;
	struct line line; /* of the sequence */
	u32 sequence; /* open state */
	struct task *pollers; /* by lock_next */
	u16 writer_cpu;
	const struct frame_site *writer_site; /* frame that writes, or wrote last */
	u64 reads, retries; /* passes of readers that were good / had to be repeated */
};

/* Make one of class @name (not copied). Returns 0 or -ENOMEM; pair with seqlock_destroy(). */
int seqlock_init(struct kern *k, struct seqlock *s, const char *name);
void seqlock_destroy(struct seqlock *s);

/* Write section; preemption is off. */
void write_seqlock(struct task *t, struct seqlock *s);
void write_sequnlock(struct task *t, struct seqlock *s);

/*
 * The same without the lock, as of a seqcount_t: the caller keeps other writers out. The lock
 * of such an instance stays unused.
 */
void write_seqcount_begin(struct task *t, struct seqlock *s);
void write_seqcount_end(struct task *t, struct seqlock *s);

/* Begin a pass: the sequence, even. Polls as long as a writer is inside. */
u32 read_seqbegin(struct task *t, struct seqlock *s);
/* End of a pass that began with @start: true if it must be repeated. */
bool read_seqretry(struct task *t, struct seqlock *s, u32 start);

#endif
