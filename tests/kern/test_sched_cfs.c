/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CFS (machine.md 5.1) and what both policies share (5.4), to the nanosecond and in both
 * engines: slices by the number of runnable tasks, wake-up preemption, the credit of
 * sleepers, round robin. On 8 CPUs or more latency, least and wake-up granularity are
 * 24, 3 and 4 ms.
 */
#include "sim/kern/rq.h"
#include "tests/kern/exact.h"
#include "tests/core/check_main.h"

#define MS PS_PER_MS
#define US 1000000ULL

static void cfs_world(struct exact *e, const char *machine, int engine, u64 tick)
{
	exact_init(e, machine, engine & 1 ? SIM_REFERENCE : SIM_NORMAL);
	e->k->tick = tick;
	kern_set_sched(e->k, &sched_cfs);
	/* first slices are whole */
	for (u32 i = 0; i < e->hw->nr_cpus; i++)
		e->k->rq[i].cfs_phase = e->k->slice;
}

static void hog(struct task *t, void *arg)
{
	(void)arg;
	for (;;)
		user_work(t, 700 * US);
}

/* The tunables grow with the logarithm of the CPUs, up to 8. */
START_TEST(factor)
{
	static const struct {
		const char *machine;
		u64 factor;
	} rows[] = { { "ideal-1", 1 }, { "ideal-2", 2 }, { "ideal-4", 3 },
		     { "ideal-7", 3 }, { "ideal-8", 4 }, { "ideal-64", 4 } };
	struct exact e;

	cfs_world(&e, rows[_i].machine, 0, MS);
	ck_assert_uint_eq(e.k->cfs.latency, rows[_i].factor * 6 * MS);
	ck_assert_uint_eq(e.k->cfs.min_granularity, rows[_i].factor * 750 * US);
	ck_assert_uint_eq(e.k->cfs.wakeup_granularity, rows[_i].factor * MS);
	exact_free(&e);
}
END_TEST

static void check_curr(struct exact *e, u64 at, u32 index)
{
	ck_assert_int_eq(sim_run(e->sim, at), SIM_UNTIL);
	ck_assert_uint_eq(rq_curr(&e->k->rq[0])->x.proc.index, index);
}

/* max(24 ms / nr_running, 3 ms), seen at the next tick; tasks take turns in it. */
static void check_slices(u32 nr, u64 tick, int engine)
{
	u64 slice = roundup_u64(max_u64(24 * MS / nr, 3 * MS), tick);
	struct exact e;

	cfs_world(&e, "ideal-8", engine, tick);
	for (u32 i = 0; i < nr; i++)
		exact_task(&e, i, 0, hog);
	for (u32 turn = 0; turn < 3 * nr; turn++) {
		check_curr(&e, turn * slice + US, turn % nr);
		check_curr(&e, (turn + 1) * slice - US, turn % nr);
	}
	ck_assert_int_eq(sim_run(e.sim, 3 * nr * slice), SIM_UNTIL);
	rq_update(&e.k->rq[0]);
	for (u32 i = 0; i < nr; i++)
		ck_assert_uint_eq(e.task[i]->sum_exec_runtime, 3 * slice);
	exact_free(&e);
}

START_TEST(slice_by_nr_running)
{
	for (u32 nr = 2; nr <= 12; nr++) {
		check_slices(nr, MS, _i);
		check_slices(nr, 4 * MS, _i);
	}
}
END_TEST

/* A task more shortens the slice that is under way. */
static void wakes_at_2(struct task *t, void *arg)
{
	(void)arg;
	task_sleep(t, 2 * MS);
	user_work(t, 100 * MS);
}

START_TEST(slice_shrinks)
{
	struct exact e;

	cfs_world(&e, "ideal-8", _i, MS);
	exact_task(&e, 1, 0, wakes_at_2);
	exact_task(&e, 0, 0, hog);
	exact_task(&e, 2, 0, hog);
	/* 12 ms with one more, 8 with two, since 2 ms */
	check_curr(&e, 8 * MS - US, 0);
	check_curr(&e, 8 * MS + US, 2);
	exact_free(&e);
}
END_TEST

struct sleeper {
	struct exact e;
	u64 until, work;
};

static void sleeper(struct task *t, void *arg)
{
	struct sleeper *s = arg;

	task_sleep(t, s->until);
	s->e.at[1] = task_clock(t);
	user_work(t, s->work);
	task_sync(t);
	s->e.at[2] = task_clock(t);
}

static void hog_300(struct task *t, void *arg)
{
	(void)arg;
	user_work(t, 300 * MS);
}

static void run_sleeper(struct sleeper *s, int engine, u64 until, u64 work)
{
	s->until = until;
	s->work = work;
	cfs_world(&s->e, "ideal-8", engine, MS);
	s->e.task[1] = task_new(s->e.k, "t", 1, 0, sleeper, s);
	task_bind(s->e.task[1]);
	task_start(s->e.task[1]);
	exact_task(&s->e, 0, 0, hog_300);
	exact_run(&s->e);
	exact_free(&s->e);
}

