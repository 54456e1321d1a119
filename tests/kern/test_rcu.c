/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * RCU: the length of grace periods on idle and busy machines against the rules of
 * machine.md 2.11 and the measurement of 4.9, batch limits of callbacks, kvfree_rcu()
 * and misuse. That no grace period ends too early is in test_rcu_readers.c.
 */
#include <stdlib.h>

#include "sim/kern/rcu.h"
#include "tests/core/check_main.h"
#include "tests/kern/exact.h"

#define MS (PS_PER_MS / PS_PER_NS)

struct world {
	struct exact e; /* must be first */
	u64 len[100]; /* of what a task waited for, ns */
	u32 nr;
	u64 cost; /* of a callback, ns */
	struct rcu_head *heads;
	u32 nr_heads, nr_called;
	u64 first_call, last_call; /* ns */
	u32 chunks; /* instants at which callbacks were called */
};

static void world_init(struct world *w, const char *machine, u32 hz, enum preempt_mode preempt,
		       int engine)
{
	struct machine *m = machine_builtin(machine);

	memset(w, 0, sizeof(*w));
	machine_set(m, MK_HZ, hz, 'K', 0, NULL);
	machine_set(m, MK_PREEMPT, preempt, 'K', 0, NULL);
	exact_init_on(&w->e, m, engine ? SIM_REFERENCE : SIM_NORMAL);
}

static void world_free(struct world *w)
{
	free(w->heads);
	exact_free(&w->e);
}

static void waited(struct task *t, struct world *w, u64 since)
{
	task_sync(t);
	w->len[w->nr++] = (task_clock(t) - since) / PS_PER_NS;
}

/* exact_note() with a jiffy's phase in it. */
static void note(struct task *t, void *arg, u32 slot)
{
	task_sync(t);
	((struct exact *)arg)->at[slot] = task_clock(t) / PS_PER_NS;
}

static void sync_many(struct task *t, void *arg)
{
	struct world *w = arg;

	for (u32 i = 0; i < 100; i++) {
		u64 start = task_clock(t);

		synchronize_rcu(t);
		waited(t, w, start);
	}
}

/* Jiffies of a synchronize_rcu() that begins at an edge, on an otherwise idle machine. */
static u32 idle_jiffies(u32 hz)
{
	u32 j = 1 + (hz > 250) + (hz > 500);

	/* a tick asks; two rounds, a timer fires at the edge after its time; a tick for the callback */
	return 1 + 2 * (j + 1) + 1;
}

/* Where the first call falls in its jiffy and where the kthread lies is random. */
START_TEST(idle_is_two_rounds)
{
	static const u32 hz[] = { 100, 250, 300, 1000 };

	for (u32 i = 0; i < ARRAY_SIZE(hz); i++) {
		struct world w;
		u64 jiffy = PS_PER_SEC / hz[i] / PS_PER_NS;

		world_init(&w, "ideal-32", hz[i], PREEMPT_VOLUNTARY, _i);
		exact_task(&w.e, 0, 17, sync_many);
		ck_assert_int_eq(sim_run(w.e.sim, TIME_MAX), SIM_DONE);
		for (u32 n = 1; n < 100; n++)
			ck_assert_uint_le(llabs((s64)w.len[n] - (s64)(idle_jiffies(hz[i]) * jiffy)),
					  1000);
		ck_assert_uint_eq(rcu_stats(w.e.k)->nr_gps, 100);
		world_free(&w);
	}
}
END_TEST

/* machine.md 4.9, FERN26: the mean over ten runs of 100 calls is 9.75 ms. */
START_TEST(published_idle_latency)
{
	struct world w;
	u64 sum = 0;

	world_init(&w, "flat-32", 1000, PREEMPT_VOLUNTARY, _i);
	exact_task(&w.e, 0, 5, sync_many);
	ck_assert_int_eq(sim_run(w.e.sim, TIME_MAX), SIM_DONE);
	for (u32 n = 0; n < 100; n++)
		sum += w.len[n];
	ck_assert_uint_ge(sum / 100, 975 * MS / 100 * 75 / 100);
	ck_assert_uint_le(sum / 100, 975 * MS / 100 * 125 / 100);
	world_free(&w);
}
END_TEST

