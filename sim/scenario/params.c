/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Parameters: declared by any file of the scenario, then changed by the include's
 * `set:`, by `quick:` and by --set, in this order.
 */
#include "sim/scenario/reader.h"

#include <string.h>

static const char *const reserved[] = { "cpus",	    "nodes",	    "min",     "max",	  "fls",
					"roundup",  "zip",	    "variant", "machine", "seed",
					"duration", "replications", "sweep",   NULL };

static const char *const settings[] = { "machine", "duration", "replications", "seed", NULL };

bool is_identifier(const char *text)
{
	const char *p = text;

	if (!g_ascii_isalpha(*p) && *p != '_')
		return false;
	while (g_ascii_isalnum(*p) || *p == '_')
		p++;
	return !*p && p - text <= 64;
}

s32 param_find(const struct reader *rd, const char *name)
{
	return index_find(rd->param_index, name);
}

struct param_rows {
	const struct node *def, *min, *max;
	const char *about;
};

static const struct row param_rows[] = {
	{ "default", ROW_NODE, offsetof(struct param_rows, def), .required = true,
	  .help = "value unless a sweep, quick or --set gives another" },
	{ "min", ROW_NODE, offsetof(struct param_rows, min), .help = "least value" },
	{ "max", ROW_NODE, offsetof(struct param_rows, max), .help = "greatest value" },
	{ "about", ROW_TEXT, offsetof(struct param_rows, about), .help = "one line" },
};

static const struct table param_table = { "in a parameter", param_rows, ARRAY_SIZE(param_rows) };

static enum value_type unit_of(enum quantity q)
{
	return q == Q_TIME ? VT_TIME : q == Q_SIZE ? VT_SIZE : VT_INT;
}

static struct want param_want(const struct scn_param *p)
{
	return (struct want){ .type = p->unit, .min = p->min, .max = p->max, .what = p->name };
}

static void param_declare(struct reader *rd, const struct node *key, const struct node *n,
			  GArray *params)
{
	struct scn_param p = {
		.name = key->text, .min = INT64_MIN, .max = INT64_MAX, .pos = key->pos
	};
	struct param_rows rows = { .def = n };
	enum quantity q = Q_INT;
	struct want w;

	if (!is_identifier(key->text)) {
		mistake(rd, key->pos,
			"'%.80s' cannot be a parameter; allowed: letters, digits, '_', the first "
			"no "
			"digit",
			key->text);
		return;
	}
	if (choice_find(reserved, key->text) >= 0) {
		mistake(rd, key->pos, "'%s' has a meaning already, it cannot be a parameter",
			key->text);
		return;
	}
	if (param_find(rd, key->text) >= 0) {
		const struct scn_param *old =
			&g_array_index(params, struct scn_param, (u32)param_find(rd, key->text));

		if (old->pos.file != key->pos.file)
			mistake(rd, key->pos,
				"parameter '%s' is declared already in %s:%u; to give it another "
				"value use include: [{file: ..., set: {%s: ...}}]",
				key->text, old->pos.file, old->pos.line, key->text);
		return;
	}
	if (n->kind == NODE_MAP) {
		rows.def = NULL;
		map_read(rd, n, &param_table, &rows, NULL);
	}
	p.about = rows.about;
	if (rows.def)
		any_literal(rd, rows.def, p.name, &p.def, &q);
	p.unit = unit_of(q);
	w = (struct want){ p.unit, INT64_MIN, INT64_MAX, NULL, "min" };
	if (rows.min)
		literal_read(rd, rows.min, &w, &p.min);
	w.what = "max";
	if (rows.max)
		literal_read(rd, rows.max, &w, &p.max);
	if (p.min > p.max) {
		mistake(rd, rows.min->pos, "min of '%s' is above its max", p.name);
		p.min = INT64_MIN;
	}
	w = param_want(&p);
	if (rows.def && rows.def->kind == NODE_SCALAR && (p.def < p.min || p.def > p.max))
		literal_read(rd, rows.def, &w, &p.def);
	g_array_append_val(params, p);
	index_add(rd->param_index, p.name, params->len - 1);
}

/* Give parameter @key the value @n if @n is right for it. */
static void param_set(struct reader *rd, const struct node *key, const struct node *n)
{
	s32 i = param_find(rd, key->text);
	struct scn_param *p;
	struct want w;

	if (i < 0) {
		mistake_unknown(rd, key->pos, "parameter", key->text, rd->param_names);
		return;
	}
	p = &rd->s->params[i];
	w = param_want(p);
	if (p->unit == VT_INT && n->kind == NODE_SCALAR &&
	    (!strcmp(n->text, "true") || !strcmp(n->text, "false")))
		p->def = n->text[0] == 't';
	else
		literal_read(rd, n, &w, &p->def);
	rd->base_params[i] = p->def;
}

