// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The ping-pong matrix (machine.md section 6, step 2): two pinned threads, one aligned
 * slot of 128 bytes, one stores odd, the other even numbers, both poll with plain loads.
 * 1000 round trips a sample after 100 that do not count; one way is half a round trip.
 * All pairs up to 64 CPUs, at least 20 drawn ones of each class above or where the time
 * is short. Left out: where in the class a pair lies; the file has one value a class.
 */
#include <stdio.h>
#include <stdlib.h>

#include "sim/calibrate/internal.h"

#define ROUND_TRIPS 1000
#define DISCARD 100
#define MAX_SAMPLES 50 /* of a pair */
#define ALL_PAIRS_UP_TO 64 /* CPUs */
#define MIN_PAIRS 20
#define PAIR_NS 3000000ULL /* what a pair takes at least, about */

struct slot {
	atomic_uint *line;
};

static void wait_for(atomic_uint *line, unsigned int v)
{
	while (atomic_load_explicit(line, memory_order_acquire) != v)
		;
}

static void pingpong_body(struct cal_member *m)
{
	struct slot *s = m->team->arg;
	atomic_uint *line = s->line;
	unsigned int i, base = 0;
	uint64_t t0 = 0;

	for (i = 0; i < DISCARD + ROUND_TRIPS; i++, base += 2) {
		if (m->idx) {
			wait_for(line, base + 1);
			atomic_store_explicit(line, base + 2, memory_order_release);
			continue;
		}
		if (i == DISCARD)
			t0 = cal_now();
		atomic_store_explicit(line, base + 1, memory_order_release);
		wait_for(line, base + 2);
	}
	if (m->idx)
		return;
	m->elapsed_ns = cal_now() - t0;
	m->ops = 2 * ROUND_TRIPS;
	/* The partner has seen the last value: it stored it. */
	atomic_store(line, 0);
}

static void touch_body(struct cal_member *m)
{
	struct slot *s = m->team->arg;

	atomic_store(s->line, 0);
	m->ops = 1;
}

struct pair {
	uint32_t a, b;
};

/* All pairs of class @d, or @max drawn ones, into @out (room for all). */
static uint32_t pairs_of(const struct cal_topology *t, enum cal_dist d, uint32_t max,
			 struct pair *out)
{
	uint64_t r = 2463534242ULL + d;
	uint32_t nr = 0, a, b, i, j;
	struct pair tmp;

	for (a = 0; a < t->nr_cpus; a++) {
		for (b = a + 1; b < t->nr_cpus; b++) {
			if (!t->cpus[a].usable || !t->cpus[b].usable || cal_distance(t, a, b) != d)
				continue;
			out[nr].a = a;
			out[nr++].b = b;
		}
	}
	for (i = 0; max < nr && i < max; i++) {
		r ^= r << 13;
		r ^= r >> 7;
		r ^= r << 17;
		j = i + (uint32_t)(r % (nr - i));
		tmp = out[i];
		out[i] = out[j];
		out[j] = tmp;
	}
	return nr < max ? nr : max;
}

static void one_class(struct cal_ctx *ctx, enum cal_dist d, struct pair *pairs, uint64_t until)
{
	const struct cal_topology *t = &ctx->out->topology;
	uint64_t begin = cal_now(), room = (until - begin) / PAIR_NS;
	uint32_t max = t->nr_usable > ALL_PAIRS_UP_TO ? 4 * MIN_PAIRS : UINT32_MAX, nr, i;
	struct slot slot = { cal_map(4096, false) };
	struct cal_samples s = { .mixed = true };

	max = room < max ? (uint32_t)room : max;
	nr = slot.line ? pairs_of(t, d, max < MIN_PAIRS ? MIN_PAIRS : max, pairs) : 0;
	for (i = 0; i < nr && !cal_stopped(ctx); i++) {
		uint32_t os[2] = { t->cpus[pairs[i].a].os, t->cpus[pairs[i].b].os };
		uint32_t taken = s.nr + s.nr_bad;
		struct cal_job job = { .body = pingpong_body,
				       .arg = &slot,
				       .min = taken + 3,
				       .max = taken + MAX_SAMPLES };

		cal_sample(ctx, &job, os, 2, begin + (until - begin) * (i + 1) / nr, &s);
	}
	if (slot.line)
		cal_unmap(slot.line, 4096);
	if (nr > 1)
		cal_note(ctx, "xfer.%s: %u pairs, quartiles are over all their samples",
			 cal_class_name(d), nr);
	cal_store(ctx, CAL_XFER + d, &s, "no two usable CPUs are of that class");
}

