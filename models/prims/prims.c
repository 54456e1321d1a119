/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Objects declared under `objects:` and the operations on them. An object is an
 * array of `count` instances; an argument value is the number of the instance over
 * all objects of the model. The kinds and operations are in the files next to this
 * one; here are their tables.
 */
#include "models/prims/internal.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

/* The first member of its type each, in the order in which they are listed. */
static const struct object_kind_desc *const prim_kinds[] = {
	&prim_qspinlock.desc,  &prim_tas.desc,	      &prim_fifo.desc,
	&prim_mutex.desc,      &prim_line.desc,	      &prim_memcg.desc,
	&prim_seqlock.desc,    &prim_completion.desc, &prim_percpu_counter.desc,
	&prim_rwlock.desc,     &prim_rwsem.desc,      &prim_percpu_ref.desc,
	&prim_ticket.desc,     &prim_mcs.desc,	      &prim_work.desc,
	&prim_kmem_cache.desc, &prim_cna.desc,
};

const struct arg_desc prim_object_arg[1] = {
	{ .name = "object", .type = VT_OBJECT, .required = true, .about = "declared object" },
};

static const struct op_desc prim_ops[] = {
	{ "lock", "acquire a lock", prim_object_arg, 1, "object", prim_op_lock, false },
	{ "unlock", "release a lock", prim_object_arg, 1, "object", prim_op_unlock, true },
	{ "load", "read a cache line", prim_object_arg, 1, "object", prim_op_load, false },
	{ "store", "write a cache line (posted)", prim_value_args, 2, "object", prim_op_store,
	  false },
	{ "atomic_add", "fetch-add on a cache line", prim_value_args, 2, "object",
	  prim_op_atomic_add, false },
	{ "memcg_create", "mkdir of a memory cgroup that was removed", prim_object_arg, 1, "object",
	  prim_op_memcg_create, false },
	{ "memcg_remove", "rmdir of a memory cgroup", prim_object_arg, 1, "object",
	  prim_op_memcg_remove, false },
	{ "memcg_charge", "charge pages to a memory cgroup", prim_charge_args, 3, "object",
	  prim_op_memcg_charge, false },
	{ "memcg_uncharge", "give charged pages back", prim_charge_args, 2, "object",
	  prim_op_memcg_uncharge, false },
	{ "seq_read", "read section of a seqlock, repeated until it is good", prim_section_args, 2,
	  "object", prim_op_seq_read, false },
	{ "seq_write", "write section of a seqlock", prim_section_args, 2, "object",
	  prim_op_seq_write, false },
	{ "complete", "one more is done", prim_object_arg, 1, "object", prim_op_complete, false },
	{ "complete_all", "done for good", prim_object_arg, 1, "object", prim_op_complete_all,
	  false },
	{ "wait_for_completion", "sleep until something is done", prim_object_arg, 1, "object",
	  prim_op_wait_for_completion, false },
	{ "percpu_add", "add to a per-CPU counter", prim_value_args, 2, "object",
	  prim_op_percpu_add, false },
	{ "percpu_read", "fast read of a per-CPU counter", prim_object_arg, 1, "object",
	  prim_op_percpu_read, false },
	{ "percpu_sum", "exact sum of a per-CPU counter", prim_object_arg, 1, "object",
	  prim_op_percpu_sum, false },
	{ "alloc_pages", "allocate 2^order pages", prim_alloc_pages_args, 6, "order",
	  prim_op_alloc_pages, false },
	{ "alloc_pages_bulk", "allocate single pages in one go", prim_alloc_bulk_args, 3, "pages",
	  prim_op_alloc_pages_bulk, false },
	{ "free_pages", "free what alloc_pages or alloc_pages_bulk gave", prim_free_pages_args, 1,
	  "pages", prim_op_free_pages, false },
	{ "kmalloc", "allocate an object of some bytes", prim_kmalloc_args, 7, "bytes",
	  prim_op_kmalloc, false },
	{ "kfree", "free what kmalloc gave", prim_kfree_args, 1, "object", prim_op_kfree, false },
	{ "read_lock", "acquire a reader-writer lock for reading", prim_object_arg, 1, "object",
	  prim_op_read_lock, false },
	{ "read_unlock", "release what read_lock has acquired", prim_object_arg, 1, "object",
	  prim_op_read_unlock, true },
	{ "write_lock", "acquire a reader-writer lock for writing", prim_object_arg, 1, "object",
	  prim_op_write_lock, false },
	{ "write_unlock", "release what write_lock has acquired", prim_object_arg, 1, "object",
	  prim_op_write_unlock, true },
	{ "irq_save", "interrupts off on this CPU", NULL, 0, NULL, prim_op_irq_save, false },
	{ "irq_restore", "as they were before irq_save", NULL, 0, NULL, prim_op_irq_restore, true },
	{ "preempt_disable", "stay on this CPU; interrupts are taken", NULL, 0, NULL,
	  prim_op_preempt_disable, false },
	{ "preempt_enable", "may be rescheduled again", NULL, 0, NULL, prim_op_preempt_enable,
	  true },
	{ "rcu_read", "an RCU read section", prim_rcu_read_args, 1, "for", prim_op_rcu_read,
	  false },
	{ "rcu_read_lock", "begin an RCU read section", NULL, 0, NULL, prim_op_rcu_read_lock,
	  true },
	{ "rcu_read_unlock", "end an RCU read section", NULL, 0, NULL, prim_op_rcu_read_unlock,
	  true },
	{ "synchronize_rcu", "wait for all read sections", NULL, 0, NULL, prim_op_synchronize_rcu,
	  false },
	{ "synchronize_rcu_expedited", "the same with IPIs", NULL, 0, NULL,
	  prim_op_synchronize_rcu_expedited, false },
	{ "call_rcu", "queue a callback that frees bytes", prim_rcu_bytes_args, 1, "bytes",
	  prim_op_call_rcu, false },
	{ "kvfree_rcu", "free bytes after a grace period, in batches", prim_rcu_bytes_args, 1,
	  "bytes", prim_op_kvfree_rcu, false },
	{ "rcu_barrier", "wait for all callbacks", NULL, 0, NULL, prim_op_rcu_barrier, false },
	{ "ref_get", "take a reference, fails once it is killed", prim_object_arg, 1, "object",
	  prim_op_ref_get, false },
	{ "ref_put", "drop a reference", prim_object_arg, 1, "object", prim_op_ref_put, false },
	{ "ref_kill", "kill a percpu_ref: atomic after a grace period", prim_object_arg, 1,
	  "object", prim_op_ref_kill, false },
	{ "queue_work", "queue a work item; fails if it is pending", prim_queue_args, 2, "object",
	  prim_op_queue_work, false },
	{ "queue_delayed_work", "queue it after a time, counted in jiffies", prim_delayed_args, 3,
	  NULL, prim_op_queue_delayed_work, false },
	{ "flush_work", "wait for what has been queued", prim_object_arg, 1, "object",
	  prim_op_flush_work, false },
	{ "cancel_work", "take a queueing back and wait if it runs; fails without one",
	  prim_object_arg, 1, "object", prim_op_cancel_work, false },
	{ "ipi", "call a function on another CPU, or on all, and wait", prim_ipi_args, 2, "cpu",
	  prim_op_ipi, false },
	{ "flush_tlb", "flush pages on all CPUs that run threads", prim_flush_tlb_args, 2, "pages",
	  prim_op_flush_tlb, false },
	{ "syscall", "enter and leave the kernel", NULL, 0, NULL, prim_op_syscall, false },
	{ "anon_fault", "anonymous fault: allocates cleared pages", prim_anon_fault_args, 2,
	  "order", prim_op_anon_fault, false },
	{ "kmem_cache_alloc", "allocate an object of a slab cache", prim_cache_alloc_args, 5,
	  "object", prim_op_cache_alloc, false },
	{ "kmem_cache_free", "free what kmem_cache_alloc gave", prim_kfree_args, 1, "object",
	  prim_op_cache_free, false },
	{ "kmem_cache_alloc_bulk", "allocate objects of a slab cache in one go",
	  prim_cache_bulk_args, 3, NULL, prim_op_cache_alloc_bulk, false },
	{ "kmem_cache_free_bulk", "free what kmem_cache_alloc_bulk gave", prim_kfree_args, 1,
	  "object", prim_op_cache_free_bulk, false },
	{ "kmem_cache_give", "hand objects over to whoever takes them", prim_kfree_args, 1,
	  "object", prim_op_cache_give, false },
	{ "kmem_cache_take", "take what was handed over first; fails if there is none",
	  prim_cache_take_args, 2, NULL, prim_op_cache_take, false },
	{ "kmem_cache_shrink", "give all empty slabs of a cache back", prim_object_arg, 1, "object",
	  prim_op_cache_shrink, false },
};

