/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is done with results: measure, plots, and the figures they are held
 * against.
 */
#include "sim/scenario/reader.h"

#include <string.h>

/* ---- measure ------------------------------------------------------------------ */

struct measure {
	s64 sample, skip;
	const struct node *notes, *note;
};

static const struct row measure_rows[] = {
	{ "sample", ROW_TIME, offsetof(struct measure, sample), .max = INT64_MAX,
	  .help = "interval of series.csv, 0s: none" },
	{ "skip", ROW_TIME, offsetof(struct measure, skip), .max = INT64_MAX,
	  .help = "warm-up that is cut off" },
	{ "notes", ROW_NODE, offsetof(struct measure, notes), .help = "lines under the table" },
	{ "note", ROW_NODE, offsetof(struct measure, note), .help = "one such line" },
};

static const struct table measure_table = { "in measure", measure_rows, ARRAY_SIZE(measure_rows) };

static void notes_read(struct reader *rd, const struct node *n, GPtrArray *notes)
{
	const char *text;

	if (n->kind == NODE_LIST) {
		for (u32 i = 0; i < n->nr; i++) {
			text = expect_text(rd, n->items[i], "a note");
			if (text)
				g_ptr_array_add(notes, (void *)text);
		}
		return;
	}
	text = expect_text(rd, n, "note");
	if (text)
		g_ptr_array_add(notes, (void *)text);
}

void measure_read(struct reader *rd, const struct node *n)
{
	struct measure m = { 0 };
	struct scenario *s = rd->s;
	GPtrArray *notes;

	if (!n || node_is_null(n) || !map_read(rd, n, &measure_table, &m, NULL))
		return;
	s->sample = (u64)m.sample;
	s->skip = (u64)m.skip;
	if (s->duration && s->skip >= s->duration)
		mistake(rd, node_get(n, "skip")->pos, "skip leaves nothing of the duration");
	notes = g_ptr_array_new();
	if (m.note)
		notes_read(rd, m.note, notes);
	if (m.notes)
		notes_read(rd, m.notes, notes);
	s->nr_notes = notes->len;
	s->notes = arena_copy(rd->a, notes->pdata, notes->len * sizeof(char *));
	g_ptr_array_free(notes, TRUE);
}

/* ---- plots --------------------------------------------------------------------- */

struct plot_rows {
	const char *name, *title;
	const struct node *x, *y, *by;
	s64 logx, logy;
};

static const struct row plot_rows[] = {
	{ "x", ROW_NODE, offsetof(struct plot_rows, x), .required = true,
	  .help = "swept parameter or variant" },
	{ "y", ROW_NODE, offsetof(struct plot_rows, y), .required = true, .help = "metric" },
	{ "by", ROW_NODE, offsetof(struct plot_rows, by), .help = "one line for each of these" },
	{ "logx", ROW_INT, offsetof(struct plot_rows, logx), .max = 1000,
	  .help = "base, 0: linear" },
	{ "logy", ROW_INT, offsetof(struct plot_rows, logy), .max = 1000,
	  .help = "base, 0: linear" },
	{ "title", ROW_TEXT, offsetof(struct plot_rows, title), .help = "above the plot" },
	{ "name", ROW_NAME, offsetof(struct plot_rows, name), .help = "of the file" },
};

static const struct table plot_table = { "in a plot", plot_rows, ARRAY_SIZE(plot_rows) };

/* Parameters that a sweep names, with "variant" before them. */
static void axis_names(const struct node *sweep, GPtrArray *names)
{
	for (u32 i = 0; sweep && sweep->kind == NODE_MAP && i < sweep->nr; i++) {
		const struct node *v = node_value(sweep, i);

		if (strcmp(node_key(sweep, i)->text, "zip"))
			g_ptr_array_add(names, (void *)node_key(sweep, i)->text);
		else if (v->kind == NODE_LIST)
			for (u32 k = 0; k < v->nr; k++)
				axis_names(v->items[k], names);
		else
			axis_names(v, names);
	}
}

static const char *axis_read(struct reader *rd, const struct node *n, const char *what,
			     const GPtrArray *names)
{
	const char *text = expect_text(rd, n, what);

	if (!text || choice_find((const char *const *)names->pdata, text) >= 0)
		return text;
	mistake_unknown(rd, n->pos, arena_printf(rd->a, "%s of a plot", what), text,
			(const char *const *)names->pdata);
	return NULL;
}

