/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The paths of an rwsem, to the nanosecond and in both engines (machine.md 2.7): spinning on
 * writers and, for a limited time, on readers; stealing; the queue, its batches, hand-off.
 */
#include <stdlib.h>

#include "sim/kern/rwsem.h"
#include "tests/core/check_main.h"
#include "tests/kern/exact.h"

#define XFER 20
#define RMW 5
#define WAKE 400
#define LONG_READ 60000
#define TICK 4000000 /* HZ=250 */

struct world {
	struct exact e; /* first: it is what tasks are given */
	struct rwsem sem;
	u32 readers_at[2]; /* many_readers: how many came in when */
	u64 nap; /* of greedy */
	u64 first_at;
};

static struct world *world_of(void *arg)
{
	return arg;
}

static void world_init(struct world *w, const char *machine, int engine)
{
	memset(w, 0, sizeof(*w));
	exact_init(&w->e, machine, engine ? SIM_REFERENCE : SIM_NORMAL);
	w->e.hw->c[MK_WAKE_IDLE_IPI] = WAKE * PS_PER_NS;
	ck_assert_int_eq(rwsem_init(w->e.k, &w->sem, "sem"), 0);
}

static void world_free(struct world *w)
{
	rwsem_destroy(&w->sem);
	exact_free(&w->e);
}

static void reads(struct task *t, void *arg, u64 at, u64 hold, u32 slot)
{
	struct world *w = world_of(arg);

	work_ns(t, at);
	down_read(t, &w->sem);
	exact_note(t, &w->e, slot);
	work_ns(t, hold);
	up_read(t, &w->sem);
}

static void writes(struct task *t, void *arg, u64 at, u64 hold, u32 slot)
{
	struct world *w = world_of(arg);

	work_ns(t, at);
	down_write(t, &w->sem);
	exact_note(t, &w->e, slot);
	work_ns(t, hold);
	up_write(t, &w->sem);
}

static void read_0_1000(struct task *t, void *arg)
{
	reads(t, arg, 0, 1000, 0);
}

static void read_100_1000(struct task *t, void *arg)
{
	reads(t, arg, 100, 1000, 1);
}

static void write_0_1000(struct task *t, void *arg)
{
	writes(t, arg, 0, 1000, 0);
}

static void write_100_100(struct task *t, void *arg)
{
	writes(t, arg, 100, 100, 1);
}

static void write_100_500(struct task *t, void *arg)
{
	writes(t, arg, 100, 500, 1);
}

START_TEST(readers_share)
{
	struct world w;
	struct lock_side *s;

	world_init(&w, "ideal-4", _i);
	exact_task(&w.e, 0, 0, read_0_1000);
	exact_task(&w.e, 1, 1, read_100_1000);
	exact_run(&w.e);
	ck_assert_uint_eq(w.e.at[1], 100);
	s = &w.sem.stat.class->side[1];
	ck_assert_uint_eq(s->acquisitions, 2);
	ck_assert_uint_eq(s->contentions, 0);
	ck_assert_uint_eq(s->acq_bounces, 1);
	ck_assert_uint_eq(s->hold_max, 1000 * PS_PER_NS);
	ck_assert(w.sem.stat.class->has_read_side);
	world_free(&w);
}
END_TEST

