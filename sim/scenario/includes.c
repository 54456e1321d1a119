/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Includes: workload files bring parameters, threads, objects, events and
 * cgroups. Each file is read once; a file that includes itself is refused.
 */
#include "sim/scenario/reader.h"

#include <string.h>

struct include {
	const char *file;
	const struct node *set;
};

static const struct row include_rows[] = {
	{ "file", ROW_TEXT, offsetof(struct include, file), .required = true,
	  .help = "workload file" },
	{ "set", ROW_NODE, offsetof(struct include, set), .help = "parameters of that file" },
};

static const struct table include_table = { "in an include", include_rows,
					    ARRAY_SIZE(include_rows) };

static const char *const workload_keys[] = { "about",	"include", "params", "cgroups",
					     "objects", "threads", "events", NULL };

static void doc_read(struct reader *rd, const char *path, struct srcpos asked_at,
		     const struct node *set, const char **chain, u32 nr_chain);

static void include_one(struct reader *rd, const struct node *n, const char *from,
			const char **chain, u32 nr_chain)
{
	struct include in = { 0 };
	const char *path;

	if (n->kind == NODE_SCALAR)
		in.file = expect_text(rd, n, "an include");
	else if (!map_read(rd, n, &include_table, &in, NULL))
		return;
	if (!in.file)
		return;
	if (in.set && !expect_map(rd, in.set, "set"))
		in.set = NULL;
	path = file_find(rd, in.file, from, NULL);
	if (!path) {
		mistake(rd, n->pos, "no file '%s' beside this one or in the scenario folders",
			in.file);
		return;
	}
	for (u32 i = 0; i < nr_chain; i++) {
		if (!strcmp(chain[i], path)) {
			mistake(rd, n->pos, "'%s' includes itself", path);
			return;
		}
	}
	for (u32 i = 0; i < rd->nr_docs; i++) {
		if (!strcmp(rd->docs[i].path, path)) {
			mistake(rd, n->pos, "'%s' is included twice", path);
			return;
		}
	}
	doc_read(rd, path, n->pos, in.set, chain, nr_chain);
}

static void doc_read(struct reader *rd, const char *path, struct srcpos asked_at,
		     const struct node *set, const char **chain, u32 nr_chain)
{
	const struct node *root, *list;
	struct doc *doc;

	if (nr_chain == MAX_FILES || rd->nr_docs == MAX_FILES) {
		mistake(rd, asked_at, "more than %d files", MAX_FILES);
		return;
	}
	root = yaml_read(rd, path, asked_at);
	if (root && !expect_map(rd, root, "a scenario file"))
		root = NULL;
	doc = &rd->docs[rd->nr_docs++];
	doc->path = arena_intern(rd->a, path);
	doc->root = root;
	doc->set = set;
	if (!root)
		return;
	for (u32 i = 0; nr_chain && i < root->nr; i++)
		if (choice_find(workload_keys, node_key(root, i)->text) < 0)
			mistake_unknown(rd, node_key(root, i)->pos, "key in an included file",
					node_key(root, i)->text, workload_keys);
	list = node_get(root, "include");
	if (!list || node_is_null(list))
		return;
	chain[nr_chain++] = doc->path;
	if (list->kind == NODE_SCALAR) {
		include_one(rd, list, path, chain, nr_chain);
		return;
	}
	if (!expect_list(rd, list, "include"))
		return;
	for (u32 i = 0; i < list->nr; i++)
		include_one(rd, list->items[i], path, chain, nr_chain);
}

void includes_read(struct reader *rd, const char *path)
{
	const char *chain[MAX_FILES];

	doc_read(rd, path, (struct srcpos){ arena_intern(rd->a, path), 0, 0 }, NULL, chain, 0);
}
