/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Steps: control steps by a table of names, everything else is an operation of a
 * model. A step is a map with one key (`loop` and `do` go together), or a word.
 */
#include "sim/scenario/reader.h"

#include <string.h>

struct step_ctx {
	struct reader *rd;
	struct group_build *g;
	GArray *out; /* struct step */
};

struct control {
	const char *name;
	void (*read)(struct step_ctx *c, const struct node *key, const struct node *value,
		     struct step *st);
	enum step_kind kind;
};

static void body_read(struct step_ctx *c, const struct node *n, struct step *st)
{
	st->children = steps_read(c->rd, n, c->g, &st->nr_children);
}

static void push(struct step_ctx *c, const struct step *st)
{
	if (c->rd->steps++ == MAX_STEPS)
		mistake(c->rd, st->pos, "more than %u steps", MAX_STEPS);
	if (c->rd->steps > MAX_STEPS)
		return;
	g_array_append_vals(c->out, st, 1);
}

/* ---- one reader for each kind ----------------------------------------------- */

static void read_do(struct step_ctx *c, const struct node *key, const struct node *value,
		    struct step *st)
{
	(void)key;
	body_read(c, value, st);
	push(c, st);
}

static void read_let(struct step_ctx *c, const struct node *key, const struct node *value,
		     struct step *st)
{
	static const enum var_kind kinds[] = { [Q_TIME] = VAR_TIME, [Q_SIZE] = VAR_SIZE };

	(void)key;
	if (!expect_map(c->rd, value, "let"))
		return;
	for (u32 i = 0; i < value->nr; i++) {
		const struct node *name = node_key(value, i), *n = node_value(value, i);
		struct step one = *st;
		enum quantity q = Q_INT;

		one.pos = name->pos;
		one.is_draw = dist_is_draw(n);
		if (one.is_draw) {
			one.dist = dist_read(c->rd, n, false, name->text, c->g);
			q = one.dist ? dist_quantity(one.dist) : Q_INT;
		} else {
			struct expr *e = value_read_any(c->rd, n, name->text, c->g);

			q = e ? expr_quantity(e) : Q_INT;
			one.dist = arena_alloc(c->rd->a, sizeof(*one.dist));
			one.dist->a = e;
			one.dist->is_time = q == Q_TIME;
			one.dist->pos = n->pos;
		}
		one.var = var_declare(c->rd, name->pos, c->g, name->text,
				      q <= Q_SIZE ? kinds[q] : VAR_INT);
		push(c, &one);
	}
}

static void read_time(struct step_ctx *c, const struct node *key, const struct node *value,
		      struct step *st)
{
	struct group_build still = *c->g;

	still.jitter = 0;
	st->dist = dist_read(c->rd, value, true, key->text, st->kind == STEP_THINK ? c->g : &still);
	push(c, st);
}

/* Children that are a step or a list of steps each become one STEP_DO. */
static struct step *alternatives(struct step_ctx *c, const struct node *list, bool weighted,
				 struct step *st)
{
	struct want w = { .type = VT_INT, .min = 0, .max = 1000000000, .what = "weight" };
	struct step *children = arena_alloc(c->rd->a, (list->nr + 1) * sizeof(*children));

	st->weights = arena_alloc(c->rd->a, (list->nr + 1) * sizeof(*st->weights));
	st->nr_children = list->nr;
	for (u32 i = 0; i < list->nr; i++) {
		const struct node *n = list->items[i], *weight = NULL;

		children[i].kind = STEP_DO;
		children[i].pos = n->pos;
		if (weighted)
			weight = node_get(n, "weight");
		if (weight)
			st->weights[i] = value_read(c->rd, weight, &w, c->g);
		else
			st->weights[i] = expr_constant(c->rd, n->pos, 1, Q_INT);
		if (!weighted && n->kind == NODE_MAP && n->nr == 1 && node_get(n, "do"))
			n = node_get(n, "do");
		if (weighted && node_get(n, "do")) {
			for (u32 k = 0; k < n->nr; k++) {
				const struct node *key = node_key(n, k);

				if (strcmp(key->text, "weight") && strcmp(key->text, "do"))
					mistake_unknown(
						c->rd, key->pos, "key in choose", key->text,
						(const char *const[]){ "weight", "do", NULL });
			}
			n = node_get(n, "do");
		} else if (weight) {
			mistake(c->rd, n->pos, "key 'do' is missing in choose");
			continue;
		}
		body_read(c, n, &children[i]);
	}
	return children;
}

