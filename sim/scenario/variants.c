/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Variants: which design of each model a scenario compares. The kernel release
 * gives the defaults, `kernel:` keys override them for all variants, a variant's
 * own keys override those.
 */
#include "sim/scenario/reader.h"

#include <stdlib.h>
#include <string.h>

static const char *const schedulers[] = { "cfs", "eevdf", NULL };
static const char *const virt_names[] = { "none", "tas", "pv", "native", NULL };

struct variant_rows {
	const char *name, *about;
	const struct node *machine;
	s64 virt, scheduler, numa_spinlock;
};

static const struct row variant_rows[] = {
	{ "name", ROW_NAME, offsetof(struct variant_rows, name), .required = true,
	  .help = "as it appears in tables" },
	{ "about", ROW_TEXT, offsetof(struct variant_rows, about), .help = "one line" },
	{ "virt", ROW_ENUM, offsetof(struct variant_rows, virt), .choices = virt_names,
	  .help = "none, tas, pv or native" },
	{ "scheduler", ROW_ENUM, offsetof(struct variant_rows, scheduler), .choices = schedulers,
	  .help = "cfs or eevdf" },
	{ "numa_spinlock", ROW_BOOL, offsetof(struct variant_rows, numa_spinlock),
	  .help = "spin locks are CNA locks" },
	{ "machine", ROW_NODE, offsetof(struct variant_rows, machine),
	  .help = "instead of the "
		  "scenario's" },
};

static const struct table variant_table = { "in a variant", variant_rows,
					    ARRAY_SIZE(variant_rows) };

struct kernel_rows {
	const char *base;
	s64 scheduler;
};

static const struct row kernel_rows[] = {
	{ "base", ROW_TEXT, offsetof(struct kernel_rows, base),
	  .help = "release, such as \"6.7\"" },
	{ "scheduler", ROW_ENUM, offsetof(struct kernel_rows, scheduler), .choices = schedulers,
	  .help = "cfs or eevdf" },
};

static const struct table kernel_table = { "in kernel", kernel_rows, ARRAY_SIZE(kernel_rows) };

/* ---- one model's choice ------------------------------------------------------- */

static u32 nr_params(const struct model_desc *m, const struct variant_desc *v)
{
	return m->nr_params + (v ? v->nr_params : 0);
}

static const struct param_desc *param_at(const struct model_desc *m, const struct variant_desc *v,
					 u32 i)
{
	return i < m->nr_params ? &m->params[i] : &v->params[i - m->nr_params];
}

/* A choice without parameters of its own. Those of the model survive a change of variant. */
static void choose(struct reader *rd, struct scn_model_choice *c, const struct variant_desc *v)
{
	const struct model_desc *m = registry_model(rd->r, c->model);
	struct expr **params = arena_alloc(rd->a, (nr_params(m, v) + 1) * sizeof(*params));

	for (u32 i = 0; c->params && i < m->nr_params; i++)
		params[i] = c->params[i];
	c->variant = v;
	c->params = params;
}

static void unknown_variant(struct reader *rd, const struct node *n, const struct model_desc *m)
{
	GPtrArray *names = g_ptr_array_new();

	for (u32 i = 0; m->variants && m->variants[i]; i++)
		g_ptr_array_add(names, (void *)m->variants[i]->name);
	g_ptr_array_add(names, NULL);
	mistake_unknown(rd, n->pos, arena_printf(rd->a, "variant of %s", m->name), n->text,
			(const char *const *)names->pdata);
	g_ptr_array_free(names, TRUE);
}

static void variant_choose(struct reader *rd, const struct node *n, struct scn_model_choice *c)
{
	const struct model_desc *m = registry_model(rd->r, c->model);
	const char *text = expect_text(rd, n, "variant");
	const struct variant_desc *v = text ? model_find_variant(m, text) : NULL;

	if (v && v != c->variant)
		choose(rd, c, v);
	else if (text && !v)
		unknown_variant(rd, n, m);
}

static void unknown_param(struct reader *rd, const struct node *key, const struct model_desc *m,
			  const struct variant_desc *v)
{
	GPtrArray *names = g_ptr_array_new();

	g_ptr_array_add(names, (void *)"variant");
	for (u32 i = 0; i < nr_params(m, v); i++)
		g_ptr_array_add(names, (void *)param_at(m, v, i)->name);
	g_ptr_array_add(names, NULL);
	mistake_unknown(
		rd, key->pos,
		arena_printf(rd->a, "parameter of %s%s%s", m->name, v ? " " : "", v ? v->name : ""),
		key->text, (const char *const *)names->pdata);
	g_ptr_array_free(names, TRUE);
}

