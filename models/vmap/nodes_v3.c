// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * nodes-v3: vmap nodes as merged for 6.9 (reference vmap.md 1.4). Allocations come
 * from the pool of the CPU's node, misses from the one free tree; lazy areas do
 * not merge.
 */
#include <errno.h>
#include <stdlib.h>

#include "models/vmap/nodes.h"

static int node_init(struct vmap *vm, struct vmap_node *n)
{
	int err;

	n->vm = vm;
	n->line.last = LINE_NO_OWNER;
	for (u32 p = 0; p < POOL_MAX; p++)
		gline_init(&n->pool[p].line, 0);
	va_tree_init(&n->busy, &vm->store, false);
	va_tree_init(&n->lazy, &vm->store, false);
	va_tree_guarded_by(&n->busy, &n->busy_lock);
	va_tree_guarded_by(&n->lazy, &n->lazy_lock);
	work_init(&n->purge_work, purge_node_work);
	err = spin_lock_init(vm->kern, &n->pool_lock, "vmap_node.pool_lock", SPIN_QSPINLOCK);
	if (!err)
		err = spin_lock_init(vm->kern, &n->busy_lock, "vmap_node.busy.lock",
				     SPIN_QSPINLOCK);
	if (!err)
		err = spin_lock_init(vm->kern, &n->lazy_lock, "vmap_node.lazy.lock",
				     SPIN_QSPINLOCK);
	if (err)
		return err;
	spin_lock_share_line(&n->pool_lock, &n->line);
	spin_lock_share_line(&n->busy_lock, &n->line);
	return 0;
}

static int nodes_init(struct vmap *vm, const s64 *params)
{
	struct vmap_nodes *vn = calloc(1, sizeof(*vn));

	if (!vn)
		return -ENOMEM;
	vm->priv = vn;
	for (u32 i = 0; i < NR_NODES_PARAMS; i++)
		vn->p[i] = params[i];
	vn->nr = (u32)vn->p[NP_NR_NODES];
	if (!vn->nr)
		vn->nr = (u32)clamp_s64(vm->kern->hw->nr_cpus, 1, 128);
	vn->zone_pages = vn->nr > 1 ? (u32)vn->p[NP_ZONE_PAGES] : 1;
	vn->pool_max = vn->nr > 1 ? (u32)vn->p[NP_POOL_MAX_PAGES] : 0;
	vn->node = calloc(vn->nr, sizeof(*vn->node));
	if (!vn->node) {
		vn->nr = 0;
		return -ENOMEM;
	}
	vn->ledger = (u32)ledger_category(&vm->kern->ledger, "vmap_node");
	ledger_commit(&vm->kern->ledger, vn->ledger, (s64)vn->nr * VMAP_NODE_BYTES, vn->nr, 0);
	for (u32 i = 0; i < vn->nr; i++) {
		int err = node_init(vm, &vn->node[i]);

		if (err)
			return err;
	}
	return 0;
}

static void nodes_destroy(struct vmap *vm)
{
	struct vmap_nodes *vn = vm->priv;

	if (!vn)
		return;
	for (u32 i = 0; i < vn->nr; i++) {
		spin_lock_destroy(&vn->node[i].pool_lock);
		spin_lock_destroy(&vn->node[i].busy_lock);
		spin_lock_destroy(&vn->node[i].lazy_lock);
	}
	free(vn->node);
	free(vn);
}

/* From the free tree, after a full purge if need be. */
static u32 alloc_from_tree(struct vmap *vm, struct task *t, u32 size, u64 align, s32 id)
{
	u32 va = va_alloc(&vm->store, t);

	if (!va)
		return 0;
	va_set_node_id(va_get(&vm->store, va), id);
	if (free_tree_alloc(vm, t, va, size, align))
		return va;
	nodes_purge_all(vm, t);
	if (free_tree_alloc(vm, t, va, size, align))
		return va;
	va_free(&vm->store, t, va);
	return 0;
}

