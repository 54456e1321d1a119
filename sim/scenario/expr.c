/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Compiler for what stands between ${ and }: recursive descent straight to a
 * stack program. Numbers carry quantities (plain, time, size), so adding pages
 * to nanoseconds is found here.
 *
 *	shift := sum {(<< | >>) sum}
 *	sum   := term {(+ | -) term}
 *	term  := unary {(* | / | %) unary}
 *	unary := - unary | number [unit] | name | name(shift, ...) | (shift)
 */
#include "sim/scenario/expr.h"

#include <string.h>

#define MAX_NESTING 32
#define MAX_OPS 1024

struct compiler {
	struct reader *rd;
	const struct group_build *g;
	struct srcpos start;
	const char *text, *p;
	struct expr_op ops[MAX_OPS];
	u32 nr_ops, depth, nesting;
	bool uses_vars, failed;
};

static const struct function {
	const char *name;
	enum expr_code code;
	u32 nr_args;
} functions[] = {
	{ "min", EX_MIN, 2 },
	{ "max", EX_MAX, 2 },
	{ "roundup", EX_ROUNDUP, 2 },
	{ "fls", EX_FLS, 1 },
};

static enum quantity parse_shift(struct compiler *c);

static struct srcpos here(const struct compiler *c, const char *p)
{
	struct srcpos pos = c->start;

	pos.col += (u32)(p - c->text);
	return pos;
}

static void __attribute__((format(printf, 3, 4)))
fail(struct compiler *c, const char *at, const char *fmt, ...)
{
	va_list args;
	char *text;

	if (c->failed)
		return;
	c->failed = true;
	va_start(args, fmt);
	text = g_strdup_vprintf(fmt, args);
	va_end(args);
	mistake(c->rd, here(c, at), "in ${%.60s}: %s", c->text, text);
	g_free(text);
}

static void skip_blanks(struct compiler *c)
{
	while (g_ascii_isspace(*c->p))
		c->p++;
}

static bool take(struct compiler *c, const char *token)
{
	skip_blanks(c);
	if (strncmp(c->p, token, strlen(token)))
		return false;
	c->p += strlen(token);
	return true;
}

/* Append an operation that changes the stack by @grow. */
static void emit(struct compiler *c, enum expr_code code, s64 v, int grow)
{
	if (c->failed)
		return;
	if (c->nr_ops == MAX_OPS || (grow > 0 && c->depth == EXPR_STACK)) {
		fail(c, c->p, "the expression is too long");
		return;
	}
	c->depth = (u32)((int)c->depth + grow);
	c->ops[c->nr_ops++] = (struct expr_op){ code, v };
}

static const char *quantity_name(enum quantity q)
{
	return q == Q_TIME ? "a time" : q == Q_SIZE ? "a size" : "a plain number";
}

/* Quantity of a sum of @a and @b. Sizes mix with plain numbers (bytes). */
static enum quantity same_quantity(struct compiler *c, const char *at, const char *op,
				   enum quantity a, enum quantity b)
{
	if (a == b)
		return a;
	if (a == Q_TIME || b == Q_TIME)
		fail(c, at, "'%s' of %s and %s", op, quantity_name(a), quantity_name(b));
	return Q_SIZE;
}

static enum quantity product_quantity(struct compiler *c, const char *at, enum quantity a,
				      enum quantity b)
{
	if (a != Q_INT && b != Q_INT) {
		fail(c, at, "'*' of %s and %s", quantity_name(a), quantity_name(b));
		return Q_INT;
	}
	return a == Q_INT ? b : a;
}

static enum quantity quotient_quantity(struct compiler *c, const char *at, enum quantity a,
				       enum quantity b)
{
	if (b == Q_INT)
		return a;
	if (a == Q_TIME ? b != Q_TIME : b == Q_TIME)
		fail(c, at, "'/' of %s and %s", quantity_name(a), quantity_name(b));
	return Q_INT;
}

static enum quantity parse_call(struct compiler *c, const struct function *f, const char *at)
{
	enum quantity q = parse_shift(c), second;

