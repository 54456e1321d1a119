// SPDX-License-Identifier: GPL-2.0-or-later
/* How runs end, order of agents and threads, handles, run-ahead, many procs. */
#include "sim/core/sim.h"
#include "tests/core/check_main.h"

#include <stdio.h>
#include <string.h>

#define LOG 64
#define MANY 20000

struct log {
	char what[LOG];
	u64 time[LOG];
	u32 nr;
};

static struct sim *make(enum sim_engine engine, struct log *log)
{
	struct sim_config config = { .engine = engine, .seed = 11 };
	struct sim *s = sim_new(&config);

	ck_assert_ptr_nonnull(s);
	memset(log, 0, sizeof(*log));
	s->layer[LAYER_RUN] = log;
	return s;
}

static void say(struct sim *s, char c)
{
	struct log *log = s->layer[LAYER_RUN];

	log->time[log->nr] = s->now;
	log->what[log->nr++] = c;
}

static void start(struct sim *s, struct proc *p, void (*fn)(struct proc *p), u32 index, u64 at)
{
	ck_assert_int_eq(proc_init(s, p, fn, "proc", index), 0);
	proc_start(p, at);
}

static void spin(struct proc *p)
{
	for (;;)
		proc_sync(p);
}

static void spin_zero(struct proc *p)
{
	for (;;)
		proc_advance(p, 0);
}

static void spin_delta(struct proc *p)
{
	for (;;) {
		proc_advance_to(p, p->clock, p->delta + 1);
		proc_sync(p);
	}
}

START_TEST(test_no_progress)
{
	void (*const fns[])(struct proc * p) = { spin, spin_zero, spin_delta };
	struct proc p[2];
	struct log log;
	u32 i;

	for (i = 0; i < 9; i++) {
		struct sim *s = make((enum sim_engine)(i / 3), &log);

		start(s, &p[0], fns[i % 3], 3, 5);
		start(s, &p[1], fns[i % 3], 4, 5);
		ck_assert_int_eq(sim_run(s, TIME_MAX), SIM_NO_PROGRESS);
		ck_assert_uint_eq(s->now, 5);
		ck_assert_ptr_nonnull(strstr(sim_report(s), "no progress"));
		ck_assert_ptr_nonnull(strstr(sim_report(s), "proc/"));
		ck_assert_int_eq(sim_run(s, TIME_MAX), SIM_NO_PROGRESS);
		sim_free(s);
	}
}
END_TEST

static void sleep_for_ever(struct proc *p)
{
	proc_advance(p, 10);
	proc_sync(p);
	proc_block(p);
}

static void describe(struct sim *s, struct proc *p, char *buf, size_t size)
{
	(void)s;
	snprintf(buf, size, "thread %u holds nothing", p->index);
}

static void sample_again(struct sim_timer *t)
{
	sim_timer_set(t, t->sim->now + 7);
}

/* A sampler that re-arms itself does not hide a deadlock. */
START_TEST(test_deadlock_sampled)
{
	struct sim_timer sampler;
	struct proc p;
	struct log log;
	struct sim *s = make(SIM_NORMAL, &log);

	start(s, &p, sleep_for_ever, 0, 0);
	ck_assert_int_eq(sim_timer_init(s, &sampler, EV_SAMPLER, sample_again), 0);
	sim_timer_set(&sampler, 7);
	ck_assert_int_eq(sim_run(s, TIME_MAX), SIM_DEADLOCK);
	ck_assert_uint_eq(s->now, 14);
	sim_free(s);
}
END_TEST

START_TEST(test_deadlock)
{
	struct proc p[100], d;
	const char *at;
	struct log log;
	struct sim *s = make(SIM_NORMAL, &log);
	u32 i, lines = 0;

	for (i = 0; i < 100; i++)
		start(s, &p[i], sleep_for_ever, i, 0);
	ck_assert_int_eq(proc_init(s, &d, sleep_for_ever, "daemon", 0), 0);
	d.daemon = true;
	proc_start(&d, 0);
	sim_set_describe(s, describe);
	ck_assert_int_eq(sim_run(s, 1000), SIM_DEADLOCK);
	ck_assert_uint_eq(s->now, 10);
	for (at = sim_report(s); (at = strstr(at, "holds nothing")); at++)
		lines++;
	ck_assert_uint_eq(lines, 64);
	ck_assert_ptr_nonnull(strstr(sim_report(s), "36 more"));
	sim_free(s);
}
END_TEST

