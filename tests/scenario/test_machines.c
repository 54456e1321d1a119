/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The shipped machines: each loads, has the numbers of reference machine.md 1.5
 * (copied from there, not from the files) and the distances its topology says;
 * what no table gives is tagged as a guess.
 */
#include <math.h>

#include "sim/hw/hw.h"
#include "tests/scenario/common.h"

/* Nanoseconds; 0: the table does not give it. */
struct wanted {
	const char *name;
	u32 cpus, topology[5]; /* sockets, nodes, LLCs, cores, threads */
	double ghz;
	double lat[6]; /* l1, l2, llc, dram local, other node, remote */
	double xfer[5]; /* smt, llc, cross llc, node, socket */
	double rmw_local, hot[5], zero[2], inval;
	double llc_mib;
};

static const struct wanted table[] = {
	{ "tr3970x",
	  64,
	  { 1, 1, 8, 4, 2 },
	  3.9,
	  { 1.0, 3.3, 10.3, 90, 0, 90 },
	  { 6.5, 24, 94.5 },
	  5,
	  { 0, 26, 90 },
	  { 330, 171000 },
	  0,
	  16 },
	{ "rome_7742_2s",
	  256,
	  { 2, 1, 16, 4, 2 },
	  3.2,
	  { 1.2, 3.8, 10.3, 122, 0, 220 },
	  { 8.5, 26, 130, 0, 262 },
	  6.25,
	  { 9.35, 28.6, 143, 0, 288.2 },
	  { 350, 179200 },
	  0,
	  16 },
	{ "milan_7r13_2s",
	  192,
	  { 2, 1, 6, 8, 2 },
	  3.4,
	  { 1.2, 3.5, 13.5, 115, 0, 200 },
	  { 9.8, 23, 107, 0, 198 },
	  20 / 3.4,
	  { 10.78, 25.3, 117.7, 0, 217.8 },
	  { 299, 171000 },
	  0,
	  32 },
	{ "milan_7453_1s",
	  56,
	  { 1, 1, 4, 7, 2 },
	  3.1,
	  { 1.2, 3.5, 13.5, 115 },
	  { 9.8, 25, 223 },
	  20 / 3.1,
	  { 10.78, 27.5, 245.3 },
	  { 350, 179200 },
	  0,
	  16 },
	{ "milan_74f3_1s",
	  48,
	  { 1, 1, 8, 3, 2 },
	  3.6,
	  { 1.2, 3.5, 13.5, 115 },
	  { 8, 21, 122 },
	  20 / 3.6,
	  { 8.8, 23.1, 134.2 },
	  { 350, 179200 },
	  0,
	  32 },
	{ "genoa_9274f_2s",
	  96,
	  { 2, 1, 8, 3, 2 },
	  4.2,
	  { 1.0, 3.4, 12, 110, 0, 200 },
	  { 9, 23, 100, 0, 197 },
	  20 / 4.2,
	  { 9.9, 25.3, 110, 0, 216.7 },
	  { 350, 179200 },
	  0,
	  32 },
	{ "genoa_9654_2s",
	  384,
	  { 2, 1, 12, 8, 2 },
	  0,
	  { 1.0, 3.4, 12, 110, 0, 200 },
	  { 9, 23, 100, 0, 197 },
	  0,
	  { 0 },
	  { 350, 179200 },
	  0,
	  0 },
	{ "skx_6140_2s",
	  72,
	  { 2, 1, 1, 18, 2 },
	  3.0,
	  { 1.3, 4.7, 19, 90, 0, 144 },
	  { 7.5, 50, 0, 0, 118 },
	  20 / 3.0,
	  { 8.25, 55, 0, 0, 129.8 },
	  { 350, 179200 },
	  0,
	  24.75 },
	{ "clx_8275cl_2s",
	  96,
	  { 2, 1, 1, 24, 2 },
	  3.2,
	  { 1.25, 4.375, 18.75, 88, 0, 141 },
	  { 7.5, 45, 0, 0, 131 },
	  6.25,
	  { 8.25, 49.5, 0, 0, 144.1 },
	  { 350, 179200 },
	  0,
	  35.75 },
	{ "icx_8375c_2s",
	  128,
	  { 2, 1, 1, 32, 2 },
	  3.1,
	  { 1.29, 4.516, 19.355, 89, 0, 143 },
	  { 8, 50, 0, 0, 106 },
	  20 / 3.1,
	  { 8.8, 55, 0, 0, 116.6 },
	  { 430, 239000 },
	  0,
	  54 },
	{ "spr_8468_2s",
	  192,
	  { 2, 4, 1, 12, 2 },
	  3.1,
	  { 1.29, 4.516, 19.355, 96, 113, 188 },
	  { 8, 60, 0, 70, 139 },
	  20 / 3.1,
	  { 8.8, 66, 0, 77, 152.9 },
	  { 350, 179200 },
	  0,
	  26.25 },
	{ "ccoffee_w2145_1s",
	  16,
	  { 1, 1, 1, 8, 2 },
	  4.0,
	  { 1.3, 4.7, 19, 90 },
	  { 4, 41.5 },
	  5,
	  { 4.4, 45.65 },
	  { 350, 179200 },
	  0,
	  11 },
	{ "hsw_e7_8895v3_4s",
	  144,
	  { 4, 1, 1, 18, 2 },
	  2.6,
	  { 1.3, 4.7, 19, 90, 0, 144 },
	  { 8, 50, 0, 0, 200 },
	  20 / 2.6,
	  { 8.8, 55, 0, 0, 220 },
	  { 350, 179200 },
	  0,
	  45 },
	{ "graviton2_n1",
	  64,
	  { 1, 1, 1, 64, 1 },
	  2.5,
	  { 1.6, 4.4, 30, 100 },
	  { 0, 47 },
	  5.3,
	  { 0, 9.4 },
	  { 350, 179200 },
	  21,
	  32 },
	{ "graviton3_v1",
	  64,
	  { 1, 1, 1, 64, 1 },
	  2.6,
	  { 1.6, 4.4, 30, 100 },
	  { 0, 46 },
	  5.3,
	  { 0, 9.4 },
	  { 350, 179200 },
	  21,
	  32 },
	{ "graviton4_v2_2s",
	  192,
	  { 2, 1, 1, 96, 1 },
	  2.8,
	  { 1.6, 4.4, 30 },
	  { 0, 45, 0, 0, 139 },
	  20 / 2.8,
	  { 0, 9.4, 0, 0, 139 },
	  { 350, 179200 },
	  0,
	  36 },
	{ "kunpeng920_6426",
	  64,
	  { 1, 2, 1, 32, 1 },
	  2.6,
	  { 1.6, 4.4, 30, 100, 130, 200 },
	  { 0, 35.5, 0, 81 },
	  20 / 2.6,
	  { 0, 35.5, 0, 81 },
	  { 350, 179200 },
	  0,
	  32 },
	{ "kunpeng920_2s",
	  128,
	  { 2, 2, 1, 32, 1 },
	  2.6,
	  { 1.6, 4.4, 30, 100, 130, 200 },
	  { 0, 35.5, 0, 81, 160 },
	  20 / 2.6,
	  { 0, 35.5, 0, 81, 160 },
	  { 350, 179200 },
	  0,
	  32 },
	{ "altra_q80",
	  80,
	  { 1, 1, 1, 80, 1 },
	  3.0,
	  { 1.6, 4.4, 30, 100 },
	  { 0, 47 },
	  5.3,
	  { 0, 9.4 },
	  { 350, 179200 },
	  21,
	  32 },
	{ "altra_q80_2s",
	  160,
	  { 2, 1, 1, 80, 1 },
	  3.0,
	  { 1.6, 4.4, 30, 100 },
	  { 0, 47, 0, 0, 350 },
	  5.3,
	  { 0, 9.4, 0, 0, 350 },
	  { 350, 179200 },
	  21,
	  32 },
	/* Derived: only what the published set says, and the nearest table's transfers. */
	{ "skl_6700hq",
	  4,
	  { 1, 1, 1, 4, 1 },
	  2.6,
	  { 4 / 2.6, 14 / 2.6, 60 / 2.6, 90 },
	  { 0, 20 },
	  7,
	  { 0, 23.3 },
	  { 350, 179200 },
	  0,
	  6 },
	{ "icl_1035g4",
	  4,
	  { 1, 1, 1, 4, 1 },
	  3.6,
	  { 4 / 3.6, 14 / 3.6, 60 / 3.6, 90 },
	  { 0, 14.9 },
	  6.1,
	  { 0, 16.4 },
	  { 350, 179200 },
	  0,
	  6 },
	{ "icx_guest48",
	  48,
	  { 1, 1, 1, 24, 2 },
	  0,
	  { 0, 0, 0, 89 },
	  { 8, 50 },
	  0,
	  { 0 },
	  { 0 },
	  0,
	  0 },
	{ "hsw_14c_4s",
	  112,
	  { 4, 1, 1, 14, 2 },
	  0,
	  { 1.3, 4.7, 19, 90, 0, 144 },
	  { 8, 50, 0, 0, 200 },
	  0,
	  { 0 },
	  { 0 },
	  0,
	  0 },
	{ "skx_28c_2s",
	  112,
	  { 2, 1, 1, 28, 2 },
	  0,
	  { 1.3, 4.7, 19, 90, 0, 144 },
	  { 7.5, 50, 0, 0, 118 },
	  0,
	  { 0 },
	  { 0 },
	  0,
	  0 },
	{ "skx_28c_4s",
	  224,
	  { 4, 1, 1, 28, 2 },
	  0,
	  { 1.3, 4.7, 19, 90, 0, 144 },
	  { 7.5, 50, 0, 0, 118 },
	  0,
	  { 0 },
	  { 0 },
	  0,
	  0 },
	{ "rome_64c_1s",
	  128,
	  { 1, 1, 16, 4, 2 },
	  0,
	  { 1.2, 3.8, 10.3, 122 },
	  { 8.5, 26, 130 },
	  0,
	  { 0 },
	  { 0 },
	  0,
	  0 },
	{ "genoa_guest256",
	  256,
	  { 2, 1, 8, 8, 2 },
	  0,
	  { 1.0, 3.4, 12, 110, 0, 200 },
	  { 9, 23, 100, 0, 197 },
	  0,
	  { 0 },
	  { 0 },
	  0,
	  0 },
	{ "zen4_112c_2s",
	  448,
	  { 2, 1, 16, 7, 2 },
	  0,
	  { 1.0, 3.4, 12, 110, 0, 200 },
	  { 9, 23, 100, 0, 197 },
	  0,
	  { 0 },
	  { 0 },
	  0,
	  0 },
	{ "spr_56c_2s",
	  224,
	  { 2, 1, 1, 56, 2 },
	  0,
	  { 1.29, 4.516, 19.355, 0, 0, 188 },
	  { 8, 0, 0, 0, 139 },
	  0,
	  { 0 },
	  { 0 },
	  0,
	  0 },
	{ "ryzen_3900x",
	  24,
	  { 1, 1, 4, 3, 2 },
	  3.8,
	  { 1.0, 3.3, 10.3, 90 },
	  { 6.5, 24, 94.5 },
	  5,
	  { 0, 26, 90 },
	  { 330, 171000 },
	  0,
	  16 },
};

