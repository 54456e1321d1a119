/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Mutex (reference machine.md 2.6). Spinners wait in arrival order while the owner
 * runs; when the owner leaves its CPU they go to sleep. Left out: the wait_lock's
 * own contention; a spinner that must reschedule while it spins goes on until the
 * owner leaves or releases.
 */
#include "sim/kern/mutex.h"

#include <errno.h>
#include <string.h>

#include "sim/kern/sched.h"

int mutex_init(struct kern *k, struct mutex *m, const char *name)
{
	memset(m, 0, sizeof(*m));
	m->class = lock_stats_class(&k->lock_stats, name, "mutex");
	if (!m->class)
		return -ENOMEM;
	m->kern = k;
	m->last_cpu = LINE_NO_OWNER;
	list_init(&m->sleepers);
	list_init(&m->spinners);
	gline_init(&m->line.g, 0);
	return 0;
}

static struct lock_side *side(struct mutex *m)
{
	return &m->class->side[0];
}

static void mutex_own(struct task *t, struct mutex *m)
{
	m->owner = t;
	if (m->handoff == t)
		m->handoff = NULL;
	if (t->nr_mutexes == ARRAY_SIZE(t->mutexes))
		sim_fail(t->kern->sim, "a task holds more than 4 mutexes", 0, 0);
	t->mutexes[t->nr_mutexes++] = m;
}

/* The owner takes the line. Call synchronised. */
static void mutex_acquire(struct task *t, struct mutex *m)
{
	if (m->last_cpu != LINE_NO_OWNER && m->last_cpu != task_cpu(t))
		side(m)->acq_bounces++;
	m->last_cpu = (u16)task_cpu(t);
	m->acquired_at = task_clock(t);
	line_rmw(&t->x, &m->line);
}

static bool mutex_free_for(const struct mutex *m, const struct task *t)
{
	return !m->owner && (!m->handoff || m->handoff == t);
}

bool mutex_trylock(struct task *t, struct mutex *m)
{
	task_sync(t);
	if (!mutex_free_for(m, t)) {
		line_load(&t->x, &m->line);
		return false;
	}
	mutex_own(t, m);
	mutex_acquire(t, m);
	return true;
}

/* Spin while the owner runs; true if the lock was handed over. */
static bool mutex_spin(struct task *t, struct mutex *m)
{
	static const struct frame_site osq = { "osq_lock" }, owner = { "mutex_spin_on_owner" };
	bool first = list_empty(&m->spinners);

	if (!m->owner || m->owner->sched_state != TASK_ON_CPU || t->queued_others)
		return false;
	list_add_tail(&t->wait_node, &m->spinners);
	exec_wait_begin(&t->x, CPU_MUTEX_SPIN, 0, first ? CPU_MUTEX_SPIN : CPU_OSQ,
			profile_enter(&t->x.hw->profile, t->x.frame, first ? &owner : &osq));
	proc_block(&t->x.proc);
	exec_wait_end(&t->x);
	exec_pay_irq(&t->x);
	task_sync(t);
	return m->owner == t;
}

static void mutex_sleep(struct task *t, struct mutex *m)
{
	u64 since = task_clock(t);

	if (mutex_free_for(m, t)) {
		mutex_own(t, m);
		return;
	}
	side(m)->contentions++;
	side(m)->queued_contentions++;
	if (m->last_cpu != task_cpu(t))
		side(m)->con_bounces++;
	list_add_tail(&t->wait_node, &m->sleepers);
	for (;;) {
		task_block(t);
		task_sync(t);
		if (m->owner == t)
			break;
		if (mutex_free_for(m, t)) {
			mutex_own(t, m);
			break;
		}
		m->handoff = t;
		list_add(&t->wait_node, &m->sleepers);
	}
	lock_side_wait(side(m), task_clock(t) - since);
	side(m)->sleep += task_clock(t) - since;
}

void mutex_lock(struct task *t, struct mutex *m)
{
	FRAME(t, "mutex_lock");

	if (t->x.section)
		sim_fail(t->kern->sim, "a task may sleep while it holds a spin lock", 0, 0);
	t->waits_for = m->class;
	if (!mutex_trylock(t, m)) {
		task_sync(t);
		if (mutex_free_for(m, t))
			mutex_own(t, m);
		else if (!mutex_spin(t, m))
			mutex_sleep(t, m);
		mutex_acquire(t, m);
	}
	t->waits_for = NULL;
}

void mutex_owner_left(struct mutex *m)
{
	while (!list_empty(&m->spinners)) {
		struct task *t = list_first_entry(&m->spinners, struct task, wait_node);

		list_del(&t->wait_node);
		proc_wake(&t->x.proc, m->kern->sim->now, m->kern->sim->delta + 1);
	}
}

/* Take the mutex off the task's list of owned ones. */
static void mutex_disown(struct task *t, struct mutex *m)
{
	for (u32 i = 0; i < t->nr_mutexes; i++) {
		if (t->mutexes[i] != m)
			continue;
		t->mutexes[i] = t->mutexes[--t->nr_mutexes];
		return;
	}
}

void mutex_unlock(struct task *t, struct mutex *m)
{
	struct sim *s = t->kern->sim;
	struct task *next;

	task_sync(t);
	line_rmw(&t->x, &m->line);
	task_sync(t);
	if (m->owner != t)
		sim_fail(s, "a task releases a mutex that it does not own", 0, 0);
	mutex_disown(t, m);
	lock_side_hold(side(m), task_clock(t) - m->acquired_at);
	side(m)->owned += task_clock(t) - m->acquired_at;
	m->owner = NULL;
	if (m->handoff) {
		next = m->handoff;
		list_del(&next->wait_node);
		mutex_own(next, m);
		task_wake(t, next);
		return;
	}
	if (!list_empty(&m->spinners)) {
		u64 ps;

		next = list_first_entry(&m->spinners, struct task, wait_node);
		list_del(&next->wait_node);
		mutex_own(next, m);
		ps = hw_xfer(t->x.hw, task_cpu(t), task_cpu(next));
		proc_wake(&next->x.proc, s->now + ps, ps ? 0 : s->delta + 1);
	} else if (!list_empty(&m->sleepers)) {
		next = list_first_entry(&m->sleepers, struct task, wait_node);
		list_del(&next->wait_node);
		task_wake(t, next);
	}
}
