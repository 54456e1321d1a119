// SPDX-License-Identifier: GPL-2.0-or-later
/* Explore mode: every interaction point is a choice, and choices find a lost update. */
#include "sim/core/sim.h"
#include "tests/core/check_main.h"

static void add_one(struct proc *p)
{
	u32 *shared = p->sim->layer[LAYER_RUN], value;

	proc_sync(p);
	value = *shared;
	proc_sync(p);
	*shared = value + 1;
}

struct picker {
	u64 bits;
	u32 nr;
};

static u32 pick(struct sim *s, struct proc *const *procs, u32 n, void *arg)
{
	struct picker *k = arg;

	(void)s;
	(void)procs;
	return (u32)(k->bits >> k->nr++) & (n > 1);
}

static u32 explore(enum sim_engine engine, u64 bits)
{
	struct sim_config config = { .engine = engine };
	struct sim *s = sim_new(&config);
	struct picker k = { .bits = bits };
	struct proc p[2];
	u32 shared = 0, i;

	s->layer[LAYER_RUN] = &shared;
	sim_set_pick(s, pick, &k);
	for (i = 0; i < 2; i++) {
		ck_assert_int_eq(proc_init(s, &p[i], add_one, "adder", i), 0);
		proc_start(&p[i], 0);
	}
	ck_assert_int_eq(sim_run(s, TIME_MAX), SIM_DONE);
	sim_free(s);
	return shared;
}

START_TEST(test_lost_update)
{
	u32 good = 0, lost = 0;
	u64 bits;

	for (bits = 0; bits < 256; bits++) {
		u32 v = explore(SIM_EXPLORE, bits);

		good += v == 2;
		lost += v == 1;
	}
	ck_assert_uint_eq(good + lost, 256);
	ck_assert_uint_gt(good, 0);
	ck_assert_uint_gt(lost, 0);
	ck_assert_uint_eq(explore(SIM_NORMAL, 0), 2);
}
END_TEST

static u64 fired;

static void on_timer(struct sim_timer *t)
{
	fired = t->sim->now;
	proc_wake(t->sim->layer[LAYER_RUN], t->sim->now, t->sim->delta + 1);
}

static void sleeper(struct proc *p)
{
	struct sim_timer t;

	ck_assert_int_eq(sim_timer_init(p->sim, &t, EV_TIMER, on_timer), 0);
	p->sim->layer[LAYER_RUN] = p;
	sim_timer_set(&t, p->clock + 100);
	proc_block(p);
	ck_assert_uint_ge(p->clock, 100);
}

static void runner(struct proc *p)
{
	u32 i;

	for (i = 0; i < 50; i++) {
		proc_advance(p, 7);
		ck_assert_uint_eq(fired, 0);
		proc_sync(p);
	}
}

START_TEST(test_timers_last)
{
	struct sim_config config = { .engine = SIM_EXPLORE };
	struct sim *s = sim_new(&config);
	struct proc a, b;

	fired = 0;
	ck_assert_int_eq(proc_init(s, &a, sleeper, "sleeper", 0), 0);
	ck_assert_int_eq(proc_init(s, &b, runner, "runner", 0), 0);
	proc_start(&a, 0);
	proc_start(&b, 0);
	ck_assert_int_eq(sim_run(s, TIME_MAX), SIM_DONE);
	ck_assert_uint_eq(fired, 350);
	sim_free(s);
}
END_TEST

CHECK_MAIN("explore", test_lost_update, test_timers_last)
