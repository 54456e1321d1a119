/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The paravirtual slow path of the qspinlock, `virt: pv`: hybrid of queued and unfair.
 * Facts: reference machine.md 2.4.6; kernel/locking/qspinlock_paravirt.h of 6.12 (its comments
 * and names), arch/x86/kernel/kvm.c.
 *
 * There is no pending waiter as on bare metal: who finds the word not 0 is in the slow path
 * at once. There it may steal the lock if that is free and the pending bit is not set. While
 * others are queued without the bit it polls the word for that; else it joins the MCS queue.
 * The head of the queue sets pending when it begins to spin, so it is passed only
 * before that (its promotion is under way), and while it is halted or wakes up.
 *
 * A node of the queue spins for SPIN_THRESHOLD polls, then halts its vCPU: pv_wait_node(); also
 * when the node before it does not run, which it looks at every PV_PREV_CHECK_MASK + 1 polls:
 * pv_wait_early(). The head spins as long, clears pending, marks the lock slow and halts:
 * pv_wait_head_or_lock(). A halted node that becomes the head stays so, the owner marks the
 * lock slow for it: pv_kick_node(). The unlock of a slow lock kicks the head by a hypercall; it
 * takes the lock or, if that has been stolen, spins. It does not halt a second time: the lock
 * is not slow any more, on which pv_wait() returns at once.
 *
 * Costs. The unlock is a locked compare-exchange: it waits for the store buffer, then takes
 * rmw_local (2.4.3 posts the native unlock instead). A hand-over to who polls the word is h_q of
 * 2.4.3, a promotion one transfer. A poll takes cpu_relax, 1 ns at least. A halted waiter's time
 * is idle from the halt until its vCPU runs again: that is pv_halt, the rest of the
 * owner's section, pv_kick and pv_wake.
 *
 * Left out: vCPU preemption by the host, for which this lock was made. So a node halts only
 * after a very long wait (15 ns * 32768 = 0.5 ms), never because the owner's or the previous
 * vCPU is not on a CPU. Also the interrupts that end a halt early (tick), the state between
 * clear_pending() and set_pending() of a head that spins again, the hash table's own cost, and
 * a sibling that runs faster while its neighbour is halted. Among several that poll to steal
 * the nearest to the releaser gets the lock, in order of arrival if equally near.
 */
#include "sim/kern/spin_priv.h"

#include <errno.h>
#include <stdlib.h>

#define PV_PREV_CHECK_MASK 0xffU

const struct frame_site pv_slowpath_site = { "__pv_queued_spin_lock_slowpath" };

/* A waiter, on the stack of its coroutine. */
struct pv_node {
	struct task *t;
	struct spinlock *lock;
	struct pv_node *next; /* in the queue, or among those that poll to steal */
	u64 since; /* its present spin began */
	u64 expiry; /* and ends, while @timed */
	u64 halted_at;
	u64 sleep; /* halted so far, ps */
	struct sim_handle timer;
	bool timed; /* @timer is set */
	bool due; /* its proc has been woken */
	bool granted, halted, kicked;
};

struct spin_pv {
	struct pv_node *head, **tail; /* MCS queue */
	struct pv_node *pollers, **pollers_tail; /* in unfair mode, in order of arrival */
	bool pending; /* the head spins on the word, no stealing */
	u64 hold_sleep; /* of the owner's wait */
	struct pv_lock_events ev;
};

int pv_init(struct spinlock *l)
{
	struct spin_pv *pv = calloc(1, sizeof(*pv));

	if (!pv)
		return -ENOMEM;
	pv->tail = &pv->head;
	pv->pollers_tail = &pv->pollers;
	l->pv = pv;
	return 0;
}

const struct pv_lock_events *pv_lock_events(const struct spinlock *l)
{
	return &l->pv->ev;
}

bool pv_has_waiters(const struct spinlock *l)
{
	return l->pv->head;
}

static u64 poll_ps(const struct task *t)
{
	return max_u64(cost(t, MK_CPU_RELAX), PS_PER_NS);
}

