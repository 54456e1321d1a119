/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Cost of touching a cache line, by who touched it before and how long ago.
 * Facts: reference machine.md 1.2, section 0 decisions 1-3.
 */
#include "sim/hw/line.h"

/* Touches since @stamp, in stamp units; the toucher may have run ahead of us. */
static inline u32 since(u32 now, u32 stamp)
{
	return (s32)(now - stamp) > 0 ? now - stamp : 0;
}

static inline bool is_aged(const struct exec *x, const struct gline *l)
{
	return since(x->stamp, l->stamp) > x->age_stamps;
}

static inline u32 cpu_distance(const struct exec *x, const struct gline *l)
{
	return x->touches - l->cpu_stamp;
}

/* Re-read of a line this CPU already has, @distance lines ago. */
static u64 own_cost(const struct exec *x, const struct gline *l, u32 distance, bool aged)
{
	const u64 *c = x->hw->c;

	if (distance < LINE_L1_LINES)
		return c[MK_LAT_L1];
	if (distance < LINE_L2_LINES)
		return c[MK_LAT_L2];
	return aged ? hw_mem(x->hw, x->cpu, l->home) : c[MK_LAT_LLC];
}

/* Lines touched by this CPU since @l was last touched by anybody, estimated. */
static u32 est_distance(const struct exec *x, const struct gline *l)
{
	u32 n = since(x->stamp, l->stamp) << LINE_STAMP_SHIFT;

	return n / (x->active_cpus ? x->active_cpus : 1);
}

u64 gline_read_miss(struct exec *x, struct gline *l)
{
	const struct cpu *me = x->cpu;
	bool aged = is_aged(x, l);
	u64 ps;

	if (l->last == me->id) {
		ps = own_cost(x, l, cpu_distance(x, l), aged);
		l->sharers |= me->share_self;
		gline_touched(x, l);
		return ps;
	}
	if (l->last == LINE_NO_OWNER || aged) {
		ps = hw_mem(x->hw, me, l->home);
		l->sharers = 0;
	} else if (l->dirty) {
		ps = x->hw->xfer[me->dist[l->last]];
		l->sharers = x->hw->cpus[l->last].share_self;
	} else if (l->sharers & me->share_self && !x->hw->coarse_sharers) {
		ps = own_cost(x, l, est_distance(x, l), false);
	} else if (l->sharers & me->share_llc) {
		ps = x->hw->c[MK_LAT_LLC];
	} else {
		ps = hw_mem(x->hw, me, l->home);
	}
	l->dirty = 0;
	l->sharers |= me->share_self;
	gline_touched(x, l);
	return ps;
}

u64 gline_read_cost(struct exec *x, struct gline *l)
{
	x->touches++;
	return gline_read_miss(x, l);
}

/* Without a call, which would cost the callers their registers. */
static inline u64 nr_bits(u64 v)
{
	v -= v >> 1 & 0x5555555555555555ULL;
	v = (v & 0x3333333333333333ULL) + (v >> 2 & 0x3333333333333333ULL);
	return ((v + (v >> 4)) & 0x0f0f0f0f0f0f0f0fULL) * 0x0101010101010101ULL >> 56;
}

static inline enum hw_dist farthest(const struct hw *hw, const struct cpu *me, u64 others)
{
	if (!(others & ~me->share_llc)) {
		if (hw->coarse_sharers || others & ~me->share_core)
			return DIST_LLC;
		return DIST_SMT;
	}
	if (!(others & ~me->share_node))
		return DIST_XLLC;
	return others & ~me->share_socket ? DIST_XSOCK : DIST_XNODE;
}

/* Transfer from the farthest holder other than this CPU, plus invalidation of the sharers. */
static inline u64 invalidate_cost(const struct exec *x, u64 sharers)
{
	const struct cpu *me = x->cpu;
	const struct hw *hw = x->hw;
	u64 others = hw->coarse_sharers ? sharers : sharers & ~me->share_self;
	u64 ps;

	if (!others)
		return 0;
	ps = hw->xfer[farthest(hw, me, others)];
	if (unlikely(hw->c[MK_INVAL_PER_SHARER]))
		ps += hw->c[MK_INVAL_PER_SHARER] * nr_bits(sharers & ~me->share_self);
	return ps;
}

