// SPDX-License-Identifier: GPL-2.0-or-later
/* Points of a sweep: cross product of axes; zipped sweeps share an axis. */
#include "sim/experiment/points.h"

#include <string.h>

/* Sweep that leads the axis of sweep @i: the first with its zip number. */
static u32 leader(const struct scenario *sc, u32 i)
{
	u32 j;

	for (j = 0; sc->sweeps[i].zip && j < i; j++) {
		if (sc->sweeps[j].zip == sc->sweeps[i].zip)
			return j;
	}
	return i;
}

static u64 nr_points(const struct scenario *sc)
{
	u64 n = 1;
	u32 i;

	for (i = 0; i < sc->nr_sweeps && n <= MAX_POINTS; i++) {
		if (leader(sc, i) == i)
			n *= sc->sweeps[i].nr_values;
	}
	return n;
}

/* Position on each axis for point @p; the first sweep varies slowest. */
static void unravel(const struct scenario *sc, u64 p, u32 *at)
{
	u32 i;

	for (i = sc->nr_sweeps; i-- > 0;) {
		if (leader(sc, i) != i)
			continue;
		at[i] = (u32)(p % sc->sweeps[i].nr_values);
		p /= sc->sweeps[i].nr_values;
	}
	for (i = 0; i < sc->nr_sweeps; i++)
		at[i] = at[leader(sc, i)];
}

static bool make_point(const struct scenario *sc, struct exp_point *pt, const u32 *at, char **error)
{
	struct expr_env env = { .params = pt->params,
				.cpus = machine_nr_cpus(sc->machine),
				.nodes = machine_nr_nodes(sc->machine) };
	GString *label = g_string_new(NULL);
	u32 i;

	for (i = 0; i < sc->nr_sweeps; i++) {
		const struct scn_sweep *s = &sc->sweeps[i];
		const struct expr *e = s->values[at[i] < s->nr_values ? at[i] : s->nr_values - 1];
		const char *why = expr_eval(e, &env, &pt->sweep[i]);
		struct srcpos pos = expr_pos(e);

		if (why) {
			*error = g_strdup_printf("%s:%u:%u: %s", pos.file, pos.line, pos.col, why);
			g_string_free(label, TRUE);
			return false;
		}
		g_string_append_printf(label, "%s%s=%lld", i ? " " : "", sc->params[s->param].name,
				       (long long)pt->sweep[i]);
	}
	for (i = 0; i < sc->nr_sweeps; i++)
		pt->params[sc->sweeps[i].param] = pt->sweep[i];
	pt->label = g_string_free(label, FALSE);
	return true;
}

bool points_make(struct experiment *e, char **error)
{
	const struct scenario *sc = e->scenario;
	u64 n = nr_points(sc), p;
	u32 *at, i;

	if (n > MAX_POINTS) {
		*error = g_strdup_printf("sweep has more than %d points", MAX_POINTS);
		return false;
	}
	e->points = g_new0(struct exp_point, n + 1);
	e->nr_points = (u32)n;
	at = g_new0(u32, sc->nr_sweeps + 1);
	for (p = 0; p < n; p++) {
		struct exp_point *pt = &e->points[p];

		pt->params = g_new0(s64, sc->nr_params + 1);
		pt->sweep = g_new0(s64, sc->nr_sweeps + 1);
		for (i = 0; i < sc->nr_params; i++)
			pt->params[i] = sc->params[i].def;
		unravel(sc, p, at);
		if (!make_point(sc, pt, at, error))
			break;
	}
	g_free(at);
	return p == n;
}
