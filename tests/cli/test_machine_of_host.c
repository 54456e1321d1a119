// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What calibrate makes of measurements, on hosts that hwloc makes up: whatever was measured
 * or not, in whatever order it came out, the machine is complete, prints as a file that loads
 * to the same values, and a value that is not the host's own never has tag M.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sim/cli/machine_of_host.h"
#include "sim/scenario/scenario.h"
#include "tests/core/check_main.h"

#define SEEDS 200

static const char *const hosts[] = {
	"pack:1 core:1 pu:1",
	"pack:1 l3:8 l2:4 core:1 pu:2",
	"pack:2 [numa] group:2 [numa] l3:2 l2:2 core:1 pu:2",
	"pack:4 [numa] l3:1 l2:18 core:1 pu:2",
	"pack:1 core:2 pu:4", /* more threads a core than a machine file has */
};

static u32 seed; /* of any(), for messages */

static void set(struct calibration *c, u32 item, double v, double spread)
{
	c->results[item] =
		(struct cal_result){ .q1 = v / spread, .median = v, .q3 = v * spread, .n = 20 };
}

static void host(struct calibration *c, const char *synthetic)
{
	memset(c, 0, sizeof(*c));
	ck_assert_int_eq(cal_topology_read(&c->topology, synthetic), CAL_DONE);
	for (u32 i = 0; i < NR_CAL_ITEMS; i++)
		snprintf(c->results[i].why, CAL_WHY_MAX, "not tried");
}

/* Print @m, load it again, compare what was given. */
static void reload(const struct machine *m)
{
	struct scn_errors errors = { 0 };
	char path[] = "/tmp/mmsim-host-XXXXXX";
	GString *text = g_string_new(NULL);
	struct machine *back;
	int fd = mkstemp(path);

	ck_assert_int_ge(fd, 0);
	close(fd);
	machine_print(m, text);
	ck_assert(g_file_set_contents(path, text->str, -1, NULL));
	back = machine_load(path, NULL, &errors);
	ck_assert_msg(back, "seed %u: %s\n%s", seed,
		      errors.lines->len ? (char *)errors.lines->pdata[0] : "", text->str);
	for (u32 k = 0; k < NR_MACHINE_KEYS; k++) {
		ck_assert_int_eq(m->val[k].given, back->val[k].given);
		ck_assert_msg(m->val[k].v == back->val[k].v, "seed %u: %s", seed,
			      machine_keys[k].path);
		ck_assert_int_eq(m->val[k].tag, back->val[k].tag);
		ck_assert_uint_eq(m->val[k].rel_err_permille, back->val[k].rel_err_permille);
	}
	machine_free(back);
	scn_errors_clear(&errors);
	g_string_free(text, TRUE);
	unlink(path);
}

static struct machine *make(const struct calibration *c, u32 *nr_missing)
{
	GPtrArray *missing = g_ptr_array_new_with_free_func(g_free);
	struct machine *m = machine_of_host(c, "made-up", missing);

	ck_assert_msg(m, "seed %u: %s", seed,
		      missing->len ? (char *)missing->pdata[missing->len - 1] : "no reason");
	*nr_missing = missing->len;
	g_ptr_array_free(missing, TRUE);
	reload(m);
	return m;
}

START_TEST(nothing_measured)
{
	struct calibration c;
	struct machine *m;
	u32 missing;

	host(&c, hosts[_i]);
	m = make(&c, &missing);
	ck_assert_uint_gt(missing, 15);
	for (u32 k = 0; k < NR_MACHINE_KEYS; k++)
		ck_assert_int_ne(m->val[k].tag, TAG_MEASURED);
	ck_assert_int_eq(m->val[MK_GHZ].tag, TAG_ESTIMATE);
	ck_assert_ptr_nonnull(strstr(m->val[MK_GHZ].source, "not measured (not tried)"));
	ck_assert(!m->val[MK_SYSCALL].given);
	machine_free(m);
	calibration_free(&c);
}
END_TEST

