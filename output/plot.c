// SPDX-License-Identifier: GPL-2.0-or-later
/* Scripts and data of plots. */
#include "output/plot.h"

#include <math.h>
#include <string.h>

#include "output/csv.h"
#include "output/fmt.h"
#include "output/output.h"

struct plot {
	const struct experiment *e;
	const struct scn_plot *p;
	char *stem;
	s32 x; /* sweep of the x axis; -1: variants side by side */
	s32 by; /* sweep the lines stand for, -1: variants */
	const char *unit;
};

static s32 find_sweep(const struct experiment *e, const char *name)
{
	const struct scenario *sc = e->scenario;
	u32 i;

	for (i = 0; name && i < sc->nr_sweeps; i++) {
		if (!strcmp(sc->params[sc->sweeps[i].param].name, name))
			return (s32)i;
	}
	return -1;
}

/* A file stem must not leave the folder. */
static char *make_stem(const struct scn_plot *p)
{
	char *s = p->name ? g_strdup(p->name) : g_strdup_printf("%s-by-%s", p->y, p->x), *c;

	for (c = s; *c; c++) {
		if (!g_ascii_isalnum(*c) && !strchr("._-", *c))
			*c = '-';
	}
	if (*s == '.')
		*s = '-';
	return s;
}

static const char *find_unit(const struct experiment *e, const char *metric)
{
	const struct run_metric *info;
	u32 p, v, n;

	for (p = 0; p < e->nr_points; p++) {
		for (v = 0; v < e->nr_variants; v++) {
			g_free(experiment_values(e, p, v, metric, &n, &info));
			if (info)
				return info->unit;
		}
	}
	return NULL;
}

/* Gnuplot strings: double-quoted, enhanced mode is off. */
static void gp_string(GString *s, const char *text)
{
	g_string_append_c(s, '"');
	for (; *text; text++) {
		if (*text == '"' || *text == '\\' || *text == '`' || *text == '\n')
			g_string_append_c(s, ' ');
		else
			g_string_append_c(s, *text);
	}
	g_string_append_c(s, '"');
}

static void data_row(GString *d, const struct plot *pl, u32 p, u32 v)
{
	struct stat_summary s;
	char mean[FMT_MAX], low[FMT_MAX], high[FMT_MAX];

	if (!experiment_summary(pl->e, p, v, pl->p->y, &s))
		return;
	fmt_digits(mean, s.mean, 15);
	fmt_digits(low, isnan(s.ci_low) ? s.mean : s.ci_low, 10);
	fmt_digits(high, isnan(s.ci_high) ? s.mean : s.ci_high, 10);
	if (pl->x >= 0)
		g_string_append_printf(d, "%lld", (long long)pl->e->points[p].sweep[pl->x]);
	else
		g_string_append_printf(d, "%u", v);
	g_string_append_printf(d, " %s %s %s \"%s\" \"%s\"\n", mean, low, high,
			       experiment_variant(pl->e, v)->name, pl->e->points[p].label);
}

/* Values of the other sweeps, so that one line is one combination. */
static char *line_key(const struct plot *pl, u32 p, u32 v)
{
	const struct experiment *e = pl->e;
	const struct scenario *sc = e->scenario;
	GString *s = g_string_new(NULL);
	u32 i;

	if (pl->x >= 0 || pl->by >= 0)
		g_string_append(s, experiment_variant(e, v)->name);
	for (i = 0; i < sc->nr_sweeps; i++) {
		if ((s32)i == pl->x ||
		    (pl->x >= 0 && sc->sweeps[i].zip && sc->sweeps[i].zip == sc->sweeps[pl->x].zip))
			continue;
		g_string_append_printf(s, "%s%s=%lld", s->len ? " " : "",
				       sc->params[sc->sweeps[i].param].name,
				       (long long)e->points[p].sweep[i]);
	}
	if (!s->len)
		g_string_append(s, sc->name);
	return g_string_free(s, FALSE);
}

