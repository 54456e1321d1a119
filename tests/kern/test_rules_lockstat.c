/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One test per rule of /proc/lock_stat (reference machine.md 2.0, "Comparable to
 * /proc/lock_stat"), each in both engines:
 *
 *	rule						tests
 *	contentions: the trylock fails			contention_when_trylock_fails
 *	... for a mutex only when queued to sleep	mutex_contention_when_queued
 *	... recorded although the wait never ends	contention_of_a_waiter_at_the_end
 *	con-bounces: last_cpu when it is recorded	contention_when_trylock_fails,
 *							con_bounce_is_of_that_instant,
 *							mutex_con_bounce
 *	acq-bounces, last_cpu				acq_bounces_follow_last_cpu
 *	explicit trylock				trylock_leaves_last_cpu
 *	acquisitions at release				acquisition_counts_at_release
 *	waittime of contentions only			wait_time_is_of_contentions
 *	holdtime from the acquisition, or the call	hold_time_of_spin_lock,
 *							hold_time_of_mutex, hold_time_of_rwsem
 *	rows -R and -W					read_and_write_are_rows
 *	class sums over instances			class_sums_instances
 *	contentions, waits of perf lock contention	test_rules_perf.c
 */
#include "tests/core/check_main.h"
#include "tests/kern/rules.h"

#define WAKE 400
#define XFER 100
#define RMW 5

#define NS(x) ((u64)(x)*PS_PER_NS)

/* Every primitive but the mutex: who finds it taken has a contention, who finds it free none. */
START_TEST(contention_when_trylock_fails)
{
	static const struct {
		enum rules_lock held, wanted;
		bool fails;
	} c[] = {
		{ R_SPIN, R_SPIN, true },  { R_WRITE, R_WRITE, true }, { R_WRITE, R_READ, true },
		{ R_READ, R_WRITE, true }, { R_READ, R_READ, false },  { R_WSEM, R_WSEM, true },
		{ R_WSEM, R_RSEM, true },  { R_RSEM, R_WSEM, true },   { R_RSEM, R_RSEM, false },
	};

	for (u32 i = 0; i < ARRAY_SIZE(c); i++) {
		bool reads = c[i].wanted == R_READ || c[i].wanted == R_RSEM;
		struct lock_class *class;
		struct rules r;

		rules_init(&r, _i);
		RULES_TASK(&r, 0, { c[i].held, 0, 1000, 0 });
		RULES_TASK(&r, 1, { c[i].wanted, 100, 100, 0 }, { c[i].wanted, 5000, 100, 0 });
		rules_run(&r);
		class = c[i].held == R_SPIN  ? r.e.lock.class :
			c[i].held <= R_WRITE ? r.rw.stat.class :
					       r.sem.stat.class;
		ck_assert_msg(class->side[reads].contentions == c[i].fails, "case %u", i);
		ck_assert_uint_eq(class->side[!reads].contentions, 0);
		/* the last that has acquired it is the other CPU */
		ck_assert_uint_eq(class->side[reads].con_bounces, c[i].fails);
		rules_free(&r);
	}
}
END_TEST

/* Optimistic spinning is an acquisition without contention and wait; going to sleep is one. */
START_TEST(mutex_contention_when_queued)
{
	struct rules r;
	struct rules_script *s;

	rules_init(&r, _i);
	RULES_TASK(&r, 0, { R_MUTEX, 0, 1000, 0 });
	s = RULES_TASK(&r, 1, { R_MUTEX, 100, 100, 0 });
	rules_run(&r);
	ck_assert_uint_eq(s->got[0], 1000);
	ck_assert_uint_eq(rules_mutex(&r)->contentions, 0);
	ck_assert_uint_eq(rules_mutex(&r)->waits, 0);
	ck_assert(!rules_mutex(&r)->wait_total);
	ck_assert_uint_eq(rules_mutex(&r)->acquisitions, 2);
	rules_free(&r);

	rules_init(&r, _i);
	RULES_TASK(&r, 0, { R_MUTEX, 0, 50, 950 });
	s = RULES_TASK(&r, 1, { R_MUTEX, 100, 100, 0 });
	rules_run(&r);
	ck_assert_uint_ge(s->got[0], 1000);
	ck_assert_uint_eq(rules_mutex(&r)->contentions, 1);
	ck_assert_uint_eq(rules_mutex(&r)->waits, 1);
	ck_assert(rules_mutex(&r)->wait_total == NS(s->got[0] - 100));
	rules_free(&r);
}
END_TEST

/* The wait event is opened before the wait: who waits when the run is cut has been counted. */
START_TEST(contention_of_a_waiter_at_the_end)
{
	static const enum rules_lock locks[] = { R_SPIN, R_MUTEX, R_WRITE, R_WSEM };

	for (u32 i = 0; i < ARRAY_SIZE(locks); i++) {
		const struct lock_side *s;
		struct rules r;

		rules_init(&r, _i);
		RULES_TASK(&r, 0, { locks[i], 0, 50, locks[i] == R_MUTEX ? 5000 : 0 },
			   { locks[i], 60, 5000, 0 });
		RULES_TASK(&r, 1, { locks[i], 100, 100, 0 });
		ck_assert_int_eq(sim_run(r.e.sim, NS(1000)), SIM_UNTIL);
		kern_end(r.e.k, NS(1000));
		s = locks[i] == R_SPIN	? rules_spin(&r) :
		    locks[i] == R_MUTEX ? rules_mutex(&r) :
		    locks[i] == R_WRITE ? &r.rw.stat.class->side[0] :
					  &r.sem.stat.class->side[0];
		ck_assert_msg(s->contentions == 1, "lock %u", locks[i]);
		ck_assert_uint_eq(s->waits, 0);
		ck_assert(!s->wait_total);
		rules_free(&r);
	}
}
END_TEST

/*
 * CPU 0 waits for CPU 1's lock, whose release at 1000 takes XFER to reach it. CPU 1 comes back
 * at 1050: the lock is taken, but CPU 1 is still the last that has acquired it.
 */
START_TEST(con_bounce_is_of_that_instant)
{
	struct rules r;
	struct rules_script *s;

	rules_init(&r, _i);
	r.e.hw->xfer[DIST_LLC] = NS(XFER);
	RULES_TASK(&r, 1, { R_SPIN, 0, 1000, 0 }, { R_SPIN, 1050, 10, 0 });
	s = RULES_TASK(&r, 0, { R_SPIN, 100, 500, 0 });
	rules_run(&r);
	ck_assert_uint_eq(s->got[0], 1000 + XFER);
	ck_assert_uint_eq(rules_spin(&r)->contentions, 2);
	ck_assert_uint_eq(rules_spin(&r)->con_bounces, 1);
	ck_assert_uint_eq(rules_spin(&r)->acq_bounces, 2);
	rules_free(&r);
}
END_TEST

/* Two tasks of one CPU, the owner asleep: a contention, no bounce; from another CPU one. */
START_TEST(mutex_con_bounce)
{
	for (u32 cpu = 0; cpu < 2; cpu++) {
		struct rules r;

		rules_init(&r, _i);
		RULES_TASK(&r, 0, { R_MUTEX, 0, 50, 950 });
		RULES_TASK(&r, cpu, { R_MUTEX, 100, 100, 0 });
		rules_run(&r);
		ck_assert_uint_eq(rules_mutex(&r)->contentions, 1);
		ck_assert_uint_eq(rules_mutex(&r)->con_bounces, cpu);
		ck_assert_uint_eq(rules_mutex(&r)->acq_bounces, cpu);
		rules_free(&r);
	}
}
END_TEST

/* CPUs 0, 0, 1, 1, 0: two changes; readers and writers of a lock have one last_cpu. */
START_TEST(acq_bounces_follow_last_cpu)
{
	static const enum rules_lock locks[] = { R_SPIN, R_MUTEX, R_WRITE, R_WSEM, R_READ, R_RSEM };

	for (u32 i = 0; i < ARRAY_SIZE(locks); i++) {
		enum rules_lock l = locks[i];
		const struct lock_side *s;
		struct rules r;

		rules_init(&r, _i);
		RULES_TASK(&r, 0, { l, 0, 10, 0 }, { l, 100, 10, 0 }, { l, 500, 10, 0 });
		RULES_TASK(&r, 1, { l, 200, 10, 0 }, { l, 300, 10, 0 });
		rules_run(&r);
		s = l == R_SPIN	 ? rules_spin(&r) :
		    l == R_MUTEX ? rules_mutex(&r) :
				   &(l <= R_WRITE ? r.rw.stat.class : r.sem.stat.class)
					    ->side[l == R_READ || l == R_RSEM];
		ck_assert_uint_eq(s->acquisitions, 5);
		ck_assert_msg(s->acq_bounces == 2, "lock %u", l);
		ck_assert_uint_eq(s->contentions, 0);
		rules_free(&r);
	}
}
END_TEST

/* CPU 1's trylocks are acquisitions and holds, but to lock_stat CPU 0 stays the last. */
START_TEST(trylock_leaves_last_cpu)
{
	struct rules r;
	struct rules_script *s;

	rules_init(&r, _i);
	RULES_TASK(&r, 0, { R_MUTEX, 0, 100, 0 }, { R_MUTEX, 1000, 100, 0 });
	s = RULES_TASK(&r, 1, { R_TRY, 50, 1, 0 }, { R_TRY, 500, 70, 0 });
	rules_run(&r);
	ck_assert(s->failed[0]);
	ck_assert(!s->failed[1]);
	ck_assert_uint_eq(rules_mutex(&r)->acquisitions, 3);
	ck_assert_uint_eq(rules_mutex(&r)->acq_bounces, 0);
	ck_assert_uint_eq(rules_mutex(&r)->contentions, 0);
	ck_assert_uint_eq(rules_mutex(&r)->queued_contentions, 0);
	ck_assert(rules_mutex(&r)->hold_total == NS(270));
	ck_assert_uint_eq(rules_mutex(&r)->hold_min, NS(70));
	rules_free(&r);
}
END_TEST

/* Of two sections one is over when the run is cut. */
START_TEST(acquisition_counts_at_release)
{
	static const enum rules_lock locks[] = { R_SPIN, R_MUTEX, R_WRITE, R_READ, R_WSEM, R_RSEM };

	for (u32 i = 0; i < ARRAY_SIZE(locks); i++) {
		enum rules_lock l = locks[i];
		const struct lock_side *s;
		struct rules r;

		rules_init(&r, _i);
		RULES_TASK(&r, 0, { l, 0, 100, 0 }, { l, 500, 1000, 0 });
		ck_assert_int_eq(sim_run(r.e.sim, NS(1000)), SIM_UNTIL);
		kern_end(r.e.k, NS(1000));
		s = l == R_SPIN	 ? rules_spin(&r) :
		    l == R_MUTEX ? rules_mutex(&r) :
				   &(l <= R_WRITE ? r.rw.stat.class : r.sem.stat.class)
					    ->side[l == R_READ || l == R_RSEM];
		ck_assert_msg(s->acquisitions == 1, "lock %u", l);
		ck_assert(s->hold_total == NS(100));
		rules_free(&r);
	}
}
END_TEST

/* Waits of 900 and 200 ns among five acquisitions; avg = total / contentions is the reader's. */
START_TEST(wait_time_is_of_contentions)
{
	struct rules r;

	rules_init(&r, _i);
	RULES_TASK(&r, 0, { R_SPIN, 0, 1000, 0 }, { R_SPIN, 2000, 300, 0 });
	RULES_TASK(&r, 1, { R_SPIN, 100, 10, 0 }, { R_SPIN, 2100, 10, 0 }, { R_SPIN, 4000, 10, 0 });
	rules_run(&r);
	ck_assert_uint_eq(rules_spin(&r)->acquisitions, 5);
	ck_assert_uint_eq(rules_spin(&r)->contentions, 2);
	ck_assert_uint_eq(rules_spin(&r)->waits, 2);
	ck_assert_uint_eq(rules_spin(&r)->wait_min, NS(200));
	ck_assert_uint_eq(rules_spin(&r)->wait_max, NS(900));
	ck_assert(rules_spin(&r)->wait_total == NS(1100));
	rules_free(&r);
}
END_TEST

/* Uncontended: the stall of the compare-exchange is in the hold, contended: it is not. */
START_TEST(hold_time_of_spin_lock)
{
	struct rules r;

	rules_init(&r, _i);
	r.e.hw->c[MK_RMW_LOCAL] = NS(RMW);
	RULES_TASK(&r, 0, { R_SPIN, 0, 1000, 0 });
	RULES_TASK(&r, 1, { R_SPIN, 100, 70, 0 });
	rules_run(&r);
	ck_assert_uint_eq(rules_spin(&r)->hold_max, NS(1000 + RMW));
	ck_assert_uint_eq(rules_spin(&r)->hold_min, NS(70));
	ck_assert(rules_spin(&r)->hold_total == NS(1070 + RMW));
	ck_assert(rules_spin(&r)->owned == NS(1070));
	rules_free(&r);
}
END_TEST

/* A spinner has not waited: its hold begins with the call. A sleeper's begins when it owns. */
START_TEST(hold_time_of_mutex)
{
	struct rules r;

	rules_init(&r, _i);
	RULES_TASK(&r, 0, { R_MUTEX, 0, 1000, 0 });
	RULES_TASK(&r, 1, { R_MUTEX, 100, 70, 0 });
	rules_run(&r);
	ck_assert_uint_eq(rules_mutex(&r)->hold_min, NS(970));
	ck_assert(rules_mutex(&r)->owned == NS(1070));
	rules_free(&r);

	rules_init(&r, _i);
	r.e.hw->c[MK_WAKE_IDLE_IPI] = NS(WAKE);
	RULES_TASK(&r, 0, { R_MUTEX, 0, 50, 950 });
	RULES_TASK(&r, 1, { R_MUTEX, 100, 70, 0 });
	rules_run(&r);
	ck_assert_uint_eq(rules_mutex(&r)->hold_min, NS(70));
	rules_free(&r);
}
END_TEST

/* Unlike a mutex: a spinner's wait is one, from the call on. */
START_TEST(hold_time_of_rwsem)
{
	struct lock_side *s;
	struct rules r;

	rules_init(&r, _i);
	RULES_TASK(&r, 0, { R_WSEM, 0, 1000, 0 });
	RULES_TASK(&r, 1, { R_WSEM, 100, 70, 0 });
	rules_run(&r);
	s = &r.sem.stat.class->side[0];
	ck_assert_uint_eq(s->hold_min, NS(70));
	ck_assert(s->wait_total == NS(900));
	ck_assert_uint_eq(s->hold_max, NS(1000));
	rules_free(&r);
}
END_TEST

START_TEST(read_and_write_are_rows)
{
	static const enum rules_lock reader[] = { R_READ, R_RSEM }, writer[] = { R_WRITE, R_WSEM };

	for (u32 i = 0; i < 2; i++) {
		const struct lock_class *c;
		struct rules r;

		rules_init(&r, _i);
		RULES_TASK(&r, 0, { reader[i], 0, 100, 0 }, { writer[i], 200, 1000, 0 });
		RULES_TASK(&r, 1, { reader[i], 300, 30, 0 });
		rules_run(&r);
		c = i ? r.sem.stat.class : r.rw.stat.class;
		ck_assert(c->has_read_side);
		ck_assert_uint_eq(c->side[0].acquisitions, 1);
		ck_assert_uint_eq(c->side[0].contentions, 0);
		ck_assert(c->side[0].hold_total == NS(1000));
		ck_assert_uint_eq(c->side[1].acquisitions, 2);
		ck_assert_uint_eq(c->side[1].contentions, 1);
		ck_assert(c->side[1].wait_total == NS(900));
		ck_assert(c->side[1].hold_total == NS(130));
		rules_free(&r);
	}
}
END_TEST

/* Each instance has its own owner and last_cpu, the class one row. */
START_TEST(class_sums_instances)
{
	static const enum rules_lock pair[][2] = { { R_SPIN, R_SPIN_2 }, { R_MUTEX, R_MUTEX_2 } };

	for (u32 i = 0; i < 2; i++) {
		const struct lock_side *s;
		struct rules r;

		rules_init(&r, _i);
		RULES_TASK(&r, 0, { pair[i][0], 0, 100, 0 }, { pair[i][0], 1000, 100, 0 });
		RULES_TASK(&r, 1, { pair[i][1], 0, 200, 0 }, { pair[i][0], 1500, 50, 0 });
		rules_run(&r);
		ck_assert_ptr_eq(r.e.lock.class, r.spin_2.class);
		ck_assert_ptr_eq(r.e.mutex.class, r.mutex_2.class);
		s = i ? rules_mutex(&r) : rules_spin(&r);
		ck_assert_uint_eq(s->acquisitions, 4);
		ck_assert_uint_eq(s->contentions, 0);
		ck_assert_uint_eq(s->acq_bounces, 1);
		ck_assert(s->hold_total == NS(450));
		ck_assert_uint_eq(s->hold_max, NS(200));
		rules_free(&r);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("rules_lockstat");
	TCase *tc = tcase_create("lock_stat");

	tcase_add_loop_test(tc, contention_when_trylock_fails, 0, 2);
	tcase_add_loop_test(tc, mutex_contention_when_queued, 0, 2);
	tcase_add_loop_test(tc, contention_of_a_waiter_at_the_end, 0, 2);
	tcase_add_loop_test(tc, con_bounce_is_of_that_instant, 0, 2);
	tcase_add_loop_test(tc, mutex_con_bounce, 0, 2);
	tcase_add_loop_test(tc, acq_bounces_follow_last_cpu, 0, 2);
	tcase_add_loop_test(tc, trylock_leaves_last_cpu, 0, 2);
	tcase_add_loop_test(tc, acquisition_counts_at_release, 0, 2);
	tcase_add_loop_test(tc, wait_time_is_of_contentions, 0, 2);
	tcase_add_loop_test(tc, hold_time_of_spin_lock, 0, 2);
	tcase_add_loop_test(tc, hold_time_of_mutex, 0, 2);
	tcase_add_loop_test(tc, hold_time_of_rwsem, 0, 2);
	tcase_add_loop_test(tc, read_and_write_are_rows, 0, 2);
	tcase_add_loop_test(tc, class_sums_instances, 0, 2);
	suite_add_tcase(s, tc);
	return check_run(s, CK_ENV);
}
