// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Drain of the vmap nodes (reference vmap.md 1.5): decay every pool, detach every
 * lazy list, flush once, then let helpers on the work queues of other CPUs and
 * the drain itself hand the areas to the pools or to the free tree. One pass.
 */
#include "models/vmap/nodes.h"

u32 vmap_nr_helpers(u64 lazy, u64 lazy_max, u32 marked)
{
	return (u32)clamp_s64((s64)(lazy / lazy_max), 1, marked) - 1;
}

/* Skip the pool, or the pool does not want it: back to the free tree. */
static bool populate_pool(struct vmap_nodes *vn, struct vmap_node *n, struct task *t, u32 va)
{
	s32 id = va_node_id(va_get(&n->vm->store, va));

	if (id < 0 || (u32)id >= vn->nr || n->skip_populate)
		return false;
	return node_pool_add_va(n, t, va);
}

static void purge_vmap_node(struct vmap_node *n, struct task *t)
{
	struct vmap_nodes *vn = n->vm->priv;
	struct vmap *vm = n->vm;
	bool batched = vn->p[NP_LAZY_NR_BATCHED];
	u32 local = 0;
	s64 pages = 0;

	FRAME(t, "purge_vmap_node");

	for (u32 i = n->purge_first, next; i; i = next) {
		struct vmap_area *va = va_get(&vm->store, i);
		struct va_walk w = va_walk_begin(t);
		s64 size = va->size;

		va_read(&w, va);
		next = va->next;
		__builtin_prefetch(va_get(&vm->store, next));
		/* The pool may give it away at once: nothing of it is used below. */
		va_end(&w);
		work_smt_inclusive(t, (u64)vm->p[VP_PURGE_WORK]);
		pages += size;
		if (!batched)
			atomic_add_return(t, &vm->lazy_nr, -size);
		if (!populate_pool(vn, n, t, i)) {
			/* front of the list: the merge starts at the highest address */
			va_set_state(va, VA_TRANSIT);
			va->next = local;
			local = i;
		}
	}
	n->purge_first = 0;
	if (batched)
		atomic_add_return(t, &vm->lazy_nr, -pages);
	reclaim_list_global(vm, t, local);
}

void purge_node_work(struct task *worker, struct work *w)
{
	purge_vmap_node(container_of(w, struct vmap_node, purge_work), worker);
}

/* Move the lazy list aside; false if there is none. */
static bool detach_lazy(struct vmap_node *n, struct task *t, u64 *start, u64 *end)
{
	struct va_store *s = &n->vm->store;
	u32 last;

	n->purge_first = 0;
	n->marked = false;
	task_sync(t);
	if (!n->lazy.first)
		return false;
	spin_lock(t, &n->lazy_lock);
	n->purge_first = n->lazy.first;
	last = n->lazy.last;
	task_sync(t);
	va_tree_init(&n->lazy, s, false);
	va_tree_guarded_by(&n->lazy, &n->lazy_lock);
	spin_unlock(t, &n->lazy_lock);
	*start = min_u64(*start, va_get(s, n->purge_first)->start);
	*end = max_u64(*end, va_end_page(va_get(s, last)));
	n->marked = true;
	return true;
}

/* Node i belongs to CPU i; the drain's own CPU stands in where there is none. */
static void queue_helper(struct vmap_node *n, struct task *t, u32 cpu)
{
	if (cpu >= t->x.hw->nr_cpus)
		cpu = task_cpu(t);
	n->queued = queue_work_on(t, cpu, &n->purge_work);
}

static void purge_marked(struct vmap_nodes *vn, struct task *t, u32 helpers)
{
	for (u32 i = 0; i < vn->nr; i++) {
		struct vmap_node *n = &vn->node[i];

		if (!n->marked)
			continue;
		if (helpers) {
			queue_helper(n, t, i);
			helpers--;
		} else {
			purge_vmap_node(n, t);
		}
	}
	for (u32 i = 0; i < vn->nr; i++) {
		struct vmap_node *n = &vn->node[i];

		if (!n->queued)
			continue;
		flush_work(t, &n->purge_work);
		n->queued = false;
	}
}

/* vmap_purge_lock is held. */
static void purge_vmap_area_lazy(struct vmap *vm, struct task *t, bool full)
{
	struct vmap_nodes *vn = vm->priv;
	u64 start = UINT64_MAX, end = 0;
	u32 marked = 0;
	s64 lazy;

	FRAME(t, "__purge_vmap_area_lazy");

	lockdep_assert_held(t, &vm->purge_lock);
	for (u32 i = 0; i < vn->nr; i++) {
		vn->node[i].skip_populate = full;
		if (vn->pool_max)
			decay_va_pool_node(&vn->node[i], t, full);
		if (detach_lazy(&vn->node[i], t, &start, &end))
			marked++;
	}
	if (!marked)
		return;

	task_count(t, &vm->count.flushes, 1);
	flush_tlb_kernel_range(t, start << PAGE_SHIFT, end << PAGE_SHIFT);
	lazy = atomic_read_counter(t, &vm->lazy_nr);
	purge_marked(vn, t,
		     vmap_nr_helpers((u64)clamp_s64(lazy, 0, INT64_MAX), vm->lazy_max, marked));
}

void nodes_purge_all(struct vmap *vm, struct task *t)
{
	mutex_lock(t, &vm->purge_lock);
	purge_vmap_area_lazy(vm, t, true);
	mutex_unlock(t, &vm->purge_lock);
}

void nodes_drain(struct vmap *vm, struct task *t)
{
	FRAME(t, "drain_vmap_area_work");

	mutex_lock(t, &vm->purge_lock);
	purge_vmap_area_lazy(vm, t, false);
	mutex_unlock(t, &vm->purge_lock);
}