static void walk(struct proc *p)
{
	u32 i;

	for (i = 0; i < 5; i++) {
		proc_advance(p, 10);
		proc_sync(p);
		say(p->sim, (char)('a' + p->index));
	}
	proc_advance(p, 3);
}

START_TEST(test_until)
{
	int engine;

	for (engine = 0; engine < 3; engine++) {
		struct log log;
		struct sim *s = make((enum sim_engine)engine, &log);
		struct proc p, d;

		start(s, &p, walk, 0, 0);
		ck_assert_int_eq(proc_init(s, &d, sleep_for_ever, "daemon", 0), 0);
		d.daemon = true;
		proc_start(&d, 0);
		ck_assert_int_eq(sim_run(s, 20), SIM_UNTIL);
		ck_assert_uint_eq(s->now, 20);
		ck_assert_str_eq(log.what, "aa");
		ck_assert_int_eq(sim_run(s, 29), SIM_UNTIL);
		ck_assert_uint_eq(s->now, 29);
		ck_assert_int_eq(sim_run(s, TIME_MAX), SIM_DONE);
		ck_assert_str_eq(log.what, "aaaaa");
		ck_assert_uint_eq(s->now, 53);
		ck_assert_str_eq(sim_report(s), "");
		sim_free(s);
	}
}
END_TEST

static void rush(struct proc *p)
{
	for (;;) {
		proc_advance(p, 1ULL << 62);
		proc_sync(p);
	}
}

static void failing(struct proc *p)
{
	proc_advance(p, 7);
	proc_sync(p);
	sim_fail(p->sim, "bad %llu and %llu%%", 1, 2);
	say(p->sim, 'x');
}

static void stopping(struct proc *p)
{
	proc_advance(p, 7);
	proc_sync(p);
	sim_stop(p->sim);
	proc_advance(p, 7);
	proc_sync(p);
	say(p->sim, 'x');
}

START_TEST(test_ends)
{
	int engine;

	for (engine = 0; engine < 3; engine++) {
		struct log log;
		struct sim *s = make((enum sim_engine)engine, &log);
		struct proc p;

		start(s, &p, rush, 0, 0);
		ck_assert_int_eq(sim_run(s, TIME_MAX), SIM_OVERFLOW);
		ck_assert_ptr_nonnull(strstr(sim_report(s), "overflow"));
		sim_free(s);
		s = make((enum sim_engine)engine, &log);
		s->horizon = 25;
		start(s, &p, walk, 0, 0);
		ck_assert_int_eq(sim_run(s, TIME_MAX), SIM_OVERFLOW);
		ck_assert_str_eq(log.what, "aa");
		sim_free(s);
		s = make((enum sim_engine)engine, &log);
		start(s, &p, failing, 0, 0);
		ck_assert_int_eq(sim_run(s, TIME_MAX), SIM_FAILED);
		ck_assert_ptr_nonnull(strstr(sim_report(s), "bad 1 and 2%%\n"));
		ck_assert_uint_eq(log.nr, 0);
		sim_free(s);
		s = make((enum sim_engine)engine, &log);
		start(s, &p, stopping, 0, 0);
		ck_assert_int_eq(sim_run(s, TIME_MAX), SIM_DONE);
		ck_assert_uint_eq(s->now, 7);
		ck_assert_uint_eq(log.nr, 0);
		sim_free(s);
	}
}
END_TEST

static void shot(struct sim *s, void *arg)
{
	say(s, *(const char *)arg);
}

static void again(struct sim *s, void *arg)
{
	shot(s, arg);
	sim_at(s, EV_TIMER, s->now, shot, "5");
}

START_TEST(test_classes)
{
	struct log log;
	struct sim *s = make(SIM_NORMAL, &log);
	struct proc p;

	start(s, &p, walk, 0, 0);
	sim_at(s, EV_SAMPLER, 10, again, "4");
	sim_at(s, EV_IPI, 10, shot, "3");
	sim_at(s, EV_TIMER, 10, shot, "1");
	sim_at(s, EV_GRACE, 10, shot, "2");
	ck_assert_int_eq(sim_run(s, 15), SIM_UNTIL);
	ck_assert_str_eq(log.what, "1234a5");
	sim_free(s);
}
END_TEST

