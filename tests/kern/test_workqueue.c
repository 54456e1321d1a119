/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Work queues to the nanosecond, in both engines: order, concurrency management, creation
 * of workers, max_active, scopes, timers, flushing and cancelling (machine.md 2.13). What
 * random use must keep is in test_workqueue_random.c.
 */
#include <stdlib.h>

#include "sim/kern/workqueue.h"
#include "tests/core/check_main.h"
#include "tests/kern/exact.h"

#define TICK_NS 4000000ULL
#define PIECE_NS (TICK_NS / 4)
#define MAX_JOBS 16

struct job {
	struct delayed_work dw; /* .work is what the tests without a timer use */
	struct world *x;
	u64 run, sleep, run_after; /* ns */
	u64 begin, end; /* ns, of the last execution */
	u32 cpu, times, order;
};

struct world {
	struct exact e; /* first: exact_task() hands it to the bodies */
	struct workqueue *wq;
	struct job job[MAX_JOBS];
	u32 nr_done;
	u64 note[8];
	bool ret[8];
};

static u64 now_ns(struct task *t)
{
	task_sync(t);
	return task_clock(t) / PS_PER_NS;
}

static void job_fn(struct task *t, struct work *w)
{
	struct job *j = container_of(w, struct job, dw.work);

	j->begin = now_ns(t);
	j->cpu = task_cpu(t);
	work_ns(t, j->run);
	if (j->sleep) {
		task_sleep(t, j->sleep * PS_PER_NS);
		work_ns(t, j->run_after);
	}
	j->end = now_ns(t);
	j->times++;
	j->order = ++j->x->nr_done;
}

static struct world *world_new(const char *machine, int engine)
{
	struct world *x = calloc(1, sizeof(*x));

	ck_assert_ptr_nonnull(x);
	exact_init(&x->e, machine, engine ? SIM_REFERENCE : SIM_NORMAL);
	for (u32 i = 0; i < MAX_JOBS; i++) {
		x->job[i].x = x;
		delayed_work_init(&x->job[i].dw, job_fn);
	}
	x->wq = system_workqueue(x->e.k, SYSTEM_WQ);
	return x;
}

static void world_free(struct world *x)
{
	exact_free(&x->e);
	free(x);
}

static struct work *item(struct world *x, u32 i)
{
	return &x->job[i].dw.work;
}

/* Queue jobs 0 to @n - 1 on @cpu and wait for them. */
static void queue_all(struct task *t, struct world *x, u32 cpu, u32 n)
{
	for (u32 i = 0; i < n; i++)
		ck_assert(queue_work_on_wq(t, cpu, x->wq, item(x, i)));
	flush_workqueue(t, x->wq);
	x->note[0] = now_ns(t);
}

static void run_with(struct world *x, void (*body)(struct task *t, void *arg))
{
	exact_task(&x->e, 0, 0, body);
	exact_run(&x->e);
}

static void four_on_cpu1(struct task *t, void *arg)
{
	queue_all(t, arg, 1, 4);
}

/* One worker runs them in order; the flush ends with the last. */
START_TEST(bound_fifo)
{
	struct world *x = world_new("ideal-4", _i);

	for (u32 i = 0; i < 4; i++)
		x->job[i].run = 1000 * (i + 1);
	run_with(x, four_on_cpu1);
	for (u32 i = 0, at = 0; i < 4; i++) {
		ck_assert_uint_eq(x->job[i].begin, at);
		at += 1000 * (i + 1);
		ck_assert_uint_eq(x->job[i].end, at);
		ck_assert_uint_eq(x->job[i].cpu, 1);
	}
	ck_assert_uint_eq(x->note[0], 10000);
	world_free(x);
}
END_TEST

/*
 * Each sleeps after 100 ns, and the next one begins then. The third worker is created by
 * the second, the fourth by the third: it takes CREATE of CPU time.
 */
