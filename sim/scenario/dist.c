/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Distributions: `exp(400ns)`, `{uniform: [0, 255]}`, `{empirical: file}`, or a
 * plain value. Constant think times get jitter, because frozen cycles make
 * results depend on the seed (DESIGN.md 3).
 */
#include "sim/scenario/expr.h"

#include <stdio.h>
#include <string.h>

#define MAX_SAMPLES 1000000

static const struct form {
	const char *name;
	enum dist_kind kind;
	u32 nr_args;
	const char *args[2];
} forms[] = {
	{ "exp", DIST_EXP, 1, { "mean of exp", NULL } },
	{ "uniform", DIST_UNIFORM, 2, { "low end of uniform", "high end of uniform" } },
	{ "normal", DIST_NORMAL, 2, { "mean of normal", "deviation of normal" } },
	{ "lognormal", DIST_LOGNORMAL, 2, { "mean of lognormal", "deviation of lognormal" } },
	{ "zipf", DIST_ZIPF, 2, { "n of zipf", "exponent of zipf" } },
	{ "constant", DIST_CONST, 1, { "constant", NULL } },
	{ "time", DIST_CONST, 1, { "time", NULL } },
};

static const char *const form_names[] = { "exp",    "uniform", "normal",   "lognormal",
					  "zipf",   "time",    "constant", "empirical",
					  "jitter", "unit",    NULL };

/* What the values of a distribution must be, while it is read. */
struct context {
	struct reader *rd;
	const struct group_build *g;
	const struct node *n;
	const char *what;
	bool is_time;
};

/* Name before '(' of a scalar like exp(400ns); NULL if it is none. */
static const struct form *form_of(const char *text)
{
	size_t len = strcspn(text, "(");

	if (!text[len])
		return NULL;
	while (len && text[len - 1] == ' ')
		len--;
	for (u32 i = 0; i < ARRAY_SIZE(forms); i++)
		if (strlen(forms[i].name) == len && !strncmp(forms[i].name, text, len))
			return &forms[i];
	return NULL;
}

/* A word with an argument list that is no ${...}. */
static bool looks_like_call(const char *text)
{
	const char *p = text;

	while (g_ascii_isalpha(*p))
		p++;
	return p > text && p[strspn(p, " ")] == '(';
}

bool dist_is_draw(const struct node *n)
{
	return n->kind == NODE_MAP || (n->kind == NODE_SCALAR && looks_like_call(n->text));
}

static struct want any_want(const struct context *c, const char *what, bool is_time)
{
	(void)c;
	return (struct want){ .type = is_time ? VT_TIME : VT_INT,
			      .min = is_time ? 0 : INT64_MIN,
			      .max = INT64_MAX,
			      .what = what };
}

/* One argument as a literal, ${...}, or a bare expression; the first sets the quantity. */
static struct expr *argument(const struct context *c, struct dist *d, const char *text,
			     const char *what, bool draws_time)
{
	struct want w = any_want(c, what, draws_time);
	enum quantity q;
	s64 v;

	if (!strstr(text, "${") && number_parse(text, &v, &q)) {
		mistake(c->rd, d->pos, "%s must be a number like %s or ${...}, not '%.40s'", what,
			draws_time ? "400ns" : "10", text);
		return NULL;
	}
	return value_read_text(c->rd, d->pos, text, &w, c->g);
}

/* A draw of let may be in plain numbers or in times; its first argument says. */
static bool first_is_time(const struct context *c, const char *text)
{
	enum quantity q = Q_INT;
	s64 v;

	if (c->is_time)
		return true;
	if (!strstr(text, "${"))
		return !number_parse(text, &v, &q) && q == Q_TIME;
	return strstr(text, "ns") || strstr(text, "us") || strstr(text, "ms");
}

static bool zipf_exponent(const struct context *c, struct dist *d, const char *text)
{
	char *end;
	double s = g_ascii_strtod(text, &end);

	if (end != text && !*end && s >= 0 && s <= 100) {
		d->zipf_s = s;
		return true;
	}
	mistake(c->rd, d->pos, "exponent of zipf must be a number from 0 to 100, not '%.40s'",
		text);
	return false;
}

