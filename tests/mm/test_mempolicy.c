/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory policies of tasks (sim/mm/mempolicy.h): bound to nodes, interleaved, in both engines. */
#include "tests/core/check_main.h"
#include "tests/mm/mem.h"

static struct machine *four_nodes(void)
{
	enum machine_key twos[] = { MK_SOCKETS, MK_NODES_PER_SOCKET, MK_CORES_PER_LLC };
	enum machine_key zeros[] = { MK_XFER_CROSS_NODE, MK_XFER_CROSS_SOCKET, MK_LAT_DRAM_OTHER,
				     MK_LAT_DRAM_REMOTE };
	struct machine *m = machine_builtin("ideal-8");
	const char *why;
	enum machine_key key;

	for (u32 i = 0; i < ARRAY_SIZE(twos); i++)
		machine_set(m, twos[i], 2, TAG_KERNEL, 0, NULL);
	for (u32 i = 0; i < ARRAY_SIZE(zeros); i++)
		machine_set(m, zeros[i], 0, TAG_KERNEL, 0, NULL);
	ck_assert_int_eq(machine_complete(m, &why, &key), 0);
	return m;
}

static u32 node_of(struct mem *w, u32 pfn)
{
	return page_node(w->mm, pfn);
}

/* From CPU 0, of node 0, that may use 1 and 3 only. */
static void bound_to_nodes(struct task *t, void *arg)
{
	struct mem *w = arg;
	u32 pfn, last;
	u64 n = 0;

	t->mems_allowed = 1 << 1 | 1 << 3;
	pfn = alloc_page(t, GFP_KERNEL, w->cat);
	ck_assert_uint_eq(node_of(w, pfn), 1);
	free_pages(t, pfn, w->cat);
	/* one that is named and allowed, one that is not: the nearest of those that are */
	ck_assert_uint_eq(node_of(w, pfn = alloc_pages(t, 3, 0, GFP_KERNEL, w->cat)), 3);
	free_pages(t, pfn, w->cat);
	ck_assert_uint_eq(node_of(w, pfn = alloc_pages(t, 2, 4, GFP_KERNEL, w->cat)), 3);
	free_pages(t, pfn, w->cat);
	/* all there is on 1, then on 3, and no page of another node */
	for (last = 1; (pfn = alloc_pages(t, NUMA_NO_NODE, 10, GFP_KERNEL, w->cat)); n++) {
		ck_assert(node_of(w, pfn) == 1 || node_of(w, pfn) == 3);
		last = node_of(w, pfn);
	}
	ck_assert_uint_eq(last, 3);
	ck_assert_uint_gt(n, 2);
	task_sync(t);
	ck_assert_uint_eq(mm_alloc_failures(w->mm), 1);
	t->mems_allowed = 0;
	ck_assert_uint_eq(node_of(w, alloc_pages(t, NUMA_NO_NODE, 10, GFP_KERNEL, w->cat)), 0);
}

START_TEST(mems_bound)
{
	struct mem *w = mem_new(four_nodes(), 32 * MIB, _i);

	exact_task(&w->e, 0, 0, bound_to_nodes);
	mem_run(w);
	mem_free(w);
}
END_TEST

static void interleaved(struct task *t, void *arg)
{
	struct mem *w = arg;
	struct page_list list = { 0 };
	u32 count[4] = { 0 };

	t->mems_interleave = true;
	t->il_prev = 3;
	for (u32 i = 0; i < 9; i++)
		ck_assert_uint_eq(node_of(w, alloc_page(t, GFP_KERNEL, w->cat)), i % 4);
	/* a named node is no business of the policy */
	ck_assert_uint_eq(node_of(w, alloc_pages(t, 2, 0, GFP_KERNEL, w->cat)), 2);
	t->mems_allowed = 0xd;
	for (u32 i = 1; i < 7; i++) {
		static const u32 next[] = { 0, 2, 3 };

		ck_assert_uint_eq(node_of(w, alloc_page(t, GFP_KERNEL, w->cat)), next[i % 3]);
	}
	/* 0 was the last: 4 of 2, 3 each of 3 and 0 */
	ck_assert_uint_eq(alloc_pages_bulk(t, 10, GFP_KERNEL, w->cat, &list), 10);
	for (u32 pfn = list.head; pfn; pfn = page_of(&w->mm->map, pfn)->next)
		count[node_of(w, pfn)]++;
	ck_assert_uint_eq(count[0], 3);
	ck_assert_uint_eq(count[1], 0);
	ck_assert_uint_eq(count[2], 4);
	ck_assert_uint_eq(count[3], 3);
}

START_TEST(mems_interleaved)
{
	struct mem *w = mem_new(four_nodes(), 32 * MIB, _i);

	exact_task(&w->e, 0, 0, interleaved);
	mem_run(w);
	mem_free(w);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("mempolicy");
	TCase *tc = tcase_create("mempolicy");

	tcase_add_loop_test(tc, mems_bound, 0, 2);
	tcase_add_loop_test(tc, mems_interleaved, 0, 2);
	suite_add_tcase(s, tc);
	return check_run(s, CK_ENV);
}
