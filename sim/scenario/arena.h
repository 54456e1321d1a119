/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory of one scenario: allocations that live and die together. Strings can
 * be interned, and objects with a destructor of their own can be tied to it.
 */
#ifndef MMSIM_SCENARIO_ARENA_H
#define MMSIM_SCENARIO_ARENA_H

#include "sim/core/types.h"

struct scn_arena;

struct scn_arena *arena_new(void);
void arena_free(struct scn_arena *a);

/* Zeroed, aligned to 16 bytes; lives as long as the arena. Never NULL. */
void *arena_alloc(struct scn_arena *a, size_t size);
void *arena_copy(struct scn_arena *a, const void *from, size_t size);

/* One copy of each text. */
const char *arena_intern(struct scn_arena *a, const char *text);
/* A copy of @len bytes, none of them 0, that a text which comes often has in common. */
const char *arena_share(struct scn_arena *a, const char *text, size_t len);
const char *arena_printf(struct scn_arena *a, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Call @destroy(@obj) when the arena is freed, last tied first. */
void arena_defer(struct scn_arena *a, void (*destroy)(void *obj), void *obj);

#endif
