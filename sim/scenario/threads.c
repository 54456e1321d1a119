/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Thread groups: how many threads, on which CPUs, doing what. Names of groups are
 * known before any steps are read, so that `spawn` can look ahead.
 */
#include "sim/scenario/reader.h"

#include <stdlib.h>
#include <string.h>

#define MAX_SET 65536

struct group_rows {
	const char *name, *about, *cgroup;
	const struct node *count, *cpus, *mems, *steps, *jitter;
	s64 keeps;
};

static const struct row group_rows[] = {
	{ "name", ROW_NAME, offsetof(struct group_rows, name), .required = true,
	  .help = "of the group" },
	{ "about", ROW_TEXT, offsetof(struct group_rows, about), .help = "one line" },
	{ "count", ROW_NODE, offsetof(struct group_rows, count), .help = "threads, default 1" },
	{ "cpus", ROW_NODE, offsetof(struct group_rows, cpus),
	  .help = "all, 0-15, [0, 4], per-node, per-llc or per-core" },
	{ "mems", ROW_NODE, offsetof(struct group_rows, mems), .help = "all, local or nodes" },
	{ "cgroup", ROW_TEXT, offsetof(struct group_rows, cgroup), .help = "of its memory" },
	{ "jitter", ROW_NODE, offsetof(struct group_rows, jitter),
	  .help = "of constant think times, default 5%" },
	{ "keeps", ROW_BOOL, offsetof(struct group_rows, keeps),
	  .help = "what a thread still has when it ends is no leak" },
	{ "do", ROW_NODE, offsetof(struct group_rows, steps), .required = true, .help = "steps" },
};

static const struct table group_table = { "in a thread group", group_rows, ARRAY_SIZE(group_rows) };

static const char *const placements[] = { "all", "per-node", "per-llc", "per-core", NULL };

/* ---- sets of numbers: 0-15,32 or [0, 4, "8-11"] ------------------------------- */

/*
 * With --set machine=, the author of the list did not know the machine: numbers that it does
 * not have wrap around.
 */
static bool range_add(struct reader *rd, const struct node *n, const char *text, u32 limit,
		      const char *what, GArray *out)
{
	char **parts = g_strsplit(text, ",", -1);
	bool wrap = set_find(rd, "machine") != NULL;
	bool ok = true;

	for (u32 i = 0; ok && parts[i]; i++) {
		const char *p = g_strstrip(parts[i]);
		char *end;
		u64 lo, hi;

		ok = g_ascii_isdigit(*p);
		lo = hi = g_ascii_strtoull(p, &end, 10);
		if (ok && *end == '-' && g_ascii_isdigit(end[1]))
			hi = g_ascii_strtoull(end + 1, &end, 10);
		ok = ok && !*end && lo <= hi;
		if (ok && hi >= limit && !wrap) {
			mistake(rd, n->pos, "%s %llu does not exist; the machine has 0 to %u", what,
				(unsigned long long)hi, limit - 1);
			g_strfreev(parts);
			return false;
		}
		if (ok && out->len + (hi - lo) >= MAX_SET) {
			mistake(rd, n->pos, "more than %d %ss in a list", MAX_SET, what);
			g_strfreev(parts);
			return false;
		}
		for (u64 k = lo; ok && k <= hi; k++) {
			u32 v = (u32)(wrap ? k % limit : k);

			g_array_append_val(out, v);
		}
	}
	if (!ok)
		mistake(rd, n->pos, "'%.60s' is no list of numbers like 0-15,32", text);
	g_strfreev(parts);
	return ok;
}

