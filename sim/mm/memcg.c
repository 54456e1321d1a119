// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Memory cgroups: hierarchy and life cycle (see the header). Charging is in
 * memcg_charge.c, reclaim and limits in memcg_reclaim.c.
 */
#include "sim/mm/memcg.h"

#include <errno.h>
#include <stdlib.h>

#include "sim/kern/cpuhp.h"
#include "sim/kern/lockdep.h"
#include "sim/mm/memcg_priv.h"
#include "sim/mm/objcg.h"

bool mem_cgroup_is_descendant(const struct mem_cgroup *memcg, const struct mem_cgroup *root)
{
	for (; memcg; memcg = memcg->parent)
		if (memcg == root)
			return true;
	return false;
}

/* Room for one more struct in by_nr. */
static bool by_nr_grow(struct memcg_state *ms)
{
	u32 max = ms->max_structs ? 2 * ms->max_structs : 64;
	struct mem_cgroup **by_nr;

	if (ms->nr_structs < ms->max_structs)
		return true;
	by_nr = realloc(ms->by_nr, max * sizeof(struct mem_cgroup *));
	if (!by_nr)
		return false;
	ms->by_nr = by_nr;
	ms->max_structs = max;
	return true;
}

/* A struct, new or of a freed memcg; with @nodes shrinker infos. */
static struct mem_cgroup *memcg_alloc(struct memcg_state *ms, u32 nodes)
{
	struct percpu_mem *percpu;
	struct mem_cgroup *memcg;
	struct shrinker_info *info;
	u32 nr;

	if (nodes && !list_empty(&ms->unused)) {
		memcg = list_first_entry(&ms->unused, struct mem_cgroup, sibling);
		list_del(&memcg->sibling);
		info = memcg->info;
		percpu = memcg->percpu;
		nr = memcg->nr;
	} else {
		memcg = malloc(sizeof(*memcg));
		info = nodes ? malloc(nodes * sizeof(*info)) : NULL;
		percpu = calloc(memcg_percpu_objects(ms), sizeof(*percpu));
		if (!memcg || !percpu || (nodes && !info) || !by_nr_grow(ms)) {
			free(memcg);
			free(percpu);
			free(info);
			return NULL;
		}
		nr = ms->nr_structs++;
		ms->by_nr[nr] = memcg;
	}
	*memcg = (struct mem_cgroup){ .info = info, .nr = nr, .percpu = percpu };
	for (u32 i = 0; i < nodes; i++)
		shrinker_info_init(&info[i]);
	list_init(&memcg->children);
	list_init(&memcg->sibling);
	list_init(&memcg->objcgs);
	return memcg;
}

struct memcg_state *memcg_new(struct kern *k)
{
	struct memcg_state *ms = calloc(1, sizeof(*ms));
	u32 cpus = k->hw->nr_cpus;

	if (!ms)
		return NULL;
	ms->kern = k;
	ms->nr_nodes = k->hw->nr_nodes;
	list_init(&ms->unused);
	ms->by_id = calloc(MEM_CGROUP_ID_MAX + 1, sizeof(*ms->by_id));
	ms->stock = calloc(cpus, sizeof(*ms->stock));
	ms->root = memcg_alloc(ms, 0);
	if (!ms->by_id || !ms->stock || !ms->root || shrinkers_init(&ms->shrinkers, ms->nr_nodes) ||
	    mutex_init(k, &ms->cgroup_mutex, "cgroup_mutex") || objcg_init(ms)) {
		memcg_free(ms);
		return NULL;
	}
	if (memcg_percpu_alloc(ms, NULL, ms->root)) {
		memcg_free(ms);
		return NULL;
	}
	page_counter_init(&ms->root->memory, NULL);
	ms->root->id = 1;
	ms->by_id[1] = ms->root;
	ms->next_id = 2;
	for (u32 i = 0; i < cpus; i++)
		memcg_stock_init(ms, &ms->stock[i]);
	cpuhp_setup_state(k, &ms->cpuhp, memcg_hotplug_cpu_dead, ms);
	return ms;
}

static void memcg_release(struct mem_cgroup *memcg)
{
	while (!list_empty(&memcg->children)) {
		struct mem_cgroup *child =
			list_first_entry(&memcg->children, struct mem_cgroup, sibling);

		list_del(&child->sibling);
		memcg_release(child);
	}
	free(memcg->percpu);
	free(memcg->info);
	free(memcg);
}