START_TEST(sleepers_make_workers)
{
	struct world *x = world_new("ideal-4", _i);
	const u64 create = 700;

	x->e.hw->c[MK_WORKER_CREATE] = create * PS_PER_NS;
	ck_assert_int_eq(workqueue_reserve(x->wq, 5), 0);
	for (u32 i = 0; i < 4; i++) {
		x->job[i].run = 100;
		x->job[i].sleep = 1000000;
	}
	run_with(x, four_on_cpu1);
	ck_assert_uint_eq(x->job[0].begin, 0);
	for (u32 i = 1; i < 4; i++)
		ck_assert_uint_eq(x->job[i].begin, i * (100 + create));
	ck_assert_uint_eq(x->note[0], 3 * (100 + create) + 100 + 1000000);
	world_free(x);
}
END_TEST

START_TEST(exhaustion_is_reported)
{
	struct world *x = world_new("ideal-4", _i);

	for (u32 i = 0; i < 4; i++)
		x->job[i].sleep = 1000000;
	exact_task(&x->e, 0, 0, four_on_cpu1);
	ck_assert_int_eq(sim_run(x->e.sim, TIME_MAX), SIM_FAILED);
	ck_assert_ptr_nonnull(strstr(sim_report(x->e.sim), "pool of CPU 1 is exhausted: its 2"));
	world_free(x);
}
END_TEST

/* A woken sleeper and the next item share the CPU; no third one starts beside them. */
START_TEST(woken_worker_counts)
{
	struct world *x = world_new("ideal-4", _i);

	for (u32 i = 0; i < 3; i++)
		x->job[i].run = 1000;
	x->job[0].sleep = 500;
	x->job[0].run_after = 1000;
	ck_assert_int_eq(workqueue_reserve(x->wq, 5), 0);
	run_with(x, four_on_cpu1);
	ck_assert_uint_eq(x->job[1].begin, 1000);
	ck_assert_uint_eq(x->job[2].begin, 3000); /* after both */
	ck_assert_uint_eq(x->note[0], 4000);
	world_free(x);
}
END_TEST

/* At the first tick beyond 10 ms of CPU time, 12 ms, a hog lets the next one begin. */
START_TEST(cpu_intensive)
{
	struct world *x = world_new("ideal-4", _i & 1);
	bool watched = !(_i & 2);

	if (!watched)
		x->e.k->wq_cpu_intensive_thresh = 0;
	x->job[0].run = 100 * TICK_NS;
	x->job[1].run = 1000;
	exact_task(&x->e, 0, 0, four_on_cpu1);
	exact_run(&x->e);
	if (watched) {
		/* behind the slice of the hog, at its end */
		ck_assert_uint_ge(x->job[1].begin, 3 * TICK_NS);
		ck_assert_uint_eq(x->job[1].order > x->job[0].order, true);
	} else {
		ck_assert_uint_eq(x->job[1].begin, 100 * TICK_NS);
	}
	world_free(x);
}
END_TEST

/* Runs in pieces, at whose ends it may be switched. */
static void piecewise_fn(struct task *t, struct work *w)
{
	struct job *j = container_of(w, struct job, dw.work);

	j->begin = now_ns(t);
	for (u64 i = 0; i < j->run; i += PIECE_NS) {
		work_ns(t, PIECE_NS);
		cond_resched(t);
		task_sync(t);
	}
	j->end = now_ns(t);
	j->order = ++j->x->nr_done;
	j->times++;
}

/* Two hogs share the CPU once the first counts no longer; napping is no hogging. */
START_TEST(intensive_or_not)
{
	struct world *x = world_new("ideal-4", _i & 1);

	delayed_work_init(&x->job[0].dw, piecewise_fn);
	x->job[0].run = 10 * TICK_NS;
	x->job[1].run = 1000;
	x->job[2].run = 1000;
	if (_i & 2) { /* 4 ms with a sleep in each, longer than 10 in all */
		work_init(item(x, 0), job_fn);
		x->job[0].run = 2 * TICK_NS;
		x->job[0].sleep = 1;
		x->job[0].run_after = 2 * TICK_NS;
	}
	run_with(x, four_on_cpu1);
	if (_i & 2) {
		ck_assert_uint_ge(x->job[2].begin, 4 * TICK_NS);
	} else {
		ck_assert_uint_ge(x->job[1].begin, 3 * TICK_NS);
		ck_assert_uint_lt(x->job[1].begin, 6 * TICK_NS);
		ck_assert_uint_lt(x->job[2].end, x->job[0].end);
	}
	world_free(x);
}
END_TEST

