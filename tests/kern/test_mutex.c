/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The paths of a mutex, to the nanosecond and in both engines (machine.md 2.6):
 * spin hand-over, OSQ, sleep behind the wait_lock, stealing and hand-off, a spinner
 * whose slice ends.
 */
#include <stdlib.h>

#include "tests/kern/exact.h"
#include "tests/core/check_main.h"

#define XFER 20
#define RMW 5
#define WAKE 400

static void mutex_world(struct exact *e, int engine, u64 xfer, u64 rmw)
{
	exact_init(e, "ideal-4", engine ? SIM_REFERENCE : SIM_NORMAL);
	e->hw->xfer[DIST_LLC] = xfer * PS_PER_NS;
	e->hw->c[MK_RMW_LOCAL] = rmw * PS_PER_NS;
	e->hw->c[MK_WAKE_IDLE_IPI] = WAKE * PS_PER_NS;
}

/* Holds the mutex over @hold ns of work that begin @at ns after the start. */
static void hold(struct task *t, struct exact *e, u64 at, u64 hold, u32 slot)
{
	work_ns(t, at);
	mutex_lock(t, &e->mutex);
	exact_note(t, e, slot);
	work_ns(t, hold);
	mutex_unlock(t, &e->mutex);
}

static void first(struct task *t, void *arg)
{
	hold(t, arg, 0, 1000, 0);
}

static void second(struct task *t, void *arg)
{
	hold(t, arg, 100, 500, 1);
}

static void third(struct task *t, void *arg)
{
	hold(t, arg, 200, 100, 2);
}

/* Release store, the spinner sees it a transfer later, its exchange takes another. */
START_TEST(spin_handover)
{
	struct exact e;
	struct lock_side *s;
	u64 release = RMW + 1000 + XFER + RMW; /* the exchange needs the line back */

	mutex_world(&e, _i, XFER, RMW);
	exact_task(&e, 0, 0, first);
	exact_task(&e, 1, 1, second);
	exact_run(&e);
	ck_assert_uint_eq(e.at[0], RMW);
	ck_assert_uint_eq(e.at[1], release + XFER + XFER + RMW);
	s = &e.mutex.class->side[0];
	ck_assert_uint_eq(s->acquisitions, 2);
	ck_assert_uint_eq(s->contentions, 0);
	ck_assert_uint_eq(s->queued_contentions, 1);
	ck_assert_uint_eq(s->waits, 0);
	/* no wait time, so the second hold begins with its call at 100 */
	ck_assert_uint_eq(s->hold_max, e.sim->now - 100 * PS_PER_NS);
	/* it polls from the end of its two exchanges on */
	ck_assert_uint_eq(exact_bucket(&e, 1, CPU_MUTEX_SPIN),
			  release + XFER - (100 + XFER + RMW + RMW));
	exact_free(&e);
}
END_TEST

START_TEST(osq_is_fifo)
{
	struct exact e;

	mutex_world(&e, _i, 0, 0);
	exact_task(&e, 0, 0, first);
	exact_task(&e, 2, 2, third);
	exact_task(&e, 1, 1, second);
	exact_run(&e);
	ck_assert_uint_eq(e.at[1], 1000);
	ck_assert_uint_eq(e.at[2], 1500);
	ck_assert_uint_eq(exact_bucket(&e, 1, CPU_MUTEX_SPIN), 900);
	ck_assert_uint_eq(exact_bucket(&e, 1, CPU_OSQ), 0);
	ck_assert_uint_eq(exact_bucket(&e, 2, CPU_OSQ), 800);
	ck_assert_uint_eq(exact_bucket(&e, 2, CPU_MUTEX_SPIN), 500);
	exact_free(&e);
}
END_TEST

/* Sleeps with the mutex held. */
static void sleeper(struct task *t, void *arg)
{
	struct exact *e = arg;

	mutex_lock(t, &e->mutex);
	task_sleep(t, 1000 * PS_PER_NS);
	mutex_unlock(t, &e->mutex);
	exact_note(t, e, 0);
}

/* Nobody spins on a sleeping owner: queue, sleep, be woken, each under the wait_lock. */
START_TEST(sleep_and_wake)
{
	struct exact e;
	struct lock_side *s;
	struct lock_class *c;
	u64 queued = 100 + (XFER + RMW) + RMW; /* exchange, then the wait_lock's first use */
	u64 unlock = RMW + 1000 + WAKE + (XFER + RMW);
	u64 woken = unlock + (XFER + RMW) + WAKE; /* the wait_lock comes from CPU 1 */

	mutex_world(&e, _i, XFER, RMW);
	e.hw->c[MK_WAKE_SEND] = 60 * PS_PER_NS;
	exact_task(&e, 0, 0, sleeper);
	exact_task(&e, 1, 1, second);
	exact_run(&e);
	ck_assert_uint_eq(e.at[0], unlock + (XFER + RMW) + 60);
	ck_assert_uint_eq(e.at[1], woken + (XFER + RMW) + (XFER + RMW));
	s = &e.mutex.class->side[0];
	ck_assert_uint_eq(s->contentions, 1);
	ck_assert_uint_eq(s->wait_max, (e.at[1] - queued) * PS_PER_NS);
	ck_assert_uint_eq(s->sleep, s->wait_max);
	ck_assert_uint_eq(exact_bucket(&e, 1, CPU_MUTEX_SPIN), 0);
	for (c = e.k->lock_stats.first; strcmp(c->name, "&lock->wait_lock"); c = c->next)
		;
	ck_assert_uint_eq(c->side[0].acquisitions, 3);
	exact_free(&e);
}
END_TEST

