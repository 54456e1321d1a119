/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Objects: instances of the kinds that models declare, such as locks. Written as
 * a list of {name:, kind:, ...} or as a map from name to kind or {kind:, ...}.
 */
#include "sim/scenario/reader.h"

#include <string.h>

struct object_read {
	const struct node *name, *kind, *count, *map;
};

static void unknown_kind(struct reader *rd, const struct node *n)
{
	GPtrArray *names = g_ptr_array_new();

	for (u32 m = 0; m < registry_nr_models(rd->r); m++) {
		const struct model_desc *d = registry_model(rd->r, m);

		for (u32 i = 0; i < d->nr_kinds; i++)
			g_ptr_array_add(names, (void *)d->kinds[i]->name);
	}
	g_ptr_array_add(names, NULL);
	mistake_unknown(rd, n->pos, "kind of object", n->text, (const char *const *)names->pdata);
	g_ptr_array_free(names, TRUE);
}

/* kind, or model.kind if two models have one of that name. */
static bool kind_find(struct reader *rd, const struct node *n, struct scn_object *o)
{
	const char *text = expect_text(rd, n, "kind"), *dot = text ? strchr(text, '.') : NULL;

	if (!text)
		return false;
	for (u32 m = 0; m < registry_nr_models(rd->r); m++) {
		const struct model_desc *d = registry_model(rd->r, m);

		if (dot && (strlen(d->name) != (size_t)(dot - text) ||
			    strncmp(d->name, text, (size_t)(dot - text))))
			continue;
		for (u32 i = 0; i < d->nr_kinds; i++) {
			if (strcmp(d->kinds[i]->name, dot ? dot + 1 : text))
				continue;
			o->model = m;
			o->kind = d->kinds[i];
			return true;
		}
	}
	unknown_kind(rd, n);
	return false;
}

static struct want key_want(const struct param_desc *p)
{
	struct want w = { .type = p->type,
			  .min = p->min,
			  .max = p->max,
			  .choices = p->choices,
			  .what = p->name };

	if (w.min >= w.max) {
		w.min = p->type == VT_INT ? INT64_MIN : 0;
		w.max = INT64_MAX;
	}
	return w;
}

static void unknown_object_key(struct reader *rd, const struct node *key,
			       const struct object_kind_desc *kind)
{
	GPtrArray *names = g_ptr_array_new();

	for (u32 i = 0; i < kind->nr_keys; i++)
		g_ptr_array_add(names, (void *)kind->keys[i].name);
	g_ptr_array_add(names, (void *)"name");
	g_ptr_array_add(names, (void *)"kind");
	g_ptr_array_add(names, (void *)"count");
	g_ptr_array_add(names, NULL);
	mistake_unknown(rd, key->pos, arena_printf(rd->a, "key of a %s", kind->name), key->text,
			(const char *const *)names->pdata);
	g_ptr_array_free(names, TRUE);
}

static void keys_read(struct reader *rd, const struct object_read *in, struct scn_object *o)
{
	static const char *const own[] = { "name", "kind", "count", NULL };

	o->values = arena_alloc(rd->a, (o->kind->nr_keys + 1) * sizeof(*o->values));
	for (u32 i = 0; in->map && i < in->map->nr; i++) {
		const struct node *key = node_key(in->map, i);
		u32 k = 0;

		if (choice_find(own, key->text) >= 0)
			continue;
		while (k < o->kind->nr_keys && strcmp(o->kind->keys[k].name, key->text))
			k++;
		if (k == o->kind->nr_keys) {
			unknown_object_key(rd, key, o->kind);
		} else {
			struct want w = key_want(&o->kind->keys[k]);

			o->values[k] = value_read(rd, node_value(in->map, i), &w, NULL);
		}
	}
	for (u32 k = 0; k < o->kind->nr_keys; k++)
		if (o->kind->keys[k].required &&
		    !(in->map && node_get(in->map, o->kind->keys[k].name)))
			mistake(rd, o->pos, "%s '%s' needs '%s' (%s)", o->kind->name, o->name,
				o->kind->keys[k].name, o->kind->keys[k].about);
}

