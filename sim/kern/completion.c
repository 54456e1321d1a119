/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Completions; see the header. */
#include "sim/kern/completion.h"

#include "sim/kern/bug.h"
#include "sim/kern/irq.h"

/* On the stack of the task that waits. */
struct completion_waiter {
	struct list_head node;
	struct task *task;
	bool woken; /* not on the list (any more); guarded by the completion's lock, then open */
};

int init_completion(struct kern *k, struct completion *c)
{
	c->done = 0;
	list_init(&c->waiters);
	return spin_lock_init(k, &c->lock, "&x->wait", SPIN_QSPINLOCK);
}

void completion_destroy(struct completion *c)
{
	spin_lock_destroy(&c->lock);
}

void reinit_completion(struct completion *c)
{
	struct kern *k = c->lock.kern;

	if (unlikely(!list_empty(&c->waiters))) {
		bug_begin(k, "a completion is made anew while a task waits for it");
		bug_line(k, "waits");
		bug_thread(k, list_first_entry(&c->waiters, struct completion_waiter, node)->task);
		bug_end(k);
	}
	c->done = 0;
}

/* The section synchronises: who wakes looks at tasks, which are open state. */
static void lock_wait(struct task *t, struct completion *c)
{
	spin_lock_irqsave(t, &c->lock);
	task_sync(t);
}

void wait_for_completion(struct task *t, struct completion *c)
{
	struct completion_waiter w = { .task = t, .woken = true };

	FRAME(t, "wait_for_completion");

	might_sleep_on(t, c->lock.class, c->lock.instance);
	lock_wait(t, c);
	while (!c->done) {
		if (w.woken) {
			w.woken = false;
			list_add_tail(&w.node, &c->waiters);
		}
		spin_unlock_irqrestore(t, &c->lock);
		task_sync(t);
		if (!w.woken)
			task_block(t);
		lock_wait(t, c);
	}
	if (!w.woken)
		list_del(&w.node);
	if (c->done != COMPLETE_ALL)
		c->done--;
	spin_unlock_irqrestore(t, &c->lock);
}

/* The lock is held. */
static void wake_one(struct task *t, struct completion *c)
{
	struct completion_waiter *w = list_first_entry(&c->waiters, struct completion_waiter, node);

	list_del(&w->node);
	w->woken = true;
	task_wake(t, w->task);
	task_sync(t);
}

void complete(struct task *t, struct completion *c)
{
	FRAME(t, "complete");

	lock_wait(t, c);
	if (c->done != COMPLETE_ALL)
		c->done++;
	if (!list_empty(&c->waiters))
		wake_one(t, c);
	spin_unlock_irqrestore(t, &c->lock);
}

void complete_all(struct task *t, struct completion *c)
{
	FRAME(t, "complete_all");

	lock_wait(t, c);
	c->done = COMPLETE_ALL;
	while (!list_empty(&c->waiters))
		wake_one(t, c);
	spin_unlock_irqrestore(t, &c->lock);
}
