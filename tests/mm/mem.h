/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Worlds with memory of a given size, and tasks that hold pages. */
#ifndef MMSIM_TESTS_MM_MEM_H
#define MMSIM_TESTS_MM_MEM_H

#include <stdlib.h>

#include "sim/mm/zone.h"
#include "tests/kern/exact.h"

#define MIB (1024LL * 1024)
#define MAX_PAGES 65536

struct mem {
	struct exact e; /* must be first */
	struct mm_state *mm;
	u32 cat;
	u32 page[MAX_PAGES], nr;
	u8 used[MAX_PAGES * 4]; /* by page frame */
	u64 digest, clash;
	u64 rounds;
	u32 fails[8], nr_fails;
};

static inline struct mem *mem_new(struct machine *m, s64 ram, int engine)
{
	struct mem *w = calloc(1, sizeof(*w));

	machine_set(m, MK_RAM, ram, TAG_KERNEL, 0, NULL);
	exact_init_on(&w->e, m, engine ? SIM_REFERENCE : SIM_NORMAL);
	w->mm = mm_new(w->e.k, false);
	ck_assert_ptr_nonnull(w->mm);
	w->cat = (u32)ledger_category(&w->e.k->ledger, "test");
	return w;
}

static inline void mem_run(struct mem *w)
{
	exact_run(&w->e);
	for (u32 n = 0; n < w->e.hw->nr_nodes; n++)
		ck_assert_ptr_null(buddy_check(&w->mm->zone[n].buddy));
}

static inline void mem_free(struct mem *w)
{
	mm_free(w->mm);
	exact_free(&w->e);
	free(w);
}

static inline void take(struct task *t, struct mem *w, u32 n)
{
	for (; n--; w->nr++) {
		w->page[w->nr] = alloc_page(t, GFP_KERNEL, w->cat);
		ck_assert_uint_ne(w->page[w->nr], 0);
	}
}

static inline void drop(struct task *t, struct mem *w, u32 n)
{
	while (n--)
		free_pages(t, w->page[--w->nr], w->cat);
}

#endif
