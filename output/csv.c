// SPDX-License-Identifier: GPL-2.0-or-later
/* Building and saving CSV files. */
#include "output/csv.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>

#include "output/fmt.h"

void csv_init(struct csv *c)
{
	c->text = g_string_new(NULL);
	c->in_row = false;
}

/* Where the next @need characters go; what is written there counts after advance(). */
static inline char *reserve(struct csv *c, size_t need)
{
	GString *t = c->text;
	size_t len = t->len;

	if (unlikely(t->allocated_len - len <= need)) {
		g_string_set_size(t, len + need);
		g_string_truncate(t, len);
	}
	return t->str + len;
}

static inline void advance(struct csv *c, char *end)
{
	*end = '\0';
	c->text->len = (size_t)(end - c->text->str);
}

/* reserve(), and the comma before every field but the first. */
static inline char *begin_field(struct csv *c, size_t need)
{
	char *at = reserve(c, need + 1);

	if (c->in_row)
		*at++ = ',';
	c->in_row = true;
	return at;
}

static void quoted(struct csv *c, const char *s)
{
	g_string_append_c(c->text, '"');
	for (; *s; s++) {
		if (*s == '"')
			g_string_append_c(c->text, '"');
		g_string_append_c(c->text, *s);
	}
	g_string_append_c(c->text, '"');
}

void csv_str(struct csv *c, const char *s)
{
	size_t n = 0;
	char *at;

	while (s[n] && s[n] != ',' && s[n] != '"' && s[n] != '\r' && s[n] != '\n')
		n++;
	if (s[n])
		n = 0;
	at = begin_field(c, n);
	memcpy(at, s, n);
	advance(c, at + n);
	if (s[n])
		quoted(c, s);
}

void csv_int(struct csv *c, s64 v)
{
	char *at = begin_field(c, FMT_MAX);

	if (v < 0)
		*at++ = '-';
	advance(c, fmt_put_uint(at, v < 0 ? -(u64)v : (u64)v));
}

void csv_uint(struct csv *c, u64 v)
{
	advance(c, fmt_put_uint(begin_field(c, FMT_MAX), v));
}

void csv_ns(struct csv *c, u128 ps)
{
	advance(c, fmt_put_ns(begin_field(c, FMT_MAX), ps));
}

void csv_double(struct csv *c, double v)
{
	char buf[FMT_MAX];

	fmt_double(buf, v);
	csv_str(c, buf);
}

void csv_digits(struct csv *c, double v, int digits)
{
	char buf[FMT_MAX];

	fmt_digits(buf, v, digits);
	csv_str(c, buf);
}

void csv_end_row(struct csv *c)
{
	char *at = reserve(c, 1);

	*at = '\n';
	advance(c, at + 1);
	c->in_row = false;
}

void csv_header(struct csv *c, const struct experiment *e, bool per_run, const char *columns)
{
	const struct scenario *sc = e->scenario;
	u32 i;

	g_string_append(c->text, "scenario,variant,point");
	c->in_row = true;
	for (i = 0; i < sc->nr_sweeps; i++)
		csv_str(c, sc->params[sc->sweeps[i].param].name);
	if (per_run)
		g_string_append(c->text, ",replication,seed");
	g_string_append_c(c->text, ',');
	g_string_append(c->text, columns);
	csv_end_row(c);
}

void csv_begin_row(struct csv *c, const struct experiment *e, u32 point, u32 variant,
		   const struct run_result *r)
{
	u32 i;

	csv_str(c, e->scenario->name);
	csv_str(c, experiment_variant(e, variant)->name);
	csv_str(c, e->points[point].label);
	for (i = 0; i < e->scenario->nr_sweeps; i++)
		csv_int(c, e->points[point].sweep[i]);
	if (!r)
		return;
	csv_uint(c, r->replication);
	csv_uint(c, e->scenario->seed);
}

bool save_text(const GString *text, const char *dir, const char *name, char **error)
{
	char *path = g_build_filename(dir, name, NULL), *tmp = g_strconcat(path, ".tmp", NULL);
	FILE *f = fopen(tmp, "wb");
	bool ok = f != NULL;

	if (f) {
		ok = fwrite(text->str, 1, text->len, f) == text->len;
		ok = !fclose(f) && ok;
	}
	ok = ok && !g_rename(tmp, path);
	if (!ok) {
		*error = g_strdup_printf("%s: %s", path, g_strerror(errno));
		g_unlink(tmp);
	}
	g_free(tmp);
	g_free(path);
	return ok;
}

bool csv_save(struct csv *c, const char *dir, const char *name, char **error)
{
	bool ok = save_text(c->text, dir, name, error);

	g_string_free(c->text, TRUE);
	return ok;
}
