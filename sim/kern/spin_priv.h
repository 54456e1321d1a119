/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by spinlock.c (FIFO kinds, entry points) and the other kinds' spin_*.c. */
#ifndef MMSIM_KERN_SPIN_PRIV_H
#define MMSIM_KERN_SPIN_PRIV_H

#include "sim/kern/spinlock.h"

/* Symbols under which waiting is profiled, as perf shows it. */
extern const struct frame_site spin_slowpath_site, ticket_slowpath_site, mcs_slowpath_site,
	cna_slowpath_site;

/* Stall of the fast path's compare-exchange, or of its failure (machine.md 2.4.3). */
u64 spin_cas_stall(const struct task *t, u16 line_last);

/* When the stores of the section have drained and the unlock is seen by others. */
u64 spin_release_time(struct task *t);

/* Count one complete acquisition. @prev_cpu: who held it before, LINE_NO_OWNER: nobody. */
void spin_count(struct spinlock *l, const struct spin_grant *g);

/* Block on the CPU as a waiter of @l whose first @stall ps are the failed exchange. */
void spin_wait(struct task *t, struct spinlock *l, u64 stall);

/*
 * FIFO kinds: append the acquisition of @t, whose predecessor's release is known. The
 * instant of its grant is (grant, *@delta).
 */
struct spin_grant *spin_grant_next(struct spinlock *l, struct task *t, u64 stall, u32 *delta);

/*
 * Kinds that grant out of order of arrival: a new newest entry of the ring for @t, granted
 * at its arrival and @stall unless the caller knows better.
 */
struct spin_grant *spin_append(struct spinlock *l, struct task *t, u64 stall);

/* A qspinlock's ownership that was held at the arrival of @g, as the successor of @prev. */
u64 qspin_grant(const struct task *t, const struct spin_grant *prev, const struct spin_grant *g,
		u64 stall);

/* Run ahead to the grant @g of @t that is known already. */
void spin_advance_to(struct task *t, const struct spinlock *l, const struct spin_grant *g,
		     u32 delta, u64 stall);

/* Count the contention of @g, a wait that has not ended. */
void spin_count_contention(struct spinlock *l, const struct spin_grant *g);

/* Become the owner by spin_grant_next() and run ahead to the grant. */
void spin_grant_now(struct spinlock *l, struct task *t, u64 stall);

/* The owner's release, as its successor will see it. Does not change the owner. */
void spin_note_release(struct task *t, struct spinlock *l);

/*
 * What a hand-over costs from the release on, for the acquisition of @t after one on
 * @prev_cpu, which was not released when @t arrived.
 */
u64 ticket_handoff(const struct spinlock *l, const struct task *t, u32 prev_cpu);
u64 mcs_handoff(const struct task *t, u32 prev_cpu);

void ticket_lock(struct task *t, struct spinlock *l);
void ticket_unlock(struct task *t, struct spinlock *l);

/* Before the release: the compare-exchange of the tail, unless a waiter has queued up. */
void mcs_unlock_tail(struct task *t, struct spinlock *l);

/* 0 or -ENOMEM; free with free(l->cna). */
int cna_init(struct kern *k, struct spinlock *l);
void cna_lock(struct task *t, struct spinlock *l);
void cna_unlock(struct task *t, struct spinlock *l);
bool cna_has_waiters(const struct spinlock *l);

/* The run has ended: count those that wait. */
void cna_fold_end(struct spinlock *l);

void tas_lock(struct task *t, struct spinlock *l, const struct frame_site *site);
void tas_unlock(struct task *t, struct spinlock *l);

#endif
