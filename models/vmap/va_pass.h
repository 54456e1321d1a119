/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A stretch of a walk over areas that reaches no interaction point. Host time
 * goes into touching nodes, so what each touch needs is kept in one local
 * variable, and with it in registers: see struct line_pass. Where a helper that
 * is not inlined needs the pass, it is given a copy.
 */
#ifndef MMSIM_MODELS_VMAP_VA_PASS_H
#define MMSIM_MODELS_VMAP_VA_PASS_H

#include "models/vmap/va.h"

struct va_pass {
	struct va_tree *tree;
	struct vmap_area *area; /* of the store, by index */
	struct line_pass line;
	u64 step; /* work at a node the walk stops at */
};

static inline struct va_pass va_pass_begin(struct va_tree *tree, const struct va_walk *w)
{
#ifdef MMSIM_DEBUG
	if (w->t && tree->guard)
		lockdep_assert_held(w->t, tree->guard);
#endif
	return (struct va_pass){
		.tree = tree,
		.area = tree->store->area,
		.line = pass_begin(w->t ? &w->t->x : NULL, &w->w),
		.step = w->t ? cost(w->t, MK_TREE_NODE) : 0,
	};
}

static inline void va_pass_end(const struct va_pass *p, struct va_walk *w)
{
	pass_end(&p->line, &w->w);
}

/* As va_read(), va_look(), va_write(). */
static inline void pass_va_read(struct va_pass *p, struct vmap_area *va)
{
	pass_read(&p->line, &va->line);
	p->line.work += p->step;
}

static inline void pass_va_look(struct va_pass *p, struct vmap_area *va)
{
	pass_read(&p->line, &va->line);
}

static inline void pass_va_write(struct va_pass *p, struct vmap_area *va)
{
	pass_write(&p->line, &va->line);
}

#endif