static int refs_init(struct prims *p)
{
	u32 total = 0, n = 0;

	for (u32 i = 0; i < p->nr_objects; i++)
		total += p->objects[i].count;
	p->refs = calloc(total + 1, sizeof(*p->refs));
	if (!p->refs)
		return -ENOMEM;
	for (u32 i = 0; i < p->nr_objects; i++) {
		struct prim_object *o = &p->objects[i];

		for (u32 j = 0; j < o->count; j++)
			p->refs[n++] =
				(struct prim_ref){ o->type, o->instances + j * o->type->size };
	}
	return 0;
}

static int object_init(struct kern *k, struct prim_object *o, const struct object_decl *d)
{
	o->count = d->count;
	o->instances = calloc(d->count, o->type->size);
	if (!o->instances)
		return -ENOMEM;
	for (; o->nr_inited < d->count; o->nr_inited++) {
		char *obj = o->instances + o->nr_inited * o->type->size;
		int err = o->type->init(k, obj, d);

		if (err)
			return err;
		if (d->cgroup)
			prim_memcg_bind(obj, d->cgroup[o->nr_inited]);
	}
	return 0;
}

static void prims_destroy(void *model)
{
	struct prims *p = model;

	for (u32 i = 0; p->objects && i < p->nr_objects; i++) {
		struct prim_object *o = &p->objects[i];

		for (u32 j = 0; o->type->destroy && j < o->nr_inited; j++)
			o->type->destroy(o->instances + j * o->type->size);
		free(o->instances);
	}
	prim_memory_destroy(p);
	prim_rcu_destroy(p);
	prim_slab_destroy(p);
	free(p->refs);
	free(p->objects);
	free(p);
}

