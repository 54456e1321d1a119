/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Queueing and cancelling work items, and max_active (reference machine.md 2.13; the
 * kernel's workqueue document): an item beyond the limit waits outside the pool until
 * another one of its work queue has ended. Left out: contention for pool->lock; the limit
 * of an unbound queue admits items of a node in the order of queueing, where the kernel
 * goes round the pools.
 */
#include "sim/kern/workqueue.h"

#include "sim/kern/wq_priv.h"

void work_init(struct work *w, void (*fn)(struct task *worker, struct work *w))
{
	*w = (struct work){ .fn = fn };
	list_init(&w->node);
	list_init(&w->flushers);
	gline_init(&w->line.g, 0);
}

/* A draining work queue takes only what its own items queue. */
static void check_draining(struct task *t, const struct workqueue *wq)
{
	const struct worker *worker = t ? current_worker(t) : NULL;

	if (!wq->draining)
		return;
	if (worker && worker->current_pwq && worker->current_pwq->wq == wq)
		return;
	sim_fail(wq->kern->sim, "work is queued on a work queue that is being drained", 0, 0);
}

static void activate(struct task *waker, struct work *w)
{
	struct wq_pwq *pwq = w->pwq;

	pwq->active->nr++;
	w->inactive = false;
	list_add_tail(&w->node, &pwq->pool->works);
	pool_kick(waker, pwq->pool);
}

void wq_insert(struct task *waker, u32 cpu, struct workqueue *wq, struct work *w)
{
	struct wq_pwq *pwq = &wq->pwqs[wq->set->of_cpu[cpu]];

	check_draining(waker, wq);
	/* while it runs it stays where it is, so that it is never executed twice at a time */
	if (!w->running || w->pwq->wq != wq)
		w->pwq = pwq;
	w->seq = ++wq->kern->wq->seq;
	wq->nr_in_flight++;
	pwq = w->pwq;
	if (pwq->active->nr < pwq->active->max) {
		activate(waker, w);
		return;
	}
	w->inactive = true;
	list_add_tail(&w->node, &pwq->active->inactive);
}

static void activate_next(struct wq_node_nr_active *active)
{
	struct work *w;

	if (list_empty(&active->inactive) || active->nr >= active->max)
		return;
	w = list_first_entry(&active->inactive, struct work, node);
	list_del(&w->node);
	activate(NULL, w);
}

void wq_instance_done(struct wq_pwq *pwq, struct work *w, u64 seq)
{
	pwq->wq->nr_in_flight--;
	activate_next(pwq->active);
	wq_flushers_done(pwq->wq, w, seq);
}

void wq_remove(struct work *w)
{
	list_del(&w->node);
	w->pending = false;
	if (!w->inactive)
		w->pwq->active->nr--;
	w->inactive = false;
	wq_instance_done(w->pwq, w, w->seq);
}

/* The bit is set in the order in which the attempts arrive. */
bool work_grab_bit(struct task *t, struct work *w)
{
	bool was_pending = w->pending;

	/* test_and_set_bit() with interrupts off, whether the bit is set or not */
	w->pending = true;
	line_rmw(&t->x, &w->line);
	work(t, cost(t, MK_IRQ_SAVE_RESTORE));
	return !was_pending;
}

/* At an interaction point. */
static bool queue_on(struct task *t, u32 cpu, struct workqueue *wq, struct work *w)
{
	if (!work_grab_bit(t, w))
		return false;
	task_sync(t);
	wq_insert(t, cpu, wq, w);
	work(t, cost(t, MK_QUEUE_WORK));
	return true;
}

bool queue_work_on_wq(struct task *t, u32 cpu, struct workqueue *wq, struct work *w)
{
	task_sync(t);
	return queue_on(t, cpu, wq, w);
}

bool queue_work_wq(struct task *t, struct workqueue *wq, struct work *w)
{
	task_sync(t);
	return queue_on(t, task_cpu(t), wq, w);
}

bool queue_work_on(struct task *t, u32 cpu, struct work *w)
{
	return queue_work_on_wq(t, cpu, t->kern->wq->system[SYSTEM_WQ], w);
}

bool queue_work(struct task *t, struct work *w)
{
	return queue_work_wq(t, t->kern->wq->system[SYSTEM_WQ], w);
}

bool try_to_grab_pending(struct task *t, struct work *w, struct delayed_work *dw)
{
	bool grabbed;

	task_sync(t);
	for (;;) {
		grabbed = dw && delayed_timer_stop(dw);
		if (grabbed || !w->pending)
			break;
		grabbed = !list_empty(&w->node);
		if (grabbed) {
			wq_remove(w);
			break;
		}
		/* somebody has set the bit and is about to queue: the kernel polls, too */
		work(t, max_u64(cost(t, MK_CPU_RELAX), 1));
		task_sync(t);
	}
	line_rmw(&t->x, &w->line);
	work(t, cost(t, MK_IRQ_SAVE_RESTORE));
	return grabbed;
}

bool cancel_work(struct task *t, struct work *w)
{
	return try_to_grab_pending(t, w, NULL);
}

bool cancel_work_sync(struct task *t, struct work *w)
{
	bool was = cancel_work(t, w);

	flush_work(t, w);
	return was;
}
