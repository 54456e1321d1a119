// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Red-black tree and address-sorted list of vmap areas, plain or augmented with
 * the largest size of each subtree (reference vmap.md 1.2). The tree has no lock
 * of its own: the caller holds the one that guards it.
 */
#include "models/vmap/va_pass.h"

#define RED 1u

/* Where a new node would be linked. */
struct va_link {
	u32 parent;
	u32 dir;
	u32 next; /* first area after it, 0 if none */
};

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

static inline bool is_red(const struct vmap_area *area, u32 i)
{
	return i && area[i].parent & RED;
}

static inline u32 max_of(const struct vmap_area *area, u32 i)
{
	return i ? area[i].max : 0;
}

static inline u32 subtree_max(const struct vmap_area *area, const struct vmap_area *va)
{
	u64 m = max_u64(max_of(area, va->child[0]), max_of(area, va->child[1]));

	return (u32)max_u64(m, va->size);
}

/* Looks at both children, as the kernel's callback does. */
static inline u32 compute_max(struct va_pass *p, const struct vmap_area *va)
{
	for (u32 dir = 0; dir < 2; dir++)
		if (va->child[dir])
			pass_va_look(p, &p->area[va->child[dir]]);
	return subtree_max(p->area, va);
}

/* The colour of a node that is not on the path; no node is black. */
static inline bool look_red(struct va_pass *p, u32 i)
{
	if (!i)
		return false;
	pass_va_look(p, &p->area[i]);
	return is_red(p->area, i);
}

/* On the host, large trees are bound by cache misses: fetch what the next step may need. */
static inline void prefetch_children(const struct va_pass *p, const struct vmap_area *va)
{
	__builtin_prefetch(&p->area[va->child[0]]);
	__builtin_prefetch(&p->area[va->child[1]]);
}

void va_tree_init(struct va_tree *tree, struct va_store *s, bool augmented)
{
	*tree = (struct va_tree){ .store = s, .augmented = augmented };
}

static inline void propagate(struct va_pass *p, u32 i)
{
	while (i) {
		struct vmap_area *va = &p->area[i];
		u32 m;

		pass_va_read(p, va);
		m = compute_max(p, va);
		if (va->max == m)
			return;
		va->max = m;
		pass_va_write(p, va);
		i = parent_of(va);
	}
}

void va_propagate(struct va_tree *tree, struct va_walk *w, u32 i)
{
	struct va_pass p = va_pass_begin(tree, w);

	propagate(&p, i);
	va_pass_end(&p, w);
}

/* Put @new in the place of @old below @parent. */
static inline void replace_child(struct va_pass *p, u32 parent, u32 old, u32 new)
{
	struct vmap_area *vp = &p->area[parent];

	if (!parent) {
		p->tree->root = new;
		return;
	}
	vp->child[vp->child[1] == old] = new;
	pass_va_write(p, vp);
}

/* @x goes down on side @dir, its other child comes up. */
static __always_inline void rotate(struct va_pass *p, u32 x, u32 dir)
{
	struct vmap_area *area = p->area, *vx = &area[x];
	u32 y = vx->child[!dir], parent = parent_of(vx);
	struct vmap_area *vy = &area[y];
	u32 inner = vy->child[dir];

	vx->child[!dir] = inner;
	if (inner) {
		set_parent(&area[inner], x);
		pass_va_write(p, &area[inner]);
	}
	set_parent(vy, parent);
	replace_child(p, parent, x, y);
	vy->child[dir] = x;
	set_parent(vx, y);
	if (p->tree->augmented) {
		vy->max = vx->max;
		vx->max = compute_max(p, vx);
	}
	pass_va_write(p, vx);
	pass_va_write(p, vy);
}

