// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One free tree, one busy tree, one lazy tree, a lock each: the design up to 6.8
 * (reference vmap.md 1.3). Lazy areas merge with their neighbours; the drain
 * holds the lock of the free tree, which every allocation needs, and repeats
 * until the backlog is below the limit.
 */
#include <errno.h>
#include <stdlib.h>

#include "models/vmap/global.h"

int global_init(struct vmap *vm, const s64 *params)
{
	struct vmap_global *g = calloc(1, sizeof(*g));
	int err;

	(void)params;
	if (!g)
		return -ENOMEM;
	vm->priv = g;
	va_tree_init(&g->busy, &vm->store, false);
	va_tree_init(&g->lazy, &vm->store, false);
	va_tree_guarded_by(&g->busy, &g->busy_lock);
	va_tree_guarded_by(&g->lazy, &g->lazy_lock);
	err = spin_lock_init(vm->kern, &g->busy_lock, "vmap_area_lock", SPIN_QSPINLOCK);
	if (err)
		return err;
	return spin_lock_init(vm->kern, &g->lazy_lock, "purge_vmap_area_lock", SPIN_QSPINLOCK);
}

void global_destroy(struct vmap *vm)
{
	struct vmap_global *g = vm->priv;

	if (!g)
		return;
	spin_lock_destroy(&g->busy_lock);
	spin_lock_destroy(&g->lazy_lock);
	free(g);
}

static void insert_busy(struct vmap *vm, struct task *t, u32 va)
{
	struct vmap_global *g = vm->priv;
	struct va_walk w = va_walk_begin(t);

	FRAME(t, "insert_vmap_area");

	spin_lock(t, &g->busy_lock);
	va_set_state(va_get(&vm->store, va), VA_BUSY);
	va_insert(&g->busy, &w, va);
	va_end(&w);
	spin_unlock(t, &g->busy_lock);
}

static u32 alloc_vmap_area(struct vmap *vm, struct task *t, u32 size, u64 align)
{
	u32 va;

	FRAME(t, "alloc_vmap_area");

	va = va_alloc(&vm->store, t);
	if (!va)
		return 0;
	if (!free_tree_alloc(vm, t, va, size, align)) {
		global_purge_all(vm, t);
		if (!free_tree_alloc(vm, t, va, size, align)) {
			va_free(&vm->store, t, va);
			return 0;
		}
	}
	insert_busy(vm, t, va);
	return va;
}

/* The vm_struct is bound in a section of its own. */
static void setup_vmalloc_vm(struct vmap *vm, struct task *t, u32 i)
{
	struct vmap_global *g = vm->priv;
	struct va_walk w = va_walk_begin(t);

	FRAME(t, "setup_vmalloc_vm");

	spin_lock(t, &g->busy_lock);
	va_write(&w, va_get(&vm->store, i));
	va_end(&w);
	spin_unlock(t, &g->busy_lock);
}

u32 global_alloc(struct vmap *vm, struct task *t, u32 size, u64 align)
{
	u32 va = alloc_vmap_area(vm, t, size, align);

	if (va)
		setup_vmalloc_vm(vm, t, va);
	return va;
}

u32 global_find(struct vmap *vm, struct task *t, u64 start)
{
	struct vmap_global *g = vm->priv;
	struct va_walk w = va_walk_begin(t);
	u32 va;

	FRAME(t, "find_vmap_area");

	spin_lock(t, &g->busy_lock);
	va = va_find(&g->busy, &w, start);
	va_end(&w);
	spin_unlock(t, &g->busy_lock);
	return va;
}

u32 global_find_unlink(struct vmap *vm, struct task *t, u64 start)
{
	struct vmap_global *g = vm->priv;
	struct va_walk w = va_walk_begin(t);
	u32 va;

	FRAME(t, "find_unlink_vmap_area");

	spin_lock(t, &g->busy_lock);
	va = va_find(&g->busy, &w, start);
	if (va) {
		va_erase(&g->busy, &w, va);
		va_set_state(va_get(&vm->store, va), VA_TRANSIT);
	}
	va_end(&w);
	spin_unlock(t, &g->busy_lock);
	return va;
}

void global_free_noflush(struct vmap *vm, struct task *t, u32 va)
{
	struct vmap_global *g = vm->priv;
	struct va_walk w = va_walk_begin(t);
	s64 nr_lazy;

	FRAME(t, "free_vmap_area_noflush");

	nr_lazy = vmap_lazy_add(vm, t, va_get(&vm->store, va)->size);
	work_smt_inclusive(t, (u64)vm->p[VP_LAZY_WORK]);
	spin_lock(t, &g->lazy_lock);
	va_set_state(va_get(&vm->store, va), VA_LAZY);
	va_merge_or_add(&g->lazy, &w, va);
	va_end(&w);
	spin_unlock(t, &g->lazy_lock);
	va_trim(&vm->store, t);
	vmap_lazy_added(vm, t, nr_lazy);
}

/* Merge a detached list; the lock is only broken where this CPU must reschedule. */
static void purge_lazy_areas(struct vmap *vm, struct task *t, u32 first)
{
	s64 resched_threshold = 2 * (s64)vm->lazy_max;
	struct va_walk w = va_walk_begin(t);

	spin_lock(t, &vm->free_lock);
	for (u32 i = first, next; i; i = next) {
		s64 left, nr = va_get(&vm->store, i)->size;

		next = va_get(&vm->store, i)->next;
		work_smt_inclusive(t, (u64)vm->p[VP_PURGE_WORK]);
		free_tree_merge(vm, &w, i);
		va_end(&w);
		left = atomic_add_return(t, &vm->lazy_nr, -nr);
		if (next && left < resched_threshold && need_resched(t)) {
			spin_unlock(t, &vm->free_lock);
			cond_resched(t);
			task_sync(t);
			spin_lock(t, &vm->free_lock);
		}
	}
	spin_unlock(t, &vm->free_lock);
	va_trim(&vm->store, t);
}

/* vmap_purge_lock is held. */
static void purge_vmap_area_lazy(struct vmap *vm, struct task *t)
{
	struct vmap_global *g = vm->priv;
	u32 first, last;

	FRAME(t, "__purge_vmap_area_lazy");

	lockdep_assert_held(t, &vm->purge_lock);
	spin_lock(t, &g->lazy_lock);
	first = g->lazy.first;
	last = g->lazy.last;
	va_tree_init(&g->lazy, &vm->store, false);
	va_tree_guarded_by(&g->lazy, &g->lazy_lock);
	spin_unlock(t, &g->lazy_lock);
	if (!first)
		return;

	task_count(t, &vm->count.flushes, 1);
	flush_tlb_kernel_range(t, va_get(&vm->store, first)->start << PAGE_SHIFT,
			       va_end_page(va_get(&vm->store, last)) << PAGE_SHIFT);
	purge_lazy_areas(vm, t, first);
}

void global_purge_all(struct vmap *vm, struct task *t)
{
	mutex_lock(t, &vm->purge_lock);
	purge_vmap_area_lazy(vm, t);
	mutex_unlock(t, &vm->purge_lock);
}

void global_drain(struct vmap *vm, struct task *t)
{
	FRAME(t, "drain_vmap_area_work");

	do {
		global_purge_all(vm, t);
		cond_resched(t);
	} while (atomic_read_counter(t, &vm->lazy_nr) > (s64)vm->lazy_max);
}

const char *global_check(struct vmap *vm)
{
	struct vmap_global *g = vm->priv;
	const char *what = va_tree_check(&g->busy);

	return what ? what : va_tree_check(&g->lazy);
}