/* Two of them at a time, in the order of queueing. */
START_TEST(max_active)
{
	struct world *x = world_new("ideal-8", _i & 1);

	x->wq = alloc_workqueue(x->e.k, "two", WQ_UNBOUND, WQ_AFFN_SYSTEM, 2);
	ck_assert_ptr_nonnull(x->wq);
	ck_assert_int_eq(workqueue_reserve(x->wq, 3), 0);
	for (u32 i = 0; i < 4; i++)
		x->job[i].run = 1000;
	run_with(x, four_on_cpu1);
	for (u32 i = 0; i < 4; i++)
		ck_assert_uint_eq(x->job[i].begin, i / 2 * 1000);
	ck_assert_uint_ne(x->job[0].cpu, x->job[1].cpu);
	world_free(x);
}
END_TEST

static struct machine *two_llcs(void)
{
	struct machine *m = machine_builtin("ideal-8");
	enum machine_key key;
	const char *why;

	machine_set(m, MK_LLC_PER_NODE, 2, 'E', 0, NULL);
	machine_set(m, MK_CORES_PER_LLC, 4, 'E', 0, NULL);
	machine_set(m, MK_XFER_CROSS_LLC, 0, 'E', 0, NULL);
	ck_assert_msg(!machine_complete(m, &why, &key), "%s: %s", machine_keys[key].path, why);
	return m;
}

static void eight_here(struct task *t, void *arg)
{
	queue_all(t, arg, 0, 8);
}

static struct world *world_two_llcs(int engine, u32 flags, enum wq_affn_scope scope)
{
	struct world *x = calloc(1, sizeof(*x));

	ck_assert_ptr_nonnull(x);
	exact_init_on(&x->e, two_llcs(), engine ? SIM_REFERENCE : SIM_NORMAL);
	x->wq = alloc_workqueue(x->e.k, "w", WQ_UNBOUND | flags, scope, 0);
	ck_assert_ptr_nonnull(x->wq);
	ck_assert_int_eq(workqueue_reserve(x->wq, 9), 0);
	for (u32 i = 0; i < 8; i++) {
		x->job[i].x = x;
		delayed_work_init(&x->job[i].dw, job_fn);
		x->job[i].run = 1000;
	}
	return x;
}

/* Eight items, four CPUs an LLC: a strict scope keeps them, another one lets them out. */
START_TEST(scopes)
{
	static const struct {
		u32 flags;
		enum wq_affn_scope scope;
		u64 elapsed; /* the flusher sleeps, so its CPU is free as well */
		u32 last_cpu;
	} want[] = {
		{ 0, WQ_AFFN_DFL, 1000, 7 },	      { WQ_STRICT, WQ_AFFN_CACHE, 2000, 3 },
		{ WQ_STRICT, WQ_AFFN_CPU, 8000, 0 },  { WQ_STRICT, WQ_AFFN_SMT, 8000, 0 },
		{ WQ_STRICT, WQ_AFFN_NUMA, 1000, 7 }, { 0, WQ_AFFN_SYSTEM, 1000, 7 },
	};
	struct world *x = world_two_llcs(_i & 1, want[_i / 2].flags, want[_i / 2].scope);
	u32 last = 0;

	run_with(x, eight_here);
	for (u32 i = 0; i < 8; i++)
		last = last > x->job[i].cpu ? last : x->job[i].cpu;
	ck_assert_uint_eq(x->note[0], want[_i / 2].elapsed);
	ck_assert_uint_eq(last, want[_i / 2].last_cpu);
	world_free(x);
}
END_TEST

START_TEST(wrong_queues)
{
	struct world *x = world_new("ideal-2", 0);
	struct kern *k = x->e.k;

	ck_assert_ptr_null(alloc_workqueue(k, "w", 0, WQ_AFFN_DFL, WQ_MAX_ACTIVE + 1));
	ck_assert_ptr_null(alloc_workqueue(k, "w", 0, WQ_AFFN_NUMA, 0));
	ck_assert_ptr_null(alloc_workqueue(k, "w", WQ_STRICT, WQ_AFFN_DFL, 0));
	ck_assert_ptr_null(alloc_workqueue(k, "w", WQ_UNBOUND | WQ_CPU_INTENSIVE, WQ_AFFN_DFL, 0));
	for (u32 i = 0; i < NR_SYSTEM_WQS; i++)
		ck_assert_ptr_eq(system_workqueue(k, i), system_workqueue(k, i));
	world_free(x);
}
END_TEST

