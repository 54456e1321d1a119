// SPDX-License-Identifier: GPL-2.0-or-later
/* Models of a run: parameters and objects of the point, creation, removal. */
#include "sim/experiment/run_cgroups.h"
#include "sim/experiment/run_priv.h"

#include <errno.h>
#include <string.h>

const struct model_desc *run_model(const struct run *r, u32 i)
{
	return registry_model(r->c->scenario->registry, i);
}

u32 run_nr_params(const struct scenario *sc, const struct scn_model_choice *c)
{
	return registry_model(sc->registry, c->model)->nr_params +
	       (c->variant ? c->variant->nr_params : 0);
}

const struct param_desc *run_param_desc(const struct scenario *sc, const struct scn_model_choice *c,
					u32 i)
{
	const struct model_desc *m = registry_model(sc->registry, c->model);

	return i < m->nr_params ? &m->params[i] : &c->variant->params[i - m->nr_params];
}

static bool in_range(const struct param_desc *d, s64 v)
{
	if (d->type != VT_INT && d->type != VT_SIZE && d->type != VT_TIME)
		return true;
	return d->min >= d->max || (v >= d->min && v <= d->max);
}

static bool eval_param(const struct param_desc *d, const struct expr *e, const struct expr_env *env,
		       s64 *out, char **why)
{
	struct srcpos pos;
	const char *msg;

	*out = d->def;
	if (!e)
		return true;
	pos = expr_pos(e);
	msg = expr_eval(e, env, out);
	if (msg) {
		*why = g_strdup_printf("%s:%u:%u: %s", pos.file, pos.line, pos.col, msg);
		return false;
	}
	if (in_range(d, *out))
		return true;
	*why = g_strdup_printf("%s:%u:%u: %s is %lld, allowed is %lld to %lld", pos.file, pos.line,
			       pos.col, d->name, (long long)*out, (long long)d->min,
			       (long long)d->max);
	return false;
}

bool run_model_param(const struct scenario *sc, const struct scn_model_choice *c, u32 i,
		     const struct expr_env *env, s64 *out, char **why)
{
	return eval_param(run_param_desc(sc, c, i), c->params ? c->params[i] : NULL, env, out, why);
}

static void *keep(struct run *r, size_t n, size_t size)
{
	void *p = g_malloc0_n(n ? n : 1, size);

	g_ptr_array_add(r->blocks, p);
	return p;
}

static bool make_object(struct run *r, const struct scn_object *o, struct object_decl *d,
			const struct expr_env *env, char **error)
{
	s64 *values = keep(r, o->kind->nr_keys, sizeof(s64)), count = 1;
	struct srcpos pos = o->pos;
	const char *msg = NULL;
	u32 i;

	for (i = 0; i < o->kind->nr_keys; i++) {
		if (!eval_param(&o->kind->keys[i], o->values ? o->values[i] : NULL, env, &values[i],
				error))
			return false;
	}
	if (o->count)
		msg = expr_eval(o->count, env, &count);
	if (!msg && (count < 1 || count > 1000000))
		msg = "count must be 1 to 1000000";
	if (msg) {
		*error = g_strdup_printf("%s:%u:%u: %s", pos.file, pos.line, pos.col, msg);
		return false;
	}
	*d = (struct object_decl){ o->name, o->kind, values, (u32)count, NULL };
	if (o->cgroup)
		d->cgroup = cgroups_find(r->cgroups, o->name, &d->count);
	return true;
}

/* Objects of model @m in order of declaration; instances are numbered through. */
static bool make_objects(struct run *r, u32 m, struct model_config *mc, const struct expr_env *env,
			 char **error)
{
	const struct scenario *sc = r->c->scenario;
	struct object_decl *decl = keep(r, sc->nr_objects, sizeof(*decl));
	s64 next = 0;
	u32 i, n = 0;

	r->object_base[m] = keep(r, sc->nr_objects, sizeof(s64));
	r->object_count[m] = keep(r, sc->nr_objects, sizeof(s64));
	for (i = 0; i < sc->nr_objects; i++) {
		if (sc->objects[i].model != m)
			continue;
		if (!make_object(r, &sc->objects[i], &decl[n], env, error))
			return false;
		r->object_base[m][n] = next;
		r->object_count[m][n] = decl[n].count;
		next += decl[n++].count;
	}
	mc->objects = decl;
	mc->nr_objects = n;
	return true;
}

static bool make_model(struct run *r, u32 m, const struct expr_env *env, char **error)
{
	const struct scenario *sc = r->c->scenario;
	const struct scn_model_choice *choice = &r->c->variant->models[m];
	const struct model_desc *desc = run_model(r, m);
	struct model_config mc = { .variant = choice->variant, .scale = 1 };
	u32 i, n = run_nr_params(sc, choice);
	s64 *params = keep(r, n, sizeof(*params));

	for (i = 0; i < n; i++) {
		if (!run_model_param(sc, choice, i, env, &params[i], error))
			return false;
	}
	mc.params = params;
	if (sc->scale_param >= 0)
		mc.scale = r->c->params[sc->scale_param];
	if (!make_objects(r, m, &mc, env, error))
		return false;
	errno = 0;
	r->models[m] = desc->create(r->kern, &mc);
	if (!r->models[m])
		*error = g_strdup_printf("cannot create model %s: %s", desc->name,
					 g_strerror(errno ? errno : ENOMEM));
	return r->models[m] != NULL;
}

bool run_make_models(struct run *r, char **error)
{
	struct expr_env env = { .params = r->c->params,
				.cpus = r->hw->nr_cpus,
				.nodes = r->hw->nr_nodes };
	u32 i;

	for (i = 0; i < r->nr_models; i++) {
		if (r->c->variant->models[i].used && !make_model(r, i, &env, error))
			return false;
	}
	return true;
}

void run_drop_models(struct run *r)
{
	u32 i;

	for (i = r->nr_models; i-- > 0;) {
		if (r->models[i])
			run_model(r, i)->destroy(r->models[i]);
	}
}
