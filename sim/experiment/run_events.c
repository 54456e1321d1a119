// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Events of a scenario that runs carry out: fail_alloc, as a rule of sim/mm/fail_alloc.h.
 * The others are refused before a run (sim/cli).
 */
#include "sim/experiment/run_priv.h"

#include <string.h>

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

/* A number the reader has checked; @def if it was not given. */
static s64 event_number(const struct scn_event *e, const char *key, s64 def)
{
	const char *text = g_hash_table_lookup(e->args, key);
	enum quantity q;
	s64 v = def;

	if (text && number_parse(text, &v, &q))
		return def;
	return v;
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

bool run_event_known(const struct scn_event *e)
{
	return e->kind && !strcmp(e->kind, "fail_alloc");
}

bool run_add_events(struct run *r, char **error)
{
	const struct scenario *sc = r->c->scenario;

	for (u32 i = 0; i < sc->nr_events; i++) {
		const struct scn_event *e = &sc->events[i];
		struct fail_rule rule;

		if (!run_event_known(e))
			continue;
		rule = fail_rule_of(e);
		if (!fail_alloc_add(r->mm, &rule))
			continue;
		*error = g_strdup_printf("%s:%u:%u: no room for more than %u fail_alloc events",
					 e->pos.file, e->pos.line, e->pos.col, FAIL_RULES);
		return false;
	}
	return true;
}
