/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * FIFO spin locks with a timeline: qspinlock (pending bit, MCS queue, hand-over by
 * distance) and the fixed hand-over lock of the closed forms. The ticket and MCS kinds use
 * its ring and add their own rules. Facts: reference
 * machine.md 2.0, 2.4.2, 2.4.3, section 0 decisions 2 and 9; engine.md 2.3.
 *
 * The ring holds the acquisitions that are not over as of now, in grant order. It
 * answers what an arrival sees: is the lock held, does somebody wait, who had it
 * last. spin_grant() is called when the predecessor's release is known: at arrival
 * if the predecessor has run through its section, else at its unlock. Nothing in it
 * depends on which of the two it was.
 */
#include "sim/kern/spin_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sim/kern/bug.h"
#include "sim/kern/irq.h"

const struct frame_site spin_slowpath_site = { "native_queued_spin_lock_slowpath" };

#define RING_START 4U
/* Of one CPU, not yet seen by others because older stores drain slowly: a store buffer's size. */
#define UNLOCKS_UNDER_WAY 60U

static inline struct spin_grant *ring_at(const struct spinlock *l, u32 i)
{
	return &l->ring[i & l->ring_mask];
}

/* Under which symbol waiting for @l is profiled. */
static inline const struct frame_site *slowpath_site(const struct spinlock *l)
{
	if (likely(l->kind < SPIN_TICKET))
		return &spin_slowpath_site;
	if (l->kind == SPIN_CNA)
		return &cna_slowpath_site;
	return l->kind == SPIN_TICKET ? &ticket_slowpath_site : &mcs_slowpath_site;
}

static const char *const kind_names[] = { "qspinlock", "fifo", "tas", "ticket", "mcs", "cna" };

int spin_lock_init(struct kern *k, struct spinlock *l, const char *name, enum spin_kind kind)
{
	u32 size = RING_START;

	memset(l, 0, sizeof(*l));
	if (kind == SPIN_QSPINLOCK && k->virt == VIRT_TAS)
		kind = SPIN_TAS;
	else if (kind == SPIN_QSPINLOCK && k->numa_spinlock && k->virt != VIRT_PV)
		kind = SPIN_CNA;
	l->class = lock_stats_class(&k->lock_stats, name, kind_names[kind]);
	if (!l->class)
		return -ENOMEM;
	while (size < k->hw->nr_cpus + UNLOCKS_UNDER_WAY)
		size *= 2;
	if (kind != SPIN_TAS) {
		l->ring = calloc(size, sizeof(*l->ring));
		if (!l->ring)
			return -ENOMEM;
	}
	if (kind == SPIN_CNA && cna_init(k, l)) {
		spin_lock_destroy(l);
		return -ENOMEM;
	}
	l->ring_size = size;
	l->ring_mask = RING_START - 1;
	l->kern = k;
	l->instance = l->class->nr_instances++;
	l->kind = kind;
	l->own_line.last = LINE_NO_OWNER;
	l->prev_cpu = LINE_NO_OWNER;
	l->line = &l->own_line;
	l->wait_tail = &l->wait_head;
	l->all_next = k->locks;
	k->locks = l;
	return 0;
}

void spin_lock_destroy(struct spinlock *l)
{
	free(l->ring);
	l->ring = NULL;
	free(l->cna);
	l->cna = NULL;
}

void spin_lock_share_line(struct spinlock *l, struct lock_line *line)
{
	l->line = line;
}

/* ---- statistics --------------------------------------------------------- */

void spin_count_contention(struct spinlock *l, const struct spin_grant *g)
{
	struct lock_side *s = &l->class->side[0];

	s->contentions++;
	s->queued_contentions += g->queued;
	s->con_bounces += g->con_bounce;
}

static void count_wait(struct spinlock *l, const struct spin_grant *g)
{
	struct lock_side *s = &l->class->side[0];
	u64 wait = g->grant - g->arrival;

	lock_side_wait(s, wait);
	s->spin += wait;
	lock_class_caller(l->class, g->site->symbol, g->holder->symbol,
			  (u8)hw_dist(l->kern->hw, g->cpu, g->holder_cpu), wait);
}

