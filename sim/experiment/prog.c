// SPDX-License-Identifier: GPL-2.0-or-later
/* Compiling steps for one run: constants are evaluated, names become pointers. */
#include "sim/experiment/prog.h"

#include <errno.h>

static void *block(struct interp *in, size_t n, size_t size)
{
	void *p;

	if (!n)
		return NULL;
	p = g_malloc0_n(n, size);
	g_ptr_array_add(in->blocks, p);
	return p;
}

static bool fail_at(char **error, struct srcpos pos, const char *what)
{
	*error =
		g_strdup_printf("%s:%u:%u: %s", pos.file ? pos.file : "?", pos.line, pos.col, what);
	return false;
}

static bool compile_val(struct interp *in, struct cval *v, const struct expr *e, s64 def,
			char **error)
{
	const char *why;

	v->e = NULL;
	v->v = def;
	if (!e)
		return true;
	if (!expr_is_const(e)) {
		v->e = e;
		return true;
	}
	why = expr_eval(e, &in->env, &v->v);
	return why ? fail_at(error, expr_pos(e), why) : true;
}

static struct interp_op *find_slot(struct interp *in, const struct step *s)
{
	struct interp_op *o;
	u32 i;

	for (i = 0; i < in->nr_ops; i++) {
		if (in->ops[i].op == s->op)
			return &in->ops[i];
	}
	o = &in->ops[in->nr_ops++];
	o->model = s->model;
	o->op = s->op;
	return o;
}

static bool has_range(const struct arg_desc *a)
{
	return a->min < a->max && (a->type == VT_INT || a->type == VT_SIZE || a->type == VT_TIME);
}

static bool check_range(const struct arg_desc *a, const struct step *s, s64 v, char **error)
{
	char *what;

	if (!has_range(a) || (v >= a->min && v <= a->max))
		return true;
	what = g_strdup_printf("%s: %s is %lld, allowed is %lld to %lld", s->op->name, a->name,
			       (long long)v, (long long)a->min, (long long)a->max);
	fail_at(error, s->pos, what);
	g_free(what);
	return false;
}

static bool compile_object(struct interp *in, struct cstep *c, u32 i, char **error)
{
	const struct step_arg *arg = &c->s->args[i];
	s64 base = in->c.object_base[c->s->model][arg->object];
	s64 count = in->c.object_count[c->s->model][arg->object];
	struct cval v;

	if (!compile_val(in, &v, arg->object_index, 0, error))
		return false;
	if (v.e) {
		c->dyn[c->nr_dyn++] = (struct cdyn){ v, 0, count - 1, base, (u8)i };
		return true;
	}
	if (v.v < 0 || v.v >= count)
		return fail_at(error, c->s->pos, "index beyond the objects of that name");
	c->call.v[i] = base + v.v;
	return true;
}

static bool compile_arg(struct interp *in, struct cstep *c, u32 i, char **error)
{
	const struct arg_desc *a = &c->s->op->args[i];
	const struct step_arg *arg = &c->s->args[i];
	struct cval v;

	if (a->type == VT_OUT) {
		if (arg->given)
			c->out_arg = (s8)i;
		return true;
	}
	if (!arg->given) {
		c->call.v[i] = a->type == VT_HANDLE ? 0 : a->def;
		return true;
	}
	if (a->type == VT_HANDLE) {
		if (arg->bag)
			c->bag_arg = (s8)i;
		else
			c->handle[c->nr_handles++] = (u8)i;
		return true;
	}
	if (a->type == VT_OBJECT)
		return compile_object(in, c, i, error);
	if (!compile_val(in, &v, arg->value, a->def, error))
		return false;
	if (v.e) {
		c->dyn[c->nr_dyn++] = (struct cdyn){ v, has_range(a) ? a->min : INT64_MIN,
						     has_range(a) ? a->max : INT64_MAX, 0, (u8)i };
		return true;
	}
	c->call.v[i] = v.v;
	return check_range(a, c->s, v.v, error);
}

