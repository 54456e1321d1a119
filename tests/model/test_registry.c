/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The registry refuses what would be ambiguous and finds what it holds;
 * suggestions are near enough to help and never far-fetched.
 */
#include <check.h>
#include <errno.h>
#include <string.h>

#include "sim/model/plugin.h"
#include "tests/core/check_main.h"

static const struct op_desc ops_a[] = { { .name = "take" }, { .name = "put" } };
static const struct op_desc ops_b[] = { { .name = "walk" } };
static const struct op_desc ops_clash[] = { { .name = "run" }, { .name = "put" } };
static const struct op_desc ops_twice[] = { { .name = "run" }, { .name = "run" } };

static const struct variant_desc old = { .name = "old-6.1" }, new = { .name = "new" };
static const struct variant_desc digit = { .name = "518-xarray" };
static const struct variant_desc *const variants[] = { &old, &new, NULL };
static const struct variant_desc *const digits[] = { &digit, NULL };
static const struct variant_desc *const doubled[] = { &new, &old, &new, NULL };

static const struct model_desc a = {
	.name = "a", .ops = ops_a, .nr_ops = 2, .variants = variants, .default_variant = "new"
};
static const struct model_desc b = { .name = "b", .ops = ops_b, .nr_ops = 1 };

static const struct kernel_base bases[] = { { "6.1", "a", "old-6.1" },
					    { "6.9", "a", "new" },
					    { "6.1", "b", "none" },
					    { NULL, NULL, NULL } };

static struct registry *filled(void)
{
	struct registry *r = registry_new();
	const char *what;

	ck_assert_ptr_nonnull(r);
	ck_assert_int_eq(registry_add(r, &a, &what), 0);
	ck_assert_int_eq(registry_add(r, &b, &what), 0);
	ck_assert_int_eq(registry_add_bases(r, bases), 0);
	return r;
}

START_TEST(finds)
{
	struct registry *r = filled();
	u32 model = 99;

	ck_assert_uint_eq(registry_nr_models(r), 2);
	ck_assert_ptr_eq(registry_model(r, 1), &b);
	ck_assert_ptr_null(registry_model(r, 2));
	ck_assert_ptr_eq(registry_find_model(r, "a"), &a);
	ck_assert_ptr_null(registry_find_model(r, "c"));
	ck_assert_int_eq(registry_model_index(r, "b"), 1);
	ck_assert_int_eq(registry_model_index(r, ""), -1);
	ck_assert_ptr_eq(registry_find_op(r, "walk", &model), &ops_b[0]);
	ck_assert_uint_eq(model, 1);
	ck_assert_ptr_eq(registry_find_op(r, "put", NULL), &ops_a[1]);
	ck_assert_ptr_null(registry_find_op(r, "putt", &model));
	ck_assert_ptr_eq(model_find_variant(&a, "old-6.1"), &old);
	ck_assert_ptr_null(model_find_variant(&a, "older"));
	ck_assert_ptr_null(model_find_variant(&b, "any"));
	registry_free(r);
}
END_TEST

START_TEST(knows_kernels)
{
	struct registry *r = filled();
	static const struct kernel_base more[] = { { "6.9", "a", "old-6.1" },
						   { NULL, NULL, NULL } };

	ck_assert_str_eq(registry_base_variant(r, "6.1", "a"), "old-6.1");
	ck_assert_str_eq(registry_base_variant(r, "6.9", "a"), "new");
	ck_assert_ptr_null(registry_base_variant(r, "6.9", "b"));
	ck_assert_ptr_null(registry_base_variant(r, "7.0", "a"));
	ck_assert_str_eq(registry_bases(r)[0], "6.1");
	ck_assert_str_eq(registry_bases(r)[1], "6.9");
	ck_assert_ptr_null(registry_bases(r)[2]);
	ck_assert_int_eq(registry_add_bases(r, more), 0);
	ck_assert_str_eq(registry_base_variant(r, "6.9", "a"), "old-6.1");
	ck_assert_ptr_null(registry_bases(r)[2]);
	registry_free(r);
}
END_TEST

/* @m cannot be added to a filled registry, because of @culprit. */
static void refused(const struct model_desc *m, int err, const char *culprit)
{
	struct registry *r = filled();
	const char *what = NULL;

	ck_assert_int_eq(registry_add(r, m, &what), err);
	ck_assert_str_eq(what, culprit);
	ck_assert_uint_eq(registry_nr_models(r), 2);
	registry_free(r);
}

START_TEST(refuses)
{
	const struct model_desc same = { .name = "a" };
	const struct model_desc clash = { .name = "c", .ops = ops_clash, .nr_ops = 2 };
	const struct model_desc twice = { .name = "c", .ops = ops_twice, .nr_ops = 2 };
	const struct model_desc starts = { .name = "c", .variants = digits };
	const struct model_desc two = { .name = "c", .variants = doubled };
	const struct model_desc lost = { .name = "c",
					 .variants = variants,
					 .default_variant = "gone" };

	refused(&same, -EEXIST, "a");
	refused(&clash, -EEXIST, "put");
	refused(&twice, -EEXIST, "run");
	refused(&starts, -EINVAL, "518-xarray");
	refused(&two, -EINVAL, "new");
	refused(&lost, -EINVAL, "gone");
}
END_TEST

