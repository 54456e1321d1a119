// SPDX-License-Identifier: GPL-2.0-or-later
/* Optimistic spinners; see the header. */
#include "sim/kern/spinner.h"

#include "sim/kern/mutex.h"

void spinner_kick(struct task *t, u64 ps)
{
	struct sim *s = t->kern->sim;

	if (t->spinning && t->x.proc.state == PROC_BLOCKED)
		proc_wake(&t->x.proc, s->now + ps, ps ? 0 : s->delta + 1);
}

void spinner_kick_from(struct task *t, u32 cpu)
{
	spinner_kick(t, hw_xfer(t->x.hw, cpu, task_cpu(t)));
}

static void look_again(struct sim *s, void *arg)
{
	(void)s;
	spinner_kick(arg, 0);
}

void spinner_wait(struct task *t, enum cpu_bucket b, const struct frame_site *site, u64 until,
		  u128 *spin)
{
	struct exec *x = &t->x;
	struct sim *s = t->kern->sim;
	struct sim_handle timer = { 0 };
	u64 since = task_clock(t);

	exec_wait_begin(x, b, 0, b, profile_enter(&x->hw->profile, x->frame, site, __LINE__));
	t->spinning = true;
	if (t->rq->nr_queued)
		mutex_spinner_queued(t);
	if (until != TIME_MAX)
		timer = sim_at(s, EV_TIMER, until, look_again, t);
	proc_block(&x->proc);
	t->spinning = false;
	if (until != TIME_MAX)
		sim_cancel(s, timer);
	if (t->spin_timed)
		sim_cancel(s, t->spin_timer);
	t->spin_timed = false;
	exec_wait_end(x);
	if (spin)
		*spin += task_clock(t) - since;
	exec_pay_irq(x);
	task_sync(t);
}
