// SPDX-License-Identifier: GPL-2.0-or-later
/* Copying what a run measured into its result. */
#include "sim/experiment/run_cgroups.h"
#include "sim/experiment/run_priv.h"

#include <math.h>
#include <string.h>

static const char *keep(struct run *r, const char *s)
{
	return s ? g_string_chunk_insert_const(r->out->names, s) : "";
}

static void add_metric(struct run *r, const char *name, const char *unit, enum metric_better better,
		       double value)
{
	struct run_metric m = { keep(r, name), keep(r, unit), better, value };

	g_array_append_val(r->out->metrics, m);
}

static u64 bucket_sum(const struct run *r, enum cpu_bucket b)
{
	u64 sum = 0;
	u32 i;

	for (i = 0; i < r->out->nr_cpus; i++)
		sum += r->out->cpu[(size_t)i * NR_CPU_BUCKETS + b];
	return sum;
}

static void collect_cpu(struct run *r)
{
	double all, idle, busy;
	u32 i, b;

	r->out->nr_cpus = r->hw->nr_cpus;
	r->out->cpu = g_new0(u64, (size_t)r->hw->nr_cpus * NR_CPU_BUCKETS);
	for (i = 0; i < r->hw->nr_cpus; i++) {
		const struct cpu *c = &r->hw->cpus[i];

		for (b = 0; b < NR_CPU_BUCKETS; b++)
			r->out->cpu[(size_t)i * NR_CPU_BUCKETS + b] = c->bucket[b] - c->base[b];
	}
	all = (double)r->out->elapsed * r->hw->nr_cpus;
	idle = (double)bucket_sum(r, CPU_IDLE);
	busy = all - idle;
	add_metric(r, "elapsed", "ns", METRIC_LOWER, (double)r->out->elapsed / 1000.0);
	add_metric(r, "cpu_busy", "share", METRIC_NEUTRAL, all > 0 ? busy / all : NAN);
	add_metric(r, "cpu_spin", "share", METRIC_LOWER,
		   busy > 0 ? (double)bucket_sum(r, CPU_SPIN) / busy : NAN);
}

static void collect_models(struct run *r)
{
	u32 m, i;

	for (m = 0; m < r->nr_models; m++) {
		const struct model_desc *d = run_model(r, m);

		for (i = 0; r->models[m] && i < d->nr_metrics; i++) {
			const struct metric_desc *md = &d->metrics[i];
			char *name = g_strdup_printf("%s.%s", d->name, md->name);

			add_metric(r, name, md->unit, md->better,
				   d->metric(r->models[m], i, r->out->elapsed));
			g_free(name);
		}
	}
}

static void add_op_metric(struct run *r, const char *op, const char *what, const char *unit,
			  enum metric_better better, double value)
{
	char *name = g_strdup_printf("%s_%s", op, what);

	add_metric(r, name, unit, better, value);
	g_free(name);
}

static void collect_latency(struct run *r, const char *op, const struct hist *h)
{
	static const struct {
		const char *name;
		double q;
	} quantiles[] = { { "p50", 0.5 }, { "p90", 0.9 }, { "p99", 0.99 }, { "p999", 0.999 } };
	struct run_hist rh = { NULL, "ns", g_memdup2(h, sizeof(*h)) };
	char *name = g_strdup_printf("%s_latency", op);
	size_t i;

	add_op_metric(r, op, "count", "", METRIC_NEUTRAL, (double)h->n);
	add_op_metric(r, op, "mean", "ns", METRIC_LOWER, hist_mean(h) / 1000.0);
	for (i = 0; i < ARRAY_SIZE(quantiles); i++)
		add_op_metric(r, op, quantiles[i].name, "ns", METRIC_LOWER,
			      hist_quantile(h, quantiles[i].q) / 1000.0);
	add_op_metric(r, op, "max", "ns", METRIC_LOWER, h->n ? (double)h->max / 1000.0 : NAN);
	rh.metric = keep(r, name);
	g_array_append_val(r->out->hists, rh);
	g_free(name);
}

static void collect_ops(struct run *r)
{
	struct interp_op *ops;
	u32 i, n;

	ops = interp_ops(r->interp, &n);
	for (i = 0; i < n; i++) {
		char *op =
			g_strdup_printf("%s.%s", run_model(r, ops[i].model)->name, ops[i].op->name);

		if (ops[i].stat)
			collect_latency(r, op, &ops[i].stat->hist);
		if (ops[i].stat || ops[i].failed)
			add_op_metric(r, op, "failed", "", METRIC_LOWER, (double)ops[i].failed);
		g_free(op);
	}
}

static void collect_phases(struct run *r)
{
	const struct scenario *sc = r->c->scenario;
	struct interp_phase p;
	u32 i;

	for (i = 0; i < sc->nr_phases; i++) {
		char *name = g_strdup_printf("phase.%s", sc->phase_names[i]);

		interp_phases(r->interp, r->end, i, &p);
		add_metric(r, name, "ns", METRIC_LOWER,
			   p.entered ? (double)(p.last - p.first) / 1000.0 : NAN);
		g_free(name);
	}
}

static void collect_locks(struct run *r)
{
	const struct lock_class *c;
	u32 i;

	for (c = r->kern->lock_stats.first; c; c = c->next) {
		struct lock_class copy = *c;

		copy.name = keep(r, c->name);
		copy.kind = keep(r, c->kind);
		copy.next = NULL;
		for (i = 0; i < copy.nr_callers; i++) {
			copy.caller[i].waiter = keep(r, c->caller[i].waiter);
			copy.caller[i].holder = keep(r, c->caller[i].holder);
		}
		g_array_append_val(r->out->locks, copy);
	}
}

