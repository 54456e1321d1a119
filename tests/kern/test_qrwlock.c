/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The paths of a rwlock, to the nanosecond and in both engines (machine.md 2.5): sharing,
 * hand-over, the queue and who may pass it, lock_stat of both sides.
 */
#include <stdlib.h>

#include "sim/kern/qrwlock.h"
#include "tests/core/check_main.h"
#include "tests/kern/exact.h"
#include "tests/kern/rw_irq.h"

#define XFER 20
#define RMW 5
#define RELAX 10

struct world {
	struct exact e; /* first: it is what tasks are given */
	struct qrwlock rw;
};

static struct world *world_of(void *arg)
{
	return arg;
}

static void world_init(struct world *w, int engine, bool free_of_charge)
{
	exact_init(&w->e, "ideal-8", engine ? SIM_REFERENCE : SIM_NORMAL);
	ck_assert_int_eq(qrwlock_init(w->e.k, &w->rw, "rw"), 0);
	if (free_of_charge)
		return;
	w->e.hw->xfer[DIST_LLC] = XFER * PS_PER_NS;
	w->e.hw->c[MK_RMW_LOCAL] = RMW * PS_PER_NS;
	w->e.hw->c[MK_CPU_RELAX] = RELAX * PS_PER_NS;
}

static void world_free(struct world *w)
{
	qrwlock_destroy(&w->rw);
	exact_free(&w->e);
}

static void reads(struct task *t, void *arg, u64 at, u64 hold, u32 slot)
{
	struct world *w = world_of(arg);

	FRAME(t, "reads");

	work_ns(t, at);
	read_lock(t, &w->rw);
	exact_note(t, &w->e, slot);
	work_ns(t, hold);
	read_unlock(t, &w->rw);
}

static void writes(struct task *t, void *arg, u64 at, u64 hold, u32 slot)
{
	struct world *w = world_of(arg);

	FRAME(t, "writes");

	work_ns(t, at);
	write_lock_irqs_off(t, &w->rw);
	exact_note(t, &w->e, slot);
	work_ns(t, hold);
	write_unlock_irqs_on(t, &w->rw);
}

static void read_0_1000(struct task *t, void *arg)
{
	reads(t, arg, 0, 1000, 0);
}

static void read_100_1000(struct task *t, void *arg)
{
	reads(t, arg, 100, 1000, 1);
}

static void read_200_100(struct task *t, void *arg)
{
	reads(t, arg, 200, 100, 2);
}

static void read_300_100(struct task *t, void *arg)
{
	reads(t, arg, 300, 100, 3);
}

static void write_0_1000(struct task *t, void *arg)
{
	writes(t, arg, 0, 1000, 0);
}

static void write_100_500(struct task *t, void *arg)
{
	writes(t, arg, 100, 500, 1);
}

static void read_in_interrupt(struct task *t, void *arg)
{
	struct world *w = world_of(arg);

	work_ns(t, 300);
	read_lock_in_interrupt(t, &w->rw);
	exact_note(t, &w->e, 3);
	work_ns(t, 100);
	read_unlock(t, &w->rw);
}

START_TEST(readers_share)
{
	struct world w;
	struct lock_side *s;

	world_init(&w, _i, false);
	exact_task(&w.e, 0, 0, read_0_1000);
	exact_task(&w.e, 1, 1, read_100_1000);
	exact_run(&w.e);
	ck_assert_uint_eq(w.e.at[0], RMW);
	ck_assert_uint_eq(w.e.at[1], 100 + XFER + RMW);
	s = &w.rw.stat.class->side[1];
	ck_assert_uint_eq(s->acquisitions, 2);
	ck_assert_uint_eq(s->acq_bounces, 1);
	ck_assert_uint_eq(s->contentions, 0);
	/* the hold begins with the call and ends when the second atomic is done */
	ck_assert_uint_eq(s->hold_min, (RMW + 1000 + XFER + RMW) * PS_PER_NS);
	ck_assert_uint_eq(s->hold_max, (2 * (XFER + RMW) + 1000) * PS_PER_NS);
	ck_assert(s->owned == s->hold_total);
	ck_assert_uint_eq(w.rw.stat.class->side[0].acquisitions, 0);
	ck_assert(w.rw.stat.class->has_read_side);
	world_free(&w);
}
END_TEST

