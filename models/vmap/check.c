// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Invariants of reference vmap.md 6 over the whole state: I1 (areas of all states
 * tile the window), I2 (one state each), I4 (counters), I5 and I6 (by the
 * design), I7 (trees), I12 (page tables).
 */
#include <stdlib.h>

#include "models/vmap/internal.h"

struct totals {
	u64 pages[VA_TRANSIT + 1];
	u64 areas[VA_TRANSIT + 1];
	u64 backing;
};

static void sum_areas(const struct vmap *vm, struct totals *sum)
{
	*sum = (struct totals){ .backing = 0 };
	for (u32 i = 1; i <= vm->store.nr; i++) {
		const struct vmap_area *va = va_get(&vm->store, i);
		enum va_state st = va_state(va);

		sum->pages[st] += va->size;
		sum->areas[st]++;
		if (st == VA_BUSY)
			sum->backing += va->size - 1;
	}
}

static int by_start(const void *a, const void *b)
{
	const struct vmap_area *const *x = a, *const *y = b;

	return (*x)->start < (*y)->start ? -1 : (*x)->start > (*y)->start;
}

static const char *check_tiles(const struct vmap *vm)
{
	const struct vmap_area **all = calloc((size_t)vm->store.nr + 1, sizeof(*all));
	const char *what = NULL;
	u64 end = VMAP_START;
	size_t nr = 0;

	if (!all)
		return NULL;
	for (u32 i = 1; i <= vm->store.nr; i++) {
		const struct vmap_area *va = va_get(&vm->store, i);

		if (va_state(va) != VA_UNUSED)
			all[nr++] = va;
	}
	qsort(all, nr, sizeof(*all), by_start);
	for (size_t i = 0; i < nr && !what; i++) {
		if (all[i]->start != end)
			what = "vmap: areas overlap or addresses are lost (I1)";
		end = va_end_page(all[i]);
	}
	if (end != VMAP_START + VMAP_PAGES)
		what = "vmap: addresses are lost at the end (I1)";
	free(all);
	return what;
}

static const char *check_tables(const struct vmap *vm)
{
	u64 nr = 0;

	/* A PTE page outside would be missing from the sum; most of the 64 MiB was never touched. */
	for (u32 m = 0; m <= VMAP_PAGES >> 18; m++) {
		if (!vm->tables.pmd[m])
			continue;
		nr++;
		for (u32 r = m << 9; r < (m + 1) << 9 && r <= VMAP_PAGES >> 9; r++)
			nr += vm->tables.pte[r] != 0;
	}
	/* a task that a cut leaves ahead of the present has not committed its count */
	if (vm->tables.nr > nr || (vm->tables.nr != nr && vm->kern->sim->status == SIM_DONE))
		return "vmap: page tables are miscounted (I12)";
	return NULL;
}

const char *vmap_sweep(struct vmap *vm, bool tiles)
{
	const char *what = va_tree_check(&vm->free_tree);
	struct totals sum;
	u64 pages = 0;

	if (!what)
		what = vm->ops->check(vm);
	if (!what && tiles)
		what = check_tables(vm);
	if (!what && tiles)
		what = check_tiles(vm);
	if (what)
		return what;
	sum_areas(vm, &sum);
	for (u32 st = VA_FREE; st <= VA_TRANSIT; st++)
		pages += sum.pages[st];
	if (pages != VMAP_PAGES)
		return "vmap: the pages of all areas do not add up to the window (I1)";
	if (sum.areas[VA_FREE] != vm->free_tree.nr)
		return "vmap: an area that is not in the free tree counts as free (I2)";
	if (vm->in_flight)
		return NULL;
	if (vm->lazy_nr.v != (s64)sum.pages[VA_LAZY])
		return "vmap: vmap_lazy_nr differs from the pages of lazy areas (I4)";
	if (vm->nr_pages.v != (s64)sum.backing)
		return "vmap: nr_vmalloc_pages differs from the pages of busy areas (I4)";
	return NULL;
}
