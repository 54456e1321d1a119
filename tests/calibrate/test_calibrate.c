// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * sim/calibrate: quartiles of known samples, topologies that hwloc makes up, classes of
 * pairs, and that a measurement stops when it is told to. A whole measurement is run with a
 * small budget; only signs and orders of magnitude of it are looked at.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "sim/calibrate/internal.h"
#include "tests/core/check_main.h"

static struct calibration cal;
static struct cal_options options;

static struct cal_ctx context(void)
{
	return (struct cal_ctx){ .opt = &options, .out = &cal };
}

START_TEST(quartiles)
{
	struct cal_ctx ctx = context();
	struct cal_samples s = { .mixed = true };
	struct cal_result r;
	int i;

	/* 1..101 in a shuffled order: 37 is prime to 101. */
	for (i = 0; i < 101; i++)
		cal_add(&ctx, &s, 1 + i * 37 % 101, false);
	cal_add(&ctx, &s, 1e9, true);
	r = cal_quartiles(&s);
	ck_assert_uint_eq(r.n, 101);
	ck_assert_uint_eq(r.disturbed, 1);
	ck_assert(r.q1 == 26 && r.median == 51 && r.q3 == 76);
	cal_samples_free(&s);

	r = cal_quartiles(&s);
	ck_assert_uint_eq(r.n, 0);
	cal_add(&ctx, &s, 7, false);
	r = cal_quartiles(&s);
	ck_assert(r.n == 1 && r.q1 == 7 && r.median == 7 && r.q3 == 7);
	/* Between two: linear. Too few undisturbed ones: all count. */
	cal_add(&ctx, &s, 9, true);
	r = cal_quartiles(&s);
	ck_assert(r.n == 2 && r.q1 == 7.5 && r.median == 8 && r.q3 == 8.5 && !r.disturbed);
	cal_samples_free(&s);
	ck_assert(!atomic_load(&ctx.no_memory));
}
END_TEST

/* Bursts of other work in three fifths of the time move nothing; of mixed samples they do. */
START_TEST(bursts)
{
	struct cal_ctx ctx = context();
	struct cal_samples s = { 0 }, mixed = { .mixed = true };
	struct cal_result r;

	for (int i = 0; i < 200; i++) {
		double v = (i / 40 % 2 ? 10 : 50) + i % 3;

		cal_add(&ctx, &s, v, false);
		cal_add(&ctx, &mixed, v, false);
	}
	r = cal_quartiles(&s);
	ck_assert_uint_eq(r.n, 40);
	ck_assert(r.q1 == 10 && r.median == 11 && r.q3 == 12);
	r = cal_quartiles(&mixed);
	ck_assert_uint_eq(r.n, 200);
	ck_assert(r.median == 50);
	cal_samples_free(&s);
	cal_samples_free(&mixed);
}
END_TEST

START_TEST(slopes)
{
	struct cal_point p[] = {
		{ 2, { .q1 = 24, .median = 25, .q3 = 27, .n = 9 } },
		{ 4, { .q1 = 31, .median = 31, .q3 = 31, .n = 7 } },
		{ 8, { .q1 = 43, .median = 43, .q3 = 43, .n = 8 } },
	};
	struct cal_result r = cal_slope(p, 3);

	/* On a line 19 + 3 n; x - mean of the first is -8/3, sum of squares 56/3. */
	ck_assert_uint_eq(r.n, 7);
	ck_assert(fabs(r.median - 3) < 1e-12);
	ck_assert(fabs(r.q1 - (3 - 2.0 / 7)) < 1e-12 && fabs(r.q3 - (3 + 1.0 / 7)) < 1e-12);
	r = cal_slope(p, 1);
	ck_assert(!r.n && *r.why);
	p[0].y.median = 60;
	r = cal_slope(p, 3);
	ck_assert(!r.n && strstr(r.why, "no slope"));
}
END_TEST

START_TEST(quotas)
{
	static const struct {
		const char *text;
		uint64_t milli;
	} files[] = {
		{ "max 100000\n", UINT64_MAX },
		{ "150000 100000\n", 1500 },
		{ "5000 100000\n", 50 },
		{ "400000 100000\n", 4000 },
		{ "", UINT64_MAX },
		{ "1 0\n", UINT64_MAX },
	};

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		FILE *f = tmpfile();

		ck_assert_ptr_nonnull(f);
		fputs(files[i].text, f);
		rewind(f);
		ck_assert_uint_eq(cal_parse_quota(f), files[i].milli);
		fclose(f);
	}
}
END_TEST

START_TEST(differences)
{
	struct cal_result a = { .q1 = 90, .median = 100, .q3 = 120, .n = 5 };
	struct cal_result b = { .q1 = 38, .median = 40, .q3 = 45, .n = 9 };
	struct cal_result none = { .why = "none of it" }, r;

	r = cal_minus(&a, &b);
	ck_assert_uint_eq(r.n, 5);
	ck_assert(r.median == 60 && r.q1 == 45 && r.q3 == 82);
	r = cal_minus(&b, &a);
	ck_assert_uint_eq(r.n, 0);
	ck_assert_ptr_nonnull(strstr(r.why, "noise"));
	r = cal_minus(&a, &none);
	ck_assert_uint_eq(r.n, 0);
	ck_assert_str_eq(r.why, "none of it");
}
END_TEST