void spin_count(struct spinlock *l, const struct spin_grant *g)
{
	struct lock_side *s = &l->class->side[0];
	u64 since = g->arrival;

	if (g->contended) {
		spin_count_contention(l, g);
		count_wait(l, g);
		since = g->grant;
	}
	lock_side_hold(s, g->release - since);
	s->acq_bounces += g->acq_bounce;
	s->owned += g->release - g->grant;
}

void spin_lock_fold(struct spinlock *l, u64 now)
{
	while (l->first != l->next && ring_at(l, l->first)->release <= now)
		spin_count(l, ring_at(l, l->first++));
}

/* A task that still waits in the queue at the end: contended, not acquired. */
static void count_waiter(struct spinlock *l, const struct task *t, bool first)
{
	const struct spin_grant *prev = l->last;
	struct spin_grant g = {
		.arrival = t->lock_arrival,
		.cpu = (u16)task_cpu(t),
		.queued = !first || prev->grant > t->lock_arrival,
	};

	if (l->kind >= SPIN_TICKET)
		g.queued = l->kind == SPIN_MCS;
	while (l->cursor + 1 != l->next && ring_at(l, l->cursor + 1)->grant <= g.arrival)
		l->cursor++;
	g.con_bounce = ring_at(l, l->cursor)->cpu != g.cpu;
	spin_count_contention(l, &g);
}

void spin_lock_fold_end(struct spinlock *l, u64 now)
{
	spin_lock_fold(l, now);
	for (; l->first != l->next; l->first++) {
		const struct spin_grant *g = ring_at(l, l->first);

		if (!g->contended || g->arrival > now)
			continue;
		spin_count_contention(l, g);
		if (g->grant <= now)
			count_wait(l, g);
	}
	if (l->kind == SPIN_CNA) {
		cna_fold_end(l);
		return;
	}
	for (struct task *t = l->kind == SPIN_TAS ? NULL : l->wait_head; t; t = t->lock_next)
		count_waiter(l, t, t == l->wait_head);
}

/* ---- grants -------------------------------------------------------------- */

u64 spin_cas_stall(const struct task *t, u16 line_last)
{
	u64 rmw = cost(t, MK_RMW_LOCAL);

	if (line_last == LINE_NO_OWNER)
		return rmw;
	if (line_last == task_cpu(t))
		return rmw ? rmw + PS_PER_NS : 0;
	return rmw + hw_xfer(t->x.hw, line_last, task_cpu(t));
}

u64 spin_release_time(struct task *t)
{
	struct exec *x = &t->x;
	u64 at = x->proc.clock;

	if (x->nr_stores) {
		at = max_u64(at, x->drain_until);
		at += (x->nr_stores - 1) * cost(t, MK_STORE_DRAIN);
	}
	x->nr_stores = 0;
	x->drain_until = 0;
	return at;
}

/*
 * The ring is full. It was allocated for as many waiters, and unlocks under way, as there
 * can be, but uses as little of that as it can, to stay in the host's caches: double what
 * it uses.
 */
static void ring_grow(struct spinlock *l)
{
	u32 old = l->ring_mask + 1;

	if (old == l->ring_size)
		sim_fail(l->kern->sim,
			 "a spin lock has more waiters and unlocks under way than there can be", 0,
			 0);

	for (u32 i = min_u32(l->first, l->cursor); i != l->next; i++)
		if (i & old)
			l->ring[(i & l->ring_mask) + old] = *ring_at(l, i);
	l->ring_mask += old;
	l->last = ring_at(l, l->next - 1);
}

