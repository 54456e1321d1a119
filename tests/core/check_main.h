/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How Check programs end: check_run() with a suite that the program has put together, or
 * the main() of one of one case, CHECK_MAIN("name", test_a, test_b).
 */
#ifndef MMSIM_TESTS_CHECK_MAIN_H
#define MMSIM_TESTS_CHECK_MAIN_H

#include <check.h>
#include <stdlib.h>

/* Run @suite, each test in a process of its own unless CK_FORK=no; the exit status. */
static inline int check_run(Suite *suite, enum print_output output)
{
	SRunner *runner = srunner_create(suite);
	int failed;

	srunner_run_all(runner, output);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#define CHECK_MAIN(name, ...)                                          \
	int main(void)                                                 \
	{                                                              \
		const TTest *const tests[] = { __VA_ARGS__ };          \
		Suite *suite = suite_create(name);                     \
		TCase *tc = tcase_create(name);                        \
		SRunner *runner = srunner_create(suite);               \
		size_t i;                                              \
		int failed;                                            \
                                                                       \
		for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) \
			tcase_add_test(tc, tests[i]);                  \
		tcase_set_timeout(tc, 240);                            \
		suite_add_tcase(suite, tc);                            \
		srunner_set_fork_status(runner, CK_NOFORK);            \
		srunner_run_all(runner, CK_NORMAL);                    \
		failed = srunner_ntests_failed(runner);                \
		srunner_free(runner);                                  \
		return failed ? EXIT_FAILURE : EXIT_SUCCESS;           \
	}

#endif