static __always_inline void insert_fixup(struct va_pass *p, u32 z)
{
	struct vmap_area *area = p->area;
	u32 parent;

	while ((parent = parent_of(&area[z])) && is_red(area, parent)) {
		struct vmap_area *vp = &area[parent];
		u32 g = parent_of(vp);
		struct vmap_area *vg = &area[g];
		u32 dir = vg->child[1] == parent;
		u32 uncle = vg->child[!dir];

		pass_va_write(p, vg);
		pass_va_write(p, vp);
		if (look_red(p, uncle)) {
			set_red(&area[uncle], false);
			pass_va_write(p, &area[uncle]);
			set_red(vp, false);
			set_red(vg, true);
			z = g;
			continue;
		}
		if (vp->child[!dir] == z) {
			rotate(p, parent, dir);
			parent = z;
		}
		set_red(&area[parent], false);
		set_red(vg, true);
		rotate(p, g, !dir);
		break;
	}
	set_red(&area[p->tree->root], false);
}

/* A smaller tree is in the host's caches, or nearly so. */
#define PREFETCH_NODES 1024

/* Where [start, start + size) belongs; false if it overlaps an area. */
static __always_inline bool descend(struct va_pass *p, u64 start, u32 size, struct va_link *link,
				    bool prefetch)
{
	u32 i = p->tree->root, parent = 0, dir = 0, nr = 0;
	bool overlaps = false;

	for (; i && !overlaps; nr++) {
		struct vmap_area *va = &p->area[i];

		if (prefetch)
			prefetch_children(p, va);
		pass_va_look(p, va);
		parent = i;
		dir = start >= va->start;
		overlaps = dir ? start < va_end_page(va) : start + size > va->start;
		i = va->child[dir];
	}
	p->line.work += nr * p->step;
	if (overlaps)
		return false;
	link->parent = parent;
	link->dir = dir;
	if (!parent)
		link->next = p->tree->first;
	else
		link->next = dir ? p->area[parent].next : parent;
	return true;
}

static __always_inline bool find_link(struct va_pass *p, u64 start, u32 size, struct va_link *link)
{
	if (p->tree->nr < PREFETCH_NODES)
		return descend(p, start, size, link, false);
	return descend(p, start, size, link, true);
}

static inline void list_link(struct va_pass *p, u32 i, u32 next)
{
	struct va_tree *tree = p->tree;
	struct vmap_area *va = &p->area[i], *vp, *vn = &p->area[next];
	u32 prev = next ? vn->prev : tree->last;

	vp = &p->area[prev];
	va->prev = prev;
	va->next = next;
	if (prev) {
		vp->next = i;
		pass_va_write(p, vp);
	} else {
		tree->first = i;
	}
	if (next) {
		vn->prev = i;
		pass_va_write(p, vn);
	} else {
		tree->last = i;
	}
}

static inline void list_unlink(struct va_pass *p, const struct vmap_area *va)
{
	struct vmap_area *vp = &p->area[va->prev], *vn = &p->area[va->next];

	if (va->prev) {
		vp->next = va->next;
		pass_va_write(p, vp);
	} else {
		p->tree->first = va->next;
	}
	if (va->next) {
		vn->prev = va->prev;
		pass_va_write(p, vn);
	} else {
		p->tree->last = va->prev;
	}
}

static __always_inline void link_area(struct va_pass *p, u32 i, const struct va_link *link)
{
	struct vmap_area *va = &p->area[i], *vp = &p->area[link->parent];

	va->child[0] = 0;
	va->child[1] = 0;
	va->parent = link->parent << 1 | RED;
	va->max = va->size;
	pass_va_write(p, va);
	if (link->parent) {
		vp->child[link->dir] = i;
		pass_va_write(p, vp);
	} else {
		p->tree->root = i;
	}
	list_link(p, i, link->next);
	p->tree->nr++;
	if (p->tree->augmented)
		propagate(p, link->parent);
	insert_fixup(p, i);
}