/* Ownership of a qspinlock that was held at arrival, as the successor of @prev. */
static inline u64 qspin_handoff(const struct task *t, const struct spin_grant *prev,
				const struct spin_grant *g, u64 stall)
{
	u64 xfer = hw_xfer(t->x.hw, prev->cpu, g->cpu);
	u64 relax = cost(t, MK_CPU_RELAX) / 2;
	u64 at;

	if (!g->queued) {
		at = prev->release + xfer + relax;
	} else {
		/* the head is promoted while the holder is in its section */
		at = max_u64(prev->release, prev->grant + xfer);
		at += xfer * cost(t, MK_HANDOFF_FACTOR) / 1000 + relax;
	}
	return max_u64(at, g->arrival + stall);
}

u64 qspin_grant(const struct task *t, const struct spin_grant *prev, const struct spin_grant *g,
		u64 stall)
{
	return qspin_handoff(t, prev, g, stall);
}

/* Likewise of the other FIFO kinds. */
static void other_handoff(struct spinlock *l, const struct task *t, const struct spin_grant *prev,
			  struct spin_grant *g, u64 stall)
{
	u64 h = l->handoff;

	if (l->kind == SPIN_TICKET) {
		h = ticket_handoff(l, t, prev->cpu);
		g->queued = false; /* there is no queue to join, as for perf */
	} else if (l->kind == SPIN_MCS) {
		h = mcs_handoff(t, prev->cpu);
		g->queued = true; /* nobody waits but in the queue */
	}
	g->grant = max_u64(prev->release + h, g->arrival + stall);
}

/* A new entry of the ring for @t, granted when nothing stands in its way. */
static inline struct spin_grant *grant_append(struct spinlock *l, const struct task *t, u64 stall)
{
	struct spin_grant *g = ring_at(l, l->next++);

	l->last = g;
	g->arrival = t->lock_arrival;
	g->grant = t->lock_arrival + stall;
	g->release = TIME_MAX;
	g->site = t->lock_site;
	g->cpu = (u16)task_cpu(t);
	g->contended = false;
	g->queued = false;
	g->con_bounce = false;
	g->acq_bounce = false;
	return g;
}

struct spin_grant *spin_append(struct spinlock *l, struct task *t, u64 stall)
{
	spin_lock_fold(l, l->kern->sim->now);
	/* who is met on arrival is known to the caller: the cursor stays at the end */
	l->cursor = l->next ? l->next - 1 : 0;
	if (unlikely(l->next - min_u32(l->first, l->cursor) > l->ring_mask))
		ring_grow(l);
	return grant_append(l, t, stall);
}

/* The rest of spin_grant(): the lock was not free at the arrival. */
static struct spin_grant *grant_busy(struct spinlock *l, struct task *t, u64 stall)
{
	u64 arrival = t->lock_arrival;
	const struct spin_grant *seen, *prev;
	struct spin_grant *g;

	while (l->cursor + 1 != l->next && ring_at(l, l->cursor + 1)->grant <= arrival)
		l->cursor++;
	if (unlikely(l->next - min_u32(l->first, l->cursor) > l->ring_mask))
		ring_grow(l);
	prev = l->last;
	seen = ring_at(l, l->cursor);
	g = grant_append(l, t, stall);
	g->acq_bounce = prev->cpu != g->cpu;
	/* a CPU sees its own unlock at once */
	if (prev->cpu == g->cpu)
		return g;
	g->contended = true;
	g->queued = prev->grant > arrival;
	g->con_bounce = seen->cpu != g->cpu;
	g->holder = seen->site;
	g->holder_cpu = seen->cpu;
	if (likely(l->kind == SPIN_QSPINLOCK))
		g->grant = qspin_handoff(t, prev, g, stall);
	else
		other_handoff(l, t, prev, g, stall);
	return g;
}

/*
 * Append the acquisition of @t, whose predecessor's release is known. Returns it;
 * *@delta is the second part of the instant of the grant.
 */