static bool compile_op(struct interp *in, struct cstep *c, char **error)
{
	u32 i;

	c->bag_arg = c->out_arg = -1;
	c->model = in->c.models[c->s->model];
	c->slot = find_slot(in, c->s);
	c->dyn = block(in, c->s->op->nr_args, sizeof(*c->dyn));
	for (i = 0; i < c->s->op->nr_args; i++) {
		if (!compile_arg(in, c, i, error))
			return false;
	}
	return compile_val(in, &c->every, c->s->every, 1, error);
}

static bool compile_dist(struct interp *in, struct cstep *c, char **error)
{
	const struct dist *d = c->s->dist;

	c->dist.d = d;
	c->dist.kind = d->kind;
	return compile_val(in, &c->dist.a, d->a, 0, error) &&
	       compile_val(in, &c->dist.b, d->b, 0, error);
}

static bool compile_steps(struct interp *in, struct cgroup_prog *g, struct cstep **out,
			  const struct step *s, u32 n, char **error);

static bool compile_step(struct interp *in, struct cgroup_prog *g, struct cstep *c, char **error)
{
	const struct step *s = c->s;
	u32 i;

	if (s->kind == STEP_OP)
		return compile_op(in, c, error);
	if (s->kind == STEP_BARRIER)
		g->barriers[s->target] = true;
	c->forever = s->kind == STEP_LOOP && !s->count;
	if (!compile_val(in, &c->count, s->count, 1, error))
		return false;
	if (s->kind == STEP_LET && !s->is_draw) {
		if (!compile_val(in, &c->let, s->dist ? s->dist->a : s->count, 0, error))
			return false;
	} else if (s->dist && !compile_dist(in, c, error)) {
		return false;
	}
	if (s->kind == STEP_SHUFFLE) {
		c->scratch = g->nr_scratch;
		g->nr_scratch += s->nr_children;
	}
	if (s->kind == STEP_CHOOSE) {
		c->weights = block(in, s->nr_children, sizeof(*c->weights));
		for (i = 0; i < s->nr_children; i++) {
			if (!compile_val(in, &c->weights[i], s->weights ? s->weights[i] : NULL, 1,
					 error))
				return false;
		}
	}
	c->nr_children = s->nr_children;
	return compile_steps(in, g, &c->children, s->children, s->nr_children, error);
}

static bool compile_steps(struct interp *in, struct cgroup_prog *g, struct cstep **out,
			  const struct step *s, u32 n, char **error)
{
	u32 i;

	*out = block(in, n, sizeof(**out));
	for (i = 0; i < n; i++) {
		(*out)[i].s = &s[i];
		(*out)[i].kind = s[i].kind;
		if (!compile_step(in, g, &(*out)[i], error))
			return false;
	}
	return true;
}

static u32 count_ops(const struct step *s, u32 n)
{
	u32 i, sum = 0;

	for (i = 0; i < n; i++)
		sum += (s[i].kind == STEP_OP) + count_ops(s[i].children, s[i].nr_children);
	return sum;
}

/* One histogram for every operation that keeps latencies. */
static void make_stats(struct interp *in)
{
	u32 i, n = 0;

	in->stats = g_new0(struct op_stat, in->nr_ops + 1);
	for (i = 0; i < in->nr_ops; i++) {
		if (in->ops[i].op->no_latency)
			continue;
		in->ops[i].stat = &in->stats[n++];
		in->ops[i].stat->name = in->ops[i].op->name;
		hist_init(&in->ops[i].stat->hist);
	}
}

bool prog_compile(struct interp *in, char **error)
{
	const struct scenario *sc = in->c.scenario;
	u32 i, n = 0;

	for (i = 0; i < sc->nr_groups; i++)
		n += count_ops(sc->groups[i].steps, sc->groups[i].nr_steps);
	in->ops = g_new0(struct interp_op, n + 1);
	for (i = 0; i < sc->nr_groups; i++) {
		struct cgroup_prog *g = &in->groups[i];

		g->g = &sc->groups[i];
		g->nr_steps = g->g->nr_steps;
		g->barriers = block(in, sc->nr_barriers + 1, sizeof(bool));
		if (!compile_steps(in, g, &g->steps, g->g->steps, g->nr_steps, error))
			return false;
	}
	make_stats(in);
	return true;
}