/* Preempted from a lead of more than 4 ms; else its slice of 12 ms ends first. */
START_TEST(wakeup_preemption)
{
	struct sleeper s;

	run_sleeper(&s, _i, 4 * MS + 1000, MS);
	ck_assert_uint_eq(s.e.at[1], 4 * MS + 1000);
	run_sleeper(&s, _i, 4 * MS, MS);
	ck_assert_uint_eq(s.e.at[1], 12 * MS);
	run_sleeper(&s, _i, 1500 * US, MS);
	ck_assert_uint_eq(s.e.at[1], 12 * MS);
}
END_TEST

/* It wakes 12 ms behind, has a slice of as much, and waits as long. */
START_TEST(sleeper_credit)
{
	struct sleeper s;

	run_sleeper(&s, _i, 100 * MS, 15 * MS);
	ck_assert_uint_eq(s.e.at[1], 100 * MS);
	ck_assert_uint_eq(s.e.at[2], 127 * MS);
}
END_TEST

/* machine.md 5.4: 256 tasks on 64 CPUs have exactly a quarter each, in both policies. */
START_TEST(quarter)
{
	static struct task *task[256];
	u64 slice;
	struct exact e;

	if (_i & 2)
		cfs_world(&e, "ideal-64", _i, MS);
	else
		exact_init(&e, "ideal-64", _i & 1 ? SIM_REFERENCE : SIM_NORMAL);
	for (u32 i = 0; i < 64 && !(_i & 2); i++)
		e.k->rq[i].slice_end = e.k->rq[i].slice_next = e.k->slice;
	slice = _i & 2 ? 6 * MS : e.k->slice;
	for (u32 i = 0; i < 256; i++) {
		task[i] = task_new(e.k, "t", i, hw_spread(e.hw, i), hog, NULL);
		task_start(task[i]);
	}
	ck_assert_int_eq(sim_run(e.sim, 12 * slice), SIM_UNTIL);
	for (u32 i = 0; i < 64; i++)
		rq_update(&e.k->rq[i]);
	for (u32 i = 0; i < 256; i++)
		ck_assert_uint_eq(task[i]->sum_exec_runtime, 3 * slice);
	exact_free(&e);
}
END_TEST

/* Random sleepers that move between busy CPUs: buckets stay exact, both engines agree. */
static void restless(struct task *t, void *arg)
{
	struct rng *r = &t->rng[RNG_WORKLOAD];

	(void)arg;
	for (u32 i = 0; i < 40; i++) {
		user_work(t, rng_below(r, 5 * MS));
		if (rng_below(r, 2))
			task_sleep(t, 1 + rng_below(r, 20 * MS));
		else
			task_yield(t);
	}
}

static u64 run_restless(struct exact *e, int engine, u64 seed)
{
	struct sim_config config = { .engine = engine ? SIM_REFERENCE : SIM_NORMAL, .seed = seed };
	u64 sum = 0;

	memset(e, 0, sizeof(*e));
	e->m = machine_builtin("flat-4");
	e->sim = sim_new(&config);
	e->hw = hw_new(e->sim, e->m);
	e->k = kern_new(e->hw, VIRT_NONE, seed, 0);
	kern_set_sched(e->k, &sched_cfs);
	ck_assert_int_eq(spin_lock_init(e->k, &e->lock, "l", SPIN_QSPINLOCK), 0);
	for (u32 i = 0; i < 13; i++)
		exact_free_task(e, i, i % 4, restless);
	exact_run(e);
	for (u32 i = 0; i < 13; i++)
		sum = sum * 31 + e->task[i]->sum_exec_runtime;
	sum = sum * 31 + e->sim->now;
	exact_free(e);
	return sum;
}

START_TEST(engines_agree)
{
	struct exact e;
	u64 a = run_restless(&e, 0, (u64)_i), b = run_restless(&e, 1, (u64)_i);

	ck_assert_msg(a == b, "seed %d", _i);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("sched_cfs");
	TCase *tc = tcase_create("cfs");

	tcase_add_loop_test(tc, factor, 0, 6);
	tcase_add_loop_test(tc, slice_by_nr_running, 0, 2);
	tcase_add_loop_test(tc, slice_shrinks, 0, 2);
	tcase_add_loop_test(tc, wakeup_preemption, 0, 2);
	tcase_add_loop_test(tc, sleeper_credit, 0, 2);
	tcase_add_loop_test(tc, quarter, 0, 4);
	tcase_add_loop_test(tc, engines_agree, 0, 20);
	suite_add_tcase(s, tc);
	return check_run(s, CK_ENV);
}