static inline struct spin_grant *spin_grant(struct spinlock *l, struct task *t, u64 stall,
					    u32 *delta)
{
	struct spin_grant *g, *prev = l->last;
	u64 release;
	u32 release_delta;

	*delta = 0;
	if (unlikely(!prev))
		return grant_append(l, t, stall);
	if (l->first != l->next && ring_at(l, l->first)->release <= t->lock_arrival)
		spin_lock_fold(l, t->lock_arrival);
	release = prev->release;
	release_delta = prev->release_delta;
	if (release <= t->lock_arrival) {
		u16 cpu = prev->cpu;

		/* nothing else is in the ring: there is room */
		l->cursor = l->next - 1;
		g = grant_append(l, t, stall);
		g->acq_bounce = cpu != g->cpu;
	} else {
		g = grant_busy(l, t, stall);
	}
	if (g->grant == release)
		*delta = release_delta + 1;
	return g;
}

/* ---- entry points -------------------------------------------------------- */

void spin_wait(struct task *t, struct spinlock *l, u64 stall)
{
	struct lock_class *outer = t->waits_for; /* a mutex's, around its wait_lock */
	struct exec *x = &t->x;

	t->waits_for = l->class;
	exec_wait_begin(x, CPU_ATOMIC_STALL, stall, CPU_SPIN,
			profile_enter(&x->hw->profile, x->frame, slowpath_site(l), __LINE__));
	proc_block(&x->proc);
	exec_wait_end(x);
	t->waits_for = outer;
}

/* Run ahead to the grant that is known already. */
static inline void spin_advance(struct task *t, const struct spinlock *l,
				const struct spin_grant *g, u32 delta, u64 stall)
{
	u64 wait = g->grant - g->arrival;

	stall = min_u64(stall, wait);
	exec_charge(&t->x, CPU_ATOMIC_STALL, stall);
	if (wait > stall) {
		struct prof_node *frame = t->x.frame;

		t->x.frame = profile_enter(&t->x.hw->profile, frame, slowpath_site(l), __LINE__);
		exec_charge(&t->x, CPU_SPIN, wait - stall);
		t->x.frame = frame;
	}
	proc_advance_to(&t->x.proc, g->grant, delta);
}

void spin_advance_to(struct task *t, const struct spinlock *l, const struct spin_grant *g,
		     u32 delta, u64 stall)
{
	spin_advance(t, l, g, delta, stall);
}

/* Stall of the first compare-exchange of @t, which has arrived at the lock. */
static inline u64 fifo_stall(const struct task *t, const struct spinlock *l)
{
	return l->kind == SPIN_FIFO ? 0 : spin_cas_stall(t, t->lock_line_last);
}

static inline void fifo_lock(struct task *t, struct spinlock *l)
{
	u64 stall = fifo_stall(t, l);

	if (!l->owner) {
		u32 delta;
		struct spin_grant *g = spin_grant(l, t, stall, &delta);

		l->owner = t;
		spin_advance(t, l, g, delta, stall);
		return;
	}
	t->lock_next = NULL;
	*l->wait_tail = t;
	l->wait_tail = &t->lock_next;
	spin_wait(t, l, stall);
}

static inline void note_release(struct task *t, struct spinlock *l)
{
	struct spin_grant *g = l->last;

	g->release = spin_release_time(t);
	g->release_delta = g->release == task_clock(t) ? t->x.proc.delta : 0;
}

static inline void fifo_unlock(struct task *t, struct spinlock *l)
{
	struct task *next = l->wait_head;
	struct spin_grant *g;
	u32 delta;

	note_release(t, l);
	l->owner = next;
	if (!next)
		return;
	l->wait_head = next->lock_next;
	if (!l->wait_head)
		l->wait_tail = &l->wait_head;
	g = spin_grant(l, next, fifo_stall(next, l), &delta);
	proc_wake(&next->x.proc, g->grant, delta);
}

void spin_note_release(struct task *t, struct spinlock *l)
{
	note_release(t, l);
}

struct spin_grant *spin_grant_next(struct spinlock *l, struct task *t, u64 stall, u32 *delta)
{
	return spin_grant(l, t, stall, delta);
}

void spin_grant_now(struct spinlock *l, struct task *t, u64 stall)
{
	u32 delta;
	const struct spin_grant *g = spin_grant(l, t, stall, &delta);

	l->owner = t;
	spin_advance(t, l, g, delta, stall);
}

