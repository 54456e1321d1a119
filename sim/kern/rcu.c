// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Read sections, quiescent states and grace periods (reference machine.md 2.11).
 *
 * A grace period begins rcu.gp_start after a tick finds callbacks that wait for it, or at once
 * behind another one. It waits for a quiescent state of each CPU, and with preemptible read
 * sections for the tasks that were switched out in one. A busy CPU reports when it
 * switches to another task; at its tick if that finds it in user mode (preemptible: out of
 * read sections); behind any reschedule point, at the next interaction point, once the
 * grace period is older than jiffies_to_sched_qs. Idle CPUs, and
 * those that have switched since the first time, are found by the kthread, which looks
 * every j jiffies: as timers never fire early, at the edge of the jiffy after those. Its
 * own CPU is not idle while it looks, so that an idle machine takes two rounds.
 *
 * The kthread is an agent, an idle CPU its place. Jiffies have a random phase. There are
 * ticks only while a grace period or callbacks wait for something.
 *
 * Without preemption a read section is a section as of a spin lock: interrupt time that
 * hits it is paid at its end. It begins synchronised, so a CPU has at most one in its
 * future, as with interrupts off (irq.c).
 *
 * Left out: the CPU time of ticks and of the kthread, the tree of rcu_node and its locks,
 * priority boosting, callback offloading, preempt-off regions as readers of
 * a preemptible kernel. A grace period of 21 s fails the run, the kernel reports a stall.
 */
#include "sim/kern/bug.h"
#include "sim/kern/rcu_priv.h"

#include <errno.h>
#include <stdlib.h>

/* CONFIG_RCU_CPU_STALL_TIMEOUT */
#define RCU_STALL_PS (21 * PS_PER_SEC)
/* CPUs for which the kthread waits a jiffy longer: RCU_JIFFIES_FQS_DIV */
#define FQS_DIV 256

int rcu_init(struct kern *k)
{
	struct rcu_state *r = calloc(1, sizeof(*r));
	u64 hz = max_u64(k->hw->c[MK_HZ], 1);
	struct rng rng;

	k->rcu = r;
	if (!r)
		return -ENOMEM;
	r->kern = k;
	r->nr_cpus = k->hw->nr_cpus;
	r->preemptible = k->hw->c[MK_PREEMPT] == PREEMPT_FULL;
	r->tick = PS_PER_SEC / hz;
	r->j_fqs = 1 + (hz > 250) + (hz > 500) + r->nr_cpus / FQS_DIV;
	r->j_sched_qs = max_u64(3 * r->j_fqs, hz / 10 + r->nr_cpus / FQS_DIV);
	r->kvfree_cat = -1;
	rng_seed(&rng, k->seed, k->replication, "rcu", 0, RNG_MECHANISM);
	r->phase = rng_below(&rng, r->tick);
	r->gp_cpu = (u32)rng_below(&rng, r->nr_cpus);
	list_init(&r->blocked);
	list_init(&r->exp.waiters);
	list_init(&r->barrier.waiters);
	r->cpu = calloc(r->nr_cpus, sizeof(*r->cpu));
	if (!r->cpu)
		return -ENOMEM;
	for (u32 i = 0; i < r->nr_cpus; i++) {
		r->cpu[i].rcu = r;
		r->cpu[i].cpu = i;
		rcu_cb_init(&r->cpu[i]);
		kvfree_init(&r->cpu[i]);
	}
	return 0;
}

void rcu_destroy(struct kern *k)
{
	if (!k->rcu)
		return;
	free(k->rcu->cpu);
	free(k->rcu);
}

const struct rcu_stats *rcu_stats(const struct kern *k)
{
	return &k->rcu->stats;
}

/* ---- time -------------------------------------------------------------- */

u64 rcu_jiffies(const struct rcu_state *r)
{
	/* edge 1 is at the phase */
	return (r->kern->sim->now + r->tick - r->phase) / r->tick;
}

u64 rcu_jiffy_at(const struct rcu_state *r, u64 j)
{
	return r->phase + (j - 1) * r->tick;
}

static u64 kthread_wake(const struct rcu_state *r)
{
	return r->kern->hw->c[MK_WAKE_IDLE_IPI];
}

/* ---- what a grace period waits for -------------------------------------- */

