// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * percpu_ref (reference machine.md 2.10; 6.12 lib/percpu-refcount.c). In percpu mode a get
 * or put is a read section around an addition to this CPU's counter, of which only the sum
 * is kept. kill() makes every later one an atomic on one line, with a bias so that it does
 * not reach zero, and drops the initial reference. A grace period later nobody uses the
 * CPUs' counters: they are added up and the bias goes.
 *
 * Left out: reinit, switches without a kill, the lines of the CPUs' counters in the sum
 * (a load from the last-level cache each).
 */
#include "sim/kern/percpu_ref.h"

#include "sim/kern/bug.h"

#define PERCPU_COUNT_BIAS (1LL << 62)

void percpu_ref_init(struct percpu_ref *ref, void (*release)(struct percpu_ref *ref))
{
	*ref = (struct percpu_ref){ .release = release };
	atomic_init_counter(&ref->count);
	ref->count.v = 1 + PERCPU_COUNT_BIAS;
}

int percpu_ref_create(struct kern *k, struct task *t, struct percpu_ref *ref,
		      void (*release)(struct percpu_ref *ref))
{
	percpu_ref_init(ref, release);
	return percpu_alloc(k, t, sizeof(u64), sizeof(u64), NULL, &ref->mem);
}

/* A mistake by @t, or seen when the CPUs' counters are summed. */
static void ref_bug(struct kern *k, struct task *t, const char *what)
{
	bug_begin(k, what);
	bug_about(k, t, NULL, 0);
	bug_end(k);
}

/* The count, of atomic mode, has been lowered, by @t or an agent. */
static void check_zero(struct kern *k, struct task *t, struct percpu_ref *ref)
{
	if (ref->count.v > 0)
		return;
	if (ref->count.v < 0 || ref->released)
		ref_bug(k, t, "percpu_ref: a put without a reference");
	ref->released = true;
	if (ref->release)
		ref->release(ref);
}

static void count(struct task *t, struct percpu_ref *ref, s64 n)
{
	task_sync(t);
	if (ref->atomic) {
		/* the value, too, is of the present instant: nobody else sees it first */
		ref->count.v += n;
		check_zero(t->kern, t, ref);
		line_rmw(&t->x, ref->count.line);
		return;
	}
	ref->percpu += n;
	if (t->kern->hw->c[MK_PREEMPT] == PREEMPT_FULL)
		work(t, cost(t, MK_RCU_READ_PAIR));
	work(t, cost(t, MK_THIS_CPU_ADD));
}

bool percpu_ref_tryget_live(struct task *t, struct percpu_ref *ref)
{
	task_sync(t);
	if (ref->dead)
		return false;
	count(t, ref, 1);
	return true;
}

static void drop(struct task *t, struct percpu_ref *ref)
{
	task_sync(t);
	if (ref->released)
		ref_bug(t->kern, t, "percpu_ref: a put after the release");
	count(t, ref, -1);
}

void percpu_ref_put(struct task *t, struct percpu_ref *ref)
{
	FRAME(t, "percpu_ref_put");

	drop(t, ref);
}

static void switch_to_atomic_rcu(struct kern *k, struct rcu_head *head)
{
	struct percpu_ref *ref = container_of(head, struct percpu_ref, rcu);

	/* with the reference that the switch has held */
	ref->count.v += ref->percpu - PERCPU_COUNT_BIAS - 1;
	percpu_free(k, NULL, &ref->mem);
	check_zero(k, NULL, ref);
}

void percpu_ref_kill(struct task *t, struct percpu_ref *ref)
{
	FRAME(t, "percpu_ref_kill");

	task_sync(t);
	if (ref->dead)
		ref_bug(t->kern, t, "percpu_ref: killed twice");
	ref->dead = true;
	ref->atomic = true;
	ref->count.v++;
	ref->rcu.ps = t->kern->hw->nr_cpus * cost(t, MK_LAT_LLC);
	call_rcu(t, &ref->rcu, switch_to_atomic_rcu);
	drop(t, ref);
}
