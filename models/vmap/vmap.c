// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The vmap model as data: operations vmalloc and vfree, parameters, metrics,
 * variants; and making and freeing its state (reference vmap.md 1.1, 4, 5).
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "models/vmap/internal.h"

static void drain_vmap_area_work(struct task *worker, struct work *w)
{
	struct vmap *vm = container_of(w, struct vmap, drain_work);

	vm->in_flight++;
	task_count(worker, &vm->count.drains, 1);
	vm->ops->drain(vm, worker);
	vm->in_flight--;
}

/* lazy_max_pages(): fls(cpus) * 32 MiB, divided by the scenario's scale. */
static u64 lazy_max_pages(const struct vmap *vm)
{
	u64 pages = (u64)fls64(vm->kern->hw->nr_cpus) * 8192;

	return max_u64(pages * (u64)vm->p[VP_LAZY_MAX_MULTIPLIER] / 1000 / (u64)vm->scale, 1);
}

/* Pages come from whoever made memory for this kernel, else from our own. */
static int memory_init(struct vmap *vm)
{
	vm->gfp = vm->p[VP_INIT_ON_ALLOC] ? GFP_ZERO : GFP_KERNEL;
	vm->ledger_pages = (u32)ledger_category(&vm->kern->ledger, "VmallocUsed");
	if (vm->kern->mm)
		return 0;
	vm->own_mm = mm_new(vm->kern, false);
	return vm->own_mm ? 0 : -ENOMEM;
}

static void vmap_destroy(void *model)
{
	struct vmap *vm = model;

	vm->ops->destroy(vm);
	vmap_tables_destroy(vm);
	spin_lock_destroy(&vm->free_lock);
	va_store_destroy(&vm->store);
	free(vm->preload);
	if (vm->own_mm)
		mm_free(vm->own_mm);
	free(vm);
}

static int vmap_init(struct vmap *vm, const s64 *variant_params)
{
	int err = memory_init(vm);

	if (!err)
		err = va_store_init(&vm->store, vm->kern, vm->ops->object_size);
	if (!err)
		err = free_tree_init(vm);
	if (!err)
		err = vmap_tables_init(vm);
	if (!err)
		err = mutex_init(vm->kern, &vm->purge_lock, "vmap_purge_lock");
	if (err)
		return err;
	atomic_init_counter(&vm->lazy_nr);
	atomic_init_counter(&vm->nr_pages);
	work_init(&vm->drain_work, drain_vmap_area_work);
	return vm->ops->init(vm, variant_params);
}

static void *vmap_create(struct kern *k, const struct model_config *config)
{
	struct vmap *vm = calloc(1, sizeof(*vm));
	int err;

	if (!vm)
		return NULL;
	vm->kern = k;
	vm->ops = config->variant->ops;
	vm->scale = config->scale > 0 ? config->scale : 1;
	for (u32 i = 0; i < NR_VMAP_PARAMS; i++)
		vm->p[i] = config->params[i];
	vm->lazy_max = lazy_max_pages(vm);
	err = vmap_init(vm, config->params + NR_VMAP_PARAMS);
	if (!err)
		return vm;
	vmap_destroy(vm);
	errno = -err;
	return NULL;
}

enum { VMALLOC_PAGES, VMALLOC_ALIGN, VMALLOC_ZERO, VMALLOC_INTO };

static int op_vmalloc(struct task *t, void *model, struct op_call *call)
{
	u64 align = (u64)call->v[VMALLOC_ALIGN];
	u64 start;

	FRAME(t, "vmalloc");

	if (align & (align - 1))
		return -EINVAL;
	start = vmalloc_page(model, t, (u32)call->v[VMALLOC_PAGES], max_u64(align >> PAGE_SHIFT, 1),
			     call->v[VMALLOC_ZERO] ? GFP_ZERO : GFP_KERNEL);
	call->out = (s64)start;
	return start ? 0 : -ENOMEM;
}

static int op_vfree(struct task *t, void *model, struct op_call *call)
{
	return call->v[0] ? vfree_page(model, t, (u64)call->v[0]) : 0;
}

