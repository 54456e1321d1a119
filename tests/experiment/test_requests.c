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
#include "tests/core/check_main.h"

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

#define NR_BRANCHES 5

/* Length of the cycle of the permutation that begins at 0. */
static u32 cycle_length(const GArray *calls)
{
	u32 at = 0, n = 0;

	do {
		at = (u32)g_array_index(calls, struct recorded, at).arg[0] - 1;
		n++;
	} while (at && n <= NR_BRANCHES);
	return n;
}

/*
 * Sattolo's shuffle, as the module has it: one cycle through all branches, so none stays
 * at its place; and every one of the 24 such orders comes up. The uniform one has others.
 */
START_TEST(shuffles)
{
	static const char *const uniform[] = { "one_cycle=0", NULL };
	struct registry *r = recorder_registry();
	struct scenario *sc =
		recorder_load(r, EXPERIMENT_TESTS "/shuffle.yaml", _i ? uniform : NULL);
	struct recording *rec = recorder_run(sc, 0, 1);
	GHashTable *orders = g_hash_table_new(NULL, NULL);
	u32 one_cycle = 0;
	GHashTableIter it;
	gpointer calls;

	ck_assert_uint_eq(g_hash_table_size(rec->threads), 300);
	g_hash_table_iter_init(&it, rec->threads);
	while (g_hash_table_iter_next(&it, NULL, &calls)) {
		u32 seen = 0, order = 0;

		ck_assert_uint_eq(((GArray *)calls)->len, NR_BRANCHES);
		for (u32 k = 0; k < NR_BRANCHES; k++) {
			u32 b = (u32)g_array_index((GArray *)calls, struct recorded, k).arg[0] - 1;

			seen |= 1u << b;
			order = order * NR_BRANCHES + b;
		}
		ck_assert_uint_eq(seen, (1u << NR_BRANCHES) - 1);
		one_cycle += cycle_length(calls) == NR_BRANCHES;
		g_hash_table_add(orders, GUINT_TO_POINTER(order));
	}
	if (_i)
		ck_assert_uint_lt(one_cycle, 150); /* 24 of 120 orders: about 60 */
	else
		ck_assert_uint_eq(one_cycle, 300);
	ck_assert_uint_ge(g_hash_table_size(orders), _i ? 80 : 24);
	g_hash_table_destroy(orders);
	recording_free(rec);
	scenario_free(sc);
	registry_free(r);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("requests");
	TCase *tc = tcase_create("requests");

	tcase_set_timeout(tc, 240);
	tcase_add_loop_test(tc, same_in_all_variants, 0, 4);
	tcase_add_test(tc, streams_differ);
	tcase_add_loop_test(tc, shuffles, 0, 2);
	suite_add_tcase(s, tc);
	return check_run(s, CK_ENV);
}
