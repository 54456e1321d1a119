/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Thread groups and their steps as YAML.
 */
#include "sim/scenario/print.h"

static const char *const orders[] = { "one", "fifo", "lifo", "random" };

static void print_body(GString *out, const struct scenario *s, const struct scn_group *g,
		       const struct step *steps, u32 nr, u32 indent);

static void item(GString *out, u32 indent)
{
	g_string_append_printf(out, "%*s- ", (int)indent, "");
}

static void print_object_arg(GString *out, const struct scenario *s, const struct step *st,
			     const struct step_arg *arg)
{
	s64 nth = arg->object;

	for (u32 i = 0; i < s->nr_objects; i++) {
		if (s->objects[i].model != st->model || nth--)
			continue;
		print_text(out, s->objects[i].name);
		break;
	}
	if (!arg->object_index)
		return;
	g_string_append(out, ", index: ");
	print_expr(out, arg->object_index, 0, VT_INT, NULL);
}

static void print_handle_arg(GString *out, const struct scn_group *g, const struct step *st,
			     const struct arg_desc *a, const struct step_arg *arg)
{
	const char *const *names = arg->bag ? g->bag_names : g->var_names;

	if (a->type == VT_OUT) {
		g_string_append_printf(out, "%s: \"%s%s\"", a->name, names[arg->var],
				       arg->bag ? "[]" : "");
		return;
	}
	if (!arg->bag) {
		g_string_append_printf(out, "%s: %s", a->name, names[arg->var]);
		return;
	}
	g_string_append_printf(out, "from: %s, order: %s", names[arg->var], orders[st->order]);
	if (!st->every)
		return;
	g_string_append(out, ", every: ");
	print_expr(out, st->every, 1, VT_INT, NULL);
}

static void print_op(GString *out, const struct scenario *s, const struct scn_group *g,
		     const struct step *st)
{
	const char *sep = "";

	g_string_append_printf(out, "%s: {", st->op->name);
	for (u32 i = 0; i < st->op->nr_args; i++) {
		const struct arg_desc *a = &st->op->args[i];
		const struct step_arg *arg = &st->args[i];
		bool plain = a->type < VT_OBJECT;

		if (!arg->given && !(plain && !a->required))
			continue;
		g_string_append(out, sep);
		sep = ", ";
		if (a->type == VT_HANDLE || a->type == VT_OUT) {
			print_handle_arg(out, g, st, a, arg);
			continue;
		}
		g_string_append_printf(out, "%s: ", a->name);
		if (a->type == VT_OBJECT)
			print_object_arg(out, s, st, arg);
		else
			print_expr(out, arg->value, a->def, a->type, a->choices);
	}
	g_string_append(out, "}\n");
}

static void print_let(GString *out, const struct scn_group *g, const struct step *st)
{
	g_string_append_printf(out, "let: {%s: ", g->var_names[st->var]);
	if (st->is_draw)
		dist_print(out, st->dist);
	else
		expr_print(out, st->dist->a);
	g_string_append(out, "}\n");
}

/* Children of choose and shuffle. */
static void print_children(GString *out, const struct scenario *s, const struct scn_group *g,
			   const struct step *st, u32 indent)
{
	for (u32 i = 0; i < st->nr_children; i++) {
		const struct step *c = &st->children[i];

		item(out, indent);
		if (st->kind == STEP_CHOOSE) {
			g_string_append(out, "weight: ");
			print_expr(out, st->weights[i], 1, VT_INT, NULL);
			g_string_append_printf(out, "\n%*s", (int)indent + 2, "");
		}
		g_string_append(out, "do:");
		print_body(out, s, g, c->children, c->nr_children, indent + 4);
	}
}

static void print_step(GString *out, const struct scenario *s, const struct scn_group *g,
		       const struct step *st, u32 indent)
{
	static const char *const bare[] = {
		[STEP_WAIT] = "wait", [STEP_YIELD] = "yield", [STEP_END] = "end"
	};

	item(out, indent);
	switch (st->kind) {
	case STEP_OP:
		print_op(out, s, g, st);
		break;
	case STEP_LOOP:
		g_string_append(out, "loop: ");
		if (st->count)
			print_expr(out, st->count, 0, VT_INT, NULL);
		else
			g_string_append(out, "forever");
		g_string_append_printf(out, "\n%*s", (int)indent + 2, "");
		/* fall through */
	case STEP_DO:
		g_string_append(out, "do:");
		print_body(out, s, g, st->children, st->nr_children, indent + 4);
		break;
	case STEP_LET:
		print_let(out, g, st);
		break;
	case STEP_THINK:
	case STEP_SLEEP:
		g_string_append(out, st->kind == STEP_THINK ? "think: " : "sleep: ");
		dist_print(out, st->dist);
		g_string_append_c(out, '\n');
		break;
	case STEP_CHOOSE:
		g_string_append(out, "choose:\n");
		print_children(out, s, g, st, indent + 4);
		break;
	case STEP_SHUFFLE:
		g_string_append_printf(out, "shuffle:\n%*sorder: %s\n%*sdo:%s\n", (int)indent + 4,
				       "", st->sattolo ? "sattolo" : "uniform", (int)indent + 4, "",
				       st->nr_children ? "" : " []");
		print_children(out, s, g, st, indent + 6);
		break;
	case STEP_BARRIER:
	case STEP_PHASE:
		g_string_append(out, st->kind == STEP_PHASE ? "phase: " : "barrier: ");
		print_text(out, st->name);
		g_string_append_c(out, '\n');
		break;
	case STEP_SPAWN:
		g_string_append(out, "spawn: ");
		print_text(out, s->groups[st->target].name);
		g_string_append_c(out, '\n');
		break;
	case STEP_WAIT:
	case STEP_YIELD:
	case STEP_END:
		g_string_append_printf(out, "%s\n", bare[st->kind]);
		break;
	}
}

static void print_body(GString *out, const struct scenario *s, const struct scn_group *g,
		       const struct step *steps, u32 nr, u32 indent)
{
	g_string_append(out, nr ? "\n" : " []\n");
	for (u32 i = 0; i < nr; i++)
		print_step(out, s, g, &steps[i], indent);
}

void print_group(GString *out, const struct scenario *s, const struct scn_group *g)
{
	static const char *const placements[] = { [PLACE_ALL] = "all",
						  [PLACE_PER_NODE] = "per-node",
						  [PLACE_PER_LLC] = "per-llc",
						  [PLACE_PER_CORE] = "per-core" };

	g_string_append(out, "  - name: ");
	print_text(out, g->name);
	g_string_append(out, "\n    count: ");
	print_expr(out, g->count, 1, VT_INT, NULL);
	g_string_append(out, "\n    cpus: ");
	if (g->placement != PLACE_LIST)
		g_string_append(out, placements[g->placement]);
	for (u32 i = 0; i < g->nr_cpus; i++)
		g_string_append_printf(out, "%s%u", i ? ", " : "[", g->cpus[i]);
	g_string_append(out, g->nr_cpus ? "]" : "");
	if (g->cgroup >= 0) {
		g_string_append(out, "\n    cgroup: ");
		print_text(out, s->cgroups[g->cgroup].name);
	}
	if (g->mems) {
		g_string_append(out, "\n    mems: ");
		print_text(out, g->mems);
	}
	if (g->keeps)
		g_string_append(out, "\n    keeps: true");
	g_string_append(out, "\n    do:");
	print_body(out, s, g, g->steps, g->nr_steps, 6);
}
