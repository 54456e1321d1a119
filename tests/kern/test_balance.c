/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where tasks run and when a wake-up preempts (machine.md 5.2, 5.3), to the nanosecond
 * and in both engines. The machine: 2 nodes of 2 LLC groups of 2 CPUs, so that 0 and 1
 * share a cache, 2 and 3 the node with them, 4 to 7 the machine.
 */
#include <stdlib.h>

#include "sim/kern/rq.h"
#include "sim/kern/workqueue.h"
#include "tests/kern/exact.h"
#include "tests/core/check_main.h"

#define SLICE 1000
#define SWITCH 50
#define WAKE 20
#define SHORT 100

/* @smt: CPUs 8 to 15 are the siblings of 0 to 7. */
static void world(struct exact *e, int engine, u32 smt)
{
	struct machine *m = machine_builtin("ideal-8");

	m->val[MK_NODES_PER_SOCKET].v = 2;
	m->val[MK_LLC_PER_NODE].v = 2;
	m->val[MK_CORES_PER_LLC].v = 2;
	m->val[MK_SMT].v = smt;
	exact_init_on(e, m, engine ? SIM_REFERENCE : SIM_NORMAL);
	e->hw->c[MK_CTX_SWITCH] = SWITCH * PS_PER_NS;
	e->hw->c[MK_WAKE_IDLE_IPI] = WAKE * PS_PER_NS;
	e->k->slice = SLICE * PS_PER_NS;
	for (u32 i = 0; i < e->hw->nr_cpus; i++)
		e->k->rq[i].slice_end = e->k->rq[i].slice_next = SLICE * PS_PER_NS;
}

static void user_ns(struct task *t, u64 ns)
{
	user_work(t, ns * PS_PER_NS);
}

static void user_600(struct task *t, void *arg)
{
	(void)arg;
	user_ns(t, 600);
}

static void user_700(struct task *t, void *arg)
{
	(void)arg;
	user_ns(t, 700);
}

static void hog(struct task *t, void *arg)
{
	(void)arg;
	user_ns(t, 20000);
}

/* Note when and where task i began, in slot i, and its end in slot i + 8. */
static void noted(struct task *t, void *arg)
{
	u32 i = t->x.proc.index;

	exact_note(t, arg, i);
	user_ns(t, SHORT);
	exact_note(t, arg, i + 8);
}

/* Occupy the CPUs of @mask with bound tasks that do not end soon. */
static void hogs(struct exact *e, u32 mask)
{
	for (u32 c = 0; c < e->hw->nr_cpus; c++) {
		struct task *t;

		if (!(mask >> c & 1))
			continue;
		t = task_new(e->k, "hog", c, c, hog, e);
		ck_assert_ptr_nonnull(t);
		task_bind(t);
		task_start(t);
	}
}

/* CPU 1 falls idle at 600, CPU 3 at 700: the cache first, then the longest queue. */
START_TEST(pull_when_idle)
{
	struct exact e;

	world(&e, _i, 1);
	hogs(&e, 0xf5);
	exact_task(&e, 8, 1, user_600);
	exact_task(&e, 9, 3, user_700);
	exact_free_task(&e, 0, 0, noted);
	exact_free_task(&e, 1, 4, noted);
	exact_free_task(&e, 2, 6, noted);
	exact_free_task(&e, 3, 6, noted);
	exact_run(&e);
	ck_assert_uint_eq(e.cpu[0], 1);
	ck_assert_uint_eq(e.at[0], 600 + SWITCH);
	ck_assert_uint_eq(e.cpu[2], 3);
	ck_assert_uint_eq(e.at[2], 700 + SWITCH);
	/* then CPU 1 is idle again: of two queues of one the lowest CPU's */
	ck_assert_uint_eq(e.cpu[1], 1);
	ck_assert_uint_eq(e.at[1], e.at[0] + SHORT + SWITCH);
	ck_assert_uint_eq(e.cpu[3], 3);
	ck_assert_uint_eq(e.at[3], e.at[2] + SHORT + SWITCH);
	exact_free(&e);
}
END_TEST

/* The node before the machine. */
START_TEST(pull_in_node)
{
	struct exact e;

	world(&e, _i, 1);
	hogs(&e, 0xf7);
	exact_task(&e, 8, 3, user_600);
	exact_free_task(&e, 0, 4, noted);
	exact_free_task(&e, 1, 4, noted);
	exact_free_task(&e, 2, 1, noted);
	exact_run(&e);
	ck_assert_uint_eq(e.cpu[2], 3);
	ck_assert_uint_eq(e.at[2], 600 + SWITCH);
	exact_free(&e);
}
END_TEST