/* As a mutex's, but lock_stat sees a wait (2.0). */
START_TEST(spin_handover)
{
	struct world w;
	struct lock_side *s;
	u64 release = RMW + 1000 + XFER + RMW;

	world_init(&w, "ideal-4", _i);
	w.e.hw->xfer[DIST_LLC] = XFER * PS_PER_NS;
	w.e.hw->c[MK_RMW_LOCAL] = RMW * PS_PER_NS;
	exact_task(&w.e, 0, 0, write_0_1000);
	exact_task(&w.e, 1, 1, write_100_500);
	exact_run(&w.e);
	ck_assert_uint_eq(w.e.at[1], release + XFER + XFER + RMW);
	ck_assert_uint_eq(exact_bucket(&w.e, 1, CPU_RWSEM_SPIN),
			  release + XFER - (100 + XFER + RMW + RMW));
	s = &w.sem.stat.class->side[0];
	ck_assert_uint_eq(s->contentions, 1);
	ck_assert_uint_eq(s->con_bounces, 1);
	ck_assert_uint_eq(s->queued_contentions, 0);
	ck_assert_uint_eq(s->wait_max, (w.e.at[1] - 100) * PS_PER_NS);
	ck_assert(s->spin == s->wait_max && !s->sleep);
	ck_assert_uint_eq(s->hold_min, 500 * PS_PER_NS + RMW * PS_PER_NS);
	world_free(&w);
}
END_TEST

static void write_200_100(struct task *t, void *arg)
{
	writes(t, arg, 200, 100, 2);
}

START_TEST(osq_is_fifo)
{
	struct world w;

	world_init(&w, "ideal-4", _i);
	exact_task(&w.e, 0, 0, write_0_1000);
	exact_task(&w.e, 2, 2, write_200_100);
	exact_task(&w.e, 1, 1, write_100_500);
	exact_run(&w.e);
	ck_assert_uint_eq(w.e.at[1], 1000);
	ck_assert_uint_eq(w.e.at[2], 1500);
	ck_assert_uint_eq(exact_bucket(&w.e, 1, CPU_RWSEM_SPIN), 900);
	ck_assert_uint_eq(exact_bucket(&w.e, 2, CPU_OSQ), 800);
	ck_assert_uint_eq(exact_bucket(&w.e, 2, CPU_RWSEM_SPIN), 500);
	world_free(&w);
}
END_TEST

static void long_reader(struct task *t, void *arg)
{
	struct world *w = world_of(arg);

	down_read(t, &w->sem);
	work_ns(t, LONG_READ);
	up_read(t, &w->sem);
}

static void write_30000_100(struct task *t, void *arg)
{
	writes(t, arg, 30000, 100, 2);
}

/* 10 us and 0.5 us per reader up to 30; then nobody spins on these readers any more. */
START_TEST(spin_on_readers_is_limited)
{
	static const u32 nr[] = { 1, 4, 30, 40 };
	static const u32 limit[] = { 10500, 12000, 25000, 25000 };
	struct world w;
	struct lock_side *s;
	u64 spin = limit[_i / 2];

	world_init(&w, "ideal-64", _i & 1);
	for (u32 i = 0; i < nr[_i / 2]; i++)
		exact_task(&w.e, 0, 4 + i, long_reader);
	exact_task(&w.e, 1, 1, write_100_500);
	exact_task(&w.e, 2, 2, write_30000_100);
	exact_run(&w.e);
	ck_assert_uint_eq(w.e.at[1], LONG_READ + WAKE);
	ck_assert_uint_eq(w.e.at[2], LONG_READ + WAKE + 500 + WAKE);
	ck_assert_uint_eq(exact_bucket(&w.e, 1, CPU_RWSEM_SPIN), spin);
	ck_assert_uint_eq(exact_bucket(&w.e, 2, CPU_RWSEM_SPIN), 0);
	s = &w.sem.stat.class->side[0];
	ck_assert(s->spin == spin * PS_PER_NS);
	ck_assert(s->spin + s->sleep == s->wait_total);
	ck_assert_uint_eq(s->queued_contentions, 2);
	world_free(&w);
}
END_TEST

