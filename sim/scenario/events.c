/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The world around the threads: memory cgroups, and events that happen to it at
 * a time. Kinds and their arguments are rows of a table.
 */
#include "sim/scenario/reader.h"

#include <string.h>

/* ---- cgroups -------------------------------------------------------------------- */

const char *const scn_limit_names[] = { "memory.max", "memory.high",	 "memory.low",
					"memory.min", "memory.swap.max", NULL };

struct cgroup_rows {
	const char *name, *parent;
	const struct node *limits[SCN_NR_LIMITS];
	s64 count;
};

#define LIMIT(k, i)                                                                              \
	{                                                                                        \
		k, ROW_NODE, offsetof(struct cgroup_rows, limits) + (i) * sizeof(struct node *), \
			.help = "bytes, or max"                                                  \
	}

static const struct row cgroup_rows[] = {
	{ "name", ROW_NAME, offsetof(struct cgroup_rows, name), .required = true,
	  .help = "of the cgroup" },
	{ "parent", ROW_TEXT, offsetof(struct cgroup_rows, parent), .help = "cgroup above it" },
	{ "count", ROW_INT, offsetof(struct cgroup_rows, count), .min = 1, .max = 1000000,
	  .help = "that many of them" },
	LIMIT("memory.max", 0),
	LIMIT("memory.high", 1),
	LIMIT("memory.low", 2),
	LIMIT("memory.min", 3),
	LIMIT("memory.swap.max", 4),
};

static const struct table cgroup_table = { "in a cgroup", cgroup_rows, ARRAY_SIZE(cgroup_rows) };

static struct expr *limit_read(struct reader *rd, const struct node *n, const char *what)
{
	struct want w = { .type = VT_SIZE, .max = INT64_MAX, .what = what };

	if (n->kind == NODE_SCALAR && !strcmp(n->text, "max"))
		return NULL;
	return value_read(rd, n, &w, NULL);
}

static void cgroup_read(struct reader *rd, const struct node *n, const char **names)
{
	struct scn_cgroup *c = &rd->s->cgroups[rd->s->nr_cgroups];
	struct cgroup_rows rows = { .count = 1 };

	if (!map_read(rd, n, &cgroup_table, &rows, NULL) || !rows.name)
		return;
	c->name = rows.name;
	c->pos = n->pos;
	c->parent = -1;
	c->count = (u32)rows.count;
	for (u32 i = 0; i < SCN_NR_LIMITS; i++)
		if (rows.limits[i])
			c->limits[i] = limit_read(rd, rows.limits[i], scn_limit_names[i]);
	if (choice_find(names, c->name) >= 0) {
		mistake(rd, node_get(n, "name")->pos, "a second cgroup '%s'", c->name);
		return;
	}
	if (rows.parent)
		c->parent = choice_find(names, rows.parent);
	if (rows.parent && c->parent < 0)
		mistake_unknown(rd, node_get(n, "parent")->pos,
				"cgroup (parents come before their children)", rows.parent, names);
	names[rd->s->nr_cgroups++] = c->name;
}

void cgroups_read(struct reader *rd)
{
	const char **names;
	u32 total = 0;

	for (u32 d = 0; d < rd->nr_docs; d++) {
		const struct node *n = node_get(rd->docs[d].root, "cgroups");

		total += n ? n->nr : 0;
	}
	names = arena_alloc(rd->a, (total + 1) * sizeof(*names));
	rd->s->cgroups = arena_alloc(rd->a, (total + 1) * sizeof(*rd->s->cgroups));
	/* What a file includes comes before it. */
	for (u32 d = rd->nr_docs; d--;) {
		const struct node *n = node_get(rd->docs[d].root, "cgroups");

		if (!n || node_is_null(n) || !expect_short_list(rd, n, "cgroups"))
			continue;
		for (u32 i = 0; i < n->nr; i++)
			cgroup_read(rd, n->items[i], names);
	}
	rd->cgroup_names = names;
}

/* ---- events ---------------------------------------------------------------------- */