static void read_choose(struct step_ctx *c, const struct node *key, const struct node *value,
			struct step *st)
{
	bool positive = false;

	if (!expect_list(c->rd, value, key->text))
		return;
	if (!value->nr) {
		mistake(c->rd, value->pos, "choose has nothing to choose from");
		return;
	}
	st->children = alternatives(c, value, true, st);
	for (u32 i = 0; i < st->nr_children; i++) {
		s64 v = 1;

		if (st->weights[i] && expr_is_const(st->weights[i]))
			(void)expr_eval(st->weights[i], &c->rd->env, &v);
		positive |= v > 0;
	}
	if (!positive)
		mistake(c->rd, value->pos, "all weights of choose are 0");
	push(c, st);
}

struct shuffle {
	s64 order;
	const struct node *steps;
};

static const char *const shuffle_orders[] = { "uniform", "sattolo", NULL };

static const struct row shuffle_rows[] = {
	{ "order", ROW_ENUM, offsetof(struct shuffle, order), .choices = shuffle_orders,
	  .help = "uniform or sattolo" },
	{ "do", ROW_NODE, offsetof(struct shuffle, steps), .required = true,
	  .help = "list of steps or of lists of steps" },
};

static const struct table shuffle_table = { "in shuffle", shuffle_rows, ARRAY_SIZE(shuffle_rows) };

static void read_shuffle(struct step_ctx *c, const struct node *key, const struct node *value,
			 struct step *st)
{
	struct shuffle s = { .steps = value };

	if (value->kind == NODE_MAP) {
		s.steps = NULL;
		map_read(c->rd, value, &shuffle_table, &s, NULL);
	}
	if (!s.steps || !expect_list(c->rd, s.steps, key->text))
		return;
	st->sattolo = s.order == 1;
	st->children = alternatives(c, s.steps, false, st);
	push(c, st);
}

static void read_named(struct step_ctx *c, const struct node *key, const struct node *value,
		       struct step *st)
{
	GHashTable *index = st->kind == STEP_PHASE ? c->rd->phase_index : c->rd->barrier_index;
	const char *text = expect_text(c->rd, value, key->text);

	if (!text || !name_ok(c->rd, value, key->text, text))
		return;
	st->name = arena_intern(c->rd->a, text);
	st->target = index_find(index, st->name);
	if (st->target < 0) {
		st->target = (s32)g_hash_table_size(index);
		index_add(index, st->name, (u32)st->target);
	}
	push(c, st);
}

static void read_spawn(struct step_ctx *c, const struct node *key, const struct node *value,
		       struct step *st)
{
	const char *text = expect_text(c->rd, value, key->text);

	if (!text)
		return;
	st->target = index_find(c->rd->group_index, text);
	if (st->target < 0)
		mistake_unknown(c->rd, value->pos, "thread group", text, c->rd->group_names);
	push(c, st);
}

static void read_bare(struct step_ctx *c, const struct node *key, const struct node *value,
		      struct step *st)
{
	if (value && !node_is_null(value))
		mistake(c->rd, value->pos, "%s takes no value", key->text);
	push(c, st);
}

static const struct control controls[] = {
	{ "do", read_do, STEP_DO },
	{ "let", read_let, STEP_LET },
	{ "think", read_time, STEP_THINK },
	{ "sleep", read_time, STEP_SLEEP },
	{ "choose", read_choose, STEP_CHOOSE },
	{ "shuffle", read_shuffle, STEP_SHUFFLE },
	{ "barrier", read_named, STEP_BARRIER },
	{ "phase", read_named, STEP_PHASE },
	{ "spawn", read_spawn, STEP_SPAWN },
	{ "wait", read_bare, STEP_WAIT },
	{ "yield", read_bare, STEP_YIELD },
	{ "end", read_bare, STEP_END },
};

/* ---- loop: N, do: [...] ------------------------------------------------------ */

