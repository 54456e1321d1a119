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

static const struct frame_site osq_site = { "osq_lock" };
static const struct frame_site owner_site = { "mutex_spin_on_owner" };

static bool need_resched(struct task *t)
{
	return t->kern->sim->now >= t->rq->resched_at;
}

static bool may_spin(struct task *t, const struct mutex *m)
{
	if (need_resched(t))
		return false;
	return !m->owner || m->owner == t || m->owner->sched_state == TASK_ON_CPU;
}

/* @t looks again in @ps, unless it is about to look anyway. */
static void kick(struct task *t, u64 ps)
{
	struct sim *s = t->kern->sim;

	if (t->spinning && t->x.proc.state == PROC_BLOCKED)
		proc_wake(&t->x.proc, s->now + ps, ps ? 0 : s->delta + 1);
}

static void kick_from(struct task *t, u32 cpu)
{
	kick(t, hw_xfer(t->x.hw, cpu, task_cpu(t)));
}

void mutex_kick_spinners(struct mutex *m, u32 cpu)
{
	if (!list_empty(&m->spinners))
		kick_from(list_first_entry(&m->spinners, struct task, wait_node), cpu);
	if (m->spin_waiter)
		kick_from(m->spin_waiter, cpu);
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
	kick(t, 0);
}

void mutex_spinner_queued(struct task *t)
{
	struct sim *s = t->kern->sim;

	if (t->spin_timed)
		sim_cancel(s, t->spin_timer);
	t->spin_timed = true;
	t->spin_timer = sim_at(s, EV_TIMER, max_u64(t->rq->slice_end, s->now), slice_over, t);
}

/* Poll until something changes. Call and return synchronised. */
static void spin_wait(struct task *t, struct mutex *m, enum cpu_bucket b,
		      const struct frame_site *site)
{
	struct exec *x = &t->x;
	u64 since = task_clock(t);

	exec_wait_begin(x, b, 0, b, profile_enter(&x->hw->profile, x->frame, site, __LINE__));
	t->spinning = true;
	if (t->rq->nr_queued)
		mutex_spinner_queued(t);
	proc_block(&x->proc);
	t->spinning = false;
	if (t->spin_timed)
		sim_cancel(t->kern->sim, t->spin_timer);
	t->spin_timed = false;
	exec_wait_end(x);
	mutex_side(m)->spin += task_clock(t) - since;
	exec_pay_irq(x);
	task_sync(t);
}

static bool osq_head(const struct mutex *m, const struct task *t)
{
	return list_first_entry(&m->spinners, struct task, wait_node) == t;
}

/* Queue up among the spinners; true at the head of the queue. */
static bool osq_lock(struct task *t, struct mutex *m)
{
	list_add_tail(&t->wait_node, &m->spinners);
	line_rmw(&t->x, &m->line);
	task_sync(t);
	while (!osq_head(m, t)) {
		if (need_resched(t)) {
			list_del(&t->wait_node);
			return false;
		}
		spin_wait(t, m, CPU_OSQ, &osq_site);
	}
	return true;
}

static void osq_unlock(struct task *t, struct mutex *m)
{
	list_del(&t->wait_node);
	if (!list_empty(&m->spinners))
		kick_from(list_first_entry(&m->spinners, struct task, wait_node), task_cpu(t));
}

static bool poll_owner(struct task *t, struct mutex *m)
{
	for (;;) {
		if (mutex_take(t, m))
			return true;
		if (!may_spin(t, m))
			return false;
		spin_wait(t, m, CPU_MUTEX_SPIN, &owner_site);
	}
}

bool mutex_spin(struct task *t, struct mutex *m, bool waiter)
{
	bool got = false;

	if (waiter) {
		m->spin_waiter = t;
		got = poll_owner(t, m);
		m->spin_waiter = NULL;
	} else if (may_spin(t, m) && osq_lock(t, m)) {
		got = poll_owner(t, m);
		osq_unlock(t, m);
	}
	if (!got && need_resched(t)) {
		sched_away(t, TASK_QUEUED);
		task_sync(t);
	}
	return got;
}
