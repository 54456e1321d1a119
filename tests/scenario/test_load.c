/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Good files give the data they say.
 */
#include "tests/scenario/common.h"

static s64 value(const struct scenario *s, const struct expr *e)
{
	struct expr_env env = { .cpus = machine_nr_cpus(s->machine), .nodes = 1 };
	s64 params[16] = { 0 }, v = -1;

	for (u32 i = 0; i < s->nr_params; i++)
		params[i] = s->params[i].def;
	env.params = params;
	ck_assert_ptr_null(expr_eval(e, &env, &v));
	return v;
}

START_TEST(design_example)
{
	struct registry *r = fake_registry();
	struct scn_options opt = { 0 };
	struct scenario *s = load_good(r, "good/vmap-test-vmalloc.yaml", &opt);
	const struct step *loop;

	ck_assert_str_eq(s->name, "vmap-test-vmalloc");
	ck_assert_uint_eq(machine_nr_cpus(s->machine), 64);
	ck_assert_uint_eq(s->nr_variants, 2);
	ck_assert_str_eq(s->variants[1].models[0].variant->name, "nodes-v3");
	ck_assert_uint_eq(s->nr_sweeps, 1);
	ck_assert_uint_eq(s->sweeps[0].nr_values, 7);
	ck_assert_uint_eq(s->nr_groups, 1);
	ck_assert_int_eq(value(s, s->groups[0].count), 64);
	ck_assert_uint_eq(s->groups[0].nr_steps, 4);
	ck_assert_int_eq(s->groups[0].steps[0].kind, STEP_PHASE);
	loop = &s->groups[0].steps[1];
	ck_assert_int_eq(loop->kind, STEP_LOOP);
	ck_assert_int_eq(value(s, loop->count), 1000000 / 64);
	ck_assert_uint_eq(loop->nr_children, 3);
	ck_assert(loop->children[0].is_draw);
	ck_assert(!expr_is_const(loop->children[1].args[0].value));
	ck_assert_int_eq(s->groups[0].steps[3].order, TAKE_FIFO);
	ck_assert(s->groups[0].steps[3].args[0].bag);
	ck_assert_double_eq(s->expects[0].value, 12.695);
	ck_assert_double_eq_tol(s->expects[0].within, 0.25, 1e-9);
	ck_assert_uint_eq(s->expects[0].nr_at, 2);
	ck_assert_uint_eq(s->sample, 10 * PS_PER_MS);
	ck_assert_uint_eq(strlen(s->digest), 64);
	scenario_free(s);
	registry_free(r);
}
END_TEST

START_TEST(quick_and_set)
{
	static const char *const sets[] = { "nr_threads=7", "machine=flat-4", "seed=99",
					    "test_loop_count=2048", NULL };
	struct registry *r = fake_registry();
	struct scn_options opt = { .quick = true };
	struct scenario *s = load_good(r, "good/vmap-test-vmalloc.yaml", &opt);

	ck_assert_uint_eq(s->replications, 1);
	ck_assert_uint_eq(s->sweeps[0].nr_values, 1);
	ck_assert_int_eq(s->params[s->scale_param].def, 1024);
	scenario_free(s);
	opt = (struct scn_options){ .sets = sets };
	s = load_good(r, "good/vmap-test-vmalloc.yaml", &opt);
	ck_assert_uint_eq(machine_nr_cpus(s->machine), 4);
	ck_assert_uint_eq(s->seed, 99);
	ck_assert_uint_eq(s->sweeps[0].nr_values, 1);
	ck_assert_int_eq(value(s, s->sweeps[0].values[0]), 7);
	ck_assert_int_eq(value(s, s->groups[0].steps[1].count), 2048 / 64);
	scenario_free(s);
	registry_free(r);
}
END_TEST

START_TEST(all_steps)
{
	struct registry *r = fake_registry();
	struct scn_options opt = { 0 };
	struct scenario *s = load_good(r, "good/steps.yaml", &opt);
	const struct step *st = s->groups[0].steps[0].children;
	GString *out = g_string_new(NULL);

	ck_assert_uint_eq(s->nr_groups, 3);
	ck_assert_ptr_null(s->groups[0].steps[0].count);
	ck_assert_int_eq(value(s, st[0].dist->a), 400000);
	ck_assert_uint_eq(st[0].dist->jitter_permille, 0);
	ck_assert_int_eq(st[1].dist->kind, DIST_EXP);
	ck_assert_uint_eq(st[2].dist->jitter_permille, 100);
	ck_assert_int_eq(st[3].dist->kind, DIST_LOGNORMAL);
	ck_assert_uint_eq(s->groups[1].nr_cpus, 5);
	ck_assert_int_eq(s->groups[1].steps[0].target, 2);
	ck_assert_int_eq(value(s, s->groups[1].steps[3].every), 2);
	ck_assert_uint_eq(s->nr_events, 1);
	ck_assert_uint_eq(s->events[0].at, 10 * PS_PER_MS);
	scenario_print(s, out);
	ck_assert_ptr_nonnull(strstr(out->str, "steps"));
	g_string_free(out, TRUE);
	scenario_free(s);
	registry_free(r);
}
END_TEST

START_TEST(bad_sets)
{
	static const char *const tries[] = { "nr_thread=3", "nr_threads",   "nr_threads=0",
					     "duration=3",  "machine=none", "=3",
					     "seed=x" };
	struct registry *r = fake_registry();

	for (u32 i = 0; i < ARRAY_SIZE(tries); i++) {
		const char *const sets[] = { tries[i], NULL };
		struct scn_options opt = { .sets = sets };
		struct scn_errors errors;
		struct scenario *s = load_opt(r, "good/vmap-test-vmalloc.yaml", &opt, &errors);

		ck_assert_msg(!s && errors.lines->len, "--set %s was accepted", tries[i]);
		scn_errors_clear(&errors);
	}
	registry_free(r);
}
END_TEST

START_TEST(machines)
{
	struct scn_errors errors;
	struct machine *m = machine_load("tr3970x", search_path, &errors);

	ck_assert_ptr_nonnull(m);
	ck_assert_int_eq(m->val[MK_XFER_CROSS_LLC].v, 94500);
	ck_assert_uint_eq(m->val[MK_XFER_CROSS_LLC].rel_err_permille, 120);
	ck_assert_int_eq(m->val[MK_RMW_HOT_SMT].v, 7150);
	machine_free(m);
	scn_errors_clear(&errors);
	ck_assert_ptr_null(machine_load("no-such", search_path, &errors));
	ck_assert_uint_eq(errors.lines->len, 1);
	scn_errors_clear(&errors);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("load");

	tcase_add_test(tc, design_example);
	tcase_add_test(tc, quick_and_set);
	tcase_add_test(tc, all_steps);
	tcase_add_test(tc, bad_sets);
	tcase_add_test(tc, machines);
	return run_tests("scenario_load", tc);
}