START_TEST(test_handles)
{
	struct log log;
	struct sim *s = make(SIM_NORMAL, &log);
	struct sim_handle none = { 0, 0 }, a, b, c;

	a = sim_at(s, EV_TIMER, 10, shot, "a");
	b = sim_at(s, EV_TIMER, 10, shot, "b");
	ck_assert(!sim_cancel(s, none));
	ck_assert(sim_cancel(s, a));
	ck_assert(!sim_cancel(s, a));
	c = sim_at(s, EV_TIMER, 20, shot, "c");
	ck_assert_uint_eq(c.id, a.id);
	ck_assert_uint_ne(c.gen, a.gen);
	ck_assert(!sim_cancel(s, a));
	ck_assert_int_eq(sim_run(s, 15), SIM_UNTIL);
	ck_assert_str_eq(log.what, "b");
	ck_assert(!sim_cancel(s, b));
	ck_assert_int_eq(sim_run(s, TIME_MAX), SIM_DONE);
	ck_assert_str_eq(log.what, "bc");
	ck_assert(!sim_cancel(s, c));
	sim_free(s);
}
END_TEST

/* Agents of one class and instant go in the order in which they were set, whatever their ids. */
START_TEST(test_fifo)
{
	struct log log;
	struct sim *s = make(SIM_NORMAL, &log);
	struct sim_handle first, second;

	first = sim_at(s, EV_TIMER, 10, shot, "x");
	second = sim_at(s, EV_TIMER, 10, shot, "y");
	sim_at(s, EV_TIMER, 10, shot, "a");
	sim_cancel(s, first);
	sim_cancel(s, second);
	sim_at(s, EV_TIMER, 10, shot, "b");
	sim_at(s, EV_TIMER, 10, shot, "c");
	sim_at(s, EV_TIMER, 10, shot, "d");
	ck_assert_int_eq(sim_run(s, TIME_MAX), SIM_DONE);
	ck_assert_str_eq(log.what, "abcd");
	sim_free(s);
}
END_TEST

/* Far more one-shots of one instant, set by a proc, than the heap had room for. */
#define CROWD 5000

struct crowd {
	u32 next, nr;
	struct sim_handle h[CROWD];
};

static void crowd_shot(struct sim *s, void *arg)
{
	struct crowd *w = s->layer[LAYER_RUN];
	u32 i = (u32)(uintptr_t)arg;

	if (s->now == 10 && s->engine != SIM_EXPLORE)
		ck_assert_uint_ge(i, w->next); /* in the order they were made: ids were new */
	ck_assert_uint_ne(i % 4, 1);
	w->next = i + 1;
	w->nr++;
}

static void crowd_maker(struct proc *p)
{
	struct crowd *w = p->sim->layer[LAYER_RUN];

	proc_advance(p, 10);
	proc_sync(p);
	for (u32 round = 0; round < 2; round++) {
		for (u32 i = 0; i < CROWD; i++)
			w->h[i] = sim_at(p->sim, EV_TIMER, p->clock + 10 * round, crowd_shot,
					 (void *)(uintptr_t)i);
		for (u32 i = 1; i < CROWD; i += 4)
			ck_assert(sim_cancel(p->sim, w->h[i]));
		proc_advance(p, 5);
		proc_sync(p);
	}
	proc_advance(p, 100);
	proc_sync(p);
}

START_TEST(test_crowd)
{
	static struct crowd w;
	struct log log;
	struct proc p;

	for (int engine = SIM_NORMAL; engine <= SIM_EXPLORE; engine++) {
		struct sim *s = make(engine, &log);

		memset(&w, 0, sizeof(w));
		s->layer[LAYER_RUN] = &w;
		start(s, &p, crowd_maker, 0, 0);
		ck_assert_int_eq(sim_run(s, TIME_MAX), SIM_DONE);
		if (engine != SIM_EXPLORE)
			ck_assert_uint_eq(w.nr, 2 * CROWD * 3 / 4);
		sim_free(s);
	}
}
END_TEST

