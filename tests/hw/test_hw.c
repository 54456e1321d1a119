/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Topology, line states and hot atomics (reference machine.md 1.1-1.3, 2.9). */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/kern/atomic.h"
#include "tests/core/check_main.h"

/* Eight LLC groups of four cores with two threads each, as the 3970X. */
static struct machine *groups(void)
{
	struct machine *m = machine_new("groups");
	static const struct {
		enum machine_key key;
		s64 v;
	} given[] = {
		{ MK_SOCKETS, 1 },
		{ MK_NODES_PER_SOCKET, 1 },
		{ MK_LLC_PER_NODE, 8 },
		{ MK_CORES_PER_LLC, 4 },
		{ MK_SMT, 2 },
		{ MK_GHZ, 3900 },
		{ MK_LLC_BYTES, 16 << 20 },
		{ MK_LAT_L1, 1000 },
		{ MK_LAT_L2, 3300 },
		{ MK_LAT_LLC, 10300 },
		{ MK_LAT_DRAM_LOCAL, 90000 },
		{ MK_LAT_DRAM_REMOTE, 90000 },
		{ MK_XFER_SMT, 6500 },
		{ MK_XFER_SAME_LLC, 24000 },
		{ MK_XFER_CROSS_LLC, 94500 },
		{ MK_RMW_LOCAL, 5000 },
		{ MK_RMW_HOT_SAME_LLC, 26000 },
		{ MK_RMW_HOT_CROSS_LLC, 90000 },
	};
	const char *why = NULL;
	enum machine_key key;

	for (u32 i = 0; i < ARRAY_SIZE(given); i++)
		machine_set(m, given[i].key, given[i].v, TAG_ESTIMATE, 0, NULL);
	if (machine_complete(m, &why, &key))
		ck_abort_msg("%s: %s", machine_keys[key].path, why);
	return m;
}

START_TEST(distances)
{
	struct machine *m = groups();
	struct sim_config config = { 0 };
	struct sim *s = sim_new(&config);
	struct hw *hw = hw_new(s, m);
	bool seen[64] = { false };

	ck_assert_uint_eq(hw->nr_cpus, 64);
	ck_assert_uint_eq(hw->nr_llcs, 8);
	ck_assert_int_eq(hw_dist(hw, 0, 0), DIST_SELF);
	ck_assert_int_eq(hw_dist(hw, 0, 32), DIST_SMT);
	ck_assert_int_eq(hw_dist(hw, 0, 3), DIST_LLC);
	ck_assert_int_eq(hw_dist(hw, 0, 4), DIST_XLLC);
	ck_assert_uint_eq(hw_xfer(hw, 0, 4), 94500);
	for (u32 i = 0; i < 64; i++) {
		u32 cpu = hw_spread(hw, i);

		ck_assert(!seen[cpu]);
		seen[cpu] = true;
		for (u32 j = 0; i < 8 && j < i; j++)
			ck_assert_int_eq(hw_dist(hw, cpu, hw_spread(hw, j)), DIST_XLLC);
		ck_assert_int_eq(hw->cpus[hw->cpus[cpu].sibling].sibling, (int)cpu);
	}
	hw_free(hw);
	sim_free(s);
	machine_free(m);
}
END_TEST

START_TEST(line_states)
{
	struct machine *m = groups();
	struct sim_config config = { 0 };
	struct sim *s = sim_new(&config);
	struct hw *hw = hw_new(s, m);
	static struct exec a, b;
	struct gline l;

	memset(&a, 0, sizeof(a));
	a.hw = b.hw = hw;
	a.cpu = &hw->cpus[0];
	b.cpu = &hw->cpus[4];
	a.age_stamps = b.age_stamps = hw->llc_lines >> LINE_STAMP_SHIFT;
	a.active_cpus = b.active_cpus = 2;
	gline_init(&l, 0);
	ck_assert_uint_eq(gline_read_cost(&a, &l), 90000); /* nowhere */
	ck_assert_uint_eq(gline_read_cost(&a, &l), 1000); /* own */
	ck_assert_uint_eq(gline_write_cost(&a, &l), 1000); /* only sharer */
	ck_assert_uint_eq(gline_read_cost(&b, &l), 94500); /* modified elsewhere */
	ck_assert_uint_eq(gline_read_cost(&a, &l), 1000); /* still a sharer */
	ck_assert_uint_eq(gline_write_cost(&a, &l), 94500); /* must invalidate b */
	a.seen += 600;
	ck_assert_uint_eq(gline_read_cost(&a, &l), 3300); /* out of L1 */
	a.seen += 9000;
	ck_assert_uint_eq(gline_read_cost(&a, &l), 10300); /* out of L2 */
	a.seen += (hw->llc_lines + 128);
	a.seen += (u64)(hw->llc_lines + 128) >> LINE_STAMP_SHIFT << 32;
	ck_assert_uint_eq(gline_read_cost(&a, &l), 90000); /* out of the LLC */
	hw_free(hw);
	sim_free(s);
	machine_free(m);
}
END_TEST

struct hammer {
	struct atomic_counter a;
	u64 n;
};

static void hammer(struct task *t, void *arg)
{
	struct hammer *h = arg;

	for (u32 i = 0; i < 10000; i++) {
		atomic_add_return(t, &h->a, 1);
		task_count(t, &h->n, 1);
	}
}

/* n threads on one line: served at rmw_hot, linear in n (machine.md 4.2). */
START_TEST(hammered_line)
{
	struct machine *m = machine_builtin("flat-8");
	struct sim_config config = { .engine = _i & 1 ? SIM_REFERENCE : SIM_NORMAL };
	struct sim *s = sim_new(&config);
	struct hw *hw = hw_new(s, m);
	struct kern *k = kern_new(hw, VIRT_NONE, 1, 0);
	struct hammer h = { .n = 0 };
	u32 n = 2 + (u32)_i / 2;
	double per_op;

	atomic_init_counter(&h.a);
	for (u32 i = 0; i < n; i++)
		task_start(task_new(k, "hammer", i, i, hammer, &h));
	ck_assert_int_eq(sim_run(s, TIME_MAX), SIM_DONE);
	ck_assert_int_eq(h.a.v, n * 10000);
	ck_assert_uint_eq(h.n, n * 10000);
	per_op = (double)s->now / (n * 10000.0);
	ck_assert_msg(fabs(per_op / (double)hw->rmw_hot[DIST_LLC] - 1) < 0.02,
		      "%u threads: %f ps an operation", n, per_op);
	kern_end(k, s->now);
	kern_free(k);
	hw_free(hw);
	sim_free(s);
	machine_free(m);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("hw");
	TCase *tc = tcase_create("hw");

	tcase_add_test(tc, distances);
	tcase_add_test(tc, line_states);
	tcase_add_loop_test(tc, hammered_line, 0, 10);
	suite_add_tcase(s, tc);
	return check_run(s, CK_ENV);
}