static void *prims_create(struct kern *k, const struct model_config *config)
{
	struct prims *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->kern = k;
	p->objects = calloc(config->nr_objects + 1, sizeof(*p->objects));
	if (!p->objects)
		goto fail;
	for (; p->nr_objects < config->nr_objects; p->nr_objects++) {
		const struct object_decl *d = &config->objects[p->nr_objects];
		struct prim_object *o = &p->objects[p->nr_objects];

		o->type = container_of(d->kind, const struct prim_type, desc);
		if (object_init(k, o, d)) {
			p->nr_objects++;
			goto fail;
		}
	}
	if (refs_init(p) || prim_memory_init(p))
		goto fail;
	return p;
fail:
	prims_destroy(p);
	errno = ENOMEM;
	return NULL;
}

static void prims_begin(void *model)
{
	struct prims *p = model;

	p->base_locks = p->nr_locks;
	p->base_atomics = p->nr_atomics;
	p->nr_seq_reads = 0;
	p->nr_seq_retries = 0;
	p->nr_percpu_reads = 0;
	p->percpu_error_max = 0;
	prim_memory_begin(p);
	prim_rcu_begin(p);
	p->base_works = p->works;
}

static double per_us(u64 n, u64 elapsed_ps)
{
	return elapsed_ps ? (double)n * (double)PS_PER_US / (double)elapsed_ps : NAN;
}

static double locks_per_us(const struct prims *p, u64 elapsed_ps)
{
	return per_us(p->nr_locks - p->base_locks, elapsed_ps);
}

static double atomics_per_us(const struct prims *p, u64 elapsed_ps)
{
	return per_us(p->nr_atomics - p->base_atomics, elapsed_ps);
}

static double seq_retries_per_read(const struct prims *p, u64 elapsed_ps)
{
	(void)elapsed_ps;
	return p->nr_seq_reads ? (double)p->nr_seq_retries / (double)p->nr_seq_reads : NAN;
}

static double percpu_error_max(const struct prims *p, u64 elapsed_ps)
{
	(void)elapsed_ps;
	return p->nr_percpu_reads ? (double)p->percpu_error_max : NAN;
}

static double pages_allocated(const struct prims *p, u64 elapsed_ps)
{
	(void)elapsed_ps;
	return prim_memory_metric(p, PRIM_PAGES_ALLOCATED);
}

static double alloc_failures(const struct prims *p, u64 elapsed_ps)
{
	(void)elapsed_ps;
	return prim_memory_metric(p, PRIM_ALLOC_FAILURES);
}