static void delays(struct task *t, void *arg)
{
	struct world *x = arg;

	work_ns(t, 1000);
	ck_assert(queue_delayed_work(t, x->wq, &x->job[0].dw, 0));
	ck_assert(queue_delayed_work(t, x->wq, &x->job[1].dw, 1));
	ck_assert(queue_delayed_work(t, x->wq, &x->job[2].dw, 5 * TICK_NS * PS_PER_NS));
	ck_assert(queue_delayed_work(t, x->wq, &x->job[3].dw, 100 * TICK_NS * PS_PER_NS));
	ck_assert(queue_delayed_work(t, x->wq, &x->job[4].dw, 200 * TICK_NS * PS_PER_NS));
	ck_assert(!queue_delayed_work(t, x->wq, &x->job[4].dw, 1));
	ck_assert(mod_delayed_work(t, x->wq, &x->job[4].dw, 2 * TICK_NS * PS_PER_NS));
	ck_assert(queue_delayed_work(t, x->wq, &x->job[5].dw, 9 * TICK_NS * PS_PER_NS));
	ck_assert(cancel_delayed_work_sync(t, &x->job[5].dw));
	ck_assert(!cancel_delayed_work_sync(t, &x->job[5].dw));
	ck_assert(queue_delayed_work(t, x->wq, &x->job[6].dw, 9 * TICK_NS * PS_PER_NS));
	work_ns(t, 1000);
	flush_delayed_work(t, &x->job[6].dw);
	x->note[0] = now_ns(t);
	task_sleep(t, PS_PER_SEC);
}

/* Between n and n + 1 jiffies near by, a multiple of 8 from 63 on; n jiffies at least. */
START_TEST(delayed)
{
	struct world *x = world_new("ideal-4", _i);

	run_with(x, delays);
	ck_assert_uint_eq(x->job[0].begin, 2000); /* its CPU is busy until the flush */
	ck_assert_uint_eq(x->job[1].begin, 2 * TICK_NS);
	ck_assert_uint_eq(x->job[2].begin, 6 * TICK_NS);
	ck_assert_uint_eq(x->job[3].begin, 104 * TICK_NS);
	ck_assert_uint_eq(x->job[4].begin, 3 * TICK_NS);
	ck_assert_uint_eq(x->job[4].times, 1);
	ck_assert_uint_eq(x->job[5].times, 0);
	ck_assert_uint_eq(x->job[6].begin, 2000);
	ck_assert_uint_eq(x->note[0], 2000);
	world_free(x);
}
END_TEST

static void cancels(struct task *t, void *arg)
{
	struct world *x = arg;

	for (u32 i = 0; i < 4; i++)
		queue_work_on(t, 1, item(x, i));
	task_sleep(t, 500 * PS_PER_NS);
	x->ret[0] = cancel_work(t, item(x, 0)); /* runs: nothing to take back */
	x->ret[1] = cancel_work(t, item(x, 1));
	x->ret[2] = queue_work_on(t, 2, item(x, 0)); /* stays where it runs, behind 2 and 3 */
	x->ret[3] = queue_work_on(t, 1, item(x, 0));
	flush_work(t, item(x, 1));
	x->note[0] = now_ns(t);
	x->ret[4] = cancel_work_sync(t, item(x, 3));
	x->ret[5] = cancel_work_sync(t, item(x, 2));
	x->note[1] = now_ns(t);
	flush_work(t, item(x, 0));
	x->note[2] = now_ns(t);
}

START_TEST(cancel)
{
	static const bool want[] = { false, true, true, false, true, true };
	struct world *x = world_new("ideal-4", _i);

	for (u32 i = 0; i < 4; i++)
		x->job[i].run = 1000;
	run_with(x, cancels);
	for (u32 i = 0; i < ARRAY_SIZE(want); i++)
		ck_assert_int_eq(x->ret[i], want[i]);
	ck_assert_uint_eq(x->job[0].times, 2);
	ck_assert_uint_eq(x->job[0].cpu, 1);
	for (u32 i = 1; i < 4; i++)
		ck_assert_uint_eq(x->job[i].times, 0);
	ck_assert_uint_eq(x->note[0], 500);
	ck_assert_uint_eq(x->note[1], 500);
	ck_assert_uint_eq(x->note[2], 2000);
	world_free(x);
}
END_TEST

