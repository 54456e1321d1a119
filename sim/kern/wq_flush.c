/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Waiting for work items. Every queueing has a number; a flusher waits for one of them,
 * or for so many as are in flight on the work queue. That is what the kernel's barrier
 * items and flush colours come to; their cost is left out.
 */
#include "sim/kern/wq_priv.h"

static void flusher_wait(struct task *t, struct list_head *head, struct wq_flusher *f)
{
	f->task = t;
	list_add_tail(&f->node, head);
	task_block(t);
	task_sync(t);
}

static void flusher_done(struct wq_flusher *f)
{
	list_del(&f->node);
	task_wake(NULL, f->task);
}

void wq_flushers_done(struct workqueue *wq, struct work *w, u64 seq)
{
	struct list_head *pos, *n;

	list_for_each_safe (pos, n, &w->flushers) {
		struct wq_flusher *f = list_entry(pos, struct wq_flusher, node);

		if (f->seq <= seq)
			flusher_done(f);
	}
	list_for_each_safe (pos, n, &wq->flushers) {
		struct wq_flusher *f = list_entry(pos, struct wq_flusher, node);

		if (f->seq >= seq && !--f->left)
			flusher_done(f);
	}
}

void flush_work(struct task *t, struct work *w)
{
	struct wq_flusher f = { .left = 1 };

	task_sync(t);
	if (w->pending && !list_empty(&w->node))
		f.seq = w->seq;
	else if (w->running)
		f.seq = w->run_seq;
	else
		return;
	flusher_wait(t, &w->flushers, &f);
}

void flush_workqueue(struct task *t, struct workqueue *wq)
{
	struct wq_flusher f;

	task_sync(t);
	if (!wq->nr_in_flight)
		return;
	f.seq = wq->kern->wq->seq;
	f.left = wq->nr_in_flight;
	flusher_wait(t, &wq->flushers, &f);
}

void drain_workqueue(struct task *t, struct workqueue *wq)
{
	task_sync(t);
	wq->draining++;
	while (wq->nr_in_flight)
		flush_workqueue(t, wq);
	wq->draining--;
}
