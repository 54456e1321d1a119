/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory for what the event loop touches all the time: it begins on a cache line of the
 * host, so that fields which a header keeps together are together.
 */
#ifndef MMSIM_CORE_MEM_H
#define MMSIM_CORE_MEM_H

#include "sim/core/types.h"

#include <stdlib.h>
#include <string.h>

#define HOST_LINE 64U

/* @bytes of zeroes from the begin of a line; NULL when out of memory. Freed with free(). */
static inline void *zalloc_lines(size_t bytes)
{
	size_t size = (bytes + HOST_LINE - 1) / HOST_LINE * HOST_LINE;
	void *mem = size < bytes ? NULL : aligned_alloc(HOST_LINE, size);

	return mem ? memset(mem, 0, size) : NULL;
}

#endif
