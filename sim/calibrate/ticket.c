// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A ticket lock with an empty section in user space, taken by n = 2, 4, 8, ... threads of one
 * last-level cache (machine.md section 6, step 4): all waiters read the line that the owner
 * writes. The least-squares slope of the time of a turn against n is inval_per_sharer. Two threads
 * give one point, hence no slope. Left out: waiters of several caches, whose transfers differ.
 */
#include <stdio.h>

#include "sim/calibrate/internal.h"

#define WINDOW_NS 500000
#define BATCH 16 /* turns between two looks at the clock */
#define MAX_THREADS 64

struct ticket {
	_Alignas(CAL_ALIGN) atomic_uint next;
	_Alignas(CAL_ALIGN) atomic_uint owner;
};

/* A thread takes as many turns as it draws tickets, so none is left waiting. */
static void ticket_body(struct cal_member *m)
{
	struct ticket *l = m->team->arg;
	uint64_t t0 = cal_now(), now = t0;
	unsigned int mine;

	m->ops = 0;
	while (now - t0 < WINDOW_NS) {
		for (int i = 0; i < BATCH; i++) {
			mine = atomic_fetch_add_explicit(&l->next, 1, memory_order_relaxed);
			while (atomic_load_explicit(&l->owner, memory_order_acquire) != mine)
				cal_relax();
			atomic_store_explicit(&l->owner, mine + 1, memory_order_release);
		}
		m->ops += BATCH;
		now = cal_now();
	}
	m->elapsed_ns = now - t0;
}

static double ticket_value(struct cal_team *t)
{
	uint64_t ns = 0, ops = 0;

	for (uint32_t i = 0; i < t->n; i++) {
		ns += t->members[i].elapsed_ns;
		ops += t->members[i].ops;
	}
	return (double)ns / t->n / (double)ops;
}

void cal_measure_ticket(struct cal_ctx *ctx)
{
	struct ticket lock = { 0 };
	struct cal_job job = {
		.body = ticket_body, .value = ticket_value, .arg = &lock, .min = 5, .max = 400
	};
	uint32_t os[MAX_THREADS], n, all;
	struct cal_point points[8];
	uint32_t nr = 0;

	all = cal_clique(&ctx->out->topology, CAL_LLC, MAX_THREADS, os);
	for (n = 2; n <= all && !cal_stopped(ctx); n *= 2) {
		struct cal_samples s = { 0 };

		cal_sample(ctx, &job, os, n, cal_share(ctx, 10), &s);
		points[nr] = (struct cal_point){ n, cal_quartiles(&s) };
		cal_samples_free(&s);
		if (!points[nr].y.n)
			break;
		cal_note(ctx, "ticket lock, %u threads: %.1f ns a turn (%.1f to %.1f)", n,
			 points[nr].y.median, points[nr].y.q1, points[nr].y.q3);
		nr++;
	}
	ctx->out->results[CAL_INVAL] = cal_slope(points, nr);
	if (nr < 2)
		cal_missing(ctx, CAL_INVAL,
			    "a slope takes 4 usable cores of one cache, as points of 2 and 4");
}
