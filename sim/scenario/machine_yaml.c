/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Machines in YAML: by name, by path or as a map, the keys from machine_keys[].
 * A value is `94.5ns` or {value:, tag:, source:, rel_err:}.
 */
#include "sim/scenario/reader.h"

#include <string.h>

#define MAX_BASES 8 /* a map on a file on a file ... */

struct machine_build {
	struct machine *m;
	char tag; /* of plain values */
	struct srcpos pos[NR_MACHINE_KEYS];
	const char *path; /* of the file, for messages and inner bases; may be NULL */
	u32 depth;
};

struct tagged {
	const struct node *value, *tag;
	const char *source;
	s64 rel_err; /* 1/1000000 */
};

static const struct row tagged_rows[] = {
	{ "value", ROW_NODE, offsetof(struct tagged, value), .required = true, .help = "94.5ns" },
	{ "tag", ROW_NODE, offsetof(struct tagged, tag), .help = "S, D, E, R, K, M or C" },
	{ "source", ROW_TEXT, offsetof(struct tagged, source), .help = "where it is from" },
	{ "rel_err", ROW_RATIO, offsetof(struct tagged, rel_err), .help = "12%" },
};

static const struct table tagged_table = { "in a machine value", tagged_rows,
					   ARRAY_SIZE(tagged_rows) };

static const char *const machine_meta[] = { "name", "about", "base", "tag", NULL };

static struct machine *machine_node(struct reader *rd, const struct node *n, const char *from,
				    u32 depth);

static bool read_tag(struct reader *rd, const struct node *n, char *tag)
{
	if (n->kind == NODE_SCALAR && strlen(n->text) == 1 && strchr("SDERKMC", n->text[0])) {
		*tag = n->text[0];
		return true;
	}
	mistake(rd, n->pos,
		"tag must be S (sourced), D (derived), E (estimate), R (recalled), "
		"K (kernel), M (measured) or C (calibrated), not %s",
		node_what(rd->a, n));
	return false;
}

/* A fixed-point number in 1/1000, such as 3.9. */
static bool read_ratio(struct reader *rd, const struct node *n, const struct machine_key_desc *d,
		       s64 *v)
{
	enum quantity q;
	GString *range;
	s64 got = 0;
	const char *why = "not a number";

	if (n->kind == NODE_SCALAR)
		why = number_parse(n->text, &got, &q);
	if (!why && q == Q_INT && got <= INT64_MAX / 1000 && got >= 0)
		got *= 1000;
	else if (!why && q != Q_DECIMAL)
		why = "it has no unit";
	if (!why && got >= d->min && got <= d->max) {
		*v = got;
		return true;
	}
	range = g_string_new(NULL);
	number_print(range, d->min, Q_DECIMAL);
	g_string_append(range, " to ");
	number_print(range, d->max, Q_DECIMAL);
	mistake(rd, n->pos, "%s must be a number from %s, not %s", d->path, range->str,
		node_what(rd->a, n));
	g_string_free(range, TRUE);
	return false;
}

static bool read_key_value(struct reader *rd, const struct node *n, enum machine_key k, s64 *v)
{
	const struct machine_key_desc *d = &machine_keys[k];
	struct want w = { .min = d->min, .max = d->max, .choices = d->choices, .what = d->path };

	switch (d->unit) {
	case MU_RATIO:
		return read_ratio(rd, n, d, v);
	case MU_COUNT:
		w.type = VT_INT;
		break;
	case MU_TIME:
		w.type = VT_TIME;
		break;
	case MU_BYTES:
		w.type = VT_SIZE;
		break;
	case MU_BOOL:
		w.type = VT_BOOL;
		break;
	case MU_ENUM:
		w.type = VT_ENUM;
		break;
	}
	return literal_read(rd, n, &w, v);
}

static void read_leaf(struct reader *rd, struct machine_build *b, enum machine_key k,
		      const struct node *n)
{
	struct tagged t = { .value = n };
	char tag = b->tag;
	s64 v;

	if (n->kind == NODE_MAP) {
		t.value = NULL;
		map_read(rd, n, &tagged_table, &t, NULL);
	}
	if (t.tag)
		read_tag(rd, t.tag, &tag);
	if (t.rel_err > 10000000)
		mistake(rd, n->pos, "rel_err must be 0 to 1000%%");
	if (!t.value || !read_key_value(rd, t.value, k, &v))
		return;
	machine_set(b->m, k, v, tag, (u32)(t.rel_err / 1000), t.source);
	b->pos[k] = n->pos;
}

