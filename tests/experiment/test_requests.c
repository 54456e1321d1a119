// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * DESIGN.md 3: a variant never draws from the streams of the workload, so every
 * thread makes the same requests in every variant; and other ones with another
 * seed, replication or thread.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "tests/experiment/recorder.h"

#define PATH EXPERIMENT_TESTS "/requests.yaml"
#define NR_THREADS 18

static bool same_call(const struct recorded *a, const struct recorded *b)
{
	return a->is_free == b->is_free && !memcmp(a->arg, b->arg, sizeof(a->arg));
}

/* Index of the first call that differs; -1 if the threads made the same ones. */
static s64 first_difference(const GArray *a, const GArray *b)
{
	guint i;

	for (i = 0; i < a->len && i < b->len; i++)
		if (!same_call(&g_array_index(a, struct recorded, i),
			       &g_array_index(b, struct recorded, i)))
			return i;
	return a->len == b->len ? -1 : (s64)i;
}

/* Threads of @a that made other requests in @b. */
static u32 count_differing(const struct recording *a, const struct recording *b, s64 *at)
{
	GHashTableIter it;
	gpointer key, calls;
	u32 n = 0;

	g_hash_table_iter_init(&it, a->threads);
	while (g_hash_table_iter_next(&it, &key, &calls)) {
		const GArray *other = g_hash_table_lookup(b->threads, key);

		ck_assert_ptr_nonnull(other);
		*at = first_difference(calls, other);
		n += *at >= 0;
	}
	return n;
}

START_TEST(same_in_all_variants)
{
	struct registry *r = recorder_registry();
	char *seed = g_strdup_printf("seed=%d", _i + 1);
	const char *const sets[] = { seed, NULL };
	struct scenario *sc = recorder_load(r, PATH, sets);
	struct recording *first = recorder_run(sc, 0, 1);
	s64 at;

	ck_assert_uint_eq(g_hash_table_size(first->threads), NR_THREADS);
	ck_assert_uint_gt(first->allocs, 12 * 10 + 6 * 30);
	ck_assert_uint_eq(first->allocs, first->frees);
	for (u32 v = 1; v < sc->nr_variants; v++) {
		struct recording *rec = recorder_run(sc, v, 1);
		u32 n = count_differing(first, rec, &at);

		ck_assert_msg(
			!n, "%s: %u threads ask for something else with %s, one from call %lld on",
			seed, n, sc->variants[v].name, (long long)at);
		ck_assert_uint_eq(g_hash_table_size(rec->threads), NR_THREADS);
		ck_assert_uint_eq(rec->allocs, first->allocs);
		recording_free(rec);
	}
	recording_free(first);
	scenario_free(sc);
	registry_free(r);
	g_free(seed);
}
END_TEST

/* What the comparison above would miss if nothing was random. */
START_TEST(streams_differ)
{
	static const char *const other_seed[] = { "seed=77", NULL };
	struct registry *r = recorder_registry();
	struct scenario *sc = recorder_load(r, PATH, NULL),
			*sd = recorder_load(r, PATH, other_seed);
	struct recording *a = recorder_run(sc, 0, 1), *again = recorder_run(sc, 0, 1);
	struct recording *rep = recorder_run(sc, 0, 2), *seed = recorder_run(sd, 0, 1);
	GList *threads = g_hash_table_get_values(a->threads), *x, *y;
	s64 at;

	ck_assert_uint_eq(count_differing(a, again, &at), 0);
	ck_assert_uint_eq(count_differing(a, rep, &at), NR_THREADS);
	ck_assert_uint_eq(count_differing(a, seed, &at), NR_THREADS);
	for (x = threads; x; x = x->next)
		for (y = x->next; y; y = y->next)
			ck_assert_int_ge(first_difference(x->data, y->data), 0);
	g_list_free(threads);
	recording_free(a);
	recording_free(again);
	recording_free(rep);
	recording_free(seed);
	scenario_free(sc);
	scenario_free(sd);
	registry_free(r);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("requests");
	TCase *tc = tcase_create("requests");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_set_timeout(tc, 240);
	tcase_add_loop_test(tc, same_in_all_variants, 0, 4);
	tcase_add_test(tc, streams_differ);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