/* What a scenario or the kernel binds waits for its CPU, however idle others are. */
START_TEST(bound_stays)
{
	struct exact e;

	world(&e, _i, 1);
	hogs(&e, 0x01);
	exact_task(&e, 0, 0, noted);
	exact_run(&e);
	ck_assert_uint_eq(e.cpu[0], 0);
	ck_assert_uint_eq(e.at[0], SLICE + SWITCH);
	ck_assert_uint_eq(e.cpu[8], 0);
	exact_free(&e);
}
END_TEST

/* More tasks than a CPU can run are started on it: idle CPUs take them, near ones first. */
START_TEST(started_on_one)
{
	static const u32 where[] = { 0, 1, 2, 3, 4 };
	struct exact e;

	world(&e, _i, 1);
	for (u32 i = 0; i < ARRAY_SIZE(where); i++)
		exact_free_task(&e, i, 0, noted);
	exact_run(&e);
	for (u32 i = 0; i < ARRAY_SIZE(where); i++) {
		ck_assert_uint_eq(e.cpu[i], where[i]);
		ck_assert_uint_eq(e.at[i], i ? WAKE : 0);
	}
	exact_free(&e);
}
END_TEST

struct job_world {
	struct exact e; /* first: what tasks get */
	struct work w;
};

static void job_fn(struct task *worker, struct work *w)
{
	struct exact *e = &container_of(w, struct job_world, w)->e;

	exact_note(worker, e, 5);
	user_ns(worker, 5000);
	exact_note(worker, e, 6);
}

static void queue_job(struct task *t, void *arg)
{
	struct job_world *j = arg;

	work_ns(t, 300);
	queue_work_on(t, 0, &j->w);
	flush_work(t, &j->w);
}

static void runner(struct task *t, void *arg)
{
	user_ns(t, 3000);
	exact_note(t, arg, 0);
}

/* A kworker keeps its CPU; the task that it displaces goes on elsewhere at once. */
START_TEST(kworker_stays)
{
	struct job_world j;
	struct exact *e = &j.e;

	world(e, _i, 1);
	work_init(&j.w, job_fn);
	exact_free_task(e, 0, 0, runner);
	exact_task(e, 1, 1, queue_job);
	exact_run(e);
	ck_assert_uint_eq(e->cpu[5], 0);
	ck_assert_uint_eq(e->at[5], SLICE + SWITCH);
	ck_assert_uint_eq(e->cpu[6], 0);
	ck_assert_uint_eq(e->at[6], SLICE + SWITCH + 5000);
	ck_assert_uint_eq(e->cpu[0], 1);
	ck_assert_uint_eq(e->at[0], 3000 + WAKE);
	exact_free(e);
}
END_TEST

/* Sleeps at once, so that its CPU is free for another one, and notes where it wakes up. */
static void sleeper(struct task *t, void *arg)
{
	task_sleep(t, 500 * PS_PER_NS);
	exact_note(t, arg, 0);
}

/* @busy: CPUs that are busy when a task wakes up that has slept on CPU 2. */
static u32 wakes_on(int engine, u32 smt, u32 busy)
{
	struct exact e;
	u32 cpu;

	world(&e, engine, smt);
	exact_free_task(&e, 0, 2, sleeper);
	hogs(&e, busy);
	exact_run(&e);
	cpu = e.cpu[0];
	if (busy != 0xff)
		ck_assert_uint_eq(e.at[0], 500 + WAKE);
	exact_free(&e);
	return cpu;
}

START_TEST(woken_where)
{
	ck_assert_uint_eq(wakes_on(_i, 1, 0x00), 2);
	ck_assert_uint_eq(wakes_on(_i, 1, 0xfb), 2);
	ck_assert_uint_eq(wakes_on(_i, 1, 0x04), 3);
	ck_assert_uint_eq(wakes_on(_i, 1, 0x0c), 0);
	ck_assert_uint_eq(wakes_on(_i, 1, 0xcf), 4);
	ck_assert_uint_eq(wakes_on(_i, 1, 0xff), 2);
	/* an idle core before the idle sibling, that before another cache */
	ck_assert_uint_eq(wakes_on(_i, 2, 0x0004), 3);
	ck_assert_uint_eq(wakes_on(_i, 2, 0x000c), 10);
	ck_assert_uint_eq(wakes_on(_i, 2, 0x040c), 11);
	ck_assert_uint_eq(wakes_on(_i, 2, 0x0c0c), 0);
}
END_TEST