enum event_arg_type {
	EV_CGROUP,
	EV_LIMIT_FILE,
	EV_LIMIT,
	EV_SIZE,
	EV_TIME,
	EV_NODE,
	EV_CPU,
	EV_COUNT,
	EV_NTH,
	EV_SHARE,
	EV_ALLOC_KIND
};

struct event_arg {
	const char *name;
	enum event_arg_type type;
	bool required;
};

static const struct event_kind {
	const char *name;
	struct event_arg args[6];
} event_kinds[] = {
	{ "write_limit",
	  { { "cgroup", EV_CGROUP, true },
	    { "file", EV_LIMIT_FILE, true },
	    { "value", EV_LIMIT, true } } },
	{ "cgroup_remove", { { "cgroup", EV_CGROUP, true } } },
	{ "memory_pressure",
	  { { "bytes", EV_SIZE, true },
	    { "node", EV_NODE, false },
	    { "cgroup", EV_CGROUP, false },
	    { "during", EV_TIME, false } } },
	{ "cpu_offline", { { "cpu", EV_CPU, true } } },
	{ "cpu_online", { { "cpu", EV_CPU, true } } },
	{ "fail_alloc",
	  { { "after", EV_COUNT, false },
	    { "every", EV_NTH, false },
	    { "count", EV_NTH, false },
	    { "kind", EV_ALLOC_KIND, false },
	    { "share", EV_SHARE, false },
	    { "during", EV_TIME, false } } },
};

/* Allocations that fail_alloc tells apart. */
static const char *const alloc_kinds[] = { "any", "pages", "slab", "kmalloc", NULL };

static const char *share_text(struct reader *rd, const char *name, const struct node *n)
{
	const char *why = "not a share";
	enum quantity q = Q_INT;
	GString *text;
	const char *out;
	s64 v = 0;

	if (n->kind == NODE_SCALAR)
		why = number_parse(n->text, &v, &q);
	if (why || (q != Q_PERCENT && q != Q_DECIMAL) || v < 1 || v > 1000) {
		mistake(rd, n->pos, "%s must be 0.1%% to 100%%, not %s", name, node_what(rd->a, n));
		return NULL;
	}
	text = g_string_new(NULL);
	number_print(text, v, Q_PERCENT);
	out = arena_printf(rd->a, "%s", text->str);
	g_string_free(text, TRUE);
	return out;
}

/* Checked text of one argument, times and sizes in base units; NULL after a mistake. */
static const char *arg_text(struct reader *rd, const struct event_arg *a, const struct node *n)
{
	struct want w = { .type = VT_INT, .max = INT64_MAX, .what = a->name };
	s64 v;

	if (a->type == EV_SHARE)
		return share_text(rd, a->name, n);
	if (a->type == EV_CGROUP || a->type == EV_LIMIT_FILE || a->type == EV_ALLOC_KIND) {
		const char *const *names = a->type == EV_CGROUP	    ? rd->cgroup_names :
					   a->type == EV_ALLOC_KIND ? alloc_kinds :
								      scn_limit_names;
		const char *text = expect_text(rd, n, a->name);

		if (text && choice_find(names, text) < 0) {
			mistake_unknown(rd, n->pos, a->name, text, names);
			return NULL;
		}
		return text;
	}
	if (a->type == EV_LIMIT && n->kind == NODE_SCALAR && !strcmp(n->text, "max"))
		return "max";
	if (a->type == EV_LIMIT || a->type == EV_SIZE)
		w.type = VT_SIZE;
	else if (a->type == EV_TIME)
		w.type = VT_TIME;
	else if (a->type == EV_NTH)
		w.min = 1;
	else if (a->type == EV_CPU)
		w.max = rd->env.cpus - 1;
	else if (a->type == EV_NODE)
		w.max = rd->env.nodes - 1;
	if (!literal_read(rd, n, &w, &v))
		return NULL;
	return arena_printf(rd->a, "%lld", (long long)v);
}