static void sleep_then_done(struct task *t, void *arg)
{
	(void)arg;
	task_sleep(t, 3 * PS_PER_SEC);
}

/* Nobody asks for a grace period: no tick is an event. */
START_TEST(idle_has_no_ticks)
{
	struct world w;

	world_init(&w, "ideal-32", 1000, PREEMPT_VOLUNTARY, _i);
	exact_task(&w.e, 0, 0, sleep_then_done);
	exact_run(&w.e);
	ck_assert_uint_lt(w.e.sim->nr_events, 20);
	world_free(&w);
}
END_TEST

/* Reads for 20 ms, in pieces that the task may be interrupted between. */
static void long_reader(struct task *t, void *arg)
{
	rcu_read_lock(t);
	for (u32 i = 0; i < 20; i++)
		user_work(t, PS_PER_MS);
	rcu_read_unlock(t);
	note(t, arg, 1);
	for (u32 i = 0; i < 100; i++)
		user_work(t, PS_PER_MS);
}

static void sync_once(struct task *t, void *arg)
{
	struct world *w = arg;
	u64 start;

	task_sleep(t, PS_PER_MS);
	start = task_clock(t);
	synchronize_rcu(t);
	waited(t, w, start);
	note(t, &w->e, 2);
}

static void sync_expedited(struct task *t, void *arg)
{
	struct world *w = arg;
	u64 start;

	task_sleep(t, PS_PER_MS);
	start = task_clock(t);
	synchronize_rcu_expedited(t);
	waited(t, w, start);
	note(t, &w->e, 2);
}

/* A reader holds both kinds up until it ends, and not longer than the rules say. */
START_TEST(reader_holds_it_up)
{
	bool exp = _i & 2;
	struct world w;

	world_init(&w, "ideal-4", 1000, _i & 4 ? PREEMPT_FULL : PREEMPT_NONE, _i & 1);
	exact_task(&w.e, 0, 0, long_reader);
	exact_task(&w.e, 1, 1, exp ? sync_expedited : sync_once);
	ck_assert_int_eq(sim_run(w.e.sim, TIME_MAX), SIM_DONE);
	ck_assert_uint_eq(w.e.at[1], 20 * MS);
	ck_assert_uint_ge(w.e.at[2], 20 * MS);
	/* its tick; the callback's */
	ck_assert_uint_le(w.e.at[2], (exp ? 21 : 23) * MS);
	world_free(&w);
}
END_TEST

static void kernel_loop(struct task *t, void *arg)
{
	(void)arg;
	for (u32 i = 0; i < 4000; i++) {
		work(t, 100000 * PS_PER_NS);
		if (i % 10 == 0)
			cond_resched(t);
		task_sync(t);
	}
}

static void user_loop(struct task *t, void *arg)
{
	(void)arg;
	for (u32 i = 0; i < 400; i++)
		user_work(t, PS_PER_MS);
}

/* Kernel code reports at reschedule points after 100 ms; user mode at its tick. */
START_TEST(busy_cpus_report)
{
	struct world w;
	u64 len[2];

	for (u32 kernel = 0; kernel < 2; kernel++) {
		world_init(&w, "ideal-2", 1000, PREEMPT_NONE, _i);
		exact_task(&w.e, 0, 0, kernel ? kernel_loop : user_loop);
		exact_task(&w.e, 1, 1, sync_once);
		ck_assert_int_eq(sim_run(w.e.sim, TIME_MAX), SIM_DONE);
		len[kernel] = w.len[0];
		world_free(&w);
	}
	ck_assert_uint_le(len[0], 10 * MS);
	ck_assert_uint_ge(len[1], 100 * MS);
	ck_assert_uint_le(len[1], 110 * MS);
}
END_TEST

