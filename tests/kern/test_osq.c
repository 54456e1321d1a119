// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The queue of optimistic spinners by itself, to the nanosecond and in both engines (machine.md
 * 2.6): first come, first served, one transfer from head to head; whoever is to be
 * rescheduled leaves from the middle and the others keep their order.
 */
#include "sim/kern/osq.h"
#include "sim/kern/spinner.h"
#include "tests/core/check_main.h"
#include "tests/kern/exact.h"

#define XFER 20
#define RMW 5

static struct osq_world {
	struct exact e; /* first: tasks get this */
	struct optimistic_spin_queue osq;
	struct line line;
	bool left[3];
	u128 spin[3];
} w;

static void world(int engine)
{
	memset(&w, 0, sizeof(w));
	exact_init(&w.e, "ideal-4", engine ? SIM_REFERENCE : SIM_NORMAL);
	w.e.hw->xfer[DIST_LLC] = XFER * PS_PER_NS;
	w.e.hw->c[MK_RMW_LOCAL] = RMW * PS_PER_NS;
	osq_lock_init(&w.osq);
	gline_init(&w.line.g, 0);
}

/* At the head from about @at on, for @hold ns. */
static void queue(struct task *t, u64 at, u64 hold, u32 slot)
{
	work_ns(t, at);
	task_sync(t);
	w.left[slot] = !osq_lock(t, &w.osq, &w.line, &w.spin[slot]);
	exact_note(t, &w.e, slot);
	if (w.left[slot])
		return;
	ck_assert_ptr_eq(osq_first(&w.osq), t);
	work_ns(t, hold);
	task_sync(t);
	osq_unlock(t, &w.osq);
}

static void first(struct task *t, void *arg)
{
	(void)arg;
	queue(t, 0, 1000, 0);
}

static void second(struct task *t, void *arg)
{
	(void)arg;
	queue(t, 100, 500, 1);
}

static void third(struct task *t, void *arg)
{
	(void)arg;
	queue(t, 200, 0, 2);
}

/* What the scheduler does when the slice of the second is over. */
static void rescheduler(struct task *t, void *arg)
{
	struct exact *e = arg;

	work_ns(t, 500);
	task_sync(t);
	e->task[1]->rq->resched_at = e->sim->now;
	spinner_kick(e->task[1], 0);
}

START_TEST(fifo)
{
	world(_i);
	exact_task(&w.e, 0, 0, first);
	exact_task(&w.e, 2, 2, third);
	exact_task(&w.e, 1, 1, second);
	exact_run(&w.e);
	ck_assert_uint_eq(w.e.at[0], RMW);
	ck_assert_uint_eq(w.e.at[1], RMW + 1000 + XFER);
	ck_assert_uint_eq(w.e.at[2], w.e.at[1] + 500 + XFER);
	/* from the end of the exchange of the tail on */
	ck_assert_uint_eq(exact_bucket(&w.e, 1, CPU_OSQ), w.e.at[1] - (100 + XFER + RMW));
	ck_assert_uint_eq(exact_bucket(&w.e, 2, CPU_OSQ), w.e.at[2] - (200 + XFER + RMW));
	ck_assert(w.spin[0] == 0 && w.spin[2] == exact_bucket(&w.e, 2, CPU_OSQ) * PS_PER_NS);
	ck_assert_ptr_null(osq_first(&w.osq));
	exact_free(&w.e);
}
END_TEST

START_TEST(leaves_from_the_middle)
{
	world(_i);
	exact_task(&w.e, 0, 0, first);
	exact_task(&w.e, 1, 1, second);
	exact_task(&w.e, 2, 2, third);
	exact_task(&w.e, 3, 3, rescheduler);
	exact_run(&w.e);
	ck_assert(!w.left[0] && w.left[1] && !w.left[2]);
	ck_assert_uint_eq(w.e.at[1], 500);
	ck_assert_uint_eq(w.e.at[2], RMW + 1000 + XFER);
	ck_assert_ptr_null(osq_first(&w.osq));
	exact_free(&w.e);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("osq");
	TCase *tc = tcase_create("osq");

	tcase_add_loop_test(tc, fifo, 0, 2);
	tcase_add_loop_test(tc, leaves_from_the_middle, 0, 2);
	suite_add_tcase(suite, tc);
	return check_run(suite, CK_NORMAL);
}