static void insert_busy(struct vmap_nodes *vn, struct task *t, u32 i)
{
	struct va_store *s = &vn->node->vm->store;
	struct vmap_node *n = addr_to_node(vn, va_get(s, i)->start);
	struct va_walk w = va_walk_begin(t);

	FRAME(t, "insert_vmap_area");

	spin_lock(t, &n->busy_lock);
	va_set_state(va_get(s, i), VA_BUSY);
	va_insert(&n->busy, &w, i);
	va_end(&w);
	spin_unlock(t, &n->busy_lock);
}

static u32 alloc_vmap_area(struct vmap *vm, struct task *t, u32 size, u64 align)
{
	struct vmap_nodes *vn = vm->priv;
	struct vmap_node *own = this_node(vn, t);
	s32 id = vn->nr > 1 ? (s32)(own - vn->node) : -1;
	u32 va;

	FRAME(t, "alloc_vmap_area");

	va = node_pool_del_va(own, t, size, align);
	if (size <= vn->pool_max)
		task_count(t, va ? &vm->count.pool_hits : &vm->count.pool_misses, 1);
	if (!va)
		va = alloc_from_tree(vm, t, size, align, id);
	if (va)
		insert_busy(vn, t, va);
	return va;
}

/* Until 6.10 the vm_struct was bound in a busy section of its own (V2c). */
static void setup_vmalloc_vm(struct vmap_nodes *vn, struct task *t, u32 i)
{
	struct vmap_area *va = va_get(&vn->node->vm->store, i);
	struct vmap_node *n = addr_to_node(vn, va->start);
	struct va_walk w = va_walk_begin(t);

	FRAME(t, "setup_vmalloc_vm");

	spin_lock(t, &n->busy_lock);
	va_write(&w, va);
	va_end(&w);
	spin_unlock(t, &n->busy_lock);
}

static u32 nodes_alloc(struct vmap *vm, struct task *t, u32 size, u64 align)
{
	struct vmap_nodes *vn = vm->priv;
	u32 va = alloc_vmap_area(vm, t, size, align);

	if (va && vn->p[NP_BUSY_SECTIONS] >= 3)
		setup_vmalloc_vm(vn, t, va);
	return va;
}

/* The node of the address, then upward: an area lies in the node of its start. */
static u32 nodes_find_unlink(struct vmap *vm, struct task *t, u64 start)
{
	struct vmap_nodes *vn = vm->priv;
	u32 first = (u32)(addr_to_node(vn, start) - vn->node);

	FRAME(t, "find_unlink_vmap_area");

	for (u32 i = 0; i < vn->nr; i++) {
		struct vmap_node *n = &vn->node[(first + i) % vn->nr];
		struct va_walk w = va_walk_begin(t);
		u32 va;

		spin_lock(t, &n->busy_lock);
		va = va_find(&n->busy, &w, start);
		if (va) {
			va_erase(&n->busy, &w, va);
			va_set_state(va_get(&vm->store, va), VA_TRANSIT);
		}
		va_end(&w);
		spin_unlock(t, &n->busy_lock);
		if (va)
			return va;
	}
	return 0;
}

static void nodes_free_noflush(struct vmap *vm, struct task *t, u32 i)
{
	struct vmap_nodes *vn = vm->priv;
	struct vmap_area *va = va_get(&vm->store, i);
	s32 id = va_node_id(va);
	struct vmap_node *n = id >= 0 ? &vn->node[id] : addr_to_node(vn, va->start);
	struct va_walk w = va_walk_begin(t);
	s64 nr_lazy;

	FRAME(t, "free_vmap_area_noflush");

	nr_lazy = vmap_lazy_add(vm, t, va->size);
	work_smt_inclusive(t, (u64)vm->p[VP_LAZY_WORK]);
	spin_lock(t, &n->lazy_lock);
	if (!n->lazy.first)
		task_sync(t); /* the drain looks without the lock */
	va_set_state(va, VA_LAZY);
	va_insert(&n->lazy, &w, i);
	va_end(&w);
	spin_unlock(t, &n->lazy_lock);
	vmap_lazy_added(vm, t, nr_lazy);
}

