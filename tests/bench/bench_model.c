// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Operations of the shipped models on flat-64, 64 threads, called as the interpreter
 * calls them: simulated operations a second of one core, events and coroutine
 * switches an operation. The vmap designs run one-page pairs long enough for pools
 * and backlog of nodes-v3 to settle; the first third is not timed.
 */
#include "models/prims/prims.h"
#include "models/vmap/vmap.h"
#include "sim/kern/task.h"
#include "sim/mm/page_alloc.h"
#include "tests/bench/bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define THREADS 64
#define MAX_PARAMS 64

struct model_world;

/* One benchmark: what a thread does in a loop. */
struct model_case {
	const struct model_desc *model;
	const char *variant; /* NULL: none */
	const char *params; /* as printed */
	const char *object; /* kind of the declared object, NULL: none */
	const char *first, *second; /* operations of a round; second may be NULL */
	const char *item; /* what a round is called */
	double target; /* million rounds a second */
	u64 loops; /* of each thread */
	u64 think, inside; /* ps: mean before a round; between the operations */
};

static const struct model_case cases[] = {
	{ &prims_model, NULL, "prims lock, unlock", "qspinlock", "lock", "unlock", "pair", 2.0,
	  20000, 20 * PS_PER_US, 150 * PS_PER_NS },
	{ &prims_model, NULL, "prims atomic_add", "line", "atomic_add", NULL, "op", 4.0, 40000,
	  20 * PS_PER_US, 0 },
	{ &vmap_model, "global-6.1", "vmap global-6.1 1 page", NULL, "vmalloc", "vfree", "pair",
	  0.0, 5000, 0, 0 },
	{ &vmap_model, "global-6.7", "vmap global-6.7 1 page", NULL, "vmalloc", "vfree", "pair",
	  1.5, 20000, 0, 0 },
	{ &vmap_model, "nodes-v3", "vmap nodes-v3 1 page", NULL, "vmalloc", "vfree", "pair", 1.2,
	  20000, 0, 0 },
};

struct model_world {
	const struct model_case *c;
	const struct op_desc *first, *second;
	void *state;
	struct sim *sim;
	u64 loops, done, warm, digest;
	u64 events, switches; /* when the clock started */
	double from;
};

struct model_result {
	double ns, events, switches; /* per round */
	u64 sum;
};

static const struct op_desc *find_op(const struct model_desc *m, const char *name)
{
	u32 i;

	for (i = 0; name && i < m->nr_ops; i++)
		if (!strcmp(m->ops[i].name, name))
			return &m->ops[i];
	return NULL;
}

static void count_round(struct model_world *w)
{
	if (++w->done != w->warm)
		return;
	w->events = w->sim->nr_events;
	w->switches = w->sim->nr_switches;
	w->from = bench_now();
}

static s64 call(struct task *t, struct model_world *w, const struct op_desc *op, s64 arg)
{
	struct op_call c = { .out = 0 };
	u32 i;

	for (i = 0; i < op->nr_args; i++)
		c.v[i] = op->args[i].def;
	c.v[0] = arg;
	if (op->run(t, w->state, &c))
		sim_fail(w->sim, "an operation has failed", 0, 0);
	return c.out;
}

static void model_body(struct task *t, void *arg)
{
	struct model_world *w = arg;
	bool objects = w->c->object;
	u64 i, sum = 0;

	for (i = 0; i < w->loops; i++) {
		s64 out;

		if (w->c->think)
			work(t, rng_exp_ps(&t->rng[RNG_THINK], w->c->think));
		out = call(t, w, w->first, objects ? 0 : 1);
		sum = sum * 31 + (u64)out;
		if (w->second) {
			work(t, w->c->inside);
			call(t, w, w->second, objects ? 0 : out);
		}
		count_round(w);
	}
	w->digest += sum;
}

