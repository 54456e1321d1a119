// SPDX-License-Identifier: GPL-2.0-or-later
/* CPU hotplug; see the header. */
#include "sim/kern/cpuhp.h"

#include <errno.h>

#include "sim/kern/rcu.h"
#include "sim/kern/rq.h"
#include "sim/kern/sched.h"
#include "sim/kern/workqueue.h"

void cpuhp_setup_state(struct kern *k, struct cpuhp_step *step,
		       void (*dead)(struct task *t, u32 cpu, void *arg), void *arg)
{
	step->dead = dead;
	step->arg = arg;
	list_add_tail(&step->node, &k->cpuhp.steps);
}

void cpuhp_remove_state(struct cpuhp_step *step)
{
	if (step->node.next)
		list_del(&step->node);
}

/* FIFO, where the kernel has a per-CPU rwsem whose readers are short. */
static void cpus_write_lock(struct task *t)
{
	struct cpuhp_state *hp = &t->kern->cpuhp;

	task_sync(t);
	if (!hp->busy) {
		hp->busy = true;
		return;
	}
	list_add_tail(&t->wait_node, &hp->waiters);
	task_block(t);
	task_sync(t);
}

static void cpus_write_unlock(struct task *t)
{
	struct cpuhp_state *hp = &t->kern->cpuhp;
	struct task *next;

	task_sync(t);
	if (list_empty(&hp->waiters)) {
		hp->busy = false;
		return;
	}
	next = list_first_entry(&hp->waiters, struct task, wait_node);
	list_del(&next->wait_node);
	task_wake(t, next);
}

#define ANY_CPU UINT32_MAX /* as for any other wake-up */

struct migration {
	struct task *t;
	u32 cpu;
};

static void migrate_fire(struct sim *s, void *arg)
{
	struct migration *m = arg;

	(void)s;
	if (m->cpu != ANY_CPU)
		balance_move(m->t, m->cpu);
	task_wake(NULL, m->t);
}

/* @t goes on on @cpu, bound to it, or ANY_CPU. */
static void migrate_to(struct task *t, u32 cpu)
{
	struct migration m = { t, cpu };

	task_sync(t);
	t->bound = cpu != ANY_CPU;
	sim_at(t->kern->sim, EV_TIMER, t->kern->sim->now, migrate_fire, &m);
	sched_away(t, TASK_SLEEPING);
}

/* On the CPU, synchronised: at this instant it is empty but for @t and its queue. */
static u32 take_cpu_down(struct task *t)
{
	struct cpu *c = t->x.cpu;
	struct rq *rq = t->rq;

	c->offline = true;
	workqueue_offline_cpu(t->kern, c->id);
	rcu_report_cpu_dead(t->kern, c->id);
	return balance_push(rq);
}

static void run_dead_steps(struct task *t, u32 cpu)
{
	struct list_head *pos;

	list_for_each (pos, &t->kern->cpuhp.steps) {
		struct cpuhp_step *step = list_entry(pos, struct cpuhp_step, node);

		step->dead(t, cpu, step->arg);
	}
}

static void do_offline(struct task *t, u32 cpu)
{
	struct rq *rq = &t->kern->rq[cpu];
	bool bound = t->bound;
	u32 home = task_cpu(t), nr;

	FRAME(t, "_cpu_down");

	rq->stop = t;
	if (home != cpu)
		migrate_to(t, cpu);
	task_sync(t);
	nr = take_cpu_down(t);
	rq->stop = NULL;
	work(t, nr * cost(t, MK_WAKE_SEND));
	migrate_to(t, bound && home != cpu ? home : ANY_CPU);
	run_dead_steps(t, cpu);
}

int cpu_offline(struct task *t, u32 cpu)
{
	const struct hw *hw = t->x.hw;
	int err = 0;

	if (cpu >= hw->nr_cpus)
		return -EINVAL;
	cpus_write_lock(t);
	if (hw->cpus[cpu].offline)
		err = -EINVAL;
	else if (hw->nr_online == 1)
		err = -EBUSY;
	else
		do_offline(t, cpu);
	cpus_write_unlock(t);
	return err;
}

static void do_online(struct task *t, u32 cpu)
{
	struct rq *rq = &t->kern->rq[cpu];
	struct task *next;

	FRAME(t, "_cpu_up");

	task_sync(t);
	rq->cpu->offline = false;
	t->x.hw->nr_online++;
	workqueue_online_cpu(t->kern, cpu);
	next = balance_pull(rq);
	if (next)
		sched_run(next, cost(t, MK_WAKE_IDLE_IPI));
}

int cpu_online(struct task *t, u32 cpu)
{
	int err = 0;

	if (cpu >= t->x.hw->nr_cpus)
		return -EINVAL;
	cpus_write_lock(t);
	if (t->x.hw->cpus[cpu].offline)
		do_online(t, cpu);
	else
		err = -EINVAL;
	cpus_write_unlock(t);
	return err;
}
