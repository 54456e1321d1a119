/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Mutants of good files, always the same ones: either refused with a message or
 * accepted, never a crash or a leak.
 */
#include "tests/scenario/common.h"

#define MUTANTS 1000

static u64 next(u64 *state)
{
	*state = *state * 6364136223846793005ULL + 1442695040888963407ULL;
	return *state >> 33;
}

static const char *const bits[] = { "${",
				    "}",
				    "[",
				    "]",
				    "{",
				    ": ",
				    "\n",
				    "- ",
				    "&a ",
				    "*a",
				    "\"",
				    "-1",
				    "99999999999999999999",
				    "\t",
				    "\xff",
				    "~",
				    "exp(",
				    ",",
				    "${n}",
				    "<<",
				    "%",
				    "name",
				    "do: ",
				    "loop: ",
				    "a[]",
				    "!!x " };

static void mutate(GString *s, u64 *rng)
{
	u64 at = s->len ? next(rng) % s->len : 0, len = next(rng) % 12;

	switch (next(rng) % 5) {
	case 0:
		g_string_erase(s, at, MIN(len, s->len - at));
		break;
	case 1:
		g_string_insert(s, at, bits[next(rng) % ARRAY_SIZE(bits)]);
		break;
	case 2:
		if (s->len)
			s->str[at] = (char)(next(rng) % 256);
		break;
	case 3: {
		char *piece = g_strndup(s->str + at, MIN(4 * len, s->len - at));

		g_string_insert(s, next(rng) % (s->len + 1), piece);
		g_free(piece);
		break;
	}
	default:
		g_string_truncate(s, len ? s->len : at);
	}
}

/* Without the fsync of g_file_set_contents(): thousands of files are written. */
static void write_file(const char *path, const GString *s)
{
	FILE *f = fopen(path, "w");

	ck_assert(f && fwrite(s->str, 1, s->len, f) == s->len && !fclose(f));
}

static void fuzz(const struct registry *r, const char *seed_file, const char *path, u64 rng)
{
	char *good;
	gsize len;

	ck_assert(g_file_get_contents(seed_file, &good, &len, NULL));
	for (u32 i = 0; i < MUTANTS; i++) {
		GString *s = g_string_new_len(good, len);
		struct scn_options opt = { .quick = i & 1 };
		struct scn_errors errors;
		struct scenario *scn;

		for (u64 n = 1 + next(&rng) % 4; n; n--)
			mutate(s, &rng);
		write_file(path, s);
		scn = load_opt(r, path, &opt, &errors);
		ck_assert(!scn == !!errors.lines->len);
		scenario_free(scn);
		scn_errors_clear(&errors);
		g_string_free(s, TRUE);
	}
	g_free(good);
}

START_TEST(mutants)
{
	struct registry *r = fake_registry();
	char *path = g_build_filename(g_get_tmp_dir(), "mmsim-fuzz-XXXXXX", NULL);
	int fd = g_mkstemp(path);

	ck_assert_int_ge(fd, 0);
	close(fd);
	fuzz(r, "good/steps.yaml", path, 1);
	fuzz(r, "good/vmap-test-vmalloc.yaml", path, 2);
	fuzz(r, "good/everything.yaml", path, 4);
	fuzz(r, SCENARIOS "/machines/tr3970x.yaml", path, 3);
	unlink(path);
	g_free(path);
	registry_free(r);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("fuzz");

	tcase_add_test(tc, mutants);
	return run_tests("scenario_fuzz", tc);
}
