// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Optimistic spinning of rwsem writers (reference machine.md 2.7). Spinners queue in the OSQ
 * as a mutex's do, its head polls: a writer's lock while that writer is on a CPU, a readers'
 * lock for 10 us and half a microsecond per reader, 25 us at most; then readers count as
 * NONSPINNABLE until a writer has been in or the lock was free. A poller loads the line of the
 * lock word when that has changed, which takes a transfer and takes the line from its owner.
 * Once a hand-off is asked for, only the first waiter polls.
 *
 * In the kernel the clock is looked at every 16 polls; here the time is over to the
 * picosecond.
 */
#include "sim/kern/rwsem_priv.h"
#include "sim/kern/sched.h"
#include "sim/kern/spinner.h"

/* The kernel's own constants: rwsem_rspin_threshold(). */
#define RSPIN_BASE (10 * PS_PER_US)
#define RSPIN_PER_READER (PS_PER_US / 2)
#define RSPIN_MAX_READERS 30

static const struct frame_site owner_site = { "rwsem_spin_on_owner" };
static const struct frame_site reader_site = { "rwsem_optimistic_spin" };

void rwsem_kick_spinners(struct rwsem *sem)
{
	if (osq_first(&sem->osq))
		spinner_kick(osq_first(&sem->osq), 0);
	if (sem->spin_waiter)
		spinner_kick(sem->spin_waiter, 0);
}

void rwsem_owner_left(struct task *t)
{
	for (u32 i = 0; i < t->nr_rw_held; i++)
		if (t->rw_held[i].kind == RW_SEM_WRITE)
			rwsem_kick_spinners(t->rw_held[i].lock);
}

/*
 * A look at the lock word by one who polls it: he loads the line as soon as it has changed,
 * and so takes it from whoever is at work on it, as line_load() but as time spent spinning.
 */
static void poll_word(struct task *t, struct rwsem *sem)
{
	struct exec *x = &t->x;
	struct prof_node *frame = x->frame;
	u64 start = max_u64(task_clock(t), sem->line.busy_until);
	u64 ps = gline_read_cost(x, &sem->line.g);

	if (ps > cost(t, MK_LAT_LLC))
		sem->line.busy_until = start + ps;
	else
		start = task_clock(t);
	x->frame = profile_enter(&x->hw->profile, frame, &owner_site, __LINE__);
	exec_charge(x, CPU_RWSEM_SPIN, start + ps - task_clock(t));
	x->frame = frame;
	task_sync(t);
}

/* The lock word allows a writer outside of the queue: it passes waiters, but no hand-off. */
static bool try_write_lock_unqueued(struct task *t, struct rwsem *sem)
{
	if (sem->writer || sem->readers || sem->handoff)
		return false;
	rwsem_set_writer(t, sem);
	line_rmw(&t->x, &sem->line);
	task_sync(t);
	return true;
}

static bool spinnable(struct task *t, const struct rwsem *sem)
{
	if (spinner_need_resched(t) || sem->handoff || sem->nonspinnable)
		return false;
	return !sem->owner || sem->owner->sched_state == TASK_ON_CPU;
}

static u64 rspin_threshold(const struct rwsem *sem)
{
	return sem->kern->sim->now + RSPIN_BASE +
	       min_u64(sem->readers, RSPIN_MAX_READERS) * RSPIN_PER_READER;
}

/* At the head of the OSQ. */
static bool poll_lock(struct task *t, struct rwsem *sem)
{
	u64 until = TIME_MAX;

	for (;;) {
		poll_word(t, sem);
		if (!spinnable(t, sem))
			return false;
		if (try_write_lock_unqueued(t, sem))
			return true;
		if (!sem->reader_owned || sem->writer) {
			until = TIME_MAX;
			spinner_wait(t, CPU_RWSEM_SPIN, &owner_site, TIME_MAX, NULL);
			continue;
		}
		if (until == TIME_MAX)
			until = rspin_threshold(sem);
		if (task_clock(t) >= until) {
			sem->nonspinnable = true;
			return false;
		}
		spinner_wait(t, CPU_RWSEM_SPIN, &reader_site, until, NULL);
	}
}

bool rwsem_optimistic_spin(struct task *t, struct rwsem *sem)
{
	bool got = false;

	if (spinnable(t, sem) && osq_lock(t, &sem->osq, &sem->line, NULL)) {
		got = poll_lock(t, sem);
		osq_unlock(t, &sem->osq);
	}
	if (!got && spinner_need_resched(t)) {
		sched_away(t, TASK_QUEUED);
		task_sync(t);
	}
	return got;
}

/*
 * The lock is about to become free: its writer runs, or nobody has it but readers that will
 * take their bias back. For those the kernel tries time and again.
 */
static bool handoff_near(const struct rwsem *sem)
{
	if (sem->owner)
		return sem->owner->sched_state == TASK_ON_CPU;
	return !sem->reader_owned && sem->readers;
}

bool rwsem_spin_on_owner(struct task *t, struct rwsem *sem)
{
	sem->spin_waiter = t;
	for (;;) {
		poll_word(t, sem);
		if (!handoff_near(sem) || spinner_need_resched(t))
			break;
		spinner_wait(t, CPU_RWSEM_SPIN, &owner_site, TIME_MAX, NULL);
	}
	sem->spin_waiter = NULL;
	return !sem->owner && !sem->reader_owned;
}
