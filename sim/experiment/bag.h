/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A growing queue of handles owned by one simulated thread. Storage doubles, so
 * the steady state of a workload does not allocate.
 */
#ifndef MMSIM_EXPERIMENT_BAG_H
#define MMSIM_EXPERIMENT_BAG_H

#include <stdlib.h>
#include <string.h>

#include "sim/core/types.h"

struct bag {
	s64 *v;
	u64 head, len, cap; /* elements are v[head .. len) */
};

/* Append; false when out of memory. */
static inline bool bag_push(struct bag *b, s64 x)
{
	if (b->len == b->cap) {
		u64 cap;
		s64 *v;

		if (b->head > b->len / 2) {
			memmove(b->v, b->v + b->head, (b->len - b->head) * sizeof(*b->v));
			b->len -= b->head;
			b->head = 0;
		} else {
			cap = b->cap ? 2 * b->cap : 64;
			v = realloc(b->v, cap * sizeof(*v));
			if (!v)
				return false;
			b->v = v;
			b->cap = cap;
		}
	}
	b->v[b->len++] = x;
	return true;
}

/* Take the oldest element; 0 if there is none. */
static inline s64 bag_pop(struct bag *b)
{
	s64 x;

	if (b->head == b->len)
		return 0;
	x = b->v[b->head++];
	if (b->head == b->len)
		b->head = b->len = 0;
	return x;
}

#endif