/* Order and signs of arguments that are known already. */
static bool arguments_ok(const struct context *c, const struct dist *d)
{
	s64 a, b;

	if (d->kind != DIST_UNIFORM && d->kind != DIST_ZIPF && d->kind != DIST_LOGNORMAL)
		return true;
	if (!d->a || !expr_is_const(d->a) || expr_eval(d->a, &c->rd->env, &a))
		return true;
	if (d->kind == DIST_ZIPF || d->kind == DIST_LOGNORMAL) {
		if (a >= 1)
			return true;
		mistake(c->rd, d->pos, "%s must be at least 1",
			d->kind == DIST_ZIPF ? "n of zipf" : "mean of lognormal");
		return false;
	}
	if (!d->b || !expr_is_const(d->b) || expr_eval(d->b, &c->rd->env, &b) || a <= b)
		return true;
	mistake(c->rd, d->pos, "low end of uniform is above its high end");
	return false;
}

static struct dist *dist_new(const struct context *c, struct srcpos pos)
{
	struct dist *d = arena_alloc(c->rd->a, sizeof(*d));

	d->is_time = c->is_time;
	d->pos = pos;
	return d;
}

static struct dist *from_args(const struct context *c, const struct form *f, struct srcpos pos,
			      char **args, u32 nr)
{
	struct dist *d = dist_new(c, pos);
	bool time;

	if (nr != f->nr_args) {
		mistake(c->rd, pos, "%s takes %u value%s, not %u", f->name, f->nr_args,
			f->nr_args == 1 ? "" : "s", nr);
		return NULL;
	}
	if (f->kind == DIST_ZIPF && c->is_time) {
		mistake(c->rd, pos, "zipf draws ranks, not times; it cannot be %s", c->what);
		return NULL;
	}
	d->kind = f->kind;
	time = f->kind != DIST_ZIPF && first_is_time(c, args[0]);
	d->is_time = time;
	d->a = argument(c, d, args[0], f->args[0], time);
	if (f->kind == DIST_ZIPF) {
		if (!zipf_exponent(c, d, args[1]))
			return NULL;
	} else if (f->nr_args == 2) {
		d->b = argument(c, d, args[1], f->args[1], time);
		if (!d->b)
			return NULL;
	}
	return d->a && arguments_ok(c, d) ? d : NULL;
}

/* Split at commas outside parentheses and braces. */
static GPtrArray *split(const char *text, size_t len)
{
	GPtrArray *parts = g_ptr_array_new_with_free_func(g_free);
	const char *start = text, *end = text + len;
	int depth = 0;

	for (const char *p = text; p <= end; p++) {
		if (p < end && (*p == '(' || *p == '{'))
			depth++;
		if (p < end && (*p == ')' || *p == '}'))
			depth--;
		if (p < end && (*p != ',' || depth))
			continue;
		g_ptr_array_add(parts, g_strstrip(g_strndup(start, (gsize)(p - start))));
		start = p + 1;
	}
	return parts;
}

static struct dist *from_call(const struct context *c)
{
	const char *text = c->n->text, *open = strchr(text, '(');
	const struct form *f = form_of(text);
	size_t len = strlen(text);
	GPtrArray *args;
	struct dist *d;

	if (!f) {
		mistake_unknown(c->rd, c->n->pos, "distribution",
				arena_printf(c->rd->a, "%.*s", (int)(open - text), text),
				(const char *const[]){ "exp", "uniform", "normal", "lognormal",
						       "zipf", "time", NULL });
		return NULL;
	}
	if (text[len - 1] != ')') {
		mistake(c->rd, c->n->pos, "')' is missing at the end of '%.60s'", text);
		return NULL;
	}
	args = split(open + 1, len - 1 - (size_t)(open + 1 - text));
	d = from_args(c, f, c->n->pos, (char **)args->pdata, args->len);
	g_ptr_array_free(args, TRUE);
	return d;
}

/* ---- empirical ------------------------------------------------------------ */

static int by_value(const void *pa, const void *pb)
{
	s64 a = *(const s64 *)pa, b = *(const s64 *)pb;

	return a < b ? -1 : a > b;
}

/* A number without unit becomes a time in @unit. */
static const char *in_unit(s64 *v, enum quantity *q, s64 unit)
{
	s64 scale = *q == Q_DECIMAL ? 1000 : 1;

	*q = Q_TIME;
	if (__builtin_mul_overflow(*v, unit, v))
		return "the number is too large";
	if (*v % scale)
		return "the number is finer than 1 ps";
	*v /= scale;
	return NULL;
}

