/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Mutex (reference machine.md 2.6): the kernel's paths step by step. An exchange on
 * the owner word that finds it free has the lock, so that an arriving task or a
 * spinner may overtake a woken waiter; the waiter then asks for a hand-off. Waiters
 * are queued, and woken by the unlock, under the wait_lock, a raw spin lock of the
 * kernel's class "&lock->wait_lock".
 *
 * lock_stat: a task that never queues to sleep counts as acquired without contention
 * and its hold begins with the call; queued_contentions counts slow paths.
 *
 * Left out: the wait_lock's word shares the line of the owner word in the kernel, here
 * it is on its own; the failed exchanges of several pollers of one release; signals
 * and ww_mutex.
 */
#include "sim/kern/mutex.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sim/kern/bug.h"
#include "sim/kern/lockdep.h"
#include "sim/kern/mutex_priv.h"
#include "sim/kern/sched.h"
#include "sim/kern/spinlock.h"

struct mutex_wait {
	struct spinlock lock;
	struct mutex_wait *next;
};

int mutex_init(struct kern *k, struct mutex *m, const char *name)
{
	memset(m, 0, sizeof(*m));
	m->class = lock_stats_class(&k->lock_stats, name, "mutex");
	m->wait = calloc(1, sizeof(*m->wait));
	if (!m->class || !m->wait ||
	    spin_lock_init(k, &m->wait->lock, "&lock->wait_lock", SPIN_QSPINLOCK)) {
		free(m->wait);
		return -ENOMEM;
	}
	m->wait->next = k->mutex_waits;
	k->mutex_waits = m->wait;
	m->kern = k;
	m->instance = m->class->nr_instances++;
	m->last_cpu = LINE_NO_OWNER;
	list_init(&m->waiters);
	osq_lock_init(&m->osq);
	gline_init(&m->line.g, 0);
	return 0;
}

void mutex_free_all(struct kern *k)
{
	while (k->mutex_waits) {
		struct mutex_wait *w = k->mutex_waits;

		k->mutex_waits = w->next;
		spin_lock_destroy(&w->lock);
		free(w);
	}
}

static void mutex_own(struct task *t, struct mutex *m)
{
	m->owner = t;
	m->owned_from = t->kern->sim->now;
	m->owner_site = t->mutex_site;
	m->owner_cpu = (u16)task_cpu(t);
	if (t->nr_mutexes == ARRAY_SIZE(t->mutexes))
		sim_fail(t->kern->sim, "a task holds more than 4 mutexes", 0, 0);
	t->mutexes[t->nr_mutexes++] = m;
}

static void mutex_disown(struct task *t, struct mutex *m)
{
	lock_side_hold(mutex_side(m), task_clock(t) - m->hold_from);
	mutex_side(m)->owned += task_clock(t) - m->owned_from;
	m->owner = NULL;
	for (u32 i = 0; i < t->nr_mutexes; i++) {
		if (t->mutexes[i] != m)
			continue;
		t->mutexes[i] = t->mutexes[--t->nr_mutexes];
		return;
	}
}

bool mutex_take(struct task *t, struct mutex *m)
{
	if (m->owner && m->owner != t)
		return false;
	if (!m->owner)
		mutex_own(t, m);
	line_rmw(&t->x, &m->line);
	task_sync(t);
	return true;
}

bool mutex_trylock(struct task *t, struct mutex *m)
{
	u64 start;

	task_sync(t);
	start = task_clock(t);
	t->mutex_site = t->x.frame->site;
	if (!mutex_take(t, m)) {
		line_load(&t->x, &m->line);
		return false;
	}
	m->hold_from = start;
	lockdep_acquire(t, m, m->class, m->instance, LOCKDEP_TRY);
	return true;
}

/* ---- sleeping --------------------------------------------------------------- */

static void wait_lock(struct task *t, struct mutex *m)
{
	spin_lock(t, &m->wait->lock);
	task_sync(t);
}

static void wait_unlock(struct task *t, struct mutex *m)
{
	spin_unlock(t, &m->wait->lock);
	task_sync(t);
}

static bool first_waiter(const struct mutex *m, const struct task *t)
{
	return list_first_entry(&m->waiters, struct task, wait_node) == t;
}

/* Sleep until woken, then try; returns with the mutex owned and the wait_lock held. */
static void mutex_wait_turn(struct task *t, struct mutex *m)
{
	for (;;) {
		t->mutex_woken = false;
		wait_unlock(t, m);
		if (!t->mutex_woken)
			task_block(t);
		task_sync(t);
		if (mutex_take(t, m))
			break;
		if (first_waiter(m, t)) {
			m->handoff = true;
			if (mutex_spin(t, m, true))
				break;
		}
		wait_lock(t, m);
		if (mutex_take(t, m))
			return;
	}
	wait_lock(t, m);
}

