/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Slab caches; see slab.h. Facts: reference machine.md 1.6 (SLUB15 figures), vmap.md
 * section 0 item 6 (remote free). Left out: slab pages as such (the ledger counts
 * objects by size), slab merging, debug options.
 */
#include "sim/mm/slab.h"
#include "sim/mm/alloc_debug.h"
#include "sim/mm/fail_alloc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct cpu_slab {
	u32 head; /* free list, LIFO */
	u32 nr;
};

struct kmem_cache {
	struct kern *kern;
	struct spinlock list_lock;
	struct cpu_slab *cpu; /* private to the CPU's running task */
	u32 *next; /* free-list links by object */
	u16 *home; /* CPU whose slab the object came from */
	u32 partial; /* objects given back, guarded by list_lock */
	u32 nr_partial; /* guarded by list_lock */
	u32 nr, cap, max; /* objects made so far, guarded by list_lock */
	u32 size, batch;
	u32 cat;
	bool (*grow)(void *arg, u32 nr);
	void *arg;
};

struct kmem_cache *kmem_cache_create(struct kern *k, const char *name, u32 size, u32 max,
				     bool (*grow)(void *arg, u32 nr), void *arg)
{
	struct kmem_cache *c = calloc(1, sizeof(*c));
	s32 cat = ledger_category(&k->ledger, name);

	if (!c || cat < 0)
		goto fail;
	c->kern = k;
	c->size = size;
	c->max = max;
	c->grow = grow;
	c->arg = arg;
	c->cat = (u32)cat;
	c->batch = (u32)max_u64(PAGE_SIZE / size, 1);
	c->partial = SLAB_NIL;
	c->cpu = calloc(k->hw->nr_cpus, sizeof(*c->cpu));
	if (!c->cpu || spin_lock_init(k, &c->list_lock, "&n->list_lock", SPIN_QSPINLOCK))
		goto fail;
	for (u32 i = 0; i < k->hw->nr_cpus; i++)
		c->cpu[i].head = SLAB_NIL;
	return c;
fail:
	if (c)
		free(c->cpu);
	free(c);
	return NULL;
}

void kmem_cache_destroy(struct kmem_cache *c)
{
	if (!c)
		return;
	spin_lock_destroy(&c->list_lock);
	free(c->cpu);
	free(c->next);
	free(c->home);
	free(c);
}

/* Have room for @nr objects. */
static bool cache_reserve(struct kmem_cache *c, u32 nr)
{
	u32 cap = c->cap ? c->cap : 1024;
	u32 *next;
	u16 *home;

	while (cap < nr)
		cap *= 2;
	if (cap != c->cap) {
		next = realloc(c->next, cap * sizeof(*next));
		if (!next)
			return false;
		c->next = next;
		home = realloc(c->home, cap * sizeof(*home));
		if (!home)
			return false;
		c->home = home;
		c->cap = cap;
	}
	return !c->grow || c->grow(c->arg, nr);
}

static void list_push(struct kmem_cache *c, u32 *head, u32 obj)
{
	c->next[obj] = *head;
	*head = obj;
}

/* A batch from the partial list or of new objects for @cpu; list_lock held or boot. */
static u32 cache_take_batch(struct kmem_cache *c, u32 cpu)
{
	struct cpu_slab *s = &c->cpu[cpu];
	u32 n = 0, nr = (u32)min_u64(c->batch, c->max - c->nr);

	while (c->nr_partial && n < c->batch) {
		u32 obj = c->partial;

		c->partial = c->next[obj];
		c->nr_partial--;
		list_push(c, &s->head, obj);
		n++;
	}
	if (n || !cache_reserve(c, c->nr + nr)) {
		s->nr += n;
		return n;
	}
	for (u32 i = nr; i--;) {
		list_push(c, &s->head, c->nr + i);
		c->home[c->nr + i] = (u16)cpu;
	}
	c->nr += nr;
	s->nr += nr;
	return nr;
}

static u32 cpu_slab_pop(struct kmem_cache *c, struct cpu_slab *s)
{
	u32 obj = s->head;

	s->head = c->next[obj];
	s->nr--;
	return obj;
}

u32 kmem_cache_boot_alloc(struct kmem_cache *c)
{
	if (!c->cpu[0].nr && !cache_take_batch(c, 0))
		return SLAB_NIL;
	return cpu_slab_pop(c, &c->cpu[0]);
}

