// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `cgroups:` of a scenario under load: charges of a parent are those of its children and its
 * own, no counter passes its limit, events count as thp.md 1.9 says, cgroups come and go while
 * they are charged, and both engines say the same to the last sample. Many seeds.
 */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/prims/prims.h"
#include "sim/experiment/run.h"
#include "sim/mm/memcg.h"
#include "sim/mm/page_alloc.h"
#include "tests/core/check_main.h"

#define SEEDS 40
#define CPUS 8
#define RECLAIMS 18 /* of a charge that finds no room: 1, 1 after the drain, 16 retries */

static struct registry *registry(void)
{
	struct registry *r = registry_new();
	const char *what = "";

	ck_assert_ptr_nonnull(r);
	ck_assert_msg(!registry_add(r, &prims_model, &what), "%s", what);
	return r;
}

static struct scenario *load(const struct registry *r, const char *path)
{
	static const char *const search_path[] = { SCENARIOS, NULL };
	struct scn_options opt = { .search_path = search_path };
	struct scn_errors errors;
	struct scenario *sc = scenario_load(path, r, &opt, &errors);

	for (guint i = 0; i < errors.lines->len; i++)
		fprintf(stderr, "%s\n", (char *)errors.lines->pdata[i]);
	ck_assert_msg(sc != NULL, "%s is not accepted", path);
	scn_errors_clear(&errors);
	return sc;
}

static struct run_result *run(const struct scenario *sc, enum sim_engine engine, u32 replication)
{
	s64 params[8] = { 0 };
	struct run_config config = { .scenario = sc,
				     .variant = &sc->variants[0],
				     .params = params,
				     .replication = replication,
				     .engine = engine };
	struct run_result *res;

	ck_assert_uint_le(sc->nr_params, ARRAY_SIZE(params));
	for (u32 i = 0; i < sc->nr_params; i++)
		params[i] = sc->params[i].def;
	res = run_execute(&config);
	ck_assert_msg(!res->failed && res->status == SIM_DONE, "replication %u: %s", replication,
		      res->report ? res->report : "");
	return res;
}

static double value(const struct run_result *r, const char *name)
{
	const struct run_metric *m = run_find_metric(r, name);

	ck_assert_msg(m != NULL, "there is no %s", name);
	return m->value;
}

/* memory.FILE of a cgroup. */
static double file(const struct run_result *r, const char *cgroup, const char *name)
{
	char buf[96];

	snprintf(buf, sizeof(buf), "cgroup.%s.memory.%s", cgroup, name);
	return value(r, buf);
}

#define KIB 1024.0

/* No counter has ever been above its limit. */
static void check_limits(const struct run_result *r, u32 seed)
{
	static const struct {
		const char *name;
		double max;
	} limit[] = {
		{ "top", 4096 * KIB },	{ "mid", 3072 * KIB },	{ "leaf", 1280 * KIB },
		{ "side", 1024 * KIB }, { "yard", 2048 * KIB },
	};

	for (u32 i = 0; i < ARRAY_SIZE(limit); i++)
		ck_assert_msg(file(r, limit[i].name, "peak") <= limit[i].max, "seed %u: %s: %f",
			      seed, limit[i].name, file(r, limit[i].name, "peak"));
}

static s64 footprint(const struct run_result *r, const char *category, const char *cgroup)
{
	for (guint i = 0; i < r->footprint->len; i++) {
		const struct run_footprint *f =
			&g_array_index(r->footprint, struct run_footprint, i);

		if (!strcmp(f->category, category) && !strcmp(f->cgroup, cgroup))
			return f->end;
	}
	return 0;
}

/* Charged are the pages, and what is left in the stocks of the CPUs: less than 64 in each. */
static void check_stock(double current, double pages, u32 seed)
{
	ck_assert_msg(current >= pages, "seed %u: %f charged, %f in use", seed, current, pages);
	ck_assert_msg(current - pages < (double)CPUS * MEMCG_CHARGE_BATCH * (double)PAGE_SIZE,
		      "seed %u: %f in stocks", seed, current - pages);
}

static void check_sums(const struct run_result *r, u32 seed)
{
	double leaf = (double)footprint(r, "AnonPages", "leaf");

	/* the last cgroup_remove: everybody has left the leaves, whose pages stay charged */
	ck_assert(isnan(file(r, "leaf", "current")));
	ck_assert(file(r, "leaf", "stat.anon") == leaf && leaf > 0);
	ck_assert(file(r, "mid", "stat.anon") == leaf);
	check_stock(file(r, "mid", "current"), leaf, seed);
	/* all is freed there, and what the stocks had is not charged to others */
	ck_assert(file(r, "side", "stat.anon") == 0);
	check_stock(file(r, "side", "current"), 0, seed);
	ck_assert_msg(file(r, "top", "current") >=
			      file(r, "mid", "current") + file(r, "side", "current"),
		      "seed %u: children have more than their parent", seed);
	ck_assert_int_eq(footprint(r, "AnonPages", ""), 0);
}

