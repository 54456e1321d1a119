/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rules of the qspinlock, one by one, to the nanosecond: reference machine.md 2.4.2 (who
 * waits where), 2.4.3 (what it costs), 2.4.4 (order). Nothing here is about nesting: no
 * model takes a spin lock in an interrupt, so a CPU uses one node.
 */
#include "tests/core/check_main.h"
#include "tests/kern/exact.h"

#define XFER 20
#define RMW 5
#define RELAX 8
#define HOLD 500
#define HP (XFER + RELAX / 2) /* hand-over to the pending waiter */
#define HQ (XFER * 3 / 2 + RELAX / 2) /* to the head of the queue */

struct rules {
	struct exact e;
	u64 arrive[8], hold[8]; /* by task, ns */
	u64 second; /* task 0: its second acquisition */
};

static void world(struct rules *w, int engine)
{
	struct hw *hw;

	exact_init(&w->e, "ideal-8", engine ? SIM_REFERENCE : SIM_NORMAL);
	hw = w->e.hw;
	hw->xfer[DIST_LLC] = XFER * PS_PER_NS;
	hw->c[MK_RMW_LOCAL] = RMW * PS_PER_NS;
	hw->c[MK_CPU_RELAX] = RELAX * PS_PER_NS;
	hw->c[MK_HANDOFF_FACTOR] = 1500;
}

static void enter(struct task *t, void *arg)
{
	struct rules *w = container_of(arg, struct rules, e);
	u32 i = 0;

	while (w->e.task[i] != t)
		i++;
	work_ns(t, w->arrive[i]);
	spin_lock(t, &w->e.lock);
	w->e.at[i] = task_clock(t) / PS_PER_NS;
	work_ns(t, w->hold[i]);
	spin_unlock(t, &w->e.lock);
}

/* Task @i on CPU @i. */
static void arrive(struct rules *w, u32 i, u64 at, u64 hold)
{
	w->arrive[i] = at;
	w->hold[i] = hold;
	exact_task(&w->e, i, i, enter);
}

static const struct lock_side *run(struct rules *w)
{
	exact_run(&w->e);
	return &w->e.lock.class->side[0];
}

static void enter_twice(struct task *t, void *arg)
{
	struct rules *w = container_of(arg, struct rules, e);
	u64 from;

	enter(t, arg);
	from = task_clock(t);
	spin_lock(t, &w->e.lock);
	w->second = (task_clock(t) - from) / PS_PER_NS;
	spin_unlock(t, &w->e.lock);
}

/* 2.4.3, first row: a line that this CPU still owns. */
START_TEST(acquire_again)
{
	const struct lock_side *s;
	struct rules w;

	world(&w, _i);
	w.arrive[0] = 0;
	w.hold[0] = 10;
	exact_task(&w.e, 0, 0, enter_twice);
	s = run(&w);
	ck_assert_uint_eq(w.second, RMW + 1);
	ck_assert_uint_eq(s->acquisitions, 2);
	ck_assert_uint_eq(s->contentions + s->acq_bounces, 0);
	exact_free(&w.e);
}
END_TEST

/* Second row: free, another CPU used it last. A stall, no spinning and no contention. */
START_TEST(acquire_free)
{
	const struct lock_side *s;
	struct rules w;

	world(&w, _i);
	arrive(&w, 0, 0, 10);
	arrive(&w, 1, 100, 10);
	s = run(&w);
	ck_assert_uint_eq(w.e.at[1], 100 + XFER + RMW);
	ck_assert_uint_eq(exact_bucket(&w.e, 1, CPU_ATOMIC_STALL), XFER + RMW);
	ck_assert_uint_eq(exact_bucket(&w.e, 1, CPU_SPIN), 0);
	ck_assert_uint_eq(s->contentions, 0);
	ck_assert_uint_eq(s->acq_bounces, 1);
	exact_free(&w.e);
}
END_TEST

/* Third row: who waits alone does so on the pending bit, and needs one transfer. */
START_TEST(pending)
{
	const struct lock_side *s;
	struct rules w;

	world(&w, _i);
	arrive(&w, 0, 0, HOLD);
	arrive(&w, 1, 100, 10);
	s = run(&w);
	ck_assert_uint_eq(w.e.at[1], RMW + HOLD + HP);
	ck_assert_uint_eq(s->contentions, 1);
	ck_assert_uint_eq(s->queued_contentions, 0);
	ck_assert_uint_eq(exact_bucket(&w.e, 1, CPU_ATOMIC_STALL), XFER + RMW);
	ck_assert_uint_eq(exact_bucket(&w.e, 1, CPU_SPIN), RMW + HOLD + HP - 100 - XFER - RMW);
	exact_free(&w.e);
}
END_TEST

/* Not before its own atomic on the word is done. */
START_TEST(pending_comes_late)
{
	struct rules w;

	world(&w, _i);
	w.e.hw->c[MK_RMW_LOCAL] = 15 * PS_PER_NS;
	arrive(&w, 0, 0, HOLD);
	arrive(&w, 1, 15 + HOLD - 1, 10);
	run(&w);
	ck_assert_uint_eq(w.e.at[1], 15 + HOLD - 1 + XFER + 15);
	exact_free(&w.e);
}
END_TEST

