// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The host's topology from hwloc, and the regular machine that comes nearest: packages,
 * NUMA nodes of a package, last-level caches of a node, cores, threads. CPU numbers are
 * not trusted (machine.md section 6, step 1). Left out: levels between these (dies, clusters).
 */
#include <hwloc.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/calibrate/internal.h"

/* A level's parts in order of appearance, known by their parent and hwloc's object. */
struct level {
	uint32_t parent;
	const void *obj;
};

static uint32_t part(struct level *level, uint32_t *nr, uint32_t parent, const void *obj)
{
	uint32_t i;

	for (i = 0; i < *nr; i++)
		if (level[i].parent == parent && level[i].obj == obj)
			return i;
	level[i].parent = parent;
	level[i].obj = obj;
	++*nr;
	return i;
}

/* The widest parent: how many parts of @level one part of the level above has. */
static uint32_t widest(const struct level *level, uint32_t nr)
{
	uint32_t best = 1, i, j, n;

	for (i = 0; i < nr; i++) {
		n = 0;
		for (j = 0; j < nr; j++)
			n += level[j].parent == level[i].parent;
		best = n > best ? n : best;
	}
	return best;
}

static hwloc_obj_t last_level_cache(hwloc_obj_t pu)
{
	hwloc_obj_t o, found = NULL;

	for (o = pu; o; o = o->parent)
		if (hwloc_obj_type_is_dcache(o->type))
			found = o;
	return found;
}

/* Node of a CPU: the first that covers it. */
static hwloc_obj_t node_of(hwloc_topology_t hw, hwloc_obj_t pu)
{
	hwloc_obj_t node = NULL;

	while ((node = hwloc_get_next_obj_by_type(hw, HWLOC_OBJ_NUMANODE, node)))
		if (hwloc_bitmap_isincluded(pu->cpuset, node->cpuset))
			return node;
	return NULL;
}

static void place_cpus(struct cal_topology *t, hwloc_topology_t hw, struct level *l)
{
	uint32_t max = t->nr_cpus, nr[5] = { 0 };
	struct level *socket = l, *node = l + max, *llc = l + 2 * max, *core = l + 3 * max,
		     *thread = l + 4 * max;
	hwloc_obj_t pu = NULL;
	uint32_t i;

	for (i = 0; i < max; i++) {
		struct cal_cpu *c = &t->cpus[i];
		hwloc_obj_t o;

		pu = hwloc_get_next_obj_by_type(hw, HWLOC_OBJ_PU, pu);
		c->os = pu->os_index;
		o = hwloc_get_ancestor_obj_by_type(hw, HWLOC_OBJ_PACKAGE, pu);
		c->socket = part(socket, &nr[0], 0, o);
		c->node = part(node, &nr[1], c->socket, node_of(hw, pu));
		c->llc = part(llc, &nr[2], c->node, last_level_cache(pu));
		o = hwloc_get_ancestor_obj_by_type(hw, HWLOC_OBJ_CORE, pu);
		c->core = part(core, &nr[3], c->llc, o ? o : pu);
		part(thread, &nr[4], c->core, pu);
	}
	t->sockets = nr[0];
	t->nodes_per_socket = widest(node, nr[1]);
	t->llc_per_node = widest(llc, nr[2]);
	t->cores_per_llc = widest(core, nr[3]);
	t->smt = widest(thread, nr[4]);
	t->regular = t->nr_cpus ==
		     t->sockets * t->nodes_per_socket * t->llc_per_node * t->cores_per_llc * t->smt;
}

/* Siblings of machine.md 1.1's `sibling_adjacent` are neighbours in the kernel's numbering. */
static bool siblings_adjacent(const struct cal_topology *t)
{
	uint32_t adjacent = 0, apart = 0;

	for (uint32_t i = 0; i < t->nr_cpus; i++) {
		for (uint32_t j = i + 1; j < t->nr_cpus; j++) {
			if (t->cpus[i].core != t->cpus[j].core)
				continue;
			if (t->cpus[j].os == t->cpus[i].os + 1)
				adjacent++;
			else
				apart++;
		}
	}
	return adjacent > apart;
}

static void read_caches(struct cal_topology *t, hwloc_topology_t hw)
{
	hwloc_obj_t pu = hwloc_get_obj_by_type(hw, HWLOC_OBJ_PU, 0), o, llc;
	hwloc_obj_t root = hwloc_get_root_obj(hw);

	for (o = pu; o; o = o->parent) {
		if (o->type == HWLOC_OBJ_L1CACHE)
			t->l1_bytes = o->attr->cache.size;
		if (o->type == HWLOC_OBJ_L2CACHE)
			t->l2_bytes = o->attr->cache.size;
		if (hwloc_obj_type_is_dcache(o->type) && !t->line_bytes)
			t->line_bytes = o->attr->cache.linesize;
	}
	llc = last_level_cache(pu);
	t->llc_bytes = llc ? llc->attr->cache.size : 0;
	t->ram_bytes = root->total_memory;
}