static struct hw *rcu_hw(const struct rcu_state *r)
{
	return r->kern->hw;
}

static struct exec *cpu_curr(const struct rcu_state *r, u32 cpu)
{
	return rcu_hw(r)->cpus[cpu].curr;
}

static void update_waits(struct rcu_state *r)
{
	bool waits = false;

	for (u32 i = 0; i < NR_RCU_KINDS; i++)
		waits |= r->wait[i].cpus || r->wait[i].tasks;
	r->kern->rcu_waits = waits;
}

void rcu_wait_cpu(struct rcu_state *r, struct rcu_cpu *c, enum rcu_kind kind)
{
	c->waits |= (u8)(1U << kind);
	r->wait[kind].cpus++;
	r->kern->rcu_waits = true;
}

static void wait_task(struct rcu_state *r, struct task *t, u32 kinds)
{
	for (u32 kind = 0; kind < NR_RCU_KINDS; kind++)
		if (kinds & 1U << kind)
			r->wait[kind].tasks++;
	t->rcu_blocks |= (u8)kinds;
	r->kern->rcu_waits = true;
}

void rcu_wait_blocked(struct rcu_state *r, enum rcu_kind kind)
{
	struct list_head *pos;

	list_for_each (pos, &r->blocked)
		wait_task(r, list_entry(pos, struct task, rcu_node), 1U << kind);
}

static void gp_end(struct sim *s, void *arg);

/* Something has been reported to grace periods of @kinds; @wake: the kthread sleeps. */
static void check_done(struct rcu_state *r, u32 kinds, u64 wake)
{
	for (u32 kind = 0; kind < NR_RCU_KINDS; kind++) {
		if (!(kinds & 1U << kind) || r->wait[kind].cpus || r->wait[kind].tasks)
			continue;
		update_waits(r);
		if (kind == RCU_EXPEDITED) {
			rcu_exp_done(r);
			continue;
		}
		r->gp_ending = true;
		sim_cancel(r->kern->sim, r->fqs);
		sim_at(r->kern->sim, EV_GRACE, r->kern->sim->now + wake, gp_end, r);
	}
}

static void report(struct rcu_state *r, struct rcu_cpu *c, u32 kinds, u64 wake)
{
	kinds &= c->waits;
	if (!kinds)
		return;
	c->waits &= (u8)~kinds;
	if (!c->waits)
		r->kern->rq[c->cpu].rcu_need = false;
	for (u32 kind = 0; kind < NR_RCU_KINDS; kind++)
		if (kinds & 1U << kind)
			r->wait[kind].cpus--;
	check_done(r, kinds, wake);
}

void rcu_report_qs(struct rcu_state *r, struct rcu_cpu *c, u32 kinds)
{
	report(r, c, kinds, kthread_wake(r));
}

struct rcu_cpu *rcu_online(struct rcu_cpu *c)
{
	struct rcu_state *r = c->rcu;

	while (rcu_hw(r)->cpus[c->cpu].offline)
		c = &r->cpu[(c->cpu + 1) % r->nr_cpus];
	return c;
}

void rcu_report_cpu_dead(struct kern *k, u32 cpu)
{
	struct rcu_cpu *c = &k->rcu->cpu[cpu];

	rcu_report_qs(k->rcu, c, c->waits);
	rcu_cb_migrate(c, rcu_online(c));
}

bool rcu_is_quiescent(const struct rcu_state *r, const struct rcu_cpu *c)
{
	const struct exec *x = cpu_curr(r, c->cpu);
	const struct task *t;

	if (!x)
		return true;
	t = container_of(x, const struct task, x);
	if (t->rcu_depth)
		return false;
	if (exec_in_user(x, r->kern->sim->now))
		return true;
	/* one section with preemption off may lie in the future of a task that ran ahead */
	return r->preemptible && !x->section && x->section_end < r->kern->sim->now;
}

/* ---- read sections ------------------------------------------------------ */

void rcu_read_lock(struct task *t)
{
	struct rcu_state *r = t->kern->rcu;

	if (t->rcu_depth) {
		t->rcu_depth++;
		return;
	}
	task_sync(t);
	t->rcu_depth = 1;
	if (r->preemptible)
		work(t, cost(t, MK_RCU_READ_PAIR) / 2);
	else
		t->x.section++;
}