/* One sample; plain numbers take @unit (0: there is none). */
static bool sample(const struct context *c, struct srcpos pos, const char *text, s64 unit,
		   GArray *out)
{
	enum quantity q;
	s64 v;
	const char *why = number_parse(text, &v, &q);

	if (!why && c->is_time && unit && (q == Q_INT || q == Q_DECIMAL))
		why = in_unit(&v, &q, unit);
	if (!why && q != (c->is_time ? Q_TIME : Q_INT))
		why = c->is_time ? "a time with unit is needed, or `unit: ns` beside the file" :
				   "a whole number is needed";
	if (!why && c->is_time && v < 0)
		why = "a time cannot be negative";
	if (!why && out->len == MAX_SAMPLES)
		why = "more than 1,000,000 samples";
	if (why) {
		mistake(c->rd, pos, "'%.40s' is no sample: %s", text, why);
		return false;
	}
	g_array_append_val(out, v);
	return true;
}

static bool samples_from_file(const struct context *c, const struct node *n, s64 unit, GArray *out)
{
	const char *path, *name = expect_text(c->rd, n, "empirical");
	char *text, *line, *next;
	struct srcpos pos = { .line = 0, .col = 1 };
	bool ok = true;
	size_t len;

	if (!name)
		return false;
	path = file_find(c->rd, name, n->pos.file, NULL);
	if (!path) {
		mistake(c->rd, n->pos, "no file '%.80s' beside this one or in the scenario folders",
			name);
		return false;
	}
	text = file_read(c->rd, path, n->pos, &len);
	if (!text)
		return false;
	pos.file = path;
	for (line = text; line && ok; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		pos.line++;
		g_strstrip(line);
		if (*line && *line != '#')
			ok = sample(c, pos, line, unit, out);
	}
	g_free(text);
	return ok;
}

static struct dist *from_empirical(const struct context *c, const struct node *n,
				   const struct node *unit_node)
{
	GArray *samples = g_array_new(FALSE, FALSE, sizeof(s64));
	struct dist *d = dist_new(c, n->pos);
	s64 unit = 0, one;
	enum quantity q;
	bool ok = true;

	if (unit_node) {
		const char *name = expect_text(c->rd, unit_node, "unit");

		ok = name && !number_parse(arena_printf(c->rd->a, "1%.8s", name), &one, &q) &&
		     q == Q_TIME;
		unit = ok ? one : 0;
		if (name && !ok)
			mistake(c->rd, unit_node->pos,
				"unit must be ps, ns, us, ms or s, not '%.40s'", name);
	}
	if (n->kind == NODE_LIST)
		for (u32 i = 0; ok && i < n->nr; i++) {
			const char *text = expect_text(c->rd, n->items[i], "a sample");

			ok = text && sample(c, n->items[i]->pos, text, unit, samples);
		}
	else
		ok = ok && samples_from_file(c, n, unit, samples);
	if (ok && !samples->len) {
		mistake(c->rd, n->pos, "no samples");
		ok = false;
	}
	if (ok) {
		qsort(samples->data, samples->len, sizeof(s64), by_value);
		d->kind = DIST_EMPIRICAL;
		d->nr_samples = samples->len;
		d->samples = arena_copy(c->rd->a, samples->data, samples->len * sizeof(s64));
	}
	g_array_free(samples, TRUE);
	return ok ? d : NULL;
}

/* ---- maps ------------------------------------------------------------------ */

static bool read_jitter(struct reader *rd, const struct node *n, u32 *permille)
{
	const char *text = expect_text(rd, n, "jitter");
	const char *why;
	enum quantity q;
	s64 v;

	if (!text)
		return false;
	why = number_parse(text, &v, &q);
	if (!why && q == Q_INT && v == 0)
		q = Q_PERCENT;
	if (why || (q != Q_PERCENT && q != Q_DECIMAL) || v < 0 || v > 1000) {
		mistake(rd, n->pos, "jitter must be 0%% to 100%%, not '%.40s'", text);
		return false;
	}
	*permille = (u32)v;
	return true;
}

static struct dist *from_form_node(const struct context *c, const struct form *f,
				   const struct node *n)
{
	char *args[2];

	if (n->kind == NODE_SCALAR) {
		args[0] = (char *)n->text;
		return from_args(c, f, n->pos, args, 1);
	}
	if (n->kind == NODE_LIST && n->nr == f->nr_args) {
		for (u32 i = 0; i < n->nr; i++) {
			args[i] = (char *)expect_text(c->rd, n->items[i], f->args[i]);
			if (!args[i])
				return NULL;
		}
		return from_args(c, f, n->pos, args, n->nr);
	}
	mistake(c->rd, n->pos, "%s takes %u value%s, as a list", f->name, f->nr_args,
		f->nr_args == 1 ? "" : "s");
	return NULL;
}