/* File stem of a plot without a name, unlike those before it. */
static const char *stem(struct reader *rd, const struct scn_plot *p, u32 nr)
{
	char *text = g_strdup_printf("%s-%s", p->y, p->x);
	const char *made;

	for (char *c = text; *c; c++)
		if (!g_ascii_isalnum(*c) && !strchr("._-", *c))
			*c = '-';
	made = arena_intern(rd->a, text);
	for (u32 i = 0, n = 2; i < nr; i++) {
		if (strcmp(rd->s->plots[i].name, made))
			continue;
		made = arena_printf(rd->a, "%s-%u", text, n++);
		i = (u32)-1;
	}
	g_free(text);
	return made;
}

static void plot_read(struct reader *rd, const struct node *n, const GPtrArray *axes)
{
	struct scn_plot *p = &rd->s->plots[rd->s->nr_plots];
	struct plot_rows rows = { 0 };

	if (!map_read(rd, n, &plot_table, &rows, NULL))
		return;
	p->pos = n->pos;
	p->title = rows.title;
	p->logx = (u32)rows.logx;
	p->logy = (u32)rows.logy;
	if (rows.logx == 1 || rows.logy == 1)
		mistake(rd, n->pos, "a logarithm needs a base of 2 or more (0: linear)");
	p->x = rows.x ? axis_read(rd, rows.x, "x", axes) : NULL;
	p->y = rows.y ? metric_read(rd, rows.y) : NULL;
	if (rows.by)
		p->by = axis_read(rd, rows.by, "by", axes);
	else
		p->by = p->x && strcmp(p->x, "variant") ? "variant" : NULL;
	if (p->by && p->x && !strcmp(p->by, p->x))
		mistake(rd, rows.by->pos, "x and by are the same");
	if (!p->x || !p->y)
		return;
	p->name = rows.name ? rows.name : stem(rd, p, rd->s->nr_plots);
	for (u32 i = 0; i < rd->s->nr_plots; i++)
		if (!strcmp(rd->s->plots[i].name, p->name))
			mistake(rd, n->pos, "a second plot '%s'", p->name);
	rd->s->nr_plots++;
}

void plots_read(struct reader *rd, const struct node *n, const struct node *sweep,
		const struct node *quick)
{
	GPtrArray *axes;

	if (!n || node_is_null(n) || !expect_short_list(rd, n, "plots"))
		return;
	axes = g_ptr_array_new();
	g_ptr_array_add(axes, (void *)"variant");
	axis_names(sweep, axes);
	axis_names(quick, axes);
	g_ptr_array_add(axes, NULL);
	rd->s->plots = arena_alloc(rd->a, (n->nr + 1) * sizeof(*rd->s->plots));
	for (u32 i = 0; i < n->nr; i++)
		plot_read(rd, n->items[i], axes);
	g_ptr_array_free(axes, TRUE);
}

/* ---- expect --------------------------------------------------------------------- */

struct expect_rows {
	const struct node *metric, *at, *less;
	const char *variant, *ratio, *source;
	double value, within_abs;
	s64 within, kind;
};

static const char *const expect_kinds[] = { "validation", "calibration", "exact", "indication",
					    NULL };

static const struct row expect_rows[] = {
	{ "metric", ROW_NODE, offsetof(struct expect_rows, metric), .required = true,
	  .help = "what is compared" },
	{ "variant", ROW_TEXT, offsetof(struct expect_rows, variant),
	  .help = "of an absolute figure" },
	{ "ratio", ROW_TEXT, offsetof(struct expect_rows, ratio), .help = "variant/variant" },
	{ "less", ROW_NODE, offsetof(struct expect_rows, less),
	  .help = "[a, b]: variant a is not above variant b" },
	{ "at", ROW_NODE, offsetof(struct expect_rows, at), .help = "parameter values" },
	{ "value", ROW_NUMBER, offsetof(struct expect_rows, value),
	  .help = "in the metric's unit" },
	{ "within", ROW_RATIO, offsetof(struct expect_rows, within), .help = "relative, 25%" },
	{ "within_abs", ROW_NUMBER, offsetof(struct expect_rows, within_abs),
	  .help = "in the metric's unit" },
	{ "kind", ROW_ENUM, offsetof(struct expect_rows, kind), .choices = expect_kinds,
	  .help = "validation, calibration or exact" },
	{ "source", ROW_TEXT, offsetof(struct expect_rows, source), .help = "where it is from" },
};

static const struct table expect_table = { "in expect", expect_rows, ARRAY_SIZE(expect_rows) };

