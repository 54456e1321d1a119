/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sequence locks; see the header. */
#include "sim/kern/seqlock.h"

#include <string.h>

#include "sim/kern/bug.h"
#include "sim/kern/irq.h"

static const struct frame_site poll_site = { "read_seqbegin" };

int seqlock_init(struct kern *k, struct seqlock *s, const char *name)
{
	int err;

	memset(s, 0, sizeof(*s));
	gline_init(&s->line.g, 0);
	err = spin_lock_init(k, &s->lock, name, SPIN_QSPINLOCK);
	if (!err)
		s->lock.class->has_read_side = true;
	return err;
}

void seqlock_destroy(struct seqlock *s)
{
	spin_lock_destroy(&s->lock);
}

/* The sequence goes on; the store is posted, others see it from now on. */
static void bump(struct task *t, struct seqlock *s)
{
	task_sync(t);
	s->sequence++;
	s->writer_cpu = (u16)task_cpu(t);
	s->writer_site = t->x.frame->site;
	line_store(&t->x, &s->line);
}

void write_seqcount_begin(struct task *t, struct seqlock *s)
{
	preempt_disable(t);
	lockdep_acquire(t, &s->sequence, s->lock.class, s->lock.instance, LOCKDEP_TRY);
	bump(t, s);
	if (!(s->sequence & 1))
		kern_bug(t, "a task writes a seqcount that is being written", s->lock.class,
			 s->lock.instance);
}

/* Even again: each poller has the line one transfer later. */
static void leave(struct task *t, struct seqlock *s)
{
	struct sim *sim = t->kern->sim;
	struct task *p;

	bump(t, s);
	while ((p = s->pollers)) {
		u64 ps = hw_xfer(t->x.hw, task_cpu(t), task_cpu(p));

		s->pollers = p->lock_next;
		proc_wake(&p->x.proc, sim->now + ps, ps ? 0 : sim->delta + 1);
	}
}

static void seq_check_writer(struct task *t, struct seqlock *s)
{
	task_sync(t);
	if (!(s->sequence & 1))
		kern_bug(t, "a task ends the write section of a seqcount that nobody writes",
			 s->lock.class, s->lock.instance);
}

void write_seqcount_end(struct task *t, struct seqlock *s)
{
	seq_check_writer(t, s);
	leave(t, s);
	lockdep_release(t, &s->sequence);
	preempt_enable(t);
}

void write_seqlock(struct task *t, struct seqlock *s)
{
	spin_lock(t, &s->lock);
	bump(t, s);
}

void write_sequnlock(struct task *t, struct seqlock *s)
{
	if (s->lock.owner != t)
		kern_bug(t, "a task ends the write section of a seqlock that it does not hold",
			 s->lock.class, s->lock.instance);
	leave(t, s);
	spin_unlock(t, &s->lock);
}

/* Poll until the writer that is inside has left. Call and return synchronised. */
static void poll_writer(struct task *t, struct seqlock *s)
{
	struct lock_side *side = &s->lock.class->side[1];
	struct exec *x = &t->x;
	const char *reader = x->frame->site->symbol, *writer = s->writer_site->symbol;
	enum hw_dist dist = hw_dist(x->hw, task_cpu(t), s->writer_cpu);
	u64 since = task_clock(t);

	side->contentions++;
	side->con_bounces += s->writer_cpu != task_cpu(t);
	t->lock_next = s->pollers;
	s->pollers = t;
	t->waits_for = s->lock.class;
	exec_wait_begin(x, CPU_SPIN, 0, CPU_SPIN,
			profile_enter(&x->hw->profile, x->frame, &poll_site, __LINE__));
	proc_block(&x->proc);
	exec_wait_end(x);
	t->waits_for = NULL;
	lock_side_wait(side, task_clock(t) - since);
	side->spin += task_clock(t) - since;
	lock_class_caller(s->lock.class, reader, writer, (u8)dist, task_clock(t) - since);
	exec_pay_irq(x);
	task_sync(t);
}

/* In its own write section a reader would poll for ever. */
static void check_reader(struct task *t, struct seqlock *s)
{
#ifdef MMSIM_DEBUG
	if (lockdep_is_held(t, &s->sequence, true) || s->lock.owner == t)
		kern_bug(t, "a task reads a seqlock in its own write section", s->lock.class,
			 s->lock.instance);
#else
	(void)t;
	(void)s;
#endif
}

u32 read_seqbegin(struct task *t, struct seqlock *s)
{
	check_reader(t, s);
	for (;;) {
		u32 v;

		task_sync(t);
		v = s->sequence;
		line_load(&t->x, &s->line);
		if (!(v & 1))
			return v;
		task_sync(t);
		/* the load takes its time: the writer may have left meanwhile */
		if (s->sequence & 1)
			poll_writer(t, s);
	}
}

bool read_seqretry(struct task *t, struct seqlock *s, u32 start)
{
	bool retry;

	task_sync(t);
	retry = s->sequence != start;
	line_load(&t->x, &s->line);
	task_count(t, retry ? &s->retries : &s->reads, 1);
	return retry;
}