	if (f->nr_args == 2) {
		if (!take(c, ","))
			fail(c, c->p, "'%s' takes two values, as in %s(1, 2)", f->name, f->name);
		second = parse_shift(c);
		q = same_quantity(c, at, f->name, q, second);
	}
	if (!take(c, ")"))
		fail(c, c->p, "')' is missing after what '%s' takes", f->name);
	emit(c, f->code, 0, 1 - (int)f->nr_args);
	return f->code == EX_FLS ? Q_INT : q;
}

/* Report a name that means nothing here, offering those that do. */
static void unknown_name(struct compiler *c, const char *at, const char *name)
{
	GPtrArray *names = g_ptr_array_new();

	for (u32 i = 0; c->g && i < c->g->vars->len; i++)
		g_ptr_array_add(names, (void *)g_array_index(c->g->vars, struct var, i).name);
	for (u32 i = 0; i < c->rd->s->nr_params; i++)
		g_ptr_array_add(names, (void *)c->rd->s->params[i].name);
	g_ptr_array_add(names, (void *)"cpus");
	g_ptr_array_add(names, (void *)"nodes");
	g_ptr_array_add(names, NULL);
	if (!c->failed)
		mistake_unknown(
			c->rd, here(c, at),
			c->g ? "parameter or variable (a variable is known after its `let`)" :
			       "parameter",
			name, (const char *const *)names->pdata);
	c->failed = true;
	g_ptr_array_free(names, TRUE);
}

static enum quantity var_value(struct compiler *c, const char *at, s32 i)
{
	const struct var *v = &g_array_index(c->g->vars, struct var, i);

	if (v->kind == VAR_HANDLE)
		fail(c, at, "'%s' holds what an operation returned, it is no number", v->name);
	c->uses_vars = true;
	emit(c, EX_VAR, i, 1);
	return v->kind == VAR_TIME ? Q_TIME : v->kind == VAR_SIZE ? Q_SIZE : Q_INT;
}

static enum quantity function_or_fail(struct compiler *c, const char *at, const char *name)
{
	for (u32 k = 0; k < ARRAY_SIZE(functions); k++)
		if (!strcmp(functions[k].name, name))
			return parse_call(c, &functions[k], at);
	fail(c, at, "no function '%s'; there are min, max, roundup, fls", name);
	return Q_INT;
}

static enum quantity named_value(struct compiler *c, const char *at, const char *name)
{
	s32 i = c->g ? var_find(c->g, name) : -1;

	if (i >= 0)
		return var_value(c, at, i);
	if (c->g && bag_find(c->g, name) >= 0) {
		fail(c, at, "'%s' is a bag, it is no number", name);
		return Q_INT;
	}
	i = param_find(c->rd, name);
	if (i >= 0) {
		emit(c, EX_PARAM, i, 1);
		return quantity_of(c->rd->s->params[i].unit);
	}
	if (!strcmp(name, "cpus"))
		emit(c, EX_CPUS, 0, 1);
	else if (!strcmp(name, "nodes"))
		emit(c, EX_NODES, 0, 1);
	else
		unknown_name(c, at, name);
	return Q_INT;
}

static enum quantity parse_name(struct compiler *c)
{
	const char *at = c->p;
	char name[65];
	size_t len;

	while (g_ascii_isalnum(*c->p) || *c->p == '_')
		c->p++;
	len = (size_t)(c->p - at);
	if (len >= sizeof(name)) {
		fail(c, at, "a name is longer than 64 characters");
		return Q_INT;
	}
	memcpy(name, at, len);
	name[len] = '\0';
	if (take(c, "("))
		return function_or_fail(c, at, name);
	return named_value(c, at, name);
}

static enum quantity parse_number(struct compiler *c)
{
	const char *at = c->p, *end, *digits_end, *why;
	enum quantity q;
	s64 v = 0;

	/* '%' is an operator here: look no further than digits if it comes next. */
	for (end = at; g_ascii_isdigit(*end); end++)
		;
	for (digits_end = end; *end == ' '; end++)
		;
	if (*end == '%') {
		char *digits = g_strndup(at, (gsize)(digits_end - at));

		why = number_parse(digits, &v, &q);
		g_free(digits);
		end = digits_end;
	} else {
		why = number_scan(at, &end, &v, &q);
	}
	if (!why && q == Q_DECIMAL)
		why = "a fraction without unit; expressions are in whole numbers";
	if (why) {
		fail(c, at, "%s", why);
		return Q_INT;
	}
	c->p = end;
	emit(c, EX_CONST, v, 1);
	return q;
}

