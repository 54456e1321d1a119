/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Per-CPU counters; see the header. */
#include "sim/kern/percpu_counter.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sim/kern/cpuhp.h"

s32 percpu_counter_batch(const struct kern *k)
{
	return (s32)max_u64(32, 2 * (u64)k->hw->nr_online);
}

#define COUNTER_BYTES 4 /* s32 */

static int counter_init(struct kern *k, struct task *t, struct percpu_counter *c,
			struct mem_cgroup *memcg)
{
	u32 nr = k->hw->nr_cpus;
	int err;

	memset(c, 0, sizeof(*c));
	c->kern = k;
	gline_init(&c->line.g, 0);
	c->cpu = calloc(nr, sizeof(*c->cpu));
	if (!c->cpu)
		return -ENOMEM;
	for (u32 i = 0; i < nr; i++)
		gline_init(&c->cpu[i].line.g, k->hw->cpus[i].node);
	err = percpu_alloc(k, t, COUNTER_BYTES, COUNTER_BYTES, memcg, &c->mem);
	if (err)
		goto out_cpu;
	err = spin_lock_init(k, &c->lock, "&fbc->lock", SPIN_QSPINLOCK);
	if (err)
		goto out_mem;
	list_add_tail(&c->list, &k->percpu_counters);
	return 0;
out_mem:
	percpu_free(k, t, &c->mem);
out_cpu:
	free(c->cpu);
	return err;
}

int percpu_counter_init(struct kern *k, struct percpu_counter *c)
{
	return counter_init(k, NULL, c, NULL);
}

void percpu_counter_destroy(struct percpu_counter *c)
{
	list_del(&c->list);
	spin_lock_destroy(&c->lock);
	free(c->cpu);
}

/* percpu_counter_cpu_dead() */
static void cpu_dead(struct task *t, u32 cpu, void *arg)
{
	struct list_head *pos;

	(void)arg;
	FRAME(t, "percpu_counter_cpu_dead");

	list_for_each (pos, &t->kern->percpu_counters) {
		struct percpu_counter *c = list_entry(pos, struct percpu_counter, list);

		spin_lock_irqsave(t, &c->lock);
		task_sync(t);
		c->count += c->cpu[cpu].v;
		c->cpu[cpu].v = 0;
		line_store(&t->x, &c->line);
		task_sync(t);
		line_store(&t->x, &c->cpu[cpu].line);
		spin_unlock_irqrestore(t, &c->lock);
	}
}

void percpu_counter_setup(struct kern *k)
{
	cpuhp_setup_state(k, &k->cpuhp.percpu_counter, cpu_dead, NULL);
}

int percpu_counter_create(struct task *t, struct percpu_counter *c, struct mem_cgroup *memcg)
{
	FRAME(t, "__percpu_counter_init_many");

	return counter_init(t->kern, t, c, memcg);
}

void percpu_counter_remove(struct task *t, struct percpu_counter *c)
{
	FRAME(t, "percpu_counter_destroy_many");

	list_del(&c->list);
	percpu_free(t->kern, t, &c->mem);
}

/* Fold the CPU's part and @amount into the count. */
static void fold(struct task *t, struct percpu_counter *c, s64 amount)
{
	struct percpu_counter_cpu *own;

	spin_lock_irqsave(t, &c->lock);
	task_sync(t);
	own = &c->cpu[task_cpu(t)];
	c->count += own->v + amount;
	c->truth += amount;
	own->v = 0;
	line_store(&t->x, &c->line);
	task_sync(t);
	line_store(&t->x, &own->line);
	spin_unlock_irqrestore(t, &c->lock);
}

void percpu_counter_add_batch(struct task *t, struct percpu_counter *c, s64 amount, s32 batch)
{
	struct percpu_counter_cpu *own;

	FRAME(t, "percpu_counter_add_batch");

	task_sync(t);
	own = &c->cpu[task_cpu(t)];
	if (llabs(own->v + amount) >= batch) {
		fold(t, c, amount);
		return;
	}
	own->v += amount;
	c->truth += amount;
	line_store(&t->x, &own->line);
	work(t, cost(t, MK_THIS_CPU_ADD));
}

s64 percpu_counter_read(struct task *t, struct percpu_counter *c)
{
	s64 v;

	task_sync(t);
	v = c->count;
	c->nr_reads++;
	c->max_error = max_u64(c->max_error, (u64)llabs(v - c->truth));
	line_load(&t->x, &c->line);
	return v;
}

s64 percpu_counter_read_positive(struct task *t, struct percpu_counter *c)
{
	s64 v = percpu_counter_read(t, c);

	return v > 0 ? v : 0;
}

s64 percpu_counter_sum(struct task *t, struct percpu_counter *c)
{
	s64 sum;

	FRAME(t, "__percpu_counter_sum");

	spin_lock_irqsave(t, &c->lock);
	task_sync(t);
	sum = c->count;
	line_load(&t->x, &c->line);
	for (u32 i = 0; i < c->kern->hw->nr_cpus; i++) {
		task_sync(t);
		if (c->kern->hw->cpus[i].offline && !c->cpu[i].v)
			continue;
		sum += c->cpu[i].v;
		line_load(&t->x, &c->cpu[i].line);
	}
	spin_unlock_irqrestore(t, &c->lock);
	return sum;
}

s64 percpu_counter_sum_positive(struct task *t, struct percpu_counter *c)
{
	s64 v = percpu_counter_sum(t, c);

	return v > 0 ? v : 0;
}
