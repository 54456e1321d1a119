// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Load latencies by a pointer chase in random order: in half of L1, half of L2, four times
 * L2 (half of the last level if that is less), and over lines that were flushed just before,
 * which are in memory whatever the caches' true sizes are (a guest is often told others).
 * Memory of another node is touched first by a CPU of that node. On huge pages where the
 * kernel has some, so that translation misses stay out.
 */
#include <stdio.h>

#include "sim/calibrate/internal.h"

#define KIB 1024UL
#define MIB (1024UL * KIB)
#define DRAM_BYTES (8 * MIB)
#define DRAM_STRIDE 256 /* no neighbour comes along with a fetched line */
#define DRAM_BYTES_NO_FLUSH (256 * MIB)
#define STEPS 20000

struct chase {
	char *mem;
	size_t bytes, stride;
	void **at;
	size_t steps;
	bool flush;
};

/* A random cycle through all nodes (Sattolo), the same on every run. */
static void link_body(struct cal_member *m)
{
	struct chase *c = m->team->arg;
	size_t n = c->bytes / c->stride, i, j;
	uint64_t r = 88172645463325252ULL;
	void *tmp;

#define NODE(k) (*(void **)(c->mem + (k)*c->stride))
	for (i = 0; i < n; i++)
		NODE(i) = c->mem + i * c->stride;
	for (i = n - 1; i > 0; i--) {
		r ^= r << 13;
		r ^= r >> 7;
		r ^= r << 17;
		j = r % i;
		tmp = NODE(i);
		NODE(i) = NODE(j);
		NODE(j) = tmp;
	}
#undef NODE
	c->at = (void **)c->mem;
	m->ops = 1;
}

static void chase_body(struct cal_member *m)
{
	struct chase *c = m->team->arg;
	void **p = c->at;
	uint64_t t0;
	size_t i;

	if (c->flush)
		cal_flush(c->mem, c->bytes);
	t0 = cal_now();
	for (i = 0; i < c->steps; i++) {
		p = *p;
		__asm__ volatile("" : "+r"(p));
	}
	m->elapsed_ns = cal_now() - t0;
	m->ops = c->steps;
	c->at = p;
}

/* Chase @c from CPU @os over memory that CPU @home touched first. */
static void run(struct cal_ctx *ctx, enum cal_item item, struct chase *c, uint32_t os,
		uint32_t home, uint32_t permille)
{
	struct cal_job job = { .body = chase_body, .arg = c, .min = 3, .max = 200 };
	struct cal_samples s = { 0 }, warm = { 0 };
	uint64_t until = cal_share(ctx, permille);

	c->mem = cal_map(c->bytes, true);
	if (!c->mem) {
		cal_missing(ctx, item, "no memory to chase through");
		return;
	}
	if (cal_run_on(ctx, link_body, c, home)) {
		job.max = 1;
		cal_sample_on(ctx, &job, os, UINT64_MAX, &warm);
		job.max = 200;
		cal_sample_on(ctx, &job, os, until, &s);
	}
	cal_samples_free(&warm);
	cal_store(ctx, item, &s, "no pinned thread could be made");
	cal_unmap(c->mem, c->bytes);
}

static void cache(struct cal_ctx *ctx, enum cal_item item, uint64_t bytes, uint32_t permille)
{
	const struct cal_topology *t = &ctx->out->topology;
	uint32_t os = t->cpus[cal_first_cpu(t)].os;
	struct chase c = { .bytes = bytes / 64 * 64, .stride = 64, .steps = STEPS };

	run(ctx, item, &c, os, os, permille);
}

static void dram(struct cal_ctx *ctx, enum cal_item item, uint32_t os, uint32_t home,
		 uint32_t permille)
{
	struct chase c = { .bytes = cal_can_flush() ? DRAM_BYTES : DRAM_BYTES_NO_FLUSH,
			   .stride = DRAM_STRIDE,
			   .flush = cal_can_flush() };

	c.steps = c.flush ? c.bytes / c.stride : STEPS;
	run(ctx, item, &c, os, home, permille);
}

/* Memory of another node, of which @d says how far it is. */
static void dram_far(struct cal_ctx *ctx, enum cal_item item, enum cal_dist d, uint32_t permille)
{
	const struct cal_topology *t = &ctx->out->topology;
	uint32_t a, b;

	for (a = 0; a < t->nr_cpus; a++) {
		for (b = 0; t->cpus[a].usable && b < t->nr_cpus; b++) {
			if (b == a || !t->cpus[b].usable || cal_distance(t, a, b) != d)
				continue;
			dram(ctx, item, t->cpus[a].os, t->cpus[b].os, permille);
			return;
		}
	}
	cal_missing(ctx, item, "no usable CPU on another such node");
}

void cal_measure_latency(struct cal_ctx *ctx)
{
	const struct cal_topology *t = &ctx->out->topology;
	uint64_t l1 = t->l1_bytes ? t->l1_bytes : 32 * KIB;
	uint64_t l2 = t->l2_bytes ? t->l2_bytes : 512 * KIB;
	uint64_t llc = t->llc_bytes ? t->llc_bytes : 8 * MIB;
	uint32_t os = t->cpus[cal_first_cpu(t)].os;

	cache(ctx, CAL_LAT_L1, l1 / 2, 20);
	cache(ctx, CAL_LAT_L2, l2 / 2 > 2 * l1 ? l2 / 2 : l2 - l1 / 2, 20);
	if (!t->l1_bytes || !t->l2_bytes || !t->llc_bytes)
		cal_note(ctx, "cache sizes are not all known; latencies are those of usual sizes");
	if (llc > 2 * l2) {
		cache(ctx, CAL_LAT_LLC, llc / 2 < 4 * l2 ? llc / 2 : 4 * l2, 60);
	} else {
		/* The second level is the last, or nearly. */
		cache(ctx, CAL_LAT_LLC, llc > l2 ? llc - l2 / 2 : l2 / 2, 60);
	}
	dram(ctx, CAL_LAT_DRAM, os, os, 80);
	if (t->nodes_per_socket > 1)
		dram_far(ctx, CAL_LAT_DRAM_OTHER, CAL_XNODE, 60);
	if (t->sockets > 1)
		dram_far(ctx, CAL_LAT_DRAM_REMOTE, CAL_XSOCK, 60);
}
