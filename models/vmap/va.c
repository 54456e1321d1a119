// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Storage of vmap_area objects: the simulated slab cache hands out indexes into
 * one range of address space, which gets memory as it grows (reference vmap.md
 * 1.1, 5).
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "models/vmap/va.h"

#define VA_STORE_BYTES ((size_t)VA_MAX * sizeof(struct vmap_area))
#define HUGE_PAGE_BYTES ((size_t)2 << 20)
#define VA_GROW (32 * HUGE_PAGE_BYTES / sizeof(struct vmap_area))

/*
 * Invariant I2. What is taken out of a tree, list or pool is in transit first; merging
 * swallows free, lazy and transit areas; a list detached by a drain is still lazy.
 */
#define TO(st) (1u << VA_##st)
static const u8 va_moves[] = {
	[VA_UNUSED] = TO(UNUSED) | TO(FREE) | TO(TRANSIT),
	[VA_FREE] = TO(FREE) | TO(UNUSED),
	[VA_BUSY] = TO(TRANSIT),
	[VA_LAZY] = TO(POOL) | TO(TRANSIT) | TO(FREE) | TO(UNUSED),
	[VA_POOL] = TO(TRANSIT),
	[VA_TRANSIT] = TO(BUSY) | TO(LAZY) | TO(POOL) | TO(FREE) | TO(UNUSED),
};

bool va_move_is_legal(enum va_state from, enum va_state to)
{
	return va_moves[from] >> to & 1;
}

static bool va_store_map(struct va_store *s)
{
	void *at = s->area + s->mapped;
	size_t bytes = VA_GROW * sizeof(struct vmap_area);

	if (mprotect(at, bytes, PROT_READ | PROT_WRITE))
		return false;
	madvise(at, bytes, MADV_HUGEPAGE);
	s->mapped += VA_GROW;
	return true;
}

/* Have indexes 1..nr. */
static bool va_store_grow(void *arg, u32 nr)
{
	struct va_store *s = arg;

	if (nr >= VA_MAX)
		return false;
	for (u32 i = s->nr + 1; i <= nr; i++) {
		struct vmap_area *va;

		if (i >= s->mapped && !va_store_map(s))
			return false;
		va = va_get(s, i);
		*va = (struct vmap_area){ .size = 0 };
		gline_init(&va->line, 0);
		s->nr = i;
	}
	return true;
}

int va_store_init(struct va_store *s, struct kern *k, u32 object_size)
{
	void *mem = mmap(NULL, VA_STORE_BYTES + HUGE_PAGE_BYTES, PROT_NONE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	*s = (struct va_store){ .nr = 0 };
	if (mem == MAP_FAILED)
		return -ENOMEM;
	s->map = mem;
	s->area = (void *)roundup_u64((uintptr_t)mem, HUGE_PAGE_BYTES);
	if (!k)
		return 0;
	s->cache = kmem_cache_create(k, "vmap_area", object_size, VA_MAX - 1, va_store_grow, s);
	if (s->cache)
		return 0;
	va_store_destroy(s);
	return -ENOMEM;
}

void va_store_destroy(struct va_store *s)
{
	if (s->map)
		munmap(s->map, VA_STORE_BYTES + HUGE_PAGE_BYTES);
	if (s->cache)
		kmem_cache_destroy(s->cache);
	*s = (struct va_store){ .nr = 0 };
}

/* Without a task: reuse, else from the cache's boot path or a fresh index. */
static u32 va_boot_alloc(struct va_store *s)
{
	u32 i = s->spare;

	if (i) {
		s->spare = va_get(s, i)->next;
		return i;
	}
	if (s->cache) {
		u32 obj = kmem_cache_boot_alloc(s->cache);

		return obj == SLAB_NIL ? 0 : obj + 1;
	}
	return va_store_grow(s, s->nr + 1) ? s->nr : 0;
}

u32 va_alloc(struct va_store *s, struct task *t)
{
	u32 i;

	if (t && s->cache) {
		u32 obj = kmem_cache_alloc(t, s->cache);

		i = obj == SLAB_NIL ? 0 : obj + 1;
	} else {
		i = va_boot_alloc(s);
	}
	if (i) {
		struct vmap_area *va = va_get(s, i);

		va->flags = 0;
		va->array = 0;
		va->size = 0;
	}
	return i;
}

void va_free(struct va_store *s, struct task *t, u32 i)
{
	va_set_state(va_get(s, i), VA_UNUSED);
	if (t && s->cache) {
		kmem_cache_free(t, s->cache, i - 1);
		return;
	}
	va_get(s, i)->next = s->spare;
	s->spare = i;
}

void va_trim(struct va_store *s, struct task *t)
{
	if (t && s->cache)
		kmem_cache_trim(t, s->cache);
}
