/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Debug builds: who has allocated, and who has freed, each page and slab object, so that a
 * second free ends the run and names both. Called by the allocators themselves. What was
 * taken before the run (kmem_cache_boot_alloc()) is unknown until it is allocated again, and
 * may be freed.
 */
#ifndef MMSIM_MM_ALLOC_DEBUG_H
#define MMSIM_MM_ALLOC_DEBUG_H

#include "sim/kern/task.h"

struct alloc_debug;

#ifdef MMSIM_DEBUG
/* State of one machine's memory; NULL when out of memory. Owned by the caller. */
struct alloc_debug *alloc_debug_new(void);
void alloc_debug_destroy(struct alloc_debug *d);

/**
 * alloc_debug_alloc - @t has been given an object
 * @space: what @id is a number in: the cache, NULL for page frames
 * @id: page frame number or index of the object
 */
void alloc_debug_alloc(struct task *t, const void *space, u64 id);

/* @t frees it; @what is its name in the report. Fails the run if it is free already. */
void alloc_debug_free(struct task *t, const void *space, u64 id, const char *what);

/* Within a report: the lines that say who allocated and freed it last. */
void alloc_debug_history(struct task *t, const void *space, u64 id);
#else
static inline void alloc_debug_alloc(struct task *t, const void *space, u64 id)
{
	(void)t;
	(void)space;
	(void)id;
}

static inline void alloc_debug_free(struct task *t, const void *space, u64 id, const char *what)
{
	(void)t;
	(void)space;
	(void)id;
	(void)what;
}

static inline void alloc_debug_history(struct task *t, const void *space, u64 id)
{
	(void)t;
	(void)space;
	(void)id;
}
#endif

#endif
