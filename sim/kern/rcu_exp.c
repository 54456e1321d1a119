// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Expedited grace periods (reference machine.md 2.11): an IPI to every busy CPU, whose
 * handler reports if it finds user mode, or a preemptible kernel out of read sections. The
 * others report at their next reschedule point, context switch, end of read section (of
 * one that was switched out) or tick. Concurrent callers share grace periods.
 *
 * Left out: the kworkers that send the IPIs, in rcu.exp_start; the tree, so that callers
 * meet on one sequence without contention for its lock.
 */
#include "sim/kern/ipi.h"
#include "sim/kern/rcu_priv.h"

#define EXP_BIT (1U << RCU_EXPEDITED)

static bool is_waited_for(const struct cpu *c, void *arg)
{
	const struct rcu_state *r = arg;

	return r->cpu[c->id].waits & EXP_BIT;
}

static void select_cpus(struct rcu_state *r, const struct task *t)
{
	for (u32 i = 0; i < r->nr_cpus; i++) {
		struct rcu_cpu *c = &r->cpu[i];

		if (i == task_cpu(t) || !r->kern->hw->cpus[i].curr)
			continue;
		c->exp_quiescent = rcu_is_quiescent(r, c);
		rcu_wait_cpu(r, c, RCU_EXPEDITED);
	}
	rcu_wait_blocked(r, RCU_EXPEDITED);
}

/* The round has been answered. */
static void handlers_report(struct rcu_state *r)
{
	for (u32 i = 0; i < r->nr_cpus; i++) {
		struct rcu_cpu *c = &r->cpu[i];

		if (!(c->waits & EXP_BIT))
			continue;
		if (c->exp_quiescent)
			rcu_report_qs(r, c, EXP_BIT);
		else
			r->kern->rq[i].rcu_need = true;
	}
}

void rcu_exp_done(struct rcu_state *r)
{
	if (r->exp_leader)
		task_wake(NULL, r->exp_leader);
}

void synchronize_rcu_expedited(struct task *t)
{
	struct rcu_state *r = t->kern->rcu;
	struct rcu_wait *w = &r->wait[RCU_EXPEDITED];

	FRAME(t, "synchronize_rcu_expedited");

	rcu_check_waiter(t);
	if (!rcu_funnel_enter(t, &r->exp))
		return;
	work(t, cost(t, MK_RCU_EXP_START));
	task_sync(t);
	select_cpus(r, t);
	smp_call_cond(t, is_waited_for, r, 0);
	task_sync(t);
	handlers_report(r);
	if (w->cpus || w->tasks)
		rcu_arm_tick(r);
	r->exp_leader = t;
	while (w->cpus || w->tasks)
		task_block(t);
	r->exp_leader = NULL;
	r->stats.nr_expedited++;
	rcu_funnel_leave(&r->exp);
}