static double zone_lock_share(const struct prims *p, u64 elapsed_ps)
{
	(void)elapsed_ps;
	return prim_memory_metric(p, PRIM_ZONE_LOCK_SHARE);
}

static double rcu_grace_periods(const struct prims *p, u64 elapsed_ps)
{
	(void)elapsed_ps;
	return prim_rcu_gps(p);
}

static double rcu_gp_mean(const struct prims *p, u64 elapsed_ps)
{
	(void)elapsed_ps;
	return prim_rcu_gp_mean(p);
}

static double works_per_us(const struct prims *p, u64 elapsed_ps)
{
	return prim_work_metric(p, 0, elapsed_ps);
}

static double work_wait(const struct prims *p, u64 elapsed_ps)
{
	return prim_work_metric(p, 1, elapsed_ps);
}

static double slab_bytes(const struct prims *p, u64 elapsed_ps)
{
	(void)elapsed_ps;
	return prim_slab_metric(p, PRIM_SLAB_BYTES);
}

static double slab_objects_per_slab(const struct prims *p, u64 elapsed_ps)
{
	(void)elapsed_ps;
	return prim_slab_metric(p, PRIM_SLAB_OBJECTS_PER_SLAB);
}

static double slab_lock_share(const struct prims *p, u64 elapsed_ps)
{
	(void)elapsed_ps;
	return prim_slab_metric(p, PRIM_SLAB_LOCK_SHARE);
}

static const struct metric_desc prim_metrics[] = {
	{ "locks_per_us", "1/us", "acquisitions of all locks per microsecond", METRIC_HIGHER },
	{ "atomics_per_us", "1/us", "atomic operations per microsecond", METRIC_HIGHER },
	{ "seq_retries_per_read", "", "passes of seq_read too many", METRIC_LOWER },
	{ "percpu_error_max", "", "what a percpu_read was wrong by, at the most", METRIC_LOWER },
	{ "pages_allocated", "", "pages that alloc_pages and alloc_pages_bulk got", METRIC_HIGHER },
	{ "alloc_failures", "", "allocations without memory, failed on purpose included",
	  METRIC_LOWER },
	{ "zone_lock_share", "share", "busy CPU time spent spinning on zone->lock", METRIC_LOWER },
	{ "rcu_grace_periods", "", "RCU grace periods that ended, expedited ones apart",
	  METRIC_NEUTRAL },
	{ "rcu_gp_mean", "ns", "mean length of an RCU grace period", METRIC_LOWER },
	{ "works_per_us", "1/us", "work items begun per microsecond", METRIC_HIGHER },
	{ "work_wait", "ns", "mean time from queue_work to the start of the item", METRIC_LOWER },
	{ "slab_bytes", "bytes", "pages of slabs at the end", METRIC_LOWER },
	{ "slab_objects_per_slab", "", "objects that a slab has room for, mean at the end",
	  METRIC_NEUTRAL },
	{ "slab_lock_share", "share", "busy CPU time spent spinning on n->list_lock",
	  METRIC_LOWER },
};

/* In the order of prim_metrics. */
static double (*const prim_values[])(const struct prims *p, u64 elapsed_ps) = {
	locks_per_us,	atomics_per_us,	 seq_retries_per_read,	percpu_error_max, pages_allocated,
	alloc_failures, zone_lock_share, rcu_grace_periods,	rcu_gp_mean,	  works_per_us,
	work_wait,	slab_bytes,	 slab_objects_per_slab, slab_lock_share,
};

_Static_assert(ARRAY_SIZE(prim_metrics) == ARRAY_SIZE(prim_values), "one each");

static double prims_metric(void *model, u32 i, u64 elapsed_ps)
{
	return prim_values[i](model, elapsed_ps);
}

const struct model_desc prims_model = {
	.name = "prims",
	.about = "locks, cache lines and atomics declared in the scenario",
	.ops = prim_ops,
	.nr_ops = ARRAY_SIZE(prim_ops),
	.metrics = prim_metrics,
	.nr_metrics = ARRAY_SIZE(prim_metrics),
	.kinds = prim_kinds,
	.nr_kinds = ARRAY_SIZE(prim_kinds),
	.cgroup_kind = &prim_memcg.desc,
	.create = prims_create,
	.destroy = prims_destroy,
	.begin = prims_begin,
	.metric = prims_metric,
};
