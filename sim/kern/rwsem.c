/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reader-writer semaphore: the fast paths, stealing by readers, release (reference
 * machine.md 2.7; rules that page leaves open as in kernel 6.1, rwsem.c). Queue and
 * wake-ups are in rwsem_wait.c, optimistic spinning in rwsem_spin.c.
 *
 * lock_stat: a wait begins with the call whose fast path failed (2.0), so unlike a mutex's
 * it has spinning in it: wait = spin + sleep, sleep from the queueing on.
 * queued_contentions are calls that queued up to sleep.
 *
 * Left out: the wait_lock's word shares the line of the count in the kernel, here it is on
 * its own; trylocks, killable waits, downgrade_write, realtime waiters.
 */
#include "sim/kern/rwsem.h"

#include <string.h>

#include "sim/kern/bug.h"
#include "sim/kern/lockdep.h"
#include "sim/kern/rwsem_priv.h"

int rwsem_init(struct kern *k, struct rwsem *sem, const char *name)
{
	int err;

	memset(sem, 0, sizeof(*sem));
	err = rw_stat_init(k, &sem->stat, name, "rwsem");
	if (err)
		return err;
	sem->kern = k;
	list_init(&sem->wait_list);
	osq_lock_init(&sem->osq);
	gline_init(&sem->line.g, 0);
	return spin_lock_init(k, &sem->wait_lock, "&sem->wait_lock", SPIN_QSPINLOCK);
}

void rwsem_destroy(struct rwsem *sem)
{
	spin_lock_destroy(&sem->wait_lock);
}

static void call_begin(struct task *t, struct rwsem *sem, struct rw_call *c, bool write,
		       const struct frame_site *site)
{
	might_sleep_on(t, sem->stat.class, sem->stat.instance);
	t->waits_for = sem->stat.class;
	task_sync(t);
	if (rw_hold_find(t, sem))
		kern_bug(t, "a task takes a rwsem that it holds", sem->stat.class,
			 sem->stat.instance);
	lockdep_acquire(t, sem, sem->stat.class, sem->stat.instance,
			write ? LOCKDEP_WRITE : LOCKDEP_READ);
	rw_call_begin(t, c, &sem->stat, write, site);
}

/* ---- readers ------------------------------------------------------------------ */

/* The count as the addition of a bias leaves it. */
struct found {
	u32 readers;
	bool writer, waiters, handoff;
};

/*
 * Bias added, but a flag was set: a reader passes the queue if no writer is in, unless that
 * would let readers follow readers. Returns since when it has the lock.
 */
static u64 down_read_slow(struct task *t, struct rwsem *sem, struct rw_call *c,
			  const struct found *count)
{
	FRAME(t, "rwsem_down_read_slowpath");

	task_sync(t);
	if (count->writer || count->handoff || (sem->reader_owned && count->readers > 1))
		return rwsem_wait_read(t, sem, c);
	rwsem_set_reader_owned(sem);
	if (count->readers == 1 && count->waiters)
		rwsem_wake_readers_owned(t, sem);
	return task_clock(t);
}

void down_read(struct task *t, struct rwsem *sem)
{
	const struct frame_site *site = t->x.frame->site;
	struct found count;
	struct rw_call c;
	u64 owned_from;

	FRAME(t, "down_read");

	call_begin(t, sem, &c, false, site);
	sem->readers++;
	count = (struct found){ sem->readers, sem->writer, sem->waiters, sem->handoff };
	if (!count.writer && !count.waiters && !count.handoff) {
		rwsem_set_reader_owned(sem);
		rw_call_acquired(t, &c, sem, RW_SEM_READ, task_clock(t));
		line_rmw(&t->x, &sem->line);
	} else {
		rw_call_contended(t, &c);
		line_rmw(&t->x, &sem->line);
		owned_from = down_read_slow(t, sem, &c, &count);
		rw_call_acquired(t, &c, sem, RW_SEM_READ, owned_from);
	}
	t->waits_for = NULL;
}

static struct rw_hold *find_hold(struct task *t, struct rwsem *sem, enum rw_kind kind)
{
	struct rw_hold *h;

	task_sync(t);
	h = rw_hold_find(t, sem);
	if (!h || h->kind != kind)
		kern_bug(t,
			 kind == RW_SEM_READ ?
				 "a task releases a rwsem that it does not hold for reading" :
				 "a task releases a rwsem that it does not hold for writing",
			 sem->stat.class, sem->stat.instance);
	lockdep_release(t, sem);
	return h;
}

void up_read(struct task *t, struct rwsem *sem)
{
	struct rw_hold *h;

	FRAME(t, "up_read");

	h = find_hold(t, sem, RW_SEM_READ);
	line_rmw(&t->x, &sem->line);
	task_sync(t);
	rw_hold_end(t, &sem->stat, h);
	if (--sem->readers)
		return;
	if (sem->waiters && !sem->writer)
		sem->nonspinnable = false;
	rwsem_kick_spinners(sem);
	if (sem->waiters && !sem->writer)
		rwsem_wake(t, sem);
}

/* ---- writers ------------------------------------------------------------------ */

void down_write(struct task *t, struct rwsem *sem)
{
	const struct frame_site *site = t->x.frame->site;
	struct rw_call c;

	FRAME(t, "down_write");

	call_begin(t, sem, &c, true, site);
	if (!sem->writer && !sem->readers && !sem->waiters && !sem->handoff) {
		rwsem_set_writer(t, sem);
		rw_call_acquired(t, &c, sem, RW_SEM_WRITE, task_clock(t));
		line_rmw(&t->x, &sem->line);
	} else {
		FRAME(t, "rwsem_down_write_slowpath");

		rw_call_contended(t, &c);
		line_rmw(&t->x, &sem->line);
		task_sync(t);
		if (!rwsem_optimistic_spin(t, sem))
			rwsem_wait_write(t, sem, &c);
		rw_call_acquired(t, &c, sem, RW_SEM_WRITE, task_clock(t));
	}
	t->waits_for = NULL;
}

void up_write(struct task *t, struct rwsem *sem)
{
	struct rw_hold *h;

	FRAME(t, "up_write");

	h = find_hold(t, sem, RW_SEM_WRITE);
	line_rmw(&t->x, &sem->line);
	task_sync(t);
	rw_hold_end(t, &sem->stat, h);
	sem->owner = NULL;
	sem->writer = false;
	rwsem_kick_spinners(sem);
	if (sem->waiters)
		rwsem_wake(t, sem);
}
