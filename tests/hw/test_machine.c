/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of machine keys, the fill rules of reference machine.md 1.5 and 1.6,
 * the generated machines, and what contradicts itself.
 */
#include <check.h>
#include <errno.h>
#include <string.h>

#include "sim/hw/machine.h"
#include "tests/core/check_main.h"

START_TEST(table_is_whole)
{
	for (u32 k = 0; k < NR_MACHINE_KEYS; k++) {
		const struct machine_key_desc *d = &machine_keys[k];

		ck_assert_msg(d->path && d->about, "key %u has no name", k);
		ck_assert_int_eq(machine_key_find(d->path), (s32)k);
		ck_assert_int_le(d->min, d->max);
		ck_assert_uint_le(d->fill_from, k);
		ck_assert_msg((d->unit == MU_ENUM) == !!d->choices, "%s", d->path);
		if (d->def == MACHINE_REQUIRED)
			continue;
		ck_assert_msg(d->def >= d->min && d->def <= d->max, "%s", d->path);
		ck_assert_msg(strchr("SDERKMC", d->def_tag) && d->def_source, "%s", d->path);
	}
	ck_assert_int_eq(machine_key_find("lat"), -1);
	ck_assert_int_eq(machine_key_find(""), -1);
}
END_TEST

/* Two groups of two cores at 2 GHz; the rest is up to the rules. */
static struct machine *small(void)
{
	struct machine *m = machine_new("small");

	machine_set(m, MK_LLC_PER_NODE, 2, 'K', 0, NULL);
	machine_set(m, MK_CORES_PER_LLC, 2, 'K', 0, NULL);
	machine_set(m, MK_GHZ, 2000, 'E', 0, "test");
	machine_set(m, MK_LAT_DRAM_LOCAL, 100000, 'E', 0, NULL);
	machine_set(m, MK_XFER_SAME_LLC, 20000, 'S', 0, NULL);
	machine_set(m, MK_XFER_CROSS_LLC, 80000, 'S', 120, NULL);
	return m;
}

static void completes(struct machine *m)
{
	enum machine_key key;
	const char *why = NULL;

	ck_assert_msg(!machine_complete(m, &why, &key), "%s", why);
}

START_TEST(fill_rules)
{
	struct machine *m = small();

	completes(m);
	ck_assert_int_eq(m->val[MK_LAT_L1].v, 2000); /* 4 cycles */
	ck_assert_int_eq(m->val[MK_LAT_L2].v, 7000); /* 14 */
	ck_assert_int_eq(m->val[MK_LAT_LLC].v, 30000); /* 60 */
	ck_assert_int_eq(m->val[MK_RMW_LOCAL].v, 10000); /* 20 */
	ck_assert_int_eq(m->val[MK_PCP_PAIR].v, 95000); /* 190 */
	ck_assert_int_eq(m->val[MK_ZERO_PAGE4K_HOT].v, 192000); /* 4096 / 32 * 3 */
	ck_assert_int_eq(m->val[MK_RMW_HOT_SAME_LLC].v, 22000); /* 1.1 * xfer */
	ck_assert_int_eq(m->val[MK_RMW_HOT_CROSS_LLC].v, 88000);
	ck_assert_int_eq(m->val[MK_ZERO_PAGE4K].v, 350000);
	ck_assert_int_eq(m->val[MK_ZERO_THP2M].v, 512 * 350000);
	ck_assert_int_eq(m->val[MK_IPI_SINGLE_SYNC].v, 700000);
	ck_assert_int_eq(m->val[MK_BASE_SLICE].v, 3000000000);
	ck_assert_int_eq(m->val[MK_WORKER_CREATE].v, 60000000);
	ck_assert_int_eq(m->val[MK_SLAB_FAST_PAIR].v, 10800);
	ck_assert_int_eq(m->val[MK_IRQ_SAVE_RESTORE].v, 9400);
	ck_assert_int_eq(m->val[MK_LINE_BYTES].v, 64);
	ck_assert_int_eq(m->val[MK_HANDOFF_FACTOR].v, 1500);
	ck_assert(!m->val[MK_LAT_L1].given);
	ck_assert(m->val[MK_XFER_CROSS_LLC].given);
	ck_assert_uint_eq(m->val[MK_XFER_CROSS_LLC].rel_err_permille, 120);
	ck_assert_uint_eq(m->val[MK_XFER_SAME_LLC].rel_err_permille, 100);
	ck_assert_uint_eq(m->val[MK_SMT_FACTOR].rel_err_permille, 250);
	ck_assert_uint_eq(m->val[MK_BASE_SLICE].rel_err_permille, 0);
	ck_assert_uint_eq(machine_nr_cpus(m), 4);
	ck_assert_uint_eq(machine_nr_nodes(m), 1);
	machine_free(m);
}
END_TEST

