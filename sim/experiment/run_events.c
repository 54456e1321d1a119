// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The table of the events that runs carry out, kernel threads for them, and fail_alloc, which
 * is a rule of sim/mm/fail_alloc.h. Others are refused before a run (sim/cli).
 */
#include "sim/experiment/run_events.h"

#include <string.h>

#include "sim/experiment/run_cgroups.h"
#include "sim/mm/fail_alloc.h"
#include "sim/scenario/units.h"

static const struct {
	const char *name;
	u32 kinds;
} fail_kinds[] = {
	{ "any", FAIL_ANY },
	{ "pages", FAIL_PAGES },
	{ "slab", FAIL_SLAB },
	{ "kmalloc", FAIL_KMALLOC },
};

s64 event_number(const struct scn_event *e, const char *key, s64 def)
{
	const char *text = g_hash_table_lookup(e->args, key);
	enum quantity q;
	s64 v = def;

	if (text && number_parse(text, &v, &q))
		return def;
	return v;
}

const char *event_text(const struct scn_event *e, const char *key)
{
	return g_hash_table_lookup(e->args, key);
}

static struct fail_rule fail_rule_of(const struct scn_event *e)
{
	const char *kind = g_hash_table_lookup(e->args, "kind");
	u64 during = (u64)event_number(e, "during", 0);
	struct fail_rule r = {
		.kinds = FAIL_ANY,
		.share = (u32)event_number(e, "share", FAIL_SHARE_ONE),
		.every = (u64)event_number(e, "every", 0),
		.from = e->at,
		.until = TIME_MAX,
		.after = (u64)event_number(e, "after", 0),
		.count = (u64)event_number(e, "count", 0),
	};

	for (u32 i = 0; kind && i < ARRAY_SIZE(fail_kinds); i++)
		if (!strcmp(kind, fail_kinds[i].name))
			r.kinds = fail_kinds[i].kinds;
	if (during && during < TIME_MAX - e->at)
		r.until = e->at + during;
	return r;
}

static bool add_fail_alloc(struct run *r, const struct scn_event *e, char **error)
{
	struct fail_rule rule = fail_rule_of(e);

	if (!fail_alloc_add(r->mm, &rule))
		return true;
	*error = g_strdup_printf("%s:%u:%u: no room for more than %u fail_alloc events",
				 e->pos.file, e->pos.line, e->pos.col, FAIL_RULES);
	return false;
}

/* ---- the table -------------------------------------------------------------------- */

static const struct event_kind_row event_rows[] = {
	{ "fail_alloc", add_fail_alloc, NULL },
	{ "write_limit", add_write_limit, refuse_write_limit },
	{ "cgroup_remove", add_cgroup_remove, NULL },
	{ "memory_pressure", add_memory_pressure, NULL },
	{ "cpu_offline", add_cpu_event, NULL },
	{ "cpu_online", add_cpu_event, NULL },
};

static const struct event_kind_row *row_of(const struct scn_event *e)
{
	for (u32 i = 0; e->kind && i < ARRAY_SIZE(event_rows); i++)
		if (!strcmp(event_rows[i].kind, e->kind))
			return &event_rows[i];
	return NULL;
}

bool run_add_events(struct run *r, char **error)
{
	const struct scenario *sc = r->c->scenario;

	for (u32 i = 0; i < sc->nr_events; i++) {
		const struct event_kind_row *row = row_of(&sc->events[i]);

		if (row && !row->add(r, &sc->events[i], error))
			return false;
	}
	return true;
}

static void refuse_at(GPtrArray *lines, struct srcpos pos, const char *what)
{
	g_ptr_array_add(lines, g_strdup_printf("%s:%u:%u: %s", pos.file, pos.line, pos.col, what));
}

static void refuse_unknown(GPtrArray *lines, const struct scn_event *e)
{
	GString *what = g_string_new(NULL);

	g_string_printf(what,
			"event '%s' cannot be carried out by this version; allowed:", e->kind);
	for (u32 i = 0; i < ARRAY_SIZE(event_rows); i++)
		g_string_append_printf(what, " %s,", event_rows[i].kind);
	g_string_append(what, " a scenario without it, or `mmsim check` without --quick");
	refuse_at(lines, e->pos, what->str);
	g_string_free(what, TRUE);
}

void run_refusals(const struct scenario *sc, GPtrArray *lines)
{
	for (u32 i = 0; i < sc->nr_cgroups; i++) {
		const struct expr *swap = sc->cgroups[i].limits[SCN_SWAP_MAX];

		if (swap)
			refuse_at(lines, expr_pos(swap),
				  "memory.swap.max cannot be a limit in this version, which has no "
				  "swap; allowed: max, or nothing");
	}
	for (u32 i = 0; i < sc->nr_events; i++) {
		const struct scn_event *e = &sc->events[i];
		const struct event_kind_row *row = row_of(e);
		const char *why = row && row->refuse ? row->refuse(e) : NULL;

		if (!row)
			refuse_unknown(lines, e);
		else if (why)
			refuse_at(lines, e->pos, why);
	}
	refuse_cpu_events(sc, lines);
}

/* ---- kernel threads ---------------------------------------------------------------- */

struct event_thread {
	struct run *r;
	const struct scn_event *e;
	int (*fn)(struct task *t, struct run *r, const struct scn_event *e, void *arg);
	void *arg;
};

static void event_main(struct task *t, void *arg)
{
	struct event_thread *ev = arg;

	task_sync(t);
	if (task_clock(t) < ev->e->at)
		task_sleep(t, ev->e->at - task_clock(t));
	if (ev->fn(t, ev->r, ev->e, ev->arg) < 0 && ev->r->cgroups)
		cgroups_event_failed(ev->r->cgroups, t);
	task_sync(t);
}

struct task *event_task(struct run *r, const struct scn_event *e, const char *comm, u32 cpu,
			int (*fn)(struct task *t, struct run *r, const struct scn_event *e,
				  void *arg),
			void *arg, char **error)
{
	struct event_thread *ev = g_new0(struct event_thread, 1);
	struct task *t;

	*ev = (struct event_thread){ r, e, fn, arg };
	g_ptr_array_add(r->blocks, ev);
	t = task_new(r->kern, comm, r->nr_event_tasks++, cpu, event_main, ev);
	if (!t) {
		*error = g_strdup("out of memory for the thread of an event");
		return NULL;
	}
	t->x.proc.daemon = true; /* the run does not wait for it */
	return t;
}