static void args_read(struct reader *rd, const struct event_kind *k, const struct node *key,
		      const struct node *n, GHashTable *args)
{
	const char *names[ARRAY_SIZE(k->args) + 1] = { 0 };
	bool single = k->args[0].required && !k->args[1].name;

	if (single && n->kind == NODE_SCALAR && !node_is_null(n)) {
		const char *text = arg_text(rd, &k->args[0], n);

		if (text)
			g_hash_table_insert(args, (void *)k->args[0].name, (void *)text);
		return;
	}
	for (u32 i = 0; i < ARRAY_SIZE(k->args) && k->args[i].name; i++) {
		const struct node *v = node_get(n, k->args[i].name);
		const char *text = v ? arg_text(rd, &k->args[i], v) : NULL;

		names[i] = k->args[i].name;
		if (text)
			g_hash_table_insert(args, (void *)k->args[i].name, (void *)text);
		else if (!v && k->args[i].required && n->kind == NODE_MAP)
			mistake(rd, key->pos, "%s needs '%s'", k->name, k->args[i].name);
	}
	if (g_hash_table_contains(args, "share") && g_hash_table_contains(args, "every"))
		mistake(rd, key->pos, "%s takes either 'share' or 'every'", k->name);
	if (g_hash_table_contains(args, "node") && g_hash_table_contains(args, "cgroup"))
		mistake(rd, key->pos, "%s takes either 'node' or 'cgroup'", k->name);
	for (u32 i = 0; n->kind == NODE_MAP && i < n->nr; i++)
		if (choice_find(names, node_key(n, i)->text) < 0)
			mistake_unknown(rd, node_key(n, i)->pos,
					arena_printf(rd->a, "argument of %s", k->name),
					node_key(n, i)->text, names);
	if (n->kind != NODE_MAP)
		mistake(rd, n->pos, "%s takes its arguments as a map, not %s", k->name,
			node_what(rd->a, n));
}

static void free_table(void *t)
{
	g_hash_table_destroy(t);
}

static const struct event_kind *kind_of(struct reader *rd, const struct node *key)
{
	const char *names[ARRAY_SIZE(event_kinds) + 2] = { "at" };

	for (u32 i = 0; i < ARRAY_SIZE(event_kinds); i++) {
		if (!strcmp(event_kinds[i].name, key->text))
			return &event_kinds[i];
		names[i + 1] = event_kinds[i].name;
	}
	mistake_unknown(rd, key->pos, "event", key->text, names);
	return NULL;
}

static void event_read(struct reader *rd, const struct node *n, GArray *events)
{
	struct want w = { .type = VT_TIME, .max = INT64_MAX, .what = "at" };
	struct scn_event e = { .pos = n->pos };
	bool found = false;
	s64 at = 0;
	u32 kinds = 0;

	if (!expect_map(rd, n, "an event"))
		return;
	e.args = g_hash_table_new(g_str_hash, g_str_equal);
	arena_defer(rd->a, free_table, e.args);
	if (node_get(n, "at"))
		literal_read(rd, node_get(n, "at"), &w, &at);
	else
		mistake(rd, n->pos, "key 'at' is missing in an event (time, such as 10ms)");
	e.at = (u64)at;
	for (u32 i = 0; i < n->nr; i++) {
		const struct event_kind *k;

		if (!strcmp(node_key(n, i)->text, "at"))
			continue;
		k = kind_of(rd, node_key(n, i));
		found = true;
		if (!k)
			continue;
		e.kind = k->name;
		args_read(rd, k, node_key(n, i), node_value(n, i), e.args);
		if (kinds++)
			mistake(rd, node_key(n, i)->pos,
				"one event is one thing; '%s' needs an "
				"entry of its own",
				k->name);
	}
	if (!found)
		mistake(rd, n->pos, "an event without a kind, such as cpu_offline: {cpu: 1}");
	g_array_append_val(events, e);
}

void events_read(struct reader *rd)
{
	GArray *events = g_array_new(FALSE, FALSE, sizeof(struct scn_event));

	for (u32 d = 0; d < rd->nr_docs; d++) {
		const struct node *n = node_get(rd->docs[d].root, "events");

		if (!n || node_is_null(n) || !expect_list(rd, n, "events"))
			continue;
		for (u32 i = 0; i < n->nr; i++)
			event_read(rd, n->items[i], events);
	}
	rd->s->nr_events = events->len;
	rd->s->events = arena_copy(rd->a, events->data, events->len * sizeof(struct scn_event));
	g_array_free(events, TRUE);
}
