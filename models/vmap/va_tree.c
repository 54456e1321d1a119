// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Red-black tree and address-sorted list of vmap areas, plain or augmented with
 * the largest size of each subtree (reference vmap.md 1.2). The tree has no lock
 * of its own: the caller holds the one that guards it.
 */
#include "models/vmap/va.h"

#define RED 1u

static inline u32 parent_of(const struct vmap_area *va)
{
	return va->parent >> 1;
}

static inline void set_parent(struct vmap_area *va, u32 p)
{
	va->parent = p << 1 | (va->parent & RED);
}

static inline void set_red(struct vmap_area *va, bool red)
{
	va->parent = (va->parent & ~RED) | (red ? RED : 0);
}

static inline bool is_red(const struct va_store *s, u32 i)
{
	return i && va_get(s, i)->parent & RED;
}

static inline u32 max_of(const struct va_store *s, u32 i)
{
	return i ? va_get(s, i)->max : 0;
}

static u32 subtree_max(const struct va_store *s, const struct vmap_area *va)
{
	u64 m = max_u64(max_of(s, va->child[0]), max_of(s, va->child[1]));

	return (u32)max_u64(m, va->size);
}

/* Looks at both children, as the kernel's callback does. */
static u32 compute_max(const struct va_store *s, struct va_walk *w, const struct vmap_area *va)
{
	for (u32 dir = 0; dir < 2; dir++)
		if (va->child[dir])
			va_look(w, va_get(s, va->child[dir]));
	return subtree_max(s, va);
}

/* The colour of a node that is not on the path; no node is black. */
static bool look_red(const struct va_store *s, struct va_walk *w, u32 i)
{
	if (!i)
		return false;
	va_look(w, va_get(s, i));
	return is_red(s, i);
}

/* On the host, large trees are bound by cache misses: fetch what the next step may need. */
static inline void prefetch_children(const struct va_store *s, const struct vmap_area *va)
{
	__builtin_prefetch(va_get(s, va->child[0]));
	__builtin_prefetch(va_get(s, va->child[1]));
}

void va_tree_init(struct va_tree *tree, struct va_store *s, bool augmented)
{
	*tree = (struct va_tree){ .store = s, .augmented = augmented };
}

void va_propagate(struct va_tree *tree, struct va_walk *w, u32 i)
{
	while (i) {
		struct vmap_area *va = va_get(tree->store, i);
		u32 m;

		va_read(w, va);
		m = compute_max(tree->store, w, va);
		if (va->max == m)
			return;
		va->max = m;
		va_write(w, va);
		i = parent_of(va);
	}
}

/* Put @new in the place of @old below @parent. */
static void replace_child(struct va_tree *tree, struct va_walk *w, u32 parent, u32 old, u32 new)
{
	struct vmap_area *p;

	if (!parent) {
		tree->root = new;
		return;
	}
	p = va_get(tree->store, parent);
	p->child[p->child[1] == old] = new;
	va_write(w, p);
}

/* @x goes down on side @dir, its other child comes up. */
static void rotate(struct va_tree *tree, struct va_walk *w, u32 x, u32 dir)
{
	struct vmap_area *vx = va_get(tree->store, x);
	u32 y = vx->child[!dir];
	struct vmap_area *vy = va_get(tree->store, y);
	u32 inner = vy->child[dir];

	vx->child[!dir] = inner;
	if (inner) {
		set_parent(va_get(tree->store, inner), x);
		va_write(w, va_get(tree->store, inner));
	}
	set_parent(vy, parent_of(vx));
	replace_child(tree, w, parent_of(vx), x, y);
	vy->child[dir] = x;
	set_parent(vx, y);
	if (tree->augmented) {
		vy->max = vx->max;
		vx->max = compute_max(tree->store, w, vx);
	}
	va_write(w, vx);
	va_write(w, vy);
}