static struct run_frame *frame_row(struct run *r, GHashTable *rows, const char *symbol)
{
	struct run_frame f = { .symbol = symbol };
	gpointer at;

	if (!g_hash_table_lookup_extended(rows, symbol, NULL, &at)) {
		at = GUINT_TO_POINTER(r->out->profile->len);
		g_hash_table_insert(rows, (gpointer)symbol, at);
		g_array_append_val(r->out->profile, f);
	}
	return &g_array_index(r->out->profile, struct run_frame, GPOINTER_TO_UINT(at));
}

static bool recursive(const struct prof_node *n)
{
	const struct prof_node *p;

	for (p = n->parent; p; p = p->parent) {
		if (!strcmp(p->site->symbol, n->site->symbol))
			return true;
	}
	return false;
}

/* Adds the node and everything below to the rows; returns its time with children. */
static u64 collect_node(struct run *r, GHashTable *rows, const struct prof_node *n)
{
	const char *symbol = keep(r, n->site->symbol);
	struct run_frame *row = frame_row(r, rows, symbol);
	u64 total = n->self_ps - n->base_ps;
	const struct prof_node *c;

	row->self_ps += total;
	row->calls += n->calls - n->base_calls;
	for (c = n->child; c; c = c->sibling)
		total += collect_node(r, rows, c);
	if (!recursive(n))
		frame_row(r, rows, symbol)->total_ps += total;
	return total;
}

static void collect_profile(struct run *r)
{
	GHashTable *rows = g_hash_table_new(g_str_hash, g_str_equal);

	collect_node(r, rows, &r->hw->profile.root);
	g_hash_table_destroy(rows);
}

static void add_footprint(struct run *r, const char *category, const char *cgroup,
			  const struct ledger_cat *row)
{
	struct run_footprint f = {
		.category = keep(r, category),
		.cgroup = keep(r, cgroup),
		.end = row->bytes,
		.peak = row->peak,
		.objects = row->objects,
		.mean = ledger_row_mean(&r->kern->ledger, row, r->end),
	};

	g_array_append_val(r->out->footprint, f);
}

/* With cgroups every byte is in one row: its cgroup's, or that of no cgroup. */
static void collect_footprint(struct run *r)
{
	const struct ledger *l = &r->kern->ledger;
	u32 i, o;

	for (i = 0; i < l->nr; i++) {
		if (!ledger_reported(l, i))
			continue;
		if (!l->nr_owners)
			add_footprint(r, l->cat[i].name, "", &l->cat[i]);
		for (o = 0; o < l->nr_owners; o++) {
			const struct ledger_cat *row = &l->owner[o].row[i];

			if (!o || row->bytes || row->peak || row->objects)
				add_footprint(r, l->cat[i].name, l->owner[o].name, row);
		}
	}
}

static const char *cgroup_unit(const char *metric)
{
	return strstr(metric, ".events.") ? "" : "bytes";
}

/* Every value of every cgroup, told to @add. */
static void visit_cgroups(struct run *r, u64 now,
			  void (*add)(struct run *r, u64 now, const char *name, const char *unit,
				      double v))
{
	const struct scenario *sc = r->c->scenario;
	u32 i, m;
	char *name;

	for (i = 0; i < sc->nr_cgroups; i++) {
		for (m = 0; scn_cgroup_metrics[m]; m++) {
			name = g_strdup_printf("cgroup.%s.%s", sc->cgroups[i].name,
					       scn_cgroup_metrics[m]);
			add(r, now, name, cgroup_unit(name), cgroups_metric(r->cgroups, i, m));
			g_free(name);
		}
	}
	for (m = 0; scn_cgroups_metrics[m]; m++) {
		name = g_strdup_printf("cgroup.%s", scn_cgroups_metrics[m]);
		add(r, now, name, "", cgroups_total(r->cgroups, m));
		g_free(name);
	}
}

static void add_final(struct run *r, u64 now, const char *name, const char *unit, double v)
{
	(void)now;
	add_metric(r, name, unit, METRIC_NEUTRAL, v);
}

void run_collect(struct run *r)
{
	r->out->nr_events = r->sim->nr_events;
	r->out->nr_switches = r->sim->nr_switches;
	collect_cpu(r);
	collect_models(r);
	collect_ops(r);
	collect_phases(r);
	if (r->cgroups)
		visit_cgroups(r, r->end, add_final);
	collect_locks(r);
	collect_profile(r);
	collect_footprint(r);
}

static void add_sample(struct run *r, u64 now, const char *metric, const char *unit, double v)
{
	struct run_sample s = { now, keep(r, metric), keep(r, unit), v };

	if (!isnan(v))
		g_array_append_val(r->out->series, s);
}

void run_sample_now(struct run *r, u64 now)
{
	const struct ledger *l = &r->kern->ledger;
	u32 m, i;

	for (m = 0; m < r->nr_models; m++) {
		const struct model_desc *d = run_model(r, m);

		for (i = 0; r->models[m] && d->sample && i < d->nr_metrics; i++) {
			char *name = g_strdup_printf("%s.%s", d->name, d->metrics[i].name);

			add_sample(r, now, name, d->metrics[i].unit, d->sample(r->models[m], i));
			g_free(name);
		}
	}
	for (i = 0; i < l->nr; i++) {
		char *name;

		if (!ledger_reported(l, i))
			continue;
		name = g_strdup_printf("footprint.%s", l->cat[i].name);
		add_sample(r, now, name, "bytes", (double)l->cat[i].bytes);
		g_free(name);
	}
	if (r->cgroups)
		visit_cgroups(r, now, add_sample);
}
