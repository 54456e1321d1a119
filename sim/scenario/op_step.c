/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A step that is an operation of a model: `name: value`, or `name: {arg: value}`
 * by the operation's table of arguments. Handles and objects have forms of
 * their own.
 */
#include "sim/scenario/reader.h"

#include <string.h>

static const char *const orders[] = { "one", "fifo", "lifo", "random", NULL };

struct op_read {
	struct reader *rd;
	struct group_build *g;
	struct step *st;
	const struct op_desc *op;
	const struct node *key;
	s32 object; /* index of the object named, -1: none yet */
	bool bad;
};

static s32 arg_find(const struct op_desc *op, const char *name)
{
	for (u32 i = 0; i < op->nr_args; i++)
		if (!strcmp(op->args[i].name, name))
			return (s32)i;
	return -1;
}

static s32 arg_of_type(const struct op_desc *op, enum value_type type)
{
	for (u32 i = 0; i < op->nr_args; i++)
		if (op->args[i].type == type)
			return (s32)i;
	return -1;
}

/* ---- values ---------------------------------------------------------------- */

static bool read_plain(struct op_read *o, u32 i, const struct node *n)
{
	const struct arg_desc *a = &o->op->args[i];
	struct want w = { .type = a->type,
			  .min = a->min,
			  .max = a->max,
			  .choices = a->choices,
			  .what = a->name };

	if (w.min >= w.max) {
		w.min = a->type == VT_INT ? INT64_MIN : 0;
		w.max = INT64_MAX;
	}
	o->st->args[i].value = value_read(o->rd, n, &w, o->g);
	return o->st->args[i].value;
}

/* ---- handles ---------------------------------------------------------------- */

static bool read_out(struct op_read *o, u32 i, const struct node *n)
{
	const char *text = expect_text(o->rd, n, o->op->args[i].name);
	struct step_arg *arg = &o->st->args[i];
	size_t len = text ? strlen(text) : 0;

	if (!text)
		return false;
	arg->bag = len > 2 && !strcmp(text + len - 2, "[]");
	if (arg->bag)
		arg->var = bag_declare(o->rd, n->pos, o->g,
				       arena_printf(o->rd->a, "%.*s", (int)len - 2, text));
	else
		arg->var = var_declare(o->rd, n->pos, o->g, text, VAR_HANDLE);
	return arg->var >= 0;
}

static bool bag_by_name(struct op_read *o, u32 i, const struct node *n)
{
	const char *text = expect_text(o->rd, n, "from");
	struct step_arg *arg = &o->st->args[i];
	size_t len = text ? strlen(text) : 0;

	if (!text)
		return false;
	if (len > 2 && !strcmp(text + len - 2, "[]"))
		text = arena_printf(o->rd->a, "%.*s", (int)len - 2, text);
	arg->bag = true;
	arg->var = bag_find(o->g, text);
	if (arg->var >= 0)
		return true;
	if (var_find(o->g, text) >= 0)
		mistake(o->rd, n->pos, "'%s' is one variable, not a bag: write %s: %s", text,
			o->op->name, text);
	else
		mistake_unknown_var(o->rd, n->pos, o->g, text, true);
	return false;
}

/* `vfree: p`: a variable, or one element of a bag. */
static bool read_handle(struct op_read *o, u32 i, const struct node *n)
{
	const char *text = expect_text(o->rd, n, o->op->args[i].name);
	struct step_arg *arg = &o->st->args[i];

	if (!text)
		return false;
	arg->var = var_find(o->g, text);
	if (arg->var >= 0) {
		if (g_array_index(o->g->vars, struct var, arg->var).kind == VAR_HANDLE)
			return true;
		mistake(o->rd, n->pos, "'%s' is a number, %s takes what an operation returned",
			text, o->op->name);
		return false;
	}
	return bag_by_name(o, i, n);
}

static bool read_every(struct op_read *o, const struct node *n)
{
	struct want w = { .type = VT_INT, .min = 1, .max = INT64_MAX, .what = "every" };

	o->st->every = value_read(o->rd, n, &w, o->g);
	return o->st->every;
}

static bool read_order(struct op_read *o, const struct node *n)
{
	const struct node *every = node_get(n, "every");
	const char *text;
	s32 i;

	if (every && n->nr == 1) {
		if (o->st->order == TAKE_ONE)
			o->st->order = TAKE_FIFO;
		return read_every(o, every);
	}
	text = expect_text(o->rd, n, "order");
	if (!text)
		return false;
	i = choice_find(orders, text);
	if (i < 0) {
		mistake_unknown(o->rd, n->pos, "order", text, orders);
		return false;
	}
	o->st->order = (enum take_order)i;
	return true;
}