static void insert_fixup(struct va_tree *tree, struct va_walk *w, u32 z)
{
	struct va_store *s = tree->store;
	u32 p;

	while ((p = parent_of(va_get(s, z))) && is_red(s, p)) {
		u32 g = parent_of(va_get(s, p));
		struct vmap_area *vg = va_get(s, g);
		u32 dir = vg->child[1] == p;
		u32 uncle = vg->child[!dir];

		va_write(w, vg);
		va_write(w, va_get(s, p));
		if (look_red(s, w, uncle)) {
			set_red(va_get(s, uncle), false);
			va_write(w, va_get(s, uncle));
			set_red(va_get(s, p), false);
			set_red(vg, true);
			z = g;
			continue;
		}
		if (va_get(s, p)->child[!dir] == z) {
			rotate(tree, w, p, dir);
			p = z;
		}
		set_red(va_get(s, p), false);
		set_red(vg, true);
		rotate(tree, w, g, !dir);
		break;
	}
	set_red(va_get(s, tree->root), false);
}

bool va_find_link(struct va_tree *tree, struct va_walk *w, u64 start, u32 size,
		  struct va_link *link)
{
	struct va_store *s = tree->store;
	u32 i = tree->root;

	*link = (struct va_link){ .next = tree->first };
	while (i) {
		struct vmap_area *va = va_get(s, i);

		prefetch_children(s, va);
		va_read(w, va);
		link->parent = i;
		if (start + size <= va->start)
			link->dir = 0;
		else if (start >= va_end_page(va))
			link->dir = 1;
		else
			return false;
		i = va->child[link->dir];
	}
	if (link->parent)
		link->next = link->dir ? va_get(s, link->parent)->next : link->parent;
	return true;
}

static void list_link(struct va_tree *tree, struct va_walk *w, u32 i, u32 next)
{
	struct va_store *s = tree->store;
	struct vmap_area *va = va_get(s, i);
	u32 prev = next ? va_get(s, next)->prev : tree->last;

	va->prev = prev;
	va->next = next;
	if (prev) {
		va_get(s, prev)->next = i;
		va_write(w, va_get(s, prev));
	} else {
		tree->first = i;
	}
	if (next) {
		va_get(s, next)->prev = i;
		va_write(w, va_get(s, next));
	} else {
		tree->last = i;
	}
}

static void list_unlink(struct va_tree *tree, struct va_walk *w, const struct vmap_area *va)
{
	struct va_store *s = tree->store;

	if (va->prev) {
		va_get(s, va->prev)->next = va->next;
		va_write(w, va_get(s, va->prev));
	} else {
		tree->first = va->next;
	}
	if (va->next) {
		va_get(s, va->next)->prev = va->prev;
		va_write(w, va_get(s, va->next));
	} else {
		tree->last = va->prev;
	}
}

void va_link(struct va_tree *tree, struct va_walk *w, u32 i, const struct va_link *link)
{
	struct va_store *s = tree->store;
	struct vmap_area *va = va_get(s, i);

	va->child[0] = 0;
	va->child[1] = 0;
	va->parent = link->parent << 1 | RED;
	va->max = va->size;
	va_write(w, va);
	if (link->parent) {
		va_get(s, link->parent)->child[link->dir] = i;
		va_write(w, va_get(s, link->parent));
	} else {
		tree->root = i;
	}
	list_link(tree, w, i, link->next);
	tree->nr++;
	if (tree->augmented)
		va_propagate(tree, w, link->parent);
	insert_fixup(tree, w, i);
}

/* @x (maybe none), child of @p, lacks one black node. */
static void erase_fixup(struct va_tree *tree, struct va_walk *w, u32 x, u32 p)
{
	struct va_store *s = tree->store;

	while (x != tree->root && !is_red(s, x)) {
		struct vmap_area *vp = va_get(s, p);
		u32 dir = vp->child[0] != x;
		u32 sib = vp->child[!dir];
		struct vmap_area *vs = va_get(s, sib);
		bool red = look_red(s, w, sib);

		va_write(w, vp);
		va_write(w, vs);
		if (red) {
			set_red(vs, false);
			set_red(vp, true);
			rotate(tree, w, p, dir);
			sib = vp->child[!dir];
			vs = va_get(s, sib);
			va_write(w, vs);
		}
		if (!look_red(s, w, vs->child[!dir]) && !look_red(s, w, vs->child[dir])) {
			set_red(vs, true);
			x = p;
			p = parent_of(vp);
			continue;
		}
		if (!is_red(s, vs->child[!dir])) {
			set_red(va_get(s, vs->child[dir]), false);
			set_red(vs, true);
			rotate(tree, w, sib, !dir);
			sib = vp->child[!dir];
			vs = va_get(s, sib);
		}
		set_red(vs, vp->parent & RED);
		set_red(vp, false);
		set_red(va_get(s, vs->child[!dir]), false);
		va_write(w, va_get(s, vs->child[!dir]));
		rotate(tree, w, p, dir);
		return;
	}
	if (x)
		set_red(va_get(s, x), false);
}

