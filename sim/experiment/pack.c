// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Results as bytes. Every field goes through one function for both directions, so
 * that reading cannot drift from writing.
 */
#include "sim/experiment/pack.h"

#include <string.h>

/* A counted array never claims more elements than bytes are left. */
struct packer {
	GByteArray *out; /* writing, or NULL */
	const guint8 *in, *end; /* reading */
	GStringChunk *names; /* reading: owns the strings */
	bool bad;
};

static void pack_bytes(struct packer *p, void *data, gsize size)
{
	if (p->out) {
		g_byte_array_append(p->out, data, (guint)size);
	} else if ((gsize)(p->end - p->in) < size) {
		p->bad = true;
		memset(data, 0, size);
	} else {
		memcpy(data, p->in, size);
		p->in += size;
	}
}

#define PACK(p, field) pack_bytes(p, &(field), sizeof(field))

/* Length plus one, 0 for NULL, and the bytes; a string read belongs to @names. */
static void pack_str(struct packer *p, const char **s)
{
	u32 len = p->out && *s ? (u32)strlen(*s) + 1 : 0;
	char *copy;

	PACK(p, len);
	if (p->out) {
		if (len)
			g_byte_array_append(p->out, (const guint8 *)*s, len - 1);
		return;
	}
	*s = NULL;
	if (!len)
		return;
	if ((gsize)(p->end - p->in) < len - 1 || memchr(p->in, 0, len - 1)) {
		p->bad = true;
		return;
	}
	copy = g_strndup((const char *)p->in, len - 1);
	*s = g_string_chunk_insert_const(p->names, copy);
	g_free(copy);
	p->in += len - 1;
}

/* Number of elements; reading makes the array that long. */
static u32 pack_len(struct packer *p, GArray *a)
{
	u32 n = a->len;

	PACK(p, n);
	if (p->out)
		return n;
	if ((gsize)(p->end - p->in) < n) {
		p->bad = true;
		n = 0;
	}
	g_array_set_size(a, n);
	return n;
}

static void pack_metrics(struct packer *p, GArray *a)
{
	u32 i, n = pack_len(p, a);

	for (i = 0; i < n && !p->bad; i++) {
		struct run_metric *m = &g_array_index(a, struct run_metric, i);

		pack_str(p, &m->name);
		pack_str(p, &m->unit);
		PACK(p, m->better);
		PACK(p, m->value);
	}
}

static void pack_callers(struct packer *p, struct lock_class *c)
{
	u32 i;

	PACK(p, c->nr_callers);
	if (c->nr_callers > LOCK_MAX_CALLERS) {
		p->bad = true;
		c->nr_callers = 0;
	}
	for (i = 0; i < c->nr_callers && !p->bad; i++) {
		struct lock_caller *k = &c->caller[i];

		pack_str(p, &k->waiter);
		pack_str(p, &k->holder);
		PACK(p, k->dist);
		PACK(p, k->contentions);
		PACK(p, k->wait_total);
	}
}

static void pack_locks(struct packer *p, GArray *a)
{
	u32 i, n = pack_len(p, a);

	for (i = 0; i < n && !p->bad; i++) {
		struct lock_class *c = &g_array_index(a, struct lock_class, i);

		pack_str(p, &c->name);
		pack_str(p, &c->kind);
		PACK(p, c->side);
		PACK(p, c->has_read_side);
		PACK(p, c->callers_dropped);
		pack_callers(p, c);
	}
}

static void pack_profile(struct packer *p, GArray *a)
{
	u32 i, n = pack_len(p, a);

	for (i = 0; i < n && !p->bad; i++) {
		struct run_frame *f = &g_array_index(a, struct run_frame, i);

		pack_str(p, &f->symbol);
		PACK(p, f->self_ps);
		PACK(p, f->total_ps);
		PACK(p, f->calls);
	}
}

static void pack_footprint(struct packer *p, GArray *a)
{
	u32 i, n = pack_len(p, a);

	for (i = 0; i < n && !p->bad; i++) {
		struct run_footprint *f = &g_array_index(a, struct run_footprint, i);

		pack_str(p, &f->category);
		pack_str(p, &f->cgroup);
		PACK(p, f->end);
		PACK(p, f->peak);
		PACK(p, f->objects);
		PACK(p, f->mean);
	}
}

static void pack_series(struct packer *p, GArray *a)
{
	u32 i, n = pack_len(p, a);

	for (i = 0; i < n && !p->bad; i++) {
		struct run_sample *s = &g_array_index(a, struct run_sample, i);

		PACK(p, s->time);
		pack_str(p, &s->metric);
		pack_str(p, &s->unit);
		PACK(p, s->value);
	}
}

/* Most bins are empty: (index, count) of the others, ended by an index past the last. */
static void pack_bins(struct packer *p, struct hist *h)
{
	u32 bin = 0;

	for (;; bin++) {
		while (p->out && bin < HIST_BINS && !h->bin[bin])
			bin++;
		PACK(p, bin);
		if (p->bad || bin >= HIST_BINS)
			return;
		PACK(p, h->bin[bin]);
	}
}

static void pack_hists(struct packer *p, GArray *a)
{
	u32 i, n = pack_len(p, a);

	for (i = 0; i < n && !p->bad; i++) {
		struct run_hist *h = &g_array_index(a, struct run_hist, i);

		if (!p->out)
			h->hist = g_new0(struct hist, 1);
		pack_str(p, &h->metric);
		pack_str(p, &h->unit);
		PACK(p, h->hist->n);
		PACK(p, h->hist->min);
		PACK(p, h->hist->max);
		PACK(p, h->hist->sum);
		pack_bins(p, h->hist);
	}
}

static void pack_cpus(struct packer *p, struct run_result *r)
{
	gsize size;

	PACK(p, r->nr_cpus);
	size = (gsize)r->nr_cpus * NR_CPU_BUCKETS * sizeof(*r->cpu);
	if (!p->out) {
		if ((gsize)(p->end - p->in) < size) {
			p->bad = true;
			r->nr_cpus = 0;
			return;
		}
		r->cpu = g_malloc0(size);
	}
	pack_bytes(p, r->cpu, size);
}

static void pack_all(struct packer *p, struct run_result *r)
{
	PACK(p, r->status);
	PACK(p, r->elapsed);
	PACK(p, r->nr_events);
	PACK(p, r->nr_switches);
	PACK(p, r->wall);
	PACK(p, r->replication);
	pack_metrics(p, r->metrics);
	pack_locks(p, r->locks);
	pack_profile(p, r->profile);
	pack_footprint(p, r->footprint);
	pack_series(p, r->series);
	pack_hists(p, r->hists);
	pack_cpus(p, r);
}

void pack_result(GByteArray *out, const struct run_result *r)
{
	struct packer p = { .out = out };

	pack_all(&p, (struct run_result *)r); /* only read when writing */
}

struct run_result *unpack_result(const guint8 *data, gsize size)
{
	struct run_result *r = run_result_new(0);
	struct packer p = { .in = data, .end = data + size, .names = r->names };

	pack_all(&p, r);
	if (!p.bad && p.in == p.end)
		return r;
	run_result_free(r);
	return NULL;
}
