/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who is preempted when, to the nanosecond and in both engines (machine.md 5.1,
 * DESIGN.md 3): user mode at the end of the slice wherever that falls, keeping the
 * rest; kernel mode only at the interaction point behind a cond_resched().
 */
#include <stdlib.h>

#include "tests/kern/exact.h"
#include "tests/core/check_main.h"

#define SLICE 1000
#define SWITCH 50

static void sched_world(struct exact *e, int engine)
{
	exact_init(e, "ideal-2", engine ? SIM_REFERENCE : SIM_NORMAL);
	e->hw->c[MK_CTX_SWITCH] = SWITCH * PS_PER_NS;
	e->k->slice = SLICE * PS_PER_NS;
	for (u32 i = 0; i < 2; i++)
		e->k->rq[i].slice_end = e->k->rq[i].slice_next = SLICE * PS_PER_NS;
}

static void user_2500(struct task *t, void *arg)
{
	user_work(t, 2500 * PS_PER_NS);
	exact_note(t, arg, 0);
}

static void user_700(struct task *t, void *arg)
{
	exact_note(t, arg, 1);
	user_work(t, 700 * PS_PER_NS);
	exact_note(t, arg, 2);
}

START_TEST(two_from_the_start)
{
	struct exact e;

	sched_world(&e, _i);
	exact_task(&e, 0, 0, user_2500);
	exact_task(&e, 1, 0, user_700);
	exact_run(&e);
	ck_assert_uint_eq(e.at[1], 1000 + SWITCH);
	ck_assert_uint_eq(e.at[2], 1750);
	ck_assert_uint_eq(e.at[0], 1750 + SWITCH + 1500);
	ck_assert_uint_eq(exact_bucket(&e, 0, CPU_WORK), 3200);
	ck_assert_uint_eq(exact_bucket(&e, 0, CPU_SCHED), 2 * SWITCH);
	exact_free(&e);
}
END_TEST

/* Sleeps on CPU 0 until somebody else's timer, then wants to run there. */
static void woken(struct task *t, struct exact *e, u64 at_ns)
{
	task_sleep(t, at_ns * PS_PER_NS);
	exact_note(t, e, 1);
	user_work(t, 400 * PS_PER_NS);
	exact_note(t, e, 2);
}

static void woken_2300(struct task *t, void *arg)
{
	woken(t, arg, 2300);
}

static void woken_3000(struct task *t, void *arg)
{
	woken(t, arg, 3000);
}

static void woken_300(struct task *t, void *arg)
{
	woken(t, arg, 300);
}

/* Begins at SWITCH, when the other one has gone to sleep. */
static void user_5000(struct task *t, void *arg)
{
	user_work(t, 5000 * PS_PER_NS);
	exact_note(t, arg, 0);
}

/* A wake-up in the middle of work that began alone: the pending event moves. */
START_TEST(woken_behind)
{
	struct exact e;
	/* a slice begins when the sleeper leaves: ends lie at 1050, 2050, 3050 */
	u64 stop = 3 * SLICE + SWITCH;

	sched_world(&e, _i & 1);
	exact_task(&e, 1, 0, _i & 2 ? woken_3000 : woken_2300);
	exact_task(&e, 0, 0, user_5000);
	exact_run(&e);
	ck_assert_uint_eq(e.at[1], stop + SWITCH);
	ck_assert_uint_eq(e.at[2], stop + SWITCH + 400);
	ck_assert_uint_eq(e.at[0], 5000 + 400 + 3 * SWITCH);
	exact_free(&e);
}
END_TEST

/* The one who wakes up hits the end of the slice exactly. */
static void woken_at_end(struct task *t, void *arg)
{
	woken(t, arg, 2 * SLICE + SWITCH);
}

START_TEST(woken_at_slice_end)
{
	struct exact e;

	sched_world(&e, _i);
	exact_task(&e, 1, 0, woken_at_end);
	exact_task(&e, 0, 0, user_5000);
	exact_run(&e);
	ck_assert_uint_eq(e.at[1], 2 * SLICE + 2 * SWITCH);
	ck_assert_uint_eq(e.at[0], 5000 + 400 + 3 * SWITCH);
	exact_free(&e);
}
END_TEST

/* Kernel work until 1250 (the slice ends at 1050), then user mode: preempted there. */
static void kernel_then_user(struct task *t, void *arg)
{
	task_sync(t);
	work_ns(t, 1200);
	user_work(t, 1000 * PS_PER_NS);
	exact_note(t, arg, 0);
}

START_TEST(return_to_user)
{
	struct exact e;

	sched_world(&e, _i);
	exact_task(&e, 1, 0, woken_300);
	exact_task(&e, 0, 0, kernel_then_user);
	exact_run(&e);
	ck_assert_uint_eq(e.at[1], 1250 + SWITCH);
	ck_assert_uint_eq(e.at[0], 1250 + SWITCH + 400 + SWITCH + 1000);
	exact_free(&e);
}
END_TEST

