// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vmalloc() and vfree() as every design has them: descriptor, addresses, page
 * array, backing pages, mapping, and the way back (reference vmap.md 1.3, 1.4,
 * step tables). What differs is behind struct vmap_ops.
 */
#include <errno.h>

#include "models/vmap/internal.h"

static void debug_sweep(struct vmap *vm)
{
#ifdef MMSIM_DEBUG
	const char *what;

	vm->nr_ops++;
	if (vm->nr_ops & (vm->nr_ops - 1))
		return;
	what = vmap_sweep(vm, false);
	if (what)
		sim_fail(vm->kern->sim, what, 0, 0);
#else
	(void)vm;
#endif
}

s64 vmap_lazy_add(struct vmap *vm, struct task *t, s64 pages)
{
	/* The peak is open state too: it changes with the counter, not when the task gets on. */
	task_sync(t);
	if (vm->lazy_nr.v + pages > (s64)vm->lazy_peak)
		vm->lazy_peak = (u64)(vm->lazy_nr.v + pages);
	return atomic_add_return(t, &vm->lazy_nr, pages);
}

void vmap_lazy_added(struct vmap *vm, struct task *t, s64 nr_lazy)
{
	if (nr_lazy > (s64)vm->lazy_max)
		queue_work(t, &vm->drain_work);
}

/* Bulk allocation in batches of 100; a rest of one page takes the ordinary path. */
static u32 vm_area_alloc_pages(struct vmap *vm, struct task *t, u32 va, u32 n, u32 gfp)
{
	struct page_list pages = { 0 };
	u32 nr = 0;

	FRAME(t, "__vmalloc_area_node");

	while (nr < n) {
		u32 batch = (u32)min_u64(BULK_BATCH, n - nr), got, pfn;

		if (batch == 1) {
			pfn = alloc_page(t, gfp, vm->ledger_pages);
			got = pfn != 0;
			if (got)
				page_chain_add(t, &pages, pfn);
		} else {
			got = alloc_pages_bulk(t, batch, gfp, vm->ledger_pages, &pages);
		}
		nr += got;
		cond_resched(t);
		if (got != batch)
			break;
	}
	va_get(&vm->store, va)->pages = pages.head;
	return nr;
}

/* A page array above one page is vmalloc'ed itself. */
static bool array_is_vmalloced(u32 n)
{
	return (u64)n * PAGE_PTR_BYTES > PAGE_SIZE;
}

static u32 vmalloc_area(struct vmap *vm, struct task *t, u32 n, u64 align, u32 gfp);

static bool alloc_page_array(struct vmap *vm, struct task *t, u32 va, u32 n)
{
	u32 array, pages;

	if (!array_is_vmalloced(n))
		return kmalloc_counted(t, (u64)n * PAGE_PTR_BYTES);
	pages = (u32)((align_up((u64)n * PAGE_PTR_BYTES, PAGE_SIZE)) >> PAGE_SHIFT);
	array = vmalloc_area(vm, t, pages, 1, GFP_ZERO);
	va_get(&vm->store, va)->array = array;
	return array;
}

/* What remove_vm_area() found. */
struct removed {
	u32 n; /* pages, without the guard */
	u32 pages; /* first of the pages of backing */
	u64 array; /* start of a vmalloc'ed page array, or 0 */
};

/* False if @start is no busy area. */
static bool remove_vm_area(struct vmap *vm, struct task *t, u64 start, struct removed *r)
{
	struct vmap_area *area;
	u32 va;

	FRAME(t, "remove_vm_area");

	va = vm->ops->unlink(vm, t, start);
	if (!va)
		return false;
	area = va_get(&vm->store, va);
	r->n = area->size - 1;
	r->pages = area->pages;
	r->array = area->array ? va_get(&vm->store, area->array)->start : 0;
	vmap_unmap(vm, t, area->size);
	vm->ops->free_noflush(vm, t, va);
	return true;
}

#define ALL_PAGES UINT32_MAX
#define NO_ARRAY (UINT32_MAX - 1) /* no pages, and there was no memory for their array either */

/* @nr: pages of backing the area has, if not all. */
static int vfree_area(struct vmap *vm, struct task *t, u64 start, u32 nr)
{
	struct removed r;

	FRAME(t, "vfree.part.0");

	work(t, (u64)vm->p[VP_CALL_PATH] / 2);
	if (!remove_vm_area(vm, t, start, &r))
		return -EINVAL;
	if (nr == ALL_PAGES)
		nr = r.n;
	if (nr && nr != NO_ARRAY) {
		free_pages_each(t, r.pages, nr, vm->ledger_pages);
		cond_resched(t);
		atomic_add_return(t, &vm->nr_pages, -(s64)nr);
	}
	if (r.array)
		vfree_area(vm, t, r.array, ALL_PAGES);
	else if (nr != NO_ARRAY && !array_is_vmalloced(r.n))
		kfree_counted(t, (u64)r.n * PAGE_PTR_BYTES);
	kfree_counted(t, VM_STRUCT_BYTES);
	return 0;
}

static u32 vmalloc_area(struct vmap *vm, struct task *t, u32 n, u64 align, u32 gfp)
{
	u64 start;
	u32 va, nr;

	FRAME(t, "__vmalloc_node_range");

	work(t, (u64)vm->p[VP_CALL_PATH] - (u64)vm->p[VP_CALL_PATH] / 2);
	{
		FRAME(t, "__get_vm_area_node");

		if (!kmalloc_counted(t, VM_STRUCT_BYTES))
			return 0;
		va = vm->ops->alloc(vm, t, n + 1, align);
	}
	if (!va) {
		kfree_counted(t, VM_STRUCT_BYTES);
		return 0;
	}
	start = va_get(&vm->store, va)->start;
	if (!alloc_page_array(vm, t, va, n)) {
		vfree_area(vm, t, start, NO_ARRAY);
		return 0;
	}
	nr = vm_area_alloc_pages(vm, t, va, n, gfp | vm->gfp);
	if (nr)
		atomic_add_return(t, &vm->nr_pages, nr);
	if (nr == n && vmap_map(vm, t, start, n))
		return va;
	vfree_area(vm, t, start, nr);
	return 0;
}

int vfree_page(struct vmap *vm, struct task *t, u64 start)
{
	int err;

	vm->in_flight++;
	err = vfree_area(vm, t, start, ALL_PAGES);
	vm->in_flight--;
	if (err)
		return err;
	task_count(t, &vm->count.pairs, 1);
	debug_sweep(vm);
	return 0;
}

u64 vmalloc_page(struct vmap *vm, struct task *t, u32 n, u64 align, u32 gfp)
{
	u32 va;

	vm->in_flight++;
	va = vmalloc_area(vm, t, n, align, gfp);
	vm->in_flight--;
	debug_sweep(vm);
	return va ? va_get(&vm->store, va)->start : 0;
}