/* Busy CPUs in user mode answer an expedited one with an IPI, idle ones get none. */
START_TEST(expedited_costs_ipis)
{
	struct world w;

	world_init(&w, "ideal-8", 1000, PREEMPT_NONE, _i);
	w.e.hw->c[MK_IPI_SINGLE_SYNC] = 700 * PS_PER_NS;
	w.e.hw->c[MK_IPI_PER_TARGET] = 85 * PS_PER_NS;
	w.e.hw->c[MK_IPI_HANDLER] = 300 * PS_PER_NS;
	w.e.hw->c[MK_RCU_EXP_START] = 20000 * PS_PER_NS;
	for (u32 i = 1; i < 4; i++)
		exact_task(&w.e, i + 2, i, user_loop);
	exact_task(&w.e, 0, 0, sync_expedited);
	exact_run(&w.e);
	ck_assert_uint_eq(w.len[0], 20000 + 700 + 2 * 85);
	for (u32 i = 1; i < 8; i++)
		ck_assert_uint_eq(exact_bucket(&w.e, i, CPU_IRQ), i < 4 ? 300 : 0);
	ck_assert_uint_eq(rcu_stats(w.e.k)->nr_gps, 0);
	ck_assert_uint_eq(rcu_stats(w.e.k)->nr_expedited, 1);
	world_free(&w);
}
END_TEST

static void sharing(struct task *t, void *arg)
{
	struct world *w = arg;
	u64 start = task_clock(t);

	synchronize_rcu_expedited(t);
	waited(t, w, start);
}

/* One does it, those that came meanwhile share the next. */
START_TEST(expedited_callers_share)
{
	struct world w;

	world_init(&w, "ideal-8", 1000, PREEMPT_NONE, _i);
	w.e.hw->c[MK_RCU_EXP_START] = 20000 * PS_PER_NS;
	for (u32 i = 0; i < 8; i++)
		exact_task(&w.e, i, i, sharing);
	ck_assert_int_eq(sim_run(w.e.sim, TIME_MAX), SIM_DONE);
	ck_assert_uint_eq(w.nr, 8);
	ck_assert_uint_eq(rcu_stats(w.e.k)->nr_expedited, 2);
	world_free(&w);
}
END_TEST

/* ---- callbacks ---------------------------------------------------------- */

static struct world *the_world(struct kern *k)
{
	return k->tasks[k->nr_tasks - 1]->arg;
}

static void called(struct kern *k, struct rcu_head *head)
{
	struct world *w = the_world(k);
	u64 now = k->sim->now / PS_PER_NS;

	ck_assert_ptr_eq(head, &w->heads[w->nr_called]); /* in order, once each */
	if (w->nr_called++ < 2)
		w->first_call = now;
	w->chunks += now != w->last_call;
	w->last_call = now;
}

/* Many are queued while there is a grace period, for the first one. */
static void queue_all(struct task *t, struct world *w)
{
	for (u32 i = 0; i < w->nr_heads; i++) {
		call_rcu(t, &w->heads[i], called);
		if (!i && w->nr_heads > 10000)
			task_sleep(t, 2 * PS_PER_MS);
	}
}

static void queue_and_sleep(struct task *t, void *arg)
{
	struct world *w = arg;

	queue_all(t, w);
	task_sleep(t, 100 * PS_PER_MS);
	ck_assert_uint_eq(w->nr_called, w->nr_heads);
}

static void queue_and_barrier(struct task *t, void *arg)
{
	struct world *w = arg;

	queue_all(t, w);
	rcu_barrier(t);
	ck_assert_uint_eq(w->nr_called, w->nr_heads);
	ck_assert_uint_eq(rcu_stats(t->kern)->nr_gps, 1);
	rcu_barrier(t); /* nothing is left */
	ck_assert_uint_eq(rcu_stats(t->kern)->nr_gps, 1);
}

static void queue_and_run(struct task *t, void *arg)
{
	queue_all(t, arg);
	for (u32 i = 0; i < 200; i++)
		user_work(t, PS_PER_MS);
}

