/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The scenario's arena: chunks that are only ever appended to. Large requests
 * get a chunk of their own.
 */
#include "sim/scenario/arena.h"

#include <glib.h>
#include <string.h>

#define CHUNK_BYTES 65536

struct chunk {
	struct chunk *next;
	size_t used, size;
	_Alignas(16) unsigned char data[];
};

struct deferred {
	struct deferred *next;
	void (*destroy)(void *obj);
	void *obj;
};

struct scn_arena {
	struct chunk *chunks;
	struct deferred *deferred;
	GHashTable *strings;
};

struct scn_arena *arena_new(void)
{
	struct scn_arena *a = g_new0(struct scn_arena, 1);

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

		g_free(a->chunks);
		a->chunks = next;
	}
	g_free(a);
}

static struct chunk *chunk_new(size_t size)
{
	struct chunk *c = g_malloc0(sizeof(*c) + size);

	c->size = size;
	return c;
}

/* A chunk with room for @size, at the front unless it is full at once. */
static struct chunk *chunk_add(struct scn_arena *a, size_t size)
{
	bool large = size > CHUNK_BYTES / 4;
	struct chunk *c = chunk_new(large ? size : CHUNK_BYTES);

	if (large && a->chunks) {
		c->next = a->chunks->next;
		a->chunks->next = c;
	} else {
		c->next = a->chunks;
		a->chunks = c;
	}
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
