// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * global-6.1: as global-6.7, but vfree takes the busy lock three times: to find
 * the vm_struct, to forget it, and after unmapping to unlink the area (reference
 * vmap.md 1.3, V0a). The third look-up is none: the area is at hand.
 */
#include "models/vmap/global.h"

/* Look up twice; the area stays in the busy tree until it is unmapped. */
static u32 find_twice(struct vmap *vm, struct task *t, u64 start)
{
	FRAME(t, "find_vm_area");

	if (!global_find(vm, t, start))
		return 0;
	return global_find(vm, t, start);
}

static void unlink_free_noflush(struct vmap *vm, struct task *t, u32 i)
{
	struct vmap_global *g = vm->priv;
	struct va_walk w = va_walk_begin(t);

	{
		FRAME(t, "unlink_va");

		spin_lock(t, &g->busy_lock);
		va_erase(&g->busy, &w, i);
		va_set_state(va_get(&vm->store, i), VA_TRANSIT);
		va_end(&w);
		spin_unlock(t, &g->busy_lock);
	}
	global_free_noflush(vm, t, i);
}

const struct vmap_ops vmap_global_6_1_ops = {
	.object_size = 64,
	.init = global_init,
	.destroy = global_destroy,
	.alloc = global_alloc,
	.unlink = find_twice,
	.free_noflush = unlink_free_noflush,
	.drain = global_drain,
	.purge_all = global_purge_all,
	.check = global_check,
};

const struct variant_desc vmap_global_6_1 = {
	.name = "global-6.1",
	.about = "one tree and one lock each for free, busy and lazy areas; 5 busy sections a pair",
	.ops = &vmap_global_6_1_ops,
};