/* Data blocks of all lines; keys are collected in order of first appearance. */
static GPtrArray *put_lines(GString *d, const struct plot *pl)
{
	const struct experiment *e = pl->e;
	GPtrArray *keys = g_ptr_array_new_with_free_func(g_free);
	guint k;
	u32 p, v;

	for (v = 0; v < e->nr_variants; v++) {
		for (p = 0; p < e->nr_points; p++) {
			char *key = line_key(pl, p, v);

			if (g_ptr_array_find_with_equal_func(keys, key, g_str_equal, NULL))
				g_free(key);
			else
				g_ptr_array_add(keys, key);
		}
	}
	for (k = 0; k < keys->len; k++) {
		g_string_append_printf(d, "%s# %s\n# x mean ci95_low ci95_high variant point\n",
				       k ? "\n\n" : "", (const char *)keys->pdata[k]);
		for (v = 0; v < e->nr_variants; v++) {
			for (p = 0; p < e->nr_points; p++) {
				char *key = line_key(pl, p, v);

				if (!strcmp(key, keys->pdata[k]))
					data_row(d, pl, p, v);
				g_free(key);
			}
		}
	}
	return keys;
}

/* Published absolute figures of the plot's metric for one variant; false if there are none. */
static bool put_published(GString *d, const struct plot *pl, u32 variant, bool calibration)
{
	const struct scenario *sc = pl->e->scenario;
	const char *name = experiment_variant(pl->e, variant)->name;
	GString *rows = g_string_new(NULL);
	bool any;
	u32 i, k;

	for (i = 0; i < sc->nr_expects; i++) {
		const struct scn_expect *x = &sc->expects[i];
		bool placed = pl->x < 0;
		s64 at = variant;

		if (x->ratio_num || x->than || strcmp(x->metric, pl->p->y) ||
		    (x->kind == EXPECT_CALIBRATION) != calibration ||
		    experiment_find_variant(pl->e, x->variant) != (s32)variant)
			continue;
		for (k = 0; pl->x >= 0 && k < x->nr_at; k++) {
			if (x->at[k].param != sc->sweeps[pl->x].param)
				continue;
			at = x->at[k].value;
			placed = true;
		}
		if (placed)
			g_string_append_printf(rows, "%lld %.15g\n", (long long)at, x->value);
	}
	any = rows->len;
	if (any)
		g_string_append_printf(d, "\n\n# published%s, %s\n%s",
				       calibration ? " (calibration)" : "", name, rows->str);
	g_string_free(rows, TRUE);
	return any;
}

/* Published points as gnuplot draws them: in the colour of their variant's line. */
static void put_all_published(GString *gp, GString *d, const struct plot *pl, const GPtrArray *keys)
{
	u32 index = keys->len, v, i;
	char *title;
	guint k;

	for (i = 0; i < 2 * pl->e->nr_variants; i++) {
		v = i / 2;
		if (!put_published(d, pl, v, i % 2))
			continue;
		for (k = 0; k < keys->len; k++)
			if (!strcmp(keys->pdata[k], experiment_variant(pl->e, v)->name))
				break;
		title = g_strdup_printf("published%s: %s", i % 2 ? " (calibrated on)" : "",
					experiment_variant(pl->e, v)->name);
		g_string_append_printf(gp,
				       ", \\\n     \"%s.dat\" index %u using 1:2 with points "
				       "pt %u ps 1.5 lc ",
				       pl->stem, index++, i % 2 ? 4 : 5);
		if (k < keys->len)
			g_string_append_printf(gp, "%u title ", k + 1);
		else
			g_string_append(gp, "rgb \"black\" title ");
		gp_string(gp, title);
		g_free(title);
	}
}