void memcg_free(struct memcg_state *ms)
{
	if (!ms)
		return;
	cpuhp_remove_state(&ms->cpuhp);
	if (ms->root)
		memcg_release(ms->root);
	while (!list_empty(&ms->unused)) {
		struct mem_cgroup *memcg =
			list_first_entry(&ms->unused, struct mem_cgroup, sibling);

		list_del(&memcg->sibling);
		memcg_release(memcg);
	}
	objcg_destroy(ms);
	shrinkers_destroy(&ms->shrinkers);
	free(ms->by_id);
	free(ms->by_nr);
	free(ms->stock);
	free(ms);
}

struct memcg_state *memcg_get(struct kern *k)
{
	if (!k->memcg)
		k->memcg = memcg_new(k);
	if (k->memcg)
		k->memcg->users++;
	return k->memcg;
}

void memcg_put(struct memcg_state *ms)
{
	if (--ms->users)
		return;
	ms->kern->memcg = NULL;
	memcg_free(ms);
}

s32 memcg_register_hooks(struct memcg_state *ms, const struct memcg_hooks *hooks)
{
	if (ms->nr_hooks == MEMCG_SLOTS)
		return -ENOSPC;
	ms->hooks[ms->nr_hooks] = *hooks;
	return (s32)ms->nr_hooks++;
}

static u16 id_alloc(struct memcg_state *ms, struct mem_cgroup *memcg)
{
	while (ms->next_id <= MEM_CGROUP_ID_MAX && ms->by_id[ms->next_id])
		ms->next_id++;
	if (ms->next_id > MEM_CGROUP_ID_MAX)
		return 0;
	ms->by_id[ms->next_id] = memcg;
	return (u16)ms->next_id;
}

static void id_free(struct memcg_state *ms, u16 id)
{
	ms->by_id[id] = NULL;
	ms->next_id = min_u32(ms->next_id, id);
}

/* Undo the first @nr hooks. */
static void hooks_offline(struct memcg_state *ms, struct task *t, struct mem_cgroup *memcg, u32 nr)
{
	for (u32 i = 0; i < nr; i++)
		if (ms->hooks[i].offline)
			ms->hooks[i].offline(t, memcg, ms->hooks[i].arg);
}

static void hooks_free(struct memcg_state *ms, struct task *t, struct mem_cgroup *memcg, u32 nr)
{
	for (u32 i = 0; i < nr; i++)
		if (ms->hooks[i].free)
			ms->hooks[i].free(t, memcg, ms->hooks[i].arg);
}

static int hooks_online(struct memcg_state *ms, struct task *t, struct mem_cgroup *memcg)
{
	for (u32 i = 0; i < ms->nr_hooks; i++) {
		struct memcg_hooks *h = &ms->hooks[i];
		int err = h->online ? h->online(t, memcg, h->arg) : 0;

		if (!err)
			continue;
		hooks_offline(ms, t, memcg, i);
		hooks_free(ms, t, memcg, i);
		return err;
	}
	return 0;
}

/* cgroup_mutex is held, or the run has not begun. */
static struct mem_cgroup *css_create(struct memcg_state *ms, struct task *t,
				     struct mem_cgroup *parent)
{
	struct mem_cgroup *memcg;

	if (parent->state != CSS_ONLINE)
		return NULL;
	memcg = memcg_alloc(ms, ms->nr_nodes);
	if (!memcg)
		return NULL;
	memcg->id = id_alloc(ms, memcg);
	if (!memcg->id) {
		list_add(&memcg->sibling, &ms->unused);
		return NULL;
	}
	memcg->parent = parent;
	page_counter_init(&memcg->memory, &parent->memory);
	if (memcg_percpu_alloc(ms, t, memcg))
		goto fail;
	if (hooks_online(ms, t, memcg)) {
		memcg_percpu_free(ms, t, memcg);
		goto fail;
	}
	if (t)
		task_sync(t);
	list_add_tail(&memcg->sibling, &parent->children);
	ms->nr_online++;
	return memcg;
fail:
	id_free(ms, memcg->id);
	memcg->state = CSS_FREE;
	list_add(&memcg->sibling, &ms->unused);
	return NULL;
}

struct mem_cgroup *mem_cgroup_create(struct memcg_state *ms, struct task *t,
				     struct mem_cgroup *parent)
{
	struct mem_cgroup *memcg;

	if (!t)
		return css_create(ms, NULL, parent);
	FRAME(t, "mem_cgroup_css_online");