/* @x (maybe none), child of @parent, lacks one black node. */
static __always_inline void erase_fixup(struct va_pass *p, u32 x, u32 parent)
{
	struct vmap_area *area = p->area;

	while (x != p->tree->root && !is_red(area, x)) {
		struct vmap_area *vp = &area[parent];
		u32 dir = vp->child[0] != x;
		u32 sib = vp->child[!dir];
		struct vmap_area *vs = &area[sib];
		bool red = look_red(p, sib);

		pass_va_write(p, vp);
		pass_va_write(p, vs);
		if (red) {
			set_red(vs, false);
			set_red(vp, true);
			rotate(p, parent, dir);
			sib = vp->child[!dir];
			vs = &area[sib];
			pass_va_write(p, vs);
		}
		if (!look_red(p, vs->child[!dir]) && !look_red(p, vs->child[dir])) {
			set_red(vs, true);
			x = parent;
			parent = parent_of(vp);
			continue;
		}
		if (!is_red(area, vs->child[!dir])) {
			set_red(&area[vs->child[dir]], false);
			set_red(vs, true);
			rotate(p, sib, !dir);
			sib = vp->child[!dir];
			vs = &area[sib];
		}
		set_red(vs, vp->parent & RED);
		set_red(vp, false);
		set_red(&area[vs->child[!dir]], false);
		pass_va_write(p, &area[vs->child[!dir]]);
		rotate(p, parent, dir);
		return;
	}
	if (x)
		set_red(&area[x], false);
}

/* Take the leftmost node of the right subtree of @i and put it in the place of @i. */
static inline void splice_successor(struct va_pass *p, u32 i, u32 y, u32 *xp)
{
	struct vmap_area *area = p->area, *va = &area[i], *vy = &area[y];
	u32 x = vy->child[1];

	*xp = parent_of(vy);
	if (*xp == i) {
		*xp = y;
	} else {
		replace_child(p, *xp, y, x);
		if (x)
			set_parent(&area[x], *xp);
		vy->child[1] = va->child[1];
		set_parent(&area[vy->child[1]], y);
		pass_va_write(p, &area[vy->child[1]]);
	}
	vy->child[0] = va->child[0];
	set_parent(&area[vy->child[0]], y);
	pass_va_write(p, &area[vy->child[0]]);
	replace_child(p, parent_of(va), i, y);
	vy->parent = va->parent;
	if (p->tree->augmented)
		vy->max = va->max;
	pass_va_write(p, vy);
}

static __always_inline void erase(struct va_pass *p, u32 i)
{
	struct vmap_area *area = p->area, *va = &area[i];
	u32 x, xp, y = i;
	bool black;

	pass_va_read(p, va);
	pass_va_write(p, va);
	list_unlink(p, va);
	p->tree->nr--;
	if (va->child[0] && va->child[1]) {
		y = va->child[1];
		pass_va_read(p, &area[y]);
		while (area[y].child[0]) {
			y = area[y].child[0];
			pass_va_read(p, &area[y]);
		}
		x = area[y].child[1];
		black = !is_red(area, y);
		splice_successor(p, i, y, &xp);
	} else {
		x = va->child[0] ? va->child[0] : va->child[1];
		xp = parent_of(va);
		black = !is_red(area, i);
		replace_child(p, xp, i, x);
		if (x) {
			set_parent(&area[x], xp);
			pass_va_write(p, &area[x]);
		}
	}
	if (p->tree->augmented) {
		propagate(p, xp);
		if (y != i)
			propagate(p, y);
	}
	if (black && (x || xp))
		erase_fixup(p, x, xp);
}

void va_erase(struct va_tree *tree, struct va_walk *w, u32 i)
{
	struct va_pass p = va_pass_begin(tree, w);

	erase(&p, i);
	va_pass_end(&p, w);
}