START_TEST(empty)
{
	struct registry *r = registry_new();

	ck_assert_uint_eq(registry_nr_models(r), 0);
	ck_assert_ptr_null(registry_bases(r)[0]);
	ck_assert_ptr_null(registry_find_op(r, "x", NULL));
	registry_free(r);
	registry_free(NULL);
}
END_TEST

START_TEST(suggests)
{
	static const char *const names[] = { "threads", "variants", "vmalloc", "vfree",
					     "lock",	"do",	    NULL };
	static const char *const none[] = { NULL };

	ck_assert_str_eq(nearest_name("treads", names), "threads");
	ck_assert_str_eq(nearest_name("Threads", names), "threads");
	ck_assert_str_eq(nearest_name("vmaloc", names), "vmalloc");
	ck_assert_str_eq(nearest_name("vamlloc", names), "vmalloc");
	ck_assert_str_eq(nearest_name("variant", names), "variants");
	ck_assert_str_eq(nearest_name("lokc", names), "lock");
	ck_assert_ptr_null(nearest_name("completely", names));
	ck_assert_ptr_null(nearest_name("", names));
	ck_assert_ptr_null(nearest_name("x", names));
	ck_assert_ptr_null(nearest_name("lock", none));
}
END_TEST

/* At most a third of the length plus one: 9 letters may differ in 4. */
START_TEST(suggests_within_a_third)
{
	static const char *const names[] = { "abcdefghi", NULL };

	ck_assert_str_eq(nearest_name("abcdeWXYZ", names), "abcdefghi");
	ck_assert_ptr_null(nearest_name("abcdVWXYZ", names));
}
END_TEST

START_TEST(long_words)
{
	static const char *const names[] = { "short", NULL };
	char word[5000];

	memset(word, 'x', sizeof(word) - 1);
	word[sizeof(word) - 1] = '\0';
	ck_assert_ptr_null(nearest_name(word, names));
}
END_TEST

static const struct variant_desc mine = { .name = "mine", .about = "m", .ops = "" };
static const struct plugin_variant brings[] = { { "a", &mine }, { NULL, NULL } };
static const struct plugin_variant strays[] = { { "z", &mine }, { NULL, NULL } };
static const struct plugin_variant halves[] = { { "a", &new }, { NULL, NULL } };
static const struct model_desc half = { .name = "half", .about = "no functions" };
static const struct model_desc *const half_models[] = { &half, NULL };

START_TEST(plugin_brings)
{
	struct registry *r = filled();
	const struct mmsim_plugin p = { .abi = MMSIM_ABI, .name = "p", .variants = brings };
	const char *what;

	ck_assert_int_eq(registry_add_plugin(r, &p, &what), 0);
	ck_assert_ptr_eq(model_find_variant(registry_find_model(r, "a"), "mine"), &mine);
	ck_assert_ptr_eq(model_find_variant(registry_find_model(r, "a"), "old-6.1"), &old);
	ck_assert_ptr_eq(registry_find_op(r, "put", NULL), &ops_a[1]);
	ck_assert_str_eq(registry_find_model(r, "a")->default_variant, "new");
	/* The model's own table is as it was. */
	ck_assert_ptr_null(model_find_variant(&a, "mine"));
	ck_assert_int_eq(registry_add_variant(r, "a", &digit), -EINVAL);
	ck_assert_int_eq(registry_add_variant(r, "b", &new), 0);
	ck_assert_ptr_eq(model_find_variant(registry_model(r, 1), "new"), &new);
	registry_free(r);
}
END_TEST

START_TEST(plugin_refused)
{
	struct registry *r = filled();
	struct mmsim_plugin p = { .abi = MMSIM_ABI };
	const char *what;

	ck_assert_int_eq(registry_add_plugin(r, &p, &what), -EINVAL);
	p.name = "p";
	p.variants = strays;
	ck_assert_int_eq(registry_add_plugin(r, &p, &what), -ENOENT);
	ck_assert_str_eq(what, "z");
	p.variants = halves;
	ck_assert_int_eq(registry_add_plugin(r, &p, &what), -EINVAL);
	ck_assert_str_eq(what, "new");
	p.variants = NULL;
	p.models = half_models;
	ck_assert_int_eq(registry_add_plugin(r, &p, &what), -EINVAL);
	ck_assert_str_eq(what, "half");
	ck_assert_uint_eq(registry_nr_models(r), 2);
	p.models = NULL;
	p.variants = brings;
	ck_assert_int_eq(registry_add_plugin(r, &p, &what), 0);
	ck_assert_int_eq(registry_add_plugin(r, &p, &what), -EEXIST);
	ck_assert_str_eq(what, "mine");
	registry_free(r);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("model");
	TCase *tc = tcase_create("registry");

	tcase_add_test(tc, finds);
	tcase_add_test(tc, knows_kernels);
	tcase_add_test(tc, refuses);
	tcase_add_test(tc, empty);
	tcase_add_test(tc, plugin_brings);
	tcase_add_test(tc, plugin_refused);
	tcase_add_test(tc, suggests);
	tcase_add_test(tc, suggests_within_a_third);
	tcase_add_test(tc, long_words);
	suite_add_tcase(s, tc);
	return check_run(s, CK_ENV);
}