/* Kernel mode passes the end of its slice until it interacts behind a cond_resched(). */
static void kernel_only(struct task *t, void *arg)
{
	work_ns(t, 1500);
	exact_note(t, arg, 3);
	work_ns(t, 300);
	cond_resched(t);
	work_ns(t, 200);
	exact_note(t, arg, 4);
	work_ns(t, 1500);
	exact_note(t, arg, 0);
}

START_TEST(kernel_work)
{
	struct exact e;

	sched_world(&e, _i);
	exact_task(&e, 0, 0, kernel_only);
	exact_task(&e, 1, 0, user_700);
	exact_run(&e);
	ck_assert_uint_eq(e.at[3], 1500);
	ck_assert_uint_eq(e.at[1], 2000 + SWITCH);
	ck_assert_uint_eq(e.at[2], 2750);
	ck_assert_uint_eq(e.at[4], 2750 + SWITCH);
	ck_assert_uint_eq(e.at[0], 2800 + 1500);
	exact_free(&e);
}
END_TEST

/* A section that forbids it is not left, cond_resched() or not. */
static void in_section(struct task *t, void *arg)
{
	struct exact *e = arg;

	spin_lock(t, &e->lock);
	cond_resched(t);
	user_work(t, 1500 * PS_PER_NS);
	exact_note(t, arg, 3);
	work_ns(t, 100);
	spin_unlock(t, &e->lock);
	exact_note(t, arg, 0);
}

START_TEST(section_is_not_left)
{
	struct exact e;

	sched_world(&e, _i);
	exact_task(&e, 0, 0, in_section);
	exact_task(&e, 1, 0, user_700);
	exact_run(&e);
	ck_assert_uint_eq(e.at[3], 1500);
	ck_assert_uint_eq(e.at[1], 1600 + SWITCH);
	ck_assert_uint_eq(e.at[0], 1600 + SWITCH + 700 + SWITCH);
	exact_free(&e);
}
END_TEST

static void send(struct task *t, struct exact *e, u64 at_ns)
{
	work_ns(t, at_ns);
	smp_call_all(t, 0);
	exact_note(t, e, 5);
}

static void send_500(struct task *t, void *arg)
{
	send(t, arg, 500);
}

static void send_990(struct task *t, void *arg)
{
	send(t, arg, 990);
}

/* Interrupt time takes from the slice; one that has begun is finished first. */
START_TEST(interrupted)
{
	struct exact e;
	u64 stop = _i & 2 ? 990 + 100 : 1000;
	u64 done = _i & 2 ? 990 : 900;

	sched_world(&e, _i & 1);
	e.hw->c[MK_IPI_HANDLER] = 100 * PS_PER_NS;
	exact_task(&e, 0, 0, user_2500);
	exact_task(&e, 1, 0, user_700);
	exact_task(&e, 2, 1, _i & 2 ? send_990 : send_500);
	exact_run(&e);
	ck_assert_uint_eq(e.at[1], stop + SWITCH);
	ck_assert_uint_eq(e.at[0], stop + 700 + 2 * SWITCH + 2500 - done);
	ck_assert_uint_eq(exact_bucket(&e, 0, CPU_IRQ), 100);
	ck_assert_uint_eq(exact_bucket(&e, 0, CPU_WORK), 3200);
	exact_free(&e);
}
END_TEST

/* Steps of no time between sleeps, more than a run may make at one instant. */
static void sleeper(struct task *t, void *arg)
{
	(void)arg;
	for (u32 i = 0; i < SIM_STUCK_MAX / 100; i++) {
		for (u32 k = 0; k < 110; k++)
			task_sync(t);
		task_sleep(t, PS_PER_NS);
	}
}

START_TEST(sleep_is_progress)
{
	struct exact e;

	exact_init(&e, "ideal-2", _i ? SIM_REFERENCE : SIM_NORMAL);
	exact_task(&e, 0, 0, sleeper);
	exact_run(&e);
	ck_assert_uint_ge(e.sim->now, SIM_STUCK_MAX / 100 * PS_PER_NS);
	exact_free(&e);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("sched");
	TCase *tc = tcase_create("slices");

	tcase_add_loop_test(tc, two_from_the_start, 0, 2);
	tcase_add_loop_test(tc, woken_behind, 0, 4);
	tcase_add_loop_test(tc, woken_at_slice_end, 0, 2);
	tcase_add_loop_test(tc, return_to_user, 0, 2);
	tcase_add_loop_test(tc, kernel_work, 0, 2);
	tcase_add_loop_test(tc, section_is_not_left, 0, 2);
	tcase_add_loop_test(tc, interrupted, 0, 4);
	tcase_add_loop_test(tc, sleep_is_progress, 0, 2);
	suite_add_tcase(s, tc);
	return check_run(s, CK_ENV);
}
