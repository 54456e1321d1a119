/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One test per rule of perf record and of perf lock contention (reference machine.md 2.0,
 * "Comparable to perf", "Comparable to perf lock contention"), each in both engines:
 *
 *	rule						tests
 *	spin: failed fast path to ownership		spin_begins_behind_the_failed_cas
 *	the fast path's atomic is atomic_stall		fast_path_is_atomic_stall
 *	the unlock store is not in it			unlock_store_is_not_spinning
 *	the same symbol in a guest's loop		guest_spins_in_the_slow_path
 *	mutex, osq buckets and symbols			mutex_spinning_has_its_buckets
 *	rwsem bucket and symbol				rwsem_spinning_has_its_buckets
 *	their wait_lock is a qspinlock			wait_lock_is_a_qspinlock
 *	idle time is in no share			sleeping_is_idle
 *	identity of the spin share			spin_share_identity (one lock), tests/vmap/
 *							identity.py (two designs)
 *	queued_contentions: MCS queue only		pending_is_not_queued,
 *							test_and_set_is_not_queued
 *	... of a mutex: start of the slow path		mutex_slow_path_is_queued
 *	lock_stat					test_rules_lockstat.c
 */
#include <math.h>

#include "tests/core/check_main.h"
#include "tests/kern/rules.h"

#define XFER 20
#define RMW 5
#define DRAIN 40

#define NS(x) ((u64)(x)*PS_PER_NS)

struct self {
	const char *symbol;
	u64 ps;
};

static void add_self(struct prof_node *n, void *arg)
{
	struct self *s = arg;

	if (!strcmp(n->site->symbol, s->symbol))
		s->ps += n->self_ps - n->base_ps;
}

static u64 self_of(struct rules *r, const char *symbol)
{
	struct self s = { .symbol = symbol };

	profile_for_each(&r->e.hw->profile, add_self, &s);
	return s.ps;
}

static void costly_init(struct rules *r, int engine)
{
	rules_init(r, engine);
	r->e.hw->xfer[DIST_LLC] = NS(XFER);
	r->e.hw->c[MK_RMW_LOCAL] = NS(RMW);
}

/* The waiter's first exchange brings the line (XFER) and fails; from there on it spins. */
START_TEST(spin_begins_behind_the_failed_cas)
{
	struct rules_script *s;
	struct rules r;

	costly_init(&r, _i);
	RULES_TASK(&r, 0, { R_SPIN, 0, 1000, 0 });
	s = RULES_TASK(&r, 1, { R_SPIN, 100, 10, 0 });
	rules_run(&r);
	ck_assert_uint_eq(exact_bucket(&r.e, 1, CPU_ATOMIC_STALL), RMW + XFER);
	ck_assert_uint_eq(exact_bucket(&r.e, 1, CPU_SPIN), s->got[0] - 100 - RMW - XFER);
	ck_assert_uint_eq(self_of(&r, "native_queued_spin_lock_slowpath"),
			  NS(exact_bucket(&r.e, 1, CPU_SPIN)));
	ck_assert_uint_eq(self_of(&r, "_raw_spin_lock"), NS(RMW + RMW + XFER));
	rules_free(&r);
}
END_TEST

/* Free locks: the atomic is a stall of _raw_spin_lock, nobody spins. */
START_TEST(fast_path_is_atomic_stall)
{
	struct rules r;

	costly_init(&r, _i);
	RULES_TASK(&r, 0, { R_SPIN, 0, 100, 0 });
	RULES_TASK(&r, 1, { R_SPIN, 500, 100, 0 });
	rules_run(&r);
	ck_assert_uint_eq(exact_bucket(&r.e, 0, CPU_ATOMIC_STALL), RMW);
	ck_assert_uint_eq(exact_bucket(&r.e, 1, CPU_ATOMIC_STALL), RMW + XFER);
	ck_assert_uint_eq(bucket_sum(&r, CPU_SPIN), 0);
	ck_assert_uint_eq(self_of(&r, "native_queued_spin_lock_slowpath"), 0);
	ck_assert_uint_eq(rules_spin(&r)->contentions, 0);
	rules_free(&r);
}
END_TEST

static void owning_lines(struct task *t, void *arg)
{
	struct rules *r = arg;

	line_store(&t->x, &r->mutex_2.line);
	line_store(&t->x, &r->rw.line);
}