/* The sleeping path; true if the task was queued, as lock_stat sees it. */
static bool mutex_sleep(struct task *t, struct mutex *m)
{
	struct lock_side *s = mutex_side(m);
	const struct frame_site *holder;
	enum hw_dist dist;
	u64 since;

	wait_lock(t, m);
	if (mutex_take(t, m)) {
		wait_unlock(t, m);
		return false;
	}
	since = task_clock(t);
	holder = m->owner_site;
	dist = hw_dist(t->x.hw, task_cpu(t), m->owner_cpu);
	s->contentions++;
	if (m->last_cpu != task_cpu(t))
		s->con_bounces++;
	list_add_tail(&t->wait_node, &m->waiters);
	mutex_wait_turn(t, m);
	list_del(&t->wait_node);
	if (list_empty(&m->waiters))
		m->handoff = false;
	lock_side_wait(s, task_clock(t) - since);
	s->sleep += task_clock(t) - since;
	lock_class_caller(m->class, t->mutex_site->symbol, holder->symbol, (u8)dist,
			  task_clock(t) - since);
	m->hold_from = task_clock(t);
	wait_unlock(t, m);
	return true;
}

/* ---- lock and unlock ---------------------------------------------------------- */

/* lock_stat's view of an acquisition; call synchronised. */
static void count_acquired(struct task *t, struct mutex *m)
{
	if (m->last_cpu != LINE_NO_OWNER && m->last_cpu != task_cpu(t))
		mutex_side(m)->acq_bounces++;
	m->last_cpu = (u16)task_cpu(t);
}

static void mutex_lock_slow(struct task *t, struct mutex *m, u64 start)
{
	bool queued = false;

	task_sync(t);
	mutex_side(m)->queued_contentions++;
	if (!mutex_take(t, m) && !mutex_spin(t, m, false))
		queued = mutex_sleep(t, m);
	if (!queued)
		m->hold_from = start;
	count_acquired(t, m);
}

void mutex_lock(struct task *t, struct mutex *m)
{
	const struct frame_site *site = t->x.frame->site;
	u64 start;

	FRAME(t, "mutex_lock");

	might_sleep_on(t, m->class, m->instance);
	t->waits_for = m->class;
	t->mutex_site = site;
	task_sync(t);
	if (m->owner == t)
		kern_bug(t, "a task takes a mutex that it owns", m->class, m->instance);
	lockdep_acquire(t, m, m->class, m->instance, LOCKDEP_WRITE);
	start = task_clock(t);
	/* the exchange expects zero: neither owner nor waiters */
	if (!m->owner && list_empty(&m->waiters)) {
		mutex_own(t, m);
		m->hold_from = start;
		count_acquired(t, m);
		line_rmw(&t->x, &m->line);
	} else {
		line_rmw(&t->x, &m->line);
		mutex_lock_slow(t, m, start);
	}
	t->waits_for = NULL;
}

/* Wake the first waiter, which may be on its way to sleep. */
static void mutex_wake(struct task *t, struct task *next)
{
	next->mutex_woken = true;
	task_wake(t, next);
}

/* The slow path: waiters are there. With a hand-off the first one becomes the owner. */
static void mutex_unlock_slow(struct task *t, struct mutex *m)
{
	struct task *next = NULL;

	wait_lock(t, m);
	if (!list_empty(&m->waiters))
		next = list_first_entry(&m->waiters, struct task, wait_node);
	if (m->owner == t) {
		mutex_disown(t, m);
		m->handoff = false;
		if (next)
			mutex_own(next, m);
		mutex_kick_spinners(m, task_cpu(t));
	}
	wait_unlock(t, m);
	if (next)
		mutex_wake(t, next);
}

void mutex_unlock(struct task *t, struct mutex *m)
{
	FRAME(t, "mutex_unlock");

	task_sync(t);
	if (m->owner != t)
		kern_bug(t, "a task releases a mutex that it does not own", m->class, m->instance);
	lockdep_release(t, m);
	line_rmw(&t->x, &m->line);
	task_sync(t);
	if (!m->handoff) {
		mutex_disown(t, m);
		mutex_kick_spinners(m, task_cpu(t));
		if (list_empty(&m->waiters))
			return;
	}
	mutex_unlock_slow(t, m);
}
