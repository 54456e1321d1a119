/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Values where something is wanted: a literal with the right unit, a word of a
 * list, or an expression. What can be known before a run is checked here, with
 * the defaults of the parameters and each value a sweep gives them.
 */
#include "sim/scenario/expr.h"

#include <string.h>

#define MAX_TRIED 1000 /* values of a sweep; a run checks the rest */

enum quantity quantity_of(enum value_type type)
{
	return type == VT_TIME ? Q_TIME : type == VT_SIZE ? Q_SIZE : Q_INT;
}

static const char *wanted_name(const struct want *w)
{
	switch (w->type) {
	case VT_TIME:
		return "a time like 400ns (units: ps, ns, us, ms, s)";
	case VT_SIZE:
		return "a size like 64KiB (units: B, KiB, MiB, GiB, TiB)";
	case VT_BOOL:
		return "true or false";
	default:
		return "a whole number";
	}
}

static const char *range_text(struct reader *rd, const struct want *w)
{
	GString *s = g_string_new(NULL);
	enum quantity q = quantity_of(w->type);
	const char *text;

	if (w->max == INT64_MAX) {
		g_string_append(s, "at least ");
		number_print(s, w->min, q);
	} else if (w->min == INT64_MIN) {
		g_string_append(s, "at most ");
		number_print(s, w->max, q);
	} else {
		number_print(s, w->min, q);
		g_string_append(s, " to ");
		number_print(s, w->max, q);
	}
	text = arena_intern(rd->a, s->str);
	g_string_free(s, TRUE);
	return text;
}

/* True if @v is within what @w allows. */
static bool range_ok(struct reader *rd, struct srcpos pos, const struct want *w, s64 v,
		     const char *where)
{
	GString *s;
	s64 max = w->max;

	if (w->type == VT_BOOL)
		max = 1;
	if (w->type == VT_ENUM)
		for (max = -1; w->choices[max + 1]; max++)
			;
	if (v <= max && v >= (w->type == VT_BOOL || w->type == VT_ENUM ? 0 : w->min))
		return true;
	s = g_string_new(NULL);
	number_print(s, v, quantity_of(w->type));
	if (w->type == VT_BOOL || w->type == VT_ENUM)
		mistake(rd, pos, "%s must be 0 to %lld as a number, not %s%s", w->what,
			(long long)max, s->str, where);
	else
		mistake(rd, pos, "%s must be %s, not %s%s", w->what, range_text(rd, w), s->str,
			where);
	g_string_free(s, TRUE);
	return false;
}

/* Value of @e in one setting of the parameters; false after a mistake. */
static bool check_once(struct reader *rd, const struct expr *e, const struct want *w,
		       const struct scn_param *swept)
{
	const char *why, *where = "";
	s64 v, at;

	why = expr_eval(e, &rd->env, &v);
	if (!why && w->type != VT_BOOL && w->type != VT_ENUM && v >= w->min && v <= w->max)
		return true;
	if (swept) {
		at = rd->base_params[swept - rd->s->params];
		where = arena_printf(rd->a, " (at %s = %lld)", swept->name, (long long)at);
	}
	if (!why)
		return range_ok(rd, e->pos, w, v, where);
	mistake(rd, e->pos, "in ${%.60s}: %s%s", e->text, why, where);
	return false;
}

/* The same for the values of one sweep. */
static bool check_swept(struct reader *rd, const struct expr *e, const struct want *w,
			const struct scn_sweep *sw)
{
	s64 *param = &rd->base_params[sw->param], old = *param;
	bool ok = true;

	for (u32 k = 0; ok && k < sw->nr_values && k < MAX_TRIED; k++) {
		if (!expr_eval(sw->values[k], &rd->env, param))
			ok = check_once(rd, e, w, &rd->s->params[sw->param]);
	}
	*param = old;
	return ok;
}

static bool check_static(struct reader *rd, const struct expr *e, const struct want *w)
{
	const struct scenario *s = rd->s;
	bool swept = false;

	if (e->uses_vars)
		return true;
	for (u32 i = 0; i < s->nr_sweeps; i++) {
		if (!expr_uses_param(e, (u32)s->sweeps[i].param))
			continue;
		swept = true;
		if (!check_swept(rd, e, w, &s->sweeps[i]))
			return false;
	}
	return swept || check_once(rd, e, w, NULL);
}

/* Is the quantity of @e what @w wants? */
static bool quantity_ok(struct reader *rd, const struct expr *e, const struct want *w)
{
	if (w->type == VT_TIME && e->q == Q_INT) {
		mistake(rd, e->pos,
			"%s must be a time, ${%.60s} is a plain number: give its values a unit, "
			"e.g. %s * 1ns",
			w->what, e->text, e->text);
		return false;
	}
	if (w->type == VT_SIZE ? e->q == Q_TIME : e->q != quantity_of(w->type)) {
		mistake(rd, e->pos, "%s must be %s, ${%.60s} is a %s; divide by one, such as %s",
			w->what, wanted_name(w), e->text, e->q == Q_TIME ? "time" : "size",
			e->q == Q_TIME ? "1ns" : "4KiB");
		return false;
	}
	return true;
}

