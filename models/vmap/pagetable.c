// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Page tables of vmalloc addresses: a region of 2 MiB needs a PTE page and one of
 * 1 GiB a PMD page from the first time a page in it is mapped, for ever
 * (reference vmap.md 1.6). PUD pages are preallocated at boot.
 *
 * Whether a table exists is open state that only ever turns true, so it is kept
 * as the time at which it did: a task that finds a time before its own clock need
 * not synchronise.
 */
#include <errno.h>
#include <stdlib.h>

#include "models/vmap/internal.h"

#define PTE_SHIFT 9 /* pages of a 2 MiB region */
#define PMD_SHIFT 18 /* pages of a 1 GiB region */
#define REGIONS(shift) ((VMAP_PAGES >> (shift)) + 1)

int vmap_tables_init(struct vmap *vm)
{
	struct vmap_tables *pt = &vm->tables;

	pt->pte = calloc(REGIONS(PTE_SHIFT), sizeof(*pt->pte));
	pt->pmd = calloc(REGIONS(PMD_SHIFT), sizeof(*pt->pmd));
	if (!pt->pte || !pt->pmd)
		return -ENOMEM;
	pt->ledger = (u32)ledger_category(&vm->kern->ledger, "PageTables");
	return spin_lock_init(vm->kern, &pt->lock, "init_mm.page_table_lock", SPIN_QSPINLOCK);
}

void vmap_tables_destroy(struct vmap *vm)
{
	spin_lock_destroy(&vm->tables.lock);
	free(vm->tables.pte);
	free(vm->tables.pmd);
}

/*
 * True if the table exists as of the task's clock. Only the order of events is established
 * where that is not known yet: whether it is depends on the engine, so nothing else may.
 */
static bool table_present(struct task *t, const u64 *since)
{
	if (likely(*since && *since <= task_clock(t)))
		return true;
	exec_sync(&t->x);
	return *since && *since - 1 <= task_clock(t);
}

/* __pte_alloc_kernel() and __pmd_alloc(): the loser of a race gives its page back. */
static bool table_alloc(struct vmap *vm, struct task *t, u64 *since)
{
	struct vmap_tables *pt = &vm->tables;
	bool lost;
	u32 pfn;

	FRAME(t, "__pte_alloc_kernel");

	pfn = alloc_page(t, GFP_ZERO, pt->ledger);
	if (!pfn)
		return false;
	spin_lock(t, &pt->lock);
	lost = *since;
	if (!lost) {
		*since = task_clock(t) + 1;
		task_count(t, &pt->nr, 1);
	}
	spin_unlock(t, &pt->lock);
	if (lost)
		free_pages(t, pfn, pt->ledger);
	return true;
}

bool vmap_map(struct vmap *vm, struct task *t, u64 start, u32 n)
{
	struct vmap_tables *pt = &vm->tables;
	u64 first = start - VMAP_START, last = first + n - 1;

	FRAME(t, "vmap_pages_range_noflush");

	for (u64 r = first >> PTE_SHIFT; r <= last >> PTE_SHIFT; r++) {
		u64 *pmd = &pt->pmd[r >> (PMD_SHIFT - PTE_SHIFT)];

		if (table_present(t, &pt->pte[r]))
			continue;
		if (!table_present(t, pmd) && !table_alloc(vm, t, pmd))
			return false;
		if (!table_alloc(vm, t, &pt->pte[r]))
			return false;
	}
	work(t, n * (u64)vm->p[VP_MAP_PAGE]);
	return true;
}

void vmap_unmap(struct vmap *vm, struct task *t, u32 n)
{
	FRAME(t, "vunmap_range_noflush");

	work(t, n * (u64)vm->p[VP_UNMAP_PAGE]);
}
