/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Cost of touching a cache line, by who touched it before and how long ago.
 * Facts: reference machine.md 1.2, section 0 decisions 1-3.
 */
#include "sim/hw/line.h"

/* Touches of the machine since the last one of @l, in stamp units; that CPU may be ahead of us. */
static inline s32 since(const struct gline *l, u64 seen)
{
	return (s32)((u32)(seen >> 32) - (u32)(l->seen >> 32));
}

static inline bool is_aged(const struct exec *x, const struct gline *l, u64 seen)
{
	return since(l, seen) > (s32)x->age_stamps;
}

static inline void gline_touched(struct gline *l, const struct cpu *me, u64 seen)
{
	l->seen = seen;
	l->last = me->id;
}

/* Re-read of a line this CPU has touched last. */
static inline u64 own_cost(const struct exec *x, const struct gline *l, u64 seen)
{
	const u64 *c = x->hw->c;
	u32 distance = ((u32)seen - (u32)l->seen) & LINE_TOUCHES;

	if (distance < LINE_L1_LINES)
		return c[MK_LAT_L1];
	if (distance < LINE_L2_LINES)
		return c[MK_LAT_L2];
	return is_aged(x, l, seen) ? hw_mem(x->hw, x->cpu, l->home) : c[MK_LAT_LLC];
}

/*
 * Re-read of a line this CPU still shares: how many lines it has touched since
 * anybody touched @l is estimated, as its part of the touches of all busy CPUs.
 */
static inline u64 shared_cost(const struct exec *x, const struct gline *l, u64 seen)
{
	s32 stamps = since(l, seen);
	u32 touches = stamps > 0 ? (u32)stamps << LINE_STAMP_SHIFT : 0;
	u64 cpus = x->active_cpus ? x->active_cpus : 1;

	if (touches < LINE_L1_LINES * cpus)
		return x->hw->c[MK_LAT_L1];
	return x->hw->c[touches < LINE_L2_LINES * cpus ? MK_LAT_L2 : MK_LAT_LLC];
}

/* Sharer bit of the last toucher; without a look at its struct cpu where possible. */
static inline u64 last_share(const struct hw *hw, const struct gline *l)
{
	return unlikely(hw->coarse_sharers) ? hw->cpus[l->last].share_self : 1ULL << l->last;
}

u64 gline_read_miss(struct exec *x, struct gline *l, u64 seen)
{
	const struct cpu *me;
	const struct hw *hw;
	u64 ps;

	if (unlikely(!x))
		return 0;
	me = x->cpu;
	hw = x->hw;
	if (l->last == me->id) {
		ps = own_cost(x, l, seen);
		l->seen = seen;
		return ps;
	}
	if (unlikely(is_aged(x, l, seen) || l->last == LINE_NO_OWNER)) {
		ps = hw_mem(hw, me, l->home);
		l->sharers = 0;
	} else if (l->dirty) {
		ps = hw->xfer[me->dist[l->last]];
		l->sharers = last_share(hw, l);
	} else if (l->sharers & me->share_self && !hw->coarse_sharers) {
		ps = shared_cost(x, l, seen);
	} else if (l->sharers & me->share_llc) {
		ps = hw->c[MK_LAT_LLC];
	} else {
		ps = hw_mem(hw, me, l->home);
	}
	l->dirty = 0;
	l->sharers |= me->share_self;
	gline_touched(l, me, seen);
	return ps;
}

u64 gline_read_cost(struct exec *x, struct gline *l)
{
	x->seen++;
	return gline_read_miss(x, l, x->seen);
}

/* Without a call, which would cost the callers their registers. */
static inline u64 nr_bits(u64 v)
{
	v -= v >> 1 & 0x5555555555555555ULL;
	v = (v & 0x3333333333333333ULL) + (v >> 2 & 0x3333333333333333ULL);
	return ((v + (v >> 4)) & 0x0f0f0f0f0f0f0f0fULL) * 0x0101010101010101ULL >> 56;
}

static inline enum hw_dist farthest(const struct cpu *me, u64 others)
{
	if (!(others & ~me->share_llc))
		return others & me->not_core ? DIST_LLC : DIST_SMT;
	if (!(others & ~me->share_node))
		return DIST_XLLC;
	return others & ~me->share_socket ? DIST_XSOCK : DIST_XNODE;
}

/* Transfer from the farthest holder other than this CPU, plus invalidation of the sharers. */
static inline u64 invalidate_cost(const struct hw *hw, const struct cpu *me, u64 sharers)
{
	u64 others = sharers & me->not_self;
	u64 ps;

	if (!others)
		return 0;
	ps = hw->xfer[farthest(me, others)];
	if (unlikely(hw->c[MK_INVAL_PER_SHARER]))
		ps += hw->c[MK_INVAL_PER_SHARER] * nr_bits(sharers & ~me->share_self);
	return ps;
}

static inline void gline_owned(struct gline *l, const struct cpu *me, u64 seen)
{
	l->dirty = 1;
	l->sharers = me->share_self;
	gline_touched(l, me, seen);
}

/* The touch is counted already. */
static inline u64 write_cost(struct exec *x, struct gline *l, u64 seen)
{
	const struct cpu *me = x->cpu;
	const struct hw *hw = x->hw;
	u64 ps;

	if (l->last == me->id && (l->dirty || l->sharers == me->share_self)) {
		ps = own_cost(x, l, seen);
	} else if (unlikely(is_aged(x, l, seen) || l->last == LINE_NO_OWNER)) {
		ps = hw_mem(hw, me, l->home);
	} else if (l->dirty) {
		ps = hw->xfer[me->dist[l->last]];
	} else {
		ps = max_u64(invalidate_cost(hw, me, l->sharers), hw->c[MK_LAT_L1]);
	}
	gline_owned(l, me, seen);
	return ps;
}

u64 gline_write_cost(struct exec *x, struct gline *l)
{
	x->seen++;
	return write_cost(x, l, x->seen);
}

u64 gline_write_miss(struct exec *x, struct gline *l, u64 seen, u64 ahead)
{
	u64 ps, l1;

	if (unlikely(!x))
		return 0;
	ps = write_cost(x, l, seen);
	l1 = x->hw->c[MK_LAT_L1];
	if (ps <= l1)
		return ps;
	x->nr_stores++;
	x->drain_until = max_u64(x->drain_until, x->proc.clock + ahead + ps);
	return l1;
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

u64 line_rmw(struct exec *x, struct line *l)
{
	const struct cpu *me = x->cpu;
	const struct hw *hw = x->hw;
	u64 start, ps;
	u16 prev;

	proc_assert_open(&x->proc);
	start = line_start(x, l);
	prev = l->g.last;
	if (start > x->proc.clock && prev != LINE_NO_OWNER) {
		x->seen++;
		gline_owned(&l->g, me, x->seen);
		ps = hw->rmw_hot[me->dist[prev]];
	} else {
		ps = gline_write_cost(x, &l->g);
		if (prev == me->id && ps <= hw->c[MK_LAT_L1])
			ps = 0;
		ps += hw->c[MK_RMW_LOCAL];
	}
	l->busy_until = start + ps;
	ps = start + ps - x->proc.clock;
	exec_charge(x, CPU_ATOMIC_STALL, ps);
	return ps;
}
