/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Queue of optimistic spinners, as kernel/locking/osq_lock.c: first come, first served, one
 * polls what the others wait for, whoever is to be rescheduled leaves from the middle. Facts:
 * reference machine.md 2.6. Left out: the node is a line of each CPU's own, whose link to the next
 * costs its one transfer only; leaving costs nothing.
 */
#ifndef MMSIM_KERN_OSQ_H
#define MMSIM_KERN_OSQ_H

#include "sim/hw/line.h"
#include "sim/kern/task.h"

struct optimistic_spin_queue {
	struct list_head spinners; /* FIFO of tasks by wait_node; the first one polls; open */
};

void osq_lock_init(struct optimistic_spin_queue *lock);

/**
 * osq_lock - queue up among the spinners
 * @line: where the tail of the queue lies, with the lock it belongs to
 * @spin: receives the time it takes as well; may be NULL
 *
 * True at the head of the queue; false, and out of it, if the task is to be rescheduled.
 * Call and return synchronised.
 */
bool osq_lock(struct task *t, struct optimistic_spin_queue *lock, struct line *line, u128 *spin);

/* The head leaves; the next one is told, one transfer later. Call synchronised. */
void osq_unlock(struct task *t, struct optimistic_spin_queue *lock);

/* Who polls, or NULL. */
struct task *osq_first(const struct optimistic_spin_queue *lock);

#endif
