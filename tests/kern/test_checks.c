/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What debug builds check while they run: open state is touched at the present
 * instant only, guarded state with its lock held. Release builds run on.
 */
#include <string.h>

#include "sim/kern/atomic.h"
#include "sim/kern/mutex.h"
#include "sim/kern/spinlock.h"
#include "tests/core/check_main.h"

struct world {
	struct machine *m;
	struct sim *sim;
	struct hw *hw;
	struct kern *k;
	struct spinlock lock, a, b;
	struct mutex m1, m2;
	struct atomic_counter counter;
	void (*act)(struct task *t, struct world *w);
	u32 passed;
};

static void actor(struct task *t, void *arg)
{
	struct world *w = arg;

	work(t, 100 * PS_PER_NS);
	w->act(t, w);
	w->passed++;
}

static void bystander(struct task *t, void *arg)
{
	struct world *w = arg;

	for (u32 i = 0; i < 50; i++) {
		work(t, 7 * PS_PER_NS);
		task_sync(t);
		spin_lock(t, &w->lock);
		work(t, 3 * PS_PER_NS);
		spin_unlock(t, &w->lock);
	}
}

/* Let a task that has run ahead by 100 ns act, beside another one. */
static enum sim_status run(enum sim_engine engine, void (*act)(struct task *t, struct world *w),
			   const char *want)
{
	struct sim_config config = { .engine = engine, .seed = 1 };
	struct world w = { .act = act, .m = machine_builtin("flat-2") };
	enum sim_status st;

	w.sim = sim_new(&config);
	w.hw = hw_new(w.sim, w.m);
	w.k = kern_new(w.hw, VIRT_NONE, 1, 0);
	ck_assert_int_eq(spin_lock_init(w.k, &w.lock, "l", SPIN_QSPINLOCK), 0);
	ck_assert_int_eq(spin_lock_init(w.k, &w.a, "a", SPIN_QSPINLOCK), 0);
	ck_assert_int_eq(spin_lock_init(w.k, &w.b, "b", SPIN_QSPINLOCK), 0);
	ck_assert_int_eq(mutex_init(w.k, &w.m1, "m1"), 0);
	ck_assert_int_eq(mutex_init(w.k, &w.m2, "m2"), 0);
	atomic_init_counter(&w.counter);
	task_start(task_new(w.k, "actor", 0, 0, actor, &w));
	task_start(task_new(w.k, "bystander", 0, 1, bystander, &w));
	st = sim_run(w.sim, TIME_MAX);
	ck_assert_uint_eq(w.passed, st == SIM_DONE);
	if (st == SIM_FAILED)
		ck_assert_msg(strstr(sim_report(w.sim), want), "%s", sim_report(w.sim));
	spin_lock_destroy(&w.lock);
	spin_lock_destroy(&w.a);
	spin_lock_destroy(&w.b);
	kern_free(w.k);
	hw_free(w.hw);
	sim_free(w.sim);
	machine_free(w.m);
	return st;
}

/* In debug builds a mistake ends the run with a message that contains @want. */
static void mistake(void (*act)(struct task *t, struct world *w), const char *want)
{
#ifdef MMSIM_DEBUG
	ck_assert_int_eq(run(SIM_NORMAL, act, want), SIM_FAILED);
#else
	ck_assert_int_eq(run(SIM_NORMAL, act, want), SIM_DONE);
#endif
}

static void right(void (*act)(struct task *t, struct world *w))
{
	ck_assert_int_eq(run(SIM_NORMAL, act, ""), SIM_DONE);
	ck_assert_int_eq(run(SIM_REFERENCE, act, ""), SIM_DONE);
}

static void touch(struct task *t, struct world *w)
{
	(void)w;
	proc_assert_open(&t->x.proc);
}

static void sync_touch(struct task *t, struct world *w)
{
	task_sync(t);
	touch(t, w);
}

static void sync_work_touch(struct task *t, struct world *w)
{
	task_sync(t);
	touch(t, w);
	work(t, 1);
	touch(t, w);
}

