// SPDX-License-Identifier: GPL-2.0-or-later
/* `cgroups:` of a scenario as memory cgroups of a run; see the header. */
#include "sim/experiment/run_cgroups.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "sim/mm/page_alloc.h"

struct run_cgroups {
	const struct scenario *sc;
	struct kern *kern;
	struct memcg_state *ms;
	u32 *first; /* instance of each declared one, and the end */
	struct memcg_dir *dirs, **at; /* by instance */
	struct ledger_owner *owners; /* [0]: of no cgroup; then each declared one */
	u64 (*base)[NR_MEMCG_EVENTS]; /* of each declared one as of the warm-up cut */
	u64 failed, base_failed; /* events that could not do what they were to do */
};

/* In the order of scn_cgroup_metrics; the events in that of enum memcg_event. */
enum cgroup_metric { CG_CURRENT, CG_PEAK, CG_EVENTS, CG_ANON = CG_EVENTS + NR_MEMCG_EVENTS };
enum cgroups_metric { CG_DESCENDANTS, CG_DYING, CG_FAILED };

static u32 nr_of(const struct run_cgroups *c, u32 i)
{
	return c->first[i + 1] - c->first[i];
}

static bool limit_eval(const struct expr *e, const struct expr_env *env, u64 def, u64 *pages,
		       char **error)
{
	const char *why;
	struct srcpos pos;
	s64 v = 0;

	*pages = def;
	if (!e)
		return true;
	why = expr_eval(e, env, &v);
	if (!why && v < 0)
		why = "a limit is below zero";
	if (!why) {
		*pages = (u64)v >> PAGE_SHIFT;
		return true;
	}
	pos = expr_pos(e);
	*error = g_strdup_printf("%s:%u:%u: %s", pos.file, pos.line, pos.col, why);
	return false;
}

/* The directories of declared cgroup @i. */
static bool dirs_init(struct run_cgroups *c, u32 i, const struct expr_env *env, char **error)
{
	const struct scn_cgroup *d = &c->sc->cgroups[i];
	struct memcg_dir proto = {
		.name = d->name, .ms = c->ms, .parent = c->ms->root, .owner = &c->owners[i + 1]
	};

	for (u32 f = 0; f < NR_MEMCG_FILES; f++) {
		u64 def = f == MEMCG_FILE_MAX || f == MEMCG_FILE_HIGH ? PAGE_COUNTER_MAX : 0;

		if (!limit_eval(d->limits[f], env, def, &proto.limit[f], error))
			return false;
	}
	c->owners[i + 1].name = d->name;
	for (u32 k = 0; k < nr_of(c, i); k++) {
		struct memcg_dir *dir = &c->dirs[c->first[i] + k];

		*dir = proto;
		c->at[c->first[i] + k] = dir;
		if (d->parent >= 0)
			dir->above = &c->dirs[c->first[d->parent] + k % nr_of(c, (u32)d->parent)];
	}
	return true;
}

struct run_cgroups *cgroups_new(struct kern *k, const struct scenario *sc,
				const struct expr_env *env, char **error)
{
	struct run_cgroups *c = g_new0(struct run_cgroups, 1);
	u32 i, n = 0;

	c->sc = sc;
	c->kern = k;
	c->ms = memcg_get(k);
	if (!c->ms) {
		*error = g_strdup("out of memory for cgroups");
		goto fail;
	}
	c->first = g_new0(u32, sc->nr_cgroups + 1);
	for (i = 0; i < sc->nr_cgroups; i++) {
		c->first[i] = n;
		n += sc->cgroups[i].count;
	}
	c->first[i] = n;
	c->dirs = g_new0(struct memcg_dir, n + 1);
	c->at = g_new0(struct memcg_dir *, n + 1);
	c->owners = g_new0(struct ledger_owner, sc->nr_cgroups + 1);
	c->base = g_malloc0_n(sc->nr_cgroups + 1, sizeof(*c->base));
	c->owners[0].name = "";
	for (i = 0; i < sc->nr_cgroups; i++)
		if (!dirs_init(c, i, env, error))
			goto fail;
	if (sc->nr_cgroups)
		ledger_set_owners(&k->ledger, c->owners, sc->nr_cgroups + 1);
	return c;
fail:
	cgroups_free(c);
	return NULL;
}

void cgroups_free(struct run_cgroups *c)
{
	if (!c)
		return;
	if (c->ms)
		memcg_put(c->ms);
	g_free(c->first);
	g_free(c->dirs);
	g_free(c->at);
	g_free(c->owners);
	g_free(c->base);
	g_free(c);
}

bool cgroups_make(struct run_cgroups *c, char **error)
{
	for (u32 i = 0; i < c->sc->nr_cgroups; i++) {
		const struct scn_cgroup *d = &c->sc->cgroups[i];

		for (u32 k = c->first[i]; k < c->first[i + 1]; k++) {
			if (!memcg_dir_make(&c->dirs[k], NULL))
				continue;
			*error = g_strdup_printf("%s:%u:%u: cgroup '%s' cannot be made: no memory, "
						 "or more than %u cgroups",
						 d->pos.file, d->pos.line, d->pos.col, d->name,
						 MEM_CGROUP_ID_MAX - 1);
			return false;
		}
	}
	return true;
}

