/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Mistakes: collected while reading goes on, sorted by position at the end.
 */
#include "sim/scenario/reader.h"

#include <string.h>

#define LISTED_NAMES 40
#define MAX_COLLECTED 10000 /* no file needs more before sorting */

void mistake(struct reader *rd, struct srcpos pos, const char *fmt, ...)
{
	struct mistake m = { .pos = pos, .serial = rd->mistakes->len };
	GString *line;
	va_list args;
	char *text, *clean;

	if (rd->mistakes->len >= MAX_COLLECTED)
		return;
	va_start(args, fmt);
	text = g_strdup_vprintf(fmt, args);
	va_end(args);
	clean = g_strdelimit(text, "\n\r\t", ' ');
	line = g_string_new(pos.file ? pos.file : "");
	if (pos.line)
		g_string_append_printf(line, ":%u:%u", pos.line, pos.col);
	g_string_append_printf(line, ": %s", clean);
	g_free(text);
	m.text = g_string_free(line, FALSE);
	for (m.file = 0; m.file < rd->nr_files && rd->files[m.file] != pos.file; m.file++)
		;
	if (!pos.line)
		m.file = 0;
	g_array_append_val(rd->mistakes, m);
}

void mistake_unknown(struct reader *rd, struct srcpos pos, const char *what, const char *word,
		     const char *const *names)
{
	const char *near;
	GString *allowed;
	u32 nr = 0;

	if (rd->mistakes->len >= MAX_COLLECTED)
		return;
	near = nearest_name(word, names);
	allowed = g_string_new(NULL);
	for (; names[nr] && nr < LISTED_NAMES; nr++)
		g_string_append_printf(allowed, "%s%s", nr ? ", " : "", names[nr]);
	if (names[nr])
		g_string_append(allowed, ", ...");
	if (near)
		mistake(rd, pos, "unknown %s '%s'; did you mean '%s'? allowed: %s", what, word,
			near, allowed->str);
	else
		mistake(rd, pos, "unknown %s '%s'; allowed: %s", what, word,
			nr ? allowed->str : "none here");
	g_string_free(allowed, TRUE);
}

static int by_position(const void *pa, const void *pb)
{
	const struct mistake *a = pa, *b = pb;

	if (a->file != b->file)
		return a->file < b->file ? -1 : 1;
	if (a->pos.line != b->pos.line)
		return a->pos.line < b->pos.line ? -1 : 1;
	if (a->pos.col != b->pos.col)
		return a->pos.col < b->pos.col ? -1 : 1;
	return a->serial < b->serial ? -1 : a->serial > b->serial;
}

static void mistakes_finish(struct reader *rd, struct scn_errors *errors)
{
	const char *last = NULL;

	errors->lines = g_ptr_array_new_with_free_func(g_free);
	errors->truncated = false;
	if (rd->mistakes->len)
		qsort(rd->mistakes->data, rd->mistakes->len, sizeof(struct mistake), by_position);
	for (u32 i = 0; i < rd->mistakes->len; i++) {
		struct mistake *m = &g_array_index(rd->mistakes, struct mistake, i);

		if (last && !strcmp(last, m->text))
			continue;
		last = m->text;
		if (errors->lines->len < MAX_ERRORS)
			g_ptr_array_add(errors->lines, g_strdup(m->text));
		else
			errors->truncated = true;
	}
}

void scn_errors_clear(struct scn_errors *errors)
{
	if (errors->lines)
		g_ptr_array_free(errors->lines, TRUE);
	errors->lines = NULL;
	errors->truncated = false;
}

void reader_init(struct reader *rd, const struct registry *r, const struct scn_options *opt)
{
	static const struct scn_options no_options;

	memset(rd, 0, sizeof(*rd));
	rd->env.cpus = rd->env.nodes = 1;
	rd->a = arena_new();
	rd->r = r;
	rd->opt = opt ? opt : &no_options;
	rd->mistakes = g_array_new(FALSE, FALSE, sizeof(struct mistake));
	rd->sum = g_checksum_new(G_CHECKSUM_SHA256);
	rd->param_index = g_hash_table_new(g_str_hash, g_str_equal);
	rd->object_index = g_hash_table_new(g_str_hash, g_str_equal);
	rd->group_index = g_hash_table_new(g_str_hash, g_str_equal);
	rd->phase_index = g_hash_table_new(g_str_hash, g_str_equal);
	rd->barrier_index = g_hash_table_new(g_str_hash, g_str_equal);
}

void reader_finish(struct reader *rd, struct scn_errors *errors)
{
	mistakes_finish(rd, errors);
	for (u32 i = 0; i < rd->mistakes->len; i++)
		g_free(g_array_index(rd->mistakes, struct mistake, i).text);
	g_array_free(rd->mistakes, TRUE);
	g_checksum_free(rd->sum);
	g_hash_table_destroy(rd->param_index);
	g_hash_table_destroy(rd->object_index);
	g_hash_table_destroy(rd->group_index);
	g_hash_table_destroy(rd->phase_index);
	g_hash_table_destroy(rd->barrier_index);
}
