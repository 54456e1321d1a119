// SPDX-License-Identifier: GPL-2.0-or-later
/* Building, running and taking down one simulation. */
#include "sim/experiment/run.h"
#include "sim/experiment/run_cgroups.h"
#include "sim/experiment/run_priv.h"

#include <string.h>

#include "sim/kern/rq.h"

/* Samples without anything else to do before the sampler gives up: see sampler_fire(). */
#define MAX_IDLE_SAMPLES 1000

static struct run *run_of(struct sim *s)
{
	return s->layer[LAYER_RUN];
}

/* Warm-up is over. */
static void cut_fire(struct sim_timer *t)
{
	struct run *r = run_of(t->sim);
	u64 now = t->sim->now;
	u32 i;

	r->begin = now;
	kern_begin(r->kern, now);
	interp_begin(r->interp, now);
	if (r->cgroups)
		cgroups_begin(r->cgroups);
	for (i = 0; i < r->nr_models; i++) {
		if (r->models[i] && run_model(r, i)->begin)
			run_model(r, i)->begin(r->models[i]);
	}
}

/*
 * An armed sampler would hide a deadlock from the core, so it stops when nothing
 * but itself has been queued for a long while.
 */
static void sampler_fire(struct sim_timer *t)
{
	struct run *r = run_of(t->sim);

	run_sample_now(r, t->sim->now);
	r->idle_samples = t->sim->wheel.nr ? 0 : r->idle_samples + 1;
	if (r->idle_samples < MAX_IDLE_SAMPLES)
		sim_timer_set(t, t->sim->now + r->c->scenario->sample);
}

bool run_has_cgroups(const struct scenario *sc)
{
	static const char *const kinds[] = { "write_limit", "cgroup_remove", "memory_pressure" };

	for (u32 i = 0; i < sc->nr_events; i++)
		for (u32 k = 0; k < ARRAY_SIZE(kinds); k++)
			if (!strcmp(sc->events[i].kind, kinds[k]))
				return true;
	return sc->nr_cgroups > 0;
}

static bool arm_timers(struct run *r)
{
	const struct scenario *sc = r->c->scenario;

	if (sim_timer_init(r->sim, &r->cut, EV_TIMER, cut_fire) ||
	    sim_timer_init(r->sim, &r->sampler, EV_SAMPLER, sampler_fire))
		return false;
	if (sc->skip)
		sim_timer_set(&r->cut, sc->skip);
	if (sc->sample)
		sim_timer_set(&r->sampler, sc->skip + sc->sample);
	return true;
}

static bool make_interp(struct run *r, char **error)
{
	const struct scenario *sc = r->c->scenario;
	struct interp_config ic = {
		.scenario = sc,
		.kern = r->kern,
		.models = r->models,
		.params = r->c->params,
		.object_base = (const s64 *const *)r->object_base,
		.object_count = (const s64 *const *)r->object_count,
		.cgroups = r->cgroups,
		.limit = sc->duration ? sc->duration : TIME_MAX,
	};

	r->interp = interp_new(&ic, error);
	return r->interp && !interp_start(r->interp, error);
}

/* The directories first, which events and objects name; the cgroups when hooks are there. */
static bool make_world(struct run *r, char **error)
{
	const struct scenario *sc = r->c->scenario;
	struct expr_env env = { .params = r->c->params,
				.cpus = r->hw->nr_cpus,
				.nodes = r->hw->nr_nodes };

	if (run_has_cgroups(sc)) {
		r->cgroups = cgroups_new(r->kern, sc, &env, error);
		if (!r->cgroups)
			return false;
	}
	if (!run_add_events(r, error) || !run_make_models(r, error))
		return false;
	return !r->cgroups || cgroups_make(r->cgroups, error);
}

static bool build(struct run *r, char **error)
{
	const struct scenario *sc = r->c->scenario;
	const struct scn_variant *v = r->c->variant;
	const struct machine *own = v->machine ? v->machine : sc->machine;
	const struct machine *m = r->c->machine ? r->c->machine : own;
	struct sim_config config = { .engine = r->c->engine,
				     .seed = sc->seed,
				     .replication = r->c->replication };
	s64 virt = v->virt >= 0 ? v->virt : m->val[MK_VIRT].v;

	r->sim = sim_new(&config);
	if (!r->sim)
		return false;
	r->sim->layer[LAYER_RUN] = r;
	sim_set_describe(r->sim, interp_describe);
	r->hw = hw_new(r->sim, m);
	if (!r->hw)
		return false;
	r->kern = kern_new(r->hw, (enum virt_mode)virt, sc->seed, r->c->replication);
	if (!r->kern)
		return false;
	if (v->scheduler == SCN_CFS)
		kern_set_sched(r->kern, &sched_cfs);
	r->kern->numa_spinlock = v->numa_spinlock;
	r->mm = mm_new(r->kern, false);
	if (!r->mm)
		return false;
	return make_world(r, error) && make_interp(r, error) && arm_timers(r);
}