static u64 spin_limit(const struct task *t)
{
	return cost(t, MK_PV_SPIN_THRESHOLD) * poll_ps(t);
}

/* ---- the end of a spin ------------------------------------------------------- */

static void proc_wake_at(struct pv_node *n, u64 at)
{
	struct sim *s = n->t->kern->sim;

	n->due = true;
	proc_wake(&n->t->x.proc, at, at > s->now ? 0 : s->delta + 1);
}

/* @n has polled enough; it is told by its own code at this instant. */
static void expired(struct sim *s, void *arg)
{
	struct pv_node *n = arg;

	n->timed = false;
	proc_wake_at(n, s->now);
}

static void arm(struct pv_node *n, u64 at)
{
	struct sim *s = n->t->kern->sim;

	n->expiry = at;
	n->timed = true;
	n->timer = sim_at(s, EV_TIMER, max_u64(at, s->now), expired, n);
}

/* @n, which spins, goes on for now: no expiry, and none that is due already. */
static void disarm(struct pv_node *n)
{
	if (n->timed)
		sim_cancel(n->t->kern->sim, n->timer);
	if (n->due)
		proc_unwake(&n->t->x.proc);
	n->timed = false;
	n->due = false;
}

/* When @n, which spins, looks at the node before it for the first time from now on. */
static u64 next_check(const struct pv_node *n)
{
	u64 every = (PV_PREV_CHECK_MASK + 1) * poll_ps(n->t);
	u64 now = n->t->kern->sim->now;

	if (now <= n->since)
		return n->since;
	return n->since + (now - n->since + every - 1) / every * every;
}

/* ---- queue ------------------------------------------------------------------- */

/* @n joins the MCS queue, @prev being last, and spins from n->since on. */
static void queue_add(struct spinlock *l, struct pv_node *n)
{
	struct spin_pv *pv = l->pv;
	struct pv_node *prev = pv->head ? container_of(pv->tail, struct pv_node, next) : NULL;

	n->next = NULL;
	*pv->tail = n;
	pv->tail = &n->next;
	if (!prev)
		pv->pending = true;
	arm(n, prev && prev->halted ? n->since : n->since + spin_limit(n->t));
}

static void poller_add(struct spinlock *l, struct pv_node *n)
{
	n->next = NULL;
	*l->pv->pollers_tail = n;
	l->pv->pollers_tail = &n->next;
}

/* The head is about to spin on the word: those that poll to steal have to queue up. */
static void set_pending(struct spinlock *l)
{
	struct spin_pv *pv = l->pv;
	struct pv_node *n = pv->pollers, *next;

	pv->pending = true;
	pv->pollers = NULL;
	pv->pollers_tail = &pv->pollers;
	for (; n; n = next) {
		next = n->next;
		n->since = max_u64(n->since, l->kern->sim->now);
		queue_add(l, n);
	}
}

/* Take the poller that sees a release by @cpu first out of the list. */
static struct pv_node *poller_pop(struct spinlock *l, u16 cpu)
{
	const struct hw *hw = l->kern->hw;
	struct spin_pv *pv = l->pv;
	struct pv_node **best = &pv->pollers, *n;

	for (struct pv_node **link = best; *link; link = &(*link)->next)
		if (hw_xfer(hw, cpu, task_cpu((*link)->t)) < hw_xfer(hw, cpu, task_cpu((*best)->t)))
			best = link;
	n = *best;
	*best = n->next;
	if (pv->pollers_tail == &n->next)
		pv->pollers_tail = best;
	return n;
}

/* ---- ownership ----------------------------------------------------------------- */

/* The lock is @t's from @at on. @n: how it waited, NULL: it did not. */
static void take(struct spinlock *l, struct task *t, bool contended, u64 at)
{
	u16 cpu = (u16)task_cpu(t);

	l->owner = t;
	l->pv->hold_sleep = 0;
	l->hold = (struct spin_grant){
		.arrival = t->lock_arrival,
		.grant = at,
		.release = TIME_MAX,
		.cpu = cpu,
		.site = t->lock_site,
		.holder = t->lock_seen_site,
		.holder_cpu = t->lock_seen_cpu,
		.contended = contended,
		/* perf's contention_begin comes before the attempt to steal */
		.queued = contended,
		.con_bounce = contended && t->lock_seen_cpu != cpu,
		.acq_bounce = l->prev_cpu != LINE_NO_OWNER && l->prev_cpu != cpu,
	};
}