/* Keys that may follow @prefix, for suggestions. */
static void unknown_machine_key(struct reader *rd, const struct node *key, const char *prefix)
{
	GPtrArray *names = g_ptr_array_new();
	size_t len = strlen(prefix);

	for (u32 i = 0; !len && machine_meta[i]; i++)
		g_ptr_array_add(names, (void *)machine_meta[i]);
	for (u32 k = 0; k < NR_MACHINE_KEYS; k++) {
		const char *path = machine_keys[k].path, *dot;
		const char *name;

		if (strncmp(path, prefix, len))
			continue;
		dot = strchr(path + len, '.');
		name = dot ? arena_printf(rd->a, "%.*s", (int)(dot - path - (long)len),
					  path + len) :
			     path + len;
		if (!names->len || strcmp(g_ptr_array_index(names, names->len - 1), name))
			g_ptr_array_add(names, (void *)name);
	}
	g_ptr_array_add(names, NULL);
	mistake_unknown(rd, key->pos,
			len ? arena_printf(rd->a, "key in machine's %.*s", (int)len - 1, prefix) :
			      "machine key",
			key->text, (const char *const *)names->pdata);
	g_ptr_array_free(names, TRUE);
}

static bool is_group(const char *prefix)
{
	for (u32 k = 0; k < NR_MACHINE_KEYS; k++)
		if (!strncmp(machine_keys[k].path, prefix, strlen(prefix)))
			return true;
	return false;
}

static void read_keys(struct reader *rd, struct machine_build *b, const struct node *map,
		      const char *prefix)
{
	for (u32 i = 0; i < map->nr; i++) {
		const struct node *key = node_key(map, i), *n = node_value(map, i);
		const char *path = arena_printf(rd->a, "%s%.64s", prefix, key->text);
		s32 k = machine_key_find(path);

		if (k >= 0)
			read_leaf(rd, b, k, n);
		else if (!*prefix && choice_find(machine_meta, key->text) >= 0)
			continue;
		else if (*prefix || !is_group(arena_printf(rd->a, "%s.", path)))
			unknown_machine_key(rd, key, prefix);
		else if (expect_map(rd, n, path))
			read_keys(rd, b, n, arena_printf(rd->a, "%s.", path));
	}
}

/* name, about and tag of a machine map. */
static void read_meta(struct reader *rd, struct machine_build *b, const struct node *map)
{
	const struct node *name = node_get(map, "name"), *about = node_get(map, "about"),
			  *tag = node_get(map, "tag");
	const char *text;

	b->tag = TAG_ESTIMATE;
	if (tag)
		read_tag(rd, tag, &b->tag);
	text = name ? expect_text(rd, name, "name") : NULL;
	if (text && name_ok(rd, name, "machine name", text)) {
		free(b->m->name);
		b->m->name = strdup(text);
	}
	text = about ? expect_text(rd, about, "about") : NULL;
	if (text) {
		free(b->m->about);
		b->m->about = strdup(text);
	}
}

/* Costs of the base that a smaller topology has no use for; not those of this map. */
static void forget_misplaced(struct machine_build *b)
{
	for (u32 k = 0; k < NR_MACHINE_KEYS; k++)
		if (!b->pos[k].file && machine_key_misplaced(b->m, k))
			b->m->val[k].given = false;
}

/* " (here xfer.smt 6.5ns, xfer.same_llc 24ns)": the family of @key, filled values too. */
static const char *family_values(struct reader *rd, const struct machine *m, enum machine_key key)
{
	const char *path = machine_keys[key].path, *dot = strchr(path, '.');
	const char *text = "";
	GString *out;

	if (!dot)
		return "";
	out = g_string_new(NULL);
	for (u32 k = 0; k < NR_MACHINE_KEYS; k++) {
		const struct machine_key_desc *d = &machine_keys[k];

		if (strncmp(d->path, path, (size_t)(dot + 1 - path)) || d->unit != MU_TIME)
			continue;
		if (!machine_key_used(m, k) || !m->val[k].v)
			continue;
		g_string_append_printf(out, "%s%s ", out->len ? ", " : " (here ", d->path);
		number_print(out, m->val[k].v, Q_TIME);
	}
	if (out->len)
		text = arena_printf(rd->a, "%s)", out->str);
	g_string_free(out, TRUE);
	return text;
}

/* Where to point: @key in this map, else what this map gives of its family, else the map. */
static struct srcpos blame(const struct machine_build *b, const struct node *map,
			   enum machine_key key)
{
	const char *path = machine_keys[key].path, *dot = strchr(path, '.');
	struct srcpos pos = map->pos;

	if (b->pos[key].file)
		return b->pos[key];
	for (u32 k = 0; k < NR_MACHINE_KEYS; k++) {
		bool kin = dot ? !strncmp(machine_keys[k].path, path, (size_t)(dot + 1 - path)) :
				 key <= MK_SMT && k <= MK_SMT;

		if (kin && b->pos[k].file)
			pos = b->pos[k];
	}
	return pos;
}

static bool complete(struct reader *rd, struct machine_build *b, const struct node *map)
{
	enum machine_key key;
	struct srcpos pos;
	const char *why;

	forget_misplaced(b);
	if (!machine_complete(b->m, &why, &key))
		return true;
	pos = blame(b, map, key);
	if (!strcmp(why, "must be given"))
		mistake(rd, pos, "machine key '%s' is missing (%s)", machine_keys[key].path,
			machine_keys[key].about);
	else
		mistake(rd, pos, "the machine contradicts itself: %s%s", why,
			strstr(why, "<=") ? family_values(rd, b->m, key) : "");
	return false;
}