/* Every page wanted and not got is one oom, of somebody at or below top, and nobody is killed. */
static void check_events(const struct run_result *r, u32 seed)
{
	double failed = value(r, "prims.alloc_pages_failed"), oom = file(r, "top", "events.oom");

	ck_assert_msg(failed > 0 && failed == oom, "seed %u: %f failed, %f oom", seed, failed, oom);
	ck_assert_msg(file(r, "top", "events.max") >= RECLAIMS * oom, "seed %u: %f max, %f oom",
		      seed, file(r, "top", "events.max"), oom);
	ck_assert(file(r, "top", "events.oom") >=
		  file(r, "mid", "events.oom") + file(r, "side", "events.oom"));
	ck_assert(file(r, "mid", "events.max") >= file(r, "leaf", "events.max"));
	ck_assert(file(r, "top", "events.oom_kill") == 0);
	/* both memory_pressure and the cgroup_remove of leaves in use cannot do what they should */
	ck_assert_msg(value(r, "cgroup.events_failed") >= 3, "seed %u", seed);
}

static void check_life(const struct run_result *r, u32 seed)
{
	double online = value(r, "cgroup.nr_descendants");
	double dying = value(r, "cgroup.nr_dying_descendants");

	/* top, mid, side; the leaves are charged for good */
	ck_assert_msg(online >= 3 && online <= 5, "seed %u: %f cgroups", seed, online);
	ck_assert_msg(dying >= 3, "seed %u: %f linger", seed, dying);
}

static void check_same(const struct run_result *a, const struct run_result *b, u32 seed)
{
	ck_assert_uint_eq(a->metrics->len, b->metrics->len);
	for (guint i = 0; i < a->metrics->len; i++) {
		const struct run_metric *x = &g_array_index(a->metrics, struct run_metric, i);
		const struct run_metric *y = &g_array_index(b->metrics, struct run_metric, i);

		ck_assert_msg(!memcmp(&x->value, &y->value, sizeof(x->value)),
			      "seed %u: %s is %.17g and %.17g", seed, x->name, x->value, y->value);
	}
	ck_assert_uint_eq(a->series->len, b->series->len);
	for (guint i = 0; i < a->series->len; i++) {
		const struct run_sample *x = &g_array_index(a->series, struct run_sample, i);
		const struct run_sample *y = &g_array_index(b->series, struct run_sample, i);

		ck_assert_msg(x->time == y->time && x->value == y->value &&
				      !strcmp(x->metric, y->metric),
			      "seed %u: %s at %llu", seed, x->metric, (unsigned long long)x->time);
	}
}

START_TEST(under_load)
{
	struct registry *reg = registry();
	struct scenario *sc = load(reg, EXPERIMENT_TESTS "/cgroups.yaml");
	u32 seed = (u32)_i + 1;
	struct run_result *r = run(sc, SIM_NORMAL, seed), *ref = run(sc, SIM_REFERENCE, seed);

	check_limits(r, seed);
	check_sums(r, seed);
	check_events(r, seed);
	check_life(r, seed);
	check_same(r, ref, seed);
	run_result_free(r);
	run_result_free(ref);
	scenario_free(sc);
	registry_free(reg);
}
END_TEST

/* Every sample of the shipped scenario: no usage above a limit, pages within the charge. */
START_TEST(samples)
{
	struct registry *reg = registry();
	struct scenario *sc = load(reg, SCENARIOS "/prims/cgroups.yaml");
	struct run_result *r = run(sc, SIM_NORMAL, 1);
	double box = 0, cut = 0;
	u32 n = 0;

	for (guint i = 0; i < r->series->len; i++) {
		const struct run_sample *s = &g_array_index(r->series, struct run_sample, i);

		if (!strcmp(s->metric, "cgroup.box.memory.current")) {
			ck_assert(s->value <= 1024 * KIB && s->value >= box);
			box = s->value;
			n++;
		} else if (!strcmp(s->metric, "cgroup.cut.memory.current")) {
			cut = s->value;
		} else if (!strcmp(s->metric, "cgroup.job.memory.current")) {
			/* there until it is removed at 3 ms: the file is gone */
			ck_assert_uint_le(s->time, 3000 * PS_PER_US);
		}
	}
	ck_assert_uint_ge(n, 10);
	ck_assert(box == 1024 * KIB);
	ck_assert(cut == 400 * KIB); /* the stock was drained when its limit was written */
	ck_assert(file(r, "cut", "peak") == 512 * KIB); /* two batches of 64 pages */
	ck_assert(value(r, "prims.alloc_pages_failed") == file(r, "box", "events.oom"));
	ck_assert(file(r, "box", "events.max") == RECLAIMS * file(r, "box", "events.oom"));
	run_result_free(r);
	scenario_free(sc);
	registry_free(reg);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("cgroups");
	Suite *s = suite_create("cgroups");

	tcase_set_timeout(tc, 300);
	tcase_add_loop_test(tc, under_load, 0, SEEDS);
	tcase_add_test(tc, samples);
	suite_add_tcase(s, tc);
	return check_run(s, CK_ENV);
}