#define SHOT(n)                                        \
	static void shot_##n(struct sim *s, void *arg) \
	{                                              \
		(void)arg;                             \
		say(s, #n[0]);                         \
	}                                              \
	static void shot_##n(struct sim *s, void *arg)

SHOT(0);
SHOT(1);
SHOT(2);
SHOT(3);
SHOT(4);
SHOT(5);
SHOT(6);
SHOT(7);

/* Function, class and whether it is due at once: each its own row of the table of calls. */
START_TEST(test_calls)
{
	static void (*const fn[])(struct sim * s, void *arg) = { shot_0, shot_1, shot_2, shot_3,
								 shot_4, shot_5, shot_6, shot_7 };
	struct log log;
	struct sim *s = make(SIM_NORMAL, &log);

	for (u32 i = 0; i < 61; i++)
		sim_at(s, i / 8 % 4, i < 32 ? 0 : 7, fn[i % 8], NULL);
	ck_assert_int_eq(sim_run(s, TIME_MAX), SIM_DONE);
	ck_assert_uint_eq(log.nr, 61);
	ck_assert_mem_eq(log.what,
			 "01234567012345670123456701234567"
			 "01234567012345670123456701234",
			 61);
	sim_free(s);

	s = make(SIM_NORMAL, &log);
	for (u32 i = 0; i < 62; i++)
		sim_at(s, i / 8 % 4, i < 32 ? 0 : 7, fn[i % 8], NULL);
	ck_assert_int_eq(sim_run(s, TIME_MAX), SIM_FAILED);
	ck_assert_ptr_nonnull(strstr(sim_report(s), "more than 61 different callbacks"));
	sim_free(s);
}
END_TEST

static void on_timer(struct sim_timer *t)
{
	say(t->sim, 't');
}

START_TEST(test_timer)
{
	struct log log;
	struct sim *s = make(SIM_NORMAL, &log);
	struct sim_timer t;

	ck_assert_int_eq(sim_timer_init(s, &t, EV_TIMER, on_timer), 0);
	ck_assert(!sim_timer_cancel(&t));
	sim_timer_set(&t, 10);
	sim_timer_set(&t, 30);
	ck_assert_int_eq(sim_run(s, 29), SIM_UNTIL);
	ck_assert_uint_eq(log.nr, 0);
	ck_assert(sim_timer_cancel(&t));
	sim_timer_set(&t, 29);
	ck_assert_int_eq(sim_run(s, TIME_MAX), SIM_DONE);
	ck_assert_uint_eq(log.nr, 1);
	ck_assert_uint_eq(log.time[0], 29);
	sim_free(s);
}
END_TEST

static void lonely(struct proc *p)
{
	u32 i;

	for (i = 0; i < 1000; i++) {
		proc_advance(p, 10);
		proc_sync(p);
	}
}

START_TEST(test_run_ahead)
{
	struct log log;
	struct sim *s = make(SIM_NORMAL, &log);
	struct proc p;

	start(s, &p, lonely, 0, 0);
	sim_at(s, EV_TIMER, 5001, shot, "t");
	ck_assert_int_eq(sim_run(s, TIME_MAX), SIM_DONE);
	ck_assert_uint_eq(s->now, 10000);
	ck_assert_uint_eq(log.time[0], 5001);
	ck_assert_uint_lt(s->nr_events, 10);
	sim_free(s);
}
END_TEST

static void brief(struct proc *p)
{
	proc_advance(p, 1 + p->index % 7);
	proc_sync(p);
	++*(u32 *)p->sim->layer[LAYER_MODEL];
}

START_TEST(test_many)
{
	struct log log;
	struct sim *s = make(SIM_NORMAL, &log);
	struct proc *p = calloc(MANY, sizeof(*p));
	u32 i, count = 0, round;

	s->layer[LAYER_MODEL] = &count;
	for (i = 0; i < MANY; i++)
		start(s, &p[i], brief, i, 0);
	ck_assert_int_eq(sim_run(s, TIME_MAX), SIM_DONE);
	ck_assert_uint_eq(count, MANY);
	sim_free(s);
	/* The same stacks and ids serve one after the other. */
	s = make(SIM_NORMAL, &log);
	s->layer[LAYER_MODEL] = &count;
	count = 0;
	for (round = 0; round < MANY; round++)
		start(s, &p[round], brief, round, (u64)round * 100);
	ck_assert_int_eq(sim_run(s, TIME_MAX), SIM_DONE);
	ck_assert_uint_eq(count, MANY);
	sim_free(s);
	free(p);
}
END_TEST

START_TEST(test_ranks)
{
	struct log log;
	struct proc p[8];
	char order[2][9] = { "", "" };
	u32 i, round;

	for (round = 0; round < 2; round++) {
		struct sim *s = make(SIM_NORMAL, &log);

		for (i = 0; i < 8; i++)
			ck_assert_int_eq(proc_init(s, &p[i], walk, "proc", i), 0);
		for (i = 0; i < 8; i++)
			proc_start(&p[round ? 7 - i : i], 0);
		ck_assert_int_eq(sim_run(s, 10), SIM_UNTIL);
		memcpy(order[round], log.what, 8);
		sim_free(s);
	}
	ck_assert_str_eq(order[0], order[1]);
	ck_assert_str_ne(order[0], "abcdefgh");
}
END_TEST

CHECK_MAIN("sim", test_no_progress, test_deadlock, test_deadlock_sampled, test_until, test_ends,
	   test_classes, test_handles, test_fifo, test_crowd, test_calls, test_timer,
	   test_run_ahead, test_many, test_ranks)
