// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How many vmalloc calls test_vmalloc makes (reference vmap.md 2): the workload file
 * counted without running it, the same file run by the interpreter, and the formula
 * all agree; unscaled, the count is the one traced on 448 CPUs.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "tests/experiment/recorder.h"
#include "tests/core/check_main.h"

#define PATH EXPERIMENT_TESTS "/calls.yaml"

/* ---- counting a program without running it --------------------------------- */

struct counter {
	const struct scenario *sc;
	struct expr_env env;
	s64 *vars;
};

static s64 value(struct counter *c, const struct expr *e)
{
	const char *why;
	s64 v = 0;

	why = expr_eval(e, &c->env, &v);
	ck_assert_msg(!why, "%s", why ? why : "");
	return v;
}

/* Calls of vmalloc in @n steps, each run once. */
static u64 count_steps(struct counter *c, const struct step *steps, u32 n)
{
	u64 sum = 0;

	for (u32 i = 0; i < n; i++) {
		const struct step *s = &steps[i];

		switch (s->kind) {
		case STEP_OP:
			sum += !strcmp(s->op->name, "vmalloc");
			break;
		case STEP_LET:
			ck_assert(!s->is_draw); /* else the count would be random */
			c->vars[s->var] = value(c, s->dist->a);
			break;
		case STEP_LOOP:
			sum += (u64)value(c, s->count) *
			       count_steps(c, s->children, s->nr_children);
			break;
		case STEP_DO:
		case STEP_SHUFFLE:
			sum += count_steps(c, s->children, s->nr_children);
			break;
		case STEP_PHASE:
			break;
		default:
			ck_abort_msg("%s:%u: the count of this step is not known", s->pos.file,
				     s->pos.line);
		}
	}
	return sum;
}

static u64 count_scenario(const struct scenario *sc)
{
	s64 params[16], vars[16] = { 0 };
	struct counter c = { .sc = sc, .vars = vars };
	u64 sum = 0;

	ck_assert_uint_le(sc->nr_params, 16);
	for (u32 i = 0; i < sc->nr_params; i++)
		params[i] = sc->params[i].def;
	c.env = (struct expr_env){ .params = params, .vars = vars, .nodes = 1 };
	c.env.cpus = machine_nr_cpus(sc->machine);
	for (u32 g = 0; g < sc->nr_groups; g++) {
		ck_assert_uint_le(sc->groups[g].nr_vars, 16);
		sum += (u64)value(&c, sc->groups[g].count) *
		       count_steps(&c, sc->groups[g].steps, sc->groups[g].nr_steps);
	}
	return sum;
}

/* ---- the formula ------------------------------------------------------------- */

/* Pairs of a worker: L, 2 + 2F + L, 1 + 15000 + 2L for bits 1, 2 and 4; all divided by scale. */
static u64 formula(u64 cpus, u64 mask, u64 scale)
{
	u64 loops = 1000000 / scale, areas = (u64)fls64(cpus) * 8192 / scale, busy = 15000 / scale;
	u64 sum = 0;

	if (mask & 1)
		sum += loops;
	if (mask & 2)
		sum += 2 + 2 * areas + loops;
	if (mask & 4)
		sum += 1 + busy + 2 * loops;
	return sum;
}

static struct scenario *load(const struct registry *r, u64 cpus, u64 threads, u64 mask, u64 scale)
{
	char *sets[] = { g_strdup_printf("machine=flat-%llu", (unsigned long long)cpus),
			 g_strdup_printf("nr_threads=%llu", (unsigned long long)threads),
			 g_strdup_printf("run_test_mask=%llu", (unsigned long long)mask),
			 g_strdup_printf("scale=%llu", (unsigned long long)scale), NULL };
	struct scenario *sc = recorder_load(r, PATH, (const char *const *)sets);

	for (u32 i = 0; sets[i]; i++)
		g_free(sets[i]);
	ck_assert_uint_eq(machine_nr_cpus(sc->machine), cpus);
	return sc;
}

static const u64 masks[] = { 1, 2, 4, 7 };
static const u64 cpus[] = { 64, 128, 448 };

START_TEST(interpreter_makes_the_calls)
{
	struct registry *r = recorder_registry();
	u64 mask = masks[_i % 4], n = cpus[_i / 4], scale = 8192;
	struct scenario *sc = load(r, n, 3, mask, scale);
	u64 want = 3 * formula(n, mask, scale);

	ck_assert_uint_gt(want, 3);
	ck_assert_uint_eq(count_scenario(sc), want);
	for (u32 v = 0; v < sc->nr_variants; v++) {
		struct recording *rec = recorder_run(sc, v, 1);

		ck_assert_uint_eq(rec->allocs, want);
		ck_assert_uint_eq(rec->frees, want);
		recording_free(rec);
	}
	scenario_free(sc);
	registry_free(r);
}
END_TEST

START_TEST(full_length)
{
	struct registry *r = recorder_registry();
	u64 mask = masks[_i % 4], n = cpus[_i / 4];
	struct scenario *sc = load(r, n, n, mask, 1);
	u64 calls = count_scenario(sc);

	ck_assert_uint_eq(calls, n * formula(n, mask, 1));
	if (mask == 7 && n == 64)
		ck_assert_uint_eq(calls, 264300224);
	/* traced on 448 CPUs: 1864782753 calls, 1121 of them not of the test */
	if (mask == 7 && n == 448)
		ck_assert_uint_eq(calls, 1864782753 - 1121);
	scenario_free(sc);
	registry_free(r);
}
END_TEST

/* The shipped scenario of the full run is that count, whatever the file includes. */
START_TEST(shipped_full_run)
{
	struct registry *r = recorder_registry();
	struct scenario *sc = recorder_load(r, SCENARIOS "/vmap/test_vmalloc-full.yaml", NULL);

	ck_assert_uint_eq(count_scenario(sc), 264300224);
	scenario_free(sc);
	registry_free(r);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("calls");
	TCase *tc = tcase_create("calls");

	tcase_set_timeout(tc, 240);
	tcase_add_loop_test(tc, interpreter_makes_the_calls, 0, 12);
	tcase_add_loop_test(tc, full_length, 0, 12);
	tcase_add_test(tc, shipped_full_run);
	suite_add_tcase(s, tc);
	return check_run(s, CK_ENV);
}
