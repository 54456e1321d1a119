/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CNA, the NUMA-aware slow path of the qspinlock, carried by some distributions: waiters
 * of the holder's node come first, the others that were skipped wait in a secondary queue.
 * Word, pending bit and costs are those of the qspinlock. Facts: reference machine.md 2.4.5;
 * the patch series of Kogan and Dice, v4 of 6 Sep 2019.
 *
 * At the release the holder looks through the main queue for the first waiter of its node;
 * those before it move to the tail of the secondary queue. If there is none, or if the
 * secondary queue has not been empty for numa_spinlock_threshold, that queue goes to
 * the front of the main one and its head gets the lock. A waiter on the pending bit holds
 * no node of the queue and gets the lock before the queue does, from whatever NUMA node it is.
 *
 * Who gets the lock is known at the release, not before: a section that nobody waits for
 * leaves its release behind in the ring, as with every FIFO kind, but the first to
 * arrive before that instant blocks and lets a timer hand over then. Who arrives at the very
 * instant of a release is not seen by the scan, whatever his rank.
 *
 * Left out: the kernel's head of the queue picks its successor when it gets the lock, this
 * lock (as the reference has it) a section later; and the misses on the nodes looked at,
 * for which there is cna_scan.
 */
#include "sim/kern/spin_priv.h"

#include <errno.h>
#include <stdlib.h>

const struct frame_site cna_slowpath_site = { "__cna_queued_spin_lock_slowpath" };

struct spin_cna {
	struct task *head, **tail; /* secondary queue */
	u64 since; /* when it got its first waiter */
	u64 threshold; /* ps, how long it may have waiters */
};

int cna_init(struct kern *k, struct spinlock *l)
{
	struct spin_cna *c = calloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	c->tail = &c->head;
	c->threshold = k->hw->c[MK_NUMA_SPINLOCK_THRESHOLD];
	l->cna = c;
	return 0;
}

void cna_set_threshold(struct spinlock *l, u64 ps)
{
	l->cna->threshold = ps;
}

bool cna_has_waiters(const struct spinlock *l)
{
	return l->wait_head || l->cna->head;
}

static void main_push(struct spinlock *l, struct task *t)
{
	t->lock_next = NULL;
	*l->wait_tail = t;
	l->wait_tail = &t->lock_next;
}

static struct task *main_pop(struct spinlock *l)
{
	struct task *t = l->wait_head;

	l->wait_head = t->lock_next;
	if (!l->wait_head)
		l->wait_tail = &l->wait_head;
	return t;
}

/* The waiters of the main queue before *@link, which are some, go to the secondary tail. */
static void skip_before(struct spinlock *l, struct task **link, u64 now)
{
	struct spin_cna *c = l->cna;
	struct task *t = *link;

	if (!c->head)
		c->since = now;
	*c->tail = l->wait_head;
	c->tail = link;
	*link = NULL;
	l->wait_head = t;
}

/* The secondary queue goes to the front of the main one. */
static void splice(struct spinlock *l)
{
	struct spin_cna *c = l->cna;

	if (!c->head)
		return;
	if (!l->wait_head)
		l->wait_tail = c->tail;
	*c->tail = l->wait_head;
	l->wait_head = c->head;
	c->head = NULL;
	c->tail = &c->head;
}

/* The first in the main queue waits on the pending bit: it came when @prev had the lock. */
static bool first_is_pending(const struct spinlock *l, const struct spin_grant *prev)
{
	return l->wait_head && !l->cna->head && l->wait_head->lock_arrival >= prev->grant;
}

/* Take the waiter that is next after @prev out of the queues; *@passed: others looked at. */
static struct task *pick_next(struct spinlock *l, const struct spin_grant *prev, u32 *passed)
{
	const struct cpu *cpus = l->kern->hw->cpus;
	const struct spin_cna *c = l->cna;
	struct task **link = &l->wait_head;