static const struct made_up {
	const char *synthetic;
	uint32_t cpus, sockets, nodes, llcs, cores, smt;
	uint32_t pairs[NR_CAL_DIST];
} made_up[] = {
	/* flat: no cache, one core a package's part */
	{ "pack:1 core:1 pu:1", 1, 1, 1, 1, 1, 1, { 0, 0, 0, 0, 0 } },
	{ "pack:1 l3:1 l2:4 core:1 pu:1", 4, 1, 1, 1, 4, 1, { 0, 6, 0, 0, 0 } },
	/* the 3970X: 8 groups of 4 cores of 2 threads */
	{ "pack:1 l3:8 l2:4 core:1 pu:2", 64, 1, 1, 8, 4, 2, { 32, 192, 1792, 0, 0 } },
	/* two packages of two nodes of two groups of two cores of two threads */
	{ "pack:2 [numa] group:2 [numa] l3:2 l2:2 core:1 pu:2",
	  32,
	  2,
	  2,
	  2,
	  2,
	  2,
	  { 16, 32, 64, 128, 256 } },
	/* above 64 CPUs */
	{ "pack:4 [numa] l3:1 l2:18 core:1 pu:2", 144, 4, 1, 1, 18, 2, { 72, 2448, 0, 0, 7776 } },
};

START_TEST(topologies)
{
	const struct made_up *want = &made_up[_i];
	uint32_t pairs[NR_CAL_DIST] = { 0 }, a, b, os[256], n, d;
	struct cal_topology t;

	ck_assert_int_eq(cal_topology_read(&t, want->synthetic), CAL_DONE);
	ck_assert_uint_eq(t.nr_cpus, want->cpus);
	ck_assert_uint_eq(t.nr_usable, want->cpus);
	ck_assert_uint_eq(t.sockets, want->sockets);
	ck_assert_uint_eq(t.nodes_per_socket, want->nodes);
	ck_assert_uint_eq(t.llc_per_node, want->llcs);
	ck_assert_uint_eq(t.cores_per_llc, want->cores);
	ck_assert_uint_eq(t.smt, want->smt);
	ck_assert(t.regular);
	for (a = 0; a < t.nr_cpus; a++) {
		for (b = a + 1; b < t.nr_cpus; b++) {
			pairs[cal_distance(&t, a, b)]++;
			ck_assert_int_eq(cal_distance(&t, a, b), cal_distance(&t, b, a));
		}
	}
	for (d = 0; d < NR_CAL_DIST; d++) {
		const uint32_t width[] = { want->smt, want->cores, want->llcs, want->nodes,
					   want->sockets };

		ck_assert_uint_eq(pairs[d], want->pairs[d]);
		n = cal_clique(&t, d, 256, os);
		ck_assert_uint_eq(n, width[d] > 1 ? width[d] : 0);
	}
	free(t.cpus);
}
END_TEST

START_TEST(odd_topologies)
{
	struct cal_topology t;
	uint32_t os[8];

	ck_assert_int_eq(cal_topology_read(&t, "pack:1 no such thing"), CAL_NO_TOPOLOGY);
	/* Siblings that are neighbours: hwloc's own numbering of made-up hosts. */
	ck_assert_int_eq(cal_topology_read(&t, "pack:1 core:4 pu:2"), CAL_DONE);
	ck_assert(t.sibling_adjacent);
	/* CPUs that may not be used are in no set; a quota bounds all sets. */
	t.cpus[2].usable = t.cpus[3].usable = false;
	t.nr_usable = 6;
	ck_assert_uint_eq(cal_clique(&t, CAL_LLC, 8, os), 3);
	ck_assert(os[0] == 0 && os[1] == 4 && os[2] == 6);
	t.max_threads = 2;
	ck_assert_uint_eq(cal_clique(&t, CAL_LLC, 8, os), 2);
	t.max_threads = 1;
	ck_assert_uint_eq(cal_clique(&t, CAL_LLC, 8, os), 0);
	free(t.cpus);
}
END_TEST

START_TEST(same_host_twice)
{
	struct cal_topology a, b;
	struct cal_host h, g;

	ck_assert_int_eq(cal_topology_read(&a, NULL), CAL_DONE);
	ck_assert_int_eq(cal_topology_read(&b, NULL), CAL_DONE);
	ck_assert_uint_eq(a.nr_cpus, b.nr_cpus);
	ck_assert_mem_eq(a.cpus, b.cpus, a.nr_cpus * sizeof(*a.cpus));
	ck_assert_uint_ge(a.nr_usable, 1);
	ck_assert_uint_ge(cal_max_threads(&a), 1);
	ck_assert(a.cpus[cal_first_cpu(&a)].usable);
	free(a.cpus);
	free(b.cpus);
	cal_host_read(&h);
	cal_host_read(&g);
	ck_assert_mem_eq(&h, &g, sizeof(h));
	ck_assert(!h.hz || (h.hz >= 24 && h.hz <= 10000));
}
END_TEST