static void param_read(struct reader *rd, const struct node *key, const struct node *n,
		       struct scn_model_choice *c)
{
	const struct model_desc *m = registry_model(rd->r, c->model);
	const struct param_desc *p = NULL;
	struct want w;
	u32 i;

	for (i = 0; i < nr_params(m, c->variant); i++) {
		p = param_at(m, c->variant, i);
		if (!strcmp(p->name, key->text))
			break;
	}
	if (i == nr_params(m, c->variant)) {
		unknown_param(rd, key, m, c->variant);
		return;
	}
	w = (struct want){ p->type, p->min, p->max, p->choices, p->name };
	if (w.min >= w.max) {
		w.min = p->type == VT_INT ? INT64_MIN : 0;
		w.max = INT64_MAX;
	}
	c->params[i] = value_read(rd, n, &w, NULL);
}

/* `vmap: nodes-v3` or `vmap: {variant: nodes-v3, pools: 4}`. */
static void choice_read(struct reader *rd, const struct node *n, struct scn_model_choice *c)
{
	const struct node *variant = node_get(n, "variant");

	c->used = true;
	if (n->kind == NODE_SCALAR) {
		variant_choose(rd, n, c);
		return;
	}
	if (!expect_map(rd, n, registry_model(rd->r, c->model)->name))
		return;
	if (variant)
		variant_choose(rd, variant, c);
	for (u32 i = 0; i < n->nr; i++)
		if (strcmp(node_key(n, i)->text, "variant"))
			param_read(rd, node_key(n, i), node_value(n, i), c);
}

/* Keys of @map that are models; the rest is unknown. */
static void choices_read(struct reader *rd, const struct node *map, const GArray *open,
			 const struct table *t, struct scn_model_choice *choices)
{
	const char **models = arena_alloc(rd->a, (registry_nr_models(rd->r) + 1) * sizeof(*models));

	for (u32 m = 0; m < registry_nr_models(rd->r); m++)
		models[m] = registry_model(rd->r, m)->name;
	for (u32 k = 0; k < open->len; k++) {
		u32 i = g_array_index(open, u32, k);
		s32 m = registry_model_index(rd->r, node_key(map, i)->text);

		if (m < 0)
			map_unknown_key(rd, node_key(map, i), t, models);
		else
			choice_read(rd, node_value(map, i), &choices[m]);
	}
}

/* ---- defaults of the kernel --------------------------------------------------- */

static struct scn_model_choice *default_choices(struct reader *rd, const char *release)
{
	u32 nr = registry_nr_models(rd->r);
	struct scn_model_choice *c = arena_alloc(rd->a, (nr + 1) * sizeof(*c));

	for (u32 m = 0; m < nr; m++) {
		const struct model_desc *d = registry_model(rd->r, m);
		const char *name = NULL;

		if (release)
			name = registry_base_variant(rd->r, release, d->name);
		if (!name)
			name = d->default_variant;
		c[m].model = m;
		choose(rd, &c[m], name ? model_find_variant(d, name) : NULL);
		if (!c[m].variant && d->variants && d->variants[0])
			choose(rd, &c[m], d->variants[0]);
	}
	return c;
}

/* CFS before 6.6, EEVDF since and by default. */
static s32 scheduler_of(const char *release)
{
	char *minor;
	u64 major;

	if (!release)
		return SCN_EEVDF;
	major = g_ascii_strtoull(release, &minor, 10);
	if (major != 6 || *minor != '.')
		return major < 6 ? SCN_CFS : SCN_EEVDF;
	return g_ascii_strtoull(minor + 1, NULL, 10) < 6 ? SCN_CFS : SCN_EEVDF;
}

static struct scn_model_choice *kernel_read(struct reader *rd, const struct node *n)
{
	GArray *open = g_array_new(FALSE, FALSE, sizeof(u32));
	struct kernel_rows rows = { .scheduler = -1 };
	const struct node *base = n;
	struct scn_model_choice *c;

