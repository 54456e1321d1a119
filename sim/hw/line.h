/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Cache-line objects: the only source of coherence cost (reference machine.md
 * 1.2 with the decisions of section 0: lines have a memory, stores of a section
 * drain before the unlock is seen).
 *
 * struct gline is *guarded*: it belongs to an object that is only touched while
 * holding the lock that guards it (tree nodes, list heads). struct line is
 * *open*: lock words, global counters; every access is an interaction point and
 * transfers are serialised.
 *
 * Which lines a CPU or LLC group still holds is decided by counting touches. The
 * group's count is approximated by the machine's count divided by the number of
 * LLC groups with a busy CPU, both as of the thread's last interaction point, so
 * that it does not depend on the engine. A sharer other than the last toucher has its
 * own distance estimated the same way over busy CPUs.
 */
#ifndef MMSIM_HW_LINE_H
#define MMSIM_HW_LINE_H

#include "sim/hw/exec.h"

#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif

#define LINE_NO_OWNER 0xffff
#define LINE_L1_LINES 512
#define LINE_L2_LINES 8192
#define LINE_STAMP_SHIFT 6 /* stamps count 64 touches each, so that they do not wrap */

/*
 * What a thread knows of the counts, in one word because each touch stores both:
 * touches of the machine / 64 << 32 | touches of its CPU. The latter have 31 bits
 * and one to grow into until the thread looks at the counts again.
 */
#define LINE_TOUCHES INT32_MAX

/* 20 bytes, so that a tree node with its line fits into 64. All zero is not valid: gline_init(). */
struct gline {
	u64 sharers; /* bit per CPU, or per LLC group on machines above 64 CPUs */
	u64 seen; /* the counts as the last toucher knew them */
	u16 last; /* last toucher, always one of the sharers; LINE_NO_OWNER: nobody yet */
	u8 dirty; /* modified by last */
	u8 home; /* NUMA node */
} __attribute__((packed, aligned(4)));

struct line {
	struct gline g;
	u64 busy_until; /* transfers of one line do not overlap */
};

/* Cost of a walk over guarded lines, charged in one go by walk_charge(). */
struct walk {
	u64 stall; /* ps of line stalls */
	u64 work; /* ps of CPU work, not yet stretched by SMT */
};

static inline void gline_init(struct gline *l, u8 home)
{
	*l = (struct gline){ .last = LINE_NO_OWNER, .home = home };
}

/* Latency of reading @l, and its new state. */
u64 gline_read_cost(struct exec *x, struct gline *l);

/* Latency of owning @l for writing, and its new state. */
u64 gline_write_cost(struct exec *x, struct gline *l);

/* The machine's and the CPU's counts take over what @x has touched. */
static inline void exec_commit_touches(struct exec *x)
{
	struct cpu *c = x->cpu;

	x->hw->touches += (u32)x->seen - c->touches;
	c->touches = (u32)x->seen & LINE_TOUCHES;
}

/* What the thread may know of the counts from now on. */
static inline void exec_read_touches(struct exec *x)
{
	x->seen = x->hw->touches >> LINE_STAMP_SHIFT << 32 | x->cpu->touches;
}

/*
 * Touches of many lines by code without interaction points. A pass is a local
 * variable of a function that hands its address to inlined functions only, so
 * that the compiler keeps it in registers; it ends in the walk it began with.
 */
struct line_pass {
	struct exec *x; /* NULL: free of charge */
	u64 seen;
	u64 stall, work; /* of the walk */
	u64 l1; /* cost of a hit */
	u32 me; /* CPU; without @x one that never hits */
};

static inline struct line_pass pass_begin(struct exec *x, const struct walk *w)
{
	struct line_pass p = { .x = x, .me = LINE_NO_OWNER + 1 };

	if (x) {
		p.seen = x->seen;
		p.stall = w->stall;
		p.work = w->work;
		p.l1 = x->hw->c[MK_LAT_L1];
		p.me = x->cpu->id;
	}
	return p;
}

static inline void pass_end(const struct line_pass *p, struct walk *w)
{
	if (!p->x)
		return;
	p->x->seen = p->seen;
	w->stall = p->stall;
	w->work = p->work;
}

/*
 * Touched last by this CPU and not yet out of its L1? Counts the touch. May say
 * no where the count has just begun anew: then the miss costs an L1 access.
 */
static inline bool pass_hits_l1(struct line_pass *p, const struct gline *l)
{
	p->seen++;
	return l->last == p->me && (u32)p->seen - (u32)l->seen < LINE_L1_LINES;
}

/*
 * The touch is counted already: read or write of a line that is not in L1, or no
 * touch at all if @x is NULL. Stall of the read; stall of a posted store that
 * begins @ahead after the thread's clock.
 */
u64 gline_read_miss(struct exec *x, struct gline *l, u64 seen);
u64 gline_write_miss(struct exec *x, struct gline *l, u64 seen, u64 ahead);

/* A load the walk waits for. */
static inline void pass_read(struct line_pass *p, struct gline *l)
{
	if (pass_hits_l1(p, l)) {
		l->seen = p->seen;
		p->stall += p->l1;
		return;
	}
	p->stall += gline_read_miss(p->x, l, p->seen);
}

/*
 * A posted store inside a lock section: costs an L1 access now, the rest is seen
 * by the unlock (section 0, decision 2).
 */
static inline void pass_write(struct line_pass *p, struct gline *l)
{
	if (pass_hits_l1(p, l) && l->dirty) {
		l->seen = p->seen;
		p->stall += p->l1;
		return;
	}
	p->stall += gline_write_miss(p->x, l, p->seen, p->stall + p->work);
}

/* A single touch of a walk. */
static inline void gline_read(struct exec *x, struct gline *l, struct walk *w)
{
	struct line_pass p = pass_begin(x, w);

	pass_read(&p, l);
	pass_end(&p, w);
}

static inline void gline_write(struct exec *x, struct gline *l, struct walk *w)
{
	struct line_pass p = pass_begin(x, w);

	pass_write(&p, l);
	pass_end(&p, w);
}

/* Spend what the walk has gathered and start it over. */
void walk_charge(struct exec *x, struct walk *w);

/*
 * Open line: load, store (posted) and atomic read-modify-write; call synchronised. The last
 * returns what it took, queueing included, interrupts not.
 */
void line_load(struct exec *x, struct line *l);
void line_store(struct exec *x, struct line *l);
u64 line_rmw(struct exec *x, struct line *l);

#endif
