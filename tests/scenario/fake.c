/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two models that do nothing, with one of each kind of argument and parameter.
 */
#include "tests/scenario/fake.h"

static int run_nothing(struct task *t, void *model, struct op_call *call)
{
	(void)t;
	(void)model;
	(void)call;
	return 0;
}

/* ---- vmap: handles, variants, parameters ------------------------------- */

static const struct arg_desc vmalloc_args[] = {
	{ .name = "pages",
	  .about = "the pages",
	  .type = VT_INT,
	  .required = true,
	  .min = 1,
	  .max = 1 << 20 },
	{ .name = "align",
	  .about = "the align",
	  .type = VT_INT,
	  .def = 1,
	  .min = 1,
	  .max = 1 << 24 },
	{ .name = "into", .about = "the into", .type = VT_OUT },
};

static const struct arg_desc vfree_args[] = {
	{ .name = "area", .about = "the area", .type = VT_HANDLE, .required = true },
};

static const struct op_desc vmap_ops[] = {
	{ .name = "vmalloc",
	  .about = "take an area",
	  .args = vmalloc_args,
	  .nr_args = 3,
	  .scalar_arg = "pages",
	  .run = run_nothing },
	{ .name = "vfree",
	  .about = "give it back",
	  .args = vfree_args,
	  .nr_args = 1,
	  .scalar_arg = "area",
	  .run = run_nothing },
	{ .name = "purge", .about = "no arguments", .run = run_nothing },
};

static const struct param_desc vmap_params[] = {
	{ .name = "lazy",
	  .about = "the lazy",
	  .type = VT_SIZE,
	  .def = 32 << 20,
	  .min = 0,
	  .max = 1LL << 40 },
};

static const char *const policies[] = { "first", "best", NULL };

static const struct param_desc nodes_params[] = {
	{ .name = "nodes", .about = "the nodes", .type = VT_INT, .def = 0, .min = 0, .max = 128 },
	{ .name = "delay",
	  .about = "the delay",
	  .type = VT_TIME,
	  .def = 0,
	  .min = 0,
	  .max = 1000000000 },
	{ .name = "policy", .about = "the policy", .type = VT_ENUM, .choices = policies },
	{ .name = "eager", .about = "the eager", .type = VT_BOOL },
};

static const struct variant_desc vmap_global = { .name = "global-6.7", .about = "one lock" };
static const struct variant_desc vmap_nodes = {
	.name = "nodes-v3", .about = "nodes", .params = nodes_params, .nr_params = 4
};
static const struct variant_desc *const vmap_variants[] = { &vmap_global, &vmap_nodes, NULL };

static const struct metric_desc vmap_metrics[] = {
	{ "pairs_per_second", "1/s", "allocations and frees", METRIC_HIGHER },
	{ "elapsed_full", "s", "at scale 1", METRIC_LOWER },
};

static const struct model_desc vmap_model = {
	.name = "vmap",
	.about = "fake",
	.params = vmap_params,
	.nr_params = 1,
	.variants = vmap_variants,
	.default_variant = "global-6.7",
	.ops = vmap_ops,
	.nr_ops = 3,
	.metrics = vmap_metrics,
	.nr_metrics = 2,
};

/* ---- prims: objects ---------------------------------------------------- */

static const struct arg_desc lock_args[] = {
	{ .name = "lock", .about = "the lock", .type = VT_OBJECT, .required = true },
};

static const struct arg_desc hold_args[] = {
	{ .name = "lock", .about = "the lock", .type = VT_OBJECT, .required = true },
	{ .name = "time",
	  .about = "the time",
	  .type = VT_TIME,
	  .required = true,
	  .min = 0,
	  .max = 1000000000000 },
};

static const struct op_desc prims_ops[] = {
	{ .name = "lock",
	  .about = "take",
	  .args = lock_args,
	  .nr_args = 1,
	  .scalar_arg = "lock",
	  .run = run_nothing,
	  .no_latency = true },
	{ .name = "unlock",
	  .about = "release",
	  .args = lock_args,
	  .nr_args = 1,
	  .scalar_arg = "lock",
	  .run = run_nothing,
	  .no_latency = true },
	{ .name = "hold", .about = "both", .args = hold_args, .nr_args = 2, .run = run_nothing },
};

static const struct param_desc lock_keys[] = {
	{ .name = "cs_lines",
	  .about = "the cs_lines",
	  .type = VT_INT,
	  .def = 1,
	  .min = 0,
	  .max = 64 },
};

static const struct object_kind_desc prims_kinds[] = {
	{ "qspinlock", "queued", lock_keys, 1 },
	{ "ticket", "ticket", lock_keys, 1 },
};
static const struct object_kind_desc *const prims_kind_list[] = { &prims_kinds[0],
								  &prims_kinds[1] };

static const struct model_desc prims_model = {
	.name = "prims",
	.about = "fake",
	.ops = prims_ops,
	.nr_ops = 3,
	.kinds = prims_kind_list,
	.nr_kinds = 2,
};

static const struct kernel_base bases[] = {
	{ "6.1", "vmap", "global-6.7" },
	{ "6.9", "vmap", "nodes-v3" },
	{ NULL, NULL, NULL },
};

struct registry *fake_registry(void)
{
	struct registry *r = registry_new();
	const char *what;

	if (!r || registry_add(r, &vmap_model, &what) || registry_add(r, &prims_model, &what) ||
	    registry_add_bases(r, bases)) {
		registry_free(r);
		return NULL;
	}
	return r;
}
