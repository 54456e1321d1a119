// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The global tree of free ranges: lowest-address first fit, clipping with a
 * preloaded spare object per CPU, merge-or-add (reference vmap.md 1.2). All
 * variants use it, the node design only on a pool miss.
 */
#include <errno.h>
#include <stdlib.h>

#include "models/vmap/internal.h"

int free_tree_init(struct vmap *vm)
{
	struct va_walk w = va_walk_begin(NULL);
	struct vmap_area *va;
	u32 i;

	vm->preload = calloc(vm->kern->hw->nr_cpus, sizeof(*vm->preload));
	if (!vm->preload)
		return -ENOMEM;
	va_tree_init(&vm->free_tree, &vm->store, true);
	va_tree_guarded_by(&vm->free_tree, &vm->free_lock);
	i = va_alloc(&vm->store, NULL);
	if (!i)
		return -ENOMEM;
	va = va_get(&vm->store, i);
	va->start = VMAP_START;
	va->size = VMAP_PAGES;
	va_set_state(va, VA_FREE);
	va_insert(&vm->free_tree, &w, i);
	return spin_lock_init(vm->kern, &vm->free_lock, "free_vmap_area_lock", SPIN_QSPINLOCK);
}

static bool is_within(const struct vmap_area *va, u32 size, u64 align, u64 vstart)
{
	u64 start = align_up(max_u64(va->start, vstart), align);

	return start + size <= va_end_page(va);
}

/* The left or right child's max, read where the kernel reads it. */
static u32 child_max(struct va_tree *tree, struct va_walk *w, const struct vmap_area *va, u32 dir)
{
	struct vmap_area *child;

	if (!va->child[dir])
		return 0;
	child = va_get(tree->store, va->child[dir]);
	if (w->t)
		walk_read(w->t, &child->line, &w->w);
	return child->max;
}

/* No fit at or below @i on its right: climb until a parent fits or has a right subtree left. */
static u32 climb(struct va_tree *tree, struct va_walk *w, u32 i, u32 size, u64 align, u64 length,
		 u64 *vstart, bool *found)
{
	while ((i = va_get(tree->store, i)->parent >> 1)) {
		struct vmap_area *va = va_get(tree->store, i);

		va_read(w, va);
		*found = is_within(va, size, align, *vstart);
		if (*found)
			return i;
		if (child_max(tree, w, va, 1) >= length && *vstart <= va->start) {
			*vstart = va->start + 1;
			return va->child[1];
		}
	}
	return 0;
}

u32 find_lowest(struct va_tree *tree, struct va_walk *w, u32 size, u64 align, u64 vstart)
{
	/* bytes: size + align - 1, of which whole pages can be had */
	u64 length = align > 1 ? size + align : size;
	u32 i = tree->root;

	while (i) {
		struct vmap_area *va = va_get(tree->store, i);
		bool found = false;

		va_read(w, va);
		if (child_max(tree, w, va, 0) >= length && vstart < va->start) {
			i = va->child[0];
			continue;
		}
		if (is_within(va, size, align, vstart))
			return i;
		if (child_max(tree, w, va, 1) >= length) {
			i = va->child[1];
			continue;
		}
		i = climb(tree, w, i, size, align, length, &vstart, &found);
		if (found)
			return i;
	}
	return 0;
}

/* No edge: the left remainder becomes a new node, @f the right one. */
static void clip_middle(struct va_tree *tree, struct va_walk *w, u32 f, u64 start, u32 size,
			u32 left)
{
	struct vmap_area *vf = va_get(tree->store, f);
	struct vmap_area *vl = va_get(tree->store, left);
	u64 end = va_end_page(vf);

	vl->start = vf->start;
	vl->size = (u32)(start - vf->start);
	va_set_state(vl, VA_FREE);
	vf->start = start + size;
	vf->size = (u32)(end - vf->start);
	va_write(w, vf);
	va_propagate(tree, w, f);
	va_insert(tree, w, left);
}

void va_clip(struct va_tree *tree, struct va_walk *w, u32 f, u64 start, u32 size, u32 *spare)
{
	struct vmap_area *va = va_get(tree->store, f);
	bool left = start == va->start;
	bool right = start + size == va_end_page(va);

	if (left && right) {
		va_erase(tree, w, f);
		va_free(tree->store, w->t, f);
		return;
	}
	if (!left && !right) {
		clip_middle(tree, w, f, start, size, *spare);
		*spare = 0;
		return;
	}
	if (left)
		va->start += size;
	va->size -= size;
	va_write(w, va);
	va_propagate(tree, w, f);
}

/* Lock with a spare object in this CPU's slot. False if there is no memory for it. */
static bool preload_this_cpu_lock(struct vmap *vm, struct task *t, u32 **slot)
{
	for (;;) {
		u32 spare = 0;

		if (!vm->preload[task_cpu(t)]) {
			spare = va_alloc(&vm->store, t);
			if (!spare)
				return false;
		}
		spin_lock(t, &vm->free_lock);
		*slot = &vm->preload[task_cpu(t)];
		if (!**slot)
			**slot = spare;
		else if (spare)
			va_free(&vm->store, t, spare);
		if (**slot)
			return true;
		/* Another task of this CPU used it up before we had the lock. */
		spin_unlock(t, &vm->free_lock);
	}
}

bool free_tree_alloc(struct vmap *vm, struct task *t, u32 i, u32 size, u64 align)
{
	struct vmap_area *va = va_get(&vm->store, i);
	struct va_walk w = va_walk_begin(t);
	u32 f, *slot;

	if (!preload_this_cpu_lock(vm, t, &slot))
		return false;
	f = find_lowest(&vm->free_tree, &w, size, align, VMAP_START);
	if (f) {
		va->start = align_up(va_get(&vm->store, f)->start, align);
		va->size = size;
		va_set_state(va, VA_TRANSIT);
		va_clip(&vm->free_tree, &w, f, va->start, size, slot);
	}
	va_end(&w);
	spin_unlock(t, &vm->free_lock);
	va_trim(&vm->store, t);
	return f;
}

void free_tree_merge(struct vmap *vm, struct va_walk *w, u32 i)
{
	va_set_state(va_get(&vm->store, i), VA_FREE);
	if (!va_merge_or_add(&vm->free_tree, w, i))
		sim_fail(vm->kern->sim, "vmap: freed page %llu is already free",
			 va_get(&vm->store, i)->start, 0);
}

void reclaim_list_global(struct vmap *vm, struct task *t, u32 first)
{
	struct va_walk w = va_walk_begin(t);

	if (!first)
		return;
	spin_lock(t, &vm->free_lock);
	for (u32 i = first, next; i; i = next) {
		next = va_get(&vm->store, i)->next;
		free_tree_merge(vm, &w, i);
		va_end(&w);
	}
	spin_unlock(t, &vm->free_lock);
	va_trim(&vm->store, t);
}