	if (n && node_is_null(n))
		n = NULL;
	if (n && n->kind == NODE_SCALAR) {
		rows.base = n->text;
	} else if (n) {
		map_read(rd, n, &kernel_table, &rows, open);
		base = node_get(n, "base");
	}
	if (rows.base && choice_find(registry_bases(rd->r), rows.base) < 0) {
		mistake_unknown(rd, base->pos, "kernel release", rows.base, registry_bases(rd->r));
		rows.base = NULL;
	}
	rd->s->kernel_base = rows.base;
	rd->s->scheduler_given = rows.scheduler >= 0;
	rd->s->scheduler = rows.scheduler >= 0 ? (s32)rows.scheduler : scheduler_of(rows.base);
	c = default_choices(rd, rows.base);
	if (n && n->kind == NODE_MAP)
		choices_read(rd, n, open, &kernel_table, c);
	g_array_free(open, TRUE);
	return c;
}

/* ---- the variants -------------------------------------------------------------- */

static struct scn_model_choice *choices_copy(struct reader *rd, const struct scn_model_choice *from)
{
	u32 nr = registry_nr_models(rd->r);
	struct scn_model_choice *c = arena_copy(rd->a, from, (nr + 1) * sizeof(*c));

	for (u32 m = 0; m < nr; m++)
		c[m].params = arena_copy(rd->a, c[m].params,
					 (nr_params(registry_model(rd->r, m), c[m].variant) + 1) *
						 sizeof(*c[m].params));
	return c;
}

static void free_machine(void *m)
{
	machine_free(m);
}

static bool variant_read(struct reader *rd, const struct node *n,
			 const struct scn_model_choice *defaults, struct scn_variant *v)
{
	GArray *open = g_array_new(FALSE, FALSE, sizeof(u32));
	struct variant_rows rows = { .virt = -1, .scheduler = rd->s->scheduler };

	v->pos = n->pos;
	v->models = choices_copy(rd, defaults);
	if (map_read(rd, n, &variant_table, &rows, open))
		choices_read(rd, n, open, &variant_table, v->models);
	g_array_free(open, TRUE);
	v->name = rows.name;
	v->about = rows.about;
	v->virt = (s32)rows.virt;
	v->scheduler = (s32)rows.scheduler;
	v->numa_spinlock = rows.numa_spinlock;
	if (rows.machine && !set_find(rd, "machine")) {
		v->machine = machine_read(rd, rows.machine, n->pos.file);
		if (v->machine)
			arena_defer(rd->a, free_machine, v->machine);
	}
	return v->name;
}

void variants_read(struct reader *rd, const struct node *kernel, const struct node *n)
{
	struct scn_model_choice *defaults = kernel_read(rd, kernel);
	struct scenario *s = rd->s;

	if (n && !node_is_null(n) && expect_short_list(rd, n, "variants")) {
		s->variants = arena_alloc(rd->a, (n->nr + 1) * sizeof(*s->variants));
		for (u32 i = 0; i < n->nr; i++) {
			struct scn_variant *v = &s->variants[s->nr_variants];

			if (!variant_read(rd, n->items[i], defaults, v))
				continue;
			for (u32 k = 0; k < s->nr_variants; k++)
				if (!strcmp(s->variants[k].name, v->name))
					mistake(rd, node_get(n->items[i], "name")->pos,
						"a second variant '%s'", v->name);
			s->nr_variants++;
		}
		if (!n->nr)
			mistake(rd, n->pos, "variants is empty");
		return;
	}
	s->variants = arena_alloc(rd->a, sizeof(*s->variants));
	s->nr_variants = 1;
	s->variants[0].name = "default";
	s->variants[0].virt = -1;
	s->variants[0].scheduler = s->scheduler;
	s->variants[0].models = defaults;
	s->variants[0].pos = rd->docs[0].root->pos;
}

/* Models that the steps or objects need are used in every variant. */
static void mark_steps(struct scn_variant *v, const struct step *steps, u32 nr)
{
	for (u32 i = 0; i < nr; i++) {
		if (steps[i].kind == STEP_OP)
			v->models[steps[i].model].used = true;
		mark_steps(v, steps[i].children, steps[i].nr_children);
	}
}

void models_used(struct reader *rd)
{
	const struct scenario *s = rd->s;

	for (u32 i = 0; i < s->nr_variants; i++) {
		struct scn_variant *v = &s->variants[i];

		for (u32 g = 0; g < s->nr_groups; g++)
			mark_steps(v, s->groups[g].steps, s->groups[g].nr_steps);
		for (u32 o = 0; o < s->nr_objects; o++)
			v->models[s->objects[o].model].used = true;
	}
}