/* The same time, but a later round of it. */
static void next_round_touch(struct task *t, struct world *w)
{
	task_sync(t);
	proc_advance_to(&t->x.proc, t->x.proc.clock, t->x.proc.delta + 1);
	touch(t, w);
}

START_TEST(open_state)
{
	mistake(touch, "open state touched at 100000 ps, present is 0 ps");
	mistake(sync_work_touch, "open state touched at 100001 ps");
	mistake(next_round_touch, "open state touched at 100000 ps, present is 100000 ps");
	right(sync_touch);
	/* every step is an event there: nobody runs ahead */
	ck_assert_int_eq(run(SIM_REFERENCE, touch, ""), SIM_DONE);
}
END_TEST

static void peek_lock(struct task *t, struct world *w)
{
	spin_is_contended(t, &w->lock);
}

static void sync_peek_lock(struct task *t, struct world *w)
{
	task_sync(t);
	peek_lock(t, w);
}

static void load_line(struct task *t, struct world *w)
{
	line_load(&t->x, w->counter.line);
}

static void sync_load_line(struct task *t, struct world *w)
{
	task_sync(t);
	load_line(t, w);
}

/* Accessors of open objects that do not synchronise themselves check; the others do. */
static void synchronising(struct task *t, struct world *w)
{
	atomic_add_return(t, &w->counter, 1);
	work(t, 30);
	ck_assert_int_eq(atomic_read_counter(t, &w->counter), 1);
	work(t, 30);
	spin_lock(t, &w->lock);
	spin_unlock(t, &w->lock);
}

START_TEST(open_objects)
{
	mistake(peek_lock, "open state touched at 100000 ps, present is 0 ps");
	mistake(load_line, "open state touched at 100000 ps, present is 0 ps");
	right(sync_peek_lock);
	right(sync_load_line);
	right(synchronising);
}
END_TEST

static void unlocked(struct task *t, struct world *w)
{
	lockdep_assert_held(t, &w->lock);
}

static void locked(struct task *t, struct world *w)
{
	spin_lock(t, &w->lock);
	work(t, 50);
	unlocked(t, w);
	spin_unlock(t, &w->lock);
}

START_TEST(guarded_state)
{
	mistake(unlocked, "guarded data is touched without its lock");
	right(locked);
}
END_TEST

/* Order of lock classes: l, a, b and the mutex m. */
static void pair(struct task *t, struct spinlock *first, struct spinlock *second)
{
	spin_lock(t, first);
	spin_lock(t, second);
	spin_unlock(t, second);
	spin_unlock(t, first);
}

static void one_order(struct task *t, struct world *w)
{
	for (u32 i = 0; i < 3; i++) {
		pair(t, &w->lock, &w->a);
		pair(t, &w->a, &w->b);
		pair(t, &w->lock, &w->b);
		mutex_lock(t, &w->m1);
		spin_lock(t, &w->lock);
		spin_unlock(t, &w->lock);
		mutex_unlock(t, &w->m1);
	}
}

static void inversion(struct task *t, struct world *w)
{
	FRAME(t, "outer");
	pair(t, &w->a, &w->b);
	pair(t, &w->b, &w->a);
}

/* Over a third lock: a before b, b before l, and then l before a. */
static void cycle(struct task *t, struct world *w)
{
	pair(t, &w->a, &w->b);
	pair(t, &w->b, &w->lock);
	pair(t, &w->lock, &w->a);
}

static void mutexes(struct task *t, struct world *w)
{
	mutex_lock(t, &w->m1);
	mutex_lock(t, &w->m2);
	mutex_unlock(t, &w->m1);
	mutex_lock(t, &w->m1);
	mutex_unlock(t, &w->m1);
	mutex_unlock(t, &w->m2);
}

START_TEST(lock_order)
{
	right(one_order);
	mistake(inversion, "possible circular locking dependency: a is taken while b is held");
	mistake(inversion, "in _raw_spin_lock < outer");
	mistake(inversion, "actor");
	mistake(cycle, "possible circular locking dependency: a is taken while l is held");
	mistake(mutexes, "possible circular locking dependency: m1 is taken while m2 is held");
}
END_TEST

CHECK_MAIN("checks", open_state, open_objects, guarded_state, lock_order)