/* ---- objects ---------------------------------------------------------------- */

static void unknown_object(struct op_read *o, const struct node *n, const char *name)
{
	const struct scenario *s = o->rd->s;
	GPtrArray *names = g_ptr_array_new();

	for (u32 i = 0; i < s->nr_objects; i++)
		if (s->objects[i].model == o->st->model && !s->objects[i].cgroup)
			g_ptr_array_add(names, (void *)s->objects[i].name);
	for (u32 i = 0; registry_model(o->rd->r, o->st->model)->cgroup_kind && i < s->nr_cgroups;
	     i++)
		g_ptr_array_add(names, (void *)s->cgroups[i].name);
	g_ptr_array_add(names, NULL);
	mistake_unknown(o->rd, n->pos, "object", name, (const char *const *)names->pdata);
	g_ptr_array_free(names, TRUE);
}

/* The range an index may have, if the number of instances is known by now. */
static struct want index_want(const struct op_read *o)
{
	struct want w = { .type = VT_INT, .min = 0, .max = INT64_MAX, .what = "index" };
	const struct expr *count;
	s64 n = 1;

	if (o->object < 0)
		return w;
	if (o->rd->s->objects[o->object].cgroup) {
		w.max = o->rd->s->objects[o->object].cgroup->count - 1;
		return w;
	}
	count = o->rd->s->objects[o->object].count;
	if (!count || (expr_literal(count, &n) && n > 0))
		w.max = n - 1;
	return w;
}

/* Index of object @name among those of the operation's model. */
static bool object_by_name(struct op_read *o, u32 i, const struct node *n, const char *name)
{
	const struct scenario *s = o->rd->s;
	s32 at = index_find(o->rd->object_index, name);

	if (at < 0)
		at = cgroup_object(o->rd, o->st->model, name);
	if (at < 0) {
		unknown_object(o, n, name);
		return false;
	}
	if (s->objects[at].model != o->st->model) {
		mistake(o->rd, n->pos, "'%s' is an object of model %s, %s belongs to %s", name,
			registry_model(o->rd->r, s->objects[at].model)->name, o->op->name,
			registry_model(o->rd->r, o->st->model)->name);
		return false;
	}
	o->object = at;
	o->st->args[i].object = o->rd->object_nth[at];
	return true;
}

/* l, or l[3], or l[${i}]. */
static bool read_object(struct op_read *o, u32 i, const struct node *n)
{
	const char *text = expect_text(o->rd, n, o->op->args[i].name), *open;
	struct step_arg *arg = &o->st->args[i];
	struct srcpos pos = n->pos;
	struct want w;
	size_t len;

	if (!text)
		return false;
	len = strlen(text);
	open = strchr(text, '[');
	if (!open)
		return object_by_name(o, i, n, text);
	if (text[len - 1] != ']') {
		mistake(o->rd, n->pos, "']' is missing in '%.60s'", text);
		return false;
	}
	if (!object_by_name(o, i, n, arena_printf(o->rd->a, "%.*s", (int)(open - text), text)))
		return false;
	w = index_want(o);
	pos.col += (u32)(open + 1 - text) + n->quoted;
	arg->object_index = value_read_text(
		o->rd, pos,
		arena_printf(o->rd->a, "%.*s", (int)(len - 2 - (size_t)(open - text)), open + 1),
		&w, o->g);
	return arg->object_index;
}

static bool read_index(struct op_read *o, u32 i, const struct node *n)
{
	struct want w = index_want(o);

	o->st->args[i].object_index = value_read(o->rd, n, &w, o->g);
	return o->st->args[i].object_index;
}

/* ---- the step --------------------------------------------------------------- */

static bool read_arg(struct op_read *o, u32 i, const struct node *n)
{
	o->st->args[i].given = true;
	switch (o->op->args[i].type) {
	case VT_OUT:
		return read_out(o, i, n);
	case VT_HANDLE:
		return read_handle(o, i, n);
	case VT_OBJECT:
		return read_object(o, i, n);
	default:
		return read_plain(o, i, n);
	}
}

