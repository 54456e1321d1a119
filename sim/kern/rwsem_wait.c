// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The queue of an rwsem (reference machine.md 2.7). One FIFO under the wait_lock. A release
 * wakes the first waiter: a writer is woken and tries for itself; a reader is granted the
 * lock together with up to 255 other queued readers, wherever they stand, in one update of
 * the count. A waiter that finds the lock taken after more than HZ/250 ticks sets the
 * hand-off bit: from then on only the first waiter gets the lock.
 *
 * The time-out is measured on the simulated clock, not in jiffies.
 */
#include "sim/kern/rwsem_priv.h"
#include "sim/kern/sched.h"

#define MAX_READERS_WAKEUP 256

struct rwsem_waiter {
	struct list_head node;
	struct task *task;
	u64 timeout; /* instant after which it asks for a hand-off */
	u64 owned_from; /* a reader's: when it was granted */
	bool write;
	bool handoff_set;
	bool woken; /* a granted reader's: nobody refers to this any more */
};

enum wake_type { WAKE_ANY, WAKE_READERS, WAKE_READ_OWNED };

/* Whom to wake when the wait_lock is dropped. */
struct wake_list {
	struct list_head readers; /* granted; they wait for the wake-up in any case */
	struct task *writer;
};

static void wait_lock(struct task *t, struct rwsem *sem)
{
	spin_lock(t, &sem->wait_lock);
	task_sync(t);
}

static void wait_unlock(struct task *t, struct rwsem *sem)
{
	spin_unlock(t, &sem->wait_lock);
	task_sync(t);
}

static struct rwsem_waiter *first_waiter(const struct rwsem *sem)
{
	if (list_empty(&sem->wait_list))
		return NULL;
	return list_first_entry(&sem->wait_list, struct rwsem_waiter, node);
}

/* HZ/250 ticks, rounded up. */
static u64 handoff_timeout(const struct task *t)
{
	u64 hz = max_u64(cost(t, MK_HZ), 1);

	return task_clock(t) + (hz + 249) / 250 * (PS_PER_SEC / hz);
}

static void waiter_add(struct task *t, struct rwsem *sem, struct rwsem_waiter *w, bool write)
{
	*w = (struct rwsem_waiter){ .task = t, .write = write, .timeout = handoff_timeout(t) };
	list_add_tail(&w->node, &sem->wait_list);
}

static void set_handoff(struct rwsem *sem, struct rwsem_waiter *w)
{
	w->handoff_set = true;
	sem->handoff = true;
	/* spinning stops for all but the first waiter */
	rwsem_kick_spinners(sem);
}

/* Grant the lock to the readers of the queue, a batch at most. */
static void grant_readers(struct task *t, struct rwsem *sem, struct wake_list *wake)
{
	struct list_head *pos, *next;
	u32 woken = 0;

	for (pos = sem->wait_list.next; pos != &sem->wait_list && woken < MAX_READERS_WAKEUP;
	     pos = next) {
		struct rwsem_waiter *w = list_entry(pos, struct rwsem_waiter, node);

		next = pos->next;
		if (w->write)
			continue;
		woken++;
		list_del(&w->node);
		list_add_tail(&w->node, &wake->readers);
	}
	sem->readers += woken;
	rwsem_set_reader_owned(sem);
	sem->handoff = false;
	sem->waiters = !list_empty(&sem->wait_list);
	line_rmw(&t->x, &sem->line);
	task_sync(t);
	for (pos = wake->readers.next; pos != &wake->readers; pos = pos->next)
		list_entry(pos, struct rwsem_waiter, node)->owned_from = task_clock(t);
}

/* Under the wait_lock: whose turn is it? */
static void mark_wake(struct task *t, struct rwsem *sem, enum wake_type type,
		      struct wake_list *wake)
{
	struct rwsem_waiter *first = first_waiter(sem);

	if (!first)
		return;
	if (first->write) {
		if (type == WAKE_ANY)
			wake->writer = first->task;
		return;
	}
	/* a writer may have stolen the lock meanwhile */
	if (type != WAKE_READ_OWNED && sem->writer) {
		line_rmw(&t->x, &sem->line);
		task_sync(t);
		if (task_clock(t) > first->timeout && !first->handoff_set)
			set_handoff(sem, first);
		return;
	}
	grant_readers(t, sem, wake);
}

/* Under the wait_lock: has the lock become free for others while the caller queued up? */
static void cond_wake(struct task *t, struct rwsem *sem, struct wake_list *wake)
{
	if (sem->writer)
		return;
	if (!sem->readers)
		sem->nonspinnable = false;
	mark_wake(t, sem, sem->readers ? WAKE_READERS : WAKE_ANY, wake);
}

