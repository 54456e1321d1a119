/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What scenario_print() writes loads again to the same print; loading is fast
 * and takes little memory, also of files that are made to hurt.
 */
#include <sys/resource.h>
#include <time.h>

#include "sim/scenario/units.h"
#include "tests/scenario/common.h"

#define BAD_FILE_MS 200
#define BOMB_BYTES (256L << 20)

static double now_ms(void)
{
	struct timespec t;

	/* CPU time: the machine may be busy with other tests. */
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static char *print(const struct scenario *s)
{
	GString *out = g_string_new(NULL);

	scenario_print(s, out);
	return g_string_free(out, FALSE);
}

static char *temp_file(const char *text)
{
	char *path = g_strdup("/tmp/mmsim-print-XXXXXX");
	int fd = g_mkstemp(path);

	ck_assert_int_ge(fd, 0);
	close(fd);
	ck_assert(g_file_set_contents(path, text, -1, NULL));
	return path;
}

static void round_trip(const char *file, struct scn_options opt)
{
	struct registry *r = fake_registry();
	struct scn_options plain = { 0 };
	struct scenario *s = load_good(r, file, &opt), *again;
	char *first = print(s), *second, *path = temp_file(first);

	again = load_good(r, path, &plain);
	second = print(again);
	ck_assert_str_eq(first, second);
	ck_assert_uint_eq(s->nr_groups, again->nr_groups);
	ck_assert_uint_eq(s->nr_params, again->nr_params);
	ck_assert_uint_eq(s->nr_phases, again->nr_phases);
	for (u32 k = 0; k < NR_MACHINE_KEYS; k++)
		ck_assert_int_eq(s->machine->val[k].v, again->machine->val[k].v);
	unlink(path);
	g_free(path);
	g_free(first);
	g_free(second);
	scenario_free(s);
	scenario_free(again);
	registry_free(r);
}

START_TEST(round_trips)
{
	static const char *const sets[] = { "nr_threads=3", "machine=ideal-128", NULL };

	round_trip("good/vmap-test-vmalloc.yaml", (struct scn_options){ 0 });
	round_trip("good/vmap-test-vmalloc.yaml", (struct scn_options){ .quick = true });
	round_trip("good/vmap-test-vmalloc.yaml", (struct scn_options){ .sets = sets });
	round_trip("good/steps.yaml", (struct scn_options){ 0 });
	round_trip("good/everything.yaml", (struct scn_options){ 0 });
	round_trip("good/everything.yaml", (struct scn_options){ .quick = true });
}
END_TEST

START_TEST(bad_files_are_quick)
{
	struct registry *r = fake_registry();
	GDir *dir = g_dir_open("bad", 0, NULL);
	const char *name;

	while ((name = g_dir_read_name(dir))) {
		struct scn_options opt = { 0 };
		struct scn_errors errors;
		double start = now_ms(), took;
		char *path;

		if (!g_str_has_suffix(name, ".yaml"))
			continue;
		path = g_build_filename("bad", name, NULL);
		scenario_free(load_opt(r, path, &opt, &errors));
		took = now_ms() - start;
		ck_assert_msg(took < BAD_FILE_MS, "%s took %.0f ms", path, took);
		scn_errors_clear(&errors);
		g_free(path);
	}
	g_dir_close(dir);
	registry_free(r);
}
END_TEST

/* Memory that the process had at most, after loading @text. */
static long peak_after(const char *text)
{
	struct registry *r = fake_registry();
	struct scn_options opt = { 0 };
	struct scn_errors errors;
	char *path = temp_file(text);
	struct rusage u;

	scenario_free(load_opt(r, path, &opt, &errors));
	scn_errors_clear(&errors);
	unlink(path);
	g_free(path);
	registry_free(r);
	getrusage(RUSAGE_SELF, &u);
	return u.ru_maxrss * 1024;
}

START_TEST(bombs_stay_small)
{
	static const char head[] = "scenario: x\nmachine: flat-4\nthreads:\n  - name: w\n    do:\n";
	GString *s = g_string_new("a: &a0 [x, x, x, x, x, x, x, x, x, x]\n");

	for (u32 i = 1; i < 20; i++)
		g_string_append_printf(s, "b%u: &a%u [*a%u, *a%u, *a%u, *a%u, *a%u, *a%u]\n", i, i,
				       i - 1, i - 1, i - 1, i - 1, i - 1, i - 1);
	ck_assert_int_lt(peak_after(s->str), BOMB_BYTES);
	/* An alias of steps: small as nodes, large as steps. */
	g_string_assign(s, head);
	g_string_append(s, "      - do: &a [");
	for (u32 i = 0; i < 900; i++)
		g_string_append(s, "yield,");
	g_string_append(s, "]\n");
	for (u32 i = 0; i < 1000; i++)
		g_string_append(s, "      - do: *a\n");
	ck_assert_int_lt(peak_after(s->str), 2 * BOMB_BYTES);
	g_string_free(s, TRUE);
}
END_TEST

START_TEST(many_groups)
{
	GString *s = g_string_new("scenario: big\nmachine: tr3970x\nduration: 1ms\nthreads:\n");
	struct registry *r = fake_registry();
	struct scn_options opt = { 0 };
	struct scenario *scn;
	double start;
	char *path;

	for (u32 i = 0; i < 20000; i++)
		g_string_append_printf(s,
				       "  - name: group%u\n    count: 1\n    cpus: %u\n    do:\n"
				       "      - loop: 10\n        do:\n"
				       "          - vmalloc: {pages: %u, into: p}\n"
				       "          - vfree: p\n",
				       i, i % 64, i % 7 + 1);
	path = temp_file(s->str);
	start = now_ms();
	scn = load_good(r, path, &opt);
	printf("20000 thread groups, %zu bytes: %.0f ms\n", s->len, now_ms() - start);
	ck_assert_uint_eq(scn->nr_groups, 20000);
	scenario_free(scn);
	unlink(path);
	g_free(path);
	g_string_free(s, TRUE);
	registry_free(r);
}
END_TEST

START_TEST(too_large)
{
	struct registry *r = fake_registry();
	struct scn_options opt = { 0 };
	struct scn_errors errors;
	GString *s = g_string_sized_new(17 << 20);
	char *path;

	while (s->len < 17 << 20)
		g_string_append(s, "# nothing but comments, and far too many of them\n");
	path = temp_file(s->str);
	ck_assert_ptr_null(load_opt(r, path, &opt, &errors));
	ck_assert(strstr(errors.lines->pdata[0], "is larger than 16 MiB"));
	scn_errors_clear(&errors);
	unlink(path);
	g_free(path);
	g_string_free(s, TRUE);
	registry_free(r);
}
END_TEST

/* ---- numbers ------------------------------------------------------------------- */

static const struct {
	const char *text;
	s64 v;
	enum quantity q;
} numbers[] = {
	{ "0", 0, Q_INT },
	{ "64", 64, Q_INT },
	{ "-3", -3, Q_INT },
	{ "0x1000", 4096, Q_INT },
	{ "12.5ns", 12500, Q_TIME },
	{ "12.5 ns", 12500, Q_TIME },
	{ "3ms", 3000000000, Q_TIME },
	{ "1ps", 1, Q_TIME },
	{ "0.001ns", 1, Q_TIME },
	{ "1s", 1000000000000, Q_TIME },
	{ "-4ns", -4000, Q_TIME },
	{ "16MiB", 16 << 20, Q_SIZE },
	{ "0.5KiB", 512, Q_SIZE },
	{ "1B", 1, Q_SIZE },
	{ "2TiB", 2LL << 40, Q_SIZE },
	{ "25%", 250, Q_PERCENT },
	{ "1.6", 1600, Q_DECIMAL },
	{ "12.5%", 125, Q_PERCENT },
	{ "100us", 100000000, Q_TIME },
	{ "9223372036854775807", INT64_MAX, Q_INT },
};

static const char *const no_numbers[] = {
	"",
	" ",
	"-",
	"x",
	"1x",
	"1.",
	".5",
	"1..2",
	"1e6",
	"0x",
	"12.5",
	"0.0001ns",
	"1.5B",
	"1KB",
	"1kB",
	"1NS",
	"1 n s",
	"9223372036854775808",
	"99999999999999999999ns",
	"1,5",
	"1_000",
	"--1",
	"1ns ",
	"8388608TiB",
};

START_TEST(reads_numbers)
{
	for (u32 i = 0; i < ARRAY_SIZE(numbers); i++) {
		GString *s = g_string_new(NULL);
		enum quantity q;
		s64 v;
		const char *why = number_parse(numbers[i].text, &v, &q);

		ck_assert_msg(!why, "%s: %s", numbers[i].text, why);
		ck_assert_int_eq(v, numbers[i].v);
		ck_assert_int_eq(q, numbers[i].q);
		number_print(s, v, q);
		ck_assert_ptr_null(number_parse(s->str, &v, &q));
		ck_assert_int_eq(v, numbers[i].v);
		g_string_free(s, TRUE);
	}
}
END_TEST

START_TEST(refuses_numbers)
{
	for (u32 i = 0; i < ARRAY_SIZE(no_numbers); i++) {
		enum quantity q;
		s64 v;
		const char *why = number_parse(no_numbers[i], &v, &q);

		/* A plain fraction is a number, but of no kind that a value takes. */
		ck_assert_msg(why || q == Q_DECIMAL, "%s was taken", no_numbers[i]);
	}
}
END_TEST

/* Printing is exact for every value. */
START_TEST(prints_exactly)
{
	u64 x = 1;

	for (u32 i = 0; i < 20000; i++) {
		enum quantity want = i % 3 == 0 ? Q_INT : i % 3 == 1 ? Q_TIME : Q_SIZE, q;
		GString *s = g_string_new(NULL);
		s64 v, got;

		x = x * 6364136223846793005ULL + 1442695040888963407ULL;
		v = (s64)(x >> (1 + i % 60));
		number_print(s, v, want);
		ck_assert_msg(!number_parse(s->str, &got, &q), "%s", s->str);
		ck_assert_int_eq(got, v);
		ck_assert(q == want || !v);
		g_string_free(s, TRUE);
	}
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("print");

	tcase_add_test(tc, round_trips);
	tcase_add_test(tc, bad_files_are_quick);
	tcase_add_test(tc, bombs_stay_small);
	tcase_add_test(tc, many_groups);
	tcase_add_test(tc, too_large);
	tcase_add_test(tc, reads_numbers);
	tcase_add_test(tc, refuses_numbers);
	tcase_add_test(tc, prints_exactly);
	return run_tests("scenario_print", tc);
}