static void read_loop(struct step_ctx *c, const struct node *map, const struct node *count)
{
	struct want w = { .type = VT_INT, .min = 0, .max = INT64_MAX, .what = "loop" };
	const struct node *body = node_get(map, "do");
	struct step st = { .kind = STEP_LOOP, .pos = map->pos };

	if (count->kind == NODE_SCALAR && !strcmp(count->text, "forever")) {
		if (!c->g->bounded)
			mistake(c->rd, count->pos,
				"loop: forever needs a `duration` of the scenario");
	} else {
		st.count = value_read(c->rd, count, &w, c->g);
	}
	for (u32 i = 0; i < map->nr; i++) {
		const struct node *key = node_key(map, i);

		if (strcmp(key->text, "loop") && strcmp(key->text, "do"))
			mistake_unknown(c->rd, key->pos, "key in a loop", key->text,
					(const char *const[]){ "loop", "do", NULL });
	}
	if (!body) {
		mistake(c->rd, map->pos, "key 'do' is missing in a loop");
		return;
	}
	body_read(c, body, &st);
	push(c, &st);
}

/* ---- any step ----------------------------------------------------------------- */

static void unknown_step(struct step_ctx *c, const struct node *key)
{
	GPtrArray *names = g_ptr_array_new();

	g_ptr_array_add(names, (void *)"loop");
	for (u32 i = 0; i < ARRAY_SIZE(controls); i++)
		g_ptr_array_add(names, (void *)controls[i].name);
	for (u32 m = 0; m < registry_nr_models(c->rd->r); m++) {
		const struct model_desc *d = registry_model(c->rd->r, m);

		for (u32 i = 0; i < d->nr_ops; i++)
			g_ptr_array_add(names, (void *)d->ops[i].name);
	}
	g_ptr_array_add(names, NULL);
	mistake_unknown(c->rd, key->pos, "step", key->text, (const char *const *)names->pdata);
	g_ptr_array_free(names, TRUE);
}

static void read_step(struct step_ctx *c, const struct node *key, const struct node *value)
{
	static const struct node nothing = { .kind = NODE_SCALAR, .text = "" };
	struct step st = { .pos = key->pos };

	for (u32 i = 0; i < ARRAY_SIZE(controls); i++) {
		if (strcmp(controls[i].name, key->text))
			continue;
		if (!value) {
			struct node *at = arena_copy(c->rd->a, &nothing, sizeof(nothing));

			at->pos = key->pos;
			value = at;
		}
		st.kind = controls[i].kind;
		controls[i].read(c, key, value, &st);
		return;
	}
	if (!registry_find_op(c->rd->r, key->text, NULL)) {
		unknown_step(c, key);
		return;
	}
	if (op_step_read(c->rd, key, value, c->g, &st))
		push(c, &st);
}

static void read_any(struct step_ctx *c, const struct node *n)
{
	if (n->kind == NODE_LIST) {
		mistake(c->rd, n->pos,
			"a step must be a word or a map with one key, not a list; "
			"write do: [...]");
		return;
	}
	if (n->kind == NODE_SCALAR) {
		if (node_is_null(n) || !*n->text)
			mistake(c->rd, n->pos, "an empty step");
		else
			read_step(c, n, NULL);
		return;
	}
	if (node_get(n, "loop")) {
		read_loop(c, n, node_get(n, "loop"));
		return;
	}
	if (!n->nr)
		mistake(c->rd, n->pos, "an empty step");
	for (u32 i = 1; i < n->nr; i++)
		mistake(c->rd, node_key(n, i)->pos,
			"a step has one key (only loop and do go together); '%.40s' must be a step "
			"of its own, with a '-' before it",
			node_key(n, i)->text);
	if (n->nr)
		read_step(c, node_key(n, 0), node_value(n, 0));
}

struct step *steps_read(struct reader *rd, const struct node *n, struct group_build *g, u32 *nr)
{
	struct step_ctx c = { rd, g, g_array_new(FALSE, FALSE, sizeof(struct step)) };
	struct step *steps;

	if (n->kind == NODE_LIST)
		for (u32 i = 0; i < n->nr; i++)
			read_any(&c, n->items[i]);
	else
		read_any(&c, n);
	*nr = c.out->len;
	steps = arena_copy(rd->a, c.out->data, c.out->len * sizeof(*steps));
	g_array_free(c.out, TRUE);
	return steps;
}