static void callbacks_switch(struct world *w, u32 nr, u32 hz,
			     void (*body)(struct task *t, void *arg), int engine, u64 switch_ns)
{
	world_init(w, "ideal-2", hz, PREEMPT_NONE, engine);
	w->e.hw->c[MK_CTX_SWITCH] = switch_ns * PS_PER_NS;
	w->e.hw->c[MK_RCU_CALLBACK] = 100 * PS_PER_NS;
	w->heads = calloc(nr, sizeof(*w->heads));
	w->nr_heads = nr;
	exact_task(&w->e, 0, 0, body);
	exact_run(&w->e);
	ck_assert_uint_eq(w->nr_called, nr);
	ck_assert_uint_eq(rcu_stats(w->e.k)->nr_callbacks, nr + (body == queue_and_barrier));
}

static void callbacks(struct world *w, u32 nr, u32 hz, void (*body)(struct task *t, void *arg),
		      int engine)
{
	callbacks_switch(w, nr, hz, body, engine, 0);
}

/* An idle CPU goes through the list, and its time is irq. */
START_TEST(idle_cpu_invokes_all)
{
	struct world w;

	callbacks(&w, 1000, 1000, queue_and_sleep, _i);
	ck_assert_uint_eq(w.last_call - w.first_call, (1000 - 32) * 100);
	ck_assert_uint_eq(exact_bucket(&w.e, 0, CPU_IRQ), 1000 * 100);
	world_free(&w);
}
END_TEST

/* A busy one 10 in a pass, 10 passes in a softirq: 1000 callbacks take 10 ticks. */
START_TEST(busy_cpu_is_limited)
{
	struct world w;

	callbacks(&w, 1000, 1000, queue_and_run, _i);
	ck_assert_uint_eq(w.chunks, 100);
	ck_assert_uint_eq(w.last_call - w.first_call, 9 * MS + 90 * 100);
	ck_assert_uint_eq(exact_bucket(&w.e, 0, CPU_IRQ), 1000 * 100);
	world_free(&w);
}
END_TEST

/* Above qhimark passes of 10000, here 1 ms; the softirq ends after 2 ms, and the next tick is 3 ms on. */
START_TEST(flood_is_limited_by_time)
{
	struct world w;

	callbacks(&w, 60000, 1000, queue_and_run, _i);
	ck_assert_uint_eq(w.last_call - w.first_call, 6 * MS + (19999 - 32) * 100);
	world_free(&w);
}
END_TEST

/* The 2 ms are jiffies, rounded up: with HZ=300 a softirq begins passes of 1 ms for 3.3 ms. */
START_TEST(softirq_time_is_in_jiffies)
{
	struct world w;
	u64 ticks = 2 * PS_PER_SEC / 300 / PS_PER_NS;

	callbacks(&w, 60000, 300, queue_and_run, _i);
	ck_assert_uint_le(w.last_call - w.first_call - ticks - (19999 - 32) * 100, 1);
	world_free(&w);
}
END_TEST

/* A pass of an idle CPU ends after 3 ms; by then the softirq is over, and ksoftirqd goes on. */
START_TEST(ksoftirqd_goes_on)
{
	struct world w;

	callbacks(&w, 60000, 1000, queue_and_sleep, _i);
	ck_assert_uint_eq(w.last_call - w.first_call, (59999 - 32) * 100);
	world_free(&w);
	callbacks_switch(&w, 60000, 1000, queue_and_sleep, _i, 1500);
	ck_assert_uint_eq(w.last_call - w.first_call, (59999 - 32) * 100 + 1500);
	world_free(&w);
}
END_TEST

START_TEST(barrier_waits_for_all)
{
	struct world w;

	callbacks(&w, 500, 250, queue_and_barrier, _i);
	world_free(&w);
}
END_TEST

/* ---- kvfree_rcu() ------------------------------------------------------- */

static void kvfree_some(struct task *t, void *arg)
{
	struct world *w = arg;
	struct ledger_cat *cat;

	for (u32 i = 0; i < w->nr_heads; i++)
		ck_assert_int_eq(kvfree_rcu(t, 128), 0);
	cat = &t->kern->ledger.cat[ledger_category(&t->kern->ledger, "kvfree_rcu")];
	ck_assert_int_eq(cat->objects, w->nr_heads);
	ck_assert_int_eq(cat->bytes, w->nr_heads * 128 + (w->nr_heads + 506) / 507 * 4096);
	task_sleep(t, w->first_call * PS_PER_NS);
	ck_assert_int_eq(cat->objects, w->nr_heads);
	task_sleep(t, 40 * PS_PER_MS);
	ck_assert_int_eq(cat->objects, 0);
	ck_assert_int_eq(cat->bytes, 0);
}

