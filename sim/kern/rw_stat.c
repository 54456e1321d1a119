/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Holds and lock_stat of reader-writer locks (reference machine.md 2.0): a wait event is
 * opened when the trylock of the primitive fails, for rwlock and rwsem alike, and lasts
 * until the acquisition; one last_cpu per lock serves both sides.
 *
 * Left out: explicit trylocks of these locks.
 */
#include "sim/kern/rw_stat.h"

#include <errno.h>

int rw_stat_init(struct kern *k, struct rw_stat *st, const char *name, const char *kind)
{
	st->class = lock_stats_class(&k->lock_stats, name, kind);
	if (!st->class)
		return -ENOMEM;
	st->class->has_read_side = true;
	st->holder = NULL;
	st->last_cpu = LINE_NO_OWNER;
	st->instance = st->class->nr_instances++;
	return 0;
}

void rw_call_begin(struct task *t, struct rw_call *c, struct rw_stat *st, bool write,
		   const struct frame_site *site)
{
	*c = (struct rw_call){
		.stat = st,
		.side = &st->class->side[write ? 0 : 1],
		.site = site,
		.start = task_clock(t),
		.queued_at = TIME_MAX,
	};
}

void rw_call_contended(struct task *t, struct rw_call *c)
{
	u32 cpu = task_cpu(t), last = c->stat->last_cpu;

	c->contended = true;
	c->side->contentions++;
	if (last == LINE_NO_OWNER)
		last = cpu;
	if (last != cpu)
		c->side->con_bounces++;
	c->holder = c->stat->holder ? c->stat->holder : c->site;
	c->dist = (u8)hw_dist(t->x.hw, cpu, last);
}

static void count_wait(struct task *t, struct rw_call *c)
{
	u64 now = task_clock(t), wait = now - c->start;
	u64 sleep = now - min_u64(now, c->queued_at);

	lock_side_wait(c->side, wait);
	c->side->sleep += sleep;
	c->side->spin += wait - sleep;
	lock_class_caller(c->stat->class, c->site->symbol, c->holder->symbol, c->dist, wait);
}

void rw_call_acquired(struct task *t, struct rw_call *c, void *lock, enum rw_kind kind,
		      u64 owned_from)
{
	struct rw_stat *st = c->stat;

	if (c->contended)
		count_wait(t, c);
	if (t->nr_rw_held == ARRAY_SIZE(t->rw_held))
		sim_fail(t->kern->sim, "a task holds more than %llu reader-writer locks",
			 ARRAY_SIZE(t->rw_held), 0);
	t->rw_held[t->nr_rw_held++] = (struct rw_hold){
		.lock = lock,
		.kind = (u8)kind,
		.owned_from = owned_from,
		.hold_from = c->contended ? task_clock(t) : c->start,
		.bounce = st->last_cpu != LINE_NO_OWNER && st->last_cpu != task_cpu(t),
	};
	st->last_cpu = (u16)task_cpu(t);
	st->holder = c->site;
}

struct rw_hold *rw_hold_find(struct task *t, const void *lock)
{
	for (u32 i = t->nr_rw_held; i; i--)
		if (t->rw_held[i - 1].lock == lock)
			return &t->rw_held[i - 1];
	return NULL;
}

static bool is_write(const struct rw_hold *h)
{
	return h->kind == RW_LOCK_WRITE || h->kind == RW_SEM_WRITE;
}

struct rw_hold rw_hold_drop(struct task *t, struct rw_hold *h)
{
	struct rw_hold dropped = *h;

	*h = t->rw_held[--t->nr_rw_held];
	return dropped;
}

void rw_hold_count(struct rw_stat *st, const struct rw_hold *h, u64 at)
{
	struct lock_side *s = &st->class->side[is_write(h) ? 0 : 1];

	lock_side_hold(s, at - h->hold_from);
	s->owned += at - h->owned_from;
	s->acq_bounces += h->bounce; /* with the acquisition, as spin locks do */
}

void rw_hold_end(struct task *t, struct rw_stat *st, struct rw_hold *h)
{
	struct rw_hold dropped = rw_hold_drop(t, h);

	rw_hold_count(st, &dropped, task_clock(t));
}