/* An override after completion is followed by what is filled from it. */
START_TEST(fills_again)
{
	struct machine *m = small(), *c;

	completes(m);
	c = machine_clone(m);
	machine_free(m);
	machine_set(c, MK_GHZ, 4000, 'E', 0, NULL);
	machine_set(c, MK_ZERO_PAGE4K, 100000, 'E', 0, NULL);
	completes(c);
	ck_assert_int_eq(c->val[MK_LAT_L1].v, 1000);
	ck_assert_int_eq(c->val[MK_ZERO_THP2M].v, 51200000);
	ck_assert_str_eq(c->name, "small");
	ck_assert_str_eq(c->val[MK_LAT_L1].source, "4 cycles / ghz");
	machine_free(c);
}
END_TEST

/* small() with @key set to @v is refused, because of @about. */
static void refused(enum machine_key key, s64 v, enum machine_key about, const char *why_part)
{
	struct machine *m = small();
	enum machine_key at = NR_MACHINE_KEYS;
	const char *why = NULL;

	machine_set(m, key, v, 'E', 0, NULL);
	ck_assert_int_eq(machine_complete(m, &why, &at), -EINVAL);
	ck_assert_msg(strstr(why, why_part), "%s", why);
	ck_assert_uint_eq(at, about);
	machine_free(m);
}

START_TEST(contradictions)
{
	refused(MK_SMT, 2, MK_SMT, "xfer.smt must be given");
	refused(MK_SOCKETS, 2, MK_SOCKETS, "xfer.cross_socket must be given");
	refused(MK_NODES_PER_SOCKET, 2, MK_NODES_PER_SOCKET, "xfer.cross_node must be given");
	refused(MK_CORES_PER_LLC, 4096, MK_CORES_PER_LLC, "4096 CPUs");
	refused(MK_LAT_L1, 50000, MK_LAT_L1, "lat.l1 is above lat.l2");
	refused(MK_LAT_DRAM_LOCAL, 1000, MK_LAT_DRAM_LOCAL, "lat.llc is above lat.dram_local");
	refused(MK_XFER_SAME_LLC, 90000, MK_XFER_CROSS_LLC, "xfer.same_llc is above");
	refused(MK_XFER_SMT, 1000, MK_XFER_SMT, "one hardware thread");
	refused(MK_XFER_CROSS_NODE, 99000, MK_XFER_CROSS_NODE, "a socket has one node");
	refused(MK_RMW_HOT_CROSS_SOCKET, 99000, MK_RMW_HOT_CROSS_SOCKET, "there is one socket");
	refused(MK_ZERO_THP2M, 1000, MK_ZERO_THP2M, "zero.page4k is above zero.thp2m");
	refused(MK_LINE_BYTES, 96, MK_LINE_BYTES, "power of two");
	refused(MK_TAS_FAILED_RMW, 9, MK_TAS_FAILED_RMW, "out of range");
}
END_TEST

