/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libyaml events to a tree of nodes. Bounded: depth, number of nodes after all
 * aliases are unfolded, one document. An alias inside the node it names, and a
 * key that comes twice, are mistakes.
 */
#include "sim/scenario/reader.h"

#include <string.h>
#include <yaml.h>

#define MAX_GLUED 1000 /* bytes of a text with commas in parentheses */
#define FEW_KEYS 16 /* compared each with each */

/* A container that is still open. */
struct open_node {
	struct node *n;
	u32 first; /* of its items among those of all that are open */
	const char *anchor;
	bool flow; /* written {...} or [...] */
};

struct build {
	struct reader *rd;
	const char *file;
	yaml_parser_t parser;
	struct open_node stack[MAX_DEPTH];
	u32 depth;
	GPtrArray *items; /* of all open containers, the innermost last */
	GHashTable *anchors; /* name -> struct node; NULL while it is open */
	struct node *root;
	u32 docs;
	bool failed;
};

static struct srcpos mark_pos(const struct build *b, yaml_mark_t mark)
{
	return (struct srcpos){ b->file, (u32)mark.line + 1, (u32)mark.column + 1 };
}

static void fail(struct build *b, struct srcpos pos, const char *why)
{
	mistake(b->rd, pos, "%s", why);
	b->failed = true;
}

/* @n is complete: hang it into the open container. */
static void attach(struct build *b, struct node *n, struct srcpos pos)
{
	struct open_node *top = b->depth ? &b->stack[b->depth - 1] : NULL;

	if (n->unfolded > MAX_NODES - b->rd->nodes) {
		fail(b, pos, "the file unfolds to too many values (more than 1,000,000)");
		return;
	}
	b->rd->nodes += n->unfolded;
	if (!top) {
		b->root = n;
		return;
	}
	if (b->depth + n->height > MAX_DEPTH) {
		fail(b, pos, "nested too deeply (more than 64 levels)");
		return;
	}
	if (top->n->kind == NODE_MAP && (b->items->len - top->first) % 2 == 0 &&
	    n->kind != NODE_SCALAR) {
		fail(b, pos, "a key must be a plain word, not a map or list");
		return;
	}
	g_ptr_array_add(b->items, n);
	top->n->unfolded += n->unfolded;
	if (top->n->height < n->height + 1)
		top->n->height = (u16)(n->height + 1);
}

/* Tags such as !!int would change what a text means. */
static void refuse_tag(struct build *b, const yaml_char_t *tag, struct srcpos pos)
{
	if (tag)
		fail(b, pos,
		     arena_printf(b->rd->a, "tags are not understood ('%.40s')",
				  (const char *)tag));
}

static struct node *node_new(struct build *b, enum node_kind kind, yaml_mark_t mark,
			     const yaml_char_t *anchor, const yaml_char_t *tag)
{
	struct node *n = arena_alloc(b->rd->a, sizeof(*n));

	n->kind = kind;
	n->unfolded = 1;
	n->pos = mark_pos(b, mark);
	refuse_tag(b, tag, n->pos);
	if (anchor)
		g_hash_table_insert(b->anchors,
				    (void *)arena_intern(b->rd->a, (const char *)anchor),
				    kind == NODE_SCALAR ? n : NULL);
	return n;
}

static void on_scalar(struct build *b, const yaml_event_t *ev)
{
	struct node *n = node_new(b, NODE_SCALAR, ev->start_mark, ev->data.scalar.anchor,
				  ev->data.scalar.tag);
	const char *text = (const char *)ev->data.scalar.value;
	size_t len = ev->data.scalar.length;

	if (memchr(text, 0, len)) {
		fail(b, n->pos, "a zero byte in a text");
		return;
	}
	/* Long texts are not worth sharing. */
	n->text = len < 64 ? arena_share(b->rd->a, text, len) : arena_copy(b->rd->a, text, len + 1);
	n->quoted = ev->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
	attach(b, n, n->pos);
}