/* Takes the mutex back twice while the waiter is woken. */
static void greedy(struct task *t, void *arg)
{
	struct exact *e = arg;

	mutex_lock(t, &e->mutex);
	task_sleep(t, 1000 * PS_PER_NS);
	mutex_unlock(t, &e->mutex);
	mutex_lock(t, &e->mutex);
	exact_note(t, e, 0);
	work_ns(t, 1000);
	mutex_unlock(t, &e->mutex);
	mutex_lock(t, &e->mutex);
	exact_note(t, e, 2);
	mutex_unlock(t, &e->mutex);
}

START_TEST(steal_once_then_handoff)
{
	struct exact e;

	mutex_world(&e, _i, 0, 0);
	exact_task(&e, 0, 0, greedy);
	exact_task(&e, 1, 1, second);
	exact_run(&e);
	ck_assert_uint_eq(e.at[0], 1000 + WAKE); /* stolen while the waiter travels */
	ck_assert_uint_eq(e.at[1], 2000 + WAKE); /* handed over */
	ck_assert_uint_eq(e.at[2], 2000 + WAKE + 500);
	ck_assert_uint_eq(exact_bucket(&e, 1, CPU_MUTEX_SPIN), 1000 - WAKE);
	ck_assert_uint_eq(e.mutex.class->side[0].contentions, 1);
	ck_assert_uint_eq(e.mutex.class->side[0].acquisitions, 4);
	exact_free(&e);
}
END_TEST

static void long_owner(struct task *t, void *arg)
{
	hold(t, arg, 0, 5000, 0);
}

static void neighbour(struct task *t, void *arg)
{
	exact_note(t, arg, 3);
	work_ns(t, 300);
	exact_note(t, arg, 4);
}

static void late_neighbour(struct task *t, void *arg)
{
	task_sleep(t, 700 * PS_PER_NS);
	neighbour(t, arg);
}

/* A spinner stops at the end of its slice if somebody is queued behind it by then. */
START_TEST(spinner_is_preempted)
{
	struct exact e;

	mutex_world(&e, _i & 1, 0, 0);
	e.k->slice = 1000 * PS_PER_NS;
	e.k->rq[1].slice_end = e.k->rq[1].slice_next = 1000 * PS_PER_NS;
	exact_task(&e, 0, 0, long_owner);
	if (_i & 2) {
		exact_task(&e, 2, 1, late_neighbour);
		exact_task(&e, 1, 1, second);
	} else {
		exact_task(&e, 1, 1, second);
		exact_task(&e, 2, 1, neighbour);
	}
	exact_run(&e);
	ck_assert_uint_eq(e.at[3], 1000);
	ck_assert_uint_eq(e.at[4], 1300);
	ck_assert_uint_eq(e.at[1], 5000 + WAKE);
	ck_assert_uint_eq(exact_bucket(&e, 1, CPU_MUTEX_SPIN), 900);
	ck_assert_uint_eq(exact_bucket(&e, 1, CPU_SCHED), WAKE);
	exact_free(&e);
}
END_TEST

static void napping_owner(struct task *t, void *arg)
{
	struct exact *e = arg;

	mutex_lock(t, &e->mutex);
	work_ns(t, 600);
	task_sleep(t, 1000 * PS_PER_NS);
	mutex_unlock(t, &e->mutex);
}

/* Both spinners go to sleep when the owner does, in the order of the OSQ. */
START_TEST(owner_leaves)
{
	struct exact e;

	mutex_world(&e, _i, 0, 0);
	exact_task(&e, 0, 0, napping_owner);
	exact_task(&e, 2, 2, third);
	exact_task(&e, 1, 1, second);
	exact_run(&e);
	ck_assert_uint_eq(exact_bucket(&e, 1, CPU_MUTEX_SPIN), 500);
	ck_assert_uint_eq(exact_bucket(&e, 2, CPU_OSQ), 400);
	ck_assert_uint_eq(e.at[1], 600 + 1000 + 2 * WAKE);
	ck_assert_uint_eq(e.at[2], e.at[1] + 500 + WAKE);
	ck_assert_uint_eq(e.mutex.class->side[0].contentions, 2);
	exact_free(&e);
}
END_TEST

static void take_twice(struct task *t, void *arg)
{
	struct exact *e = arg;

	mutex_lock(t, &e->mutex);
	mutex_lock(t, &e->mutex);
}

static void take_and_end(struct task *t, void *arg)
{
	mutex_lock(t, &((struct exact *)arg)->mutex);
}

START_TEST(misuse_is_reported)
{
	struct exact e;

	exact_init(&e, "ideal-2", SIM_NORMAL);
	exact_task(&e, 0, 0, _i ? take_twice : take_and_end);
	ck_assert_int_eq(sim_run(e.sim, TIME_MAX), SIM_FAILED);
	ck_assert_ptr_nonnull(strstr(sim_report(e.sim), _i ? "that it owns" : "while it owned"));
	exact_free(&e);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("mutex");
	TCase *tc = tcase_create("paths");

	tcase_add_loop_test(tc, spin_handover, 0, 2);
	tcase_add_loop_test(tc, osq_is_fifo, 0, 2);
	tcase_add_loop_test(tc, sleep_and_wake, 0, 2);
	tcase_add_loop_test(tc, steal_once_then_handoff, 0, 2);
	tcase_add_loop_test(tc, spinner_is_preempted, 0, 4);
	tcase_add_loop_test(tc, owner_leaves, 0, 2);
	tcase_add_loop_test(tc, misuse_is_reported, 0, 2);
	suite_add_tcase(s, tc);
	return check_run(s, CK_ENV);
}