static void end_run(struct run *r)
{
	u64 last = interp_last_end(r->interp);
	u32 i;

	r->end = r->out->status == SIM_DONE && last ? last : r->sim->now;
	for (i = 0; i < r->nr_models && r->out->status <= SIM_UNTIL; i++) {
		if (r->models[i] && run_model(r, i)->check)
			run_model(r, i)->check(r->models[i]);
	}
	if (r->cgroups && r->out->status == SIM_DONE) {
		const char *what = memcg_check(cgroups_state(r->cgroups));

		if (what)
			sim_fail(r->sim, what, 0, 0);
	}
	kern_end(r->kern, r->end);
	r->out->elapsed = r->end > r->begin ? r->end - r->begin : 0;
}

static void note_failure(struct run *r)
{
	const char *report = sim_report(r->sim);
	struct srcpos pos;

	r->out->status = (enum sim_status)r->sim->status;
	r->out->failed = r->out->status != SIM_DONE && r->out->status != SIM_UNTIL;
	if (!r->out->failed)
		return;
	if (interp_failed_at(r->interp, &pos))
		r->out->report =
			g_strdup_printf("%s:%u:%u: %s", pos.file, pos.line, pos.col, report);
	else
		r->out->report = g_strdup(report && *report ? report : "run did not end");
}

/* Models and memory look at the kernel while they go; nothing looks at them after kern_end(). */
static void take_down(struct run *r)
{
	interp_free(r->interp);
	run_drop_models(r);
	cgroups_free(r->cgroups);
	if (r->mm)
		mm_free(r->mm);
	if (r->kern)
		kern_free(r->kern);
	if (r->hw)
		hw_free(r->hw);
	if (r->sim)
		sim_free(r->sim);
	g_ptr_array_free(r->blocks, TRUE);
	g_free(r->models);
	g_free(r->object_base);
	g_free(r->object_count);
}

struct run_result *run_result_new(u32 replication)
{
	struct run_result *o = g_new0(struct run_result, 1);

	o->replication = replication;
	o->names = g_string_chunk_new(1024);
	o->metrics = g_array_new(FALSE, TRUE, sizeof(struct run_metric));
	o->locks = g_array_new(FALSE, TRUE, sizeof(struct lock_class));
	o->profile = g_array_new(FALSE, TRUE, sizeof(struct run_frame));
	o->footprint = g_array_new(FALSE, TRUE, sizeof(struct run_footprint));
	o->series = g_array_new(FALSE, TRUE, sizeof(struct run_sample));
	o->hists = g_array_new(FALSE, TRUE, sizeof(struct run_hist));
	return o;
}

struct run_result *run_execute(const struct run_config *config)
{
	struct run_result *out = run_result_new(config->replication);
	struct run r = { .c = config, .out = out };
	u64 until = config->scenario->duration ? config->scenario->duration : TIME_MAX;
	gint64 start = g_get_monotonic_time();
	char *error = NULL;

	r.nr_models = registry_nr_models(config->scenario->registry);
	r.models = g_new0(void *, r.nr_models + 1);
	r.object_base = g_new0(s64 *, r.nr_models + 1);
	r.object_count = g_new0(s64 *, r.nr_models + 1);
	r.blocks = g_ptr_array_new_with_free_func(g_free);
	if (!build(&r, &error)) {
		out->failed = true;
		out->status = SIM_FAILED;
		out->report = error ? error : g_strdup("out of memory");
		goto done;
	}
	out->status = sim_run(r.sim, until);
	end_run(&r);
	note_failure(&r);
	run_collect(&r);
done:
	take_down(&r);
	out->wall = (double)(g_get_monotonic_time() - start) / 1e6;
	return out;
}

void run_result_strip(struct run_result *r)
{
	guint i;

	for (i = 0; i < r->hists->len; i++)
		g_free(g_array_index(r->hists, struct run_hist, i).hist);
	g_array_set_size(r->hists, 0);
	g_array_set_size(r->locks, 0);
	g_array_set_size(r->profile, 0);
	g_array_set_size(r->footprint, 0);
	g_array_set_size(r->series, 0);
	g_clear_pointer(&r->cpu, g_free);
	r->nr_cpus = 0;
}

void run_result_free(struct run_result *r)
{
	if (!r)
		return;
	run_result_strip(r);
	g_array_free(r->metrics, TRUE);
	g_array_free(r->locks, TRUE);
	g_array_free(r->profile, TRUE);
	g_array_free(r->footprint, TRUE);
	g_array_free(r->series, TRUE);
	g_array_free(r->hists, TRUE);
	g_string_chunk_free(r->names);
	g_free(r->report);
	g_free(r);
}

const struct run_metric *run_find_metric(const struct run_result *r, const char *name)
{
	guint i;

	for (i = 0; i < r->metrics->len; i++) {
		const struct run_metric *m = &g_array_index(r->metrics, struct run_metric, i);

		if (!strcmp(m->name, name))
			return m;
	}
	return NULL;
}