void params_read(struct reader *rd)
{
	GArray *params = g_array_new(FALSE, FALSE, sizeof(struct scn_param));
	const char **names;

	for (u32 d = 0; d < rd->nr_docs; d++) {
		const struct node *n = node_get(rd->docs[d].root, "params");

		if (!n || node_is_null(n) || !expect_map(rd, n, "params"))
			continue;
		for (u32 i = 0; i < n->nr; i++)
			param_declare(rd, node_key(n, i), node_value(n, i), params);
	}
	rd->s->nr_params = params->len;
	rd->s->params = arena_copy(rd->a, params->data, params->len * sizeof(struct scn_param));
	rd->s->scale_param = param_find(rd, "scale");
	names = arena_alloc(rd->a, (params->len + 1) * sizeof(*names));
	rd->base_params = arena_alloc(rd->a, (params->len + 1) * sizeof(s64));
	for (u32 i = 0; i < params->len; i++) {
		names[i] = rd->s->params[i].name;
		rd->base_params[i] = rd->s->params[i].def;
	}
	rd->param_names = names;
	rd->env.params = rd->base_params;
	g_array_free(params, TRUE);
	for (u32 d = 0; d < rd->nr_docs; d++) {
		const struct node *set = rd->docs[d].set;

		for (u32 i = 0; set && i < set->nr; i++)
			param_set(rd, node_key(set, i), node_value(set, i));
	}
}

/* ---- quick and --set ------------------------------------------------------ */

/* The value of one --set as a node that is positioned by its own text. */
static struct node *set_node(struct reader *rd, const char *set, const char *text)
{
	struct node *n = arena_alloc(rd->a, sizeof(*n));

	n->kind = NODE_SCALAR;
	n->unfolded = 1;
	n->text = arena_intern(rd->a, text);
	n->pos.file = arena_printf(rd->a, "--set %s", set);
	return n;
}

static void quick_apply(struct reader *rd, struct top *top)
{
	const struct node *q = top->quick;

	for (u32 i = 0; i < q->nr; i++) {
		const struct node *key = node_key(q, i), *n = node_value(q, i);

		if (!strcmp(key->text, "replications"))
			top->replications = n;
		else if (!strcmp(key->text, "duration"))
			top->duration = n;
		else if (strcmp(key->text, "sweep"))
			param_set(rd, key, n);
	}
}

/* Without --quick its names are still checked. */
static void quick_check(struct reader *rd, const struct node *q)
{
	static const char *const own[] = { "replications", "duration", "sweep", NULL };
	const struct want duration = { VT_TIME, 1, INT64_MAX, NULL, "duration" };
	const struct want replications = { VT_INT, 1, 1000000, NULL, "replications" };
	s64 v;

	for (u32 i = 0; i < q->nr; i++) {
		const struct node *key = node_key(q, i), *n = node_value(q, i);
		s32 p = param_find(rd, key->text);

		if (p >= 0) {
			struct want w = param_want(&rd->s->params[p]);

			if (n->kind != NODE_SCALAR ||
			    (strcmp(n->text, "true") && strcmp(n->text, "false")))
				literal_read(rd, n, &w, &v);
			continue;
		}
		if (!strcmp(key->text, "duration"))
			literal_read(rd, n, &duration, &v);
		else if (!strcmp(key->text, "replications") && n->kind != NODE_MAP)
			literal_read(rd, n, &replications, &v);
		if (choice_find(own, key->text) < 0) {
			GPtrArray *names = g_ptr_array_new();

			for (u32 k = 0; own[k]; k++)
				g_ptr_array_add(names, (void *)own[k]);
			for (u32 k = 0; k < rd->s->nr_params; k++)
				g_ptr_array_add(names, (void *)rd->param_names[k]);
			g_ptr_array_add(names, NULL);
			mistake_unknown(rd, key->pos, "key or parameter in quick", key->text,
					(const char *const *)names->pdata);
			g_ptr_array_free(names, TRUE);
		}
	}
}

static void set_apply(struct reader *rd, struct top *top, const char *set)
{
	const char *eq = strchr(set, '=');
	struct node *key, *value;
	char *name;

	if (!eq || eq == set) {
		mistake(rd, set_node(rd, set, "")->pos,
			"must be key=value, the key a parameter or one of machine, duration, "
			"replications, seed");
		return;
	}
	name = g_strndup(set, (gsize)(eq - set));
	key = set_node(rd, set, name);
	value = set_node(rd, set, eq + 1);
	if (!strcmp(name, "machine")) {
		top->machine = value;
	} else if (!strcmp(name, "duration")) {
		top->duration = value;
	} else if (!strcmp(name, "replications")) {
		top->replications = value;
	} else if (!strcmp(name, "seed")) {
		top->seed = value;
	} else if (param_find(rd, name) >= 0) {
		param_set(rd, key, value);
	} else {
		GPtrArray *names = g_ptr_array_new();

		for (u32 i = 0; i < rd->s->nr_params; i++)
			g_ptr_array_add(names, (void *)rd->param_names[i]);
		for (u32 i = 0; settings[i]; i++)
			g_ptr_array_add(names, (void *)settings[i]);
		g_ptr_array_add(names, NULL);
		mistake_unknown(rd, key->pos, "parameter", name, (const char *const *)names->pdata);
		g_ptr_array_free(names, TRUE);
	}
	g_free(name);
}

void changes_apply(struct reader *rd, struct top *top)
{
	const char *const *set = rd->opt->sets;

	if (top->quick && !expect_map(rd, top->quick, "quick"))
		top->quick = NULL;
	if (top->quick)
		quick_check(rd, top->quick);
	if (top->quick && rd->opt->quick)
		quick_apply(rd, top);
	for (; set && *set; set++)
		set_apply(rd, top, *set);
}

const struct node *set_find(struct reader *rd, const char *key)
{
	const char *const *set = rd->opt->sets;
	const struct node *found = NULL;
	size_t len = strlen(key);

	for (; set && *set; set++)
		if (!strncmp(*set, key, len) && (*set)[len] == '=')
			found = set_node(rd, *set, *set + len + 1);
	return found;
}
