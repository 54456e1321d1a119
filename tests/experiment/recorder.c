// SPDX-License-Identifier: GPL-2.0-or-later
/* See recorder.h. */
#include "tests/experiment/recorder.h"

#include <check.h>
#include <stdio.h>

#include "models/vmap/vmap.h"
#include "sim/kern/task.h"

static struct recording *now; /* of the run under way */

static u64 *u64_dup(u64 v)
{
	return g_memdup2(&v, sizeof(v));
}

static GArray *calls_of(const struct task *t, u64 *key)
{
	GArray *calls;

	*key = (u64)g_str_hash(t->comm) << 32 | t->x.proc.index;
	calls = g_hash_table_lookup(now->threads, key);
	if (!calls) {
		calls = g_array_new(FALSE, TRUE, sizeof(struct recorded));
		g_hash_table_insert(now->threads, u64_dup(*key), calls);
	}
	return calls;
}

static int record_vmalloc(struct task *t, void *model, struct op_call *call)
{
	struct recorded r = { .arg = { call->v[0], call->v[1], call->v[2] } };
	u64 key, start;
	GArray *calls = calls_of(t, &key);
	int rc;

	g_array_append_val(calls, r);
	now->allocs++;
	key = key * 0x9e3779b97f4a7c15ULL + calls->len;
	rc = vmap_model.ops[0].run(t, model, call);
	start = (u64)call->out;
	if (!rc)
		g_hash_table_insert(now->areas, u64_dup(start), u64_dup(key));
	return rc;
}

static int record_vfree(struct task *t, void *model, struct op_call *call)
{
	struct recorded r = { .is_free = true };
	u64 key, start = (u64)call->v[0], *area;
	GArray *calls = calls_of(t, &key);

	area = g_hash_table_lookup(now->areas, &start);
	r.arg[0] = area ? (s64)*area : -1;
	g_hash_table_remove(now->areas, &start);
	g_array_append_val(calls, r);
	now->frees++;
	return vmap_model.ops[1].run(t, model, call);
}

static struct op_desc ops[2];
static struct model_desc model;

struct registry *recorder_registry(void)
{
	struct registry *r = registry_new();
	const char *what = "";

	ck_assert_ptr_nonnull(r);
	ck_assert_uint_eq(vmap_model.nr_ops, 2);
	ck_assert_str_eq(vmap_model.ops[0].name, "vmalloc");
	ck_assert_str_eq(vmap_model.ops[1].name, "vfree");
	model = vmap_model;
	ops[0] = vmap_model.ops[0];
	ops[0].run = record_vmalloc;
	ops[1] = vmap_model.ops[1];
	ops[1].run = record_vfree;
	model.ops = ops;
	ck_assert_msg(!registry_add(r, &model, &what), "%s", what);
	ck_assert_int_eq(registry_add_bases(r, vmap_bases), 0);
	return r;
}

struct scenario *recorder_load(const struct registry *r, const char *path, const char *const *sets)
{
	static const char *const search_path[] = { SCENARIOS, NULL };
	struct scn_options opt = { .sets = sets, .search_path = search_path };
	struct scn_errors errors;
	struct scenario *sc = scenario_load(path, r, &opt, &errors);

	for (guint i = 0; i < errors.lines->len; i++)
		fprintf(stderr, "%s\n", (char *)errors.lines->pdata[i]);
	ck_assert_msg(sc != NULL, "%s is not accepted", path);
	scn_errors_clear(&errors);
	return sc;
}

static void array_free(gpointer p)
{
	g_array_free(p, TRUE);
}

struct recording *recorder_run(const struct scenario *sc, u32 variant, u32 replication)
{
	struct recording *rec = g_new0(struct recording, 1);
	s64 *params = g_new0(s64, sc->nr_params + 1);
	struct run_config config = {
		.scenario = sc,
		.variant = &sc->variants[variant],
		.params = params,
		.replication = replication,
	};
	struct run_result *res;

	for (u32 i = 0; i < sc->nr_params; i++)
		params[i] = sc->params[i].def;
	rec->threads = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, array_free);
	rec->areas = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
	now = rec;
	res = run_execute(&config);
	now = NULL;
	ck_assert_msg(!res->failed && res->status == SIM_DONE, "%s: %s", sc->variants[variant].name,
		      res->report ? res->report : "");
	run_result_free(res);
	g_free(params);
	return rec;
}

void recording_free(struct recording *rec)
{
	g_hash_table_destroy(rec->threads);
	g_hash_table_destroy(rec->areas);
	g_free(rec);
}
