/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The promise of RCU: whoever waits, in any of the ways there are, does not go on before
 * every read section that was open when it began has ended. Random readers, waiters and
 * disturbers on random machines, all preemption models, both engines, which must agree on
 * every instant.
 */
#include <stdio.h>

#include "sim/kern/rcu.h"
#include "tests/core/check_main.h"
#include "tests/kern/exact.h"

#define SEEDS 150
#define MAX_SPANS 4000
#define MAX_FREES 400

struct span {
	u64 begin, end; /* ps */
};

struct deferred_free {
	struct rcu_head head; /* must be first */
	struct world *w;
	u64 begin;
	bool queued, done;
};

struct world {
	struct exact e; /* must be first */
	struct span reads[MAX_SPANS], waits[MAX_SPANS];
	u32 nr_reads, nr_waits, nr_frees;
	struct deferred_free frees[MAX_FREES];
};

static void add_wait(struct world *w, u64 begin, u64 end)
{
	if (w->nr_waits < MAX_SPANS)
		w->waits[w->nr_waits++] = (struct span){ begin, end };
}

static void freed(struct kern *k, struct rcu_head *head)
{
	struct deferred_free *f = container_of(head, struct deferred_free, head);

	ck_assert(!f->done);
	f->done = true;
	add_wait(f->w, f->begin, k->sim->now);
}

static void some_work(struct task *t, struct rng *r, u64 scale)
{
	u64 ps = rng_below(r, scale);

	if (rng_below(r, 2))
		user_work(t, ps);
	else
		work(t, ps);
	if (!rng_below(r, 3))
		task_sync(t);
}

static void read_once(struct task *t, struct world *w, struct rng *r)
{
	static const u64 scales[] = { 10000 * PS_PER_NS, PS_PER_MS, 12 * PS_PER_MS };
	u64 scale = scales[rng_below(r, ARRAY_SIZE(scales))];
	struct span s;

	task_sync(t);
	s.begin = task_clock(t);
	rcu_read_lock(t);
	if (!rng_below(r, 4)) {
		rcu_read_lock(t);
		some_work(t, r, scale);
		rcu_read_unlock(t);
	}
	for (u32 i = 0; i < 3; i++) {
		some_work(t, r, scale);
		if (!rng_below(r, 4)) {
			spin_lock(t, &w->e.lock);
			some_work(t, r, 1000 * PS_PER_NS);
			spin_unlock(t, &w->e.lock);
		}
		if (!rng_below(r, 3))
			cond_resched(t);
	}
	rcu_read_unlock(t);
	/* interrupt time that is paid behind the section is not the section's */
	s.end = t->kern->hw->c[MK_PREEMPT] == PREEMPT_FULL ? task_clock(t) : t->x.section_end;
	ck_assert_uint_lt(w->nr_reads, MAX_SPANS);
	w->reads[w->nr_reads++] = s;
}

static void wait_once(struct task *t, struct world *w, struct rng *r)
{
	u64 begin;
	u32 how = (u32)rng_below(r, 4);

	task_sync(t);
	begin = task_clock(t);
	if (how == 0) {
		synchronize_rcu(t);
	} else if (how == 1) {
		synchronize_rcu_expedited(t);
	} else if (how == 2 && w->nr_frees < MAX_FREES) {
		struct deferred_free *f = &w->frees[w->nr_frees++];

		f->w = w;
		f->begin = begin;
		call_rcu(t, &f->head, freed);
		f->queued = true;
		return;
	} else {
		u32 nr = w->nr_frees;
		bool queued[MAX_FREES];

		for (u32 i = 0; i < nr; i++)
			queued[i] = w->frees[i].queued;
		rcu_barrier(t);
		task_sync(t);
		for (u32 i = 0; i < nr; i++)
			ck_assert(!queued[i] || w->frees[i].done);
		return;
	}
	task_sync(t);
	add_wait(w, begin, task_clock(t));
}

static void body(struct task *t, void *arg)
{
	struct world *w = arg;
	struct rng *r = &t->rng[RNG_WORKLOAD];

	for (u32 i = 0; i < 30; i++) {
		switch (rng_below(r, 8)) {
		case 0:
		case 1:
		case 2:
			read_once(t, w, r);
			break;
		case 3:
			wait_once(t, w, r);
			break;
		case 4:
			task_sleep(t, rng_below(r, 3 * PS_PER_MS));
			break;
		case 5:
			mutex_lock(t, &w->e.mutex);
			some_work(t, r, PS_PER_MS / 10);
			mutex_unlock(t, &w->e.mutex);
			break;
		case 6:
			smp_call_all(t, rng_below(r, 1000 * PS_PER_NS));
			break;
		default:
			some_work(t, r, 4 * PS_PER_MS);
			break;
		}
	}
}

