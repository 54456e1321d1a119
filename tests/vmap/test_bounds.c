// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How the designs behave as workers and nodes are added (reference vmap.md 6, last
 * line): a global lock bounds throughput whatever the number of CPUs, spinning grows
 * with the workers, nodes do not lose by their number, page tables
 * of the nodes grow with the workers.
 */
#include "tests/vmap/world.h"
#include "tests/core/check_main.h"

#define PAIRS 1500u /* of a worker */
#define SETTLED 4 /* times as many, for pools to fill */

struct figures {
	double pairs_per_us, spin_share;
	double busy_us; /* time vmap_area_lock was owned, a pair */
	u64 tables;
};

static void pair_body(struct task *t, void *arg)
{
	struct world *w = arg;

	for (u32 i = 0; i < w->steps; i++)
		vfree_page(w->vm, t, vmalloc_page(w->vm, t, 1, 1, GFP_KERNEL));
}

static struct figures measure(const struct variant_desc *v, s64 nr_nodes, u32 workers, u32 each)
{
	struct figures f = { .busy_us = 0.0 };
	u64 spin = 0, idle = 0, pairs = (u64)workers * each;
	struct world w;

	world_init(&w, "flat-16", v);
	set_param(&w, "nr_nodes", nr_nodes);
	w.scale = 64;
	w.steps = each;
	world_start(&w, SIM_NORMAL, 1);
	for (u32 i = 0; i < workers; i++)
		spawn(&w, i, pair_body);
	world_run(&w);
	kern_end(w.k, w.sim->now);
	for (u32 c = 0; c < w.hw->nr_cpus; c++) {
		spin += w.hw->cpus[c].bucket[CPU_SPIN];
		idle += w.hw->cpus[c].bucket[CPU_IDLE];
	}
	f.pairs_per_us = (double)pairs / ((double)w.sim->now / PS_PER_US);
	f.spin_share = (double)spin / ((double)w.sim->now * w.hw->nr_cpus - (double)idle);
	for (struct lock_class *c = w.k->lock_stats.first; c; c = c->next)
		if (!strcmp(c->name, "vmap_area_lock"))
			f.busy_us = (double)c->side[0].owned / PS_PER_US / (double)pairs;
	f.tables = w.vm->tables.nr;
	world_free(&w);
	return f;
}

/*
 * The lock's sections of a pair take at least what they take with one worker, whose lines
 * are all in its cache. Two hand-overs a pair cost at least a transfer each, once it is
 * always contended; the bound does without.
 */
START_TEST(one_lock_bounds_throughput)
{
	const struct variant_desc *v = variants[_i];
	struct figures one = measure(v, 0, 1, PAIRS), before = one;

	ck_assert(one.busy_us > 0.0);
	for (u32 n = 2; n <= 16; n *= 2) {
		struct figures f = measure(v, 0, n, PAIRS);

		ck_assert_msg(f.pairs_per_us <= 1.0 / one.busy_us, "%u workers: %f pairs/us of %f",
			      n, f.pairs_per_us, 1.0 / one.busy_us);
		ck_assert_msg(f.spin_share >= before.spin_share,
			      "%u workers: spin share %f, was %f", n, f.spin_share,
			      before.spin_share);
		before = f;
	}
	ck_assert(before.spin_share > 0.5);
}
END_TEST

/* Throughput does not fall with the number of nodes, up to the number of CPUs. */
START_TEST(nodes_help)
{
	struct figures before = measure(&vmap_nodes_v3, 1, 16, SETTLED * PAIRS), first = before;

	for (s64 n = 2; n <= 16; n *= 2) {
		struct figures f = measure(&vmap_nodes_v3, n, 16, SETTLED * PAIRS);

		ck_assert_msg(f.pairs_per_us >= 0.98 * before.pairs_per_us,
			      "%lld nodes: %f pairs/us, was %f", (long long)n, f.pairs_per_us,
			      before.pairs_per_us);
		before = f;
	}
	ck_assert(before.pairs_per_us > 2.0 * first.pairs_per_us);
	/* and beat one lock */
	ck_assert(before.pairs_per_us > measure(&vmap_global_6_7, 0, 16, PAIRS).pairs_per_us);
}
END_TEST

/* More workers reach more addresses: their tables stay. */
START_TEST(tables_grow_with_workers)
{
	u64 before = 0;

	for (u32 n = 1; n <= 16; n *= 4) {
		struct figures f = measure(&vmap_nodes_v3, 0, n, SETTLED * PAIRS);

		ck_assert_msg(f.tables >= before, "%u workers: %llu tables, was %llu", n,
			      (unsigned long long)f.tables, (unsigned long long)before);
		before = f.tables;
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("vmap bounds");
	TCase *tc = tcase_create("bounds");

	tcase_set_timeout(tc, 240);
	tcase_add_loop_test(tc, one_lock_bounds_throughput, 0, 2);
	tcase_add_test(tc, nodes_help);
	tcase_add_test(tc, tables_grow_with_workers);
	suite_add_tcase(s, tc);
	return check_run(s, CK_ENV);
}
