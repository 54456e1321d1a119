// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Optimistic spinning of mutexes (reference machine.md 2.6): spinners queue in the
 * OSQ, its head polls the owner word; so does a woken first waiter, beside the OSQ.
 * A poller sees a change of the owner, or that it left its CPU, one transfer later
 * and then tries its own exchange: whoever came first has it. Spinning ends when the
 * owner leaves its CPU or the spinner's own slice is over and another task waits.
 * Interrupt time that hits a spinner is paid when it next looks.
 */
#include "sim/kern/mutex_priv.h"
#include "sim/kern/sched.h"
#include "sim/kern/spinner.h"

static const struct frame_site owner_site = { "mutex_spin_on_owner" };

static bool may_spin(struct task *t, const struct mutex *m)
{
	if (spinner_need_resched(t))
		return false;
	return !m->owner || m->owner == t || m->owner->sched_state == TASK_ON_CPU;
}

void mutex_kick_spinners(struct mutex *m, u32 cpu)
{
	if (osq_first(&m->osq))
		spinner_kick_from(osq_first(&m->osq), cpu);
	if (m->spin_waiter)
		spinner_kick_from(m->spin_waiter, cpu);
}

void mutex_owner_left(struct mutex *m)
{
	mutex_kick_spinners(m, task_cpu(m->owner));
}

static void slice_over(struct sim *s, void *arg)
{
	struct task *t = arg;

	(void)s;
	t->spin_timed = false;
	spinner_kick(t, 0);
}

void mutex_spinner_queued(struct task *t)
{
	struct sim *s = t->kern->sim;

	if (t->spin_timed)
		sim_cancel(s, t->spin_timer);
	t->spin_timed = true;
	t->spin_timer = sim_at(s, EV_TIMER, max_u64(t->rq->slice_end, s->now), slice_over, t);
}

static bool poll_owner(struct task *t, struct mutex *m)
{
	for (;;) {
		if (mutex_take(t, m))
			return true;
		if (!may_spin(t, m))
			return false;
		spinner_wait(t, CPU_MUTEX_SPIN, &owner_site, TIME_MAX, &mutex_side(m)->spin);
	}
}

bool mutex_spin(struct task *t, struct mutex *m, bool waiter)
{
	bool got = false;

	if (waiter) {
		m->spin_waiter = t;
		got = poll_owner(t, m);
		m->spin_waiter = NULL;
	} else if (may_spin(t, m) && osq_lock(t, &m->osq, &m->line, &mutex_side(m)->spin)) {
		got = poll_owner(t, m);
		osq_unlock(t, &m->osq);
	}
	if (!got && spinner_need_resched(t)) {
		sched_away(t, TASK_QUEUED);
		task_sync(t);
	}
	return got;
}
