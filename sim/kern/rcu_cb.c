// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Callbacks: call_rcu(), their invocation in softirq, synchronize_rcu(), rcu_barrier()
 * (reference machine.md 2.11, constants of 6.12 kernel/rcu/tree.c and kernel/softirq.c).
 *
 * A CPU's callbacks are one list in the order of their grace periods; what was queued
 * before a grace period began is ready at its end. call_rcu() itself asks for no grace period,
 * unless there are very many callbacks: the CPU's next tick does (call_rcu_core(), rcu_core()).
 * The CPU notices the end at its next tick and
 * invokes them in softirq: passes of a limited number, which go on at once until the
 * softirq has run ten times or taken two milliseconds, counted in jiffies (MAX_SOFTIRQ_RESTART
 * and MAX_SOFTIRQ_TIME, handle_softirqs()). Then ksoftirqd goes on, if the
 * CPU is idle, else the next tick. Callbacks that wake somebody, as those of
 * synchronize_rcu(), do so at their own place in the pass; what the others do is seen at
 * the end of their chunk of at most 32.
 *
 * Left out: ksoftirqd as a task that competes, the end of a softirq at need_resched, offloaded
 * callbacks, lazy ones, rcu_normal_wake_from_gp (off by default).
 */
#include "sim/kern/bug.h"
#include "sim/kern/ipi.h"
#include "sim/kern/rcu_priv.h"

#define BLIMIT 10
#define MAX_BLIMIT 10000 /* DEFAULT_MAX_RCU_BLIMIT */
#define QHIMARK 10000
#define QLOWMARK 100
#define RCU_DIVISOR 7
#define LONG_PASS 100 /* a pass of a higher limit looks at the clock */
#define PASS_PS (3 * PS_PER_MS) /* rcu_resched_ns */
#define CLOCK_EVERY 32 /* callbacks between two looks */
#define MAX_SOFTIRQ_RESTART 10
#define MAX_SOFTIRQ_PS (2 * PS_PER_MS)

void rcu_cb_init(struct rcu_cpu *c)
{
	c->tail = &c->head;
	c->exec_tail = &c->exec;
	c->blimit = BLIMIT;
}

static void append(struct rcu_cpu *c, struct rcu_head *head, u64 seq)
{
	head->next = NULL;
	head->seq = seq;
	*c->tail = head;
	c->tail = &head->next;
	c->last_seq = seq;
	c->nr_cbs++;
	c->rcu->nr_cbs++;
	if (seq <= c->rcu->completed)
		c->nr_ready++;
	else
		c->nr_wait[seq & 1]++;
	rcu_arm_tick(c->rcu);
}

/* Many more than at the last look: longer passes and an early look for idle CPUs. */
static void check_ovld(struct rcu_cpu *c)
{
	if (c->nr_cbs <= c->qlen_last + QHIMARK)
		return;
	if (!c->rcu->gp_active) {
		rcu_request_gp(c->rcu);
		return;
	}
	c->blimit = MAX_BLIMIT;
	c->qlen_last = c->nr_cbs;
	rcu_force_quiescent_state(c->rcu);
}

void rcu_cb_queue(struct rcu_cpu *c, struct rcu_head *head)
{
	struct rcu_state *r = c->rcu;

	c = rcu_online(c);

	/* the one under way may have begun before a reader that matters */
	append(c, head, r->completed + (r->gp_active ? 2 : 1));
	check_ovld(c);
}

void rcu_cb_migrate(struct rcu_cpu *from, struct rcu_cpu *to)
{
	struct rcu_head **pos = &to->head, *head = from->head, *next;
	u64 nr = from->nr_ready + from->nr_wait[0] + from->nr_wait[1];

	for (; head; head = next) {
		next = head->next;
		while (*pos && (*pos)->seq <= head->seq)
			pos = &(*pos)->next;
		head->next = *pos;
		*pos = head;
		pos = &head->next;
		if (!*pos)
			to->tail = pos;
	}
	to->nr_ready += from->nr_ready;
	to->nr_wait[0] += from->nr_wait[0];
	to->nr_wait[1] += from->nr_wait[1];
	to->nr_cbs += nr;
	to->last_seq = max_u64(to->last_seq, from->last_seq);
	from->head = NULL;
	from->tail = &from->head;
	from->nr_ready = from->nr_wait[0] = from->nr_wait[1] = 0;
	from->nr_cbs -= nr;
}

