/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Maps described by tables: each row names a key, its type, its range and where
 * the value goes. Unknown keys are answered with the nearest known one.
 */
#include "sim/scenario/reader.h"

#include <math.h>
#include <string.h>

#define NAME_MAX_LEN 64

bool expect_map(struct reader *rd, const struct node *n, const char *what)
{
	if (n->kind == NODE_MAP)
		return true;
	mistake(rd, n->pos, "%s must be a map (key: value), not %s", what, node_what(rd->a, n));
	return false;
}

bool expect_list(struct reader *rd, const struct node *n, const char *what)
{
	if (n->kind == NODE_LIST)
		return true;
	mistake(rd, n->pos, "%s must be a list, not %s", what, node_what(rd->a, n));
	return false;
}

bool expect_short_list(struct reader *rd, const struct node *n, const char *what)
{
	if (!expect_list(rd, n, what))
		return false;
	if (n->nr <= MAX_ENTRIES)
		return true;
	mistake(rd, n->pos, "%s has more than %u entries", what, MAX_ENTRIES);
	return false;
}

const char *expect_text(struct reader *rd, const struct node *n, const char *what)
{
	if (n->kind == NODE_SCALAR && !node_is_null(n) && *n->text)
		return n->text;
	mistake(rd, n->pos, "%s must be a text, not %s", what, node_what(rd->a, n));
	return NULL;
}

bool name_ok(struct reader *rd, const struct node *n, const char *what, const char *text)
{
	const char *p = text;

	for (; g_ascii_isalnum(*p) || (p > text && strchr("._-", *p) && *p); p++)
		;
	if (!*text || *p || strstr(text, "..") || p - text > NAME_MAX_LEN) {
		mistake(rd, n->pos,
			"%s '%.80s' is no name; allowed: up to %d letters, digits, '.', '_', '-', "
			"the first a letter or digit, no '..'",
			what, text, NAME_MAX_LEN);
		return false;
	}
	return true;
}

s32 choice_find(const char *const *choices, const char *word)
{
	for (s32 i = 0; choices[i]; i++)
		if (!strcmp(choices[i], word))
			return i;
	return -1;
}

static s64 read_ratio(struct reader *rd, const struct node *n, const struct row *row, s64 old)
{
	const char *text = expect_text(rd, n, row->key);
	char *end;
	double v;

	if (!text)
		return old;
	v = g_ascii_strtod(text, &end);
	while (*end == ' ')
		end++;
	if (*end == '%') {
		v /= 100;
		end++;
	}
	if (end == text || *end || !(v >= 0 && v <= 1000)) {
		mistake(rd, n->pos, "%s must be a share like 12%% or 0.12, not '%.60s'", row->key,
			text);
		return old;
	}
	return (s64)(v * 1000000 + 0.5);
}

static void read_number(struct reader *rd, const struct node *n, const struct row *row, double *d)
{
	const char *text = expect_text(rd, n, row->key);
	char *end;
	double v;

	if (!text)
		return;
	v = g_ascii_strtod(text, &end);
	if (end == text || *end || !isfinite(v))
		mistake(rd, n->pos, "%s must be a number, not '%.60s'", row->key, text);
	else
		*d = v;
}

static void read_literal(struct reader *rd, const struct node *n, const struct row *row, s64 *v)
{
	struct want w = {
		.type = row->type == ROW_TIME ? VT_TIME :
			row->type == ROW_BOOL ? VT_BOOL :
			row->type == ROW_ENUM ? VT_ENUM :
						VT_INT,
		.min = row->min,
		.max = row->max,
		.choices = row->choices,
		.what = row->key,
	};

	literal_read(rd, n, &w, v);
}

static void row_read(struct reader *rd, const struct node *n, const struct row *row, void *out)
{
	void *at = (char *)out + row->offset;
	const char *text;

	switch (row->type) {
	case ROW_NODE:
		*(const struct node **)at = n;
		break;
	case ROW_NAME:
		text = expect_text(rd, n, row->key);
		if (text && name_ok(rd, n, row->key, text))
			*(const char **)at = text;
		break;
	case ROW_TEXT:
		text = expect_text(rd, n, row->key);
		if (text)
			*(const char **)at = text;
		break;
	case ROW_RATIO:
		*(s64 *)at = read_ratio(rd, n, row, *(s64 *)at);
		break;
	case ROW_NUMBER:
		read_number(rd, n, row, at);
		break;
	default:
		read_literal(rd, n, row, at);
		break;
	}
}

static const struct row *row_find(const struct table *t, const char *key)
{
	for (u32 i = 0; i < t->nr_rows; i++)
		if (!strcmp(t->rows[i].key, key))
			return &t->rows[i];
	return NULL;
}

void map_unknown_key(struct reader *rd, const struct node *key, const struct table *t,
		     const char *const *more)
{
	GPtrArray *names = g_ptr_array_new();
	const char *what = arena_printf(rd->a, "key %s", t->what);

	for (u32 i = 0; i < t->nr_rows; i++)
		g_ptr_array_add(names, (void *)t->rows[i].key);
	for (; more && *more; more++)
		g_ptr_array_add(names, (void *)*more);
	g_ptr_array_add(names, NULL);
	mistake_unknown(rd, key->pos, what, key->text, (const char *const *)names->pdata);
	g_ptr_array_free(names, TRUE);
}

static bool key_repeats(const struct node *n, u32 i)
{
	if (!n->unclean)
		return false;
	for (u32 j = 0; j < i; j++)
		if (!strcmp(node_key(n, j)->text, node_key(n, i)->text))
			return true;
	return false;
}

bool map_read(struct reader *rd, const struct node *n, const struct table *t, void *out,
	      GArray *open)
{
	if (n->kind != NODE_MAP) {
		mistake(rd, n->pos, "a map (key: value) is needed %s, not %s", t->what,
			node_what(rd->a, n));
		return false;
	}
	for (u32 i = 0; i < n->nr; i++) {
		const struct row *row = row_find(t, node_key(n, i)->text);

		if (key_repeats(n, i))
			continue;
		if (row)
			row_read(rd, node_value(n, i), row, out);
		else if (open)
			g_array_append_val(open, i);
		else
			map_unknown_key(rd, node_key(n, i), t, NULL);
	}
	for (u32 i = 0; i < t->nr_rows; i++)
		if (t->rows[i].required && !node_get(n, t->rows[i].key))
			mistake(rd, n->pos, "key '%s' is missing %s (%s)", t->rows[i].key, t->what,
				t->rows[i].help);
	return true;
}