/* Queues itself again until it has run three times. */
static void chain_fn(struct task *t, struct work *w)
{
	struct job *j = container_of(w, struct job, dw.work);

	work_ns(t, 1000);
	if (++j->times < 3)
		queue_work_wq(t, j->x->wq, w);
}

static void flush_or_drain(struct task *t, void *arg)
{
	struct world *x = arg;

	work_init(item(x, 0), chain_fn);
	queue_work_on_wq(t, 1, x->wq, item(x, 0));
	flush_work(t, item(x, 0));
	x->note[0] = now_ns(t);
	flush_workqueue(t, x->wq);
	x->note[1] = now_ns(t);
	drain_workqueue(t, x->wq);
	x->note[2] = now_ns(t);
}

static void late_queuer(struct task *t, void *arg)
{
	struct world *x = arg;

	task_sleep(t, 2500 * PS_PER_NS);
	queue_work_on_wq(t, 1, x->wq, item(x, 1));
}

/* A flush waits for what was queued before it, a drain for what that queues as well. */
START_TEST(flush_and_drain)
{
	struct world *x = world_new("ideal-4", _i & 1);

	x->wq = alloc_workqueue(x->e.k, "own", 0, WQ_AFFN_DFL, 1);
	exact_task(&x->e, 0, 0, flush_or_drain);
	if (_i & 2) {
		exact_task(&x->e, 1, 2, late_queuer);
		ck_assert_int_eq(sim_run(x->e.sim, TIME_MAX), SIM_FAILED);
		ck_assert_ptr_nonnull(strstr(sim_report(x->e.sim), "being drained"));
	} else {
		exact_run(&x->e);
		ck_assert_uint_eq(x->note[0], 1000);
		ck_assert_uint_eq(x->note[1], 2000);
		ck_assert_uint_eq(x->note[2], 3000);
	}
	world_free(x);
}
END_TEST

static void two_priorities(struct task *t, void *arg)
{
	struct world *x = arg;

	queue_work_on(t, 1, item(x, 0));
	queue_work_on_wq(t, 1, x->wq, item(x, 1));
	flush_work(t, item(x, 0));
	flush_work(t, item(x, 1));
}

/* Nice -20 against 0 on one CPU: 88761 to 1024, so the first is done when it alone would be. */
START_TEST(highpri)
{
	struct world *x = world_new("ideal-4", _i);

	x->wq = system_workqueue(x->e.k, SYSTEM_HIGHPRI_WQ);
	for (u32 i = 0; i < 2; i++) {
		delayed_work_init(&x->job[i].dw, piecewise_fn);
		x->job[i].run = 1000 * TICK_NS;
	}
	run_with(x, two_priorities);
	ck_assert_uint_eq(x->job[0].end > x->job[1].end, true);
	ck_assert_uint_le(x->job[1].end, 1000 * TICK_NS * (88761 + 1024) / 88761 + 12 * TICK_NS);
	ck_assert_uint_eq(x->job[0].end, 2000 * TICK_NS);
	world_free(x);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("workqueue");
	TCase *tc = tcase_create("paths");

	tcase_add_loop_test(tc, bound_fifo, 0, 2);
	tcase_add_loop_test(tc, sleepers_make_workers, 0, 2);
	tcase_add_loop_test(tc, exhaustion_is_reported, 0, 2);
	tcase_add_loop_test(tc, woken_worker_counts, 0, 2);
	tcase_add_loop_test(tc, cpu_intensive, 0, 4);
	tcase_add_loop_test(tc, intensive_or_not, 0, 4);
	tcase_add_loop_test(tc, max_active, 0, 2);
	tcase_add_loop_test(tc, scopes, 0, 12);
	tcase_add_test(tc, wrong_queues);
	tcase_add_loop_test(tc, delayed, 0, 2);
	tcase_add_loop_test(tc, cancel, 0, 2);
	tcase_add_loop_test(tc, flush_and_drain, 0, 4);
	tcase_add_loop_test(tc, highpri, 0, 2);
	suite_add_tcase(s, tc);
	return check_run(s, CK_ENV);
}