	*passed = 0;
	if (first_is_pending(l, prev))
		return main_pop(l);
	if (c->head && prev->release - c->since >= c->threshold) {
		splice(l);
		return main_pop(l);
	}
	for (; *link && (*link)->lock_arrival < prev->release; link = &(*link)->lock_next) {
		if ((*link)->x.cpu->node != cpus[prev->cpu].node) {
			++*passed;
			continue;
		}
		if (*passed)
			skip_before(l, link, prev->release);
		return main_pop(l);
	}
	splice(l);
	return main_pop(l);
}

/* A new acquisition of @t in the ring. Keeps who had the lock before. */
static struct spin_grant *append(struct spinlock *l, struct task *t, u64 stall)
{
	const struct spin_grant *prev = l->last;
	struct spin_grant *g;

	if (prev) {
		l->prev_cpu = prev->cpu;
		l->last_site = prev->site;
	}
	g = spin_append(l, t, stall);
	g->acq_bounce = prev && l->prev_cpu != g->cpu;
	l->owner = t;
	return g;
}

/* The release is seen: hand over. */
static void released(struct spinlock *l)
{
	struct spin_grant prev = *l->last, *g;
	u32 passed, delta = 0;
	bool pending = first_is_pending(l, &prev);
	struct task *next = pick_next(l, &prev, &passed);
	u64 stall = spin_cas_stall(next, next->lock_line_last);
	u64 release = prev.release;

	g = append(l, next, stall);
	if (next->lock_arrival < release) {
		g->contended = true;
		g->queued = !pending;
		g->con_bounce = next->lock_seen_cpu != g->cpu;
		g->holder = next->lock_seen_site;
		g->holder_cpu = next->lock_seen_cpu;
		prev.release += passed * cost(next, MK_CNA_SCAN);
		g->grant = qspin_grant(next, &prev, g, stall);
	}
	if (g->grant == release)
		delta = prev.release_delta + 1;
	proc_wake(&next->x.proc, g->grant, delta);
}

static void drained(struct sim *s, void *arg)
{
	(void)s;
	released(arg);
}

/* What the acquisition of @t, which will wait, met: who has had the lock up to now. */
static void note_seen(struct task *t, const struct spinlock *l)
{
	const struct spin_grant *last = l->last;
	bool granted = last->grant < t->lock_arrival || !l->last_site;

	t->lock_seen_cpu = granted ? last->cpu : l->prev_cpu;
	t->lock_seen_site = granted ? last->site : l->last_site;
}

void cna_lock(struct task *t, struct spinlock *l)
{
	u64 stall = spin_cas_stall(t, t->lock_line_last);
	const struct spin_grant *prev = l->last;

	if (!l->owner && !cna_has_waiters(l)) {
		/* a CPU sees its own unlock at once */
		if (!prev || prev->release <= t->lock_arrival || prev->cpu == task_cpu(t)) {
			u32 delta = prev && prev->release == t->lock_arrival + stall ?
					    prev->release_delta + 1 :
					    0;

			spin_advance_to(t, l, append(l, t, stall), delta, stall);
			return;
		}
		sim_at(t->kern->sim, EV_TIMER, prev->release, drained, l);
	}
	note_seen(t, l);
	main_push(l, t);
	spin_wait(t, l, stall);
}

void cna_unlock(struct task *t, struct spinlock *l)
{
	struct sim *s = t->kern->sim;
	u64 release;

	spin_note_release(t, l);
	l->owner = NULL;
	if (!cna_has_waiters(l))
		return;
	release = l->last->release;
	if (release > s->now)
		sim_at(s, EV_TIMER, release, drained, l);
	else
		released(l);
}

static void count_waiters(struct spinlock *l, const struct task *t, bool pending)
{
	for (; t; t = t->lock_next) {
		struct spin_grant g = {
			.cpu = (u16)task_cpu(t),
			.queued = !pending,
			.con_bounce = t->lock_seen_cpu != task_cpu(t),
		};

		spin_count_contention(l, &g);
		pending = false;
	}
}

void cna_fold_end(struct spinlock *l)
{
	count_waiters(l, l->wait_head, l->wait_head && first_is_pending(l, l->last));
	count_waiters(l, l->cna->head, false);
}
