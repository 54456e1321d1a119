// SPDX-License-Identifier: GPL-2.0-or-later
/* Finding scenarios and machines along the search path. */
#include "sim/cli/cli.h"

#include <string.h>

/* Folder of the program's file, wherever it was moved to; NULL if the host does not say. */
static char *program_dir(void)
{
	char *file = g_file_read_link("/proc/self/exe", NULL);
	char *dir = file ? g_path_get_dirname(file) : NULL;

	g_free(file);
	return dir;
}

/*
 * What came with the program: beside an installed one, however its prefix was moved;
 * the source tree of one in a build folder; the prefix it was configured for.
 */
static char *own_scenarios(void)
{
	char *bin = program_dir();
	char *places[] = {
		bin ? g_build_filename(bin, MMSIM_BIN_TO_DATA, "scenarios", NULL) : NULL,
		g_build_filename(MMSIM_SOURCE_DIR, "scenarios", NULL),
		g_build_filename(MMSIM_DATADIR, "scenarios", NULL),
	};
	char *found = NULL;
	size_t i;

	for (i = 0; i < G_N_ELEMENTS(places); i++) {
		if (!found && places[i] && g_file_test(places[i], G_FILE_TEST_IS_DIR))
			found = g_canonicalize_filename(places[i], NULL);
		g_free(places[i]);
	}
	g_free(bin);
	return found;
}

char **cli_search_path(void)
{
	GPtrArray *dirs = g_ptr_array_new();
	const char *env = g_getenv("MMSIM_PATH");
	char **parts, **p, *own = own_scenarios();

	parts = g_strsplit(env ? env : "", ":", -1);
	for (p = parts; *p; p++) {
		if (**p)
			g_ptr_array_add(dirs, g_strdup(*p));
	}
	g_strfreev(parts);
	if (own)
		g_ptr_array_add(dirs, own);
	g_ptr_array_add(dirs, NULL);
	return (char **)g_ptr_array_free(dirs, FALSE);
}

static gint by_name(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* "x.yaml" of @dir as @prefix + "x", unless known. */
static void add_yaml(GPtrArray *out, const char *dir, const char *prefix)
{
	GDir *d = g_dir_open(dir, 0, NULL);
	const char *name;

	while (d && (name = g_dir_read_name(d))) {
		char *text;

		if (!g_str_has_suffix(name, ".yaml") || *name == '.')
			continue;
		text = g_strdup_printf("%s%.*s", prefix, (int)strlen(name) - 5, name);
		if (g_ptr_array_find_with_equal_func(out, text, g_str_equal, NULL))
			g_free(text);
		else
			g_ptr_array_add(out, text);
	}
	if (d)
		g_dir_close(d);
}

GPtrArray *cli_known_scenarios(const struct cli *cli)
{
	GPtrArray *out = g_ptr_array_new_with_free_func(g_free);
	char **dir;

	for (dir = cli->search_path; *dir; dir++) {
		GDir *d = g_dir_open(*dir, 0, NULL);
		const char *name;

		add_yaml(out, *dir, "");
		while (d && (name = g_dir_read_name(d))) {
			char *sub = g_build_filename(*dir, name, NULL);
			char *prefix = g_strconcat(name, "/", NULL);

			if (*name != '.' && strcmp(name, "machines") && strcmp(name, "workloads"))
				add_yaml(out, sub, prefix);
			g_free(prefix);
			g_free(sub);
		}
		if (d)
			g_dir_close(d);
	}
	g_ptr_array_sort(out, by_name);
	return out;
}

GPtrArray *cli_known_machines(const struct cli *cli)
{
	GPtrArray *out = g_ptr_array_new_with_free_func(g_free);
	char **dir;

	for (dir = cli->search_path; *dir; dir++) {
		char *sub = g_build_filename(*dir, "machines", NULL);

		add_yaml(out, sub, "");
		g_free(sub);
	}
	g_ptr_array_sort(out, by_name);
	return out;
}

static char *try_file(const char *dir, const char *name, const char *suffix)
{
	char *file = g_strconcat(name, suffix, NULL);
	char *path = dir ? g_build_filename(dir, file, NULL) : g_strdup(file);

	g_free(file);
	if (g_file_test(path, G_FILE_TEST_IS_REGULAR))
		return path;
	g_free(path);
	return NULL;
}

/* The scenario of that bare name in whatever folder. */
static const char *full_name(const GPtrArray *known, const char *name)
{
	guint i;

	for (i = 0; i < known->len; i++) {
		const char *slash = strrchr(known->pdata[i], '/');

		if (slash && !strcmp(slash + 1, name))
			return known->pdata[i];
	}
	return NULL;
}

static void complain_unknown(const GPtrArray *known, const char *name)
{
	const char **names = g_new0(const char *, 2 * known->len + 1), *near;
	guint i, n = 0;

	for (i = 0; i < known->len; i++) {
		const char *slash = strrchr(known->pdata[i], '/');

		names[n++] = known->pdata[i];
		if (slash)
			names[n++] = slash + 1;
	}
	near = nearest_name(name, names);
	cli_complain("no such scenario: %s%s%s%s", name, near ? "; did you mean '" : "",
		     near ? near : "", near ? "'?" : "");
	g_free(names);
}

char *cli_find_scenario(const struct cli *cli, const char *name)
{
	GPtrArray *known;
	const char *full;
	char *path, **dir;

	path = try_file(NULL, name, "");
	if (path)
		return path;
	known = cli_known_scenarios(cli);
	full = full_name(known, name);
	for (dir = cli->search_path; *dir && !path; dir++) {
		path = try_file(*dir, name, "");
		if (!path)
			path = try_file(*dir, full ? full : name, ".yaml");
	}
	if (!path)
		complain_unknown(known, name);
	g_ptr_array_free(known, TRUE);
	return path;
}
