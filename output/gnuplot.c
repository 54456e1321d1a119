// SPDX-License-Identifier: GPL-2.0-or-later
/* Running gnuplot on the scripts of a folder. */
#include <string.h>

#include "output/plot.h"

struct format {
	const char *name, *ext;
	const char *terms[2]; /* in order of preference: name, then options */
	const char *options[2];
};

static const struct format formats[] = {
	{ "png", "png", { "pngcairo", "png" }, { "size 960,640", "size 960,640" } },
	{ "svg", "svg", { "svg", NULL }, { "size 960,640", NULL } },
	{ "pdf", "pdf", { "pdfcairo", NULL }, { "size 16cm,11cm", NULL } },
	{ "text", "", { "dumb", NULL }, { "size 100,32", NULL } },
};

static const struct format *find_format(const char *name)
{
	size_t i;

	for (i = 0; i < G_N_ELEMENTS(formats); i++) {
		if (!strcmp(formats[i].name, name))
			return &formats[i];
	}
	return NULL;
}

bool plot_format_known(const char *format)
{
	return find_format(format) != NULL;
}

static bool spawn(const char *dir, const char *const *argv, char **out, char **error)
{
	GError *err = NULL;
	char *messages = NULL;
	int status;
	bool ok;

	ok = g_spawn_sync(dir, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, out, &messages,
			  &status, &err);
	if (!ok) {
		*error = g_strdup(err->message);
		g_error_free(err);
	} else if (!g_spawn_check_wait_status(status, NULL)) {
		*error = g_strdup_printf("gnuplot failed: %s", g_strstrip(messages));
		ok = false;
	}
	g_free(messages);
	return ok;
}

/* First terminal of the format that this gnuplot has. */
static char *pick_terminal(const struct format *f, const char *dir, char **error)
{
	static const char *const argv[] = { "gnuplot", "-e",
					    "set print \"-\"; print GPVAL_TERMINALS", NULL };
	char *have = NULL, *padded, *word, *term = NULL;
	size_t i;

	if (!spawn(dir, argv, &have, error))
		return NULL;
	padded = g_strdup_printf(" %s ", g_strstrip(have));
	for (i = 0; i < 2 && f->terms[i] && !term; i++) {
		word = g_strdup_printf(" %s ", f->terms[i]);
		if (strstr(padded, word))
			term = g_strdup_printf("%s %s", f->terms[i], f->options[i]);
		g_free(word);
	}
	if (!term)
		*error = g_strdup_printf("this gnuplot has no terminal for %s", f->name);
	g_free(padded);
	g_free(have);
	return term;
}

static gint by_name(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static GPtrArray *list_scripts(const char *dir, char **error)
{
	GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
	GError *err = NULL;
	GDir *d = g_dir_open(dir, 0, &err);
	const char *name;

	if (!d) {
		*error = g_strdup(err->message);
		g_error_free(err);
		g_ptr_array_free(names, TRUE);
		return NULL;
	}
	while ((name = g_dir_read_name(d))) {
		if (g_str_has_suffix(name, ".gp"))
			g_ptr_array_add(names, g_strdup(name));
	}
	g_dir_close(d);
	g_ptr_array_sort(names, by_name);
	return names;
}

static bool draw_one(const char *dir, const struct format *f, const char *term, const char *script,
		     char **error)
{
	char *set = g_strdup_printf("term='%s'; ext='%s'", term, f->ext), *out = NULL;
	const char *argv[] = { "gnuplot", "-e", set, script, NULL };
	bool ok = spawn(dir, argv, &out, error);

	if (ok && !*f->ext)
		g_print("%s", out);
	g_free(out);
	g_free(set);
	return ok;
}

int plot_draw(const char *dir, const char *format, char **error)
{
	const struct format *f = find_format(format);
	GPtrArray *scripts = list_scripts(dir, error);
	char *term = NULL;
	int drawn = -1;
	guint i;

	if (!scripts)
		return -1;
	term = pick_terminal(f, dir, error);
	if (!term)
		goto done;
	for (i = 0; i < scripts->len; i++) {
		if (!draw_one(dir, f, term, scripts->pdata[i], error))
			goto done;
	}
	drawn = (int)scripts->len;
done:
	g_free(term);
	g_ptr_array_free(scripts, TRUE);
	return drawn;
}
