/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Per-CPU run queues: round robin with time slices, voluntary preemption, wake-up
 * latencies (reference machine.md 5). A task in kernel mode is switched after the
 * end of its slice at the first interaction point behind a voluntary reschedule
 * point, when it holds no spin lock; in user mode at the end of its slice (user.c).
 * A woken task waits for the end of the running task's slice (run to parity). Left
 * out: lag and deadlines of EEVDF (machine.md 5.2: below 5 %), migration and load
 * balance, ticks as events.
 */
#include "sim/kern/sched.h"

#include "sim/kern/mutex.h"
#include "sim/kern/workqueue.h"

static struct rq *task_rq(struct task *t)
{
	return t->rq;
}

void sched_init(struct kern *k)
{
	struct rng r;

	rng_seed(&r, k->seed, k->replication, "slice", 0, RNG_MECHANISM);
	for (u32 i = 0; i < k->hw->nr_cpus; i++) {
		list_init(&k->rq[i].queue);
		k->rq[i].slice_end = rng_below(&r, k->slice);
		k->rq[i].slice_next = k->rq[i].slice_end;
	}
}

/* A new slice begins on the CPU of @t in @latency. */
static void slice_begin(struct task *t, u64 latency)
{
	struct rq *rq = task_rq(t);

	rq->slice_end = t->kern->sim->now + latency + t->kern->slice;
	rq->slice_next = rq->slice_end;
}

/* Put @t on its CPU, which nobody uses now; it runs after @latency. */
static void sched_run(struct task *t, u64 latency)
{
	struct sim *s = t->kern->sim;
	struct exec *x = &t->x;
	bool fresh = x->proc.state == PROC_NEW;

	cpu_set_curr(x->hw, x->cpu, x);
	t->sched_state = TASK_ON_CPU;
	x->proc.clock = s->now;
	exec_wait_begin(x, CPU_SCHED, latency, CPU_SCHED, &x->hw->profile.root);
	if (fresh)
		proc_start(&x->proc, s->now + latency);
	else
		proc_wake(&x->proc, s->now + latency, latency ? 0 : s->delta + 1);
}

static void sched_enqueue(struct task *t)
{
	struct rq *rq = task_rq(t);
	u64 now = t->kern->sim->now, slice = t->kern->slice;
	struct exec *curr = t->x.cpu->curr;

	t->sched_state = TASK_QUEUED;
	list_add_tail(&t->rq_node, &rq->queue);
	if (rq->nr_queued++)
		return;
	/* the running task was alone: its slice was renewed at each end */
	if (rq->slice_end < now)
		rq->slice_end += roundup_u64(now - rq->slice_end, slice);
	if (!curr)
		return;
	if (curr->divisible)
		exec_divide(curr, rq->slice_end);
	else if (container_of(curr, struct task, x)->spinning)
		mutex_spinner_queued(container_of(curr, struct task, x));
}

/* The CPU of @t is given to the next runnable task, or falls idle. */
static void sched_next(struct task *t)
{
	struct rq *rq = task_rq(t);
	struct task *next;
	u64 latency = cost(t, MK_CTX_SWITCH);

	exec_commit_touches(&t->x);
	if (list_empty(&rq->queue)) {
		cpu_set_curr(t->x.hw, t->x.cpu, NULL);
		return;
	}
	next = list_first_entry(&rq->queue, struct task, rq_node);
	list_del(&next->rq_node);
	rq->nr_queued--;
	slice_begin(t, latency);
	sched_run(next, latency);
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
	if (t->x.section)
		sim_fail(t->kern->sim,
			 "a task leaves its CPU while it holds a spin lock or has interrupts off",
			 0, 0);
	t->sched_state = (u8)state;
	for (u32 i = 0; i < t->nr_mutexes; i++)
		mutex_owner_left(t->mutexes[i]);
	if (t->pool && state == TASK_SLEEPING)
		worker_sleeps(t);
	if (state == TASK_QUEUED)
		sched_enqueue(t);
	sched_next(t);
	proc_block(&t->x.proc);
	sched_resumed(t);
}

void sched_check_slice(struct task *t)
{
	struct rq *rq = task_rq(t);

	if (rq->nr_queued && t->kern->sim->now >= rq->slice_end)
		sched_away(t, TASK_QUEUED);
}

void sched_exit(struct task *t)
{
	task_sync(t);
	if (t->nr_held)
		sim_fail(t->kern->sim, "a task ended while it held %llu lock(s)", t->nr_held, 0);
	if (t->nr_mutexes)
		sim_fail(t->kern->sim, "a task ended while it owned %llu mutex(es)", t->nr_mutexes,
			 0);
	t->sched_state = TASK_DEAD;
	sched_next(t);
}

void task_start(struct task *t)
{
	if (t->x.cpu->curr)
		sched_enqueue(t);
	else
		sched_run(t, 0);
}

void task_yield(struct task *t)
{
	task_sync(t);
	if (task_rq(t)->nr_queued)
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
	if (t->x.cpu->curr) {
		sched_enqueue(t);
	} else {
		slice_begin(t, 0);
		sched_run(t, cost(t, MK_WAKE_IDLE_IPI));
	}
	if (waker)
		work(waker, cost(waker, MK_WAKE_SEND));
}
