/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Queued reader-writer spin lock (reference machine.md 2.5), path by path. A reader adds
 * its bias first and looks then; if a writer is in or waits it takes the bias back and
 * queues on the wait_lock. A poller sees a release as a pending waiter of a qspinlock
 * does, a transfer and half a cpu_relax later (2.4.3); a writer's compare-exchange then
 * needs the line.
 *
 * lock_stat: a wait begins with the call whose first attempt failed, and all of it is
 * spin. queued_contentions are slow paths outside of interrupt context. The wait_lock is
 * an arch_spinlock_t, which lockdep does not see; here it has a row of its own,
 * "rwlock wait_lock", and that row's waits are part of the waits of the rwlock.
 *
 * Left out: failed polls as traffic on the line.
 */
#include "sim/kern/qrwlock.h"

#include <string.h>

#include "sim/kern/bug.h"
#include "sim/kern/lockdep.h"
#include "sim/kern/spin_priv.h"

int qrwlock_init(struct kern *k, struct qrwlock *l, const char *name)
{
	int err;

	memset(l, 0, sizeof(*l));
	err = rw_stat_init(k, &l->stat, name, "rwlock");
	if (err)
		return err;
	l->kern = k;
	l->writer_cpu = LINE_NO_OWNER;
	gline_init(&l->line.g, 0);
	list_init(&l->irq_readers);
	return spin_lock_init(k, &l->wait_lock, "rwlock wait_lock", SPIN_QSPINLOCK);
}

void qrwlock_destroy(struct qrwlock *l)
{
	spin_lock_destroy(&l->wait_lock);
}

/* ---- polling --------------------------------------------------------------- */

/* @p looks again when it sees what has changed on @cpu, unless it is about to anyway. */
static void kick(struct qrwlock *l, struct task *p, u32 cpu)
{
	struct hw *hw = l->kern->hw;
	u64 ps = hw_xfer(hw, cpu, task_cpu(p)) + hw->c[MK_CPU_RELAX] / 2;

	if (p->x.proc.state == PROC_BLOCKED)
		proc_wake(&p->x.proc, hw->sim->now + ps, ps ? 0 : hw->sim->delta + 1);
}

static void poll_word(struct task *t)
{
	struct exec *x = &t->x;

	exec_wait_begin(x, CPU_SPIN, 0, CPU_SPIN, x->frame);
	proc_block(&x->proc);
	exec_wait_end(x);
	task_sync(t);
}

static void queue_lock(struct task *t, struct qrwlock *l)
{
	spin_lock(t, &l->wait_lock);
	task_sync(t);
}

/* ---- what every call does ----------------------------------------------------- */

static void section_begin(struct task *t, struct qrwlock *l)
{
	t->x.section++;
	t->waits_for = l->stat.class;
	/* its own CPU's unlock store drains before the atomic of the next attempt */
	if (l->writer_cpu != task_cpu(t) || l->drained_at <= task_clock(t))
		return;
	exec_charge(&t->x, CPU_ATOMIC_STALL, l->drained_at - task_clock(t));
	task_sync(t);
}

static void section_owned(struct task *t, struct qrwlock *l)
{
	t->waits_for = NULL;
	if (t->nr_held < ARRAY_SIZE(t->held))
		t->held[t->nr_held] = l->stat.class;
	t->nr_held++;
}

static void section_end(struct task *t)
{
	struct exec *x = &t->x;

	t->nr_held--;
	if (--x->section)
		return;
	x->section_end = task_clock(t);
	exec_pay_irq(x);
}

static struct rw_hold *find_hold(struct task *t, struct qrwlock *l, enum rw_kind kind)
{
	struct rw_hold *h;

	task_sync(t);
	h = rw_hold_find(t, l);
	if (!h || h->kind != kind)
		kern_bug(t,
			 kind == RW_LOCK_READ ?
				 "a task releases a rwlock that it does not hold for reading" :
				 "a task releases a rwlock that it does not hold for writing",
			 l->stat.class, l->stat.instance);
	lockdep_release(t, l);
	return h;
}

static void refuse_recursion(struct task *t, struct qrwlock *l)
{
	if (rw_hold_find(t, l))
		kern_bug(t, "a task takes a rwlock that it holds", l->stat.class, l->stat.instance);
}

/* ---- readers ------------------------------------------------------------------ */

/* Take a bias back; the last one lets a waiting writer in. Returns synchronised. */
static void reader_out(struct task *t, struct qrwlock *l)
{
	line_rmw(&t->x, &l->line);
	task_sync(t);
	l->readers--;
	if (!l->readers && l->waiting && l->poller)
		kick(l, l->poller, task_cpu(t));
}

/* In interrupt context: the bias stays, the queue is passed by. */
static void read_lock_poll(struct task *t, struct qrwlock *l)
{
	FRAME(t, "queued_read_lock_slowpath");

	task_sync(t);
	list_add_tail(&t->wait_node, &l->irq_readers);
	while (l->locked)
		poll_word(t);
	list_del(&t->wait_node);
}

static void read_lock_queue(struct task *t, struct qrwlock *l, struct rw_call *c)
{
	FRAME(t, "queued_read_lock_slowpath");

	c->side->queued_contentions++;
	task_sync(t);
	reader_out(t, l);
	queue_lock(t, l);
	l->readers++;
	line_rmw(&t->x, &l->line);
	task_sync(t);
	l->poller = t;
	while (l->locked)
		poll_word(t);
	l->poller = NULL;
	spin_unlock(t, &l->wait_lock);
	task_sync(t);
}