/* Failed exchange, the wait_lock's, the waiting bit; then release, poll, exchange. */
START_TEST(writer_to_writer)
{
	struct world w;
	struct lock_side *s;
	u64 polls = 100 + (XFER + RMW) + RMW + RMW;
	u64 seen = RMW + 1000 + XFER + RELAX / 2;

	world_init(&w, _i, false);
	exact_task(&w.e, 0, 0, write_0_1000);
	exact_task(&w.e, 1, 1, write_100_500);
	exact_run(&w.e);
	ck_assert_uint_eq(w.e.at[1], seen + XFER + RMW);
	ck_assert_uint_eq(exact_bucket(&w.e, 1, CPU_SPIN), seen - polls);
	s = &w.rw.stat.class->side[0];
	ck_assert_uint_eq(s->acquisitions, 2);
	ck_assert_uint_eq(s->contentions, 1);
	ck_assert_uint_eq(s->con_bounces, 1);
	ck_assert_uint_eq(s->queued_contentions, 1);
	ck_assert_uint_eq(s->acq_bounces, 1);
	ck_assert_uint_eq(s->wait_max, (w.e.at[1] - 100) * PS_PER_NS);
	ck_assert(s->spin == s->wait_max && !s->sleep);
	ck_assert_uint_eq(s->hold_max, (RMW + 1000) * PS_PER_NS);
	ck_assert_uint_eq(s->hold_min, 500 * PS_PER_NS);
	world_free(&w);
}
END_TEST

/* Add, take back, the wait_lock, add again; after the release no further atomic. */
START_TEST(writer_to_reader)
{
	struct world w;
	struct lock_class *c;
	u64 polls = 100 + (XFER + RMW) + 3 * RMW;
	u64 seen = RMW + 1000 + XFER + RELAX / 2;

	world_init(&w, _i, false);
	exact_task(&w.e, 0, 0, write_0_1000);
	exact_task(&w.e, 1, 1, read_100_1000);
	exact_run(&w.e);
	ck_assert_uint_eq(w.e.at[1], seen);
	ck_assert_uint_eq(exact_bucket(&w.e, 1, CPU_SPIN), seen - polls);
	c = w.rw.stat.class;
	ck_assert_uint_eq(c->side[1].contentions, 1);
	ck_assert_uint_eq(c->side[1].wait_max, (seen - 100) * PS_PER_NS);
	ck_assert_uint_eq(c->side[0].contentions, 0);
	ck_assert_uint_eq(c->nr_callers, 1);
	ck_assert_str_eq(c->caller[0].waiter, "reads");
	ck_assert_str_eq(c->caller[0].holder, "writes");
	ck_assert_uint_eq(c->caller[0].dist, DIST_LLC);
	ck_assert(c->caller[0].wait_total == c->side[1].wait_total);
	world_free(&w);
}
END_TEST