static struct dist *from_map(const struct context *c)
{
	const struct node *jitter = node_get(c->n, "jitter"), *unit = node_get(c->n, "unit"),
			  *value = NULL, *key = NULL;
	const struct form *f = NULL;
	struct dist *d;
	u32 permille = 0;

	for (u32 i = 0; i < c->n->nr; i++) {
		const struct node *k = node_key(c->n, i);

		if (choice_find(form_names, k->text) < 0) {
			mistake_unknown(c->rd, k->pos, "distribution", k->text, form_names);
			return NULL;
		}
		if (!strcmp(k->text, "jitter") || !strcmp(k->text, "unit"))
			continue;
		if (key) {
			mistake(c->rd, k->pos, "two distributions, '%s' and '%s'", key->text,
				k->text);
			return NULL;
		}
		key = k;
		value = node_value(c->n, i);
	}
	if (!key) {
		mistake(c->rd, c->n->pos,
			"no distribution in %s; allowed: exp, uniform, normal, "
			"lognormal, zipf, time, empirical",
			c->what);
		return NULL;
	}
	for (u32 i = 0; i < ARRAY_SIZE(forms); i++)
		if (!strcmp(forms[i].name, key->text))
			f = &forms[i];
	d = f ? from_form_node(c, f, value) : from_empirical(c, value, unit);
	if (unit && f)
		mistake(c->rd, unit->pos, "unit belongs to empirical only");
	if (jitter && !c->is_time)
		mistake(c->rd, jitter->pos, "jitter belongs to times only");
	else if (d && d->kind == DIST_CONST && c->g)
		d->jitter_permille = (u32)c->g->jitter;
	if (d && jitter && c->is_time && read_jitter(c->rd, jitter, &permille))
		d->jitter_permille = permille;
	return d;
}

struct dist *dist_read(struct reader *rd, const struct node *n, bool is_time, const char *what,
		       const struct group_build *g)
{
	struct context c = { rd, g, n, what, is_time };
	struct want w = any_want(&c, what, is_time);
	struct dist *d;

	if (n->kind == NODE_MAP)
		return from_map(&c);
	if (n->kind == NODE_SCALAR && looks_like_call(n->text)) {
		d = from_call(&c);
		if (d && d->kind == DIST_CONST && is_time && g)
			d->jitter_permille = (u32)g->jitter;
		return d;
	}
	d = dist_new(&c, n->pos);
	d->kind = DIST_CONST;
	d->a = value_read(rd, n, &w, g);
	if (is_time && g)
		d->jitter_permille = (u32)g->jitter;
	return d->a ? d : NULL;
}

enum quantity dist_quantity(const struct dist *d)
{
	if (d->is_time)
		return Q_TIME;
	return d->a ? expr_quantity(d->a) : Q_INT;
}

static void print_samples(GString *out, const struct dist *d)
{
	g_string_append(out, "empirical: [");
	for (u32 i = 0; i < d->nr_samples; i++) {
		g_string_append(out, i ? ", " : "");
		number_print(out, d->samples[i], d->is_time ? Q_TIME : Q_INT);
	}
	g_string_append(out, "]");
}

void dist_print(GString *out, const struct dist *d)
{
	const struct form *f = NULL;
	char number[G_ASCII_DTOSTR_BUF_SIZE];

	g_string_append(out, "{");
	for (u32 i = 0; i < ARRAY_SIZE(forms); i++)
		if (forms[i].kind == d->kind)
			f = &forms[i];
	if (!f) {
		print_samples(out, d);
	} else {
		g_string_append_printf(out, "%s: ", f->name);
		g_string_append(out, f->nr_args == 2 ? "[" : "");
		expr_print(out, d->a);
		if (d->kind == DIST_ZIPF)
			g_string_append_printf(out, ", %s",
					       g_ascii_dtostr(number, sizeof(number), d->zipf_s));
		if (d->b) {
			g_string_append(out, ", ");
			expr_print(out, d->b);
		}
		g_string_append(out, f->nr_args == 2 ? "]" : "");
	}
	if (d->is_time && (d->kind == DIST_CONST || d->jitter_permille)) {
		g_string_append(out, ", jitter: ");
		number_print(out, d->jitter_permille, Q_PERCENT);
	}
	g_string_append(out, "}");
}