static struct machine *machine_map(struct reader *rd, const struct node *map, const char *path,
				   u32 depth, const char *name)
{
	struct machine_build b = { .path = path, .depth = depth };
	const struct node *base = node_get(map, "base");
	u32 before = rd->mistakes->len;

	if (base)
		b.m = machine_node(rd, base, map->pos.file, depth + 1);
	else
		b.m = machine_new(name ? name : "inline");
	if (!b.m)
		return NULL;
	if (base && name) {
		free(b.m->name);
		b.m->name = strdup(name);
	}
	/* Only what was given stays given: fill rules follow the overrides. */
	read_meta(rd, &b, map);
	read_keys(rd, &b, map, "");
	if (rd->mistakes->len == before && complete(rd, &b, map))
		return b.m;
	if (rd->mistakes->len == before)
		mistake(rd, map->pos, "the machine is not usable");
	machine_free(b.m);
	return NULL;
}

static struct machine *machine_file(struct reader *rd, const char *path, struct srcpos asked_at,
				    u32 depth)
{
	const struct node *root = yaml_read(rd, path, asked_at);
	struct machine *m;
	char *stem, *dot;

	if (!root || !expect_map(rd, root, "a machine file"))
		return NULL;
	if (root->nr == 1 && !strcmp(node_key(root, 0)->text, "machine")) {
		root = node_value(root, 0);
		if (!expect_map(rd, root, "machine"))
			return NULL;
	}
	stem = g_path_get_basename(path);
	dot = strrchr(stem, '.');
	if (dot)
		*dot = '\0';
	m = machine_map(rd, root, path, depth, stem);
	g_free(stem);
	if (m) {
		free(m->file);
		m->file = strdup(path);
	}
	return m;
}

static gint by_name(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void unknown_machine(struct reader *rd, const struct node *n)
{
	const char *const *dir = rd->opt->search_path;
	GPtrArray *names = g_ptr_array_new();

	for (; dir && *dir; dir++) {
		char *path = g_build_filename(*dir, "machines", NULL);
		GDir *d = g_dir_open(path, 0, NULL);
		const char *file;

		g_free(path);
		while (d && (file = g_dir_read_name(d)))
			if (g_str_has_suffix(file, ".yaml"))
				g_ptr_array_add(names,
						(void *)arena_printf(rd->a, "%.*s",
								     (int)strlen(file) - 5, file));
		if (d)
			g_dir_close(d);
	}
	g_ptr_array_sort(names, by_name);
	for (u32 i = 1; i < names->len;)
		if (names->pdata[i] == names->pdata[i - 1])
			g_ptr_array_remove_index(names, i);
		else
			i++;
	g_ptr_array_add(names, "flat-N");
	g_ptr_array_add(names, "ideal-N");
	g_ptr_array_add(names, "a path");
	g_ptr_array_add(names, "a map");
	g_ptr_array_add(names, NULL);
	mistake_unknown(rd, n->pos, "machine", n->text, (const char *const *)names->pdata);
	g_ptr_array_free(names, TRUE);
}

static struct machine *machine_named(struct reader *rd, const struct node *n, const char *from,
				     u32 depth)
{
	struct machine *m = machine_builtin(n->text);
	const char *path;

	if (m)
		return m;
	if (strchr(n->text, '/') || g_str_has_suffix(n->text, ".yaml"))
		path = file_find(rd, n->text, from, "machines");
	else
		path = file_find(rd, arena_printf(rd->a, "%.200s.yaml", n->text), NULL, "machines");
	if (!path && from == NULL && g_file_test(n->text, G_FILE_TEST_IS_REGULAR))
		path = arena_intern(rd->a, n->text);
	if (!path) {
		unknown_machine(rd, n);
		return NULL;
	}
	return machine_file(rd, path, n->pos, depth);
}

static struct machine *machine_node(struct reader *rd, const struct node *n, const char *from,
				    u32 depth)
{
	if (depth > MAX_BASES) {
		mistake(rd, n->pos,
			"more than %d machines stand on each other with base:", MAX_BASES);
		return NULL;
	}
	if (n->kind == NODE_MAP)
		return machine_map(rd, n, NULL, depth, NULL);
	if (!expect_text(rd, n, "machine"))
		return NULL;
	return machine_named(rd, n, from, depth);
}

struct machine *machine_read(struct reader *rd, const struct node *n, const char *from)
{
	return machine_node(rd, n, from, 0);
}

struct machine *machine_load(const char *name, const char *const *search_path,
			     struct scn_errors *errors)
{
	struct scn_options opt = { .search_path = search_path };
	struct node n = { .kind = NODE_SCALAR, .unfolded = 1, .text = name };
	struct reader rd;
	struct machine *m;

	reader_init(&rd, NULL, &opt);
	n.pos.file = arena_printf(rd.a, "machine %.80s", name);
	m = *name ? machine_read(&rd, &n, NULL) : NULL;
	if (!m && !rd.mistakes->len)
		mistake(&rd, n.pos, "no such machine");
	reader_finish(&rd, errors);
	arena_free(rd.a);
	return m;
}
