// SPDX-License-Identifier: GPL-2.0-or-later
/* locks.csv and lock_callers.csv. */
#include <string.h>

#include "output/csv.h"
#include "output/output.h"

static u128 average(u128 sum, u64 n)
{
	return n ? (sum + n / 2) / n : 0;
}

static void side_row(struct csv *c, const struct lock_class *l, u32 i)
{
	const struct lock_side *s = &l->side[i];

	csv_str(c, l->name);
	csv_str(c, l->kind);
	csv_str(c, i ? "read" : l->has_read_side ? "write" : "all");
	csv_uint(c, s->con_bounces);
	csv_uint(c, s->contentions);
	csv_uint(c, s->queued_contentions);
	csv_ns(c, s->waits ? s->wait_min : 0);
	csv_ns(c, s->waits ? s->wait_max : 0);
	csv_ns(c, s->wait_total);
	csv_ns(c, average(s->wait_total, s->waits));
	csv_uint(c, s->acq_bounces);
	csv_uint(c, s->acquisitions);
	csv_ns(c, s->acquisitions ? s->hold_min : 0);
	csv_ns(c, s->acquisitions ? s->hold_max : 0);
	csv_ns(c, s->hold_total);
	csv_ns(c, average(s->hold_total, s->acquisitions));
	csv_ns(c, s->spin);
	csv_ns(c, s->sleep);
	csv_ns(c, s->owned);
	csv_end_row(c);
}

static void lock_rows(struct csv *c, const struct experiment *e, u32 p, u32 v)
{
	GPtrArray *cell = experiment_cell(e, p, v);
	guint i, k;
	u32 side;

	for (i = 0; i < cell->len; i++) {
		const struct run_result *r = cell->pdata[i];

		for (k = 0; k < r->locks->len; k++) {
			const struct lock_class *l = &g_array_index(r->locks, struct lock_class, k);

			for (side = 0; side <= l->has_read_side; side++) {
				csv_begin_row(c, e, p, v, r);
				side_row(c, l, side);
			}
		}
	}
}

static const char *distance_name(u8 d)
{
	static const char *const names[NR_DISTS] = { "self",	  "smt",	"same_llc",
						     "cross_llc", "cross_node", "cross_socket" };

	return d < NR_DISTS ? names[d] : "other";
}

struct caller_row {
	const char *lock;
	u32 order; /* of the lock in the run */
	struct lock_caller c;
};

/* Who met whom first depends on the engine, so rows go by lock and name. */
static gint by_lock_and_names(gconstpointer a, gconstpointer b)
{
	const struct caller_row *x = a, *y = b;
	int d;

	if (x->order != y->order)
		return x->order < y->order ? -1 : 1;
	d = strcmp(x->c.waiter, y->c.waiter);
	if (!d)
		d = strcmp(x->c.holder, y->c.holder);
	return d ? d : (int)x->c.dist - (int)y->c.dist;
}

static void pool_caller(GArray *rows, GHashTable *index, const char *lock, u32 order,
			const struct lock_caller *lc)
{
	char *key = g_strdup_printf("%s\n%s\n%s\n%u", lock, lc->waiter, lc->holder, lc->dist);
	struct caller_row row = { lock, order, *lc }, *old;
	gpointer at;

	if (g_hash_table_lookup_extended(index, key, NULL, &at)) {
		old = &g_array_index(rows, struct caller_row, GPOINTER_TO_UINT(at));
		old->c.contentions += lc->contentions;
		old->c.wait_total += lc->wait_total;
		g_free(key);
		return;
	}
	g_hash_table_insert(index, key, GUINT_TO_POINTER(rows->len));
	g_array_append_val(rows, row);
}

static void caller_rows(struct csv *c, const struct experiment *e, u32 p, u32 v)
{
	GHashTable *index = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	GArray *rows = g_array_new(FALSE, FALSE, sizeof(struct caller_row));
	GPtrArray *cell = experiment_cell(e, p, v);
	guint i, k;
	u32 n;

	for (i = 0; i < cell->len; i++) {
		const struct run_result *r = cell->pdata[i];

		for (k = 0; k < r->locks->len; k++) {
			const struct lock_class *l = &g_array_index(r->locks, struct lock_class, k);

			for (n = 0; n < l->nr_callers; n++)
				pool_caller(rows, index, l->name, k, &l->caller[n]);
		}
	}
	g_array_sort(rows, by_lock_and_names);
	for (i = 0; i < rows->len; i++) {
		const struct caller_row *row = &g_array_index(rows, struct caller_row, i);

		csv_begin_row(c, e, p, v, NULL);
		csv_str(c, row->lock);
		csv_str(c, row->c.waiter);
		csv_str(c, row->c.holder);
		csv_str(c, distance_name(row->c.dist));
		csv_uint(c, row->c.contentions);
		csv_ns(c, row->c.wait_total);
		csv_end_row(c);
	}
	g_array_free(rows, TRUE);
	g_hash_table_destroy(index);
}

bool output_locks(const struct experiment *e, const char *dir, char **error)
{
	struct csv locks, callers;
	bool ok;
	u32 p, v;

	csv_init(&locks);
	csv_init(&callers);
	csv_header(&locks, e, true,
		   "lock,kind,side,con_bounces,contentions,queued_contentions,wait_min_ns,"
		   "wait_max_ns,wait_total_ns,wait_avg_ns,acq_bounces,acquisitions,hold_min_ns,"
		   "hold_max_ns,hold_total_ns,hold_avg_ns,spin_ns,sleep_ns,owned_ns");
	csv_header(&callers, e, false, "lock,waiter,holder,distance,contentions,wait_total_ns");
	for (p = 0; p < e->nr_points; p++) {
		for (v = 0; v < e->nr_variants; v++) {
			lock_rows(&locks, e, p, v);
			caller_rows(&callers, e, p, v);
		}
	}
	ok = csv_save(&locks, dir, "locks.csv", error);
	return csv_save(&callers, dir, "lock_callers.csv", ok ? error : &(char *){ NULL }) && ok;
}