/* Few objects wait for 5 s, a full page for a jiffy; then comes the grace period. */
START_TEST(kvfree_drains)
{
	struct world w;

	world_init(&w, "ideal-2", 1000, PREEMPT_NONE, _i & 1);
	w.nr_heads = _i & 2 ? 600 : 500;
	w.first_call = _i & 2 ? 6 * MS : 5003 * MS;
	exact_task(&w.e, 0, 0, kvfree_some);
	exact_run(&w.e);
	world_free(&w);
}
END_TEST

/* ---- misuse ------------------------------------------------------------- */

static void unlock_alone(struct task *t, void *arg)
{
	(void)arg;
	rcu_read_unlock(t);
}

static void end_inside(struct task *t, void *arg)
{
	(void)arg;
	rcu_read_lock(t);
}

static void sleep_inside(struct task *t, void *arg)
{
	(void)arg;
	rcu_read_lock(t);
	task_sleep(t, PS_PER_MS);
}

static void wait_inside(struct task *t, void *arg)
{
	(void)arg;
	rcu_read_lock(t);
	synchronize_rcu(t);
}

static void never_ends(struct task *t, void *arg)
{
	(void)arg;
	rcu_read_lock(t);
	for (u32 i = 0; i < 40; i++) {
		work(t, PS_PER_SEC);
		task_sync(t);
	}
	rcu_read_unlock(t);
}

static const struct misuse {
	void (*body)(struct task *t, void *arg);
	const char *want;
} misuses[] = {
	{ unlock_alone, "outside of a read section" },
	{ end_inside, "ended in 1 RCU read section" },
	{ sleep_inside, "blocks in an RCU read section" },
	{ wait_inside, "waits for a grace period in its" },
	{ never_ends, "RCU stall" },
};

START_TEST(misuse_is_reported)
{
	const struct misuse *m = &misuses[_i / 2];
	struct world w;

	world_init(&w, "ideal-2", 1000, _i & 1 ? PREEMPT_FULL : PREEMPT_NONE, 0);
	exact_task(&w.e, 0, 0, m->body);
	exact_task(&w.e, 1, 1, sync_once);
	ck_assert_int_eq(sim_run(w.e.sim, TIME_MAX), SIM_FAILED);
	ck_assert_msg(strstr(sim_report(w.e.sim), m->want), "%s", sim_report(w.e.sim));
	world_free(&w);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("rcu");
	TCase *tc = tcase_create("rcu");

	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, idle_is_two_rounds, 0, 2);
	tcase_add_loop_test(tc, published_idle_latency, 0, 2);
	tcase_add_loop_test(tc, idle_has_no_ticks, 0, 2);
	tcase_add_loop_test(tc, reader_holds_it_up, 0, 8);
	tcase_add_loop_test(tc, busy_cpus_report, 0, 2);
	tcase_add_loop_test(tc, expedited_costs_ipis, 0, 2);
	tcase_add_loop_test(tc, expedited_callers_share, 0, 2);
	tcase_add_loop_test(tc, idle_cpu_invokes_all, 0, 2);
	tcase_add_loop_test(tc, busy_cpu_is_limited, 0, 2);
	tcase_add_loop_test(tc, flood_is_limited_by_time, 0, 2);
	tcase_add_loop_test(tc, softirq_time_is_in_jiffies, 0, 2);
	tcase_add_loop_test(tc, ksoftirqd_goes_on, 0, 2);
	tcase_add_loop_test(tc, barrier_waits_for_all, 0, 2);
	tcase_add_loop_test(tc, kvfree_drains, 0, 4);
	tcase_add_loop_test(tc, misuse_is_reported, 0, 2 * ARRAY_SIZE(misuses));
	suite_add_tcase(s, tc);
	return check_run(s, CK_ENV);
}