static void storing(struct task *t, void *arg)
{
	struct rules *r = arg;

	work_ns(t, 10);
	spin_lock(t, &r->e.lock);
	work_ns(t, 990);
	task_sync(t);
	line_store(&t->x, &r->mutex_2.line);
	line_store(&t->x, &r->rw.line);
	spin_unlock(t, &r->e.lock);
	exact_note(t, &r->e, 0);
}

/*
 * Stores of the section drain before the unlock store is seen: that is time of the waiter,
 * who spins, and not of the holder, who has gone on. The first takes the transfer.
 */
START_TEST(unlock_store_is_not_spinning)
{
	struct rules_script *s;
	struct rules r;

	rules_init(&r, _i);
	r.e.hw->xfer[DIST_LLC] = NS(XFER);
	r.e.hw->c[MK_STORE_DRAIN] = NS(DRAIN);
	task_start(task_new(r.e.k, "owning", 6, 5, owning_lines, &r));
	task_start(task_new(r.e.k, "storing", 7, 0, storing, &r));
	s = RULES_TASK(&r, 1, { R_SPIN, 100, 10, 0 });
	rules_run(&r);
	ck_assert_uint_eq(r.e.at[0], 1000);
	ck_assert_uint_eq(s->got[0], 1000 + XFER + DRAIN + XFER);
	ck_assert_uint_eq(exact_bucket(&r.e, 0, CPU_SPIN), 0);
	ck_assert_uint_eq(exact_bucket(&r.e, 1, CPU_ATOMIC_STALL), XFER);
	ck_assert_uint_eq(exact_bucket(&r.e, 1, CPU_SPIN), s->got[0] - 100 - XFER);
	rules_free(&r);
}
END_TEST

/* virt_spin_lock() is inlined there; every poller's wait is its own. */
START_TEST(guest_spins_in_the_slow_path)
{
	struct rules r;
	struct lock_side *s;

	rules_init_kind(&r, SPIN_TAS, _i);
	RULES_TASK(&r, 0, { R_SPIN_2, 0, 1000, 0 });
	RULES_TASK(&r, 1, { R_SPIN_2, 100, 10, 0 });
	RULES_TASK(&r, 2, { R_SPIN_2, 200, 10, 0 });
	rules_run(&r);
	s = &r.spin_2.class->side[0];
	ck_assert_uint_eq(self_of(&r, "native_queued_spin_lock_slowpath"),
			  bucket_sum(&r, CPU_SPIN));
	ck_assert(s->spin == bucket_sum(&r, CPU_SPIN));
	ck_assert_uint_ge(bucket_sum(&r, CPU_SPIN), NS(900 + 800));
	rules_free(&r);
}
END_TEST

/* The head of the OSQ polls the owner, those behind it wait in osq_lock(); none spins. */
START_TEST(mutex_spinning_has_its_buckets)
{
	struct rules r;

	rules_init(&r, _i);
	RULES_TASK(&r, 0, { R_MUTEX, 0, 1000, 0 });
	RULES_TASK(&r, 1, { R_MUTEX, 100, 10, 0 });
	RULES_TASK(&r, 2, { R_MUTEX, 200, 10, 0 });
	rules_run(&r);
	ck_assert_uint_eq(exact_bucket(&r.e, 1, CPU_MUTEX_SPIN), 900);
	ck_assert_uint_eq(exact_bucket(&r.e, 2, CPU_OSQ), 800);
	ck_assert_uint_eq(exact_bucket(&r.e, 2, CPU_MUTEX_SPIN), 10);
	ck_assert_uint_eq(self_of(&r, "mutex_spin_on_owner"), NS(910));
	ck_assert_uint_eq(self_of(&r, "osq_lock"), NS(800));
	ck_assert_uint_eq(bucket_sum(&r, CPU_SPIN), 0);
	ck_assert_uint_eq(bucket_sum(&r, CPU_RWSEM_SPIN), 0);
	rules_free(&r);
}
END_TEST