static const struct arg_desc vmalloc_args[] = {
	[VMALLOC_PAGES] = { .name = "pages",
			    .type = VT_INT,
			    .required = true,
			    .def = 1,
			    .min = 1,
			    .max = 1 << 30,
			    .about = "pages, without the guard" },
	[VMALLOC_ALIGN] = { .name = "align",
			    .type = VT_SIZE,
			    .def = 1,
			    .min = 1,
			    .max = 1LL << 62,
			    .about = "bytes, a power of two; at least a page" },
	[VMALLOC_ZERO] = { .name = "zero", .type = VT_BOOL, .def = 0, .about = "vzalloc()" },
	[VMALLOC_INTO] = { .name = "into",
			   .type = VT_OUT,
			   .about = "variable or bag[] that receives the area" },
};

static const struct arg_desc vfree_args[] = {
	{ .name = "ptr", .type = VT_HANDLE, .required = true, .about = "area to free" },
};

static const struct op_desc vmap_operations[] = {
	{
		.name = "vmalloc",
		.about = "reserve addresses, back them with pages, map them",
		.args = vmalloc_args,
		.nr_args = ARRAY_SIZE(vmalloc_args),
		.scalar_arg = "pages",
		.run = op_vmalloc,
	},
	{
		.name = "vfree",
		.about = "unmap and free; the addresses become lazy",
		.args = vfree_args,
		.nr_args = ARRAY_SIZE(vfree_args),
		.scalar_arg = "ptr",
		.run = op_vfree,
	},
};

static const struct param_desc vmap_params[NR_VMAP_PARAMS] = {
	[VP_INIT_ON_ALLOC] = {
		.name = "init_on_alloc", .type = VT_BOOL, .def = 1,
		.about = "backing pages are cleared, as in the published runs (vmap.md 2)",
	},
	[VP_CALL_PATH] = {
		.name = "call_path", .type = VT_TIME, .def = 184 * PS_PER_NS, .min = 0,
		.max = PS_PER_MS,
		.about = "vmalloc plus vfree beyond what is simulated; calibrated on vmap.md 4.4",
	},
	[VP_MAP_PAGE] = {
		.name = "map_page", .type = VT_TIME, .def = 4 * PS_PER_NS, .min = 0,
		.max = PS_PER_MS, .about = "set one PTE (vmap.md section 0, estimate)",
	},
	[VP_UNMAP_PAGE] = {
		.name = "unmap_page", .type = VT_TIME, .def = 4 * PS_PER_NS, .min = 0,
		.max = PS_PER_MS, .about = "clear one PTE (vmap.md section 0, estimate)",
	},
	[VP_LAZY_WORK] = {
		.name = "lazy_work", .type = VT_TIME, .def = 120 * PS_PER_NS, .min = 0,
		.max = PS_PER_MS,
		.about = "making an area lazy, without tree, lines and lock (section 0, assumed)",
	},
	[VP_PURGE_WORK] = {
		.name = "purge_work", .type = VT_TIME, .def = 300 * PS_PER_NS, .min = 0,
		.max = PS_PER_MS,
		.about = "purging an area, without tree, lines and lock (section 0, assumed)",
	},
	[VP_LAZY_MAX_MULTIPLIER] = {
		.name = "lazy_max_permille", .type = VT_INT, .def = 1000, .min = 1,
		.max = 1000 * 1000,
		.about = "lazy limit in 1/1000 of fls(cpus) * 32 MiB",
	},
};

enum vmap_metric {
	VM_PAIRS,
	VM_PAIRS_PER_SECOND,
	VM_ELAPSED_FULL,
	VM_POOL_HITS,
	VM_POOL_MISSES,
	VM_DRAINS,
	VM_FLUSHES,
	VM_LAZY_PEAK,
	VM_LAZY,
	VM_TABLES,
};