/* Numbers below @limit as written in @n. */
static bool set_read(struct reader *rd, const struct node *n, u32 limit, const char *what,
		     GArray *out)
{
	if (n->kind == NODE_SCALAR && *n->text)
		return range_add(rd, n, n->text, limit, what, out);
	if (n->kind == NODE_LIST && n->nr) {
		for (u32 i = 0; i < n->nr; i++) {
			const char *text = expect_text(rd, n->items[i], what);

			if (!text || !range_add(rd, n->items[i], text, limit, what, out))
				return false;
		}
		return true;
	}
	mistake(rd, n->pos, "a list of %ss is needed, not %s", what, node_what(rd->a, n));
	return false;
}

static void cpus_read(struct reader *rd, const struct node *n, struct scn_group *g)
{
	static const enum placement kinds[] = { PLACE_ALL, PLACE_PER_NODE, PLACE_PER_LLC,
						PLACE_PER_CORE };
	GArray *cpus;
	s32 i;

	if (n->kind == NODE_SCALAR && !g_ascii_isdigit(n->text[0])) {
		i = choice_find(placements, n->text);
		if (i >= 0)
			g->placement = kinds[i];
		else
			mistake_unknown(rd, n->pos, "placement", n->text,
					(const char *const[]){ "all", "per-node", "per-llc",
							       "per-core", "0-15", "[0, 4]",
							       NULL });
		return;
	}
	cpus = g_array_new(FALSE, FALSE, sizeof(u32));
	if (set_read(rd, n, (u32)rd->env.cpus, "CPU", cpus)) {
		g->placement = PLACE_LIST;
		g->nr_cpus = cpus->len;
		g->cpus = arena_copy(rd->a, cpus->data, cpus->len * sizeof(u32));
	}
	g_array_free(cpus, TRUE);
}

/* Checked text, numbers in one list; what becomes of it is the models' business. */
static const char *mems_read(struct reader *rd, const struct node *n)
{
	static const char *const words[] = { "all", "local", "interleave", NULL };
	const char *text = NULL;
	GArray *nodes;

	if (n->kind == NODE_SCALAR && !g_ascii_isdigit(n->text[0])) {
		if (choice_find(words, n->text) >= 0)
			return n->text;
		mistake_unknown(rd, n->pos, "value of mems", n->text, words);
		return NULL;
	}
	nodes = g_array_new(FALSE, FALSE, sizeof(u32));
	if (set_read(rd, n, (u32)rd->env.nodes, "node", nodes))
		for (u32 i = 0; i < nodes->len; i++)
			text = arena_printf(rd->a, "%s%s%u", text ? text : "", text ? "," : "",
					    g_array_index(nodes, u32, i));
	g_array_free(nodes, TRUE);
	return text;
}

static s64 jitter_read(struct reader *rd, const struct node *n)
{
	enum quantity q;
	s64 v;
	const char *why = "not a share";

	if (n->kind == NODE_SCALAR)
		why = number_parse(n->text, &v, &q);
	if (!why && (q == Q_PERCENT || q == Q_DECIMAL || !v) && v >= 0 && v <= 1000)
		return v;
	mistake(rd, n->pos, "jitter must be 0%% to 100%%, not %s", node_what(rd->a, n));
	return 0;
}

static const char *const *names_of(struct reader *rd, const GArray *vars)
{
	const char **names = arena_alloc(rd->a, (vars->len + 1) * sizeof(*names));

	for (u32 i = 0; i < vars->len; i++)
		names[i] = g_array_index(vars, struct var, i).name;
	return names;
}

