/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A result survives packing; bytes that are cut or changed in length are refused. */
#include <check.h>
#include <math.h>
#include <string.h>

#include "sim/experiment/pack.h"
#include "tests/core/check_main.h"

static struct run_result *filled(void)
{
	struct run_result *r = run_result_new(3);
	struct run_metric m = { "elapsed", "ns", METRIC_LOWER, 1.25 }, none = { "x", "", 0, NAN };
	struct lock_class c = { .name = "l", .kind = "fifo", .nr_callers = 1 };
	struct run_frame f = { "alloc", 1, 2, 3 };
	struct run_footprint fp = { "Slab", "web", 1, -2, 3, 4.5 };
	struct run_sample s = { 99, "vmap.x", "pages", 7 };
	struct run_hist h = { "lat", "ns", g_new0(struct hist, 1) };

	c.side[0].contentions = 5;
	c.side[0].wait_total = (u128)1 << 100;
	c.caller[0] = (struct lock_caller){ "w", "h", 2, 6, 7 };
	hist_init(h.hist);
	hist_add(h.hist, 0);
	hist_add(h.hist, 1000);
	hist_add(h.hist, UINT64_MAX);
	r->elapsed = 12;
	r->nr_cpus = 1;
	r->cpu = g_new0(u64, NR_CPU_BUCKETS);
	r->cpu[NR_CPU_BUCKETS - 1] = 77;
	g_array_append_val(r->metrics, m);
	g_array_append_val(r->metrics, none);
	g_array_append_val(r->locks, c);
	g_array_append_val(r->profile, f);
	g_array_append_val(r->footprint, fp);
	g_array_append_val(r->series, s);
	g_array_append_val(r->hists, h);
	return r;
}

START_TEST(round_trip)
{
	struct run_result *r = filled(), *q;
	GByteArray *a = g_byte_array_new(), *b = g_byte_array_new();
	const struct lock_class *c;
	const struct run_hist *h;

	pack_result(a, r);
	q = unpack_result(a->data, a->len);
	ck_assert_ptr_nonnull(q);
	pack_result(b, q);
	ck_assert_uint_eq(a->len, b->len);
	ck_assert_mem_eq(a->data, b->data, a->len);
	ck_assert_uint_eq(q->replication, 3);
	ck_assert_double_eq(run_find_metric(q, "elapsed")->value, 1.25);
	ck_assert(isnan(run_find_metric(q, "x")->value));
	c = &g_array_index(q->locks, struct lock_class, 0);
	ck_assert(c->side[0].wait_total == (u128)1 << 100);
	ck_assert_str_eq(c->caller[0].holder, "h");
	ck_assert_uint_eq(c->caller[0].wait_total, 7);
	h = &g_array_index(q->hists, struct run_hist, 0);
	ck_assert_uint_eq(h->hist->n, 3);
	ck_assert_uint_eq(h->hist->bin[hist_bin(UINT64_MAX)], 1);
	ck_assert_uint_eq(h->hist->max, UINT64_MAX);
	ck_assert_int_eq(g_array_index(q->footprint, struct run_footprint, 0).peak, -2);
	ck_assert_str_eq(g_array_index(q->series, struct run_sample, 0).unit, "pages");
	ck_assert_uint_eq(q->cpu[NR_CPU_BUCKETS - 1], 77);
	run_result_free(r);
	run_result_free(q);
	g_byte_array_free(a, TRUE);
	g_byte_array_free(b, TRUE);
}
END_TEST

START_TEST(cut)
{
	struct run_result *r = filled();
	GByteArray *a = g_byte_array_new();
	guint8 *part, extra = 0;
	guint i;

	pack_result(a, r);
	for (i = 0; i < a->len; i++) {
		part = g_memdup2(a->data, i ? i : 1); /* exact size: readers past it are caught */
		ck_assert_ptr_null(unpack_result(part, i));
		g_free(part);
	}
	g_byte_array_append(a, &extra, 1);
	ck_assert_ptr_null(unpack_result(a->data, a->len));
	run_result_free(r);
	g_byte_array_free(a, TRUE);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("pack");
	TCase *tc = tcase_create("pack");

	tcase_add_test(tc, round_trip);
	tcase_add_test(tc, cut);
	suite_add_tcase(s, tc);
	return check_run(s, CK_ENV);
}