/* Hand over to @n, which polls the word and sees that it is free from now on. */
static void grant(struct spinlock *l, struct pv_node *n)
{
	struct task *t = n->t;
	u64 xfer = hw_xfer(t->x.hw, l->prev_cpu, task_cpu(t));
	u64 at = l->kern->sim->now + xfer * cost(t, MK_HANDOFF_FACTOR) / 1000;

	disarm(n);
	at = max_u64(at + cost(t, MK_CPU_RELAX) / 2, n->since);
	n->granted = true;
	take(l, t, true, at);
	l->pv->hold_sleep = n->sleep;
	proc_wake_at(n, at);
}

/* The head of the queue has got word of it, and begins to spin on the lock word. */
static void promoted(struct sim *s, void *arg)
{
	struct spinlock *l = arg;
	struct pv_node *n = l->pv->head;

	n->since = max_u64(n->since, s->now);
	arm(n, n->since + spin_limit(n->t));
	set_pending(l);
	if (!l->owner)
		grant(l, n);
}

/* @n, the head, owns the lock now: the next node is promoted, or goes on in its halt. */
static void queue_pop(struct spinlock *l, struct pv_node *n)
{
	struct spin_pv *pv = l->pv;
	struct sim *s = l->kern->sim;
	struct pv_node *next = n->next;

	pv->pending = false;
	pv->head = next;
	if (!next) {
		pv->tail = &pv->head;
		return;
	}
	if (next->halted)
		return;
	disarm(next);
	sim_at(s, EV_TIMER, s->now + hw_xfer(l->kern->hw, task_cpu(n->t), task_cpu(next->t)),
	       promoted, l);
}

/* ---- halt and kick -------------------------------------------------------------- */

/* The spin of @n has ended in vain. */
static void halt(struct spinlock *l, struct pv_node *n)
{
	struct spin_pv *pv = l->pv;
	struct pv_node *next = n->next;
	u64 check;

	n->halted = true;
	n->halted_at = task_clock(n->t);
	if (n == pv->head) {
		pv->pending = false;
		pv->ev.pv_wait_head++;
	} else {
		pv->ev.pv_wait_node++;
		pv->ev.pv_wait_early += n->halted_at < n->since + spin_limit(n->t);
	}
	if (!next || !next->timed)
		return;
	check = next_check(next);
	if (check >= next->expiry)
		return;
	disarm(next);
	arm(next, check);
}

/* The vCPU of the head @n runs again. True if it has taken the lock. */
static bool resume(struct spinlock *l, struct pv_node *n)
{
	struct task *t = n->t;
	u64 stall;

	n->halted = false;
	n->since = task_clock(t);
	if (l->owner) {
		set_pending(l);
		return false;
	}
	stall = spin_cas_stall(t, l->line->last);
	l->line->last = (u16)task_cpu(t);
	set_pending(l);
	take(l, t, true, n->since + stall);
	l->pv->hold_sleep = n->sleep;
	exec_charge(&t->x, CPU_ATOMIC_STALL, stall);
	exec_sync(&t->x);
	return true;
}

/* The lock was slow and is released: the head is kicked. */
static void kick(struct task *t, struct pv_node *n)
{
	u64 at = task_clock(t) + cost(t, MK_PV_KICK);

	FRAME(t, "__pv_queued_spin_unlock_slowpath");

	n->kicked = true;
	n->lock->pv->ev.pv_kick_unlock++;
	at = max_u64(at, n->halted_at + cost(t, MK_PV_HALT));
	proc_wake_at(n, at + cost(t, MK_PV_WAKE));
	exec_charge(&t->x, CPU_WORK, cost(t, MK_PV_KICK));
}

