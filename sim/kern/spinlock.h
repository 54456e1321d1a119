/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Spin locks. FIFO kinds (qspinlock, fifo) keep a timeline: a holder that ran
 * through its section left behind when the lock falls free and who held it, and a
 * later arrival computes its grant from that without an event; a holder that has
 * to synchronise inside makes later arrivals queue. Both ways use the same
 * function for grant and statistics, so they agree to the picosecond. The
 * test-and-set kind is unfair and always queued. The ticket kind is FIFO, but only
 * its uncontended acquisitions and releases go without an event: what a hand-over costs
 * depends on how many poll when the lock is released. The MCS kind has a timeline
 * between its release and the next grant; the release itself synchronises unless a
 * waiter is known, as it has to find out whether there is one. CNA has a timeline while
 * nobody waits: who is next depends on the queue at the release.
 * Reference machine.md 2.0 to 2.4; DESIGN.md 3.
 */
#ifndef MMSIM_KERN_SPINLOCK_H
#define MMSIM_KERN_SPINLOCK_H

#include "sim/kern/lockdep.h"

enum spin_kind {
	SPIN_QSPINLOCK, /* what the kernel makes of it: see spin_lock_init() */
	SPIN_FIFO, /* fixed hand-over, no line costs: for closed forms */
	SPIN_TAS,
	SPIN_TICKET, /* hand-over grows with the number of pollers */
	SPIN_MCS, /* each waiter polls a line of its own */
	SPIN_CNA, /* qspinlock that prefers waiters of the holder's NUMA node */
};

/* One past or present acquisition. */
struct spin_grant {
	u64 arrival, grant, release; /* release TIME_MAX: not yet known */
	const struct frame_site *site; /* frame that took the lock */
	u32 release_delta;
	u16 cpu;
	u16 holder_cpu; /* contended: whose acquisition it met on arrival */
	const struct frame_site *holder; /* contended: likewise */
	bool contended, queued, con_bounce, acq_bounce;
};

/* Lock words that share a cache line share one of these. */
struct lock_line {
	u16 last; /* CPU that touched the line last, LINE_NO_OWNER */
};

struct spinlock {
	struct lock_class *class;
	struct lock_line *line;
	struct task *owner;
	/* FIFO kinds */
	struct spin_grant *last; /* newest entry of the ring, NULL: never taken */
	struct spin_grant *ring;
	u32 first, next; /* ring entries not folded into the statistics yet */
	u32 cursor; /* last entry whose grant is not after the latest arrival */
	u32 ring_mask; /* of the part in use */
	struct task *wait_head, **wait_tail;
	struct lock_line own_line;
	u16 prev_cpu; /* SPIN_TAS */
	enum spin_kind kind;
	u32 ring_size; /* entries allocated */
	u64 handoff; /* SPIN_FIFO: ps */
	struct kern *kern;
	u32 instance; /* number among those of its class, for reports */
	/* SPIN_TAS; pollers are on wait_head */
	struct task *winner; /* drawn, its transfer under way */
	struct sim_handle release; /* while the unlock store drains */
	bool draining;
	u32 nr_pollers; /* SPIN_TICKET, too */
	u64 steal_until;
	const struct frame_site *last_site;
	struct spin_grant hold;
	struct spinlock *all_next;
	u32 nr_served; /* SPIN_TICKET: pollers at the release whose hand-over is computed */
	struct spin_cna *cna; /* SPIN_CNA: its secondary queue */
};

/**
 * spin_lock_init - make a spin lock
 * @k: kernel
 * @l: storage
 * @name: lock class, not copied; instances of one class are summed in locks.csv
 * @kind: SPIN_QSPINLOCK turns into SPIN_TAS with virt: tas, into SPIN_CNA on bare metal if
 *	the kernel has numa_spinlock
 *
 * Returns 0 or -ENOMEM. The storage must live until kern_end(); pair with
 * spin_lock_destroy(), which may come before kern_free().
 */
int spin_lock_init(struct kern *k, struct spinlock *l, const char *name, enum spin_kind kind);

/* Free what spin_lock_init() allocated. */
void spin_lock_destroy(struct spinlock *l);

/* SPIN_CNA: for how long, in ps, waiters of other nodes may be passed over. */
void cna_set_threshold(struct spinlock *l, u64 ps);

/* Let the lock word lie on @line, shared with other locks. */
void spin_lock_share_line(struct spinlock *l, struct lock_line *line);

/* Acquire; an interaction point. Preemption is off until the unlock. */
void spin_lock(struct task *t, struct spinlock *l);

/* Release; the stores of the section drain before others see it. */
void spin_unlock(struct task *t, struct spinlock *l);

/* With interrupts off; adds irq.save_restore. */
void spin_lock_irqsave(struct task *t, struct spinlock *l);
void spin_unlock_irqrestore(struct task *t, struct spinlock *l);

/* For kern_begin(), kern_end(): count what was complete by @now / all that began by @now. */
void spin_lock_fold(struct spinlock *l, u64 now);
void spin_lock_fold_end(struct spinlock *l, u64 now);

/* True if somebody waits for the lock, as of now; call synchronised. */
bool spin_is_contended(struct task *t, struct spinlock *l);

#endif
