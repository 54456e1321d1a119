// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Slow paths of the slab caches, as mm/slub.c of 6.12: ___slab_alloc(), get_partial(),
 * __slab_free(), put_cpu_partial(), __put_partials(), deactivate_slab(). Names are the
 * kernel's. Costs: the line of each slab that is touched, locks, irq.save_restore where the
 * kernel takes the local lock, slab.slow_refill for a new slab besides its pages.
 *
 * A free to a slab whose line another CPU has takes slab.remote_free in all, transfer
 * included, or longer if the transfer alone does; one to a line of this CPU slab.slow_free
 * and an atomic.
 *
 * Left out: pfmemalloc, remote_node_defrag_ratio below 1000 (all of 1024 tries look at other
 * nodes, where the kernel's default of 1000 leaves out 23).
 */
#include "sim/mm/slab_priv.h"

#include <stdlib.h>

#include "sim/kern/irq.h"
#include "sim/mm/objcg.h"

static void local_lock_irqsave(struct task *t)
{
	work(t, cost(t, MK_IRQ_SAVE_RESTORE));
}

/* slabs --------------------------------------------------------------------------------- */

/* Have room for the objects of slab number @i. */
static bool cache_reserve(struct kmem_cache *c, u32 i)
{
	u32 nr = (i + 1) * c->objects, cap = c->cap ? c->cap : 1024;
	u32 *next;

	if (i / SLABS_PER_CHUNK >= c->nr_chunks) {
		struct slab **chunk = realloc(c->chunk, (c->nr_chunks + 1) * sizeof(*chunk));

		if (!chunk)
			return false;
		c->chunk = chunk;
		chunk[c->nr_chunks] = calloc(SLABS_PER_CHUNK, sizeof(**chunk));
		if (!chunk[c->nr_chunks])
			return false;
		c->nr_chunks++;
	}
	while (cap < nr)
		cap *= 2;
	if (cap != c->cap) {
		next = realloc(c->next, cap * sizeof(*next));
		if (!next)
			return false;
		c->next = next;
		if (c->objcg && !cache_reserve_objcg(c, cap))
			return false;
		c->cap = cap;
	}
	return !c->grow || c->grow(c->arg, nr);
}

/* A number for a new slab, SLAB_NIL if there is none; synchronised or at boot. */
static u32 slab_number(struct kmem_cache *c)
{
	u32 i = c->unused;

	if (i != SLAB_NIL) {
		c->unused = slab_at(c, i)->next;
		return i;
	}
	if (c->nr_slabs == c->max_slabs || !cache_reserve(c, c->nr_slabs))
		return SLAB_NIL;
	return c->nr_slabs++;
}

/* The slab comes into being, all objects on the free list of @s. */
static void slab_setup(struct kmem_cache *c, u32 i, u32 pfn, u32 order, u32 cpu, u32 node)
{
	struct cpu_slab *s = &c->cpu[cpu];
	struct slab *slab = slab_at(c, i);
	u32 first = i * c->objects;

	*slab = (struct slab){
		.pfn = pfn,
		.freelist = SLAB_NIL,
		.objects = (u16)min_u64(c->objects, (PAGE_SIZE << order) / c->size),
		.home = (u16)cpu,
		.node = (u8)node,
		.exists = true,
		.frozen = true,
		.next = SLAB_NIL,
		.prev = SLAB_NIL,
	};
	slab->inuse = slab->objects;
	gline_init(&slab->line.g, (u8)node);
	s->slab = i;
	s->freelist = SLAB_NIL;
	for (u32 o = slab->objects; o--;)
		obj_push(c, &s->freelist, first + o);
}

bool slab_boot_refill(struct kmem_cache *c)
{
	struct mm_state *mm = c->kern->mm;
	u32 pfn = mm ? boot_alloc_pages(mm, 0, c->order, c->pages_cat) : 0, i;

	i = slab_number(c);
	if (i == SLAB_NIL)
		return false;
	/* the full one is on no list */
	if (c->cpu[0].slab != SLAB_NIL)
		slab_at(c, c->cpu[0].slab)->frozen = false;
	slab_setup(c, i, pfn, c->order, 0, c->kern->hw->cpus[0].node);
	return true;
}

/* allocate_slab(): the wanted order, else the smallest that holds an object. */
static u32 allocate_slab(struct task *t, struct kmem_cache *c, u32 node, u32 *order)
{
	u32 pfn;

	*order = c->order;
	pfn = alloc_pages(t, node, *order, GFP_KERNEL, c->pages_cat);
	if (!pfn && c->min_order < c->order) {
		*order = c->min_order;
		pfn = alloc_pages(t, node, *order, GFP_KERNEL, c->pages_cat);
	}
	return pfn;
}

/* discard_slab(): nobody knows it any more. */
static void discard_slab(struct task *t, struct kmem_cache *c, u32 i)
{
	struct slab *slab = slab_at(c, i);

	FRAME(t, "__free_slab");

	slab_free_exts(t, slab);
	if (slab->pfn)
		free_pages(t, slab->pfn, c->pages_cat);
	task_sync(t);
	slab->exists = false;
	slab->next = c->unused;
	c->unused = i;
}

/* partial lists of the nodes; list_lock is held ------------------------------------------ */

static void add_partial(struct task *t, struct kmem_cache *c, struct kmem_cache_node *n, u32 i)
{
	struct slab *slab = slab_at(c, i);

	task_sync(t);
	slab->next = SLAB_NIL;
	slab->prev = n->tail;
	if (n->tail == SLAB_NIL)
		n->head = i;
	else
		slab_at(c, n->tail)->next = i;
	n->tail = i;
	n->nr_partial++;
	slab->on_node = true;
	line_store(&t->x, &slab->line);
}

static void remove_partial(struct task *t, struct kmem_cache *c, struct kmem_cache_node *n, u32 i)
{
	struct slab *slab = slab_at(c, i);

	task_sync(t);
	if (slab->prev == SLAB_NIL)
		n->head = slab->next;
	else
		slab_at(c, slab->prev)->next = slab->next;
	if (slab->next == SLAB_NIL)
		n->tail = slab->prev;
	else
		slab_at(c, slab->next)->prev = slab->prev;
	n->nr_partial--;
	slab->on_node = false;
	slab->next = slab->prev = SLAB_NIL;
	line_store(&t->x, &slab->line);
}

/* __put_partials(): a list of unfrozen slabs that nobody else knows goes to the nodes. */
static void put_partials(struct task *t, struct kmem_cache *c, u32 list)
{
	struct kmem_cache_node *n = NULL;
	u32 discard = SLAB_NIL, next;

	FRAME(t, "__put_partials");

	for (; list != SLAB_NIL; list = next) {
		struct slab *slab = slab_at(c, list);
		struct kmem_cache_node *its = &c->node[slab->node];

		next = slab->next;
		if (n != its) {
			if (n)
				spin_unlock_irqrestore(t, &n->list_lock);
			n = its;
			spin_lock_irqsave(t, &n->list_lock);
		}
		task_sync(t);
		if (!slab->inuse && n->nr_partial >= c->min_partial) {
			slab->next = discard;
			discard = list;
		} else {
			add_partial(t, c, n, list);
		}
	}
	if (n)
		spin_unlock_irqrestore(t, &n->list_lock);
	for (; discard != SLAB_NIL; discard = next) {
		next = slab_at(c, discard)->next;
		discard_slab(t, c, discard);
	}
}

/*
 * put_cpu_partial(): an unfrozen slab that is on no list. With @drain a full list of the CPU
 * goes to the nodes first.
 */
static void put_cpu_partial(struct task *t, struct kmem_cache *c, u32 i, bool drain)
{
	struct cpu_slab *s = &c->cpu[task_cpu(t)];
	u32 put = SLAB_NIL;

	local_lock_irqsave(t);
	if (drain && s->partial != SLAB_NIL && s->partial_slabs >= c->cpu_partial_slabs) {
		put = s->partial;
		s->partial = SLAB_NIL;
		s->partial_slabs = 0;
	}
	slab_at(c, i)->next = s->partial;
	s->partial = i;
	s->partial_slabs++;
	if (put != SLAB_NIL)
		put_partials(t, c, put);
}

/* allocation ----------------------------------------------------------------------------- */

/* The CPU's slab, all of its free objects on the CPU's list; now. */
static void take_freelist(struct task *t, struct kmem_cache *c, u32 i)
{
	struct cpu_slab *s = &c->cpu[task_cpu(t)];
	struct slab *slab = slab_at(c, i);

	s->slab = i;
	s->freelist = slab->freelist;
	slab->freelist = SLAB_NIL;
	slab->inuse = slab->objects;
	slab->frozen = true;
	line_rmw(&t->x, &slab->line);
}

/* get_freelist(): what others have freed to the CPU's slab; else it is given up as full. */
static bool get_freelist(struct task *t, struct kmem_cache *c)
{
	struct cpu_slab *s = &c->cpu[task_cpu(t)];
	struct slab *slab = slab_at(c, s->slab);

	task_sync(t);
	if (slab->freelist != SLAB_NIL) {
		take_freelist(t, c, s->slab);
		return true;
	}
	slab->frozen = false;
	s->slab = SLAB_NIL;
	line_rmw(&t->x, &slab->line);
	return false;
}

/* get_partial_node(): one slab to use; more for the CPU's partial list. */
static u32 get_partial_node(struct task *t, struct kmem_cache *c, struct kmem_cache_node *n)
{
	u32 partial = SLAB_NIL, more = 0;

	task_sync(t);
	if (!n->nr_partial)
		return SLAB_NIL;
	spin_lock_irqsave(t, &n->list_lock);
	while (n->head != SLAB_NIL) {
		u32 i = n->head;

		remove_partial(t, c, n, i);
		if (partial == SLAB_NIL) {
			partial = i;
			continue;
		}
		put_cpu_partial(t, c, i, false);
		if (++more > c->cpu_partial_slabs / 2)
			break;
	}
	spin_unlock_irqrestore(t, &n->list_lock);
	return partial;
}

/* get_partial(): the node asked for, or the CPU's and then the others by distance. */
static u32 get_partial(struct task *t, struct kmem_cache *c, u32 node)
{
	u32 nodes = t->kern->hw->nr_nodes, from = node, partial;

	FRAME(t, "get_partial");

	if (from == NUMA_NO_NODE)
		from = t->x.cpu->node;
	partial = get_partial_node(t, c, &c->node[from]);
	for (u32 k = 1; k < nodes && partial == SLAB_NIL; k++) {
		struct kmem_cache_node *n = &c->node[zone_fallback(t->kern->hw, from, k)];

		task_sync(t);
		if (n->nr_partial > c->min_partial)
			partial = get_partial_node(t, c, n);
	}
	return partial;
}

/* deactivate_slab(): the CPU gives its slab up with what is left on its free list. */
static void deactivate_slab(struct task *t, struct kmem_cache *c, struct cpu_slab *s)
{
	u32 i = s->slab, obj = s->freelist;
	struct slab *slab = slab_at(c, i);

	FRAME(t, "deactivate_slab");

	s->slab = SLAB_NIL;
	s->freelist = SLAB_NIL;
	task_sync(t);
	while (obj != SLAB_NIL) {
		u32 next = c->next[obj];

		obj_push(c, &slab->freelist, obj);
		slab->inuse--;
		obj = next;
	}
	slab->frozen = false;
	if (slab->freelist == SLAB_NIL) {
		line_rmw(&t->x, &slab->line);
		return;
	}
	slab->next = SLAB_NIL;
	line_rmw(&t->x, &slab->line);
	put_partials(t, c, i);
}

/* The next slab of the CPU's partial list becomes its slab. */
static void take_cpu_partial(struct task *t, struct kmem_cache *c)
{
	struct cpu_slab *s = &c->cpu[task_cpu(t)];
	u32 i = s->partial;

	local_lock_irqsave(t);
	s->partial = slab_at(c, i)->next;
	s->partial_slabs--;
	task_sync(t);
	take_freelist(t, c, i);
}

/* The first slab of the CPU's list that is of @node, the ones before it go to the nodes. */
static bool use_cpu_partial(struct task *t, struct kmem_cache *c, u32 node)
{
	struct cpu_slab *s = &c->cpu[task_cpu(t)];

	while (s->partial != SLAB_NIL) {
		u32 i = s->partial;

		if (node == NUMA_NO_NODE || slab_at(c, i)->node == node) {
			take_cpu_partial(t, c);
			return true;
		}
		s->partial = slab_at(c, i)->next;
		s->partial_slabs--;
		slab_at(c, i)->next = SLAB_NIL;
		put_partials(t, c, i);
	}
	return false;
}

/*
 * new_slab(), which becomes the slab of the CPU the task is on then, as its pages may have
 * taken it elsewhere; what that CPU had is given up. Returns an object of it.
 */
static u32 new_slab(struct task *t, struct kmem_cache *c, u32 node)
{
	u32 order = c->order, pfn = 0, i, obj;
	struct cpu_slab *s;

	FRAME(t, "allocate_slab");

	if (task_mm(t)) {
		pfn = allocate_slab(t, c, node, &order);
		if (!pfn)
			return SLAB_NIL;
	}
	work(t, cost(t, MK_SLAB_SLOW_REFILL));
	preempt_disable(t);
	s = &c->cpu[task_cpu(t)];
	if (s->slab != SLAB_NIL)
		deactivate_slab(t, c, s);
	task_sync(t);
	i = slab_number(c);
	if (i == SLAB_NIL) {
		preempt_enable(t);
		if (pfn)
			free_pages(t, pfn, c->pages_cat);
		return SLAB_NIL;
	}
	slab_setup(c, i, pfn, order, task_cpu(t), pfn ? page_node(task_mm(t), pfn) : 0);
	line_store(&t->x, &slab_at(c, i)->line);
	obj = obj_pop(c, &s->freelist);
	preempt_enable(t);
	if (c->flags & SLAB_ACCOUNT)
		slab_alloc_exts(t, c, i);
	return obj;
}

/* What the CPU and the nodes have; preemption is off. */
static u32 slab_alloc_partial(struct task *t, struct kmem_cache *c, u32 node)
{
	struct cpu_slab *s = &c->cpu[task_cpu(t)];
	u32 i;

	if (s->slab != SLAB_NIL && node != NUMA_NO_NODE && slab_at(c, s->slab)->node != node)
		deactivate_slab(t, c, s);
	if (s->freelist != SLAB_NIL)
		return obj_pop(c, &s->freelist);
	if (s->slab != SLAB_NIL && get_freelist(t, c))
		return obj_pop(c, &s->freelist);
	if (use_cpu_partial(t, c, node))
		return obj_pop(c, &s->freelist);
	i = get_partial(t, c, node);
	if (i == SLAB_NIL)
		return SLAB_NIL;
	task_sync(t);
	take_freelist(t, c, i);
	return obj_pop(c, &s->freelist);
}

u32 slab_alloc_slow(struct task *t, struct kmem_cache *c, u32 node)
{
	u32 obj;

	FRAME(t, "___slab_alloc");

	task_settle(t);
	if (c->cpu[task_cpu(t)].nr_noted && !t->x.section)
		kmem_cache_trim(t, c);
	preempt_disable(t); /* slub_get_cpu_ptr() */
	obj = slab_alloc_partial(t, c, node);
	preempt_enable(t);
	return obj != SLAB_NIL ? obj : new_slab(t, c, node);
}

/* freeing -------------------------------------------------------------------------------- */

/* The compare-exchange on a slab's line, now. */
static void charge_free(struct task *t, struct slab *slab)
{
	u64 took;
	bool own;

	task_sync(t);
	own = slab->line.g.last == task_cpu(t);
	took = line_rmw(&t->x, &slab->line);
	if (own)
		work(t, cost(t, MK_SLAB_SLOW_FREE));
	else if (took < cost(t, MK_SLAB_REMOTE_FREE))
		work(t, cost(t, MK_SLAB_REMOTE_FREE) - took);
}

/* The objects go to the slab; returns whether it was full, and its lock if that is held. */
static bool slab_put_objects(struct task *t, struct kmem_cache *c, struct slab *slab, u32 head,
			     u32 tail, u32 cnt, struct kmem_cache_node **held)
{
	struct kmem_cache_node *n = NULL;
	bool was_full;

	for (;;) {
		task_sync(t);
		was_full = slab->freelist == SLAB_NIL;
		/* it leaves a list, then: the lock has to be held */
		if (n || slab->frozen || was_full || slab->inuse != cnt)
			break;
		n = &c->node[slab->node];
		spin_lock_irqsave(t, &n->list_lock);
	}
	c->next[tail] = slab->freelist;
	slab->freelist = head;
	slab->inuse = (u16)(slab->inuse - cnt);
	*held = n;
	return was_full;
}

void slab_free_slow(struct task *t, struct kmem_cache *c, u32 i, u32 head, u32 tail, u32 cnt,
		    bool paid)
{
	struct slab *slab = slab_at(c, i);
	struct kmem_cache_node *n;
	bool was_full, frozen;

	FRAME(t, "__slab_free");

	task_settle(t);
	was_full = slab_put_objects(t, c, slab, head, tail, cnt, &n);
	frozen = slab->frozen;
	if (n && (frozen || was_full || slab->inuse || !slab->on_node ||
		  n->nr_partial < c->min_partial)) {
		spin_unlock_irqrestore(t, &n->list_lock);
		n = NULL;
	}
	if (!paid)
		charge_free(t, slab);
	if (n) {
		remove_partial(t, c, n, i);
		spin_unlock_irqrestore(t, &n->list_lock);
		discard_slab(t, c, i);
	} else if (was_full && !frozen) {
		put_cpu_partial(t, c, i, true);
	}
}

/* shrinking ------------------------------------------------------------------------------ */

/* __flush_cpu_slab(), of this CPU or of one that is offline. */
static void flush_cpu_slab(struct task *t, struct kmem_cache *c, struct cpu_slab *s)
{
	u32 list;

	if (s->slab != SLAB_NIL)
		deactivate_slab(t, c, s);
	list = s->partial;
	s->partial = SLAB_NIL;
	s->partial_slabs = 0;
	put_partials(t, c, list);
}

void slab_flush_cpu(struct task *t, struct kmem_cache *c)
{
	task_settle(t);
	kmem_cache_trim(t, c);
	preempt_disable(t); /* runs on a kworker of the CPU */
	local_lock_irqsave(t);
	flush_cpu_slab(t, c, &c->cpu[task_cpu(t)]);
	preempt_enable(t);
}

void slub_cpu_dead(struct task *t, u32 cpu, void *arg)
{
	struct kmem_cache *c = arg;

	FRAME(t, "slub_cpu_dead");

	task_sync(t);
	flush_cpu_slab(t, c, &c->cpu[cpu]);
}

void slab_shrink_nodes(struct task *t, struct kmem_cache *c)
{
	for (u32 node = 0; node < t->kern->hw->nr_nodes; node++) {
		struct kmem_cache_node *n = &c->node[node];
		u32 discard = SLAB_NIL, next;

		spin_lock_irqsave(t, &n->list_lock);
		for (u32 i = n->head; i != SLAB_NIL; i = next) {
			next = slab_at(c, i)->next;
			task_sync(t);
			if (slab_at(c, i)->inuse)
				continue;
			remove_partial(t, c, n, i);
			slab_at(c, i)->next = discard;
			discard = i;
		}
		spin_unlock_irqrestore(t, &n->list_lock);
		for (; discard != SLAB_NIL; discard = next) {
			next = slab_at(c, discard)->next;
			discard_slab(t, c, discard);
		}
	}
}
