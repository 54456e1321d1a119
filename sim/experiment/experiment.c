// SPDX-License-Identifier: GPL-2.0-or-later
/* The worker pool and the replications it is given. */
#include "sim/experiment/experiment.h"
#include "sim/experiment/journal.h"
#include "sim/experiment/points.h"

#include <math.h>
#include <string.h>

#define POLL_US 50000

/* One round of runs; workers take the next index until none is left. */
struct round {
	struct experiment *e;
	GArray *cells; /* u32: cell of each run */
	u32 first, nr_reps; /* replications of each cell */
	gint next;
	gint stop;
	GMutex lock;
	GCond changed;
	struct exp_progress progress;
	u32 active;
};

struct experiment *experiment_new(const struct scenario *sc, const struct exp_options *opt,
				  char **error)
{
	struct experiment *e = g_new0(struct experiment, 1);
	u32 i;

	e->scenario = sc;
	e->opt = *opt;
	e->variants = g_new0(u32, sc->nr_variants + 1);
	for (i = 0; i < sc->nr_variants; i++) {
		if (!opt->variants || opt->variants[i])
			e->variants[e->nr_variants++] = i;
	}
	if (!points_make(e, error)) {
		experiment_free(e);
		return NULL;
	}
	e->runs = g_new0(GPtrArray *, (size_t)e->nr_points * e->nr_variants + 1);
	for (i = 0; i < e->nr_points * e->nr_variants; i++)
		e->runs[i] = g_ptr_array_new_with_free_func((GDestroyNotify)run_result_free);
	return e;
}

void experiment_free(struct experiment *e)
{
	u32 i;

	if (!e)
		return;
	journal_close(e->journal, false);
	for (i = 0; e->runs && i < e->nr_points * e->nr_variants; i++)
		g_ptr_array_free(e->runs[i], TRUE);
	for (i = 0; i < e->nr_points; i++) {
		g_free(e->points[i].params);
		g_free(e->points[i].sweep);
		g_free(e->points[i].label);
	}
	g_free(e->points);
	g_free(e->runs);
	g_free(e->variants);
	g_free(e);
}

GPtrArray *experiment_cell(const struct experiment *e, u32 point, u32 variant)
{
	return e->runs[(size_t)point * e->nr_variants + variant];
}

const struct scn_variant *experiment_variant(const struct experiment *e, u32 variant)
{
	return &e->scenario->variants[e->variants[variant]];
}

s32 experiment_find_variant(const struct experiment *e, const char *name)
{
	u32 i;

	for (i = 0; name && i < e->nr_variants; i++) {
		if (!strcmp(experiment_variant(e, i)->name, name))
			return (s32)i;
	}
	return -1;
}

/* Run number @i of the round; replications of all cells advance together. */
static void run_one(struct round *r, u32 i)
{
	struct experiment *e = r->e;
	u32 cell = g_array_index(r->cells, u32, i % r->cells->len);
	u32 rep = r->first + i / r->cells->len;
	struct run_config c = {
		.scenario = e->scenario,
		.variant = experiment_variant(e, cell % e->nr_variants),
		.params = e->points[cell / e->nr_variants].params,
		.replication = rep,
		.engine = e->opt.engine,
	};
	struct journal_key key = {
		.point = cell / e->nr_variants,
		.variant = cell % e->nr_variants,
		.replication = rep,
	};
	struct run_result *kept = e->journal ? journal_take(e->journal, &key) : NULL;
	struct run_result *res = kept ? kept : run_execute(&c);

	g_mutex_lock(&r->lock);
	if (e->journal && !kept && !res->failed)
		journal_put(e->journal, &key, res);
	e->runs[cell]->pdata[rep - 1] = res;
	r->progress.done++;
	r->progress.failed += res->failed;
	g_cond_signal(&r->changed);
	g_mutex_unlock(&r->lock);
}

static gpointer worker(gpointer arg)
{
	struct round *r = arg;
	gint i;

	while (!g_atomic_int_get(&r->stop)) {
		i = g_atomic_int_add(&r->next, 1);
		if ((u32)i >= r->cells->len * r->nr_reps)
			break;
		run_one(r, (u32)i);
	}
	g_mutex_lock(&r->lock);
	r->active--;
	g_cond_signal(&r->changed);
	g_mutex_unlock(&r->lock);
	return NULL;
}