/* Take the leftmost node of the right subtree of @i and put it in the place of @i. */
static void splice_successor(struct va_tree *tree, struct va_walk *w, u32 i, u32 y, u32 *xp)
{
	struct va_store *s = tree->store;
	struct vmap_area *va = va_get(s, i), *vy = va_get(s, y);
	u32 x = vy->child[1];

	*xp = parent_of(vy);
	if (*xp == i) {
		*xp = y;
	} else {
		replace_child(tree, w, *xp, y, x);
		if (x)
			set_parent(va_get(s, x), *xp);
		vy->child[1] = va->child[1];
		set_parent(va_get(s, vy->child[1]), y);
		va_write(w, va_get(s, vy->child[1]));
	}
	vy->child[0] = va->child[0];
	set_parent(va_get(s, vy->child[0]), y);
	va_write(w, va_get(s, vy->child[0]));
	replace_child(tree, w, parent_of(va), i, y);
	vy->parent = va->parent;
	vy->max = va->max;
	va_write(w, vy);
}

void va_erase(struct va_tree *tree, struct va_walk *w, u32 i)
{
	struct va_store *s = tree->store;
	struct vmap_area *va = va_get(s, i);
	u32 x, xp, y = i;
	bool black;

	va_read(w, va);
	va_write(w, va);
	list_unlink(tree, w, va);
	tree->nr--;
	if (va->child[0] && va->child[1]) {
		y = va->child[1];
		va_read(w, va_get(s, y));
		while (va_get(s, y)->child[0]) {
			y = va_get(s, y)->child[0];
			va_read(w, va_get(s, y));
		}
		x = va_get(s, y)->child[1];
		black = !is_red(s, y);
		splice_successor(tree, w, i, y, &xp);
	} else {
		x = va->child[0] ? va->child[0] : va->child[1];
		xp = parent_of(va);
		black = !is_red(s, i);
		replace_child(tree, w, xp, i, x);
		if (x) {
			set_parent(va_get(s, x), xp);
			va_write(w, va_get(s, x));
		}
	}
	if (tree->augmented) {
		va_propagate(tree, w, xp);
		if (y != i)
			va_propagate(tree, w, y);
	}
	if (black && (x || xp))
		erase_fixup(tree, w, x, xp);
}

u32 va_find(struct va_tree *tree, struct va_walk *w, u64 addr)
{
	u32 i = tree->root;

	while (i) {
		struct vmap_area *va = va_get(tree->store, i);

		prefetch_children(tree->store, va);
		va_read(w, va);
		if (addr < va->start)
			i = va->child[0];
		else if (addr >= va_end_page(va))
			i = va->child[1];
		else
			return i;
	}
	return 0;
}

bool va_insert(struct va_tree *tree, struct va_walk *w, u32 i)
{
	struct vmap_area *va = va_get(tree->store, i);
	struct va_link link;

	if (!va_find_link(tree, w, va->start, va->size, &link))
		return false;
	va_link(tree, w, i, &link);
	return true;
}