static void reader_in(struct task *t, struct qrwlock *l, const struct frame_site *site,
		      bool in_interrupt)
{
	struct rw_call c;

	section_begin(t, l);
	rw_call_begin(t, &c, &l->stat, false, site);
	l->readers++;
	if (!l->locked && (in_interrupt || !l->waiting)) {
		rw_call_acquired(t, &c, l, RW_LOCK_READ, task_clock(t));
		line_rmw(&t->x, &l->line);
		section_owned(t, l);
		return;
	}
	rw_call_contended(t, &c);
	line_rmw(&t->x, &l->line);
	if (in_interrupt)
		read_lock_poll(t, l);
	else
		read_lock_queue(t, l, &c);
	rw_call_acquired(t, &c, l, RW_LOCK_READ, task_clock(t));
	section_owned(t, l);
}

void read_lock(struct task *t, struct qrwlock *l)
{
	const struct frame_site *site = t->x.frame->site;

	FRAME(t, "_raw_read_lock");

	task_sync(t);
	refuse_recursion(t, l);
	lockdep_acquire(t, l, l->stat.class, l->stat.instance, LOCKDEP_READ);
	reader_in(t, l, site, false);
}

void read_lock_in_interrupt(struct task *t, struct qrwlock *l)
{
	const struct frame_site *site = t->x.frame->site;
	struct rw_hold *h;

	FRAME(t, "_raw_read_lock");

	task_sync(t);
	h = rw_hold_find(t, l);
	if (h && h->kind == RW_LOCK_WRITE)
		kern_bug(t, "a task takes a rwlock that it holds", l->stat.class, l->stat.instance);
	lockdep_acquire(t, l, l->stat.class, l->stat.instance, LOCKDEP_READ | LOCKDEP_IN_IRQ);
	reader_in(t, l, site, true);
}

void read_unlock(struct task *t, struct qrwlock *l)
{
	struct rw_hold *h;

	FRAME(t, "_raw_read_unlock");

	h = find_hold(t, l, RW_LOCK_READ);
	/* an atomic: the stores of the section drain first */
	exec_charge(&t->x, CPU_ATOMIC_STALL, spin_release_time(t) - task_clock(t));
	task_sync(t);
	reader_out(t, l);
	rw_hold_end(t, &l->stat, h);
	section_end(t);
}

/* ---- writers ------------------------------------------------------------------ */

static void writer_in(struct task *t, struct qrwlock *l)
{
	l->locked = true;
	l->writer_cpu = (u16)task_cpu(t);
	line_rmw(&t->x, &l->line);
}

static void write_lock_queue(struct task *t, struct qrwlock *l, struct rw_call *c)
{
	FRAME(t, "queued_write_lock_slowpath");

	c->side->queued_contentions++;
	task_sync(t);
	queue_lock(t, l);
	if (l->readers || l->locked) {
		l->waiting = true;
		line_rmw(&t->x, &l->line);
		task_sync(t);
		l->poller = t;
		while (l->readers || l->locked)
			poll_word(t);
		l->poller = NULL;
		l->waiting = false;
	}
	writer_in(t, l);
	task_sync(t);
	spin_unlock(t, &l->wait_lock);
	task_sync(t);
}

void write_lock(struct task *t, struct qrwlock *l)
{
	const struct frame_site *site = t->x.frame->site;
	struct rw_call c;

	FRAME(t, "_raw_write_lock");

	task_sync(t);
	refuse_recursion(t, l);
	lockdep_acquire(t, l, l->stat.class, l->stat.instance, LOCKDEP_WRITE);
	section_begin(t, l);
	rw_call_begin(t, &c, &l->stat, true, site);
	if (!l->readers && !l->waiting && !l->locked) {
		rw_call_acquired(t, &c, l, RW_LOCK_WRITE, task_clock(t));
		writer_in(t, l);
	} else {
		rw_call_contended(t, &c);
		line_rmw(&t->x, &l->line);
		write_lock_queue(t, l, &c);
		rw_call_acquired(t, &c, l, RW_LOCK_WRITE, task_clock(t));
	}
	section_owned(t, l);
}

/* The unlock store is seen. */
static void writer_out(struct sim *s, void *arg)
{
	struct qrwlock *l = arg;
	struct list_head *pos;

	rw_hold_count(&l->stat, &l->out, s->now);
	l->locked = false;
	if (l->poller)
		kick(l, l->poller, l->writer_cpu);
	list_for_each (pos, &l->irq_readers)
		kick(l, list_entry(pos, struct task, wait_node), l->writer_cpu);
}

void write_unlock(struct task *t, struct qrwlock *l)
{
	struct sim *s = t->kern->sim;
	struct rw_hold *h;

	FRAME(t, "_raw_write_unlock");

	h = find_hold(t, l, RW_LOCK_WRITE);
	l->drained_at = spin_release_time(t);
	l->out = rw_hold_drop(t, h);
	if (l->drained_at > s->now)
		sim_at(s, EV_TIMER, l->drained_at, writer_out, l);
	else
		writer_out(s, l);
	line_store(&t->x, &l->line);
	section_end(t);
}