u32 kmem_cache_alloc(struct task *t, struct kmem_cache *c)
{
	u32 obj;

	FRAME(t, "kmem_cache_alloc");

	work(t, cost(t, MK_SLAB_FAST_PAIR) / 2);
	if (mm_should_fail(t, FAIL_SLAB))
		return SLAB_NIL;
	if (!c->cpu[task_cpu(t)].nr) {
		u32 got;

		spin_lock(t, &c->list_lock);
		got = cache_take_batch(c, task_cpu(t));
		work(t, cost(t, MK_SLAB_SLOW_REFILL));
		spin_unlock(t, &c->list_lock);
		if (!got)
			return SLAB_NIL;
	}
	ledger_charge(t, c->cat, c->size, 1);
	obj = cpu_slab_pop(c, &c->cpu[task_cpu(t)]);
	alloc_debug_alloc(t, c, obj);
	return obj;
}

void kmem_cache_free(struct task *t, struct kmem_cache *c, u32 obj)
{
	struct cpu_slab *s = &c->cpu[task_cpu(t)];

	alloc_debug_free(t, c, obj, "object");
	if (c->home[obj] == task_cpu(t))
		work(t, cost(t, MK_SLAB_FAST_PAIR) / 2);
	else
		work(t, cost(t, MK_SLAB_REMOTE_FREE));
	list_push(c, &s->head, obj);
	s->nr++;
	ledger_charge(t, c->cat, -(s64)c->size, -1);
	if (!t->x.section)
		kmem_cache_trim(t, c);
}

void kmem_cache_trim(struct task *t, struct kmem_cache *c)
{
	struct cpu_slab *s;

	task_settle(t);
	s = &c->cpu[task_cpu(t)];
	if (s->nr < 4 * c->batch)
		return;
	spin_lock(t, &c->list_lock);
	while (s->nr > 2 * c->batch) {
		u32 obj = cpu_slab_pop(c, s);

		list_push(c, &c->partial, obj);
		c->nr_partial++;
	}
	spin_unlock(t, &c->list_lock);
}

/* ---- kmalloc -------------------------------------------------------------- */

static const char *const kmalloc_names[] = {
	"kmalloc-8",   "kmalloc-16",  "kmalloc-32",  "kmalloc-64",    "kmalloc-96",
	"kmalloc-128", "kmalloc-192", "kmalloc-256", "kmalloc-512",   "kmalloc-1k",
	"kmalloc-2k",  "kmalloc-4k",  "kmalloc-8k",  "kmalloc-large",
};
static const u32 kmalloc_sizes[] = {
	8, 16, 32, 64, 96, 128, 192, 256, 512, 1024, 2048, 4096, 8192
};

int kmalloc_init(struct kern *k)
{
	for (u32 i = 0; i < ARRAY_SIZE(kmalloc_names); i++) {
		s32 cat = ledger_category(&k->ledger, kmalloc_names[i]);

		if (cat < 0)
			return -ENOSPC;
		k->kmalloc_cat[i] = (u16)cat;
	}
	return 0;
}

static u32 kmalloc_class(u64 size, u64 *rounded)
{
	u32 i = 0;

	if (unlikely(size > 8192)) {
		*rounded = roundup_u64(size, PAGE_SIZE);
		return ARRAY_SIZE(kmalloc_sizes);
	}
	if (size > 192)
		i = 63 - (u32)__builtin_clzll(size - 1);
	else
		while (size > kmalloc_sizes[i])
			i++;
	*rounded = kmalloc_sizes[i];
	return i;
}

bool kmalloc(struct task *t, u64 size)
{
	u64 rounded;
	u32 class = kmalloc_class(size, &rounded);

	FRAME(t, "__kmalloc");

	work(t, cost(t, MK_SLAB_FAST_PAIR) / 2);
	if (mm_should_fail(t, FAIL_KMALLOC))
		return false;
	ledger_charge(t, t->kern->kmalloc_cat[class], (s64)rounded, 1);
	return true;
}

void kfree(struct task *t, u64 size)
{
	u64 rounded;
	u32 class = kmalloc_class(size, &rounded);

	FRAME(t, "kfree");

	work(t, cost(t, MK_SLAB_FAST_PAIR) / 2);
	ledger_charge(t, t->kern->kmalloc_cat[class], -(s64)rounded, -1);
}