/* Ping-pong of @os on a line that CPU @home touched first. */
static struct cal_result homed(struct cal_ctx *ctx, const uint32_t *os, uint32_t home,
			       uint64_t until)
{
	struct slot slot = { cal_map(4096, false) };
	struct cal_job job = { .body = pingpong_body, .arg = &slot, .min = 3, .max = MAX_SAMPLES };
	struct cal_samples s = { 0 };
	struct cal_result r;

	if (slot.line && cal_run_on(ctx, touch_body, &slot, home))
		cal_sample(ctx, &job, os, 2, until, &s);
	r = cal_quartiles(&s);
	if (!r.n)
		snprintf(r.why, CAL_WHY_MAX, "no pinned threads could be made");
	cal_samples_free(&s);
	if (slot.line)
		cal_unmap(slot.line, 4096);
	return r;
}

/* First CPU of @node, or of the next one that has a usable CPU; nr_cpus: no more. */
static uint32_t cpu_of_node(const struct cal_topology *t, uint32_t node)
{
	uint32_t best = t->nr_cpus, i;

	for (i = 0; i < t->nr_cpus; i++)
		if (t->cpus[i].usable && t->cpus[i].node >= node &&
		    (best == t->nr_cpus || t->cpus[i].node < t->cpus[best].node))
			best = i;
	return best;
}

/* A pair of one cache group on a line of each node; the farthest one is the key. */
static void home(struct cal_ctx *ctx, uint32_t permille)
{
	const struct cal_topology *t = &ctx->out->topology;
	uint32_t os[2], near = 0, nodes = t->sockets * t->nodes_per_socket, i;
	struct cal_result here, r, far = { .why = "no usable CPU on another node" };

	if (cal_clique(t, CAL_LLC, 2, os) < 2) {
		cal_missing(ctx, CAL_XFER_HOME, "no two usable CPUs of one cache");
		return;
	}
	while (t->cpus[near].os != os[0])
		near++;
	here = homed(ctx, os, os[0], cal_share(ctx, permille / nodes));
	for (i = cpu_of_node(t, 0); i < t->nr_cpus; i = cpu_of_node(t, t->cpus[i].node + 1)) {
		if (t->cpus[i].node == t->cpus[near].node || cal_stopped(ctx))
			continue;
		r = homed(ctx, os, t->cpus[i].os, cal_share(ctx, permille / nodes));
		if (!r.n)
			continue;
		cal_note(ctx, "pair of node %u, line of node %u: %.1f ns, of its own: %.1f ns",
			 t->cpus[near].node, t->cpus[i].node, r.median, here.median);
		if (!far.n || r.median > far.median)
			far = r;
	}
	ctx->out->results[CAL_XFER_HOME] = cal_minus(&far, &here);
}

void cal_measure_pingpong(struct cal_ctx *ctx)
{
	const struct cal_topology *t = &ctx->out->topology;
	const uint32_t wide[NR_CAL_DIST] = { t->smt, t->cores_per_llc, t->llc_per_node,
					     t->nodes_per_socket, t->sockets };
	size_t all = (size_t)t->nr_cpus * (t->nr_cpus - 1) / 2;
	struct pair *pairs = calloc(all + 1, sizeof(*pairs));
	uint32_t d, classes = 0;

	for (d = 0; d < NR_CAL_DIST; d++)
		classes += wide[d] > 1;
	for (d = 0; d < NR_CAL_DIST; d++) {
		if (wide[d] < 2)
			continue;
		if (t->nr_usable < 2)
			cal_missing(ctx, CAL_XFER + d, "only one CPU may be used");
		else if (cal_max_threads(t) < 2)
			cal_missing(ctx, CAL_XFER + d, "the cgroup's quota is below two CPUs");
		else if (!pairs)
			atomic_store(&ctx->no_memory, true);
		else
			one_class(ctx, d, pairs, cal_share(ctx, 250 / classes));
	}
	if (t->sockets * t->nodes_per_socket > 1 && cal_max_threads(t) > 1)
		home(ctx, 30);
	free(pairs);
}