/* The first of these is a measured or recalled machine's; behind it only guesses may stand. */
#define FIRST_DERIVED "icx_guest48"

static struct machine *load(const char *name)
{
	struct scn_errors errors;
	struct machine *m = machine_load(name, search_path, &errors);
	char *text = errors_text(&errors);

	ck_assert_msg(m != NULL, "%s: %s", name, text);
	g_free(text);
	scn_errors_clear(&errors);
	return m;
}

/* The reference rounds to 0.01 ns. */
static void same(const struct machine *m, enum machine_key k, double ns)
{
	if (ns > 0)
		ck_assert_msg(fabs((double)m->val[k].v / 1000 - ns) < 0.0051,
			      "%s: %s is %lld ps, not %g ns", m->name, machine_keys[k].path,
			      (long long)m->val[k].v, ns);
}

START_TEST(numbers)
{
	const struct wanted *w = &table[_i];
	struct machine *m = load(w->name);

	ck_assert_str_eq(m->name, w->name);
	ck_assert_uint_eq(machine_nr_cpus(m), w->cpus);
	for (u32 i = 0; i < 5; i++)
		ck_assert_msg(m->val[MK_SOCKETS + i].v == w->topology[i], "%s: %s", w->name,
			      machine_keys[MK_SOCKETS + i].path);
	same(m, MK_GHZ, w->ghz);
	for (u32 i = 0; i < 6; i++)
		same(m, MK_LAT_L1 + i, w->lat[i]);
	for (u32 i = 0; i < 5; i++) {
		same(m, MK_XFER_SMT + i, w->xfer[i]);
		same(m, MK_RMW_HOT_SMT + i, w->hot[i]);
	}
	same(m, MK_RMW_LOCAL, w->rmw_local);
	same(m, MK_ZERO_PAGE4K, w->zero[0]);
	same(m, MK_ZERO_THP2M, w->zero[1]);
	same(m, MK_INVAL_PER_SHARER, w->inval);
	if (w->llc_mib > 0)
		ck_assert_int_eq(m->val[MK_LLC_BYTES].v, (s64)(w->llc_mib * 1048576));
	ck_assert(m->about && m->val[MK_RAM].given && m->val[MK_HZ].given);
	ck_assert_int_eq(m->val[MK_HZ].v, 250);
	ck_assert_int_eq(m->val[MK_PREEMPT].v, PREEMPT_VOLUNTARY);
	ck_assert_int_eq(m->val[MK_SMT_FACTOR].v, 1600);
	ck_assert_uint_eq(m->val[MK_SMT_FACTOR].rel_err_permille, 250);
	machine_free(m);
}
END_TEST