static void on_open(struct build *b, enum node_kind kind, const yaml_event_t *ev)
{
	bool map = kind == NODE_MAP;
	const yaml_char_t *anchor =
		map ? ev->data.mapping_start.anchor : ev->data.sequence_start.anchor;
	const yaml_char_t *tag = map ? ev->data.mapping_start.tag : ev->data.sequence_start.tag;
	struct node *n = node_new(b, kind, ev->start_mark, anchor, tag);
	struct open_node *o;

	if (b->depth == MAX_DEPTH) {
		fail(b, n->pos, "nested too deeply (more than 64 levels)");
		return;
	}
	o = &b->stack[b->depth++];
	o->n = n;
	o->first = b->items->len;
	o->anchor = anchor ? arena_intern(b->rd->a, (const char *)anchor) : NULL;
	o->flow = map ? ev->data.mapping_start.style == YAML_FLOW_MAPPING_STYLE :
			ev->data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE;
}

/* Parentheses of a plain scalar that are still open at its end. */
static int open_parens(const struct node *n)
{
	int open = 0;

	if (n->kind != NODE_SCALAR || n->quoted)
		return 0;
	for (const char *p = n->text; *p; p++)
		open += (*p == '(') - (*p == ')');
	return open;
}

static struct node *glued(struct build *b, const struct node *left, const struct node *right)
{
	struct node *n = arena_copy(b->rd->a, left, sizeof(*left));

	n->text = arena_printf(b->rd->a, "%s, %s", left->text, right->text);
	return n;
}

/*
 * YAML splits {r: uniform(0, 255)} at the comma into `r: uniform(0` and a key
 * `255)` without a value, [exp(1, 2)] likewise: put together what parentheses
 * hold together. @from: the first item of the container.
 */
static void glue(struct build *b, u32 from, bool map)
{
	GPtrArray *items = b->items;
	u32 stride = map ? 2 : 1, kept = from;

	for (u32 i = from; i < items->len; i += stride) {
		struct node *last = items->pdata[i + stride - 1];
		u32 next = i + stride;

		while (next < items->len && open_parens(last) > 0) {
			const struct node *more = items->pdata[next];

			if (more->kind != NODE_SCALAR || more->quoted ||
			    strlen(last->text) > MAX_GLUED ||
			    (map && !node_is_null(items->pdata[next + 1])))
				break;
			last = glued(b, last, more);
			next += stride;
		}
		items->pdata[kept] = items->pdata[i];
		items->pdata[kept + stride - 1] = last;
		kept += stride;
		i = next - stride;
	}
	g_ptr_array_set_size(items, (int)kept);
}

static void comes_twice(struct build *b, struct node *n, u32 i, const struct node *first)
{
	const struct node *k = node_key(n, i);

	mistake(b->rd, k->pos, "key '%.80s' comes twice, first in line %u", k->text,
		first->pos.line);
	n->unclean = true;
}

static void check_many_keys(struct build *b, struct node *n)
{
	GHashTable *keys = g_hash_table_new(g_str_hash, g_str_equal);

	for (u32 i = 0; i < n->nr; i++) {
		const struct node *k = node_key(n, i), *first = g_hash_table_lookup(keys, k->text);

		if (first)
			comes_twice(b, n, i, first);
		else
			g_hash_table_insert(keys, (void *)k->text, (void *)k);
	}
	g_hash_table_destroy(keys);
}

/* Report every key of @n that comes twice. */
static void check_keys(struct build *b, struct node *n)
{
	u32 i, j;

	if (n->nr > FEW_KEYS) {
		check_many_keys(b, n);
		return;
	}
	for (i = 1; i < n->nr; i++) {
		for (j = 0; j < i && strcmp(node_key(n, j)->text, node_key(n, i)->text); j++)
			;
		if (j < i)
			comes_twice(b, n, i, node_key(n, j));
	}
}

static void on_close(struct build *b)
{
	struct open_node *o = &b->stack[--b->depth];
	struct node *n = o->n;
	u32 len;

	if (o->flow)
		glue(b, o->first, n->kind == NODE_MAP);
	len = b->items->len - o->first;
	n->nr = n->kind == NODE_MAP ? len / 2 : len;
	n->items = arena_copy(b->rd->a, b->items->pdata + o->first, len * sizeof(*n->items));
	g_ptr_array_set_size(b->items, (int)o->first);
	if (n->kind == NODE_MAP)
		check_keys(b, n);
	if (o->anchor)
		g_hash_table_insert(b->anchors, (void *)o->anchor, n);
	/* attach() counts the node once more with all it holds */
	b->rd->nodes -= n->unfolded - 1;
	attach(b, n, n->pos);
}

