/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the tests of the designs share: a machine with the model on it, and tasks. */
#ifndef MMSIM_TESTS_VMAP_WORLD_H
#define MMSIM_TESTS_VMAP_WORLD_H

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "models/vmap/nodes.h"

#define MAX_PARAMS 16

struct world {
	struct machine *m;
	struct sim *sim;
	struct hw *hw;
	struct kern *k;
	struct mm_state *mm;
	const struct variant_desc *variant;
	s64 params[MAX_PARAMS];
	s64 scale;
	struct vmap *vm;
	u32 nr_tasks, steps;
	u64 live; /* tasks that have not finished */
	u64 digest; /* of addresses, per task, order-independent */
	void *priv; /* of the test */
};

static inline void set_param(struct world *w, const char *name, s64 v)
{
	for (u32 i = 0; i < vmap_model.nr_params; i++)
		if (!strcmp(vmap_model.params[i].name, name))
			w->params[i] = v;
	for (u32 i = 0; i < w->variant->nr_params; i++)
		if (!strcmp(w->variant->params[i].name, name))
			w->params[vmap_model.nr_params + i] = v;
}

static inline void world_init(struct world *w, const char *machine,
			      const struct variant_desc *variant)
{
	memset(w, 0, sizeof(*w));
	w->m = machine_builtin(machine);
	ck_assert_ptr_nonnull(w->m);
	w->variant = variant;
	w->scale = 1;
	for (u32 i = 0; i < vmap_model.nr_params; i++)
		w->params[i] = vmap_model.params[i].def;
	for (u32 i = 0; i < variant->nr_params; i++)
		w->params[vmap_model.nr_params + i] = variant->params[i].def;
}

static inline void world_start(struct world *w, enum sim_engine engine, u64 seed)
{
	struct sim_config config = { .engine = engine, .seed = seed };
	struct model_config mc = { .variant = w->variant, .params = w->params, .scale = w->scale };

	w->sim = sim_new(&config);
	w->hw = hw_new(w->sim, w->m);
	w->k = kern_new(w->hw, VIRT_NONE, seed, 0);
	w->mm = mm_new(w->k, false);
	ck_assert_ptr_nonnull(w->mm);
	w->vm = vmap_model.create(w->k, &mc);
	ck_assert_ptr_nonnull(w->vm);
}

static inline void world_free(struct world *w)
{
	vmap_model.destroy(w->vm);
	mm_free(w->mm);
	kern_free(w->k);
	hw_free(w->hw);
	sim_free(w->sim);
	machine_free(w->m);
}

static inline void spawn(struct world *w, u32 cpu, void (*body)(struct task *t, void *arg))
{
	struct task *t = task_new(w->k, "worker", w->nr_tasks, cpu, body, w);

	ck_assert_ptr_nonnull(t);
	w->nr_tasks++;
	w->live++;
	task_start(t);
}

static inline void world_run(struct world *w)
{
	enum sim_status st;
	const char *what;

	kern_begin(w->k, 0);
	st = sim_run(w->sim, TIME_MAX);
	ck_assert_msg(st == SIM_DONE, "status %d: %s", st, sim_report(w->sim));
	what = vmap_sweep(w->vm, true);
	ck_assert_msg(!what, "%s", what);
}

static const struct variant_desc *const variants[] = {
	&vmap_global_6_1,
	&vmap_global_6_7,
	&vmap_nodes_v3,
};

#endif