static void put_axes(GString *g, const struct plot *pl)
{
	char *label;
	u32 v;

	label = g_strdup_printf("%s: %s", pl->e->scenario->name,
				pl->p->title ? pl->p->title : pl->p->y);
	g_string_append(g, "set title ");
	gp_string(g, label);
	g_free(label);
	g_string_append(g, " noenhanced\nset xlabel ");
	gp_string(g, pl->p->x);
	label = g_strdup_printf("%s%s%s%s", pl->p->y, *pl->unit ? " [" : "", pl->unit,
				*pl->unit ? "]" : "");
	g_string_append(g, " noenhanced\nset ylabel ");
	gp_string(g, label);
	g_free(label);
	g_string_append(g, " noenhanced\nset key outside below noenhanced\nset grid\n");
	if (pl->p->logx && pl->x >= 0)
		g_string_append_printf(g, "set logscale x %u\n", pl->p->logx);
	if (pl->p->logy)
		g_string_append_printf(g, "set logscale y %u\n", pl->p->logy);
	else
		g_string_append(g, "set yrange [0:*]\n");
	if (pl->x >= 0)
		return;
	g_string_append_printf(g,
			       "set xrange [-0.5:%u.5]\nset style fill solid 0.5\n"
			       "set boxwidth 0.6\nset xtics noenhanced (",
			       pl->e->nr_variants - 1);
	for (v = 0; v < pl->e->nr_variants; v++) {
		g_string_append(g, v ? ", " : "");
		gp_string(g, experiment_variant(pl->e, v)->name);
		g_string_append_printf(g, " %u", v);
	}
	g_string_append(g, ")\n");
}

static void put_script(GString *g, const struct plot *pl, const GPtrArray *keys,
		       const char *published)
{
	guint k;

	g_string_append_printf(g,
			       "# gnuplot %s.gp; or: gnuplot -e \"term='svg'; ext='svg'\" %s.gp\n"
			       "if (!exists(\"term\")) term = \"png size 960,640\"\n"
			       "if (!exists(\"ext\")) ext = \"png\"\n"
			       "eval sprintf(\"set terminal %%s\", term)\n"
			       "if (strlen(ext)) set output \"%s.\" . ext\n",
			       pl->stem, pl->stem, pl->stem);
	put_axes(g, pl);
	g_string_append(g, "plot ");
	for (k = 0; k < keys->len; k++) {
		g_string_append_printf(g, "%s\"%s.dat\" index %u using 1:2:3:4 with %s title ",
				       k ? ", \\\n     " : "", pl->stem, k,
				       pl->x >= 0 ? "yerrorlines pt 7" : "boxerrorbars");
		gp_string(g, keys->pdata[k]);
	}
	g_string_append(g, published);
	g_string_append_c(g, '\n');
}

static bool write_plot(const struct experiment *e, const struct scn_plot *p, const char *dir,
		       char **error)
{
	struct plot pl = { .e = e, .p = p, .x = find_sweep(e, p->x), .by = find_sweep(e, p->by) };
	GString *gp = g_string_new(NULL), *dat = g_string_new(NULL), *pub = g_string_new(NULL);
	GPtrArray *keys;
	char *name;
	bool ok = true;

	pl.unit = find_unit(e, p->y);
	pl.stem = make_stem(p);
	keys = put_lines(dat, &pl);
	if (pl.unit && keys->len) {
		put_all_published(pub, dat, &pl, keys);
		put_script(gp, &pl, keys, pub->str);
		name = g_strconcat(pl.stem, ".dat", NULL);
		ok = save_text(dat, dir, name, error);
		g_free(name);
		name = g_strconcat(pl.stem, ".gp", NULL);
		ok = ok && save_text(gp, dir, name, error);
		g_free(name);
	}
	g_ptr_array_free(keys, TRUE);
	g_string_free(gp, TRUE);
	g_string_free(dat, TRUE);
	g_string_free(pub, TRUE);
	g_free(pl.stem);
	return ok;
}

bool plot_write(const struct experiment *e, const char *dir, char **error)
{
	const struct scenario *sc = e->scenario;
	struct scn_plot spin = { .name = "cpu-spin",
				 .y = "cpu_spin",
				 .by = "variant",
				 .title = "share of busy CPU time spent spinning" };
	bool ok = true, given = false;
	u32 i;

	for (i = 0; ok && i < sc->nr_plots; i++) {
		ok = write_plot(e, &sc->plots[i], dir, error);
		given = given || !strcmp(sc->plots[i].y, spin.y);
	}
	if (!ok || given)
		return ok;
	spin.x = sc->nr_plots ? sc->plots[0].x : "variant";
	spin.logx = sc->nr_plots ? sc->plots[0].logx : 0;
	if (!sc->nr_plots && sc->nr_sweeps)
		spin.x = sc->params[sc->sweeps[0].param].name;
	return write_plot(e, &spin, dir, error);
}