static void on_alias(struct build *b, const yaml_event_t *ev)
{
	const char *name = (const char *)ev->data.alias.anchor;
	struct srcpos pos = mark_pos(b, ev->start_mark);
	void *found;

	if (!g_hash_table_lookup_extended(b->anchors, name, NULL, &found))
		fail(b, pos, arena_printf(b->rd->a, "alias '*%.80s' without an anchor", name));
	else if (!found)
		fail(b, pos, arena_printf(b->rd->a, "alias '*%.80s' inside what it names", name));
	else
		attach(b, found, pos);
}

static void on_problem(struct build *b)
{
	const yaml_parser_t *p = &b->parser;

	bool flow = p->context && strstr(p->context, "flow");

	mistake(b->rd, mark_pos(b, p->problem_mark), "not valid YAML: %s%s%s%s",
		p->context ? p->context : "", p->context ? ": " : "",
		p->problem ? p->problem : "not readable",
		flow ? " (inside {...} and [...] write \"${...}\" with quotes)" : "");
	b->failed = true;
}

static void on_event(struct build *b, const yaml_event_t *ev)
{
	switch (ev->type) {
	case YAML_DOCUMENT_START_EVENT:
		if (b->docs++)
			fail(b, mark_pos(b, ev->start_mark),
			     "a second document; a file holds one only");
		break;
	case YAML_SCALAR_EVENT:
		on_scalar(b, ev);
		break;
	case YAML_SEQUENCE_START_EVENT:
		on_open(b, NODE_LIST, ev);
		break;
	case YAML_MAPPING_START_EVENT:
		on_open(b, NODE_MAP, ev);
		break;
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		on_close(b);
		break;
	case YAML_ALIAS_EVENT:
		on_alias(b, ev);
		break;
	default:
		break;
	}
}

/* One event; false at the end of the file or after a mistake that stops reading. */
static bool step(struct build *b)
{
	yaml_event_t ev;
	bool more;

	if (!yaml_parser_parse(&b->parser, &ev)) {
		on_problem(b);
		return false;
	}
	more = ev.type != YAML_STREAM_END_EVENT;
	on_event(b, &ev);
	yaml_event_delete(&ev);
	return more && !b->failed;
}

const struct node *yaml_read(struct reader *rd, const char *path, struct srcpos asked_at)
{
	struct build b = { .rd = rd, .file = arena_intern(rd->a, path) };
	size_t len;
	char *text = file_read(rd, path, asked_at, &len);

	if (!text)
		return NULL;
	if (!yaml_parser_initialize(&b.parser)) {
		mistake(rd, asked_at, "out of memory");
		g_free(text);
		return NULL;
	}
	yaml_parser_set_encoding(&b.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&b.parser, (const unsigned char *)text, len);
	b.anchors = g_hash_table_new(g_str_hash, g_str_equal);
	b.items = g_ptr_array_new();
	while (step(&b))
		;
	g_ptr_array_free(b.items, TRUE);
	g_hash_table_destroy(b.anchors);
	yaml_parser_delete(&b.parser);
	g_free(text);
	if (!b.failed && !b.root)
		mistake(rd, (struct srcpos){ b.file, 1, 1 }, "the file is empty");
	return b.failed ? NULL : b.root;
}

/* ---- small questions about nodes ----------------------------------------- */

const struct node *node_get(const struct node *map, const char *key)
{
	if (!map || map->kind != NODE_MAP)
		return NULL;
	for (u32 i = 0; i < map->nr; i++)
		if (!strcmp(node_key(map, i)->text, key))
			return node_value(map, i);
	return NULL;
}

bool node_is_null(const struct node *n)
{
	return n->kind == NODE_SCALAR && !n->quoted &&
	       (!*n->text || !strcmp(n->text, "~") || !strcmp(n->text, "null"));
}

const char *node_what(struct scn_arena *a, const struct node *n)
{
	if (n->kind == NODE_MAP)
		return "a map";
	if (n->kind == NODE_LIST)
		return "a list";
	if (node_is_null(n))
		return "nothing";
	return arena_printf(a, "'%.60s'", n->text);
}