START_TEST(all_measured)
{
	struct calibration c;
	struct machine *m;
	u32 missing;

	host(&c, hosts[2]);
	for (u32 i = 0; i < NR_CAL_ITEMS; i++)
		set(&c, i, 10 + i, 1.1);
	set(&c, CAL_ZERO_4K, 20, 1.001);
	set(&c, CAL_SYSCALL, 123.4567, 1.5);
	c.results[CAL_WAKE_SEND].n = 2;
	set(&c, CAL_FAULT_ENTRY, 1, 1000);
	c.host.vm = true;
	m = make(&c, &missing);
	ck_assert_uint_eq(missing, 0);
	ck_assert_int_eq(m->val[MK_SYSCALL].v, 123457);
	ck_assert_int_eq(m->val[MK_SYSCALL].tag, TAG_MEASURED);
	/* The error holds the quartiles, but no less than 5 %, no more than 1000 %; few
	 * samples are no better than an estimate. */
	ck_assert_uint_eq(m->val[MK_SYSCALL].rel_err_permille, 500);
	ck_assert_uint_eq(m->val[MK_ZERO_PAGE4K].rel_err_permille, 50);
	ck_assert_uint_eq(m->val[MK_WAKE_SEND].rel_err_permille, 500);
	ck_assert_uint_eq(m->val[MK_FAULT_ENTRY_EXIT].rel_err_permille, 10000);
	ck_assert(g_str_has_suffix(m->val[MK_SYSCALL].source, "; vm"));
	ck_assert_int_eq(m->val[MK_INVAL_PER_SHARER].tag, TAG_MEASURED);
	ck_assert_int_eq(m->val[MK_WAKE_IDLE_POLLING].tag, TAG_MEASURED);
	/* In a guest the calls that were measured are a guest's already. */
	ck_assert_int_eq(m->val[MK_VIRT].v, VIRT_TAS);
	ck_assert_int_eq(m->val[MK_IPI_VIRT_FACTOR].v, 1000);
	machine_free(m);
	calibration_free(&c);
}
END_TEST

START_TEST(order_turned_round)
{
	struct calibration c;
	struct machine *m;
	u32 missing;

	host(&c, hosts[1]);
	for (u32 i = 0; i < NR_CAL_ITEMS; i++)
		set(&c, i, 100, 1.1);
	set(&c, CAL_LAT_L1, 5, 1.1);
	set(&c, CAL_LAT_L2, 4, 1.1);
	set(&c, CAL_XFER + CAL_XLLC, 90, 1.1);
	m = make(&c, &missing);
	ck_assert_uint_eq(missing, 2);
	ck_assert_int_eq(m->val[MK_LAT_L1].v, 5000);
	ck_assert_int_eq(m->val[MK_LAT_L2].v, 5000);
	ck_assert_int_eq(m->val[MK_LAT_L2].tag, TAG_ESTIMATE);
	ck_assert_ptr_nonnull(strstr(m->val[MK_LAT_L2].source, "4.000 ns, below lat.l1"));
	ck_assert_int_eq(m->val[MK_XFER_CROSS_LLC].v, m->val[MK_XFER_SAME_LLC].v);
	machine_free(m);
	calibration_free(&c);
}
END_TEST

/* Any subset of the items, of any size from a hundredth to a million ns. */
START_TEST(any)
{
	GRand *rand = g_rand_new();

	for (seed = 0; seed < SEEDS; seed++) {
		struct calibration c;
		u32 missing;

		g_rand_set_seed(rand, seed);
		host(&c, hosts[seed % G_N_ELEMENTS(hosts)]);
		for (u32 i = 0; i < NR_CAL_ITEMS; i++)
			if (g_rand_boolean(rand))
				set(&c, i, 0.01 * (double)(1ULL << g_rand_int_range(rand, 0, 27)),
				    1 + g_rand_double(rand));
		machine_free(make(&c, &missing));
		calibration_free(&c);
	}
	g_rand_free(rand);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("machine_of_host");
	TCase *tc = tcase_create("machine_of_host");

	tcase_add_loop_test(tc, nothing_measured, 0, G_N_ELEMENTS(hosts));
	tcase_add_test(tc, all_measured);
	tcase_add_test(tc, order_turned_round);
	tcase_add_test(tc, any);
	suite_add_tcase(suite, tc);
	return check_run(suite, CK_NORMAL);
}
