// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Storage of vmap_area objects: the simulated slab cache hands out indexes, the
 * objects behind them lie in chunks of 2 MiB (reference vmap.md 1.1, 5).
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "models/vmap/va.h"

#define VA_CHUNK_BYTES ((size_t)VA_CHUNK * sizeof(struct vmap_area))

/* Have indexes 1..nr. */
static bool va_store_grow(void *arg, u32 nr)
{
	struct va_store *s = arg;

	if (nr >= VA_MAX)
		return false;
	for (u32 i = s->nr + 1; i <= nr; i++) {
		u32 c = i >> VA_CHUNK_SHIFT;
		struct vmap_area *va;

		if (!s->chunk[c]) {
			s->chunk[c] = aligned_alloc(VA_CHUNK_BYTES, VA_CHUNK_BYTES);
			if (!s->chunk[c])
				return false;
			madvise(s->chunk[c], VA_CHUNK_BYTES, MADV_HUGEPAGE);
		}
		va = va_get(s, i);
		*va = (struct vmap_area){ .size = 0 };
		gline_init(&va->line, 0);
		s->nr = i;
	}
	return true;
}

int va_store_init(struct va_store *s, struct kern *k, u32 object_size)
{
	*s = (struct va_store){ .nr = 0 };
	s->chunk = calloc(VA_MAX >> VA_CHUNK_SHIFT, sizeof(*s->chunk));
	if (!s->chunk)
		return -ENOMEM;
	if (!k)
		return 0;
	s->cache = kmem_cache_create(k, "vmap_area", object_size, VA_MAX - 1, va_store_grow, s);
	if (s->cache)
		return 0;
	free(s->chunk);
	s->chunk = NULL;
	return -ENOMEM;
}

void va_store_destroy(struct va_store *s)
{
	if (!s->chunk)
		return;
	for (u32 c = 0; c < VA_MAX >> VA_CHUNK_SHIFT; c++)
		free(s->chunk[c]);
	free(s->chunk);
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