static enum quantity parse_unary(struct compiler *c)
{
	enum quantity q = Q_INT;

	skip_blanks(c);
	if (c->failed)
		return q;
	if (++c->nesting > MAX_NESTING) {
		fail(c, c->p, "nested too deeply");
		return q;
	}
	if (take(c, "-")) {
		q = parse_unary(c);
		emit(c, EX_NEG, 0, 0);
	} else if (take(c, "(")) {
		q = parse_shift(c);
		if (!take(c, ")"))
			fail(c, c->p, "')' is missing");
	} else if (g_ascii_isdigit(*c->p)) {
		q = parse_number(c);
	} else if (g_ascii_isalpha(*c->p) || *c->p == '_') {
		q = parse_name(c);
	} else if (*c->p) {
		fail(c, c->p, "a value is missing before '%.20s'", c->p);
	} else {
		fail(c, c->p, "a value is missing at the end");
	}
	c->nesting--;
	return q;
}

static enum quantity parse_term(struct compiler *c)
{
	enum quantity q = parse_unary(c), right;

	while (!c->failed) {
		const char *at = (skip_blanks(c), c->p);

		if (take(c, "*")) {
			right = parse_unary(c);
			q = product_quantity(c, at, q, right);
			emit(c, EX_MUL, 0, -1);
		} else if (take(c, "/")) {
			right = parse_unary(c);
			q = quotient_quantity(c, at, q, right);
			emit(c, EX_DIV, 0, -1);
		} else if (take(c, "%")) {
			right = parse_unary(c);
			q = same_quantity(c, at, "%", q, right);
			emit(c, EX_MOD, 0, -1);
		} else {
			break;
		}
	}
	return q;
}

static enum quantity parse_sum(struct compiler *c)
{
	enum quantity q = parse_term(c), right;

	while (!c->failed) {
		const char *at = (skip_blanks(c), c->p);
		bool minus;

		if (*at != '+' && *at != '-')
			break;
		minus = *c->p++ == '-';
		right = parse_term(c);
		q = same_quantity(c, at, minus ? "-" : "+", q, right);
		emit(c, minus ? EX_SUB : EX_ADD, 0, -1);
	}
	return q;
}

static enum quantity parse_shift(struct compiler *c)
{
	enum quantity q = parse_sum(c);

	while (!c->failed) {
		const char *at = (skip_blanks(c), c->p);
		bool left = take(c, "<<");

		if (!left && !take(c, ">>"))
			break;
		if (parse_sum(c) != Q_INT)
			fail(c, at, "a shift by something that is no plain number");
		emit(c, left ? EX_SHL : EX_SHR, 0, -1);
	}
	return q;
}

struct expr *expr_compile(struct reader *rd, struct srcpos pos, const char *text,
			  const struct group_build *g)
{
	struct compiler *c = g_new0(struct compiler, 1);
	struct expr *e = NULL;
	enum quantity q;

	c->rd = rd;
	c->g = g;
	c->start = pos;
	c->text = c->p = text;
	q = parse_shift(c);
	skip_blanks(c);
	if (!c->failed && *c->p)
		fail(c, c->p, "'%.20s' is not understood here", c->p);
	if (!c->failed) {
		e = arena_alloc(rd->a, sizeof(*e));
		e->pos = pos;
		e->text = text;
		e->q = q;
		e->uses_vars = c->uses_vars;
		e->nr_ops = c->nr_ops;
		e->ops = arena_copy(rd->a, c->ops, c->nr_ops * sizeof(*c->ops));
	}
	g_free(c);
	return e;
}

struct expr *expr_constant(struct reader *rd, struct srcpos pos, s64 v, enum quantity q)
{
	struct expr_op op = { EX_CONST, v };
	struct expr *e = arena_alloc(rd->a, sizeof(*e));

	e->pos = pos;
	e->q = q;
	e->nr_ops = 1;
	e->ops = arena_copy(rd->a, &op, sizeof(op));
	return e;
}
