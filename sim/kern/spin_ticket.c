/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ticket spin lock: strict FIFO on one line, which all waiters poll. The release
 * invalidates the line in every poller, and they re-read it one after the other, so a
 * hand-over costs h0 + k * inval_per_sharer with k pollers at the release, the next owner
 * included; h0 is that of a queued lock whose head already polls. Facts: reference
 * machine.md 2.2, 3.4.
 *
 * k is known at the release, not before: a section that nobody waits for leaves its
 * release behind in the ring, as with every FIFO kind, but the first to arrive before that
 * instant blocks and lets a timer hand over then. Who arrives at the very instant of a
 * release is no poller of it, whatever his rank.
 *
 * Left out: the releaser's own stall for the line that the pollers have taken from it
 * (its store is posted), and the slow-down of the holder by their polling.
 */
#include "sim/kern/spin_priv.h"

const struct frame_site ticket_slowpath_site = { "ticket_spin_lock" };

u64 ticket_handoff(const struct spinlock *l, const struct task *t, u32 prev_cpu)
{
	u64 xfer = hw_xfer(t->x.hw, prev_cpu, task_cpu(t));

	return xfer * cost(t, MK_HANDOFF_FACTOR) / 1000 + cost(t, MK_CPU_RELAX) / 2 +
	       l->nr_served * cost(t, MK_INVAL_PER_SHARER);
}

/* Waiters that had arrived before @at; the list is in order of arrival. */
static u32 pollers_before(const struct spinlock *l, u64 at)
{
	const struct task *last = container_of(l->wait_tail, const struct task, lock_next);
	u32 n = 0;

	if (last->lock_arrival < at)
		return l->nr_pollers;
	for (const struct task *t = l->wait_head; t && t->lock_arrival < at; t = t->lock_next)
		n++;
	return n;
}

/* The release is seen: the first in line gets the lock. */
static void ticket_released(struct spinlock *l)
{
	struct task *next = l->wait_head;
	struct spin_grant *g;
	u32 delta;

	l->nr_served = pollers_before(l, l->last->release);
	l->wait_head = next->lock_next;
	if (!l->wait_head)
		l->wait_tail = &l->wait_head;
	l->nr_pollers--;
	l->owner = next;
	g = spin_grant_next(l, next, spin_cas_stall(next, next->lock_line_last), &delta);
	proc_wake(&next->x.proc, g->grant, delta);
}

static void ticket_drained(struct sim *s, void *arg)
{
	(void)s;
	ticket_released(arg);
}

void ticket_lock(struct task *t, struct spinlock *l)
{
	u64 stall = spin_cas_stall(t, t->lock_line_last);
	const struct spin_grant *prev = l->last;

	if (!l->owner && !l->wait_head) {
		/* a CPU sees its own unlock at once */
		if (!prev || prev->release <= t->lock_arrival || prev->cpu == task_cpu(t)) {
			spin_grant_now(l, t, stall);
			return;
		}
		sim_at(t->kern->sim, EV_TIMER, prev->release, ticket_drained, l);
	}
	t->lock_next = NULL;
	*l->wait_tail = t;
	l->wait_tail = &t->lock_next;
	l->nr_pollers++;
	spin_wait(t, l, stall);
}

void ticket_unlock(struct task *t, struct spinlock *l)
{
	struct sim *s = t->kern->sim;
	u64 release;

	spin_note_release(t, l);
	l->owner = NULL;
	if (!l->wait_head)
		return;
	release = l->last->release;
	if (release > s->now)
		sim_at(s, EV_TIMER, release, ticket_drained, l);
	else
		ticket_released(l);
}
