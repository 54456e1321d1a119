/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the slab caches share; open to their tests. */
#ifndef MMSIM_MM_SLAB_PRIV_H
#define MMSIM_MM_SLAB_PRIV_H

#include "sim/kern/workqueue.h"
#include "sim/mm/slab.h"
#include "sim/mm/zone.h"

struct obj_cgroup;

#define SLABS_PER_CHUNK 512

/*
 * struct slab. Open state unless stated otherwise: freelist, inuse and frozen change by
 * compare-exchange on the slab's line.
 */
struct slab {
	u32 pfn; /* 0: of a kernel without pages; fixed while it exists */
	u32 freelist; /* objects freed to the slab */
	u16 inuse; /* objects not on freelist: in use, or on the free list of a CPU */
	u16 objects; /* fixed while it exists */
	u16 home; /* CPU that made it; fixed while it exists */
	u8 node; /* fixed while it exists */
	bool exists;
	bool frozen; /* it is the slab of a CPU */
	bool on_node; /* it is on its node's partial list; guarded by list_lock */
	bool has_exts; /* array of who pays for the objects */
	u32 next, prev; /* on a partial list: guarded by list_lock, or private to the CPU */
	u64 exts; /* kmalloc handle of that array */
	struct line line;
};

/* struct kmem_cache_cpu: private to the CPU's running task. */
struct cpu_slab {
	u32 freelist;
	u32 slab;
	u32 partial; /* slabs, by next */
	u32 partial_slabs;
	u32 noted; /* objects freed inside a spin lock section */
	u32 nr_noted;
};

struct kmem_cache_node {
	struct spinlock list_lock;
	u32 head, tail; /* guarded by list_lock */
	u32 nr_partial; /* changes under list_lock; open state */
};

struct slab_flush {
	struct work work;
	struct kmem_cache *cache;
};

struct kmem_cache {
	struct kern *kern;
	const char *name;
	struct cpu_slab *cpu;
	u32 *next; /* free-list links by object */
	u64 magic; /* object / objects is (object * magic) >> shift */
	u32 shift;
	u32 object_size, size; /* bytes */
	u32 objects, order; /* of a slab */
	u32 min_order; /* if there is no block of that order */
	u32 cpu_partial_slabs, min_partial;
	u32 flags;
	u32 cat, pages_cat; /* of the ledger */
	struct kmem_cache_node *node;
	struct slab **chunk;
	u32 nr_chunks, nr_nodes_inited;
	/* open state from here */
	u32 nr_slabs, max_slabs; /* made so far, freed ones included */
	u32 unused; /* freed slab numbers, by next */
	u32 cap; /* objects that next has room for */
	struct obj_cgroup **objcg; /* who pays, by object; NULL: nobody ever did */
	bool (*grow)(void *arg, u32 nr);
	void *arg;
	struct slab_flush *flush; /* per CPU */
	struct cpuhp_step cpuhp; /* slub_cpu_dead() */
	bool flushing; /* slab_mutex, which is only for this here */
};

static inline struct slab *slab_at(const struct kmem_cache *c, u32 i)
{
	return &c->chunk[i / SLABS_PER_CHUNK][i % SLABS_PER_CHUNK];
}

static inline u32 slab_of(const struct kmem_cache *c, u32 obj)
{
	return (u32)(((u64)obj * c->magic) >> c->shift);
}

static inline void obj_push(struct kmem_cache *c, u32 *head, u32 obj)
{
	c->next[obj] = *head;
	*head = obj;
}

static inline u32 obj_pop(const struct kmem_cache *c, u32 *head)
{
	u32 obj = *head;

	*head = c->next[obj];
	return obj;
}

/* slab.c. With its cost, and charged to @memcg unless that is NULL. */
u32 slab_alloc_node(struct task *t, struct kmem_cache *c, u32 node, struct mem_cgroup *memcg);

/* slub.c. Called settled, with no spin lock held. */
/* An object past the CPU's free list; SLAB_NIL without memory. */
u32 slab_alloc_slow(struct task *t, struct kmem_cache *c, u32 node);
/*
 * @cnt objects linked from @head to @tail, all of slab @s, go back to it. @paid: the cost of
 * the compare-exchange is charged already.
 */
void slab_free_slow(struct task *t, struct kmem_cache *c, u32 s, u32 head, u32 tail, u32 cnt,
		    bool paid);
/* The CPU gives up all its slabs. */
void slab_flush_cpu(struct task *t, struct kmem_cache *c);
/* The same for @cpu, which is offline; @arg: the cache. For cpuhp.h. */
void slub_cpu_dead(struct task *t, u32 cpu, void *arg);
/* Empty slabs on the lists of all nodes go back to the page allocator. */
void slab_shrink_nodes(struct task *t, struct kmem_cache *c);
/* Without a task: a slab for the first CPU's free list. */
bool slab_boot_refill(struct kmem_cache *c);

/* calculate_order() of 6.12; slab.c. */
u32 slab_calculate_order(u32 size, u32 cpus);

#endif
