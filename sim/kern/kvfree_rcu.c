// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * kvfree_rcu(): objects are gathered per CPU, their pointers in pages, and freed together
 * after one grace period (6.12 kernel/rcu/tree.c, struct kfree_rcu_cpu). A batch goes off
 * KFREE_DRAIN_JIFFIES after its first object, a jiffy after it fills a page, and at most
 * two are on their way: a third waits for another round of the timer.
 *
 * Left out: the kworkers that drain and free, the work is done by the timer and in the
 * callback; pages whose grace period happens to be over already; the kind of object
 * (slab or vmalloc); the fallback without pages.
 */
#include "sim/kern/rcu_priv.h"

#include <errno.h>

#define KFREE_DRAIN_S 5 /* KFREE_DRAIN_JIFFIES is 5 * HZ */
#define BULK_PAGE 4096U
/*
 * What struct kvfree_rcu_bulk_data leaves of a page, in pointers: without debugging it is a list
 * head, a struct rcu_gp_oldstate of two longs (of one without SMP) and a count, 40 bytes (6.12).
 */
#define KVFREE_BULK_MAX_ENTR 507U

void kvfree_init(struct rcu_cpu *c)
{
	c->kvfree.kern = c->rcu->kern;
	c->kvfree.monitor_at = TIME_MAX;
}

static u64 bulk_bytes(u64 nr)
{
	return (nr + KVFREE_BULK_MAX_ENTR - 1) / KVFREE_BULK_MAX_ENTR * BULK_PAGE;
}

static void free_batch(struct kern *k, struct rcu_head *head)
{
	struct kvfree_batch *b = container_of(head, struct kvfree_batch, rcu);

	ledger_commit(&k->ledger, (u32)k->rcu->kvfree_cat, -(s64)(b->bytes + bulk_bytes(b->nr)),
		      -(s64)b->nr, k->sim->now);
	b->busy = false;
}

static void kfree_rcu_monitor(struct sim *s, void *arg);

static void schedule_monitor(struct kvfree_cpu *kc)
{
	struct rcu_state *r = kc->kern->rcu;
	u64 hz = PS_PER_SEC / r->tick;
	u64 delay = kc->nr >= KVFREE_BULK_MAX_ENTR ? 1 : KFREE_DRAIN_S * hz;
	u64 at = rcu_jiffy_at(r, rcu_jiffies(r) + delay + 1);

	if (at >= kc->monitor_at)
		return;
	if (kc->monitor_at != TIME_MAX)
		sim_cancel(kc->kern->sim, kc->monitor);
	kc->monitor_at = at;
	kc->monitor = sim_at(kc->kern->sim, EV_TIMER, at, kfree_rcu_monitor, kc);
}

static void kfree_rcu_monitor(struct sim *s, void *arg)
{
	struct kvfree_cpu *kc = arg;
	struct rcu_cpu *c = container_of(kc, struct rcu_cpu, kvfree);

	(void)s;
	kc->monitor_at = TIME_MAX;
	for (u32 i = 0; kc->nr && i < KFREE_N_BATCHES; i++) {
		struct kvfree_batch *b = &kc->batch[i];

		if (b->busy)
			continue;
		b->busy = true;
		b->nr = kc->nr;
		b->bytes = kc->bytes;
		b->rcu.func = free_batch;
		b->rcu.ps = b->nr * kc->kern->hw->c[MK_SLAB_FAST_PAIR] / 2;
		kc->nr = 0;
		kc->bytes = 0;
		rcu_cb_queue(c, &b->rcu);
	}
	if (kc->nr)
		schedule_monitor(kc);
}

int kvfree_rcu(struct task *t, u64 bytes)
{
	struct rcu_state *r = t->kern->rcu;
	struct kvfree_cpu *kc;
	bool page;

	FRAME(t, "kvfree_call_rcu");

	work(t, cost(t, MK_IRQ_SAVE_RESTORE));
	task_sync(t);
	if (r->kvfree_cat < 0)
		r->kvfree_cat = ledger_category(&t->kern->ledger, "kvfree_rcu");
	if (r->kvfree_cat < 0)
		return -ENOSPC;
	kc = &r->cpu[task_cpu(t)].kvfree;
	page = kc->nr % KVFREE_BULK_MAX_ENTR == 0;
	kc->nr++;
	kc->bytes += bytes;
	ledger_commit(&t->kern->ledger, (u32)r->kvfree_cat, (s64)(bytes + (page ? BULK_PAGE : 0)),
		      1, t->kern->sim->now);
	schedule_monitor(kc);
	return 0;
}