/* Let the caller look at the progress until every worker has ended. */
static void supervise(struct round *r)
{
	struct exp_options *o = &r->e->opt;
	struct exp_progress p;
	bool stop;

	g_mutex_lock(&r->lock);
	while (r->active) {
		g_cond_wait_until(&r->changed, &r->lock, g_get_monotonic_time() + POLL_US);
		p = r->progress;
		g_mutex_unlock(&r->lock);
		stop = o->poll && o->poll(&p, o->arg);
		if (stop)
			g_atomic_int_set(&r->stop, 1);
		g_mutex_lock(&r->lock);
	}
	g_mutex_unlock(&r->lock);
}

/* Run replications first .. first + n - 1 of @cells. */
static void run_round(struct experiment *e, GArray *cells, u32 first, u32 n)
{
	struct round r = { .e = e, .cells = cells, .first = first, .nr_reps = n };
	u32 i, total = cells->len * n, jobs = e->opt.jobs ? e->opt.jobs : 1;
	GThread **threads;

	for (i = 0; i < cells->len; i++)
		g_ptr_array_set_size(e->runs[g_array_index(cells, u32, i)], (gint)(first - 1 + n));
	jobs = jobs < total ? jobs : total;
	threads = g_new0(GThread *, jobs + 1);
	g_mutex_init(&r.lock);
	g_cond_init(&r.changed);
	r.progress.total = total;
	r.active = jobs;
	for (i = 0; i < jobs; i++)
		threads[i] = g_thread_new("mmsim-worker", worker, &r);
	supervise(&r);
	for (i = 0; i < jobs; i++)
		g_thread_join(threads[i]);
	e->interrupted = e->interrupted || r.progress.done < total;
	e->nr_done += r.progress.done;
	e->nr_total += total;
	e->nr_failed += r.progress.failed;
	g_mutex_clear(&r.lock);
	g_cond_clear(&r.changed);
	g_free(threads);
}

static bool precise(const struct experiment *e, u32 point, u32 variant, const char *metric)
{
	struct stat_summary s;

	if (!experiment_summary(e, point, variant, metric, &s) || s.mean == 0)
		return true;
	return (s.ci_high - s.mean) / fabs(s.mean) <= e->scenario->until_rel;
}

/* Every variant of the point is precise enough in time and in what is plotted. */
static bool point_done(const struct experiment *e, u32 point)
{
	u32 v, i;

	for (v = 0; v < e->nr_variants; v++) {
		if (!precise(e, point, v, "elapsed"))
			return false;
		for (i = 0; i < e->scenario->nr_plots; i++) {
			if (!precise(e, point, v, e->scenario->plots[i].y))
				return false;
		}
	}
	return true;
}

static void add_point(GArray *cells, const struct experiment *e, u32 point)
{
	u32 v, cell;

	for (v = 0; v < e->nr_variants; v++) {
		cell = point * e->nr_variants + v;
		g_array_append_val(cells, cell);
	}
}

static void drop_missing(struct experiment *e)
{
	u32 i;

	for (i = 0; i < e->nr_points * e->nr_variants; i++) {
		while (g_ptr_array_remove(e->runs[i], NULL))
			;
	}
}

bool experiment_run(struct experiment *e)
{
	const struct scenario *sc = e->scenario;
	u32 reps = sc->replications ? sc->replications : 1, p;
	GArray *cells = g_array_new(FALSE, FALSE, sizeof(u32));
	gint64 start = g_get_monotonic_time();

	if (sc->until_rel > 0 && reps < 2)
		reps = 2;
	for (p = 0; p < e->nr_points; p++)
		add_point(cells, e, p);
	run_round(e, cells, 1, reps);
	while (sc->until_rel > 0 && reps < sc->at_most && !e->interrupted && !e->nr_failed) {
		g_array_set_size(cells, 0);
		for (p = 0; p < e->nr_points; p++) {
			if (experiment_cell(e, p, 0)->len == reps && !point_done(e, p))
				add_point(cells, e, p);
		}
		if (!cells->len)
			break;
		run_round(e, cells, ++reps, 1);
	}
	g_array_free(cells, TRUE);
	drop_missing(e);
	e->wall = (double)(g_get_monotonic_time() - start) / 1e6;
	return !e->interrupted && !e->nr_failed;
}