/* ---- entry points ----------------------------------------------------------------- */

/* Whose acquisition @t meets. */
static void note_seen(struct task *t, const struct spinlock *l)
{
	bool held = l->owner && l->hold.grant <= task_clock(t);

	t->lock_seen_site = held ? l->hold.site : l->last_site;
	t->lock_seen_cpu = held ? l->hold.cpu : l->prev_cpu;
	/* the very first acquisition is under way */
	if (t->lock_seen_cpu == LINE_NO_OWNER) {
		t->lock_seen_site = l->owner ? l->hold.site : t->lock_site;
		t->lock_seen_cpu = l->owner ? l->hold.cpu : (u16)task_cpu(t);
	}
}

static void pv_wait(struct spinlock *l, struct pv_node *n, u64 stall)
{
	struct task *t = n->t;
	u64 from;

	for (; !n->granted; stall = 0) {
		from = task_clock(t);
		spin_wait_in(t, l, stall, n->halted ? CPU_IDLE : CPU_SPIN);
		n->due = false;
		if (n->granted)
			return;
		if (!n->halted) {
			halt(l, n);
			continue;
		}
		n->sleep += task_clock(t) - from;
		if (resume(l, n))
			return;
	}
}

void pv_lock(struct task *t, struct spinlock *l)
{
	u64 stall = spin_cas_stall(t, t->lock_line_last);
	struct spin_pv *pv = l->pv;
	struct pv_node n = { .t = t, .lock = l, .since = t->lock_arrival + stall };

	note_seen(t, l);
	if (!l->owner && !pv->pending) {
		bool steal = pv->head;

		pv->ev.pv_lock_stealing += steal;
		stall += steal ? cost(t, MK_RMW_LOCAL) : 0;
		take(l, t, steal, t->lock_arrival + stall);
		exec_charge(&t->x, CPU_ATOMIC_STALL, stall);
		return;
	}
	if (pv->head && !pv->pending)
		poller_add(l, &n);
	else
		queue_add(l, &n);
	pv_wait(l, &n, stall);
	if (pv->head == &n)
		queue_pop(l, &n);
}

void pv_unlock(struct task *t, struct spinlock *l)
{
	struct spin_pv *pv = l->pv;
	struct lock_side *s = &l->class->side[0];
	struct pv_node *n;
	u64 drained = spin_release_time(t);

	exec_charge(&t->x, CPU_ATOMIC_STALL, drained - task_clock(t) + cost(t, MK_RMW_LOCAL));
	exec_sync(&t->x);
	l->hold.release = task_clock(t);
	spin_count(l, &l->hold);
	s->spin -= pv->hold_sleep;
	s->sleep += pv->hold_sleep;
	l->prev_cpu = (u16)task_cpu(t);
	l->line->last = l->prev_cpu;
	l->last_site = l->hold.site;
	l->owner = NULL;
	n = pv->head;
	if (!n)
		return;
	if (pv->pending) {
		grant(l, n);
	} else if (pv->pollers) {
		pv->ev.pv_lock_stealing++;
		grant(l, poller_pop(l, l->prev_cpu));
	}
	if (n->halted && !n->kicked)
		kick(t, n);
}

static void count_waiters(struct spinlock *l, const struct pv_node *n)
{
	for (; n; n = n->next) {
		u16 cpu = (u16)task_cpu(n->t);
		struct spin_grant g = {
			.cpu = cpu,
			.queued = true,
			.con_bounce = n->t->lock_seen_cpu != cpu,
		};

		if (!n->granted)
			spin_count_contention(l, &g);
	}
}

void pv_fold_end(struct spinlock *l, u64 now)
{
	struct lock_side *s = &l->class->side[0];

	if (l->owner && l->hold.contended) {
		spin_count_contention(l, &l->hold);
		if (l->hold.grant <= now) {
			spin_count_wait(l, &l->hold);
			s->spin -= l->pv->hold_sleep;
			s->sleep += l->pv->hold_sleep;
		}
	}
	count_waiters(l, l->pv->head);
	count_waiters(l, l->pv->pollers);
}