static void *model_create(struct kern *k, const struct model_case *c)
{
	const struct model_desc *m = c->model;
	struct object_decl object = { .name = "object", .count = 1 };
	struct model_config config = { .scale = 1 };
	s64 p[MAX_PARAMS] = { 0 };
	u32 n = 0, i;

	for (i = 0; c->variant && m->variants[i]; i++)
		if (!strcmp(m->variants[i]->name, c->variant))
			config.variant = m->variants[i];
	for (i = 0; i < m->nr_params; i++)
		p[n++] = m->params[i].def;
	for (i = 0; config.variant && i < config.variant->nr_params; i++)
		p[n++] = config.variant->params[i].def;
	config.params = p;
	for (i = 0; c->object && i < m->nr_kinds; i++)
		if (!strcmp(m->kinds[i]->name, c->object))
			object.kind = m->kinds[i];
	if (c->object) {
		config.objects = &object;
		config.nr_objects = 1;
	}
	return m->create(k, &config);
}

static struct model_result model_run(struct bench *b, const struct bench_row *row,
				     const struct model_case *c)
{
	struct sim_config config = { .engine = SIM_NORMAL, .seed = 1 };
	struct machine *m = machine_builtin("flat-64");
	struct model_world w = { .c = c, .sim = sim_new(&config) };
	struct hw *hw = m && w.sim ? hw_new(w.sim, m) : NULL;
	struct kern *k = hw ? kern_new(hw, VIRT_NONE, 1, 0) : NULL;
	struct mm_state *mm = k ? mm_new(k, false) : NULL;
	struct model_result res;
	double timed;
	u32 i;

	w.state = mm ? model_create(k, c) : NULL;
	if (!w.state)
		abort();
	w.first = find_op(c->model, c->first);
	w.second = find_op(c->model, c->second);
	w.loops = b->quick ? 60 : c->loops;
	w.warm = w.loops * THREADS / 3;
	timed = (double)(w.loops * THREADS - w.warm);
	for (i = 0; i < THREADS; i++)
		task_start(task_new(k, "bench", i, hw_spread(hw, i), model_body, &w));
	kern_begin(k, 0);
	if (sim_run(w.sim, TIME_MAX) != SIM_DONE)
		bench_wrong(b, row, sim_report(w.sim));
	res.ns = (bench_now() - w.from) / timed;
	res.events = (double)(w.sim->nr_events - w.events) / timed;
	res.switches = (double)(w.sim->nr_switches - w.switches) / timed;
	res.sum = bench_mix(w.digest, w.sim->now);
	kern_end(k, w.sim->now);
	if (c->model->check)
		c->model->check(w.state);
	if (w.sim->status != SIM_DONE)
		bench_wrong(b, row, "the model's invariants are broken");
	c->model->destroy(w.state);
	mm_free(mm);
	kern_free(k);
	hw_free(hw);
	machine_free(m);
	sim_free(w.sim);
	return res;
}

static void model_rows(struct bench *b, const struct model_case *c)
{
	double ns[BENCH_REPEAT_MAX], events[BENCH_REPEAT_MAX], switches[BENCH_REPEAT_MAX];
	struct bench_row row = { "model-ops", c->params, NULL, BENCH_RATE, c->target };
	u64 sums[BENCH_REPEAT_MAX];
	char unit[16];
	u32 i;

	row.unit = unit;
	snprintf(unit, sizeof(unit), "M%ss/s", c->item);
	for (i = 0; i < b->repeat; i++) {
		struct model_result r = model_run(b, &row, c);

		ns[i] = r.ns;
		events[i] = r.events;
		switches[i] = r.switches;
		sums[i] = r.sum;
	}
	bench_line(b, &row, ns, sums);
	row.kind = BENCH_COUNT;
	row.target = 0.0;
	snprintf(unit, sizeof(unit), "events/%s", c->item);
	bench_line(b, &row, events, sums);
	snprintf(unit, sizeof(unit), "switch/%s", c->item);
	bench_line(b, &row, switches, sums);
}

void bench_model_ops(struct bench *b)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(cases); i++)
		model_rows(b, &cases[i]);
}
