/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Providers: what the defaults charge, a model in their place, and that counters, references and
 * memory cgroups give back what they took. In both engines.
 */
#include <errno.h>
#include <stdlib.h>

#include "sim/kern/percpu_counter.h"
#include "sim/kern/percpu_ref.h"
#include "sim/mm/memcg.h"
#include "sim/mm/page_alloc.h"
#include "sim/mm/providers.h"
#include "tests/core/check_main.h"
#include "tests/kern/exact.h"

#define CPUS 4

struct world {
	struct exact e; /* must be first */
	struct mm_state *mm;
	struct memcg_state *ms;
	u64 allocs, frees, fail_at;
	u32 bytes; /* live, of one CPU */
	u32 accounted;
};

static struct world *world_new(int engine)
{
	struct world *w = calloc(1, sizeof(*w));

	exact_init(&w->e, "flat-4", engine ? SIM_REFERENCE : SIM_NORMAL);
	w->mm = mm_new(w->e.k, false);
	ck_assert_ptr_nonnull(w->mm);
	return w;
}

static void world_free(struct world *w)
{
	if (w->ms)
		memcg_put(w->ms);
	mm_free(w->mm);
	exact_free(&w->e);
	free(w);
}

static s64 percpu_bytes(struct world *w)
{
	return w->e.k->ledger.cat[ledger_category(&w->e.k->ledger, "Percpu")].bytes;
}

/* Per-CPU bytes of a memory cgroup on one node, 6.12 (percpu.md 4.1). */
#define MEMCG_PERCPU_BYTES (8 + 8 + 1088 + 496)

static void use_defaults(struct task *t, void *arg)
{
	static struct percpu_counter c;
	static struct percpu_ref ref;
	static const u64 offsets[2] = { 0, 1024 }, sizes[2] = { 16, 16 };
	struct world *w = arg;
	struct mem_cgroup *cg;
	s64 before;
	u64 start = task_clock(t), h;

	ck_assert_int_eq(percpu_counter_create(t, &c, NULL), 0);
	ck_assert_uint_eq(task_clock(t) - start, cost(t, MK_PERCPU_ALLOC_PAIR) / 2);
	task_sync(t);
	before = percpu_bytes(w);
	ck_assert_int_eq(before, CPUS * (4 + MEMCG_PERCPU_BYTES)); /* the root's, too */
	ck_assert_int_eq(percpu_ref_create(t->kern, t, &ref, NULL), 0);
	cg = mem_cgroup_create(w->ms, t, w->ms->root);
	task_sync(t);
	ck_assert_int_eq(percpu_bytes(w), before + CPUS * (8 + MEMCG_PERCPU_BYTES));
	start = task_clock(t);
	h = vmarea_get(t->kern, t, 2, offsets, sizes, 1);
	ck_assert_uint_eq(task_clock(t) - start, cost(t, MK_VMAREA_PAIR));
	vmarea_put(t->kern, t, h, 2);
	ck_assert_int_eq(mem_cgroup_remove(w->ms, t, cg), 0);
	percpu_ref_kill(t, &ref);
	task_sleep(t, 200000000 * PS_PER_NS);
	task_sync(t);
	/* the killed ref gives its counters back after the grace period */
	ck_assert_int_eq(percpu_bytes(w), before);
	percpu_counter_remove(t, &c);
	task_sync(t);
	ck_assert_int_eq(percpu_bytes(w), CPUS * MEMCG_PERCPU_BYTES);
	percpu_counter_destroy(&c);
}

START_TEST(defaults_charge_ledger_and_time)
{
	struct world *w = world_new(_i);
	struct percpu_ops late = { .name = "late" };

	w->ms = memcg_get(w->e.k);
	exact_task(&w->e, 0, 0, use_defaults);
	/* something was given out already */
	ck_assert_int_eq(percpu_provider_register(w->e.k, &late), -EBUSY);
	exact_run(&w->e);
	world_free(w);
}
END_TEST

static int model_alloc(struct kern *k, struct task *t, struct percpu_mem *m,
		       struct mem_cgroup *memcg, void *arg)
{
	struct world *w = arg;

	(void)k;
	if (t)
		task_sync(t);
	if (++w->allocs == w->fail_at)
		return -ENOMEM;
	m->handle = w->allocs;
	w->bytes += m->size;
	w->accounted += memcg ? 1 : 0;
	return 0;
}

static void model_free(struct kern *k, struct task *t, struct percpu_mem *m, void *arg)
{
	struct world *w = arg;

	(void)k;
	(void)t;
	w->frees++;
	w->bytes -= m->size;
}

static void make_and_remove(struct task *t, void *arg)
{
	struct world *w = arg;
	u32 root = w->bytes;
	struct mem_cgroup *cg;

	/* each of the four allocations fails once */
	for (u32 i = 1; i <= 4; i++) {
		w->fail_at = w->allocs + i;
		ck_assert_ptr_null(mem_cgroup_create(w->ms, t, w->ms->root));
		ck_assert_uint_eq(w->bytes, root);
	}
	w->accounted = 0;
	cg = mem_cgroup_create(w->ms, t, w->ms->root);
	ck_assert_ptr_nonnull(cg);
	ck_assert_uint_eq(w->bytes, root + MEMCG_PERCPU_BYTES);
	ck_assert_uint_eq(w->accounted, 2);
	ck_assert_int_eq(mem_cgroup_remove(w->ms, t, cg), 0);
	ck_assert_uint_eq(w->bytes, root);
}

START_TEST(a_model_takes_the_place_of_the_default)
{
	struct world *w = world_new(_i);
	struct percpu_ops ops = {
		.name = "model", .alloc = model_alloc, .free = model_free, .arg = w
	};

	ck_assert_int_eq(percpu_provider_register(w->e.k, &ops), 0);
	ck_assert_int_eq(percpu_provider_register(w->e.k, &ops), -EBUSY);
	w->ms = memcg_get(w->e.k);
	exact_task(&w->e, 0, 0, make_and_remove);
	exact_run(&w->e);
	ck_assert_uint_gt(w->frees, 0);
	ck_assert_int_eq(percpu_bytes(w), 0);
	world_free(w);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("providers");
	TCase *tc = tcase_create("providers");

	tcase_add_loop_test(tc, defaults_charge_ledger_and_time, 0, 2);
	tcase_add_loop_test(tc, a_model_takes_the_place_of_the_default, 0, 2);
	suite_add_tcase(s, tc);
	return check_run(s, CK_ENV);
}