/* A task that was switched out in its read section has left it. */
static void unblock(struct rcu_state *r, struct task *t)
{
	u32 kinds = t->rcu_blocks;

	list_del(&t->rcu_node);
	t->rcu_blocks = 0;
	for (u32 kind = 0; kind < NR_RCU_KINDS; kind++)
		if (kinds & 1U << kind)
			r->wait[kind].tasks--;
	check_done(r, kinds, kthread_wake(r));
}

void rcu_read_unlock(struct task *t)
{
	struct rcu_state *r = t->kern->rcu;
	u64 pair = cost(t, MK_RCU_READ_PAIR);

	if (!t->rcu_depth)
		kern_bug(t, "rcu_read_unlock() outside of a read section", NULL, 0);
	if (t->rcu_depth > 1) {
		t->rcu_depth--;
		return;
	}
	if (r->preemptible) {
		work(t, pair - pair / 2);
		task_sync(t);
		t->rcu_depth = 0;
		if (!list_empty(&t->rcu_node))
			unblock(r, t);
		return;
	}
	t->rcu_depth = 0;
	if (--t->x.section)
		return;
	t->x.section_end = task_clock(t);
	exec_pay_irq(&t->x);
}

void rcu_check_switch(struct task *t, bool preempted)
{
	if (preempted && t->kern->rcu->preemptible)
		return;
	kern_bug(t, "a task blocks in an RCU read section", NULL, 0);
}

void rcu_check_waiter(struct task *t)
{
	if (t->rcu_depth)
		kern_bug(t, "a task waits for a grace period in its RCU read section", NULL, 0);
	might_sleep(t);
}

void rcu_check_exit(struct task *t)
{
	if (t->rcu_depth)
		kern_bug_nr(t, "a task ended in ", t->rcu_depth, " RCU read section(s)");
}

void rcu_note_context_switch(struct task *t, bool to_task)
{
	struct rcu_state *r = t->kern->rcu;
	struct rcu_cpu *c = &r->cpu[task_cpu(t)];

	if (t->rcu_depth && list_empty(&t->rcu_node)) {
		list_add_tail(&t->rcu_node, &r->blocked);
		wait_task(r, t, c->waits);
		update_waits(r);
	}
	c->switches++;
	if (to_task || c->waits & 1U << RCU_EXPEDITED)
		rcu_report_qs(r, c, to_task ? c->waits : 1U << RCU_EXPEDITED);
	r->kern->rq[c->cpu].rcu_need = to_task && c->waits;
}

void rcu_note_voluntary(struct task *t)
{
	struct rcu_cpu *c = &t->kern->rcu->cpu[task_cpu(t)];

	/* an expedited one has set need_resched */
	if (t->rcu_depth || !c->waits)
		return;
	rcu_report_qs(t->kern->rcu, c, c->urgent ? c->waits : c->waits & 1U << RCU_EXPEDITED);
	t->rcu_need = t->rq->rcu_need;
}

/* ---- ticks -------------------------------------------------------------- */

static void tick_cpu(struct rcu_state *r, struct rcu_cpu *c)
{
	struct exec *x = cpu_curr(r, c->cpu);

	if (c->waits) {
		/* the tick of an idle CPU stops, unless it has callbacks */
		if (rcu_is_quiescent(r, c) && (x || c->nr_cbs))
			rcu_report_qs(r, c, c->waits);
		else if (x)
			r->kern->rq[c->cpu].rcu_need = true;
	}
	rcu_cb_tick(c);
}

static void tick(struct sim *s, void *arg)
{
	struct rcu_state *r = arg;

	r->tick_armed = false;
	if (r->gp_active && s->now - r->gp_start > RCU_STALL_PS)
		sim_fail(s, "RCU stall: a grace period waits for %llu CPU(s) and %llu task(s)",
			 r->wait[RCU_NORMAL].cpus, r->wait[RCU_NORMAL].tasks);
	for (u32 i = 0; i < r->nr_cpus; i++)
		tick_cpu(r, &r->cpu[i]);
	if (r->kern->rcu_waits || r->nr_cbs)
		rcu_arm_tick(r);
}