/* Two sockets of two nodes: each distance in order, and each pair out of order. */
START_TEST(orders)
{
	static const struct {
		enum machine_key key;
		s64 v;
	} steps[] = {
		{ MK_XFER_SMT, 5000 },
		{ MK_XFER_SAME_LLC, 20000 },
		{ MK_XFER_CROSS_LLC, 80000 },
		{ MK_XFER_CROSS_NODE, 90000 },
		{ MK_XFER_CROSS_SOCKET, 200000 },
	};

	for (u32 bad = 0; bad <= ARRAY_SIZE(steps) - 1; bad++) {
		struct machine *m = small();
		enum machine_key key = NR_MACHINE_KEYS;
		const char *why = NULL;

		machine_set(m, MK_SOCKETS, 2, 'K', 0, NULL);
		machine_set(m, MK_NODES_PER_SOCKET, 2, 'K', 0, NULL);
		machine_set(m, MK_SMT, 2, 'K', 0, NULL);
		machine_set(m, MK_LAT_DRAM_OTHER, 100000, 'E', 0, NULL);
		machine_set(m, MK_LAT_DRAM_REMOTE, 100000, 'E', 0, NULL);
		for (u32 i = 0; i < ARRAY_SIZE(steps); i++)
			machine_set(m, steps[i].key, steps[i].v, 'E', 0, NULL);
		if (bad) /* equal is fine, above is not */
			machine_set(m, steps[bad - 1].key, steps[bad].v, 'E', 0, NULL);
		completes(m);
		if (bad) {
			machine_set(m, steps[bad - 1].key, steps[bad].v + 1, 'E', 0, NULL);
			ck_assert_int_eq(machine_complete(m, &why, &key), -EINVAL);
			ck_assert_msg(strstr(why, machine_keys[steps[bad].key].path), "%s", why);
			ck_assert_uint_eq(key, steps[bad].key);
		}
		machine_free(m);
	}
}
END_TEST

START_TEST(required)
{
	struct machine *m = machine_new("nothing");
	enum machine_key key;
	const char *why;

	ck_assert_int_eq(machine_complete(m, &why, &key), -EINVAL);
	ck_assert_uint_eq(key, MK_CORES_PER_LLC);
	machine_free(m);
}
END_TEST

START_TEST(flat)
{
	struct machine *m = machine_builtin("flat-64");

	ck_assert_ptr_nonnull(m);
	ck_assert_str_eq(m->name, "flat-64");
	ck_assert_uint_eq(machine_nr_cpus(m), 64);
	ck_assert_int_eq(m->val[MK_SMT].v, 1);
	ck_assert_int_eq(m->val[MK_XFER_SAME_LLC].v, 24000);
	ck_assert_int_eq(m->val[MK_RMW_HOT_SAME_LLC].v, 26000);
	ck_assert_int_eq(m->val[MK_RAM].v, 64LL << 30);
	machine_free(m);
}
END_TEST

START_TEST(ideal)
{
	struct machine *m = machine_builtin("ideal-7");

	ck_assert_ptr_nonnull(m);
	ck_assert_uint_eq(machine_nr_cpus(m), 7);
	for (u32 k = 0; k < NR_MACHINE_KEYS; k++)
		if (machine_keys[k].unit == MU_TIME && k != MK_BASE_SLICE &&
		    (k < MK_CFS_LATENCY || k > MK_CFS_WAKEUP_GRANULARITY))
			ck_assert_msg(!m->val[k].v, "%s", machine_keys[k].path);
	machine_free(m);
}
END_TEST

START_TEST(no_such_builtin)
{
	static const char *const names[] = { "flat",	"flat-",     "flat-0",
					     "flat-01", "flat-4097", "flat-1x",
					     "flat--1", "ideal-",    "ideal- 1",
					     "",	"Flat-4",    "flat-99999999999999999999" };

	for (u32 i = 0; i < ARRAY_SIZE(names); i++)
		ck_assert_msg(!machine_builtin(names[i]), "%s", names[i]);
}
END_TEST

START_TEST(tags)
{
	ck_assert_uint_eq(machine_tag_rel_err('S'), 100);
	ck_assert_uint_eq(machine_tag_rel_err('D'), 200);
	ck_assert_uint_eq(machine_tag_rel_err('E'), 500);
	ck_assert_uint_eq(machine_tag_rel_err('R'), 500);
	ck_assert_uint_eq(machine_tag_rel_err('K'), 0);
	ck_assert_uint_eq(machine_tag_rel_err('M'), 100);
	ck_assert_uint_eq(machine_tag_rel_err('C'), 100);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("machine");
	TCase *tc = tcase_create("machine");

	tcase_add_test(tc, table_is_whole);
	tcase_add_test(tc, fill_rules);
	tcase_add_test(tc, fills_again);
	tcase_add_test(tc, contradictions);
	tcase_add_test(tc, orders);
	tcase_add_test(tc, required);
	tcase_add_test(tc, flat);
	tcase_add_test(tc, ideal);
	tcase_add_test(tc, no_such_builtin);
	tcase_add_test(tc, tags);
	suite_add_tcase(s, tc);
	return check_run(s, CK_ENV);
}
