/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every bad/NNN-name.yaml is refused with the messages of NNN-name.err.
 * UPDATE_GOLDEN=1 writes them.
 */
#include "tests/scenario/common.h"

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* One file; adds to @bad what is wrong with it. */
static void check_file(const struct registry *r, const char *name, GString *bad)
{
	char *path = g_build_filename("bad", name, NULL);
	char *golden = g_strdup_printf("%.*s.err", (int)strlen(path) - 5, path);
	struct scn_options opt = { 0 };
	struct scn_errors errors;
	struct scenario *s = load_opt(r, path, &opt, &errors);
	char *text = errors_text(&errors), *want = NULL;

	if (s || !*text)
		g_string_append_printf(bad, "%s was accepted\n", path);
	scenario_free(s);
	if (getenv("UPDATE_GOLDEN"))
		ck_assert(g_file_set_contents(golden, text, -1, NULL));
	if (!g_file_get_contents(golden, &want, NULL, NULL))
		g_string_append_printf(bad, "no %s\n", golden);
	else if (strcmp(text, want))
		g_string_append_printf(bad, "%s\n--- want\n%s--- got\n%s", path, want, text);
	g_free(want);
	g_free(text);
	scn_errors_clear(&errors);
	g_free(golden);
	g_free(path);
}

START_TEST(every_bad_file)
{
	struct registry *r = fake_registry();
	GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
	GString *bad = g_string_new(NULL);
	GDir *dir = g_dir_open("bad", 0, NULL);
	const char *name;

	ck_assert(dir != NULL);
	while ((name = g_dir_read_name(dir)))
		if (g_str_has_suffix(name, ".yaml"))
			g_ptr_array_add(names, g_strdup(name));
	g_dir_close(dir);
	ck_assert_uint_ge(names->len, 60);
	qsort(names->pdata, names->len, sizeof(void *), by_name);
	for (guint i = 0; i < names->len; i++)
		check_file(r, g_ptr_array_index(names, i), bad);
	ck_assert_msg(!bad->len, "%s", bad->str);
	g_string_free(bad, TRUE);
	g_ptr_array_free(names, TRUE);
	registry_free(r);
}
END_TEST

START_TEST(no_files)
{
	static const char *const paths[] = { "nowhere.yaml", ".", "/dev/zero", "/dev/null" };
	struct registry *r = fake_registry();

	for (u32 i = 0; i < ARRAY_SIZE(paths); i++) {
		struct scn_options opt = { 0 };
		struct scn_errors errors;

		ck_assert(!load_opt(r, paths[i], &opt, &errors));
		ck_assert_uint_ge(errors.lines->len, 1);
		scn_errors_clear(&errors);
	}
	registry_free(r);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("bad");

	tcase_add_test(tc, every_bad_file);
	tcase_add_test(tc, no_files);
	return run_tests("scenario_bad", tc);
}
