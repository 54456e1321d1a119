/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Switching tasks: voluntary preemption and wake-up latencies (reference machine.md
 * 5). A task in kernel mode is switched after the end of its slice, or when a woken
 * task may preempt it, at the first interaction point behind a voluntary reschedule
 * point, when it holds no spin lock; in user mode at that instant (user.c). Who is
 * next is in rq.c, on which CPU in balance.c. Left out: ticks as events.
 */
#include "sim/kern/sched.h"

#include "sim/kern/bug.h"
#include "sim/kern/mutex.h"
#include "sim/kern/rcu.h"
#include "sim/kern/rq.h"
#include "sim/kern/rwsem.h"
#include "sim/kern/workqueue.h"

void sched_init(struct kern *k)
{
	struct rng r;

	rng_seed(&r, k->seed, k->replication, "slice", 0, RNG_MECHANISM);
	for (u32 i = 0; i < k->hw->nr_cpus; i++) {
		struct rq *rq = &k->rq[i];

		rq->kern = k;
		rq->cpu = &k->hw->cpus[i];
		list_init(&rq->queue);
		list_init(&rq->picks);
		rq->slice_end = rng_below(&r, k->slice);
		rq->slice_next = rq->slice_end;
		rq->cfs_phase = rq->slice_end;
		rq->resched_at = TIME_MAX;
	}
}

/* Put @t on its CPU, which nobody uses now. */
static void sched_put(struct task *t, u64 latency)
{
	struct sim *s = t->kern->sim;
	struct exec *x = &t->x;
	bool fresh = x->proc.state == PROC_NEW;

	cpu_set_curr(x->hw, x->cpu, x);
	t->sched_state = TASK_ON_CPU;
	proc_catch_up(&x->proc);
	exec_wait_begin(x, CPU_SCHED, latency, CPU_SCHED, &x->hw->profile.root);
	if (fresh)
		proc_start(&x->proc, s->now + latency);
	else
		proc_wake(&x->proc, s->now + latency, latency ? 0 : s->delta + 1);
}

void sched_run(struct task *t, u64 latency)
{
	proc_warm(&t->x.proc, offsetof(struct task, log) + 4 * sizeof(struct exec_charge));
	__builtin_prefetch(t->owner);
	rq_run(t, latency);
	sched_put(t, latency);
}

void sched_enqueue(struct task *t)
{
	struct task *curr = rq_curr(t->rq);

	rq_update(t->rq);
	rq_join(t);
	t->sched_state = TASK_QUEUED;
	rq_enqueue(t);
	if (!rq_check_preempt(t))
		return;
	if (curr->x.divisible)
		exec_divide(&curr->x, t->rq->slice_end);
	else if (curr->spinning)
		mutex_spinner_queued(curr);
}

/* The CPU of @t goes to @next or to a task from elsewhere, or falls idle. */
static void sched_next(struct task *t, struct task *next)
{
	exec_commit_touches(&t->x);
	if (unlikely(t->kern->rcu_waits || t->rcu_depth))
		rcu_note_context_switch(t, next != NULL);
	if (next)
		rq_dequeue(next);
	else
		next = balance_pull(t->rq);
	if (next)
		sched_run(next, cost(t, MK_CTX_SWITCH));
	else
		cpu_set_curr(t->x.hw, t->x.cpu, NULL);
}

/* @t, which runs, leaves its run queue; the CPU goes to the next one. */
static void sched_leave(struct task *t)
{
	rq_update(t->rq);
	rq_leave(t);
	sched_next(t, rq_pick(t->rq));
}

/* @t, which runs, goes to the end of its run queue, on which others are. */
static void sched_requeue(struct task *t)
{
	struct task *next;

	rq_update(t->rq);
	next = rq_pick(t->rq);
	rq_renew(t);
	rq_enqueue(t);
	sched_next(t, next);
	balance_kick(t->kern);
	balance_busy(t->rq);
}

void sched_resumed(struct task *t)
{
	exec_wait_end(&t->x);
	while (t->x.irq_owed) {
		exec_pay_irq(&t->x);
		exec_sync(&t->x);
	}
	task_snapshot(t);
}

void sched_away(struct task *t, enum task_state state)
{
	if (t->rcu_depth)
		rcu_check_switch(t, state == TASK_QUEUED);
	if (task_atomic(t))
		kern_bug_atomic(t, state == TASK_QUEUED ? "gives up its CPU" : "sleeps", NULL, 0);
	t->sched_state = (u8)state;
	for (u32 i = 0; i < t->nr_mutexes; i++)
		mutex_owner_left(t->mutexes[i]);
	if (t->nr_rw_held)
		rwsem_owner_left(t);
	if (t->pool && state == TASK_SLEEPING)
		worker_sleeps(t);
	if (state == TASK_QUEUED)
		sched_requeue(t);
	else
		sched_leave(t);
	proc_block(&t->x.proc);
	sched_resumed(t);
}

void sched_check_slice(struct task *t)
{
	if (t->kern->sim->now >= t->rq->resched_at && !rq_goes_on(t))
		sched_away(t, TASK_QUEUED);
}

/* The end of a task that holds something, which nobody will ever release. */
static void check_exit(struct task *t)
{
	if (t->nr_held)
		kern_bug_nr(t, "a task ended while it held ", t->nr_held, " lock(s)");
	if (t->nr_mutexes)
		kern_bug_nr(t, "a task ended while it owned ", t->nr_mutexes, " mutex(es)");
	if (t->nr_rw_held)
		kern_bug_nr(t, "a task ended while it held ", t->nr_rw_held, " rwsem(s)");
	rcu_check_exit(t);
	if (t->x.irq_off)
		kern_bug(t, "a task ended with interrupts off", NULL, 0);
	if (t->preempt_off)
		kern_bug(t, "a task ended with preemption off", NULL, 0);
}

void sched_exit(struct task *t)
{
	task_sync(t);
	check_exit(t);
	t->sched_state = TASK_DEAD;
	sched_leave(t);
}

void task_start(struct task *t)
{
	if (unlikely(t->x.cpu->offline))
		balance_wake(NULL, t);
	if (t->x.cpu->curr) {
		sched_enqueue(t);
		balance_kick(t->kern);
		return;
	}
	rq_join(t);
	rq_run_in_phase(t);
	sched_put(t, 0);
}

void task_yield(struct task *t)
{
	task_sync(t);
	if (t->rq->nr_queued)
		sched_away(t, TASK_QUEUED);
}

void task_block(struct task *t)
{
	sched_away(t, TASK_SLEEPING);
}

static void sleep_over(struct sim *s, void *arg)
{
	(void)s;
	task_wake(NULL, arg);
}

void task_sleep(struct task *t, u64 ps)
{
	struct sim *s = t->kern->sim;

	task_sync(t);
	if (!ps) {
		task_yield(t);
		return;
	}
	if (ps > s->horizon - s->now)
		proc_overflow(&t->x.proc);
	sim_at(s, EV_TIMER, s->now + ps, sleep_over, t);
	sched_away(t, TASK_SLEEPING);
}

void task_wake(struct task *waker, struct task *t)
{
	if (t->sched_state != TASK_SLEEPING && t->sched_state != TASK_NEW)
		return;
	if (t->pool)
		worker_wakes(t);
	balance_wake(waker, t);
	if (t->x.cpu->curr) {
		sched_enqueue(t);
	} else {
		rq_join(t);
		sched_run(t, cost(t, MK_WAKE_IDLE_IPI));
	}
	if (waker)
		work(waker, cost(waker, MK_WAKE_SEND));
}
