/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Variables and bags of a thread group: declared by `let` and `into` in the order
 * of the text, one name for one thing.
 */
#include "sim/scenario/reader.h"

#include <string.h>

static s32 find(const GArray *vars, const char *name)
{
	for (u32 i = 0; i < vars->len; i++)
		if (!strcmp(g_array_index(vars, struct var, i).name, name))
			return (s32)i;
	return -1;
}

s32 var_find(const struct group_build *g, const char *name)
{
	return find(g->vars, name);
}

s32 bag_find(const struct group_build *g, const char *name)
{
	return find(g->bags, name);
}

static bool may_be_var(struct reader *rd, struct srcpos pos, const struct group_build *g,
		       const char *name)
{
	static const char *const taken[] = {
		"cpus", "nodes", "min", "max", "fls", "roundup", NULL
	};

	if (!is_identifier(name)) {
		mistake(rd, pos,
			"'%.60s' cannot be a variable; allowed: letters, digits, '_', the "
			"first no digit",
			name);
		return false;
	}
	if (g->vars->len + g->bags->len >= MAX_VARS) {
		mistake(rd, pos, "more than %u variables in a thread group", MAX_VARS);
		return false;
	}
	if (param_find(rd, name) >= 0 || choice_find(taken, name) >= 0) {
		mistake(rd, pos, "'%s' is %s, a variable needs another name", name,
			param_find(rd, name) >= 0 ? "a parameter" : "built in");
		return false;
	}
	return true;
}

s32 var_declare(struct reader *rd, struct srcpos pos, struct group_build *g, const char *name,
		enum var_kind kind)
{
	struct var v = { name, kind };
	s32 i = var_find(g, name);

	if (i >= 0) {
		struct var *old = &g_array_index(g->vars, struct var, i);

		if ((old->kind == VAR_HANDLE) != (kind == VAR_HANDLE)) {
			mistake(rd, pos, "'%s' holds %s already, it cannot hold %s", name,
				kind == VAR_HANDLE ? "a number" : "what an operation returned",
				kind == VAR_HANDLE ? "what an operation returns" : "a number");
			return -1;
		}
		old->kind = kind;
		return i;
	}
	if (!may_be_var(rd, pos, g, name))
		return -1;
	if (bag_find(g, name) >= 0) {
		mistake(rd, pos, "'%s' is a bag already", name);
		return -1;
	}
	g_array_append_val(g->vars, v);
	return (s32)g->vars->len - 1;
}

s32 bag_declare(struct reader *rd, struct srcpos pos, struct group_build *g, const char *name)
{
	struct var v = { name, VAR_HANDLE };
	s32 i = bag_find(g, name);

	if (i >= 0)
		return i;
	if (!may_be_var(rd, pos, g, name))
		return -1;
	if (var_find(g, name) >= 0) {
		mistake(rd, pos, "'%s' is a variable already, it cannot be a bag too", name);
		return -1;
	}
	g_array_append_val(g->bags, v);
	return (s32)g->bags->len - 1;
}

void mistake_unknown_var(struct reader *rd, struct srcpos pos, const struct group_build *g,
			 const char *name, bool handles)
{
	GPtrArray *names = g_ptr_array_new();

	for (u32 i = 0; i < g->vars->len; i++) {
		const struct var *v = &g_array_index(g->vars, struct var, i);

		if ((v->kind == VAR_HANDLE) == handles)
			g_ptr_array_add(names, (void *)v->name);
	}
	for (u32 i = 0; handles && i < g->bags->len; i++)
		g_ptr_array_add(names, (void *)g_array_index(g->bags, struct var, i).name);
	g_ptr_array_add(names, NULL);
	mistake_unknown(rd, pos,
			handles ? "variable or bag (known after an `into` above)" : "variable",
			name, (const char *const *)names->pdata);
	g_ptr_array_free(names, TRUE);
}