/* Which CPUs this process may run on (taskset, cpuset). */
static void mark_usable(struct cal_topology *t)
{
	uint32_t max = 0, i;
	cpu_set_t *set;
	size_t size;
	bool known;

	for (i = 0; i < t->nr_cpus; i++)
		max = t->cpus[i].os > max ? t->cpus[i].os : max;
	/* The kernel refuses a set shorter than its own. */
	max = max < 8191 ? 8191 : max;
	size = CPU_ALLOC_SIZE(max + 1);
	set = CPU_ALLOC(max + 1);
	known = set && !sched_getaffinity(0, size, set);
	for (i = 0; i < t->nr_cpus; i++) {
		t->cpus[i].usable = !known || CPU_ISSET_S(t->cpus[i].os, size, set);
		t->nr_usable += t->cpus[i].usable;
	}
	if (set)
		CPU_FREE(set);
	t->max_threads = UINT32_MAX;
	t->quota = cal_cgroup_quota();
}

static enum cal_status read_hwloc(struct cal_topology *t, hwloc_topology_t hw)
{
	int nr = hwloc_get_nbobjs_by_type(hw, HWLOC_OBJ_PU);
	struct level *levels;

	if (nr < 1)
		return CAL_NO_TOPOLOGY;
	t->nr_cpus = (uint32_t)nr;
	t->cpus = calloc(t->nr_cpus, sizeof(*t->cpus));
	levels = calloc(5 * (size_t)t->nr_cpus, sizeof(*levels));
	if (!t->cpus || !levels) {
		free(levels);
		return CAL_NO_MEMORY;
	}
	place_cpus(t, hw, levels);
	free(levels);
	t->sibling_adjacent = t->smt > 1 && siblings_adjacent(t);
	read_caches(t, hw);
	return CAL_DONE;
}

enum cal_status cal_topology_read(struct cal_topology *t, const char *synthetic)
{
	enum cal_status status = CAL_NO_TOPOLOGY;
	hwloc_topology_t hw;
	uint32_t i;

	memset(t, 0, sizeof(*t));
	if (hwloc_topology_init(&hw))
		return CAL_NO_MEMORY;
	if (synthetic && hwloc_topology_set_synthetic(hw, synthetic))
		goto out;
	if (hwloc_topology_load(hw))
		goto out;
	status = read_hwloc(t, hw);
	if (status != CAL_DONE)
		goto out;
	if (!synthetic) {
		mark_usable(t);
		status = t->nr_usable ? CAL_DONE : CAL_NO_TOPOLOGY;
		goto out;
	}
	for (i = 0; i < t->nr_cpus; i++)
		t->cpus[i].usable = true;
	t->nr_usable = t->nr_cpus;
	t->max_threads = UINT32_MAX;
	t->quota = UINT64_MAX;
out:
	hwloc_topology_destroy(hw);
	return status;
}

enum cal_dist cal_distance(const struct cal_topology *t, uint32_t a, uint32_t b)
{
	const struct cal_cpu *x = &t->cpus[a], *y = &t->cpus[b];

	if (x->core == y->core)
		return CAL_SMT;
	if (x->llc == y->llc)
		return CAL_LLC;
	if (x->node == y->node)
		return CAL_XLLC;
	return x->socket == y->socket ? CAL_XNODE : CAL_XSOCK;
}

const char *cal_class_name(enum cal_dist d)
{
	static const char *const names[NR_CAL_DIST] = { "smt", "same_llc", "cross_llc",
							"cross_node", "cross_socket" };

	return names[d];
}

uint32_t cal_first_cpu(const struct cal_topology *t)
{
	uint32_t i = 0;

	while (i + 1 < t->nr_cpus && !t->cpus[i].usable)
		i++;
	return i;
}

uint32_t cal_max_threads(const struct cal_topology *t)
{
	return t->max_threads < t->nr_usable ? t->max_threads : t->nr_usable;
}

/* CPUs of class @d to each other, taken greedily from CPU @first on; indices in @set. */
static uint32_t grow(const struct cal_topology *t, enum cal_dist d, uint32_t first, uint32_t max,
		     uint32_t *set)
{
	uint32_t n = 0, i, j;

	for (i = first; i < t->nr_cpus && n < max; i++) {
		if (!t->cpus[i].usable)
			continue;
		for (j = 0; j < n && cal_distance(t, set[j], i) == d; j++)
			;
		if (j == n)
			set[n++] = i;
	}
	return n;
}

uint32_t cal_clique(const struct cal_topology *t, enum cal_dist d, uint32_t max, uint32_t *os)
{
	uint32_t best = 0, at = 0, n, i;

	max = max < cal_max_threads(t) ? max : cal_max_threads(t);
	if (max < 2)
		return 0;
	for (i = 0; i < t->nr_cpus && best < max; i++) {
		n = t->cpus[i].usable ? grow(t, d, i, max, os) : 0;
		if (n > best) {
			best = n;
			at = i;
		}
	}
	if (best < 2)
		return 0;
	grow(t, d, at, max, os);
	for (i = 0; i < best; i++)
		os[i] = t->cpus[os[i]].os;
	return best;
}
