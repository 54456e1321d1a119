// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * global-6.7: the base of the vmap node series. Three busy sections a pair:
 * insert, bind, find and unlink (reference vmap.md 1.3, V0b).
 */
#include "models/vmap/global.h"

const struct vmap_ops vmap_global_6_7_ops = {
	.object_size = 64,
	.init = global_init,
	.destroy = global_destroy,
	.alloc = global_alloc,
	.unlink = global_find_unlink,
	.free_noflush = global_free_noflush,
	.drain = global_drain,
	.purge_all = global_purge_all,
	.check = global_check,
};

const struct variant_desc vmap_global_6_7 = {
	.name = "global-6.7",
	.about = "one tree and one lock each for free, busy and lazy areas; 3 busy sections a pair",
	.ops = &vmap_global_6_7_ops,
};
