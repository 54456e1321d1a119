/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sweeps: which parameters take which values. Those outside `zip` are crossed,
 * the lists of one `zip` advance together. A swept parameter that is also given
 * by --set keeps only that value.
 */
#include "sim/scenario/expr.h"

#include <string.h>

#define MAX_SWEEP_VALUES 100000
#define MAX_POINTS 100000

struct sweep_build {
	GArray *sweeps; /* struct scn_sweep */
	u32 nr_zips;
};

/* Values of one parameter, literals or expressions of other things than parameters. */
static struct expr **values_read(struct reader *rd, const struct node *list, s32 param, u32 *nr)
{
	const struct scn_param *p = &rd->s->params[param];
	struct want w = { .type = p->unit, .min = p->min, .max = p->max, .what = p->name };
	struct expr **values;
	u32 good = 0;

	if (list->nr > MAX_SWEEP_VALUES) {
		mistake(rd, list->pos, "more than %d values", MAX_SWEEP_VALUES);
		return NULL;
	}
	values = arena_alloc(rd->a, (list->nr + 1) * sizeof(*values));
	for (u32 i = 0; i < list->nr; i++) {
		struct expr *e = value_read(rd, list->items[i], &w, NULL);

		if (!e)
			continue;
		for (u32 k = 0; k < rd->s->nr_params; k++) {
			if (!expr_uses_param(e, k))
				continue;
			mistake(rd, list->items[i]->pos,
				"a value of a sweep cannot depend on parameter '%s'",
				rd->param_names[k]);
			break;
		}
		values[good++] = e;
	}
	*nr = good;
	return values;
}

/* Only the parameter's own value, but still a column of the results. */
static void collapse(struct reader *rd, struct scn_sweep *s, struct srcpos pos)
{
	const struct scn_param *p = &rd->s->params[s->param];

	s->values = arena_alloc(rd->a, sizeof(*s->values));
	s->values[0] = expr_constant(rd, pos, p->def, quantity_of(p->unit));
	s->nr_values = 1;
	s->zip = 0;
}

/* Under --quick: what the full sweep has and the quick one has not stays a column. */
static void collapse_others(struct reader *rd, struct sweep_build *quick,
			    const struct sweep_build *full, struct srcpos pos)
{
	for (u32 i = 0; i < full->sweeps->len; i++) {
		struct scn_sweep s = g_array_index(full->sweeps, struct scn_sweep, i);
		u32 k = 0;

		while (k < quick->sweeps->len &&
		       g_array_index(quick->sweeps, struct scn_sweep, k).param != s.param)
			k++;
		if (k < quick->sweeps->len)
			continue;
		collapse(rd, &s, pos);
		g_array_append_val(quick->sweeps, s);
	}
}

static void sweep_one(struct reader *rd, const struct node *key, const struct node *list, u32 zip,
		      struct sweep_build *b)
{
	const struct node *set = set_find(rd, key->text);
	struct scn_sweep s = { .param = param_find(rd, key->text), .zip = zip };

	if (s.param < 0) {
		mistake_unknown(rd, key->pos, "parameter in sweep", key->text, rd->param_names);
		return;
	}
	if (b->sweeps->len == MAX_ENTRIES) {
		mistake(rd, key->pos, "more than %u parameters are swept", MAX_ENTRIES);
		return;
	}
	if (!expect_list(rd, list, arena_printf(rd->a, "sweep of '%s'", key->text)))
		return;
	if (!list->nr) {
		mistake(rd, list->pos, "sweep of '%s' has no values", key->text);
		return;
	}
	for (u32 i = 0; i < b->sweeps->len; i++) {
		if (g_array_index(b->sweeps, struct scn_sweep, i).param == s.param) {
			mistake(rd, key->pos, "'%s' is swept twice", key->text);
			return;
		}
	}
	s.values = values_read(rd, list, s.param, &s.nr_values);
	if (set && s.values)
		collapse(rd, &s, set->pos);
	if (s.nr_values)
		g_array_append_val(b->sweeps, s);
}

static void zip_read(struct reader *rd, const struct node *n, struct sweep_build *b)
{
	u32 first = b->sweeps->len, zip = ++b->nr_zips, len = 0;

	if (!expect_map(rd, n, "zip"))
		return;
	for (u32 i = 0; i < n->nr; i++)
		sweep_one(rd, node_key(n, i), node_value(n, i), zip, b);
	for (u32 i = first; i < b->sweeps->len; i++) {
		struct scn_sweep *s = &g_array_index(b->sweeps, struct scn_sweep, i);

		if (!s->zip)
			continue;
		if (!len)
			len = s->nr_values;
		if (s->nr_values != len) {
			mistake(rd, n->pos,
				"the lists of a zip must be of one length: '%s' has %u "
				"values, not %u",
				rd->param_names[s->param], s->nr_values, len);
			return;
		}
	}
}

static void section_read(struct reader *rd, const struct node *n, struct sweep_build *b)
{
	if (!n || node_is_null(n) || !expect_map(rd, n, "sweep"))
		return;
	for (u32 i = 0; i < n->nr; i++) {
		const struct node *key = node_key(n, i), *v = node_value(n, i);

		if (strcmp(key->text, "zip"))
			sweep_one(rd, key, v, 0, b);
		else if (v->kind == NODE_LIST)
			for (u32 k = 0; k < v->nr; k++)
				zip_read(rd, v->items[k], b);
		else
			zip_read(rd, v, b);
	}
}

/* All combinations: a zip counts once. */
static void check_points(struct reader *rd, const struct node *n)
{
	const struct scenario *s = rd->s;
	u64 points = 1;
	u32 zip = 0;

	for (u32 i = 0; i < s->nr_sweeps && points <= MAX_POINTS; i++) {
		if (!s->sweeps[i].zip || s->sweeps[i].zip != zip)
			points *= s->sweeps[i].nr_values;
		zip = s->sweeps[i].zip;
	}
	if (points > MAX_POINTS)
		mistake(rd, n->pos, "the sweep has more than %d points", MAX_POINTS);
}

void sweep_read(struct reader *rd, const struct node *n, const struct node *quick)
{
	struct sweep_build used = { 0 }, other = { 0 };
	const struct node *first = quick && rd->opt->quick ? quick : n;
	const struct node *second = first == quick ? n : quick;

	used.sweeps = g_array_new(FALSE, FALSE, sizeof(struct scn_sweep));
	other.sweeps = g_array_new(FALSE, FALSE, sizeof(struct scn_sweep));
	section_read(rd, first, &used);
	section_read(rd, second, &other);
	if (first && second && first == quick)
		collapse_others(rd, &used, &other, quick->pos);
	rd->s->nr_sweeps = used.sweeps->len;
	rd->s->sweeps =
		arena_copy(rd->a, used.sweeps->data, used.sweeps->len * sizeof(struct scn_sweep));
	if (first)
		check_points(rd, first);
	/* Parameters have the first value of their sweep when values are checked. */
	for (u32 i = 0; i < rd->s->nr_sweeps; i++) {
		const struct scn_sweep *s = &rd->s->sweeps[i];

		expr_eval(s->values[0], &rd->env, &rd->base_params[s->param]);
	}
	g_array_free(used.sweeps, TRUE);
	g_array_free(other.sweeps, TRUE);
}