/* Readers queue and sleep at once. */
START_TEST(readers_do_not_spin)
{
	struct world w;
	struct lock_side *s;

	world_init(&w, "ideal-4", _i);
	exact_task(&w.e, 0, 0, write_0_1000);
	exact_task(&w.e, 1, 1, read_100_1000);
	exact_run(&w.e);
	ck_assert_uint_eq(w.e.at[1], 1000 + WAKE);
	ck_assert_uint_eq(exact_bucket(&w.e, 1, CPU_RWSEM_SPIN), 0);
	ck_assert_uint_eq(exact_bucket(&w.e, 1, CPU_IDLE), 900);
	s = &w.sem.stat.class->side[1];
	ck_assert_uint_eq(s->contentions, 1);
	ck_assert_uint_eq(s->queued_contentions, 1);
	ck_assert_uint_eq(s->wait_max, (900 + WAKE) * PS_PER_NS);
	ck_assert(s->sleep == s->wait_max && !s->spin);
	/* granted at the release, held from its wake-up on */
	ck_assert(s->owned == (WAKE + 1000) * PS_PER_NS);
	ck_assert_uint_eq(s->hold_max, 1000 * PS_PER_NS);
	world_free(&w);
}
END_TEST

/* Writes from 0 on, asleep from 50 to 1000 + WAKE: nobody spins. */
static void sleeper(struct task *t, void *arg)
{
	struct world *w = world_of(arg);

	down_write(t, &w->sem);
	work_ns(t, 50);
	task_sleep(t, 950 * PS_PER_NS);
	up_write(t, &w->sem);
}

#define RELEASE (1000 + WAKE)

static void read_100_100(struct task *t, void *arg)
{
	reads(t, arg, 100, 100, 1);
}

static void read_200_100(struct task *t, void *arg)
{
	reads(t, arg, 200, 100, 2);
}

static void read_300_100(struct task *t, void *arg)
{
	reads(t, arg, 300, 100, 3);
}

/* A reader at the head takes the other readers along, past writers. */
START_TEST(reader_batch)
{
	struct world w;

	world_init(&w, "ideal-4", _i);
	exact_task(&w.e, 0, 0, sleeper);
	exact_task(&w.e, 1, 1, read_100_100);
	exact_task(&w.e, 2, 2, write_200_100);
	exact_task(&w.e, 3, 3, read_300_100);
	exact_run(&w.e);
	ck_assert_uint_eq(w.e.at[1], RELEASE + WAKE);
	ck_assert_uint_eq(w.e.at[3], RELEASE + WAKE);
	ck_assert_uint_eq(w.e.at[2], RELEASE + WAKE + 100 + WAKE);
	world_free(&w);
}
END_TEST

/* A writer at the head is woken alone. */
START_TEST(writer_alone)
{
	struct world w;

	world_init(&w, "ideal-4", _i);
	exact_task(&w.e, 0, 0, sleeper);
	exact_task(&w.e, 1, 1, write_100_100);
	exact_task(&w.e, 2, 2, read_200_100);
	exact_task(&w.e, 3, 3, read_300_100);
	exact_run(&w.e);
	ck_assert_uint_eq(w.e.at[1], RELEASE + WAKE);
	ck_assert_uint_eq(w.e.at[2], RELEASE + WAKE + 100 + WAKE);
	ck_assert_uint_eq(w.e.at[3], w.e.at[2]);
	world_free(&w);
}
END_TEST

static void one_of_many(struct task *t, void *arg)
{
	struct world *w = world_of(arg);

	work_ns(t, 100);
	down_read(t, &w->sem);
	task_sync(t);
	if (!w->first_at)
		w->first_at = task_clock(t);
	w->readers_at[task_clock(t) > w->first_at]++;
	work_ns(t, 100);
	up_read(t, &w->sem);
}

START_TEST(batch_of_256)
{
	struct world w;

	world_init(&w, "ideal-301", _i);
	exact_task(&w.e, 0, 0, sleeper);
	for (u32 i = 0; i < 300; i++)
		exact_task(&w.e, 1, 1 + i, one_of_many);
	exact_run(&w.e);
	ck_assert_uint_eq(w.first_at, (RELEASE + WAKE) * PS_PER_NS);
	ck_assert_uint_eq(w.readers_at[0], 256);
	ck_assert_uint_eq(w.readers_at[1], 44);
	world_free(&w);
}
END_TEST

static void read_1500_1000(struct task *t, void *arg)
{
	reads(t, arg, 1500, 1000, 2);
}