/* Arm broadcasts flushes and pays for sharers, x86 does neither. */
START_TEST(architecture)
{
	const struct wanted *w = &table[_i];
	struct machine *m = load(w->name);
	bool arm = g_str_has_prefix(w->name, "graviton") || g_str_has_prefix(w->name, "altra") ||
		   g_str_has_prefix(w->name, "kunpeng");

	ck_assert_int_eq(m->val[MK_TLB_ARCH_BROADCAST].v, arm);
	if (!arm)
		ck_assert_int_eq(m->val[MK_INVAL_PER_SHARER].v, 0);
	machine_free(m);
}
END_TEST

START_TEST(guesses_are_tagged)
{
	static const enum machine_key costs[] = { MK_LAT_L1,	     MK_LAT_DRAM_LOCAL,
						  MK_XFER_SMT,	     MK_XFER_SAME_LLC,
						  MK_XFER_CROSS_LLC, MK_XFER_CROSS_SOCKET };
	bool derived = false;

	for (u32 i = 0; i < ARRAY_SIZE(table); i++) {
		struct machine *m = load(table[i].name);

		derived |= !strcmp(m->name, FIRST_DERIVED);
		for (u32 k = 0; k < ARRAY_SIZE(costs); k++) {
			const struct machine_value *v = &m->val[costs[k]];

			ck_assert_msg(!derived || v->tag == 'E' || v->tag == 'R', "%s: %s is %c",
				      m->name, machine_keys[costs[k]].path, v->tag);
			ck_assert_msg(v->tag != 'S' || v->source, "%s: %s has no source", m->name,
				      machine_keys[costs[k]].path);
		}
		machine_free(m);
	}
	ck_assert(derived);
}
END_TEST