START_TEST(rwsem_spinning_has_its_buckets)
{
	struct rules r;

	rules_init(&r, _i);
	RULES_TASK(&r, 0, { R_WSEM, 0, 1000, 0 });
	RULES_TASK(&r, 1, { R_WSEM, 100, 10, 0 });
	RULES_TASK(&r, 2, { R_WSEM, 200, 10, 0 });
	rules_run(&r);
	ck_assert_uint_eq(exact_bucket(&r.e, 1, CPU_RWSEM_SPIN), 900);
	ck_assert_uint_eq(exact_bucket(&r.e, 2, CPU_OSQ), 800);
	ck_assert_uint_eq(self_of(&r, "rwsem_spin_on_owner"), bucket_sum(&r, CPU_RWSEM_SPIN));
	ck_assert_uint_eq(self_of(&r, "osq_lock"), NS(800));
	ck_assert_uint_eq(bucket_sum(&r, CPU_SPIN), 0);
	ck_assert_uint_eq(bucket_sum(&r, CPU_MUTEX_SPIN), 0);
	rules_free(&r);
}
END_TEST

static const struct lock_class *find_class(struct rules *r, const char *part)
{
	const struct lock_class *c = r->e.k->lock_stats.first;

	while (c && (!strstr(c->name, part) || !c->side[0].contentions))
		c = c->next;
	return c;
}

/* Several queue up to sleep at once: they spin for the wait_lock in the qspinlock's slow path. */
START_TEST(wait_lock_is_a_qspinlock)
{
	static const enum rules_lock locks[] = { R_MUTEX, R_WSEM };

	for (u32 i = 0; i < 2; i++) {
		const struct lock_class *c;
		struct rules r;

		costly_init(&r, _i);
		RULES_TASK(&r, 0, { locks[i], 0, 50, 5000 });
		for (u32 cpu = 1; cpu < 5; cpu++)
			RULES_TASK(&r, cpu, { locks[i], 100, 10, 0 });
		rules_run(&r);
		c = find_class(&r, "wait_lock");
		ck_assert_ptr_nonnull(c);
		ck_assert_str_eq(c->kind, "qspinlock");
		ck_assert_uint_gt(bucket_sum(&r, CPU_SPIN), 0);
		ck_assert_uint_eq(self_of(&r, "native_queued_spin_lock_slowpath"),
				  bucket_sum(&r, CPU_SPIN));
		rules_free(&r);
	}
}
END_TEST

/* Cycles are counted while a CPU is not halted: who sleeps for a lock leaves its CPU idle. */
START_TEST(sleeping_is_idle)
{
	struct rules r;

	rules_init(&r, _i);
	RULES_TASK(&r, 0, { R_MUTEX, 0, 50, 950 });
	RULES_TASK(&r, 1, { R_MUTEX, 100, 10, 0 });
	rules_run(&r);
	ck_assert_uint_eq(r.e.sim->now, NS(1010));
	ck_assert_uint_eq(exact_bucket(&r.e, 0, CPU_IDLE), 1010 - 50);
	ck_assert_uint_eq(exact_bucket(&r.e, 1, CPU_IDLE), 1010 - 100 - 10);
	ck_assert(rules_mutex(&r)->sleep == NS(900));
	rules_free(&r);
}
END_TEST

/* ---- identity ----------------------------------------------------------- */

#define SECTION 100
#define THINK 300
#define HANDOFF 50
#define ROUNDS 2000

static void saturate(struct task *t, void *arg)
{
	struct rules *r = arg;

	for (u32 i = 0; i < ROUNDS; i++) {
		spin_lock(t, &r->spin_2);
		work_ns(t, SECTION);
		spin_unlock(t, &r->spin_2);
		work_ns(t, THINK);
	}
}

/*
 * One saturated FIFO lock: 1 - f = (Z + S) / (N (S + h)); and throughput = busy CPUs (1 - f) / w,
 * w being the CPU time of an operation that is not spinning. f is what perf shows: self time of
 * the slow path over all that is not idle.
 */
START_TEST(spin_share_identity)
{
	double spin, busy = 0, f, x;
	struct rules r;
	u32 n;

	rules_init_kind(&r, SPIN_FIFO, _i);
	n = r.e.hw->nr_cpus;
	r.spin_2.handoff = NS(HANDOFF);
	for (u32 i = 0; i < n; i++)
		task_start(task_new(r.e.k, "saturate", i, i, saturate, &r));
	rules_run(&r);
	for (u32 b = 0; b < NR_CPU_BUCKETS; b++)
		busy += b == CPU_IDLE ? 0 : (double)bucket_sum(&r, (enum cpu_bucket)b);
	spin = (double)self_of(&r, "native_queued_spin_lock_slowpath");
	ck_assert(spin == (double)bucket_sum(&r, CPU_SPIN));
	f = spin / busy;
	ck_assert(fabs((1 - f) * n * (SECTION + HANDOFF) / (THINK + SECTION) - 1) < 0.01);
	/* exact but for rounding: all that is not spinning is the work of the operations */
	x = (double)(n * ROUNDS) / (double)r.e.sim->now;
	ck_assert(fabs(busy / (double)r.e.sim->now * (1 - f) / (double)NS(THINK + SECTION) / x -
		       1) < 1e-9);
	rules_free(&r);
}
END_TEST