/* Readers do not pass a waiting writer, but for those in interrupt context. */
START_TEST(waiting_writer_goes_first)
{
	struct world w;
	struct lock_class *c;

	world_init(&w, _i, true);
	exact_task(&w.e, 0, 0, read_0_1000);
	exact_task(&w.e, 1, 1, write_100_500);
	exact_task(&w.e, 2, 2, read_200_100);
	exact_task(&w.e, 3, 3, read_in_interrupt);
	exact_run(&w.e);
	ck_assert_uint_eq(w.e.at[3], 300);
	ck_assert_uint_eq(w.e.at[1], 1000);
	ck_assert_uint_eq(w.e.at[2], 1500);
	ck_assert_uint_eq(exact_bucket(&w.e, 1, CPU_SPIN), 900);
	ck_assert_uint_eq(exact_bucket(&w.e, 2, CPU_SPIN), 1300);
	c = w.rw.stat.class;
	ck_assert_uint_eq(c->side[0].contentions, 1);
	ck_assert_uint_eq(c->side[0].wait_max, 900 * PS_PER_NS);
	ck_assert_uint_eq(c->side[1].contentions, 1);
	ck_assert_uint_eq(c->side[1].wait_max, 1300 * PS_PER_NS);
	ck_assert_uint_eq(c->side[1].acquisitions, 3);
	/* CPU 0, 3, 1, 2 in this order */
	ck_assert_uint_eq(c->side[0].acq_bounces, 1);
	ck_assert_uint_eq(c->side[1].acq_bounces, 2);
	world_free(&w);
}
END_TEST

static void write_200_500(struct task *t, void *arg)
{
	writes(t, arg, 200, 500, 2);
}

static void read_150_100(struct task *t, void *arg)
{
	reads(t, arg, 150, 100, 1);
}

static void read_250_100(struct task *t, void *arg)
{
	reads(t, arg, 250, 100, 4);
}

/* One queue for both sides, in the order of arrival; readers next to each other share. */
START_TEST(queue_is_fifo)
{
	struct world w;

	world_init(&w, _i, true);
	exact_task(&w.e, 0, 0, write_0_1000);
	exact_task(&w.e, 4, 4, read_250_100);
	exact_task(&w.e, 3, 3, read_300_100);
	exact_task(&w.e, 2, 2, write_200_500);
	exact_task(&w.e, 1, 1, read_150_100);
	exact_run(&w.e);
	ck_assert_uint_eq(w.e.at[1], 1000);
	ck_assert_uint_eq(w.e.at[2], 1100);
	ck_assert_uint_eq(w.e.at[3], 1600);
	ck_assert_uint_eq(w.e.at[4], 1600);
	ck_assert_uint_eq(w.rw.stat.class->side[1].queued_contentions, 3);
	world_free(&w);
}
END_TEST

/* A reader in interrupt context waits for a writer that is in, beside the queue. */
START_TEST(interrupt_reader_waits)
{
	struct world w;

	world_init(&w, _i, true);
	exact_task(&w.e, 0, 0, write_0_1000);
	exact_task(&w.e, 1, 1, write_100_500);
	exact_task(&w.e, 3, 3, read_in_interrupt);
	exact_run(&w.e);
	ck_assert_uint_eq(w.e.at[3], 1000);
	ck_assert_uint_eq(w.e.at[1], 1100);
	ck_assert_uint_eq(w.rw.stat.class->side[1].contentions, 1);
	ck_assert_uint_eq(w.rw.stat.class->side[1].queued_contentions, 0);
	world_free(&w);
}
END_TEST

static void dirty_writer(struct task *t, void *arg)
{
	struct world *w = world_of(arg);

	write_lock(t, &w->rw);
	task_sync(t);
	t->x.nr_stores = 1; /* a store that is done at 700 */
	t->x.drain_until = 700 * PS_PER_NS;
	work_ns(t, 100);
	write_unlock(t, &w->rw);
	exact_note(t, &w->e, 0);
	write_lock(t, &w->rw);
	exact_note(t, &w->e, 4);
	write_unlock(t, &w->rw);
}

static void read_50_10(struct task *t, void *arg)
{
	reads(t, arg, 50, 10, 1);
}

/* The unlock is seen when the section's stores have drained, also by its own CPU's atomics. */
START_TEST(unlock_drains)
{
	struct world w;

	world_init(&w, _i & 1, true);
	exact_task(&w.e, 0, 0, dirty_writer);
	if (_i & 2)
		exact_task(&w.e, 1, 1, read_50_10);
	exact_run(&w.e);
	ck_assert_uint_eq(w.e.at[0], 100);
	ck_assert_uint_eq(w.e.at[4], _i & 2 ? 710 : 700);
	if (_i & 2)
		ck_assert_uint_eq(w.e.at[1], 700);
	else
		ck_assert_uint_eq(exact_bucket(&w.e, 0, CPU_ATOMIC_STALL), 600);
	world_free(&w);
}
END_TEST

