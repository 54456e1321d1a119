/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of metrics: <model>.<metric>, <model>.<op>_p50 and the like, elapsed,
 * cpu_busy and cpu_spin, lock.<name>.<column>, cgroup.<name>.<file>; each with @<phase> behind it.
 */
#include "sim/scenario/reader.h"

#include <string.h>

static const char *const generic[] = { "elapsed", "cpu_busy", "cpu_spin", NULL };

static const char *const latencies[] = {
	"p50", "p90", "p99", "p999", "max", "count", "mean", NULL
};

/* Columns of locks.csv. */
static const char *const lock_columns[] = { "con_bounces", "contentions", "queued_contentions",
					    "wait_min_ns", "wait_max_ns", "wait_total_ns",
					    "wait_avg_ns", "acq_bounces", "acquisitions",
					    "hold_min_ns", "hold_max_ns", "hold_total_ns",
					    "hold_avg_ns", "spin_ns",	  "sleep_ns",
					    "owned_ns",	   NULL };

/* Every name there is, lock columns apart. */
static GPtrArray *all_names(struct reader *rd)
{
	GPtrArray *names = g_ptr_array_new();

	for (u32 i = 0; generic[i]; i++)
		g_ptr_array_add(names, (void *)generic[i]);
	for (u32 m = 0; m < registry_nr_models(rd->r); m++) {
		const struct model_desc *d = registry_model(rd->r, m);

		for (u32 i = 0; i < d->nr_metrics; i++)
			g_ptr_array_add(names, (void *)arena_printf(rd->a, "%s.%s", d->name,
								    d->metrics[i].name));
		for (u32 i = 0; i < d->nr_ops; i++) {
			const char *op = arena_printf(rd->a, "%s.%s", d->name, d->ops[i].name);

			g_ptr_array_add(names, (void *)arena_printf(rd->a, "%s_failed", op));
			for (u32 k = 0; latencies[k] && !d->ops[i].no_latency; k++)
				g_ptr_array_add(names, (void *)arena_printf(rd->a, "%s_%s", op,
									    latencies[k]));
		}
	}
	g_ptr_array_add(names, NULL);
	return names;
}

static bool lock_metric_ok(struct reader *rd, const struct node *n, const char *name)
{
	const char *column = strrchr(name, '.');

	if (strncmp(name, "lock.", 5))
		return false;
	if (column < name + 6)
		mistake(rd, n->pos, "a metric of a lock is lock.NAME.COLUMN, not '%.60s'", name);
	else if (choice_find(lock_columns, column + 1) < 0)
		mistake_unknown(rd, n->pos, "column of lock metrics", column + 1, lock_columns);
	return true;
}

const char *const scn_cgroup_metrics[] = {
	"memory.current",	  "memory.peak",       "memory.events.low",
	"memory.events.high",	  "memory.events.max", "memory.events.oom",
	"memory.events.oom_kill", "memory.stat.anon",  NULL
};

const char *const scn_cgroups_metrics[] = { "nr_descendants", "nr_dying_descendants",
					    "events_failed", NULL };

/* cgroup.NAME.memory.current and the like, or cgroup.nr_descendants. */
static bool cgroup_metric_ok(struct reader *rd, const struct node *n, const char *name)
{
	const char *rest = name + strlen("cgroup."), *file;

	if (strncmp(name, "cgroup.", strlen("cgroup.")))
		return false;
	if (choice_find(scn_cgroups_metrics, rest) >= 0)
		return true;
	file = strstr(rest, ".memory.");
	if (!file)
		mistake(rd, n->pos,
			"a metric of a cgroup is cgroup.NAME.memory.current or the like, "
			"not '%.60s'",
			name);
	else if (choice_find(rd->cgroup_names,
			     arena_printf(rd->a, "%.*s", (int)(file - rest), rest)) < 0)
		mistake_unknown(rd, n->pos, "cgroup",
				arena_printf(rd->a, "%.*s", (int)(file - rest), rest),
				rd->cgroup_names);
	else if (choice_find(scn_cgroup_metrics, file + 1) < 0)
		mistake_unknown(rd, n->pos, "metric of a cgroup", file + 1, scn_cgroup_metrics);
	return true;
}

static const char *const *phases(struct reader *rd)
{
	return rd->s->phase_names;
}

const char *metric_read(struct reader *rd, const struct node *n)
{
	const char *text = expect_text(rd, n, "metric"), *at, *name;
	GPtrArray *names;

	if (!text)
		return NULL;
	at = strchr(text, '@');
	name = at ? arena_printf(rd->a, "%.*s", (int)(at - text), text) : text;
	if (at && choice_find(phases(rd), at + 1) < 0) {
		mistake_unknown(rd, n->pos, "phase", at + 1, phases(rd));
		return NULL;
	}
	if (lock_metric_ok(rd, n, name) || cgroup_metric_ok(rd, n, name))
		return text;
	names = all_names(rd);
	if (choice_find((const char *const *)names->pdata, name) < 0) {
		mistake_unknown(rd, n->pos, "metric", name, (const char *const *)names->pdata);
		text = NULL;
	}
	g_ptr_array_free(names, TRUE);
	return text;
}
