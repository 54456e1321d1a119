/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Work items that are queued by a timer. Timers count jiffies and fire at a tick: n jiffies
 * from now is between n and n + 1 of them, and the wheel of kernel/time/timer.c rounds up
 * further to the granularity of the level, 8 times coarser from each level to the next one,
 * so that none fires early (the table at the top of that file). The timer queues on the CPU
 * that set it, which pays for it as interrupt time.
 *
 * Left out: timers that move to another CPU while theirs is idle, the timer base's lock.
 */
#include "sim/kern/wq_priv.h"

/* Bits of a level's index and of the clock from one level to the next. */
#define LVL_BITS 6
#define LVL_CLK_SHIFT 3
#define LVL_DEPTH 9

/* First distance in jiffies that belongs to level @n. */
static u64 lvl_start(u32 n)
{
	return n ? ((1ULL << LVL_BITS) - 1) << ((n - 1) * LVL_CLK_SHIFT) : 0;
}

/* The instant at which a timer set now for @delay fires. */
static u64 timer_expiry(const struct kern *k, u64 delay)
{
	u64 tick = PS_PER_SEC / max_u64(k->hw->c[MK_HZ], 1);
	u64 jiffies = k->sim->now / tick;
	u64 delta = delay / tick + (delay % tick != 0);
	u32 lvl = 0;

	while (lvl + 1 < LVL_DEPTH && delta >= lvl_start(lvl + 1))
		lvl++;
	/* the next boundary of the level beyond jiffies + delta */
	jiffies = ((jiffies + delta) >> (lvl * LVL_CLK_SHIFT)) + 1;
	jiffies <<= lvl * LVL_CLK_SHIFT;
	if (jiffies > k->sim->horizon / tick)
		sim_fail(k->sim, "a delayed work item is due beyond the end of time", 0, 0);
	return jiffies * tick;
}

void delayed_work_init(struct delayed_work *dw, void (*fn)(struct task *worker, struct work *w))
{
	*dw = (struct delayed_work){ .armed = false };
	work_init(&dw->work, fn);
}

static void delayed_work_timer_fn(struct sim *s, void *arg)
{
	struct delayed_work *dw = arg;
	struct kern *k = dw->kern;

	(void)s;
	dw->armed = false;
	cpu_interrupt(k->hw, &k->hw->cpus[dw->cpu], k->hw->c[MK_QUEUE_WORK]);
	wq_insert(NULL, dw->cpu, dw->wq, &dw->work);
}

/* @dw is pending and nowhere; at an interaction point. */
static void delayed_work_arm(struct task *t, struct workqueue *wq, struct delayed_work *dw,
			     u64 delay)
{
	task_sync(t);
	if (!delay) {
		wq_insert(t, task_cpu(t), wq, &dw->work);
		work(t, cost(t, MK_QUEUE_WORK));
		return;
	}
	dw->wq = wq;
	dw->cpu = task_cpu(t);
	dw->kern = t->kern;
	dw->armed = true;
	dw->timer = sim_at(t->kern->sim, EV_TIMER, timer_expiry(t->kern, delay),
			   delayed_work_timer_fn, dw);
}

bool queue_delayed_work(struct task *t, struct workqueue *wq, struct delayed_work *dw, u64 delay)
{
	task_sync(t);
	if (!work_grab_bit(t, &dw->work))
		return false;
	delayed_work_arm(t, wq, dw, delay);
	return true;
}

bool delayed_timer_stop(struct delayed_work *dw)
{
	if (!dw->armed)
		return false;
	sim_cancel(dw->kern->sim, dw->timer);
	dw->armed = false;
	dw->work.pending = false;
	return true;
}

bool cancel_delayed_work(struct task *t, struct delayed_work *dw)
{
	return try_to_grab_pending(t, &dw->work, dw);
}

bool cancel_delayed_work_sync(struct task *t, struct delayed_work *dw)
{
	bool was = cancel_delayed_work(t, dw);

	flush_work(t, &dw->work);
	return was;
}

bool mod_delayed_work(struct task *t, struct workqueue *wq, struct delayed_work *dw, u64 delay)
{
	bool was = cancel_delayed_work(t, dw);

	/* somebody else may have queued it in between: that queueing is as new as this one */
	queue_delayed_work(t, wq, dw, delay);
	return was;
}

void flush_delayed_work(struct task *t, struct delayed_work *dw)
{
	task_sync(t);
	if (delayed_timer_stop(dw)) {
		dw->work.pending = true;
		wq_insert(t, dw->cpu, dw->wq, &dw->work);
		work(t, cost(t, MK_QUEUE_WORK));
	}
	flush_work(t, &dw->work);
}
