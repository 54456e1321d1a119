/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * MCS spin lock: the tail is swapped, each waiter polls a node in a line of its own, so a
 * hand-over is one transfer and its detection, however many wait. Facts: reference
 * machine.md 2.3. Queue, ring and statistics are those of the FIFO kinds in spinlock.c.
 *
 * A release with nobody behind it is an atomic on the tail. Whoever swaps the tail before
 * that is over has the holder for a predecessor and gets the lock from it. Whether there
 * is such a waiter when the release begins is open state, so the release synchronises
 * unless one is known already.
 *
 * Left out: waiting for the successor's `next` after the atomic has failed (its store is
 * on the way for less than a transfer), and the misses of the node's first use.
 */
#include "sim/kern/spin_priv.h"

const struct frame_site mcs_slowpath_site = { "mcs_spin_lock" };

u64 mcs_handoff(const struct task *t, u32 prev_cpu)
{
	return hw_xfer(t->x.hw, prev_cpu, task_cpu(t)) + cost(t, MK_CPU_RELAX) / 2;
}

void mcs_unlock_tail(struct task *t, struct spinlock *l)
{
	FRAME(t, "mcs_spin_unlock");

	if (!l->wait_head)
		exec_sync(&t->x);
	/* who arrives at this very instant comes after the decision, whatever his rank */
	if (l->wait_head && l->wait_head->lock_arrival < task_clock(t))
		return;
	exec_charge(&t->x, CPU_ATOMIC_STALL, cost(t, MK_RMW_LOCAL));
}