static void object_read(struct reader *rd, const struct object_read *in, GArray *objects)
{
	struct want w = { .type = VT_INT, .min = 1, .max = 1000000, .what = "count" };
	struct scn_object o = { 0 };

	o.name = expect_text(rd, in->name, "name");
	o.pos = in->name->pos;
	if (!o.name || !name_ok(rd, in->name, "object name", o.name))
		return;
	if (index_find(rd->object_index, o.name) >= 0) {
		mistake(rd, o.pos, "a second object '%s'", o.name);
		return;
	}
	if (!in->kind) {
		mistake(rd, o.pos, "object '%s' has no kind", o.name);
		return;
	}
	if (!kind_find(rd, in->kind, &o))
		return;
	keys_read(rd, in, &o);
	if (in->count)
		o.count = value_read(rd, in->count, &w, NULL);
	index_add(rd->object_index, o.name, objects->len);
	g_array_append_val(objects, o);
}

static void from_list(struct reader *rd, const struct node *list, GArray *objects)
{
	for (u32 i = 0; i < list->nr; i++) {
		const struct node *n = list->items[i];
		struct object_read in = { node_get(n, "name"), node_get(n, "kind"),
					  node_get(n, "count"), n };

		if (!expect_map(rd, n, "an object"))
			continue;
		if (!in.name)
			mistake(rd, n->pos, "an object without a name");
		else
			object_read(rd, &in, objects);
	}
}

static void from_map(struct reader *rd, const struct node *map, GArray *objects)
{
	for (u32 i = 0; i < map->nr; i++) {
		const struct node *n = node_value(map, i);
		struct object_read in = { .name = node_key(map, i), .kind = n };

		if (n->kind == NODE_MAP) {
			in.kind = node_get(n, "kind");
			in.count = node_get(n, "count");
			in.map = n;
		}
		object_read(rd, &in, objects);
	}
}

void objects_read(struct reader *rd)
{
	GArray *objects = g_array_new(FALSE, FALSE, sizeof(struct scn_object));
	u32 *seen = arena_alloc(rd->a, (registry_nr_models(rd->r) + 1) * sizeof(u32));

	for (u32 d = 0; d < rd->nr_docs; d++) {
		const struct node *n = node_get(rd->docs[d].root, "objects");

		if (!n || node_is_null(n))
			continue;
		if (n->kind == NODE_LIST)
			from_list(rd, n, objects);
		else if (expect_map(rd, n, "objects"))
			from_map(rd, n, objects);
	}
	rd->object_nth = arena_alloc(rd->a, (objects->len + 1) * sizeof(u32));
	for (u32 i = 0; i < objects->len; i++)
		rd->object_nth[i] = seen[g_array_index(objects, struct scn_object, i).model]++;
	rd->s->nr_objects = objects->len;
	rd->s->objects = arena_copy(rd->a, objects->data, objects->len * sizeof(struct scn_object));
	g_array_free(objects, TRUE);
}

s32 cgroup_object(struct reader *rd, u32 model, const char *name)
{
	const struct object_kind_desc *kind = registry_model(rd->r, model)->cgroup_kind;
	s32 at = kind && rd->cgroup_names ? choice_find(rd->cgroup_names, name) : -1;
	struct scenario *s = rd->s;
	struct scn_object *objects;
	u32 n = s->nr_objects, *nth;

	if (at < 0)
		return -1;
	objects = arena_alloc(rd->a, (n + 1) * sizeof(*objects));
	nth = arena_alloc(rd->a, (n + 2) * sizeof(*nth));
	for (u32 i = 0; i < n; i++) {
		objects[i] = s->objects[i];
		nth[i] = rd->object_nth[i];
		nth[n] += s->objects[i].model == model;
	}
	objects[n] = (struct scn_object){ .name = s->cgroups[at].name,
					  .model = model,
					  .pos = s->cgroups[at].pos,
					  .kind = kind,
					  .cgroup = &s->cgroups[at] };
	s->objects = objects;
	rd->object_nth = nth;
	index_add(rd->object_index, objects[n].name, n);
	return (s32)s->nr_objects++;
}
