/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * percpu_ref: released exactly once, at the last put and not before, whatever comes
 * between kill, grace period and puts; costs of the two modes; misuse.
 */
#include "sim/kern/percpu_ref.h"
#include "tests/core/check_main.h"
#include "tests/kern/exact.h"

#define SEEDS 100

struct world {
	struct exact e; /* must be first */
	struct percpu_ref ref;
	s64 held; /* by tasks, the initial one included */
	bool killed;
	u32 released, nr_late;
};

static void released(struct percpu_ref *ref)
{
	struct world *w = container_of(ref, struct world, ref);

	w->released++;
	ck_assert(w->killed);
	ck_assert_int_eq(w->held, 0);
}

static void user(struct task *t, void *arg)
{
	struct world *w = arg;
	struct rng *r = &t->rng[RNG_WORKLOAD];

	for (u32 i = 0; i < 200; i++) {
		task_sync(t);
		if (percpu_ref_tryget_live(t, &w->ref)) {
			w->held++; /* before anybody else runs: no event since */
			ck_assert_uint_eq(w->released, 0);
			user_work(t, rng_below(r, PS_PER_MS));
			if (!rng_below(r, 20))
				task_sleep(t, rng_below(r, 60 * PS_PER_MS));
			task_sync(t);
			ck_assert_uint_eq(w->released, 0);
			w->held--;
			w->nr_late += w->killed;
			percpu_ref_put(t, &w->ref);
		}
		user_work(t, rng_below(r, PS_PER_MS / 10));
	}
}

static void killer(struct task *t, void *arg)
{
	struct world *w = arg;

	task_sleep(t, rng_below(&t->rng[RNG_WORKLOAD], 80 * PS_PER_MS));
	task_sync(t);
	w->killed = true;
	w->held--;
	percpu_ref_kill(t, &w->ref);
	task_sleep(t, PS_PER_SEC);
}

static void run(u64 seed, enum sim_engine engine, u32 *nr_late)
{
	struct machine *m = machine_builtin(seed % 2 ? "flat-4" : "ideal-3");
	struct sim_config config = { .engine = engine, .seed = seed };
	struct world w = { .held = 1 };
	struct exact *e = &w.e;

	machine_set(m, MK_PREEMPT, (s64)(seed / 2 % 3), 'K', 0, NULL);
	e->m = m;
	e->sim = sim_new(&config);
	e->hw = hw_new(e->sim, m);
	e->k = kern_new(e->hw, VIRT_NONE, seed, 0);
	percpu_ref_init(&w.ref, released);
	for (u32 i = 0; i < 1 + seed % 6; i++)
		exact_free_task(e, i, i % e->hw->nr_cpus, user);
	exact_free_task(e, 8, 0, killer);
	ck_assert_msg(sim_run(e->sim, TIME_MAX) == SIM_DONE, "seed %llu: %s",
		      (unsigned long long)seed, sim_report(e->sim));
	ck_assert_msg(w.released == 1, "seed %llu: released %u times", (unsigned long long)seed,
		      w.released);
	*nr_late += w.nr_late;
	kern_free(e->k);
	hw_free(e->hw);
	sim_free(e->sim);
	machine_free(m);
}

START_TEST(released_once_after_the_last_put)
{
	u32 late[2] = { 0, 0 };

	for (u64 seed = 1; seed <= SEEDS; seed++) {
		run(seed, SIM_NORMAL, &late[0]);
		run(seed, SIM_REFERENCE, &late[1]);
	}
	ck_assert_uint_gt(late[0], SEEDS);
	ck_assert_uint_eq(late[0], late[1]);
}
END_TEST

static void cost_of_modes(struct task *t, void *arg)
{
	struct world *w = arg;

	ck_assert(percpu_ref_tryget_live(t, &w->ref));
	exact_note(t, &w->e, 0);
	percpu_ref_kill(t, &w->ref);
	exact_note(t, &w->e, 1);
	ck_assert(!percpu_ref_tryget_live(t, &w->ref));
	task_sleep(t, PS_PER_SEC);
	ck_assert(!w->ref.released);
	ck_assert_int_eq(w->ref.count.v, 1);
	percpu_ref_put(t, &w->ref);
	ck_assert(w->ref.released);
}

START_TEST(modes)
{
	struct world w;

	exact_init(&w.e, "ideal-2", _i ? SIM_REFERENCE : SIM_NORMAL);
	w.e.hw->c[MK_THIS_CPU_ADD] = 2 * PS_PER_NS;
	w.e.hw->c[MK_RMW_LOCAL] = 5 * PS_PER_NS;
	percpu_ref_init(&w.ref, NULL);
	exact_task(&w.e, 0, 0, cost_of_modes);
	exact_run(&w.e);
	ck_assert_uint_eq(w.e.at[0], 2);
	ck_assert_uint_eq(w.e.at[1], 2 + 5);
	exact_free(&w.e);
}
END_TEST

static void put_too_many(struct task *t, void *arg)
{
	struct world *w = arg;

	percpu_ref_put(t, &w->ref);
	percpu_ref_kill(t, &w->ref);
	task_sleep(t, PS_PER_SEC);
}

static void put_released(struct task *t, void *arg)
{
	struct world *w = arg;

	percpu_ref_kill(t, &w->ref);
	task_sleep(t, PS_PER_SEC);
	percpu_ref_put(t, &w->ref);
}

static void kill_twice(struct task *t, void *arg)
{
	struct world *w = arg;

	percpu_ref_kill(t, &w->ref);
	percpu_ref_kill(t, &w->ref);
}

START_TEST(misuse_is_reported)
{
	static const struct {
		void (*body)(struct task *t, void *arg);
		const char *want;
	} misuse[] = {
		{ put_too_many, "without a reference" },
		{ put_released, "after the release" },
		{ kill_twice, "killed twice" },
	};
	struct world w;

	exact_init(&w.e, "ideal-2", SIM_NORMAL);
	percpu_ref_init(&w.ref, NULL);
	exact_task(&w.e, 0, 0, misuse[_i].body);
	ck_assert_int_eq(sim_run(w.e.sim, TIME_MAX), SIM_FAILED);
	ck_assert_ptr_nonnull(strstr(sim_report(w.e.sim), misuse[_i].want));
	exact_free(&w.e);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("percpu_ref");
	TCase *tc = tcase_create("percpu_ref");

	tcase_set_timeout(tc, 240);
	tcase_add_test(tc, released_once_after_the_last_put);
	tcase_add_loop_test(tc, modes, 0, 2);
	tcase_add_loop_test(tc, misuse_is_reported, 0, 3);
	suite_add_tcase(s, tc);
	return check_run(s, CK_ENV);
}