/* The scenario's own string of variant @name, or NULL after a mistake. */
static const char *variant_name(struct reader *rd, struct srcpos pos, const char *name)
{
	const struct scenario *s = rd->s;
	const char **names = arena_alloc(rd->a, (s->nr_variants + 1) * sizeof(*names));

	for (u32 i = 0; i < s->nr_variants; i++) {
		names[i] = s->variants[i].name;
		if (!strcmp(names[i], name))
			return names[i];
	}
	mistake_unknown(rd, pos, "variant of this scenario", name, names);
	return NULL;
}

static void ratio_read(struct reader *rd, const struct node *n, const char *text,
		       struct scn_expect *e)
{
	const char *slash = strchr(text, '/');

	if (!slash || slash == text || !slash[1]) {
		mistake(rd, n->pos, "ratio must be two variants, such as before/after, not '%.60s'",
			text);
		return;
	}
	e->ratio_num =
		variant_name(rd, n->pos, arena_printf(rd->a, "%.*s", (int)(slash - text), text));
	e->ratio_den = variant_name(rd, n->pos, slash + 1);
}

static void less_read(struct reader *rd, const struct node *n, struct scn_expect *e)
{
	const char *a, *b;

	if (n->kind != NODE_LIST || n->nr != 2) {
		mistake(rd, n->pos, "less must be a list of two variants, [a, b]");
		return;
	}
	a = expect_text(rd, n->items[0], "less");
	b = expect_text(rd, n->items[1], "less");
	e->variant = a ? variant_name(rd, n->items[0]->pos, a) : NULL;
	e->than = b ? variant_name(rd, n->items[1]->pos, b) : NULL;
}

static void at_read(struct reader *rd, const struct node *n, struct scn_expect *e)
{
	if (!expect_map(rd, n, "at"))
		return;
	if (n->nr > ARRAY_SIZE(e->at)) {
		mistake(rd, n->pos, "at names more than %zu parameters", ARRAY_SIZE(e->at));
		return;
	}
	for (u32 i = 0; i < n->nr; i++) {
		const struct node *key = node_key(n, i);
		s32 p = param_find(rd, key->text);
		struct want w;

		if (p < 0) {
			mistake_unknown(rd, key->pos, "parameter in at", key->text,
					rd->param_names);
			continue;
		}
		w = (struct want){ rd->s->params[p].unit, rd->s->params[p].min,
				   rd->s->params[p].max, NULL, key->text };
		e->at[e->nr_at].param = p;
		if (literal_read(rd, node_value(n, i), &w, &e->at[e->nr_at].value))
			e->nr_at++;
	}
}

static void expect_read(struct reader *rd, const struct node *n, struct scn_expect *e)
{
	struct expect_rows rows = { 0 };
	u32 forms;

	e->pos = n->pos;
	if (!map_read(rd, n, &expect_table, &rows, NULL))
		return;
	e->metric = rows.metric ? metric_read(rd, rows.metric) : NULL;
	e->value = rows.value;
	e->within = (double)rows.within / 1000000;
	e->within_abs = rows.within_abs;
	e->kind = (enum expect_kind)rows.kind;
	e->source = rows.source;
	forms = !!rows.variant + !!rows.ratio + !!rows.less;
	if (forms != 1)
		mistake(rd, n->pos, "expect needs one of variant, ratio and less");
	else if (!rows.less && !node_get(n, "value"))
		mistake(rd, n->pos, "key 'value' is missing in expect (in the metric's unit)");
	else if (rows.less && node_get(n, "value"))
		mistake(rd, n->pos, "less compares two variants, it takes no value");
	if (rows.within_abs < 0)
		mistake(rd, node_get(n, "within_abs")->pos, "within_abs must not be negative");
	if (rows.ratio)
		ratio_read(rd, node_get(n, "ratio"), rows.ratio, e);
	else if (rows.less)
		less_read(rd, rows.less, e);
	else if (rows.variant)
		e->variant = variant_name(rd, node_get(n, "variant")->pos, rows.variant);
	if (rows.at)
		at_read(rd, rows.at, e);
}

void expects_read(struct reader *rd, const struct node *n)
{
	if (!n || node_is_null(n) || !expect_short_list(rd, n, "expect"))
		return;
	rd->s->expects = arena_alloc(rd->a, (n->nr + 1) * sizeof(*rd->s->expects));
	rd->s->nr_expects = n->nr;
	for (u32 i = 0; i < n->nr; i++)
		expect_read(rd, n->items[i], &rd->s->expects[i]);
}
