/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The scenario's arena: chunks that are only ever appended to, each twice the size of the
 * one before, so that a large file does not pay for thousands of page faults. Large requests
 * get a chunk of their own.
 */
#include "sim/scenario/arena.h"

#include <glib.h>
#include <string.h>
#include <sys/mman.h>

#define CHUNK_MIN 65536
#define CHUNK_MAX (8u << 20)
#define HUGE_PAGE (2u << 20)
#define NR_RECENT 512

struct chunk {
	struct chunk *next;
	size_t used, size;
	bool mapped; /* by mmap, with huge pages if the system gives them */
	_Alignas(16) unsigned char data[];
};

struct deferred {
	struct deferred *next;
	void (*destroy)(void *obj);
	void *obj;
};

struct recent {
	const char *text;
	size_t len;
};

struct scn_arena {
	struct chunk *chunks;
	size_t next_size;
	struct deferred *deferred;
	GHashTable *strings;
	struct recent recent[NR_RECENT]; /* by a hash of the text; the last one stays */
};

struct scn_arena *arena_new(void)
{
	struct scn_arena *a = g_new0(struct scn_arena, 1);

	a->next_size = CHUNK_MIN;
	a->strings = g_hash_table_new(g_str_hash, g_str_equal);
	return a;
}

void arena_free(struct scn_arena *a)
{
	if (!a)
		return;
	for (struct deferred *d = a->deferred; d; d = d->next)
		d->destroy(d->obj);
	g_hash_table_destroy(a->strings);
	while (a->chunks) {
		struct chunk *next = a->chunks->next;

		if (a->chunks->mapped)
			munmap(a->chunks, sizeof(*next) + a->chunks->size);
		else
			g_free(a->chunks);
		a->chunks = next;
	}
	g_free(a);
}

/* @bytes, a multiple of HUGE_PAGE, aligned to it and zeroed; NULL if there are none. */
static void *map_huge(size_t bytes)
{
	size_t head;
	char *p = mmap(NULL, bytes + HUGE_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		       -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	head = -(uintptr_t)p & (HUGE_PAGE - 1);
	if (head)
		munmap(p, head);
	munmap(p + head + bytes, HUGE_PAGE - head);
	(void)madvise(p + head, bytes, MADV_HUGEPAGE); /* only a wish */
	return p + head;
}

/* With @bytes in all, header included. */
static struct chunk *chunk_new(size_t bytes)
{
	struct chunk *c = bytes % HUGE_PAGE ? NULL : map_huge(bytes);

	if (c)
		c->mapped = true;
	else
		c = g_malloc0(bytes);
	c->size = bytes - sizeof(*c);
	return c;
}

/* A chunk with room for @size, at the front unless it is full at once. */
static struct chunk *chunk_add(struct scn_arena *a, size_t size)
{
	bool large = size > a->next_size / 4;
	struct chunk *c = chunk_new(large ? size + sizeof(*c) : a->next_size);

	if (large && a->chunks) {
		c->next = a->chunks->next;
		a->chunks->next = c;
		return c;
	}
	c->next = a->chunks;
	a->chunks = c;
	if (!large && a->next_size < CHUNK_MAX)
		a->next_size *= 2;
	return c;
}

void *arena_alloc(struct scn_arena *a, size_t size)
{
	struct chunk *c = a->chunks;
	void *p;

	size = (size + 15) & ~(size_t)15;
	if (!c || c->size - c->used < size)
		c = chunk_add(a, size);
	p = c->data + c->used;
	c->used += size;
	return p;
}

void *arena_copy(struct scn_arena *a, const void *from, size_t size)
{
	void *p = arena_alloc(a, size);

	if (size)
		memcpy(p, from, size);
	return p;
}

const char *arena_intern(struct scn_arena *a, const char *text)
{
	char *known = g_hash_table_lookup(a->strings, text);

	if (known)
		return known;
	known = arena_copy(a, text, strlen(text) + 1);
	g_hash_table_add(a->strings, known);
	return known;
}

static u32 slot_of(const char *text, size_t len)
{
	u64 h = len, w;

	for (; len >= 8; len -= 8, text += 8) {
		memcpy(&w, text, 8);
		h = (h ^ w) * 0x9e3779b97f4a7c15ULL;
		h ^= h >> 32;
	}
	w = 0;
	memcpy(&w, text, len);
	h = (h ^ w) * 0x9e3779b97f4a7c15ULL;
	h = (h ^ h >> 32) * 0x9e3779b97f4a7c15ULL;
	return (u32)(h >> 32) % NR_RECENT;
}

const char *arena_share(struct scn_arena *a, const char *text, size_t len)
{
	struct recent *r = &a->recent[slot_of(text, len)];
	char *made;

	if (r->text && r->len == len && !memcmp(r->text, text, len))
		return r->text;
	made = arena_alloc(a, len + 1);
	memcpy(made, text, len);
	r->text = made;
	r->len = len;
	return made;
}

const char *arena_printf(struct scn_arena *a, const char *fmt, ...)
{
	const char *text;
	va_list args;
	char *made;

	va_start(args, fmt);
	made = g_strdup_vprintf(fmt, args);
	va_end(args);
	text = arena_intern(a, made);
	g_free(made);
	return text;
}

void arena_defer(struct scn_arena *a, void (*destroy)(void *obj), void *obj)
{
	struct deferred *d = arena_alloc(a, sizeof(*d));

	d->next = a->deferred;
	d->destroy = destroy;
	d->obj = obj;
	a->deferred = d;
}
