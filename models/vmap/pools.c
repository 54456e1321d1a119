// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Pools of ready areas per node and size: filled by the purge, emptied by
 * allocations of the node's CPUs, decayed by each drain (reference vmap.md 1.4,
 * 1.5; decisions 6 of section 0).
 *
 * An allocation looks whether its pool is empty before it takes the lock; only
 * that is open state, so only the steps that empty or fill a pool synchronise.
 */
#include "models/vmap/nodes.h"

/* Looking at an empty pool (section 0, decision 6). */
#define EMPTY_LOOK_PS (1 * PS_PER_NS)

static bool is_filled(const struct vmap_node *n, u32 p)
{
	return n->filled[p / 64] >> (p % 64) & 1;
}

static void set_filled(struct vmap_node *n, struct task *t, u32 p, bool filled)
{
	if (is_filled(n, p) == filled)
		return;
	if (t)
		task_sync(t);
	n->filled[p / 64] ^= 1ULL << (p % 64);
}

static void pool_line(struct vmap_pool *pool, struct va_walk *w)
{
	struct line_pass p = pass_begin(w->t ? &w->t->x : NULL, &w->w);

	pass_read(&p, &pool->line);
	pass_write(&p, &pool->line);
	pass_end(&p, &w->w);
}

static void pool_push_front(struct vmap_node *n, struct va_walk *w, struct vmap_pool *pool, u32 i)
{
	struct va_store *s = &n->vm->store;
	struct vmap_area *va = va_get(s, i);

	va->prev = 0;
	va->next = pool->first;
	if (pool->first) {
		va_get(s, pool->first)->prev = i;
		va_write(w, va_get(s, pool->first));
	} else {
		pool->last = i;
	}
	pool->first = i;
	pool->len++;
	va_set_state(va, VA_POOL);
	va_write(w, va);
	pool_line(pool, w);
}

/* Take out the first area. */
static u32 pool_shift(struct vmap_node *n, struct va_walk *w, struct vmap_pool *pool)
{
	struct va_store *s = &n->vm->store;
	u32 i = pool->first;
	struct vmap_area *va = va_get(s, i);

	pool->first = va->next;
	if (va->next) {
		va_get(s, va->next)->prev = 0;
		va_write(w, va_get(s, va->next));
	} else {
		pool->last = 0;
	}
	pool->len--;
	va_set_state(va, VA_TRANSIT);
	pool_line(pool, w);
	return i;
}

/* The first area does not suit: it goes to the end. */
static void pool_rotate(struct vmap_node *n, struct va_walk *w, struct vmap_pool *pool)
{
	struct va_store *s = &n->vm->store;
	u32 i = pool_shift(n, w, pool);
	struct vmap_area *va = va_get(s, i);

	va->next = 0;
	va->prev = pool->last;
	if (pool->last) {
		va_get(s, pool->last)->next = i;
		va_write(w, va_get(s, pool->last));
	} else {
		pool->first = i;
	}
	pool->last = i;
	pool->len++;
	va_set_state(va, VA_POOL);
	va_write(w, va);
}

/* Only the first area is tried. pool_lock is held. */
static u32 pool_take(struct vmap_node *n, struct task *t, u32 p, u64 align)
{
	struct vmap_pool *pool = &n->pool[p];
	struct va_walk w = va_walk_begin(t);
	struct vmap_area *va;
	u32 i = pool->first;

	if (t)
		lockdep_assert_held(t, &n->pool_lock);
	if (!i)
		return 0;
	va = va_get(&n->vm->store, i);
	va_read(&w, va);
	if (va->start & (align - 1)) {
		if (pool->len > 1)
			pool_rotate(n, &w, pool);
		i = 0;
	} else {
		pool_shift(n, &w, pool);
	}
	va_end(&w);
	if (i && !pool->len)
		set_filled(n, t, p, false);
	return i;
}

u32 node_pool_del_va(struct vmap_node *n, struct task *t, u32 size, u64 align)
{
	struct vmap_nodes *vn = n->vm->priv;
	u32 p = size - 1, va;

	if (p >= vn->pool_max)
		return 0;
	if (t)
		task_sync(t);
	if (!is_filled(n, p)) {
		if (t)
			work(t, EMPTY_LOOK_PS);
		return 0;
	}
	if (t)
		spin_lock(t, &n->pool_lock);
	va = pool_take(n, t, p, align);
	if (t)
		spin_unlock(t, &n->pool_lock);
	return va;
}