bool rcu_cb_advance(struct rcu_state *r, u64 seq)
{
	bool more = false;

	for (u32 i = 0; i < r->nr_cpus; i++) {
		struct rcu_cpu *c = &r->cpu[i];

		c->nr_ready += c->nr_wait[seq & 1];
		c->nr_wait[seq & 1] = 0;
		more |= c->nr_wait[~seq & 1] > 0;
	}
	return more;
}

/* ---- softirq ------------------------------------------------------------ */

static bool cpu_busy(const struct rcu_cpu *c)
{
	return c->rcu->kern->hw->cpus[c->cpu].curr;
}

static void begin_pass(struct rcu_cpu *c)
{
	c->pass_limit = max_u64(c->blimit, c->nr_ready >> RCU_DIVISOR);
	c->pass_count = 0;
	c->pass_since = c->rcu->kern->sim->now;
}

static bool pass_over(const struct rcu_cpu *c)
{
	u64 now = c->rcu->kern->sim->now;

	if (!c->nr_ready || (c->pass_count >= c->pass_limit && cpu_busy(c)))
		return true;
	return c->pass_limit > LONG_PASS && now - c->pass_since >= PASS_PS;
}

static void end_pass(struct rcu_cpu *c)
{
	if (c->blimit >= MAX_BLIMIT && c->nr_cbs <= QLOWMARK)
		c->blimit = BLIMIT;
	if (!c->nr_cbs)
		c->qlen_last = 0;
	else if (c->nr_cbs + QHIMARK < c->qlen_last)
		c->qlen_last = c->nr_cbs;
}

/* Move callbacks from the list to the chunk; their CPU time. */
static u64 take_chunk(struct rcu_cpu *c)
{
	u64 n = CLOCK_EVERY, ps = 0;

	if (cpu_busy(c))
		n = min_u64(n, c->pass_limit - c->pass_count);
	for (; n && c->nr_ready; n--) {
		struct rcu_head *head = c->head;

		c->head = head->next;
		if (!c->head)
			c->tail = &c->head;
		head->next = NULL;
		*c->exec_tail = head;
		c->exec_tail = &head->next;
		c->nr_ready--;
		c->pass_count++;
		ps += c->rcu->kern->hw->c[MK_RCU_CALLBACK] + head->ps;
		if (head->wakes)
			break;
	}
	return ps;
}

static void chunk_done(struct sim *s, void *arg);

static void run_chunk(struct rcu_cpu *c)
{
	struct kern *k = c->rcu->kern;
	u64 ps = take_chunk(c);

	cpu_interrupt(k->hw, &k->hw->cpus[c->cpu], ps);
	sim_at(k->sim, EV_GRACE, k->sim->now + ps, chunk_done, c);
}

/* MAX_SOFTIRQ_TIME, as msecs_to_jiffies() rounds it. */
static u64 softirq_jiffies(const struct rcu_state *r)
{
	return (MAX_SOFTIRQ_PS + r->tick - 1) / r->tick;
}

static void softirq_run(struct sim *s, void *arg)
{
	struct rcu_cpu *c = arg;

	(void)s;

	c->restarts = 0;
	c->run_until = rcu_jiffies(c->rcu) + softirq_jiffies(c->rcu);
	begin_pass(c);
	run_chunk(c);
}

/* Another pass, ksoftirqd, or the next tick. */
static void go_on(struct rcu_cpu *c)
{
	struct kern *k = c->rcu->kern;

	if (!c->nr_ready) {
		c->in_softirq = false;
	} else if (++c->restarts < MAX_SOFTIRQ_RESTART && rcu_jiffies(c->rcu) < c->run_until) {
		begin_pass(c);
		run_chunk(c);
	} else if (cpu_busy(c)) {
		c->in_softirq = false;
	} else {
		sim_at(k->sim, EV_GRACE, k->sim->now + k->hw->c[MK_CTX_SWITCH], softirq_run, c);
	}
}