/* Wakes task 0 from CPU 7 at 300. */
static void waker(struct task *t, void *arg)
{
	struct exact *e = arg;

	work_ns(t, 300);
	task_sync(t);
	task_wake(t, e->task[0]);
	user_ns(t, 20000);
}

static void blocked(struct task *t, void *arg)
{
	task_sync(t);
	task_block(t);
	exact_note(t, arg, 0);
}

/* All CPUs are busy: the waker's has less to do than one with two tasks. */
START_TEST(woken_at_waker)
{
	struct exact e;

	world(&e, _i, 1);
	exact_free_task(&e, 0, 2, blocked);
	hogs(&e, 0x7f);
	exact_task(&e, 1, 7, waker);
	if (_i & 2)
		exact_task(&e, 2, 2, hog);
	exact_run(&e);
	ck_assert_uint_eq(e.cpu[0], _i & 2 ? 7 : 2);
	exact_free(&e);
}
END_TEST

/* ---- preemption at wake-up ------------------------------------------------------ */

/* Kernel work with a reschedule point each 100. */
static void kernel_loop(struct task *t, void *arg)
{
	for (u32 i = 0; i < 60; i++) {
		work_ns(t, 100);
		cond_resched(t);
		task_sync(t);
	}
	exact_note(t, arg, 7);
}

static void user_6000(struct task *t, void *arg)
{
	user_ns(t, 6000);
	exact_note(t, arg, 7);
}

/* No reschedule point before 4000. */
static void kernel_long(struct task *t, void *arg)
{
	work_ns(t, 900);
	cond_resched(t);
	task_sync(t);
	work_ns(t, 100);
	cond_resched(t);
	task_sync(t);
	for (u32 i = 0; i < 30; i++) {
		work_ns(t, 100);
		task_sync(t);
	}
	cond_resched(t);
	task_sync(t);
	work_ns(t, 2000);
	exact_note(t, arg, 7);
}

/* Sleeps until 300, waits for the slice to end, runs @ns, sleeps until @until. */
static void wake_twice(struct task *t, struct exact *e, u64 ns, u64 until)
{
	task_sleep(t, 300 * PS_PER_NS);
	exact_note(t, e, 0);
	user_ns(t, ns);
	task_sync(t);
	task_sleep(t, until * PS_PER_NS - task_clock(t));
	exact_note(t, e, 1);
	user_ns(t, 100);
}

static void owed(struct task *t, void *arg)
{
	wake_twice(t, arg, 100, 1530);
}

static void overdrawn(struct task *t, void *arg)
{
	wake_twice(t, arg, 900, 2130);
}

static void preempt_world(struct exact *e, int i, void (*body)(struct task *t, void *arg),
			  void (*sleep)(struct task *t, void *arg))
{
	world(e, i, 1);
	e->hw->c[MK_CTX_SWITCH] = 0;
	exact_task(e, 0, 0, sleep);
	exact_task(e, 1, 0, body);
	exact_run(e);
	/* the first time it has no lag: the running task is protected until its slice ends */
	ck_assert_uint_eq(e->at[0], SLICE);
}

/* It has run less than its share: at once in user mode, at a reschedule point in the kernel. */
START_TEST(preempts)
{
	static void (*const body[])(struct task * t, void *arg) = { user_6000, kernel_loop,
								    kernel_long };
	static const u64 at[] = { 1530, 1600, 4100 };
	struct exact e;

	preempt_world(&e, _i & 1, body[_i / 2], owed);
	ck_assert_uint_eq(e.at[1], at[_i / 2]);
	ck_assert_uint_eq(e.at[7], 6000 + 200);
	exact_free(&e);
}
END_TEST

/* It has run more than its share: it waits for the end of a slice, 1000 after 1900. */
START_TEST(does_not_preempt)
{
	struct exact e;

	preempt_world(&e, _i & 1, _i & 2 ? kernel_loop : user_6000, overdrawn);
	ck_assert_uint_eq(e.at[1], 2900);
	exact_free(&e);
}
END_TEST