u32 va_find(struct va_tree *tree, struct va_walk *w, u64 addr)
{
	struct va_pass p = va_pass_begin(tree, w);
	bool prefetch = tree->nr >= PREFETCH_NODES;
	u32 i = tree->root;

	while (i) {
		struct vmap_area *va = &p.area[i];

		if (prefetch)
			prefetch_children(&p, va);
		pass_va_read(&p, va);
		if (addr < va->start)
			i = va->child[0];
		else if (addr >= va_end_page(va))
			i = va->child[1];
		else
			break;
	}
	va_pass_end(&p, w);
	return i;
}

bool va_insert(struct va_tree *tree, struct va_walk *w, u32 i)
{
	struct va_pass p = va_pass_begin(tree, w);
	struct vmap_area *va = &p.area[i];
	struct va_link link;
	bool found = find_link(&p, va->start, va->size, &link);

	if (found)
		link_area(&p, i, &link);
	va_pass_end(&p, w);
	return found;
}

/* erase() for a pass that goes on. */
static void erase_within(struct va_pass *pass, u32 i)
{
	struct va_pass p = *pass;

	erase(&p, i);
	*pass = p;
}

/* Grow a neighbour of @i or insert; objects that are superfluous now go to @spare. */
static __always_inline u32 merge_or_link(struct va_pass *p, u32 i, const struct va_link *link,
					 u32 spare[2], u32 *nr_spare)
{
	struct vmap_area *va = &p->area[i], *vn = &p->area[link->next], *vp;
	u32 next = link->next, prev = next ? vn->prev : p->tree->last;

	if (next && vn->start == va_end_page(va)) {
		vn->start = va->start;
		vn->size += va->size;
		pass_va_write(p, vn);
		spare[(*nr_spare)++] = i;
		i = next;
		va = vn;
	}
	vp = &p->area[prev];
	if (prev && va_end_page(vp) == va->start) {
		if (i == next) {
			struct va_pass q = *p;

			erase_within(&q, i);
			*p = q;
		}
		vp->size += va->size;
		pass_va_write(p, vp);
		spare[(*nr_spare)++] = i;
		i = prev;
	} else if (i != next) {
		link_area(p, i, link);
		return i;
	}
	if (p->tree->augmented)
		propagate(p, i);
	return i;
}

u32 va_merge_or_add(struct va_tree *tree, struct va_walk *w, u32 i)
{
	struct va_pass p = va_pass_begin(tree, w);
	struct vmap_area *va = &p.area[i];
	u32 spare[2], nr_spare = 0;
	struct va_link link;

	pass_va_read(&p, va);
	i = find_link(&p, va->start, va->size, &link) ?
		    merge_or_link(&p, i, &link, spare, &nr_spare) :
		    0;
	va_pass_end(&p, w);
	/* freeing takes time, in which others may see the tree: it is whole by now */
	for (u32 k = 0; k < nr_spare; k++)
		va_set_state(va_get(tree->store, spare[k]), VA_UNUSED);
	for (u32 k = 0; k < nr_spare; k++)
		va_free(tree->store, w->t, spare[k]);
	return i;
}

/* Black height of the subtree, or -1. */
static int check_node(const struct va_tree *tree, u32 i, u32 depth, u32 *nr)
{
	const struct vmap_area *area = tree->store->area, *va = &area[i];
	int l, r;

	if (!i)
		return 0;
	if (depth > 64 || ++*nr > tree->nr)
		return -1;
	for (u32 d = 0; d < 2; d++) {
		if (va->child[d] && parent_of(&area[va->child[d]]) != i)
			return -1;
		if (is_red(area, i) && is_red(area, va->child[d]))
			return -1;
	}
	if (tree->augmented && va->max != subtree_max(area, va))
		return -1;
	l = check_node(tree, va->child[0], depth + 1, nr);
	r = check_node(tree, va->child[1], depth + 1, nr);
	if (l < 0 || l != r)
		return -1;
	return l + !is_red(area, i);
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

	if (is_red(tree->store->area, tree->root))
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