bool node_pool_add_va(struct vmap_node *n, struct task *t, u32 i)
{
	struct vmap_nodes *vn = n->vm->priv;
	struct va_walk w = va_walk_begin(t);
	u32 p = va_get(&n->vm->store, i)->size - 1;

	if (p >= vn->pool_max)
		return false;
	if (t)
		spin_lock(t, &n->pool_lock);
	pool_push_front(n, &w, &n->pool[p], i);
	va_end(&w);
	set_filled(n, t, p, true);
	if (t)
		spin_unlock(t, &n->pool_lock);
	return true;
}

/* Detach the pool: it looks empty to allocations meanwhile. */
static struct vmap_pool pool_detach(struct vmap_node *n, struct task *t, u32 p)
{
	struct vmap_pool *pool = &n->pool[p], got;
	struct va_walk w = va_walk_begin(t);

	if (t)
		spin_lock(t, &n->pool_lock);
	got = *pool;
	pool->first = 0;
	pool->last = 0;
	pool->len = 0;
	pool_line(pool, &w);
	va_end(&w);
	set_filled(n, t, p, false);
	if (t)
		spin_unlock(t, &n->pool_lock);
	return got;
}

/* Put the rest back at the front. */
static void pool_reattach(struct vmap_node *n, struct task *t, u32 p, struct vmap_pool *rest)
{
	struct va_store *s = &n->vm->store;
	struct vmap_pool *pool = &n->pool[p];
	struct va_walk w = va_walk_begin(t);

	if (t)
		spin_lock(t, &n->pool_lock);
	va_get(s, rest->first)->prev = 0;
	va_get(s, rest->last)->next = pool->first;
	if (pool->first)
		va_get(s, pool->first)->prev = rest->last;
	else
		pool->last = rest->last;
	pool->first = rest->first;
	pool->len += rest->len;
	va_write(&w, va_get(s, rest->last));
	pool_line(pool, &w);
	va_end(&w);
	set_filled(n, t, p, true);
	if (t)
		spin_unlock(t, &n->pool_lock);
}

/*
 * How many of @len areas a drain takes. With the quirk a share of 0 is decremented
 * past 0 before it is looked at, so a pool of 1..3 is emptied (vmap.md 1.5).
 */
static u32 decay_share(const struct vmap_nodes *vn, u32 len, bool full)
{
	u32 share = len >> vn->p[NP_DECAY_SHIFT];

	if (full || (!share && vn->p[NP_SMALL_POOL_QUIRK]))
		return len;
	return share;
}

static void decay_pool(struct vmap_node *n, struct task *t, u32 p, bool full,
		       struct va_tree *decayed)
{
	struct vmap_nodes *vn = n->vm->priv;
	struct vmap_pool pool = pool_detach(n, t, p);
	u32 share = decay_share(vn, pool.len, full);

	for (; share; share--) {
		struct va_walk w = va_walk_begin(t);
		u32 i = pool.first;

		pool.first = va_get(&n->vm->store, i)->next;
		pool.len--;
		va_set_state(va_get(&n->vm->store, i), VA_TRANSIT);
		va_merge_or_add(decayed, &w, i);
		va_end(&w);
	}
	if (pool.len)
		pool_reattach(n, t, p, &pool);
}

void decay_va_pool_node(struct vmap_node *n, struct task *t, bool full)
{
	struct vmap_nodes *vn = n->vm->priv;
	u64 filled[POOL_MAX / 64];
	struct va_tree decayed;

	FRAME(t, "decay_va_pool_node");

	/* One look at all pools stands for one look at each; that costs the same. */
	va_tree_init(&decayed, &n->vm->store, false);
	task_sync(t);
	for (u32 i = 0; i < POOL_MAX / 64; i++)
		filled[i] = n->filled[i];
	work(t, vn->pool_max * EMPTY_LOOK_PS);
	for (u32 i = 0; i < POOL_MAX / 64; i++) {
		for (; filled[i]; filled[i] &= filled[i] - 1)
			decay_pool(n, t, i * 64 + (u32)__builtin_ctzll(filled[i]), full, &decayed);
	}
	va_trim(&n->vm->store, t);
	reclaim_list_global(n->vm, t, decayed.first);
}