static void read_1900_100(struct task *t, void *arg)
{
	reads(t, arg, 1900, 100, 3);
}

/* One reader passes the woken writer, the next may not follow it. */
START_TEST(reader_steals_once)
{
	struct world w;
	struct lock_side *s;

	world_init(&w, "ideal-4", _i);
	exact_task(&w.e, 0, 0, sleeper);
	exact_task(&w.e, 1, 1, write_100_500);
	exact_task(&w.e, 2, 2, read_1500_1000);
	exact_task(&w.e, 3, 3, read_1900_100);
	exact_run(&w.e);
	ck_assert_uint_eq(w.e.at[2], 1500);
	ck_assert_uint_eq(w.e.at[1], 2500 + WAKE);
	ck_assert_uint_eq(w.e.at[3], 2500 + WAKE + 500 + WAKE);
	s = &w.sem.stat.class->side[1];
	ck_assert_uint_eq(s->contentions, 2);
	ck_assert_uint_eq(s->wait_min, 0);
	ck_assert_uint_eq(s->queued_contentions, 1);
	world_free(&w);
}
END_TEST

static void greedy(struct task *t, void *arg)
{
	struct world *w = world_of(arg);

	down_write(t, &w->sem);
	task_sleep(t, w->nap);
	up_write(t, &w->sem);
	down_write(t, &w->sem);
	exact_note(t, &w->e, 0);
	work_ns(t, 1000);
	up_write(t, &w->sem);
	down_write(t, &w->sem);
	exact_note(t, &w->e, 2);
	work_ns(t, 1000);
	up_write(t, &w->sem);
}

/* The lock is stolen from a woken writer until that has waited for more than 4 ms. */
START_TEST(handoff_after_4ms)
{
	struct world w;
	u64 nap = _i & 2 ? TICK + 100000 : 10000, freed = nap + WAKE;

	world_init(&w, "ideal-4", _i & 1);
	w.nap = nap * PS_PER_NS;
	exact_task(&w.e, 0, 0, greedy);
	exact_task(&w.e, 1, 1, write_100_500);
	exact_run(&w.e);
	ck_assert_uint_eq(w.e.at[0], freed);
	if (_i & 2) {
		ck_assert_uint_eq(w.e.at[1], freed + 1000);
		ck_assert_uint_eq(w.e.at[2], freed + 1000 + 500 + WAKE);
		ck_assert_uint_eq(exact_bucket(&w.e, 1, CPU_RWSEM_SPIN), 1000 - WAKE);
	} else {
		ck_assert_uint_eq(w.e.at[2], freed + 1000);
		ck_assert_uint_eq(w.e.at[1], freed + 2000 + WAKE);
	}
	ck_assert(!w.sem.handoff && !w.sem.waiters);
	world_free(&w);
}
END_TEST

/* Spinners sleep when the owner does. */
static void napping_owner(struct task *t, void *arg)
{
	struct world *w = world_of(arg);

	down_write(t, &w->sem);
	work_ns(t, 600);
	task_sleep(t, 1000 * PS_PER_NS);
	up_write(t, &w->sem);
}

START_TEST(owner_leaves)
{
	struct world w;

	world_init(&w, "ideal-4", _i);
	exact_task(&w.e, 0, 0, napping_owner);
	exact_task(&w.e, 2, 2, write_200_100);
	exact_task(&w.e, 1, 1, write_100_500);
	exact_run(&w.e);
	ck_assert_uint_eq(exact_bucket(&w.e, 1, CPU_RWSEM_SPIN), 500);
	ck_assert_uint_eq(exact_bucket(&w.e, 2, CPU_OSQ), 400);
	ck_assert_uint_eq(w.e.at[1], 1600 + 2 * WAKE);
	ck_assert_uint_eq(w.e.at[2], w.e.at[1] + 500 + WAKE);
	world_free(&w);
}
END_TEST

