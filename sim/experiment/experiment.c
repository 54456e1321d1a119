// SPDX-License-Identifier: GPL-2.0-or-later
/* The worker pool and the replications it is given. */
#include "sim/experiment/experiment.h"
#include "sim/experiment/journal.h"
#include "sim/experiment/margins.h"
#include "sim/experiment/points.h"

#include <math.h>
#include <string.h>

#define POLL_US 50000

/* One round of runs; workers take the next index until none is left. */
struct round {
	struct experiment *e;
	GPtrArray **into; /* runs or samples of the experiment */
	GArray *cells; /* u32: cell of each run */
	u32 first, nr_reps; /* replications or samples of each cell */
	gint next;
	gint stop;
	GMutex lock;
	GCond changed;
	struct exp_progress progress;
	u32 active;
};

static GPtrArray **make_cells(const struct experiment *e)
{
	u32 i, n = e->nr_points * e->nr_variants;
	GPtrArray **cells = g_new0(GPtrArray *, (size_t)n + 1);

	for (i = 0; i < n; i++)
		cells[i] = g_ptr_array_new_with_free_func((GDestroyNotify)run_result_free);
	return cells;
}

static void free_cells(const struct experiment *e, GPtrArray **cells)
{
	u32 i;

	for (i = 0; cells && i < e->nr_points * e->nr_variants; i++)
		g_ptr_array_free(cells[i], TRUE);
	g_free(cells);
}

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
	e->runs = make_cells(e);
	e->samples = make_cells(e);
	return e;
}

void experiment_free(struct experiment *e)
{
	u32 i;

	if (!e)
		return;
	journal_close(e->journal);
	free_cells(e, e->runs);
	free_cells(e, e->samples);
	for (i = 0; i < e->nr_points; i++) {
		g_free(e->points[i].params);
		g_free(e->points[i].sweep);
		g_free(e->points[i].label);
	}
	g_free(e->points);
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

/* Take the run from the journal, or execute it, on a drawn machine if it is a sample. */
static struct run_result *make_result(const struct experiment *e, const struct journal_key *k,
				      bool *kept)
{
	struct run_config c = {
		.scenario = e->scenario,
		.variant = experiment_variant(e, k->variant),
		.params = e->points[k->point].params,
		.replication = k->replication,
		.engine = e->opt.engine,
	};
	const struct machine *own = c.variant->machine ? c.variant->machine : e->scenario->machine;
	struct run_result *res = e->journal ? journal_take(e->journal, k) : NULL;
	struct machine *drawn;

	*kept = res;
	if (res)
		return res;
	if (!k->sample)
		return run_execute(&c);
	drawn = margins_machine(own, e->scenario->seed, k->sample);
	c.machine = drawn;
	res = run_execute(&c);
	machine_free(drawn);
	run_result_strip(res);
	return res;
}

/* Run number @i of the round; replications or samples of all cells advance together. */
static void run_one(struct round *r, u32 i)
{
	struct experiment *e = r->e;
	u32 cell = g_array_index(r->cells, u32, i % r->cells->len);
	u32 nth = r->first + i / r->cells->len;
	struct journal_key key = {
		.point = cell / e->nr_variants,
		.variant = cell % e->nr_variants,
		.sample = r->into == e->samples ? nth : 0,
		.replication = r->into == e->samples ? 1 : nth,
	};
	struct run_result *res;
	bool kept;

	res = make_result(e, &key, &kept);
	g_mutex_lock(&r->lock);
	if (e->journal && !kept && !res->failed)
		journal_put(e->journal, &key, res);
	r->into[cell]->pdata[nth - 1] = res;
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

/* Run replications or samples first .. first + n - 1 of @cells. */
static void run_round(struct experiment *e, GPtrArray **into, GArray *cells, u32 first, u32 n)
{
	struct round r = { .e = e, .into = into, .cells = cells, .first = first, .nr_reps = n };
	u32 i, total = cells->len * n, jobs = e->opt.jobs ? e->opt.jobs : 1;
	GThread **threads;

	for (i = 0; i < cells->len; i++)
		g_ptr_array_set_size(into[g_array_index(cells, u32, i)], (gint)(first - 1 + n));
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

/* Every point and variant again, with drawn costs. */
static void run_samples(struct experiment *e, GArray *cells)
{
	u32 p;

	g_array_set_size(cells, 0);
	for (p = 0; p < e->nr_points; p++)
		add_point(cells, e, p);
	run_round(e, e->samples, cells, 1, e->opt.margins);
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
	run_round(e, e->runs, cells, 1, reps);
	while (sc->until_rel > 0 && reps < sc->at_most && !e->interrupted && !e->nr_failed) {
		g_array_set_size(cells, 0);
		for (p = 0; p < e->nr_points; p++) {
			if (experiment_cell(e, p, 0)->len == reps && !point_done(e, p))
				add_point(cells, e, p);
		}
		if (!cells->len)
			break;
		run_round(e, e->runs, cells, ++reps, 1);
	}
	if (e->opt.margins && !e->interrupted && !e->nr_failed)
		run_samples(e, cells);
	g_array_free(cells, TRUE);
	drop_missing(e);
	e->wall = (double)(g_get_monotonic_time() - start) / 1e6;
	return !e->interrupted && !e->nr_failed;
}