	mutex_lock(t, &ms->cgroup_mutex);
	memcg = css_create(ms, t, parent);
	mutex_unlock(t, &ms->cgroup_mutex);
	return memcg;
}

void css_put(struct memcg_state *ms, struct task *t, struct mem_cgroup *memcg)
{
	task_sync(t);
	while (memcg->state == CSS_OFFLINE && !memcg->memory.usage.v && !memcg->pins &&
	       list_empty(&memcg->children)) {
		struct mem_cgroup *parent = memcg->parent;

		/* from here on nobody else sees it as one that is to be freed */
		memcg->state = CSS_FREE;
		list_del(&memcg->sibling);
		ms->nr_offline--;
		hooks_free(ms, t, memcg, ms->nr_hooks);
		memcg_percpu_free(ms, t, memcg);
		task_sync(t);
		list_add(&memcg->sibling, &ms->unused);
		memcg = parent;
	}
}

void mem_cgroup_get(struct task *t, struct mem_cgroup *memcg)
{
	task_sync(t);
	memcg->pins++;
}

void mem_cgroup_put(struct memcg_state *ms, struct task *t, struct mem_cgroup *memcg)
{
	task_sync(t);
	memcg->pins--;
	css_put(ms, t, memcg);
}

void mem_cgroup_attach(struct task *t, struct mem_cgroup *memcg)
{
	if (!memcg->parent)
		return;
	t->memcg = memcg;
	memcg->nr_tasks++;
}

void mem_cgroup_exit(struct task *t)
{
	if (!t->memcg)
		return;
	task_sync(t);
	t->memcg->nr_tasks--;
	t->memcg = NULL;
}

static bool has_online_child(const struct mem_cgroup *memcg)
{
	struct list_head *pos;

	list_for_each (pos, &memcg->children)
		if (list_entry(pos, struct mem_cgroup, sibling)->state == CSS_ONLINE)
			return true;
	return false;
}

static int css_offline(struct memcg_state *ms, struct task *t, struct mem_cgroup *memcg)
{
	lockdep_assert_held(t, &ms->cgroup_mutex);
	task_sync(t);
	if (memcg == ms->root || memcg->state != CSS_ONLINE)
		return -EINVAL;
	if (memcg->nr_tasks || has_online_child(memcg))
		return -EBUSY;
	memcg->state = CSS_OFFLINE;
	ms->nr_online--;
	ms->nr_offline++;
	memcg->memory.min = 0;
	memcg->memory.low = 0;
	hooks_offline(ms, t, memcg, ms->nr_hooks);
	memcg_reparent_objcgs(ms, t, memcg);
	memcg_percpu_free_refs(ms, t, memcg);
	task_sync(t);
	id_free(ms, memcg->id);
	drain_all_stock(ms, t, memcg);
	css_put(ms, t, memcg);
	return 0;
}

int mem_cgroup_remove(struct memcg_state *ms, struct task *t, struct mem_cgroup *memcg)
{
	int err;

	FRAME(t, "mem_cgroup_css_offline");

	mutex_lock(t, &ms->cgroup_mutex);
	err = css_offline(ms, t, memcg);
	mutex_unlock(t, &ms->cgroup_mutex);
	return err;
}

static const char *check_subtree(const struct memcg_state *ms, const struct mem_cgroup *memcg,
				 u32 *nr)
{
	struct list_head *pos;
	s64 below = 0;

	(*nr)++;
	if (memcg->state == CSS_FREE)
		return "memcg: a freed cgroup is in the hierarchy";
	if (memcg->state == CSS_ONLINE && ms->by_id[memcg->id] != memcg)
		return "memcg: an id does not lead to its cgroup";
	if (memcg->memory.usage.v < 0)
		return "memcg: usage is negative";
	list_for_each (pos, &memcg->children) {
		const struct mem_cgroup *child = list_entry(pos, struct mem_cgroup, sibling);
		const char *what;

		if (child->parent != memcg)
			return "memcg: a child has another parent";
		below += child->memory.usage.v;
		what = check_subtree(ms, child, nr);
		if (what)
			return what;
	}
	if (below > memcg->memory.usage.v)
		return "memcg: children use more than is charged to their parent";
	return NULL;
}

const char *memcg_check(const struct memcg_state *ms)
{
	u32 nr = 0;
	const char *what = check_subtree(ms, ms->root, &nr);

	if (!what && nr != 1 + ms->nr_online + ms->nr_offline)
		what = "memcg: the number of cgroups is wrong";
	return what;
}