static void group_read(struct reader *rd, const struct node *n, struct scn_group *g)
{
	struct want w = { .type = VT_INT, .min = 0, .max = 1000000, .what = "count" };
	struct group_build b = { .jitter = 50, .bounded = rd->s->duration > 0 };
	struct group_rows rows = { 0 };

	g->pos = n->pos;
	if (!map_read(rd, n, &group_table, &rows, NULL))
		return;
	g->name = rows.name ? rows.name : "";
	if (rows.count)
		g->count = value_read(rd, rows.count, &w, NULL);
	else
		g->count = expr_constant(rd, n->pos, 1, Q_INT);
	if (rows.cpus)
		cpus_read(rd, rows.cpus, g);
	g->keeps = rows.keeps;
	if (rows.mems)
		g->mems = mems_read(rd, rows.mems);
	g->cgroup = rows.cgroup ? choice_find(rd->cgroup_names, rows.cgroup) : -1;
	if (rows.cgroup && g->cgroup < 0)
		mistake_unknown(rd, node_get(n, "cgroup")->pos, "cgroup", rows.cgroup,
				rd->cgroup_names);
	if (rows.jitter)
		b.jitter = jitter_read(rd, rows.jitter);
	if (!rows.steps)
		return;
	if (rows.steps->kind == NODE_SCALAR && node_is_null(rows.steps)) {
		mistake(rd, rows.steps->pos, "the thread group does nothing: `do` is empty");
		return;
	}
	b.vars = g_array_new(FALSE, FALSE, sizeof(struct var));
	b.bags = g_array_new(FALSE, FALSE, sizeof(struct var));
	g->steps = steps_read(rd, rows.steps, &b, &g->nr_steps);
	g->nr_vars = b.vars->len;
	g->var_names = names_of(rd, b.vars);
	g->nr_bags = b.bags->len;
	g->bag_names = names_of(rd, b.bags);
	g_array_free(b.vars, TRUE);
	g_array_free(b.bags, TRUE);
}

/* All entries of `threads` of all files. */
static GPtrArray *entries(struct reader *rd)
{
	GPtrArray *all = g_ptr_array_new();

	for (u32 d = 0; d < rd->nr_docs; d++) {
		const struct node *n = node_get(rd->docs[d].root, "threads");

		if (!n || node_is_null(n) || !expect_list(rd, n, "threads"))
			continue;
		for (u32 i = 0; i < n->nr; i++)
			g_ptr_array_add(all, n->items[i]);
	}
	return all;
}

static void names_collect(struct reader *rd, const GPtrArray *all)
{
	const char **names = arena_alloc(rd->a, (all->len + 1) * sizeof(*names));
	u32 nr = 0;

	for (u32 i = 0; i < all->len; i++) {
		const struct node *name = node_get(all->pdata[i], "name");

		if (!name || name->kind != NODE_SCALAR || !*name->text)
			continue;
		if (index_find(rd->group_index, name->text) >= 0) {
			mistake(rd, name->pos, "a second thread group '%.64s'", name->text);
			continue;
		}
		index_add(rd->group_index, name->text, i);
		names[nr++] = name->text;
	}
	rd->group_names = names;
}

static const char *const *names_by_index(struct reader *rd, GHashTable *index)
{
	const char **names = arena_alloc(rd->a, (g_hash_table_size(index) + 1) * sizeof(*names));
	GHashTableIter it;
	void *name, *at;

	g_hash_table_iter_init(&it, index);
	while (g_hash_table_iter_next(&it, &name, &at))
		names[GPOINTER_TO_INT(at) - 1] = name;
	return names;
}

void threads_read(struct reader *rd)
{
	struct scenario *s = rd->s;
	GPtrArray *all = entries(rd);

	names_collect(rd, all);
	s->nr_groups = all->len;
	s->groups = arena_alloc(rd->a, (all->len + 1) * sizeof(*s->groups));
	for (u32 i = 0; i < all->len; i++)
		group_read(rd, all->pdata[i], &s->groups[i]);
	s->nr_phases = g_hash_table_size(rd->phase_index);
	s->phase_names = names_by_index(rd, rd->phase_index);
	s->nr_barriers = g_hash_table_size(rd->barrier_index);
	for (u32 i = 0; i < all->len; i++) {
		s->groups[i].nr_phases = s->nr_phases;
		s->groups[i].nr_barriers = s->nr_barriers;
	}
	if (!all->len && rd->docs[0].root)
		mistake(rd, rd->docs[0].root->pos, "the scenario has no threads");
	g_ptr_array_free(all, TRUE);
}