static struct expr *expression_read(struct reader *rd, struct srcpos pos, const char *text,
				    const struct want *w, const struct group_build *g)
{
	size_t len = strlen(text);
	struct expr *e;
	char *inner;

	if (strncmp(text, "${", 2) || text[len - 1] != '}' || strchr(text, '}') != text + len - 1) {
		mistake(rd, pos,
			"an expression ${...} must be the whole value, not part of '%.60s'", text);
		return NULL;
	}
	inner = g_strndup(text + 2, len - 3);
	g_strdelimit(inner, "\n\r\t", ' ');
	pos.col += 2;
	e = expr_compile(rd, pos, arena_intern(rd->a, inner), g);
	g_free(inner);
	if (!e || (w && (!quantity_ok(rd, e, w) || !check_static(rd, e, w))))
		return NULL;
	return e;
}

/* Words are values of VT_BOOL and VT_ENUM; false after a mistake. */
static bool word_value(struct reader *rd, struct srcpos pos, const char *text, const struct want *w,
		       s64 *v)
{
	static const char *const bools[] = { "false", "true", NULL };
	const char *const *choices = w->type == VT_BOOL ? bools : w->choices;
	s32 i = choice_find(choices, text);

	if (i < 0) {
		mistake_unknown(rd, pos, arena_printf(rd->a, "value of %s", w->what), text,
				choices);
		return false;
	}
	*v = i;
	return true;
}

/* True and @v, @q set if @text is a literal that @w takes. */
static bool literal_value(struct reader *rd, struct srcpos pos, const char *text,
			  const struct want *w, s64 *v, enum quantity *q)
{
	enum quantity want_q = quantity_of(w->type);
	const char *why;

	*q = Q_INT;
	if (w->type == VT_BOOL || w->type == VT_ENUM)
		return word_value(rd, pos, text, w, v);
	why = number_parse(text, v, q);
	if (why) {
		mistake(rd, pos, "%s must be %s, not '%.60s' (%s)", w->what, wanted_name(w), text,
			why);
		return false;
	}
	if (*q != want_q && !(*q == Q_INT && (want_q == Q_SIZE || !*v))) {
		mistake(rd, pos, "%s must be %s, not '%.60s'%s", w->what, wanted_name(w), text,
			want_q == Q_TIME && *q == Q_INT ? ": the unit is missing" : "");
		return false;
	}
	*q = want_q;
	return range_ok(rd, pos, w, *v, "");
}

struct expr *value_read_text(struct reader *rd, struct srcpos pos, const char *text,
			     const struct want *w, const struct group_build *g)
{
	enum quantity q;
	s64 v;

	if (strstr(text, "${"))
		return expression_read(rd, pos, text, w, g);
	if (!literal_value(rd, pos, text, w, &v, &q))
		return NULL;
	return expr_constant(rd, pos, v, q);
}

/* A scalar with something in it, else a mistake. */
static bool scalar_ok(struct reader *rd, const struct node *n, const struct want *w)
{
	if (n->kind == NODE_SCALAR && !node_is_null(n) && *n->text)
		return true;
	mistake(rd, n->pos, "%s must be %s, not %s", w->what,
		w->type == VT_ENUM ? "a word" : wanted_name(w), node_what(rd->a, n));
	return false;
}

struct expr *value_read(struct reader *rd, const struct node *n, const struct want *w,
			const struct group_build *g)
{
	struct srcpos pos = n->pos;

	if (!scalar_ok(rd, n, w))
		return NULL;
	if (n->quoted && strstr(n->text, "${"))
		pos.col++;
	return value_read_text(rd, pos, n->text, w, g);
}

struct expr *value_read_any(struct reader *rd, const struct node *n, const char *what,
			    const struct group_build *g)
{
	struct want any = { .min = INT64_MIN, .max = INT64_MAX, .what = what };
	struct srcpos pos = n->pos;
	struct expr *e;
	enum quantity q;
	s64 v;

	if (n->kind != NODE_SCALAR || !strstr(n->text, "${"))
		return any_literal(rd, n, what, &v, &q) ? expr_constant(rd, pos, v, q) : NULL;
	pos.col += n->quoted;
	e = expression_read(rd, pos, n->text, NULL, g);
	any.type = !e ? VT_INT : e->q == Q_TIME ? VT_TIME : e->q == Q_SIZE ? VT_SIZE : VT_INT;
	return e && check_static(rd, e, &any) ? e : NULL;
}

bool literal_read(struct reader *rd, const struct node *n, const struct want *w, s64 *v)
{
	enum quantity q;
	s64 got;

	if (!scalar_ok(rd, n, w))
		return false;
	if (strstr(n->text, "${")) {
		mistake(rd, n->pos, "%s must be written out, no expression is possible here",
			w->what);
		return false;
	}
	if (!literal_value(rd, n->pos, n->text, w, &got, &q))
		return false;
	*v = got;
	return true;
}

bool any_literal(struct reader *rd, const struct node *n, const char *what, s64 *v,
		 enum quantity *q)
{
	const char *why;

	*q = Q_INT;
	if (n->kind != NODE_SCALAR || node_is_null(n)) {
		mistake(rd, n->pos, "%s must be a number, not %s", what, node_what(rd->a, n));
		return false;
	}
	if (!strcmp(n->text, "true") || !strcmp(n->text, "false")) {
		*v = n->text[0] == 't';
		return true;
	}
	why = number_parse(n->text, v, q);
	if (!why && (*q == Q_PERCENT || *q == Q_DECIMAL))
		why = "a parameter is a whole number, a time or a size";
	if (why)
		mistake(rd, n->pos, "%s must be a number like 64, 400ns or 16MiB, not '%.60s' (%s)",
			what, n->text, why);
	return !why;
}