/* Every file is in the table. */
START_TEST(none_forgotten)
{
	GDir *d = g_dir_open(SCENARIOS "/machines", 0, NULL);
	const char *file;
	u32 n = 0;

	ck_assert_ptr_nonnull(d);
	while ((file = g_dir_read_name(d)))
		n += g_str_has_suffix(file, ".yaml");
	g_dir_close(d);
	ck_assert_uint_eq(n, ARRAY_SIZE(table));
}
END_TEST

struct pair {
	const char *machine;
	u32 a, b;
	enum hw_dist dist;
	double ns;
};

/* Written down from the topologies, one pair on each side of each border. */
static const struct pair pairs[] = {
	{ "tr3970x", 31, 63, DIST_SMT, 6.5 },
	{ "tr3970x", 28, 63, DIST_LLC, 24 },
	{ "tr3970x", 27, 28, DIST_XLLC, 94.5 },
	{ "rome_7742_2s", 63, 62, DIST_LLC, 26 },
	{ "rome_7742_2s", 63, 0, DIST_XLLC, 130 },
	{ "rome_7742_2s", 63, 64, DIST_XSOCK, 262 },
	{ "rome_7742_2s", 64, 192, DIST_SMT, 8.5 },
	{ "rome_7742_2s", 128, 191, DIST_XLLC, 130 },
	{ "milan_7r13_2s", 47, 144, DIST_XSOCK, 198 },
	{ "milan_7r13_2s", 40, 143, DIST_LLC, 23 },
	{ "genoa_9274f_2s", 2, 3, DIST_XLLC, 100 },
	{ "spr_8468_2s", 0, 107, DIST_LLC, 60 },
	{ "spr_8468_2s", 11, 12, DIST_XNODE, 70 },
	{ "spr_8468_2s", 47, 48, DIST_XSOCK, 139 },
	{ "spr_8468_2s", 48, 95, DIST_XNODE, 70 },
	{ "hsw_e7_8895v3_4s", 17, 18, DIST_XSOCK, 200 },
	{ "hsw_e7_8895v3_4s", 0, 71, DIST_XSOCK, 200 },
	{ "hsw_e7_8895v3_4s", 54, 143, DIST_LLC, 50 },
	{ "hsw_14c_4s", 55, 111, DIST_SMT, 8 },
	{ "skx_28c_4s", 111, 84, DIST_LLC, 50 },
	{ "kunpeng920_6426", 31, 32, DIST_XNODE, 81 },
	{ "kunpeng920_2s", 63, 64, DIST_XSOCK, 160 },
	{ "kunpeng920_2s", 64, 96, DIST_XNODE, 81 },
	{ "graviton2_n1", 0, 63, DIST_LLC, 47 },
	{ "altra_q80_2s", 79, 80, DIST_XSOCK, 350 },
	{ "zen4_112c_2s", 111, 112, DIST_XSOCK, 197 },
	{ "zen4_112c_2s", 223, 447, DIST_SMT, 9 },
	{ "zen4_112c_2s", 6, 7, DIST_XLLC, 100 },
	{ "icx_guest48", 0, 47, DIST_LLC, 50 },
};

