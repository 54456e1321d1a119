// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One line that n threads hammer with fetch-and-add (machine.md section 6, step 3): the
 * time of one atomic is elapsed / operations of all. The threads of a class are one for
 * each part, so that every hand-over is of that class: cores of a cache group, one core a
 * group of a node, and so on. n = 2, 4, 8 ... and all; the greatest n is the file's value,
 * the others and how evenly the threads are served are notes. Left out: mixed classes, and
 * the ticket slope (step 4), whose key stays at its default.
 */
#include <stdlib.h>

#include "sim/calibrate/internal.h"

#define WINDOW_NS 1000000ULL
#define BATCH 64 /* operations between two looks at the clock */
#define MAX_THREADS 256

struct hammer {
	_Alignas(CAL_ALIGN) atomic_ulong line;
	_Alignas(CAL_ALIGN) uint64_t ops[MAX_THREADS]; /* of all samples, by member 0 */
};

static void hammer_body(struct cal_member *m)
{
	struct hammer *h = m->team->arg;
	uint64_t t0 = cal_now(), now = t0;

	m->ops = 0;
	while (now - t0 < WINDOW_NS) {
		for (int i = 0; i < BATCH; i++)
			atomic_fetch_add(&h->line, 1);
		m->ops += BATCH;
		now = cal_now();
	}
	m->elapsed_ns = now - t0;
}

static double hammer_value(struct cal_team *t)
{
	struct hammer *h = t->arg;
	uint64_t ns = 0, ops = 0;

	for (uint32_t i = 0; i < t->n; i++) {
		ns += t->members[i].elapsed_ns;
		ops += t->members[i].ops;
		h->ops[i] += t->members[i].ops;
	}
	return (double)ns / t->n / (double)ops;
}

/* Least and most served thread, as a ratio. */
static double fairness(const struct hammer *h, uint32_t n)
{
	uint64_t low = h->ops[0], high = h->ops[0];

	for (uint32_t i = 1; i < n; i++) {
		low = h->ops[i] < low ? h->ops[i] : low;
		high = h->ops[i] > high ? h->ops[i] : high;
	}
	return high ? (double)low / (double)high : 0;
}

/* Threads of the step after @n; the last step is all of them. */
static uint32_t next(uint32_t n, uint32_t all)
{
	if (n == all)
		return all + 1;
	return 2 * n < all ? 2 * n : all;
}

static void one_class(struct cal_ctx *ctx, enum cal_dist d, uint32_t permille)
{
	uint32_t os[MAX_THREADS], all = cal_clique(&ctx->out->topology, d, MAX_THREADS, os);
	uint32_t steps = 0, n;

	if (all < 2) {
		cal_missing(ctx, CAL_RMW_HOT + d, "no two usable CPUs are of that class");
		return;
	}
	for (n = 1; n <= all; n = next(n, all))
		steps++;
	/* From one thread on, which is rmw_local again; the last step is what stays. */
	for (n = 1; n <= all && !cal_stopped(ctx); n = next(n, all)) {
		struct hammer *h = aligned_alloc(CAL_ALIGN, sizeof(*h));
		struct cal_job job = {
			.body = hammer_body, .value = hammer_value, .arg = h, .min = 5, .max = 200
		};
		struct cal_samples s = { 0 };
		const struct cal_result *r = &ctx->out->results[CAL_RMW_HOT + d];

		if (!h) {
			atomic_store(&ctx->no_memory, true);
			return;
		}
		*h = (struct hammer){ 0 };
		cal_sample(ctx, &job, os, n, cal_share(ctx, permille / steps), &s);
		cal_store(ctx, CAL_RMW_HOT + d, &s, "no pinned threads could be made");
		if (r->n)
			cal_note(ctx,
				 "rmw_hot.%s, %u threads: %.1f ns (%.1f to %.1f), "
				 "least by most served thread %.2f",
				 cal_class_name(d), n, r->median, r->q1, r->q3, fairness(h, n));
		free(h);
	}
}

void cal_measure_hammer(struct cal_ctx *ctx)
{
	const struct cal_topology *t = &ctx->out->topology;
	const uint32_t wide[NR_CAL_DIST] = { t->smt, t->cores_per_llc, t->llc_per_node,
					     t->nodes_per_socket, t->sockets };
	uint32_t d, classes = 0;

	for (d = 0; d < NR_CAL_DIST; d++)
		classes += wide[d] > 1;
	for (d = 0; d < NR_CAL_DIST; d++)
		if (wide[d] > 1)
			one_class(ctx, d, 150 / classes);
}
