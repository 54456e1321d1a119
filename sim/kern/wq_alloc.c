/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Work queues and the pools behind them (reference machine.md 2.13). Queues of equal
 * flags and scope share their pools. Scopes are told apart by the distance of CPUs:
 * a pool's CPUs are those no more distant from its first one than the scope says.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sim/kern/wq_priv.h"

/* Most distant CPU of a scope. */
static const u8 scope_reach[WQ_AFFN_NR_TYPES] = {
	[WQ_AFFN_DFL] = DIST_LLC,   [WQ_AFFN_CPU] = DIST_SELF,	[WQ_AFFN_SMT] = DIST_SMT,
	[WQ_AFFN_CACHE] = DIST_LLC, [WQ_AFFN_NUMA] = DIST_XLLC, [WQ_AFFN_SYSTEM] = DIST_XSOCK,
};

static const struct {
	const char *name;
	u32 flags;
} system_wqs[NR_SYSTEM_WQS] = {
	[SYSTEM_WQ] = { "events", 0 },
	[SYSTEM_HIGHPRI_WQ] = { "events_highpri", WQ_HIGHPRI },
	[SYSTEM_LONG_WQ] = { "events_long", 0 },
	[SYSTEM_UNBOUND_WQ] = { "events_unbound", WQ_UNBOUND },
};

static void pool_init(struct kern *k, struct worker_pool *pool, u32 flags, u8 reach, u32 cpu)
{
	pool->kern = k;
	pool->cpu = cpu;
	pool->next_cpu = cpu;
	pool->flags = flags;
	pool->reach = reach;
	list_init(&pool->works);
	list_init(&pool->idle);
	list_init(&pool->spare);
}

static const char *worker_comm(const struct worker_pool *pool)
{
	static const char *const comm[] = { "kworker", "kworker/H", "kworker/u", "kworker/uH" };

	return comm[(pool->flags & WQ_UNBOUND ? 2 : 0) + (pool->flags & WQ_HIGHPRI ? 1 : 0)];
}

/* @boot: of kern_new(), whose workers are numbered by CPU; further ones come after those. */
static int pool_populate(struct worker_pool *pool, bool boot)
{
	struct kern *k = pool->kern;

	for (u32 j = 0; j < WORKERS_PER_POOL; j++) {
		u32 index = boot ? pool->cpu * WORKERS_PER_POOL + j :
				   k->hw->nr_cpus * WORKERS_PER_POOL + k->wq->nr_extra++;

		if (pool_add_worker(pool, worker_comm(pool), index, false))
			return -ENOMEM;
	}
	return 0;
}

static void set_free(struct pool_set *set)
{
	for (u32 i = 0; set->pools && i < set->nr; i++) {
		while (set->pools[i].workers) {
			struct worker *worker = set->pools[i].workers;

			set->pools[i].workers = worker->next;
			free(worker);
		}
	}
	free(set->pools);
	free(set->of_cpu);
	free(set);
}

/* The pool of @cpu, which is new if no CPU before it is within reach. */
static void set_add_cpu(struct kern *k, struct pool_set *set, u32 cpu)
{
	u8 reach = set->flags & WQ_UNBOUND ? scope_reach[set->scope] : DIST_SELF;

	for (u32 i = 0; i < set->nr; i++) {
		if (hw_dist(k->hw, set->pools[i].cpu, cpu) <= reach) {
			set->of_cpu[cpu] = (u16)i;
			return;
		}
	}
	set->of_cpu[cpu] = (u16)set->nr;
	pool_init(k, &set->pools[set->nr++], set->flags, reach, cpu);
}

static struct pool_set *set_new(struct kern *k, u32 flags, enum wq_affn_scope scope)
{
	struct pool_set *set = calloc(1, sizeof(*set));
	u32 nr_cpus = k->hw->nr_cpus;
	bool boot = !k->wq->sets;

	if (!set)
		return NULL;
	set->flags = flags;
	set->scope = scope;
	set->pools = calloc(nr_cpus, sizeof(*set->pools));
	set->of_cpu = calloc(nr_cpus, sizeof(*set->of_cpu));
	if (!set->pools || !set->of_cpu)
		goto fail;
	for (u32 cpu = 0; cpu < nr_cpus; cpu++)
		set_add_cpu(k, set, cpu);
	for (u32 i = 0; i < set->nr; i++)
		if (pool_populate(&set->pools[i], boot))
			goto fail;
	set->next = k->wq->sets;
	k->wq->sets = set;
	return set;
fail:
	set_free(set);
	return NULL;
}

static struct pool_set *set_get(struct kern *k, u32 flags, enum wq_affn_scope scope)
{
	flags &= WQ_UNBOUND | WQ_HIGHPRI | WQ_STRICT;
	for (struct pool_set *set = k->wq->sets; set; set = set->next)
		if (set->flags == flags && set->scope == scope)
			return set;
	return set_new(k, flags, scope);
}

/* CPUs of @node as a share of max_active, see alloc_workqueue(). */
static u32 node_max_active(const struct kern *k, u32 node, u32 max_active)
{
	u32 nr = 0, nr_cpus = k->hw->nr_cpus, max;

	for (u32 i = 0; i < nr_cpus; i++)
		nr += k->hw->cpus[i].node == node;
	max = (max_active * nr + nr_cpus - 1) / nr_cpus;
	max = max > WQ_DFL_MIN_ACTIVE ? max : WQ_DFL_MIN_ACTIVE;
	return max < max_active ? max : max_active;
}