void rcu_arm_tick(struct rcu_state *r)
{
	if (r->tick_armed)
		return;
	r->tick_armed = true;
	sim_at(r->kern->sim, EV_TIMER, rcu_jiffy_at(r, rcu_jiffies(r) + 1), tick, r);
}

/* ---- grace periods ------------------------------------------------------ */

/* The kthread wakes where it ran last, or on the next idle CPU if that one is busy. */
static void place_kthread(struct rcu_state *r)
{
	for (u32 i = 0; i < r->nr_cpus; i++) {
		u32 cpu = (r->gp_cpu + i) % r->nr_cpus;

		if (cpu_curr(r, cpu) || rcu_hw(r)->cpus[cpu].offline)
			continue;
		r->gp_cpu = cpu;
		return;
	}
	r->gp_cpu = rcu_online(&r->cpu[r->gp_cpu])->cpu;
}

/* The kthread goes to sleep: a context switch of its CPU, if that is not a task's. */
static void kthread_sleeps(struct rcu_state *r)
{
	if (!cpu_curr(r, r->gp_cpu))
		r->cpu[r->gp_cpu].switches++;
}

static void fqs_cpu(struct rcu_state *r, struct rcu_cpu *c)
{
	bool idle = !cpu_curr(r, c->cpu) && c->cpu != r->gp_cpu;

	if (idle || (c->snapped && c->switches != c->snap)) {
		report(r, c, 1U << RCU_NORMAL, 0);
		return;
	}
	if (!c->snapped) {
		c->snapped = true;
		c->snap = c->switches;
	}
	if (rcu_jiffies(r) - r->gp_start_jiffy > r->j_sched_qs)
		c->urgent = true;
}

static void fqs_wait(struct rcu_state *r);

static void fqs(struct sim *s, void *arg)
{
	struct rcu_state *r = arg;

	(void)s;
	place_kthread(r);
	for (u32 i = 0; i < r->nr_cpus && !r->gp_ending; i++)
		if (r->cpu[i].waits & 1U << RCU_NORMAL)
			fqs_cpu(r, &r->cpu[i]);
	kthread_sleeps(r);
	if (!r->gp_ending)
		fqs_wait(r);
}

static void fqs_wait(struct rcu_state *r)
{
	u64 at = rcu_jiffy_at(r, rcu_jiffies(r) + r->j_fqs + 1);

	r->fqs = sim_at(r->kern->sim, EV_GRACE, at + kthread_wake(r), fqs, r);
}

void rcu_force_quiescent_state(struct rcu_state *r)
{
	if (!r->gp_active || r->gp_ending || !sim_cancel(r->kern->sim, r->fqs))
		return;
	r->fqs = sim_at(r->kern->sim, EV_GRACE, r->kern->sim->now + kthread_wake(r), fqs, r);
}

static void gp_begin(struct rcu_state *r)
{
	r->gp_requested = false;
	r->gp_active = true;
	r->gp_start = r->kern->sim->now;
	r->gp_start_jiffy = rcu_jiffies(r);
	place_kthread(r);
	for (u32 i = 0; i < r->nr_cpus; i++) {
		r->cpu[i].snapped = false;
		r->cpu[i].urgent = false;
		if (!rcu_hw(r)->cpus[i].offline)
			rcu_wait_cpu(r, &r->cpu[i], RCU_NORMAL);
	}
	rcu_wait_blocked(r, RCU_NORMAL);
	kthread_sleeps(r);
	fqs_wait(r);
	rcu_arm_tick(r);
}

static void gp_start(struct sim *s, void *arg)
{
	(void)s;
	gp_begin(arg);
}

static void gp_end(struct sim *s, void *arg)
{
	struct rcu_state *r = arg;

	r->gp_active = false;
	r->gp_ending = false;
	r->completed++;
	r->stats.nr_gps++;
	r->stats.gp_ps += s->now - r->gp_start;
	if (rcu_cb_advance(r, r->completed))
		gp_begin(r);
}

void rcu_request_gp(struct rcu_state *r)
{
	struct sim *s = r->kern->sim;

	if (r->gp_active || r->gp_requested)
		return;
	r->gp_requested = true;
	sim_at(s, EV_GRACE, s->now + rcu_hw(r)->c[MK_RCU_GP_START], gp_start, r);
}