START_TEST(distances)
{
	const struct pair *p = &pairs[_i];
	struct machine *m = load(p->machine);
	struct sim_config config = { 0 };
	struct sim *s = sim_new(&config);
	struct hw *hw = hw_new(s, m);

	ck_assert_msg(hw_dist(hw, p->a, p->b) == p->dist, "%s: %u to %u", p->machine, p->a, p->b);
	ck_assert_int_eq(hw_dist(hw, p->b, p->a), p->dist);
	ck_assert_uint_eq(hw_xfer(hw, p->a, p->b), (u64)(p->ns * 1000 + 0.5));
	hw_free(hw);
	sim_free(s);
	machine_free(m);
}
END_TEST

/* mem(cpu, node) of machine.md 1.1 on two sockets of four nodes. */
START_TEST(memory)
{
	struct machine *m = load("spr_8468_2s");
	struct sim_config config = { 0 };
	struct sim *s = sim_new(&config);
	struct hw *hw = hw_new(s, m);

	for (u32 node = 0; node < 8; node++) {
		u64 want = node == 1 ? 96000 : node < 4 ? 113000 : 188000;

		ck_assert_uint_eq(hw_mem(hw, &hw->cpus[12], node), want);
	}
	hw_free(hw);
	sim_free(s);
	machine_free(m);
}
END_TEST

/* A smaller machine on a base drops the costs of distances it no longer has. */
START_TEST(smaller_than_base)
{
	static const char text[] = "base: spr_8468_2s\nsockets: 1\nnodes_per_socket: 1\nsmt: 1\n";
	char *path = g_build_filename(g_get_tmp_dir(), "mmsim-machine-XXXXXX.yaml", NULL);
	int fd = g_mkstemp(path);
	struct machine *m;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, sizeof(text) - 1), (ssize_t)sizeof(text) - 1);
	close(fd);
	m = load(path);
	ck_assert_uint_eq(machine_nr_cpus(m), 12);
	ck_assert(!m->val[MK_XFER_SMT].given && !m->val[MK_XFER_CROSS_NODE].given);
	ck_assert(!m->val[MK_XFER_CROSS_SOCKET].given && !m->val[MK_LAT_DRAM_OTHER].given);
	ck_assert_int_eq(m->val[MK_XFER_SAME_LLC].v, 60000);
	ck_assert(!machine_key_used(m, MK_XFER_SMT));
	machine_free(m);
	unlink(path);
	g_free(path);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("machines");

	tcase_add_loop_test(tc, numbers, 0, ARRAY_SIZE(table));
	tcase_add_loop_test(tc, architecture, 0, ARRAY_SIZE(table));
	tcase_add_test(tc, guesses_are_tagged);
	tcase_add_test(tc, none_forgotten);
	tcase_add_loop_test(tc, distances, 0, ARRAY_SIZE(pairs));
	tcase_add_test(tc, memory);
	tcase_add_test(tc, smaller_than_base);
	return run_tests("scenario_machines", tc);
}