static void wake_list_init(struct wake_list *wake)
{
	list_init(&wake->readers);
	wake->writer = NULL;
}

/* Drop the wait_lock and wake. */
static void unlock_and_wake(struct task *t, struct rwsem *sem, struct wake_list *wake)
{
	wait_unlock(t, sem);
	while (!list_empty(&wake->readers)) {
		struct rwsem_waiter *w =
			list_first_entry(&wake->readers, struct rwsem_waiter, node);
		struct task *reader = w->task;

		list_del(&w->node);
		w->woken = true;
		if (reader == t)
			continue;
		task_wake(t, reader);
		task_sync(t);
	}
	/* it stays first until it has the lock; then it needs no wake-up any more */
	if (wake->writer && first_waiter(sem) && first_waiter(sem)->task == wake->writer) {
		wake->writer->mutex_woken = true;
		task_wake(t, wake->writer);
		task_sync(t);
	}
	wake->writer = NULL;
}

void rwsem_wake(struct task *t, struct rwsem *sem)
{
	struct wake_list wake;

	FRAME(t, "rwsem_wake");

	wake_list_init(&wake);
	wait_lock(t, sem);
	mark_wake(t, sem, WAKE_ANY, &wake);
	unlock_and_wake(t, sem, &wake);
}

void rwsem_wake_readers_owned(struct task *t, struct rwsem *sem)
{
	struct wake_list wake;

	wake_list_init(&wake);
	wait_lock(t, sem);
	mark_wake(t, sem, WAKE_READ_OWNED, &wake);
	unlock_and_wake(t, sem, &wake);
}

static void queue_up(struct task *t, struct rw_call *c)
{
	c->queued_at = task_clock(t);
	c->side->queued_contentions++;
}

u64 rwsem_wait_read(struct task *t, struct rwsem *sem, struct rw_call *c)
{
	struct rwsem_waiter w;
	struct wake_list wake;

	wake_list_init(&wake);
	wait_lock(t, sem);
	if (list_empty(&sem->wait_list) && !sem->writer) {
		/* the bias is there already */
		rwsem_set_reader_owned(sem);
		wait_unlock(t, sem);
		return task_clock(t);
	}
	queue_up(t, c);
	waiter_add(t, sem, &w, false);
	sem->waiters = true;
	sem->readers--;
	line_rmw(&t->x, &sem->line);
	task_sync(t);
	if (!sem->readers)
		rwsem_kick_spinners(sem);
	cond_wake(t, sem, &wake);
	unlock_and_wake(t, sem, &wake);
	while (!w.woken)
		task_block(t);
	task_sync(t);
	return w.owned_from;
}

/* Under the wait_lock: any waiter may have a free lock, but for a hand-off. */
static bool try_write_lock(struct task *t, struct rwsem *sem, struct rwsem_waiter *w)
{
	struct rwsem_waiter *first = first_waiter(sem);

	if (sem->handoff && first->handoff_set && first != w)
		return false;
	if (sem->writer || sem->readers) {
		if (!sem->handoff && task_clock(t) > w->timeout) {
			set_handoff(sem, first);
			line_rmw(&t->x, &sem->line);
			task_sync(t);
		}
		return false;
	}
	list_del(&w->node);
	rwsem_set_writer(t, sem);
	sem->handoff = false;
	sem->waiters = !list_empty(&sem->wait_list);
	rwsem_kick_spinners(sem); /* they poll its owner from now on */
	line_rmw(&t->x, &sem->line);
	task_sync(t);
	return true;
}

void rwsem_wait_write(struct task *t, struct rwsem *sem, struct rw_call *c)
{
	struct rwsem_waiter w;
	struct wake_list wake;

	wake_list_init(&wake);
	wait_lock(t, sem);
	queue_up(t, c);
	waiter_add(t, sem, &w, true);
	t->mutex_woken = false;
	if (first_waiter(sem) == &w) {
		sem->waiters = true;
		line_rmw(&t->x, &sem->line);
		task_sync(t);
	} else {
		cond_wake(t, sem, &wake);
	}
	while (!try_write_lock(t, sem, &w)) {
		unlock_and_wake(t, sem, &wake);
		if (!w.handoff_set || !rwsem_spin_on_owner(t, sem)) {
			if (!t->mutex_woken)
				task_block(t);
			task_sync(t);
		}
		wait_lock(t, sem);
		t->mutex_woken = false;
	}
	unlock_and_wake(t, sem, &wake);
}