static const struct metric_desc vmap_metrics[] = {
	[VM_PAIRS] = { "pairs", "", "vfree calls", METRIC_NEUTRAL },
	[VM_PAIRS_PER_SECOND] = { "pairs_per_second", "1/s", "vmalloc and vfree pairs a second",
				  METRIC_HIGHER },
	[VM_ELAPSED_FULL] = { "elapsed_full", "s", "elapsed times scale; the real run at scale 1",
			      METRIC_LOWER },
	[VM_POOL_HITS] = { "pool_hits", "", "areas that came from a pool", METRIC_NEUTRAL },
	[VM_POOL_MISSES] = { "pool_misses", "", "areas a pool might have had", METRIC_LOWER },
	[VM_DRAINS] = { "drains", "", "runs of the drain work", METRIC_NEUTRAL },
	[VM_FLUSHES] = { "flushes", "", "TLB flushes of lazy areas", METRIC_NEUTRAL },
	[VM_LAZY_PEAK] = { "lazy_peak_pages", "pages", "most pages freed and not yet purged",
			   METRIC_LOWER },
	[VM_LAZY] = { "lazy_pages", "pages", "pages freed and not yet purged", METRIC_LOWER },
	[VM_TABLES] = { "table_pages", "pages", "page-table pages of vmalloc addresses",
			METRIC_LOWER },
};

static void vmap_begin(void *model)
{
	struct vmap *vm = model;

	vm->base = vm->count;
	vm->lazy_peak = (u64)clamp_s64(vm->lazy_nr.v, 0, INT64_MAX);
}

static double vmap_metric(void *model, u32 i, u64 elapsed_ps)
{
	const struct vmap *vm = model;
	double seconds = (double)(s64)elapsed_ps / 1e12;
	double pairs = (double)(s64)(vm->count.pairs - vm->base.pairs);

	switch ((enum vmap_metric)i) {
	case VM_PAIRS:
		return pairs;
	case VM_PAIRS_PER_SECOND:
		return elapsed_ps ? pairs / seconds : NAN;
	case VM_ELAPSED_FULL:
		return seconds * (double)vm->scale;
	case VM_POOL_HITS:
		return (double)(s64)(vm->count.pool_hits - vm->base.pool_hits);
	case VM_POOL_MISSES:
		return (double)(s64)(vm->count.pool_misses - vm->base.pool_misses);
	case VM_DRAINS:
		return (double)(s64)(vm->count.drains - vm->base.drains);
	case VM_FLUSHES:
		return (double)(s64)(vm->count.flushes - vm->base.flushes);
	case VM_LAZY_PEAK:
		return (double)(s64)vm->lazy_peak;
	case VM_LAZY:
		return (double)vm->lazy_nr.v;
	case VM_TABLES:
		return (double)(s64)vm->tables.nr;
	}
	return NAN;
}

/* Counts so far; rates are left to the reader of the series. */
static double vmap_sample(void *model, u32 i)
{
	if (i == VM_PAIRS_PER_SECOND || i == VM_ELAPSED_FULL)
		return NAN;
	return vmap_metric(model, i, 0);
}

static void vmap_check(void *model)
{
	struct vmap *vm = model;
	const char *what = vmap_sweep(vm, true);

	if (what)
		sim_fail(vm->kern->sim, what, 0, 0);
}

static const struct variant_desc *const vmap_variants[] = {
	&vmap_global_6_1,
	&vmap_global_6_7,
	&vmap_nodes_v3,
	NULL,
};

const struct model_desc vmap_model = {
	.name = "vmap",
	.about = "vmalloc address space: free, busy and lazy areas, drains",
	.params = vmap_params,
	.nr_params = NR_VMAP_PARAMS,
	.variants = vmap_variants,
	.default_variant = "nodes-v3",
	.ops = vmap_operations,
	.nr_ops = ARRAY_SIZE(vmap_operations),
	.metrics = vmap_metrics,
	.nr_metrics = ARRAY_SIZE(vmap_metrics),
	.create = vmap_create,
	.destroy = vmap_destroy,
	.begin = vmap_begin,
	.metric = vmap_metric,
	.sample = vmap_sample,
	.check = vmap_check,
};

const struct kernel_base vmap_bases[] = {
	{ "6.1", "vmap", "global-6.1" },
	{ "6.7", "vmap", "global-6.7" },
	{ "6.9", "vmap", "nodes-v3" },
	{ NULL, NULL, NULL },
};
