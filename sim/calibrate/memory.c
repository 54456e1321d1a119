// SPDX-License-Identifier: GPL-2.0-or-later
/* Memory to measure on: aligned, huge or not, and out of the caches on demand. */
#include <stdint.h>
#include <sys/mman.h>

#include "sim/calibrate/internal.h"

#define HUGE_PAGE (2UL << 20)
#define FLUSH_LINE 64 /* no CPU we know has shorter lines */

void *cal_map(size_t bytes, bool huge)
{
	size_t whole = bytes + HUGE_PAGE, head;
	char *p = mmap(NULL, whole, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *start;

	if (p == MAP_FAILED)
		return NULL;
	start = (char *)(((uintptr_t)p + HUGE_PAGE - 1) & ~(HUGE_PAGE - 1));
	head = (size_t)(start - p);
	if (head)
		munmap(p, head);
	if (whole - head - bytes)
		munmap(start + bytes, whole - head - bytes);
	/* A kernel without huge pages says no; small ones do then. */
	(void)madvise(start, bytes, huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
	return start;
}

void cal_unmap(void *p, size_t bytes)
{
	munmap(p, bytes);
}

bool cal_can_flush(void)
{
#if defined(__x86_64__) || defined(__aarch64__)
	return true;
#else
	return false;
#endif
}

void cal_flush(const void *p, size_t bytes)
{
	const char *c = p, *end = c + bytes;

	for (; c < end; c += FLUSH_LINE) {
#if defined(__x86_64__)
		__builtin_ia32_clflush(c);
#elif defined(__aarch64__)
		__asm__ volatile("dc civac, %0" ::"r"(c) : "memory");
#endif
	}
#if defined(__x86_64__)
	__builtin_ia32_mfence();
#elif defined(__aarch64__)
	__asm__ volatile("dsb sy" ::: "memory");
#endif
}