struct memcg_dir *const *cgroups_dirs(const struct run_cgroups *c, u32 i, u32 *n)
{
	*n = nr_of(c, i);
	return &c->at[c->first[i]];
}

struct memcg_dir *const *cgroups_find(const struct run_cgroups *c, const char *name, u32 *n)
{
	u32 i = 0;

	while (strcmp(c->sc->cgroups[i].name, name)) /* the reader has seen that it is there */
		i++;
	return cgroups_dirs(c, i, n);
}

static struct memcg_dir *dir_of_thread(const struct run_cgroups *c, s32 i, u32 index)
{
	return &c->dirs[c->first[i] + index % nr_of(c, (u32)i)];
}

bool cgroups_alive(const struct run_cgroups *c, s32 i, u32 index)
{
	return dir_of_thread(c, i, index)->memcg;
}

bool cgroups_enter(struct run_cgroups *c, struct task *t, s32 i, u32 index)
{
	struct memcg_dir *dir = dir_of_thread(c, i, index);

	if (!dir->memcg)
		return false;
	mem_cgroup_attach(t, dir->memcg);
	return true;
}

struct memcg_state *cgroups_state(const struct run_cgroups *c)
{
	return c->ms;
}

void cgroups_event_failed(struct run_cgroups *c, struct task *t)
{
	task_count(t, &c->failed, 1);
}

/* ---- what is measured ------------------------------------------------------------ */

static u64 events_of(const struct run_cgroups *c, u32 i, u32 ev)
{
	u64 sum = 0;

	for (u32 k = c->first[i]; k < c->first[i + 1]; k++)
		sum += c->dirs[k].events[ev];
	return sum;
}

void cgroups_begin(struct run_cgroups *c)
{
	for (u32 i = 0; i < c->sc->nr_cgroups; i++)
		for (u32 ev = 0; ev < NR_MEMCG_EVENTS; ev++)
			c->base[i][ev] = events_of(c, i, ev);
	for (u32 k = 0; k < c->first[c->sc->nr_cgroups]; k++) {
		struct mem_cgroup *memcg = c->dirs[k].memcg;

		c->dirs[k].peak_past = 0;
		if (memcg)
			memcg->memory.watermark = (u64)memcg->memory.usage.v;
	}
	c->base_failed = c->failed;
}

/* Bytes; of several the sum. */
static double current_of(const struct run_cgroups *c, u32 i)
{
	double sum = 0;
	bool any = false;

	for (u32 k = c->first[i]; k < c->first[i + 1]; k++) {
		const struct mem_cgroup *memcg = c->dirs[k].memcg;

		if (memcg)
			sum += (double)memcg->memory.usage.v * (double)PAGE_SIZE;
		any |= memcg != NULL;
	}
	return any ? sum : NAN;
}

/* Bytes; of several the highest. */
static double peak_of(const struct run_cgroups *c, u32 i)
{
	u64 peak = 0;

	for (u32 k = c->first[i]; k < c->first[i + 1]; k++) {
		const struct memcg_dir *d = &c->dirs[k];

		peak = max_u64(peak, d->peak_past);
		if (d->memcg)
			peak = max_u64(peak, d->memcg->memory.watermark);
	}
	return (double)peak * (double)PAGE_SIZE;
}

static bool below(const struct scenario *sc, s32 i, s32 top)
{
	while (i >= 0 && i != top)
		i = sc->cgroups[i].parent;
	return i == top;
}

/* memory.stat anon: of the cgroup and of all below it, removed ones that linger included. */
static double anon_of(const struct run_cgroups *c, u32 i)
{
	const struct ledger *l = &c->kern->ledger;
	double sum = 0;

	for (u32 cat = 0; cat < l->nr; cat++)
		for (u32 k = 0; !strcmp(l->cat[cat].name, "AnonPages") && k < c->sc->nr_cgroups;
		     k++)
			if (below(c->sc, (s32)k, (s32)i))
				sum += (double)c->owners[k + 1].row[cat].bytes;
	return sum;
}

double cgroups_metric(const struct run_cgroups *c, u32 i, u32 m)
{
	if (m == CG_CURRENT)
		return current_of(c, i);
	if (m == CG_PEAK)
		return peak_of(c, i);
	if (m == CG_ANON)
		return anon_of(c, i);
	return (double)(events_of(c, i, m - CG_EVENTS) - c->base[i][m - CG_EVENTS]);
}

double cgroups_total(const struct run_cgroups *c, u32 m)
{
	if (m == CG_DESCENDANTS)
		return c->ms->nr_online;
	if (m == CG_DYING)
		return c->ms->nr_offline;
	return (double)(c->failed - c->base_failed);
}
