/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The design up to 6.8, shared by global_6_1.c and global_6_7.c. */
#ifndef MMSIM_MODELS_VMAP_GLOBAL_H
#define MMSIM_MODELS_VMAP_GLOBAL_H

#include "models/vmap/internal.h"

struct vmap_global {
	struct spinlock busy_lock; /* vmap_area_lock; guards busy */
	struct va_tree busy;
	struct spinlock lazy_lock; /* purge_vmap_area_lock; guards lazy */
	struct va_tree lazy;
};

int global_init(struct vmap *vm, const s64 *params);
void global_destroy(struct vmap *vm);
u32 global_alloc(struct vmap *vm, struct task *t, u32 size, u64 align);
/* One section: look up and unlink. */
u32 global_find_unlink(struct vmap *vm, struct task *t, u64 start);
/* One section: look up only. */
u32 global_find(struct vmap *vm, struct task *t, u64 start);
void global_free_noflush(struct vmap *vm, struct task *t, u32 va);
void global_drain(struct vmap *vm, struct task *t);
void global_purge_all(struct vmap *vm, struct task *t);
const char *global_check(struct vmap *vm);

#endif