static u64 write_clean(const struct exec *x, const struct gline *l)
{
	const struct cpu *me = x->cpu;
	bool aged = is_aged(x, l);

	if (l->last == me->id && l->sharers == me->share_self)
		return own_cost(x, l, cpu_distance(x, l), aged);
	if (l->last == LINE_NO_OWNER || aged)
		return hw_mem(x->hw, me, l->home);
	return max_u64(invalidate_cost(x, l->sharers), x->hw->c[MK_LAT_L1]);
}

static u64 write_dirty(const struct exec *x, const struct gline *l)
{
	const struct cpu *me = x->cpu;
	bool aged = is_aged(x, l);

	if (l->last == me->id)
		return own_cost(x, l, cpu_distance(x, l), aged);
	return aged ? hw_mem(x->hw, me, l->home) : x->hw->xfer[me->dist[l->last]];
}

/* The touch is counted already. */
static inline u64 write_cost(struct exec *x, struct gline *l)
{
	u64 ps = l->dirty ? write_dirty(x, l) : write_clean(x, l);

	l->dirty = 1;
	l->sharers = x->cpu->share_self;
	gline_touched(x, l);
	return ps;
}

u64 gline_write_cost(struct exec *x, struct gline *l)
{
	x->touches++;
	return write_cost(x, l);
}

void gline_write_miss(struct exec *x, struct gline *l, struct walk *w)
{
	u64 ps = write_cost(x, l);
	u64 l1 = x->hw->c[MK_LAT_L1];

	if (ps <= l1) {
		w->stall += ps;
		return;
	}
	x->nr_stores++;
	x->drain_until = max_u64(x->drain_until, x->proc.clock + w->stall + w->work + ps);
	w->stall += l1;
}

void walk_charge(struct exec *x, struct walk *w)
{
	u64 ps = exec_stretch(x, w->work);

	exec_charge(x, CPU_LINE_STALL, w->stall);
	exec_charge(x, CPU_WORK, ps);
	w->stall = 0;
	w->work = 0;
}

/* Start of service of a request that arrives now: transfers of a line do not overlap. */
static u64 line_start(const struct exec *x, const struct line *l)
{
	return max_u64(x->proc.clock, l->busy_until);
}

void line_load(struct exec *x, struct line *l)
{
	u64 start, ps;

	proc_assert_open(&x->proc);
	start = line_start(x, l);
	ps = gline_read_cost(x, &l->g);
	if (ps > x->hw->c[MK_LAT_LLC])
		l->busy_until = start + ps;
	else
		start = x->proc.clock;
	exec_charge(x, CPU_LINE_STALL, start + ps - x->proc.clock);
}

void line_store(struct exec *x, struct line *l)
{
	u64 start, ps;

	proc_assert_open(&x->proc);
	start = line_start(x, l);
	ps = gline_write_cost(x, &l->g);
	l->busy_until = start + ps;
	if (x->section && ps > x->hw->c[MK_LAT_L1]) {
		x->nr_stores++;
		x->drain_until = max_u64(x->drain_until, start + ps);
	}
	exec_charge(x, CPU_LINE_STALL, min_u64(ps, x->hw->c[MK_LAT_L1]));
}

void line_rmw(struct exec *x, struct line *l)
{
	const struct hw *hw = x->hw;
	u64 start, ps;
	u16 prev;

	proc_assert_open(&x->proc);
	start = line_start(x, l);
	prev = l->g.last;
	ps = gline_write_cost(x, &l->g);
	if (prev == x->cpu->id && ps <= hw->c[MK_LAT_L1])
		ps = hw->c[MK_RMW_LOCAL];
	else
		ps += hw->c[MK_RMW_LOCAL];
	if (start > x->proc.clock && prev != LINE_NO_OWNER)
		ps = hw->rmw_hot[hw_dist(hw, prev, x->cpu->id)];
	l->busy_until = start + ps;
	exec_charge(x, CPU_ATOMIC_STALL, start + ps - x->proc.clock);
}
