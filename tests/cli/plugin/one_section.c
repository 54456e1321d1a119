// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A variant of vmap outside the tree: global-6.7, but the vm_struct is bound before
 * the area enters the busy tree, so that setup_vmalloc_vm() needs no section of its
 * own: 2 busy sections a pair instead of 3. Everything else is the global design.
 *
 *	cc -O2 -shared -fPIC $(pkg-config --cflags mmsim) one_section.c -o one_section.so
 */
#include "models/vmap/variant.h"

/* Insert and bind in one section. */
static void insert_and_bind(struct vmap *vm, struct task *t, u32 va)
{
	struct vmap_global *g = vm->priv;
	struct va_walk w = va_walk_begin(t);

	FRAME(t, "insert_vmap_area");

	va_write(&w, va_get(&vm->store, va)); /* still private: bind */
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
	insert_and_bind(vm, t, va);
	return va;
}

static const struct vmap_ops one_section_ops = {
	.object_size = 64,
	.init = global_init,
	.destroy = global_destroy,
	.alloc = alloc_vmap_area,
	.unlink = global_find_unlink,
	.free_noflush = global_free_noflush,
	.drain = global_drain,
	.purge_all = global_purge_all,
	.check = global_check,
};

static const struct variant_desc one_section = {
	.name = "one-section",
	.about = "global-6.7 that binds the vm_struct where it inserts: 2 busy sections a pair",
	.ops = &one_section_ops,
};

static const struct plugin_variant variants[] = {
	{ "vmap", &one_section },
	{ NULL, NULL },
};

const struct mmsim_plugin mmsim_plugin = {
	.abi = MMSIM_ABI,
	.name = "one-section",
	.variants = variants,
};
