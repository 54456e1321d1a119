/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random expressions against an oracle that computes while it writes them. Each
 * is one weight of a choice, so values are taken modulo 10^9.
 */
#include "tests/scenario/common.h"

#define SEEDS 40
#define PER_SEED 100
#define MODULUS 1000000000LL

struct gen {
	u64 state;
	GString *text;
};

static u64 next(struct gen *g)
{
	g->state = g->state * 6364136223846793005ULL + 1442695040888963407ULL;
	return g->state >> 33;
}

static s64 round_to(s64 a, s64 b)
{
	s64 rest = a % b;

	return rest ? a + b - (rest < 0 ? rest + b : rest) : a;
}

/* Writes a term in parentheses; the values stay small. */
static s64 term(struct gen *g, u32 depth)
{
	static const char *const ops[] = { " + ", "-", " * ", "/", " % ", " << ", ">>" };
	static const char *const calls[] = { "min(", "max(", "roundup(" };
	u64 pick = depth ? next(g) % 13 : 10;
	s64 a, b;

	if (pick >= 12) {
		g_string_append(g->text, "-(");
		a = -term(g, depth - 1);
		g_string_append(g->text, ")");
		return a;
	}
	if (pick == 11) {
		g_string_append(g->text, "fls(max(0, ");
		a = term(g, depth - 1);
		a = fls64(a < 0 ? 0 : a);
		g_string_append(g->text, "))");
		return a;
	}
	if (pick == 10) {
		a = next(g) % 1000;
		if (a % 3) {
			g_string_append_printf(g->text, "%lld", (long long)a);
			return a;
		}
		g_string_append(g->text, a % 2 ? "seven" : "cpus");
		return a % 2 ? 7 : 4;
	}
	g_string_append(g->text, pick < 7 ? "((" : calls[pick - 7]);
	a = term(g, depth - 1);
	g_string_append(g->text, pick < 7 ? ")" : ", ");
	if (pick < 7)
		g_string_append(g->text, ops[pick]);
	if (pick >= 3 && pick != 7 && pick != 8) {
		b = 1 + next(g) % (pick == 5 || pick == 6 ? 4 : 50);
		g_string_append_printf(g->text, "%lld)", (long long)b);
	} else {
		g_string_append(g->text, "(");
		b = term(g, depth > 1 ? depth - 2 : 0);
		g_string_append(g->text, "))");
	}
	switch (pick) {
	case 0:
		return a + b;
	case 1:
		return a - b;
	case 2:
		return a * b;
	case 3:
		return a / b;
	case 4:
		return a % b;
	case 5:
		return a * (1LL << b);
	case 6:
		return a >> b;
	case 7:
		return a < b ? a : b;
	case 8:
		return a > b ? a : b;
	default:
		return round_to(a, b);
	}
}

static void check_seed(const struct registry *r, u64 seed, const char *path)
{
	GString *file = g_string_new("scenario: e\nmachine: flat-4\nparams: {seven: 7}\n"
				     "threads:\n  - name: w\n    do:\n      - choose:\n");
	s64 want[PER_SEED], got, params[] = { 7 };
	struct expr_env env = { .params = params, .cpus = 4, .nodes = 1 };
	struct scn_options opt = { 0 };
	struct scenario *s;

	for (u32 i = 0; i < PER_SEED; i++) {
		struct gen g = { seed * 7919 + i, g_string_new(NULL) };
		s64 v = term(&g, 4) % MODULUS;

		want[i] = v < 0 ? -v : v;
		g_string_append_printf(file,
				       "          - {weight: \"${max(%s, -(%s)) %% %lld}\","
				       " do: [purge]}\n",
				       g.text->str, g.text->str, MODULUS);
		g_string_free(g.text, TRUE);
	}
	ck_assert(g_file_set_contents(path, file->str, -1, NULL));
	s = load_good(r, path, &opt);
	for (u32 i = 0; i < PER_SEED; i++) {
		ck_assert_ptr_null(expr_eval(s->groups[0].steps[0].weights[i], &env, &got));
		ck_assert_msg(got == want[i], "seed %llu, %u: %lld, not %lld",
			      (unsigned long long)seed, i, (long long)got, (long long)want[i]);
	}
	scenario_free(s);
	g_string_free(file, TRUE);
}

START_TEST(against_the_oracle)
{
	struct registry *r = fake_registry();
	char *path = g_strdup("/tmp/mmsim-expr-XXXXXX");
	int fd = g_mkstemp(path);

	ck_assert_int_ge(fd, 0);
	close(fd);
	for (u64 seed = 0; seed < SEEDS; seed++)
		check_seed(r, seed, path);
	unlink(path);
	g_free(path);
	registry_free(r);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("expr");

	tcase_add_test(tc, against_the_oracle);
	return run_tests("scenario_expr", tc);
}