static void owner(struct task *t, void *arg)
{
	struct exact *e = arg;

	mutex_lock(t, &e->mutex);
	work_ns(t, 5000);
	task_sync(t);
	mutex_unlock(t, &e->mutex);
}

static void spinner(struct task *t, void *arg)
{
	struct exact *e = arg;

	work_ns(t, 1200);
	mutex_lock(t, &e->mutex);
	exact_note(t, e, 7);
	mutex_unlock(t, &e->mutex);
}

/* A task that spins on a mutex, whose slice would end at 2100, is preempted as well. */
START_TEST(preempts_spinner)
{
	struct exact e;

	world(&e, _i, 1);
	e.hw->c[MK_CTX_SWITCH] = 0;
	e.hw->c[MK_WAKE_IDLE_IPI] = 0;
	exact_task(&e, 0, 0, owed);
	exact_task(&e, 1, 0, spinner);
	exact_task(&e, 2, 1, owner);
	exact_run(&e);
	ck_assert_uint_eq(e.at[1], 1530);
	ck_assert_uint_eq(e.at[7], 5000);
	exact_free(&e);
}
END_TEST

/* ---- many equal tasks ------------------------------------------------------------- */

struct crowd {
	u32 turns[256];
};

/* A turn is a whole slice, so that each switch is between turns. */
static void equal(struct task *t, void *arg)
{
	struct crowd *c = arg;

	for (;;) {
		user_ns(t, SLICE);
		task_sync(t);
		c->turns[t->x.proc.index]++;
	}
}

static void run_crowd(struct exact *e, struct crowd *c, u32 n, bool one_cpu, u64 turns)
{
	for (u32 i = 0; i < n; i++)
		task_start(task_new(e->k, "t", i, one_cpu ? 0 : hw_spread(e->hw, i), equal, c));
	ck_assert_int_eq(sim_run(e->sim, turns * SLICE * PS_PER_NS), SIM_UNTIL);
}

/* machine.md 5.4: each gets exactly a quarter, in turn. */
START_TEST(round_robin)
{
	struct crowd c = { 0 };
	struct exact e;

	exact_init(&e, "ideal-64", _i ? SIM_REFERENCE : SIM_NORMAL);
	e.k->slice = SLICE * PS_PER_NS;
	for (u32 i = 0; i < 64; i++)
		e.k->rq[i].slice_end = e.k->rq[i].slice_next = SLICE * PS_PER_NS;
	/* a turn counts when the next one begins, so the tenth of the last tasks after 43 */
	run_crowd(&e, &c, 256, false, 43);
	for (u32 i = 0; i < 256; i++)
		ck_assert_uint_eq(c.turns[i], 10);
	exact_free(&e);
}
END_TEST

/* From all on one CPU to floor or ceil of N/C on each. */
START_TEST(steady_state)
{
	struct crowd c = { 0 };
	struct exact e;
	u32 sum = 0;

	world(&e, _i, 1);
	run_crowd(&e, &c, 21, true, 30000);
	for (u32 i = 0; i < 8; i++) {
		ck_assert_uint_ge(e.k->rq[i].nr, 2);
		ck_assert_uint_le(e.k->rq[i].nr, 3);
		sum += e.k->rq[i].nr;
	}
	ck_assert_uint_eq(sum, 21);
	exact_free(&e);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("balance");
	TCase *tc = tcase_create("balance");

	tcase_add_loop_test(tc, pull_when_idle, 0, 2);
	tcase_add_loop_test(tc, pull_in_node, 0, 2);
	tcase_add_loop_test(tc, bound_stays, 0, 2);
	tcase_add_loop_test(tc, started_on_one, 0, 2);
	tcase_add_loop_test(tc, kworker_stays, 0, 2);
	tcase_add_loop_test(tc, woken_where, 0, 2);
	tcase_add_loop_test(tc, woken_at_waker, 0, 4);
	tcase_add_loop_test(tc, preempts, 0, 6);
	tcase_add_loop_test(tc, does_not_preempt, 0, 4);
	tcase_add_loop_test(tc, preempts_spinner, 0, 2);
	tcase_add_loop_test(tc, round_robin, 0, 2);
	tcase_add_loop_test(tc, steady_state, 0, 2);
	suite_add_tcase(s, tc);
	return check_run(s, CK_ENV);
}