/* ---- perf lock contention ----------------------------------------------- */

/* The first waiter sets the pending bit, the second finds it set and joins the queue. */
START_TEST(pending_is_not_queued)
{
	struct rules r;

	costly_init(&r, _i);
	RULES_TASK(&r, 0, { R_SPIN, 0, 1000, 0 });
	RULES_TASK(&r, 1, { R_SPIN, 100, 10, 0 });
	rules_run(&r);
	ck_assert_uint_eq(rules_spin(&r)->contentions, 1);
	ck_assert_uint_eq(rules_spin(&r)->queued_contentions, 0);
	rules_free(&r);

	costly_init(&r, _i);
	RULES_TASK(&r, 0, { R_SPIN, 0, 1000, 0 });
	RULES_TASK(&r, 1, { R_SPIN, 100, 10, 0 });
	RULES_TASK(&r, 2, { R_SPIN, 200, 10, 0 });
	RULES_TASK(&r, 3, { R_SPIN, 300, 10, 0 });
	rules_run(&r);
	ck_assert_uint_eq(rules_spin(&r)->contentions, 3);
	ck_assert_uint_eq(rules_spin(&r)->queued_contentions, 2);
	rules_free(&r);
}
END_TEST

START_TEST(test_and_set_is_not_queued)
{
	struct rules r;

	rules_init_kind(&r, SPIN_TAS, _i);
	for (u32 cpu = 0; cpu < 4; cpu++)
		RULES_TASK(&r, cpu, { R_SPIN_2, cpu * 100, 1000, 0 });
	rules_run(&r);
	ck_assert_uint_eq(r.spin_2.class->side[0].contentions, 3);
	ck_assert_uint_eq(r.spin_2.class->side[0].queued_contentions, 0);
	rules_free(&r);
}
END_TEST

/* A mutex reports at the start of its slow path: spinners, too, which lock_stat does not count. */
START_TEST(mutex_slow_path_is_queued)
{
	struct rules r;

	rules_init(&r, _i);
	RULES_TASK(&r, 0, { R_MUTEX, 0, 1000, 0 }, { R_MUTEX, 5000, 10, 0 });
	RULES_TASK(&r, 1, { R_MUTEX, 100, 10, 0 });
	RULES_TASK(&r, 2, { R_MUTEX, 200, 10, 0 });
	rules_run(&r);
	ck_assert_uint_eq(rules_mutex(&r)->acquisitions, 4);
	ck_assert_uint_eq(rules_mutex(&r)->contentions, 0);
	ck_assert_uint_eq(rules_mutex(&r)->queued_contentions, 2);
	rules_free(&r);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("rules_perf");
	TCase *tc = tcase_create("perf");

	tcase_add_loop_test(tc, spin_begins_behind_the_failed_cas, 0, 2);
	tcase_add_loop_test(tc, fast_path_is_atomic_stall, 0, 2);
	tcase_add_loop_test(tc, unlock_store_is_not_spinning, 0, 2);
	tcase_add_loop_test(tc, guest_spins_in_the_slow_path, 0, 2);
	tcase_add_loop_test(tc, mutex_spinning_has_its_buckets, 0, 2);
	tcase_add_loop_test(tc, rwsem_spinning_has_its_buckets, 0, 2);
	tcase_add_loop_test(tc, wait_lock_is_a_qspinlock, 0, 2);
	tcase_add_loop_test(tc, sleeping_is_idle, 0, 2);
	tcase_add_loop_test(tc, spin_share_identity, 0, 2);
	tcase_add_loop_test(tc, pending_is_not_queued, 0, 2);
	tcase_add_loop_test(tc, test_and_set_is_not_queued, 0, 2);
	tcase_add_loop_test(tc, mutex_slow_path_is_queued, 0, 2);
	suite_add_tcase(s, tc);
	return check_run(s, CK_ENV);
}