/* Grow a neighbour of @va or insert; objects that are superfluous now go to @spare. */
static u32 merge_or_link(struct va_tree *tree, struct va_walk *w, u32 i, const struct va_link *link,
			 u32 spare[2], u32 *nr_spare)
{
	struct va_store *s = tree->store;
	struct vmap_area *va = va_get(s, i);
	u32 next = link->next, prev = next ? va_get(s, next)->prev : tree->last;

	if (next && va_get(s, next)->start == va_end_page(va)) {
		struct vmap_area *vn = va_get(s, next);

		vn->start = va->start;
		vn->size += va->size;
		va_write(w, vn);
		spare[(*nr_spare)++] = i;
		i = next;
		va = vn;
	}
	if (prev && va_end_page(va_get(s, prev)) == va->start) {
		struct vmap_area *vp = va_get(s, prev);

		if (i == next)
			va_erase(tree, w, i);
		vp->size += va->size;
		va_write(w, vp);
		spare[(*nr_spare)++] = i;
		i = prev;
	} else if (i != next) {
		va_link(tree, w, i, link);
		return i;
	}
	if (tree->augmented)
		va_propagate(tree, w, i);
	return i;
}

u32 va_merge_or_add(struct va_tree *tree, struct va_walk *w, u32 i)
{
	struct va_store *s = tree->store;
	struct vmap_area *va = va_get(s, i);
	u32 spare[2], nr_spare = 0;
	struct va_link link;

	va_read(w, va);
	if (!va_find_link(tree, w, va->start, va->size, &link))
		return 0;
	i = merge_or_link(tree, w, i, &link, spare, &nr_spare);
	/* freeing takes time, in which others may see the tree: it is whole by now */
	for (u32 k = 0; k < nr_spare; k++)
		va_set_state(va_get(s, spare[k]), VA_UNUSED);
	for (u32 k = 0; k < nr_spare; k++)
		va_free(s, w->t, spare[k]);
	return i;
}

/* Black height of the subtree, or -1. */
static int check_node(const struct va_tree *tree, u32 i, u32 depth, u32 *nr)
{
	const struct vmap_area *va;
	int l, r;

	if (!i)
		return 0;
	va = va_get(tree->store, i);
	if (depth > 64 || ++*nr > tree->nr)
		return -1;
	for (u32 d = 0; d < 2; d++) {
		if (va->child[d] && parent_of(va_get(tree->store, va->child[d])) != i)
			return -1;
		if (is_red(tree->store, i) && is_red(tree->store, va->child[d]))
			return -1;
	}
	if (tree->augmented && va->max != subtree_max(tree->store, va))
		return -1;
	l = check_node(tree, va->child[0], depth + 1, nr);
	r = check_node(tree, va->child[1], depth + 1, nr);
	if (l < 0 || l != r)
		return -1;
	return l + !is_red(tree->store, i);
}

static u32 leftmost(const struct va_tree *tree, u32 i)
{
	while (i && va_get(tree->store, i)->child[0])
		i = va_get(tree->store, i)->child[0];
	return i;
}

/* In-order successor by the tree alone. */
static u32 tree_next(const struct va_tree *tree, u32 i)
{
	const struct vmap_area *va = va_get(tree->store, i);
	u32 p;

	if (va->child[1])
		return leftmost(tree, va->child[1]);
	while ((p = parent_of(va_get(tree->store, i))) && va_get(tree->store, p)->child[1] == i)
		i = p;
	return p;
}

const char *va_tree_check(const struct va_tree *tree)
{
	u32 nr = 0, prev = 0, i = leftmost(tree, tree->root);

	if (is_red(tree->store, tree->root))
		return "vmap: the root is red";
	if (check_node(tree, tree->root, 0, &nr) < 0 || nr != tree->nr)
		return "vmap: colours, parents, count or subtree sizes of a tree are wrong";
	if (i != tree->first)
		return "vmap: the list does not start with the first area of the tree";
	for (; i; prev = i, i = tree_next(tree, i)) {
		const struct vmap_area *va = va_get(tree->store, i);

		if (va->prev != prev || (prev && va_get(tree->store, prev)->next != i))
			return "vmap: list order differs from tree order";
		if (prev && va_end_page(va_get(tree->store, prev)) > va->start)
			return "vmap: two areas of a tree overlap";
		if (tree->augmented && prev && va_end_page(va_get(tree->store, prev)) == va->start)
			return "vmap: two adjacent free areas are not merged";
	}
	if (prev != tree->last)
		return "vmap: the list does not end with the last area of the tree";
	return NULL;
}
