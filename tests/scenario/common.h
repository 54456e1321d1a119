/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tests of the reader share: they run in tests/scenario, so that
 * messages name files the same way everywhere.
 */
#ifndef MMSIM_TESTS_SCENARIO_COMMON_H
#define MMSIM_TESTS_SCENARIO_COMMON_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/scenario/scenario.h"
#include "tests/core/check_main.h"
#include "tests/scenario/fake.h"

static const char *const search_path[] = { SCENARIOS, NULL };

static inline struct scenario *load_opt(const struct registry *r, const char *path,
					struct scn_options *opt, struct scn_errors *errors)
{
	opt->search_path = search_path;
	return scenario_load(path, r, opt, errors);
}

static inline char *errors_text(const struct scn_errors *errors)
{
	GString *s = g_string_new(NULL);

	for (guint i = 0; i < errors->lines->len; i++)
		g_string_append_printf(s, "%s\n", (char *)g_ptr_array_index(errors->lines, i));
	return g_string_free(s, FALSE);
}

/* Load, and fail the test with the messages if there are any. */
static inline struct scenario *load_good(const struct registry *r, const char *path,
					 struct scn_options *opt)
{
	struct scn_errors errors;
	struct scenario *s = load_opt(r, path, opt, &errors);
	char *text = errors_text(&errors);

	ck_assert_msg(s != NULL, "%s", text);
	ck_assert_uint_eq(errors.lines->len, 0);
	g_free(text);
	scn_errors_clear(&errors);
	return s;
}

static inline int run_tests(const char *name, TCase *tc)
{
	Suite *s = suite_create(name);

	if (chdir(SCENARIO_TESTS)) {
		perror(SCENARIO_TESTS);
		return 1;
	}
	tcase_set_timeout(tc, 240);
	suite_add_tcase(s, tc);
	return check_run(s, CK_ENV);
}

#endif
