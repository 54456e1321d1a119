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

#define LINE_NO_OWNER 0xffff
#define LINE_L1_LINES 512
#define LINE_L2_LINES 8192
#define LINE_STAMP_SHIFT 6 /* stamps count 64 touches each, so that they do not wrap */

/* 20 bytes, so that a tree node with its line fits into 64. All zero is not valid: gline_init(). */
struct gline {
	u64 sharers; /* bit per CPU, or per LLC group on machines above 64 CPUs */
	u32 stamp; /* machine-wide touches / 64 at the last touch */
	u32 cpu_stamp; /* touches of the last toucher's CPU at that time */
	u16 last; /* last toucher, LINE_NO_OWNER: nobody yet */
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
	x->hw->touches += x->touches - x->cpu->touches;
	x->cpu->touches = x->touches;
}

/* What the thread may know of the counts from now on. */
static inline void exec_read_touches(struct exec *x)
{
	x->stamp = (u32)(x->hw->touches >> LINE_STAMP_SHIFT);
	x->touches = x->cpu->touches;
}

static inline void gline_touched(struct exec *x, struct gline *l)
{
	l->stamp = x->stamp;
	l->cpu_stamp = x->touches;
	l->last = x->cpu->id;
}

/* Touched last by this CPU and not yet out of its L1? Counts the touch. */
static inline bool gline_in_l1(struct exec *x, const struct gline *l)
{
	x->touches++;
	return l->last == x->cpu->id && x->touches - l->cpu_stamp < LINE_L1_LINES;
}

/* The touch is counted already: read or write of a line that is not in L1. */
u64 gline_read_miss(struct exec *x, struct gline *l);
void gline_write_miss(struct exec *x, struct gline *l, struct walk *w);

/* A load the walk waits for. */
static inline void gline_read(struct exec *x, struct gline *l, struct walk *w)
{
	if (gline_in_l1(x, l)) {
		l->sharers |= x->cpu->share_self;
		gline_touched(x, l);
		w->stall += x->hw->c[MK_LAT_L1];
		return;
	}
	w->stall += gline_read_miss(x, l);
}

/*
 * A posted store inside a lock section: costs an L1 access now, the rest is seen
 * by the unlock (section 0, decision 2).
 */
static inline void gline_write(struct exec *x, struct gline *l, struct walk *w)
{
	if (gline_in_l1(x, l) && l->dirty) {
		gline_touched(x, l);
		w->stall += x->hw->c[MK_LAT_L1];
		return;
	}
	gline_write_miss(x, l, w);
}

/* Spend what the walk has gathered and start it over. */
void walk_charge(struct exec *x, struct walk *w);

/* Open line: load, store (posted) and atomic read-modify-write; each synchronises first. */
void line_load(struct exec *x, struct line *l);
void line_store(struct exec *x, struct line *l);
void line_rmw(struct exec *x, struct line *l);

#endif
