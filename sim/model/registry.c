/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The registry: which models exist and which variant each kernel release used.
 * It holds pointers to const descriptors and is small, so look-ups are linear.
 */
#include "sim/model/model.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A descriptor with variants of plug-ins; takes the place of the model's own. */
struct extended {
	struct model_desc desc; /* first: models[] points to it */
	const struct variant_desc **variants;
	u32 nr;
	struct extended *next;
};

struct registry {
	const struct model_desc **models;
	u32 nr_models;
	const struct kernel_base **bases;
	u32 nr_bases;
	const char **releases; /* distinct, NULL-terminated */
	u32 nr_releases;
	struct extended *extended;
};

struct registry *registry_new(void)
{
	struct registry *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->releases = calloc(1, sizeof(*r->releases));
	if (!r->releases) {
		free(r);
		return NULL;
	}
	return r;
}

void registry_free(struct registry *r)
{
	if (!r)
		return;
	for (struct extended *x = r->extended, *next; x; x = next) {
		next = x->next;
		free(x->variants);
		free(x);
	}
	free(r->releases);
	free(r->bases);
	free(r->models);
	free(r);
}

/* Grow an array of @nr pointers by one; false when out of memory. */
static bool grow(void *array, u32 nr)
{
	void **p, *grown;

	memcpy(&p, array, sizeof(p));
	grown = realloc(p, (nr + 2) * sizeof(*p));
	if (!grown)
		return false;
	memcpy(array, &grown, sizeof(grown));
	return true;
}

static bool variant_names_ok(const struct model_desc *m, const char **what)
{
	for (u32 i = 0; m->variants && m->variants[i]; i++) {
		*what = m->variants[i]->name;
		if (!**what || isdigit((unsigned char)**what))
			return false;
		for (u32 j = 0; j < i; j++)
			if (!strcmp(*what, m->variants[j]->name))
				return false;
	}
	if (!m->variants || !m->default_variant)
		return true;
	*what = m->default_variant;
	return model_find_variant(m, m->default_variant);
}

int registry_add(struct registry *r, const struct model_desc *m, const char **what)
{
	*what = m->name;
	if (registry_find_model(r, m->name))
		return -EEXIST;
	for (u32 i = 0; i < m->nr_ops; i++) {
		*what = m->ops[i].name;
		if (m->ops[i].nr_args > OP_MAX_ARGS)
			return -EINVAL;
		if (registry_find_op(r, *what, NULL))
			return -EEXIST;
		for (u32 j = 0; j < i; j++)
			if (!strcmp(*what, m->ops[j].name))
				return -EEXIST;
	}
	if (!variant_names_ok(m, what))
		return -EINVAL;
	*what = NULL;
	if (!grow(&r->models, r->nr_models))
		return -ENOMEM;
	r->models[r->nr_models++] = m;
	return 0;
}

/* The model's descriptor as one that can grow; NULL when out of memory. */
static struct extended *extend(struct registry *r, u32 i)
{
	const struct model_desc *m = r->models[i];
	struct extended *x;

	for (x = r->extended; x; x = x->next)
		if (&x->desc == m)
			return x;
	x = calloc(1, sizeof(*x));
	if (!x)
		return NULL;
	x->desc = *m;
	while (m->variants && m->variants[x->nr])
		x->nr++;
	x->variants = calloc(x->nr + 1, sizeof(*x->variants));
	if (!x->variants) {
		free(x);
		return NULL;
	}
	if (x->nr)
		memcpy(x->variants, m->variants, x->nr * sizeof(*x->variants));
	x->desc.variants = x->variants;
	x->next = r->extended;
	r->extended = x;
	r->models[i] = &x->desc;
	return x;
}

int registry_add_variant(struct registry *r, const char *model, const struct variant_desc *v)
{
	s32 i = registry_model_index(r, model);
	struct extended *x;

	if (i < 0)
		return -ENOENT;
	if (!*v->name || isdigit((unsigned char)*v->name))
		return -EINVAL;
	if (model_find_variant(r->models[i], v->name))
		return -EEXIST;
	x = extend(r, (u32)i);
	if (!x || !grow(&x->variants, x->nr))
		return -ENOMEM;
	x->variants[x->nr++] = v;
	x->variants[x->nr] = NULL;
	x->desc.variants = x->variants;
	return 0;
}

static int add_release(struct registry *r, const char *release)
{
	for (u32 i = 0; i < r->nr_releases; i++)
		if (!strcmp(r->releases[i], release))
			return 0;
	if (!grow(&r->releases, r->nr_releases))
		return -ENOMEM;
	r->releases[r->nr_releases++] = release;
	r->releases[r->nr_releases] = NULL;
	return 0;
}

int registry_add_bases(struct registry *r, const struct kernel_base *b)
{
	for (; b->release; b++) {
		int err = add_release(r, b->release);

		if (err)
			return err;
		if (!grow(&r->bases, r->nr_bases))
			return -ENOMEM;
		r->bases[r->nr_bases++] = b;
	}
	return 0;
}

u32 registry_nr_models(const struct registry *r)
{
	return r->nr_models;
}

const struct model_desc *registry_model(const struct registry *r, u32 i)
{
	return i < r->nr_models ? r->models[i] : NULL;
}

s32 registry_model_index(const struct registry *r, const char *name)
{
	for (u32 i = 0; i < r->nr_models; i++)
		if (!strcmp(r->models[i]->name, name))
			return i;
	return -1;
}

const struct model_desc *registry_find_model(const struct registry *r, const char *name)
{
	s32 i = registry_model_index(r, name);

	return i < 0 ? NULL : r->models[i];
}

const struct op_desc *registry_find_op(const struct registry *r, const char *name, u32 *model)
{
	for (u32 i = 0; i < r->nr_models; i++) {
		const struct model_desc *m = r->models[i];

		for (u32 j = 0; j < m->nr_ops; j++) {
			if (strcmp(m->ops[j].name, name))
				continue;
			if (model)
				*model = i;
			return &m->ops[j];
		}
	}
	return NULL;
}

const struct variant_desc *model_find_variant(const struct model_desc *m, const char *name)
{
	for (u32 i = 0; m->variants && m->variants[i]; i++)
		if (!strcmp(m->variants[i]->name, name))
			return m->variants[i];
	return NULL;
}

const char *registry_base_variant(const struct registry *r, const char *release, const char *model)
{
	/* The last declaration wins, so that a plug-in can replace a built-in one. */
	for (u32 i = r->nr_bases; i--;)
		if (!strcmp(r->bases[i]->release, release) && !strcmp(r->bases[i]->model, model))
			return r->bases[i]->variant;
	return NULL;
}

const char *const *registry_bases(const struct registry *r)
{
	return r->releases;
}
