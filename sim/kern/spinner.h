/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What optimistic spinners of mutexes and rwsems share: they poll on their CPU until somebody
 * kicks them, because what they poll has changed or their slice is over. Facts: reference
 * machine.md 2.6, 2.7.
 */
#ifndef MMSIM_KERN_SPINNER_H
#define MMSIM_KERN_SPINNER_H

#include "sim/kern/task.h"

/* As of now; call synchronised. */
static inline bool spinner_need_resched(const struct task *t)
{
	return t->kern->sim->now >= t->rq->resched_at;
}

/* @t looks again in @ps, unless it is about to look anyway. */
void spinner_kick(struct task *t, u64 ps);

/* The same once a line that was changed on @cpu has come to it. */
void spinner_kick_from(struct task *t, u32 cpu);

/**
 * spinner_wait - poll until something changes
 * @b, @site: bucket and symbol of the time it takes
 * @until: look again then at the latest; TIME_MAX: not by itself
 * @spin: receives that time as well; may be NULL
 *
 * Call and return synchronised.
 */
void spinner_wait(struct task *t, enum cpu_bucket b, const struct frame_site *site, u64 until,
		  u128 *spin);

#endif