static bool stop_after(void *arg)
{
	int *left = arg;

	return --*left < 0;
}

/* Whenever the wish to stop comes, the answer is CAL_STOPPED and no thread is left. */
START_TEST(stops)
{
	static const int after[] = { 0, 1, 3, 30 };
	int left = after[_i];
	struct cal_options opt = { .budget_ns = 500000000, .stop = stop_after, .arg = &left };
	struct calibration c;

	ck_assert_int_eq(calibrate(&c, &opt), CAL_STOPPED);
	calibration_free(&c);
	ck_assert_ptr_null(c.topology.cpus);
}
END_TEST

static void count_steps(void *arg, const char *what)
{
	ck_assert_uint_gt(strlen(what), 0);
	++*(int *)arg;
}

START_TEST(whole)
{
	int steps = 0;
	struct cal_options opt = { .budget_ns = 300000000, .progress = count_steps, .arg = &steps };
	static const enum cal_item alone[] = { CAL_GHZ,		CAL_LAT_L1,	CAL_LAT_L2,
					       CAL_LAT_LLC,	CAL_LAT_DRAM,	CAL_RMW_LOCAL,
					       CAL_CPU_RELAX,	CAL_SYSCALL,	CAL_WAKE_SAME_CPU,
					       CAL_FAULT_ENTRY, CAL_ZERO_4K_HOT };
	const struct cal_result *r;
	struct calibration c;
	uint32_t i;

	ck_assert_int_eq(calibrate(&c, &opt), CAL_DONE);
	ck_assert_int_eq(steps, 10);
	ck_assert_uint_le(c.others_pct + c.steal_pct, 100);
	for (i = 0; i < NR_CAL_ITEMS; i++) {
		r = &c.results[i];
		if (!r->n) {
			ck_assert_msg(*r->why, "item %u: neither a value nor a reason", i);
			continue;
		}
		ck_assert_msg(r->q1 <= r->median && r->median <= r->q3 && r->median > 0 &&
				      isfinite(r->q3),
			      "item %u: %g %g %g", i, r->q1, r->median, r->q3);
	}
	/* What needs one CPU only is there on any host. */
	for (i = 0; i < sizeof(alone) / sizeof(alone[0]); i++)
		ck_assert_msg(c.results[alone[i]].n, "item %u: %s", alone[i],
			      c.results[alone[i]].why);
	r = c.results;
	ck_assert(r[CAL_GHZ].median > 0.05 && r[CAL_GHZ].median < 20);
	/* Levels of memory, with room for a host that is busy with other things. */
	ck_assert(r[CAL_LAT_L1].q1 < 2 * r[CAL_LAT_L2].q3);
	ck_assert(r[CAL_LAT_L1].q1 < 2 * r[CAL_LAT_LLC].q3);
	ck_assert(r[CAL_LAT_L1].q1 < r[CAL_LAT_DRAM].q3);
	calibration_free(&c);
}
END_TEST

/*
 * Hosts that are not this one: CPUs that do not exist cannot be pinned, and the two that may
 * are of whatever class the description says. Each item has a value or a reason.
 */
START_TEST(other_hosts)
{
	static const char *const hosts[] = {
		"pack:1 core:1 pu:2",
		"pack:1 l3:2 core:1 pu:1",
		"pack:2 [numa] core:1 pu:1",
		"pack:2 [numa] l3:1 core:2 pu:1",
		"pack:1 [numa] group:2 [numa] l3:1 core:1 pu:1",
		"pack:2 [numa] l3:4 l2:8 core:1 pu:2",
	};
	struct cal_options opt = { .budget_ns = 150000000, .synthetic = hosts[_i] };
	struct calibration c;
	uint32_t i;

	ck_assert_int_eq(calibrate(&c, &opt), CAL_DONE);
	for (i = 0; i < NR_CAL_ITEMS; i++)
		ck_assert_msg(c.results[i].n || *c.results[i].why, "%s: item %u", hosts[_i], i);
	calibration_free(&c);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("calibrate");
	TCase *fast = tcase_create("fast"), *slow = tcase_create("slow");

	tcase_add_test(fast, quartiles);
	tcase_add_test(fast, bursts);
	tcase_add_test(fast, slopes);
	tcase_add_test(fast, quotas);
	tcase_add_test(fast, differences);
	tcase_add_loop_test(fast, topologies, 0, sizeof(made_up) / sizeof(made_up[0]));
	tcase_add_test(fast, odd_topologies);
	tcase_add_test(fast, same_host_twice);
	tcase_add_loop_test(slow, stops, 0, 4);
	tcase_add_test(slow, whole);
	tcase_add_loop_test(slow, other_hosts, 0, 6);
	tcase_set_timeout(slow, 120);
	suite_add_tcase(suite, fast);
	suite_add_tcase(suite, slow);
	return check_run(suite, CK_NORMAL);
}