static void unlock_read_unheld(struct task *t, void *arg)
{
	read_unlock(t, &world_of(arg)->rw);
}

static void unlock_write_unheld(struct task *t, void *arg)
{
	read_lock(t, &world_of(arg)->rw);
	write_unlock(t, &world_of(arg)->rw);
}

static void read_twice(struct task *t, void *arg)
{
	read_lock(t, &world_of(arg)->rw);
	read_lock(t, &world_of(arg)->rw);
}

static void upgrade(struct task *t, void *arg)
{
	read_lock(t, &world_of(arg)->rw);
	write_lock(t, &world_of(arg)->rw);
}

static void interrupts_writer(struct task *t, void *arg)
{
	write_lock(t, &world_of(arg)->rw);
	read_lock_in_interrupt(t, &world_of(arg)->rw);
}

static void ends_inside(struct task *t, void *arg)
{
	read_lock(t, &world_of(arg)->rw);
}

static void sleeps_inside(struct task *t, void *arg)
{
	write_lock(t, &world_of(arg)->rw);
	task_sleep(t, PS_PER_US);
}

static const struct {
	void (*body)(struct task *t, void *arg);
	const char *want;
} misuses[] = {
	{ unlock_read_unheld, "does not hold for reading" },
	{ unlock_write_unheld, "does not hold for writing" },
	{ read_twice, "takes a rwlock that it holds" },
	{ upgrade, "takes a rwlock that it holds" },
	{ interrupts_writer, "takes a rwlock that it holds" },
	{ ends_inside, "ended while it held 1 lock" },
	{ sleeps_inside, "sleeps while it holds" },
};

START_TEST(misuse_is_reported)
{
	struct world w;

	world_init(&w, 0, true);
	exact_task(&w.e, 0, 0, misuses[_i].body);
	ck_assert_int_eq(sim_run(w.e.sim, TIME_MAX), SIM_FAILED);
	ck_assert_msg(strstr(sim_report(w.e.sim), misuses[_i].want), "%s", sim_report(w.e.sim));
	world_free(&w);
}
END_TEST

static void nested_reader(struct task *t, void *arg)
{
	struct world *w = world_of(arg);

	read_lock(t, &w->rw);
	read_lock_in_interrupt(t, &w->rw);
	read_unlock(t, &w->rw);
	read_unlock(t, &w->rw);
}

START_TEST(interrupt_may_nest)
{
	struct world w;

	world_init(&w, 0, true);
	exact_task(&w.e, 0, 0, nested_reader);
	exact_run(&w.e);
	ck_assert_uint_eq(w.rw.stat.class->side[1].acquisitions, 2);
	ck_assert_uint_eq(w.rw.readers, 0);
	world_free(&w);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("qrwlock");
	TCase *tc = tcase_create("paths");

	tcase_add_loop_test(tc, readers_share, 0, 2);
	tcase_add_loop_test(tc, writer_to_writer, 0, 2);
	tcase_add_loop_test(tc, writer_to_reader, 0, 2);
	tcase_add_loop_test(tc, waiting_writer_goes_first, 0, 2);
	tcase_add_loop_test(tc, queue_is_fifo, 0, 2);
	tcase_add_loop_test(tc, interrupt_reader_waits, 0, 2);
	tcase_add_loop_test(tc, unlock_drains, 0, 4);
	tcase_add_loop_test(tc, misuse_is_reported, 0, ARRAY_SIZE(misuses));
	tcase_add_test(tc, interrupt_may_nest);
	suite_add_tcase(s, tc);
	return check_run(s, CK_ENV);
}
