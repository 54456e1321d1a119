/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Test-and-set spin lock, the slow path of a guest without paravirtual spin locks:
 * unfair, the next owner is drawn among the pollers with weights 1/xfer. The
 * releaser, or a CPU of its LLC group, that tries before the drawn winner's
 * transfer is over takes the lock; the winner goes on polling. Always queued.
 * Facts: reference machine.md 2.1, section 0 decision 7.
 */
#include "sim/kern/spin_priv.h"

static void tas_take(struct task *t, struct spinlock *l, bool contended)
{
	struct spin_grant *g = &l->hold;
	u16 prev = l->prev_cpu;

	l->owner = t;
	l->winner = NULL;
	*g = (struct spin_grant){
		.arrival = t->lock_arrival,
		.grant = task_clock(t),
		.cpu = (u16)task_cpu(t),
		.site = t->lock_site,
		.holder = l->last_site ? l->last_site : t->lock_site,
		.holder_cpu = prev == LINE_NO_OWNER ? (u16)task_cpu(t) : prev,
		.contended = contended,
	};
	g->acq_bounce = prev != LINE_NO_OWNER && prev != g->cpu;
	g->con_bounce = contended && g->acq_bounce;
}

static void poller_del(struct spinlock *l, struct task *t)
{
	struct task **link;

	for (link = &l->wait_head; *link != t; link = &(*link)->lock_next)
		;
	*link = t->lock_next;
	if (l->wait_tail == &t->lock_next)
		l->wait_tail = link;
	l->nr_pollers--;
}

static void poller_add(struct spinlock *l, struct task *t)
{
	t->lock_next = NULL;
	*l->wait_tail = t;
	l->wait_tail = &t->lock_next;
	l->nr_pollers++;
}

/* Draw the next owner: nearer pollers win more often. */
static struct task *tas_draw(struct spinlock *l)
{
	const struct hw *hw = l->kern->hw;
	u64 total = 0, pick;
	struct task *t;

	for (t = l->wait_head; t; t = t->lock_next)
		total += PS_PER_SEC / max_u64(hw_xfer(hw, l->prev_cpu, task_cpu(t)), PS_PER_NS);
	pick = rng_below(&l->kern->arbitration, total);
	for (t = l->wait_head; t->lock_next; t = t->lock_next) {
		u64 w = PS_PER_SEC / max_u64(hw_xfer(hw, l->prev_cpu, task_cpu(t)), PS_PER_NS);

		if (pick < w)
			break;
		pick -= w;
	}
	return t;
}

/* The unlock store is visible: somebody's exchange succeeds after the hand-over. */
static void tas_released(struct spinlock *l)
{
	struct hw *hw = l->kern->hw;
	u64 now = hw->sim->now, xfer, h, failed;
	u32 k = l->nr_pollers;
	struct task *w;

	l->draining = false;
	if (!k)
		return;
	w = tas_draw(l);
	xfer = hw_xfer(hw, l->prev_cpu, task_cpu(w));
	failed = min_u64(hw->c[MK_TAS_FAILED_RMW], k - 1);
	h = xfer + min_u64(k, hw->nr_cpus) * hw->c[MK_INVAL_PER_SHARER] / 2;
	h += failed * hw->rmw_hot[hw_dist(hw, l->prev_cpu, task_cpu(w))];
	poller_del(l, w);
	l->winner = w;
	l->steal_until = now + xfer;
	proc_wake(&w->x.proc, now + h, h ? 0 : hw->sim->delta + 1);
}

static void tas_drained(struct sim *s, void *arg)
{
	(void)s;
	tas_released(arg);
}

/* True if @t may take a lock whose release is under way or whose winner is not there yet. */
static bool tas_may_steal(struct task *t, struct spinlock *l)
{
	if (l->draining)
		return l->prev_cpu == task_cpu(t);
	return l->winner && task_clock(t) < l->steal_until &&
	       l->kern->hw->cpus[l->prev_cpu].llc == t->x.cpu->llc;
}

static void tas_steal(struct task *t, struct spinlock *l)
{
	if (l->draining) {
		sim_cancel(t->kern->sim, l->release);
		l->draining = false;
	}
	if (l->winner) {
		proc_unwake(&l->winner->x.proc);
		poller_add(l, l->winner);
		l->winner = NULL;
	}
}

void tas_lock(struct task *t, struct spinlock *l, const struct frame_site *site)
{
	u64 stall = spin_cas_stall(t, t->lock_line_last);
	bool busy = l->owner || l->draining || l->winner;

	(void)site;
	if (busy && (l->owner || !tas_may_steal(t, l))) {
		poller_add(l, t);
		spin_wait(t, l, stall);
		tas_take(t, l, true);
		return;
	}
	if (busy)
		tas_steal(t, l);
	tas_take(t, l, false);
	exec_charge(&t->x, CPU_ATOMIC_STALL, stall);
	l->hold.grant = task_clock(t);
}

void tas_unlock(struct task *t, struct spinlock *l)
{
	struct sim *s = t->kern->sim;
	u64 at;

	exec_sync(&t->x);
	at = spin_release_time(t);
	l->hold.release = at;
	spin_count(l, &l->hold);
	l->prev_cpu = (u16)task_cpu(t);
	l->last_site = l->hold.site;
	l->owner = NULL;
	l->draining = true;
	if (at > s->now)
		l->release = sim_at(s, EV_TIMER, at, tas_drained, l);
	else
		tas_released(l);
}