/* Fifth row; a second waiter queues up, the set-up is hidden in the wait. The order is FIFO. */
START_TEST(queue)
{
	const struct lock_side *s;
	struct rules w;
	u64 at = RMW + HOLD + HP;

	world(&w, _i);
	for (u32 i = 0; i < 6; i++)
		arrive(&w, i, 10 * i, HOLD);
	s = run(&w);
	ck_assert_uint_eq(w.e.at[1], at);
	for (u32 i = 2; i < 6; i++) {
		at += HOLD + HQ;
		ck_assert_uint_eq(w.e.at[i], at);
	}
	ck_assert_uint_eq(s->contentions, 5);
	ck_assert_uint_eq(s->queued_contentions, 4);
	exact_free(&w.e);
}
END_TEST

/* Sixth row: the head's promotion is exposed by sections shorter than a transfer, only. */
START_TEST(promotion)
{
	static const u64 hold[] = { 0, 3, XFER - 1, XFER, XFER + 1, 200 };
	u64 s = hold[_i / 2];
	struct rules w;

	world(&w, _i % 2);
	arrive(&w, 0, 0, HOLD);
	arrive(&w, 1, 100, s);
	arrive(&w, 2, 110, 10);
	run(&w);
	ck_assert_uint_eq(w.e.at[2] - w.e.at[1], (s < XFER ? XFER : s) + HQ);
	exact_free(&w.e);
}
END_TEST

/*
 * Rule 1 of 2.4.2: between the release and the pending waiter's ownership, word (0,1,0), a new
 * one polls, and is the next pending waiter. Who comes before the release, or second, queues.
 */
START_TEST(meets_transient_state)
{
	u64 release = RMW + HOLD, grant = release + HP;
	const struct lock_side *s;
	struct rules w;

	world(&w, _i);
	arrive(&w, 0, 0, HOLD);
	arrive(&w, 1, 100, HOLD);
	arrive(&w, 2, release + 10, HOLD);
	arrive(&w, 3, release + 15, HOLD);
	s = run(&w);
	ck_assert_uint_eq(w.e.at[1], grant);
	ck_assert_uint_eq(w.e.at[2], grant + HOLD + HP);
	ck_assert_uint_eq(w.e.at[3], grant + HOLD + HP + HOLD + HQ);
	ck_assert_uint_eq(s->queued_contentions, 1);
	exact_free(&w.e);

	world(&w, _i);
	arrive(&w, 0, 0, HOLD);
	arrive(&w, 1, 100, HOLD);
	arrive(&w, 2, release - 1, HOLD);
	s = run(&w);
	ck_assert_uint_eq(w.e.at[2], grant + HOLD + HQ);
	ck_assert_uint_eq(s->queued_contentions, 1);
	exact_free(&w.e);
}
END_TEST

#define SLOW 6000 /* a transfer of more than 512 polls */

/* It polls 512 times, not longer: with more to go it queues. */
START_TEST(transient_polls)
{
	u64 early = _i / 2, release, left = 512 * RELAX + early;
	const struct lock_side *s;
	struct rules w;

	world(&w, _i % 2);
	w.e.hw->xfer[DIST_LLC] = SLOW * PS_PER_NS;
	release = RMW + 2 * SLOW;
	arrive(&w, 0, 0, 2 * SLOW);
	arrive(&w, 1, 100, 4 * SLOW);
	arrive(&w, 2, release + SLOW + RELAX / 2 - left, 10);
	s = run(&w);
	ck_assert_uint_eq(w.e.at[1], release + SLOW + RELAX / 2);
	ck_assert_uint_eq(s->queued_contentions, early);
	ck_assert_uint_eq(w.e.at[2] - w.e.at[1],
			  4 * SLOW + (early ? SLOW * 3 / 2 : SLOW) + RELAX / 2);
	exact_free(&w.e);
}
END_TEST

/* 2.4.4: who comes when the word is not 0, even if the lock is free, does not pass the queue. */
START_TEST(no_stealing)
{
	struct rules w;
	u64 second = RMW + HOLD + HP;

	world(&w, _i);
	arrive(&w, 0, 0, HOLD);
	arrive(&w, 1, 100, HOLD);
	arrive(&w, 2, 110, HOLD);
	/* right after the second release, before the head of the queue has seen it */
	arrive(&w, 3, second + HOLD + 1, 10);
	run(&w);
	ck_assert_uint_eq(w.e.at[2], second + HOLD + HQ);
	ck_assert_uint_eq(w.e.at[3], second + 2 * (HOLD + HQ));
	exact_free(&w.e);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("qspinlock_rules");
	TCase *tc = tcase_create("rules");

	tcase_add_loop_test(tc, acquire_again, 0, 2);
	tcase_add_loop_test(tc, acquire_free, 0, 2);
	tcase_add_loop_test(tc, pending, 0, 2);
	tcase_add_loop_test(tc, pending_comes_late, 0, 2);
	tcase_add_loop_test(tc, queue, 0, 2);
	tcase_add_loop_test(tc, promotion, 0, 12);
	tcase_add_loop_test(tc, meets_transient_state, 0, 2);
	tcase_add_loop_test(tc, transient_polls, 0, 4);
	tcase_add_loop_test(tc, no_stealing, 0, 2);
	suite_add_tcase(s, tc);
	return check_run(s, CK_ENV);
}