/* The kinds that are no FIFO lock with a timeline all the way. */
static void other_lock(struct task *t, struct spinlock *l, const struct frame_site *site)
{
	if (l->kind == SPIN_TAS)
		tas_lock(t, l, site);
	else if (l->kind == SPIN_TICKET)
		ticket_lock(t, l);
	else if (l->kind == SPIN_CNA)
		cna_lock(t, l);
	else
		fifo_lock(t, l);
}

static void other_unlock(struct task *t, struct spinlock *l)
{
	if (l->kind == SPIN_TAS) {
		tas_unlock(t, l);
	} else if (l->kind == SPIN_TICKET) {
		ticket_unlock(t, l);
	} else if (l->kind == SPIN_CNA) {
		cna_unlock(t, l);
	} else {
		mcs_unlock_tail(t, l);
		fifo_unlock(t, l);
	}
}

/*
 * A CPU that takes and releases a lock again and again sees its own unlocks at once,
 * however slowly they drain; but as many of them as fill its store buffer make it wait
 * for the oldest. That bounds the ring. Who waits for the lock comes behind in the ring in
 * both engines, so a newest entry of this CPU means that there is nobody.
 */
static void wait_for_store_buffer(struct task *t, struct spinlock *l)
{
	for (;;) {
		u64 now = task_clock(t), oldest;

		spin_lock_fold(l, now);
		if (l->next - l->first < UNLOCKS_UNDER_WAY)
			return;
		for (u32 i = l->next - UNLOCKS_UNDER_WAY; i != l->next; i++)
			if (ring_at(l, i)->cpu != task_cpu(t))
				return;
		oldest = ring_at(l, l->next - UNLOCKS_UNDER_WAY)->release;
		if (oldest == TIME_MAX)
			return;
		exec_charge(&t->x, CPU_LINE_STALL, oldest - now);
		task_sync(t);
	}
}

void spin_lock(struct task *t, struct spinlock *l)
{
	const struct frame_site *site = t->x.frame->site;

	FRAME(t, "_raw_spin_lock");

	task_sync(t);
	if (unlikely(l->next - l->first >= UNLOCKS_UNDER_WAY) && l->last->cpu == task_cpu(t))
		wait_for_store_buffer(t, l);
	if (l->owner == t)
		kern_bug(t, "a task takes a spin lock that it holds", l->class, l->instance);
	lockdep_acquire(t, l, l->class, l->instance, LOCKDEP_WRITE);
	t->x.section++;
	t->lock_arrival = task_clock(t);
	t->lock_line_last = l->line->last;
	t->lock_site = site;
	l->line->last = (u16)task_cpu(t);
	if (l->kind >= SPIN_TAS)
		other_lock(t, l, site);
	else
		fifo_lock(t, l);
	if (t->nr_held < ARRAY_SIZE(t->held))
		t->held[t->nr_held] = l->class;
	t->nr_held++;
}

void spin_unlock(struct task *t, struct spinlock *l)
{
	struct exec *x = &t->x;

	if (l->owner != t)
		kern_bug(t, "a task releases a spin lock that it does not hold", l->class,
			 l->instance);
	lockdep_release(t, l);
	t->nr_held--;
	if (l->kind >= SPIN_TAS)
		other_unlock(t, l);
	else
		fifo_unlock(t, l);
	if (--x->section)
		return;
	x->section_end = task_clock(t);
	exec_pay_irq(x);
}

void spin_lock_irqsave(struct task *t, struct spinlock *l)
{
	work(t, cost(t, MK_IRQ_SAVE_RESTORE));
	task_sync(t);
	irq_section_begin(t);
	spin_lock(t, l);
}

void spin_unlock_irqrestore(struct task *t, struct spinlock *l)
{
	spin_unlock(t, l);
	irq_section_end(t);
}

bool spin_is_contended(struct task *t, struct spinlock *l)
{
	proc_assert_open(&t->x.proc);
	return l->wait_head || (l->kind == SPIN_CNA && cna_has_waiters(l));
}