static void long_owner(struct task *t, void *arg)
{
	writes(t, arg, 0, 5000, 0);
}

static void neighbour(struct task *t, void *arg)
{
	exact_note(t, arg, 3);
	work_ns(t, 300);
}

START_TEST(spinner_is_preempted)
{
	struct world w;

	world_init(&w, "ideal-4", _i);
	w.e.k->slice = 1000 * PS_PER_NS;
	w.e.k->rq[1].slice_end = w.e.k->rq[1].slice_next = 1000 * PS_PER_NS;
	exact_task(&w.e, 0, 0, long_owner);
	exact_task(&w.e, 1, 1, write_100_500);
	exact_task(&w.e, 2, 1, neighbour);
	exact_run(&w.e);
	ck_assert_uint_eq(w.e.at[3], 1000);
	ck_assert_uint_eq(w.e.at[1], 5000 + WAKE);
	ck_assert_uint_eq(exact_bucket(&w.e, 1, CPU_RWSEM_SPIN), 900);
	world_free(&w);
}
END_TEST

static void up_read_unheld(struct task *t, void *arg)
{
	up_read(t, &world_of(arg)->sem);
}

static void up_write_unheld(struct task *t, void *arg)
{
	down_read(t, &world_of(arg)->sem);
	up_write(t, &world_of(arg)->sem);
}

static void read_twice(struct task *t, void *arg)
{
	down_read(t, &world_of(arg)->sem);
	down_read(t, &world_of(arg)->sem);
}

static void write_twice(struct task *t, void *arg)
{
	down_write(t, &world_of(arg)->sem);
	down_write(t, &world_of(arg)->sem);
}

static void ends_inside(struct task *t, void *arg)
{
	down_read(t, &world_of(arg)->sem);
}

static void atomic_sleep(struct task *t, void *arg)
{
	spin_lock(t, &world_of(arg)->e.lock);
	down_read(t, &world_of(arg)->sem);
}

static const struct {
	void (*body)(struct task *t, void *arg);
	const char *want;
} misuses[] = {
	{ up_read_unheld, "does not hold for reading" },
	{ up_write_unheld, "does not hold for writing" },
	{ read_twice, "takes a rwsem that it holds" },
	{ write_twice, "takes a rwsem that it holds" },
	{ ends_inside, "ended while it held 1 rwsem" },
	{ atomic_sleep, "may sleep while it holds a spin lock" },
};

START_TEST(misuse_is_reported)
{
	struct world w;

	world_init(&w, "ideal-2", 0);
	exact_task(&w.e, 0, 0, misuses[_i].body);
	ck_assert_int_eq(sim_run(w.e.sim, TIME_MAX), SIM_FAILED);
	ck_assert_msg(strstr(sim_report(w.e.sim), misuses[_i].want), "%s", sim_report(w.e.sim));
	world_free(&w);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("rwsem");
	TCase *tc = tcase_create("paths");

	tcase_add_loop_test(tc, readers_share, 0, 2);
	tcase_add_loop_test(tc, spin_handover, 0, 2);
	tcase_add_loop_test(tc, osq_is_fifo, 0, 2);
	tcase_add_loop_test(tc, spin_on_readers_is_limited, 0, 8);
	tcase_add_loop_test(tc, readers_do_not_spin, 0, 2);
	tcase_add_loop_test(tc, reader_batch, 0, 2);
	tcase_add_loop_test(tc, writer_alone, 0, 2);
	tcase_add_loop_test(tc, batch_of_256, 0, 2);
	tcase_add_loop_test(tc, reader_steals_once, 0, 2);
	tcase_add_loop_test(tc, handoff_after_4ms, 0, 4);
	tcase_add_loop_test(tc, owner_leaves, 0, 2);
	tcase_add_loop_test(tc, spinner_is_preempted, 0, 2);
	tcase_add_loop_test(tc, misuse_is_reported, 0, ARRAY_SIZE(misuses));
	suite_add_tcase(s, tc);
	return check_run(s, CK_ENV);
}