static int wq_link_pools(struct workqueue *wq)
{
	struct kern *k = wq->kern;
	struct pool_set *set = wq->set;
	bool unbound = wq->flags & WQ_UNBOUND;
	bool per_node = unbound && set->scope != WQ_AFFN_SYSTEM;
	u32 nr = per_node ? k->hw->nr_nodes : unbound ? 1 : set->nr;

	wq->pwqs = calloc(set->nr, sizeof(*wq->pwqs));
	wq->actives = calloc(nr, sizeof(*wq->actives));
	if (!wq->pwqs || !wq->actives)
		return -ENOMEM;
	for (u32 i = 0; i < nr; i++) {
		list_init(&wq->actives[i].inactive);
		wq->actives[i].max =
			per_node ? node_max_active(k, i, wq->max_active) : wq->max_active;
	}
	for (u32 i = 0; i < set->nr; i++) {
		struct worker_pool *pool = &set->pools[i];
		u32 a = per_node ? k->hw->cpus[pool->cpu].node : unbound ? 0 : i;

		wq->pwqs[i] = (struct wq_pwq){ wq, pool, &wq->actives[a] };
	}
	return 0;
}

static void wq_free(struct workqueue *wq)
{
	free(wq->pwqs);
	free(wq->actives);
	free(wq);
}

struct workqueue *alloc_workqueue(struct kern *k, const char *name, u32 flags,
				  enum wq_affn_scope scope, u32 max_active)
{
	struct workqueue *wq;

	if (max_active > WQ_MAX_ACTIVE ||
	    (flags & WQ_UNBOUND ? flags & WQ_CPU_INTENSIVE : flags & WQ_STRICT || scope)) {
		errno = EINVAL;
		return NULL;
	}
	if (flags & WQ_UNBOUND && scope == WQ_AFFN_DFL)
		scope = WQ_AFFN_CACHE;
	if (scope == WQ_AFFN_SYSTEM)
		flags &= ~(u32)WQ_STRICT; /* means nothing there */
	wq = calloc(1, sizeof(*wq));
	if (!wq)
		return NULL;
	wq->name = name;
	wq->flags = flags;
	wq->max_active = max_active ? max_active : WQ_DFL_ACTIVE;
	wq->kern = k;
	list_init(&wq->flushers);
	wq->set = set_get(k, flags, scope);
	if (!wq->set || wq_link_pools(wq)) {
		wq_free(wq);
		errno = ENOMEM;
		return NULL;
	}
	wq->next = k->wq->wqs;
	k->wq->wqs = wq;
	return wq;
}

struct workqueue *system_workqueue(struct kern *k, enum system_wq which)
{
	struct workqueue **wq = &k->wq->system[which];
	u32 max = system_wqs[which].flags & WQ_UNBOUND ? WQ_MAX_ACTIVE : 0;

	if (!*wq)
		*wq = alloc_workqueue(k, system_wqs[which].name, system_wqs[which].flags,
				      WQ_AFFN_DFL, max);
	return *wq;
}

struct workqueue *find_workqueue(struct kern *k, const char *name)
{
	for (struct workqueue *wq = k->wq->wqs; wq; wq = wq->next) {
		bool system = false;

		for (u32 i = 0; i < NR_SYSTEM_WQS; i++)
			system |= wq == k->wq->system[i];
		if (!system && !strcmp(wq->name, name))
			return wq;
	}
	return NULL;
}

u32 workqueue_nr_workers(const struct workqueue *wq)
{
	u32 nr = wq->set->pools[0].nr_workers;

	for (u32 i = 1; i < wq->set->nr; i++)
		if (wq->set->pools[i].nr_workers < nr)
			nr = wq->set->pools[i].nr_workers;
	return nr;
}

int workqueue_reserve(struct workqueue *wq, u32 nr)
{
	struct kern *k = wq->kern;

	for (u32 i = 0; i < wq->set->nr; i++) {
		struct worker_pool *pool = &wq->set->pools[i];

		while (pool->nr_workers < nr) {
			u32 index = k->hw->nr_cpus * WORKERS_PER_POOL + k->wq->nr_extra++;

			if (pool_add_worker(pool, worker_comm(pool), index, true))
				return -ENOMEM;
		}
	}
	return 0;
}

int workqueue_init(struct kern *k)
{
	k->wq = calloc(1, sizeof(*k->wq));
	if (!k->wq)
		return -ENOMEM;
	k->wq_cpu_intensive_thresh = k->hw->c[MK_WQ_CPU_INTENSIVE_THRESH_US] * PS_PER_US;
	return system_workqueue(k, SYSTEM_WQ) ? 0 : -ENOMEM;
}

void workqueue_destroy(struct kern *k)
{
	if (!k->wq)
		return;
	while (k->wq->wqs) {
		struct workqueue *wq = k->wq->wqs;

		k->wq->wqs = wq->next;
		wq_free(wq);
	}
	while (k->wq->sets) {
		struct pool_set *set = k->wq->sets;

		k->wq->sets = set->next;
		set_free(set);
	}
	free(k->wq);
}