static void check_promise(const struct world *w, u64 seed)
{
	for (u32 i = 0; i < w->nr_waits; i++)
		for (u32 j = 0; j < w->nr_reads; j++) {
			const struct span *g = &w->waits[i], *s = &w->reads[j];

			ck_assert_msg(s->begin >= g->begin || s->end <= g->end,
				      "seed %llu: read section %llu to %llu ps, wait from %llu to "
				      "%llu ps",
				      (unsigned long long)seed, (unsigned long long)s->begin,
				      (unsigned long long)s->end, (unsigned long long)g->begin,
				      (unsigned long long)g->end);
		}
}

static int span_cmp(const void *a, const void *b)
{
	const struct span *x = a, *y = b;

	if (x->begin != y->begin)
		return x->begin < y->begin ? -1 : 1;
	return x->end == y->end ? 0 : x->end < y->end ? -1 : 1;
}

static void run(struct world *w, u64 seed, enum sim_engine engine)
{
	static const char *const machines[] = { "flat-4", "ideal-3", "flat-1", "ideal-8" };
	static const u32 hz[] = { 100, 250, 1000 };
	struct machine *m = machine_builtin(machines[seed % 4]);
	struct sim_config config = { .engine = engine, .seed = seed };
	struct exact *e = &w->e;
	u32 nr;

	memset(w, 0, sizeof(*w));
	machine_set(m, MK_HZ, hz[seed / 4 % 3], 'K', 0, NULL);
	machine_set(m, MK_PREEMPT, (s64)(seed % 3), 'K', 0, NULL);
	e->m = m;
	e->sim = sim_new(&config);
	e->hw = hw_new(e->sim, m);
	e->k = kern_new(e->hw, VIRT_NONE, seed, 0);
	ck_assert_int_eq(spin_lock_init(e->k, &e->lock, "l", SPIN_QSPINLOCK), 0);
	ck_assert_int_eq(mutex_init(e->k, &e->mutex, "m"), 0);
	nr = 1 + (u32)(seed % 11);
	for (u32 i = 0; i < nr; i++) {
		if (seed % 2)
			exact_task(e, i, i % e->hw->nr_cpus, body);
		else
			exact_free_task(e, i, i % e->hw->nr_cpus, body);
	}
	ck_assert_msg(sim_run(e->sim, TIME_MAX) == SIM_DONE, "seed %llu: %s",
		      (unsigned long long)seed, sim_report(e->sim));
	check_promise(w, seed);
	/* a thread that runs ahead notes its own earlier than others */
	qsort(w->reads, w->nr_reads, sizeof(w->reads[0]), span_cmp);
	qsort(w->waits, w->nr_waits, sizeof(w->waits[0]), span_cmp);
}

START_TEST(no_grace_period_is_too_short)
{
	static struct world w[2];
	u64 nr_gps = 0, nr_exp = 0, nr_held = 0;

	for (u64 seed = 1; seed <= SEEDS; seed++) {
		run(&w[0], seed, SIM_NORMAL);
		run(&w[1], seed, SIM_REFERENCE);
		ck_assert_msg(w[0].nr_reads == w[1].nr_reads && w[0].nr_waits == w[1].nr_waits &&
				      !memcmp(w[0].reads, w[1].reads, sizeof(w[0].reads)) &&
				      !memcmp(w[0].waits, w[1].waits, sizeof(w[0].waits)) &&
				      !memcmp(rcu_stats(w[0].e.k), rcu_stats(w[1].e.k),
					      sizeof(struct rcu_stats)),
			      "seed %llu: the engines differ", (unsigned long long)seed);
		nr_gps += rcu_stats(w[0].e.k)->nr_gps;
		nr_exp += rcu_stats(w[0].e.k)->nr_expedited;
		for (u32 i = 0; i < w[0].nr_waits; i++)
			for (u32 j = 0; j < w[0].nr_reads; j++)
				nr_held += w[0].reads[j].begin < w[0].waits[i].begin &&
					   w[0].reads[j].end > w[0].waits[i].begin;
		exact_free(&w[0].e);
		exact_free(&w[1].e);
	}
	/* the cases that matter were there */
	ck_assert_uint_gt(nr_gps, SEEDS);
	ck_assert_uint_gt(nr_exp, SEEDS / 2);
	ck_assert_uint_gt(nr_held, SEEDS);
}
END_TEST

CHECK_MAIN("rcu readers", no_grace_period_is_too_short)