/* Invariants I5 and I6. */
static const char *node_check(struct vmap_nodes *vn, struct vmap_node *n)
{
	struct va_store *s = &n->vm->store;
	const char *what = va_tree_check(&n->busy);

	if (!what)
		what = va_tree_check(&n->lazy);
	if (what)
		return what;
	for (u32 i = n->busy.first; i; i = va_get(s, i)->next) {
		if (addr_to_node(vn, va_get(s, i)->start) != n)
			return "vmap: a busy area is in the wrong node (I6)";
	}
	for (u32 p = 0; p < vn->pool_max; p++) {
		u32 len = 0, prev = 0;

		for (u32 i = n->pool[p].first; i; prev = i, i = va_get(s, i)->next, len++) {
			const struct vmap_area *va = va_get(s, i);

			if (va->size != p + 1 || va_node_id(va) != n - vn->node ||
			    va->prev != prev || va_state(va) != VA_POOL)
				return "vmap: an area is in the wrong pool (I5)";
		}
		if (len != n->pool[p].len || prev != n->pool[p].last)
			return "vmap: a pool's length is wrong (I5)";
	}
	return NULL;
}

static const char *nodes_check(struct vmap *vm)
{
	struct vmap_nodes *vn = vm->priv;
	const char *what = NULL;

	for (u32 i = 0; i < vn->nr && !what; i++)
		what = node_check(vn, &vn->node[i]);
	return what;
}

const struct vmap_ops vmap_nodes_v3_ops = {
	.object_size = 72,
	.init = nodes_init,
	.destroy = nodes_destroy,
	.alloc = nodes_alloc,
	.unlink = nodes_find_unlink,
	.free_noflush = nodes_free_noflush,
	.drain = nodes_drain,
	.purge_all = nodes_purge_all,
	.check = nodes_check,
};

static const struct param_desc nodes_params[NR_NODES_PARAMS] = {
	[NP_NR_NODES] = {
		.name = "nr_nodes", .type = VT_INT, .def = 0, .min = 0, .max = 254,
		.about = "vmap nodes; 0: clamp(cpus, 1, 128) (6.12)",
	},
	[NP_ZONE_PAGES] = {
		.name = "zone_pages", .type = VT_INT, .def = 16, .min = 1, .max = 1 << 20,
		.unit = "pages", .about = "addresses change node every so many pages (6.12)",
	},
	[NP_POOL_MAX_PAGES] = {
		.name = "pool_max_pages", .type = VT_INT, .def = 256, .min = 0, .max = POOL_MAX,
		.unit = "pages", .about = "largest area a pool keeps, guard included (6.12)",
	},
	[NP_DECAY_SHIFT] = {
		.name = "decay_shift", .type = VT_INT, .def = 2, .min = 0, .max = 31,
		.about = "a drain takes len >> shift areas out of each pool (6.12: 25 %)",
	},
	[NP_SMALL_POOL_QUIRK] = {
		.name = "decay_small_pool_quirk", .type = VT_BOOL, .def = 1,
		.about = "a share of 0 empties the pool, as until the fix of April 2025",
	},
	[NP_LAZY_NR_BATCHED] = {
		.name = "lazy_nr_batched", .type = VT_BOOL, .def = 0,
		.about = "vmap_lazy_nr is decremented once a node and purge (6.11), not per area",
	},
	[NP_BUSY_SECTIONS] = {
		.name = "busy_sections", .type = VT_INT, .def = 3, .min = 2, .max = 3,
		.about = "busy lock sections a pair: 3 as of 6.9, 2 since about 6.10",
	},
};

const struct variant_desc vmap_nodes_v3 = {
	.name = "nodes-v3",
	.about = "pools, busy and lazy trees per node, as merged for 6.9",
	.params = nodes_params,
	.nr_params = NR_NODES_PARAMS,
	.ops = &vmap_nodes_v3_ops,
};