static void unknown_arg(struct op_read *o, const struct node *key)
{
	GPtrArray *names = g_ptr_array_new();

	for (u32 i = 0; i < o->op->nr_args; i++)
		g_ptr_array_add(names, (void *)o->op->args[i].name);
	if (arg_of_type(o->op, VT_HANDLE) >= 0) {
		g_ptr_array_add(names, (void *)"from");
		g_ptr_array_add(names, (void *)"order");
		g_ptr_array_add(names, (void *)"every");
	}
	if (arg_of_type(o->op, VT_OBJECT) >= 0) {
		if (arg_find(o->op, "object") < 0)
			g_ptr_array_add(names, (void *)"object");
		g_ptr_array_add(names, (void *)"index");
	}
	g_ptr_array_add(names, NULL);
	mistake_unknown(o->rd, key->pos, arena_printf(o->rd->a, "argument of %s", o->op->name),
			key->text, (const char *const *)names->pdata);
	g_ptr_array_free(names, TRUE);
}

/* Keys that are no argument of the table but a way to write one. */
static bool read_generic(struct op_read *o, const struct node *key, const struct node *n)
{
	s32 handle = arg_of_type(o->op, VT_HANDLE), object = arg_of_type(o->op, VT_OBJECT);

	if (handle >= 0 && !strcmp(key->text, "from")) {
		o->st->args[handle].given = true;
		if (o->st->order == TAKE_ONE)
			o->st->order = TAKE_FIFO;
		return bag_by_name(o, (u32)handle, n);
	}
	if (handle >= 0 && !strcmp(key->text, "order"))
		return read_order(o, n);
	if (handle >= 0 && !strcmp(key->text, "every"))
		return read_every(o, n);
	if (object >= 0 && !strcmp(key->text, "object"))
		return read_arg(o, (u32)object, n);
	if (object >= 0 && !strcmp(key->text, "index"))
		return read_index(o, (u32)object, n);
	unknown_arg(o, key);
	return false;
}

static void read_args(struct op_read *o, const struct node *map)
{
	const struct node *order = node_get(map, "order");

	for (u32 pass = 0; pass < 2; pass++) {
		for (u32 i = 0; i < map->nr; i++) {
			const struct node *key = node_key(map, i), *n = node_value(map, i);
			s32 a = arg_find(o->op, key->text);
			/* What comes into being is not there for other arguments; an index needs
			 * its object. */
			bool late = a >= 0 ? o->op->args[a].type == VT_OUT :
					     !strcmp(key->text, "index");

			if (late != (pass == 1) || n == order)
				continue;
			if (!(a >= 0 ? read_arg(o, (u32)a, n) : read_generic(o, key, n)))
				o->bad = true;
		}
	}
	if (order && arg_find(o->op, "order") >= 0)
		o->bad |= !read_arg(o, (u32)arg_find(o->op, "order"), order);
	else if (order && arg_of_type(o->op, VT_HANDLE) >= 0)
		o->bad |= !read_order(o, order);
	else if (order)
		for (u32 i = 0; i < map->nr; i++)
			if (node_value(map, i) == order)
				unknown_arg(o, node_key(map, i));
}

/* What can only be said when all arguments are known. */
static void check_args(struct op_read *o)
{
	s32 handle = arg_of_type(o->op, VT_HANDLE);

	for (u32 i = 0; i < o->op->nr_args; i++) {
		if (!o->op->args[i].required || o->st->args[i].given)
			continue;
		mistake(o->rd, o->key->pos, "%s needs '%s' (%s)", o->op->name, o->op->args[i].name,
			o->op->args[i].about ? o->op->args[i].about : "required");
		o->bad = true;
	}
	if (o->bad || handle < 0)
		return;
	if (!o->st->args[handle].bag && (o->st->order != TAKE_ONE || o->st->every)) {
		mistake(o->rd, o->key->pos, "order and every need a bag: write from: NAME");
		o->bad = true;
	}
	if (o->st->every && o->st->order == TAKE_ONE)
		o->st->order = TAKE_FIFO;
}

bool op_step_read(struct reader *rd, const struct node *key, const struct node *value,
		  struct group_build *g, struct step *st)
{
	struct op_read o = { .rd = rd, .g = g, .st = st, .key = key, .object = -1 };
	s32 scalar;

	o.op = registry_find_op(rd->r, key->text, &st->model);
	st->kind = STEP_OP;
	st->op = o.op;
	st->args = arena_alloc(rd->a, o.op->nr_args * sizeof(*st->args));
	if (value && value->kind == NODE_MAP) {
		read_args(&o, value);
	} else if (value && !node_is_null(value)) {
		scalar = o.op->scalar_arg ? arg_find(o.op, o.op->scalar_arg) : -1;
		if (scalar < 0) {
			mistake(rd, value->pos, "%s takes its arguments as a map, not %s",
				o.op->name, node_what(rd->a, value));
			return false;
		}
		o.bad = !read_arg(&o, (u32)scalar, value);
	}
	check_args(&o);
	return !o.bad;
}
