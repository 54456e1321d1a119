/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The oracle of the wheel: a plain binary heap of 16-byte entries, (time, seq:40 id:24). */
#ifndef MMSIM_TESTS_HEAP_H
#define MMSIM_TESTS_HEAP_H

#include "sim/core/types.h"

struct heap_entry {
	u64 time, tag;
};

struct heap {
	struct heap_entry *e;
	size_t nr;
};

static inline bool heap_less(struct heap_entry a, struct heap_entry b)
{
	return a.time < b.time || (a.time == b.time && a.tag < b.tag);
}

static inline void heap_push(struct heap *h, struct heap_entry e)
{
	size_t i = h->nr++;

	for (; i && heap_less(e, h->e[(i - 1) / 2]); i = (i - 1) / 2)
		h->e[i] = h->e[(i - 1) / 2];
	h->e[i] = e;
}

static inline struct heap_entry heap_pop(struct heap *h)
{
	struct heap_entry top = h->e[0], e = h->e[--h->nr];
	size_t i = 0, child;

	while ((child = 2 * i + 1) < h->nr) {
		if (child + 1 < h->nr && heap_less(h->e[child + 1], h->e[child]))
			child++;
		if (!heap_less(h->e[child], e))
			break;
		h->e[i] = h->e[child];
		i = child;
	}
	h->e[i] = e;
	return top;
}

#endif