static void chunk_done(struct sim *s, void *arg)
{
	struct rcu_cpu *c = arg;
	struct rcu_state *r = c->rcu;
	struct rcu_head *head = c->exec, *next;

	(void)s;
	c->exec = NULL;
	c->exec_tail = &c->exec;
	for (; head; head = next) {
		next = head->next;
		c->nr_cbs--;
		r->nr_cbs--;
		r->stats.nr_callbacks++;
		head->pending = false;
		head->func(r->kern, head);
	}
	if (!pass_over(c)) {
		run_chunk(c);
		return;
	}
	end_pass(c);
	go_on(c);
}

void rcu_cb_tick(struct rcu_cpu *c)
{
	/* no grace period and unregistered callbacks */
	if (c->nr_wait[0] || c->nr_wait[1])
		rcu_request_gp(c->rcu);
	if (!c->nr_ready || c->in_softirq)
		return;
	c->in_softirq = true;
	softirq_run(c->rcu->kern->sim, c);
}

/* ---- what tasks call ---------------------------------------------------- */

/* Interrupts are off while the list is changed. */
static struct rcu_cpu *this_cpu(struct task *t)
{
	work(t, cost(t, MK_IRQ_SAVE_RESTORE));
	task_sync(t);
	return &t->kern->rcu->cpu[task_cpu(t)];
}

void call_rcu(struct task *t, struct rcu_head *head,
	      void (*func)(struct kern *k, struct rcu_head *head))
{
	struct rcu_cpu *c;

	FRAME(t, "call_rcu");

	c = this_cpu(t);
	if (unlikely(head->pending))
		kern_bug(t, "call_rcu() on a callback that is queued already", NULL, 0);
	head->pending = true;
	head->func = func;
	rcu_cb_queue(c, head);
}

struct rcu_synchronize {
	struct rcu_head head; /* must be first */
	struct task *t;
	bool done;
};

static void wakeme_after_rcu(struct kern *k, struct rcu_head *head)
{
	struct rcu_synchronize *rs = container_of(head, struct rcu_synchronize, head);

	(void)k;
	rs->done = true;
	task_wake(NULL, rs->t);
}

void synchronize_rcu(struct task *t)
{
	struct rcu_synchronize rs = { .t = t, .head.wakes = true };

	FRAME(t, "synchronize_rcu");

	rcu_check_waiter(t);
	call_rcu(t, &rs.head, wakeme_after_rcu);
	while (!rs.done)
		task_block(t);
}

bool rcu_funnel_enter(struct task *t, struct rcu_funnel *f)
{
	u64 need;

	task_sync(t);
	need = f->done + (f->busy ? 2 : 1);
	while (f->busy) {
		list_add_tail(&t->wait_node, &f->waiters);
		task_block(t);
		task_sync(t);
		if (f->done >= need)
			return false;
	}
	f->busy = true;
	return true;
}

void rcu_funnel_leave(struct rcu_funnel *f)
{
	f->done++;
	f->busy = false;
	while (!list_empty(&f->waiters)) {
		struct task *t = list_first_entry(&f->waiters, struct task, wait_node);

		list_del(&t->wait_node);
		task_wake(NULL, t);
	}
}

static void barrier_callback(struct kern *k, struct rcu_head *head)
{
	struct rcu_state *r = k->rcu;

	(void)head;
	if (!--r->barrier_left && r->barrier_leader)
		task_wake(NULL, r->barrier_leader);
}

static bool has_callbacks(const struct cpu *c, void *arg)
{
	const struct rcu_state *r = arg;

	return r->cpu[c->id].nr_cbs;
}

void rcu_barrier(struct task *t)
{
	struct rcu_state *r = t->kern->rcu;

	FRAME(t, "rcu_barrier");

	rcu_check_waiter(t);
	if (!rcu_funnel_enter(t, &r->barrier))
		return;
	smp_call_cond(t, has_callbacks, r, cost(t, MK_IRQ_SAVE_RESTORE));
	task_sync(t);
	for (u32 i = 0; i < r->nr_cpus; i++) {
		struct rcu_cpu *c = &r->cpu[i];

		if (!c->nr_cbs)
			continue;
		/* behind the last one, no grace period of its own */
		c->barrier = (struct rcu_head){ .func = barrier_callback, .wakes = true };
		append(c, &c->barrier, c->head ? c->last_seq : r->completed);
		r->barrier_left++;
	}
	r->barrier_leader = t;
	while (r->barrier_left)
		task_block(t);
	r->barrier_leader = NULL;
	rcu_funnel_leave(&r->barrier);
}
