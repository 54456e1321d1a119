// SPDX-License-Identifier: GPL-2.0-or-later
/* A whole model as a plug-in: one shared counter that threads add to. */
#include <math.h>
#include <stdlib.h>

#include "sim/kern/atomic.h"
#include "sim/model/plugin.h"

struct counter {
	struct atomic_counter nr;
	s64 step;
	s64 last; /* value the counter had last */
};

static int op_count(struct task *t, void *model, struct op_call *call)
{
	struct counter *c = model;

	(void)call;
	c->last = atomic_add_return(t, &c->nr, c->step);
	return 0;
}

static void *counter_create(struct kern *k, const struct model_config *config)
{
	struct counter *c = calloc(1, sizeof(*c));

	(void)k;
	if (!c)
		return NULL;
	atomic_init_counter(&c->nr);
	c->step = config->params[0];
	return c;
}

static double counter_metric(void *model, u32 i, u64 elapsed_ps)
{
	const struct counter *c = model;

	(void)i;
	(void)elapsed_ps;
	return (double)c->last;
}

static const struct param_desc params[] = {
	{ .name = "step", .type = VT_INT, .def = 1, .min = 1, .max = 100, .about = "each adds" },
};
static const struct op_desc ops[] = {
	{ .name = "count", .about = "add to the counter", .run = op_count },
};
static const struct metric_desc metrics[] = {
	{ .name = "value", .unit = "", .about = "of the counter at the end" },
};
static const struct model_desc counter = {
	.name = "counter",
	.about = "one shared counter",
	.params = params,
	.nr_params = 1,
	.ops = ops,
	.nr_ops = 1,
	.metrics = metrics,
	.nr_metrics = 1,
	.create = counter_create,
	.destroy = free,
	.metric = counter_metric,
};
static const struct model_desc *const models[] = { &counter, NULL };

const struct mmsim_plugin mmsim_plugin = {
	.abi = MMSIM_ABI,
	.name = "counter",
	.models = models,
};
