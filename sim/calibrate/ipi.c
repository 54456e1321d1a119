// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Calls on other CPUs by what they do to TLB flushes (machine.md section 6, step 6):
 * MADV_DONTNEED and a touch of one page while k other threads of the process spin. The
 * step from none to one is ipi.single_sync, the least-squares slope beyond ipi.per_target. Left out
 * where flushes are broadcast by the CPU (Arm): nothing is sent there.
 */
#include <stdio.h>
#include <sys/mman.h>

#include "sim/calibrate/internal.h"

#define PAGE 4096UL
#define LOOPS 50
#define MAX_TARGETS 15

struct flush_arg {
	volatile char *page;
	_Alignas(CAL_ALIGN) atomic_uint done; /* samples that member 0 has finished */
};

static void flush_body(struct cal_member *m)
{
	struct flush_arg *a = m->team->arg;
	uint64_t t0;

	if (m->idx) {
		/* ops counts this member's samples: member 0 ends each by one more. */
		for (m->ops++; atomic_load(&a->done) < m->ops;)
			cal_relax();
		return;
	}
	t0 = cal_now();
	for (int i = 0; i < LOOPS; i++) {
		a->page[0] = 1;
		madvise((void *)a->page, PAGE, MADV_DONTNEED);
	}
	m->elapsed_ns = cal_now() - t0;
	m->ops = LOOPS;
	atomic_fetch_add(&a->done, 1);
}

static struct cal_result with_targets(struct cal_ctx *ctx, const uint32_t *os, uint32_t targets,
				      uint32_t permille)
{
	struct flush_arg a = { .page = cal_map(PAGE, false) };
	struct cal_job job = { .body = flush_body, .arg = &a, .min = 5, .max = 1000 };
	struct cal_samples s = { 0 };
	struct cal_result r;

	if (a.page) {
		cal_sample(ctx, &job, os, targets + 1, cal_share(ctx, permille), &s);
		cal_unmap((void *)a.page, PAGE);
	}
	r = cal_quartiles(&s);
	if (!r.n)
		snprintf(r.why, sizeof(r.why), "no pinned threads could be made");
	cal_samples_free(&s);
	return r;
}

/* Usable CPUs, one a core first come, of one package where it has enough. */
static uint32_t choose(const struct cal_topology *t, uint32_t max, uint32_t *os)
{
	uint32_t first = cal_first_cpu(t), n = 0, i, j;

	for (i = first; i < t->nr_cpus && n < max; i++) {
		if (!t->cpus[i].usable || t->cpus[i].socket != t->cpus[first].socket)
			continue;
		for (j = first; j < i; j++)
			if (t->cpus[j].usable && t->cpus[j].core == t->cpus[i].core)
				break;
		if (j == i)
			os[n++] = t->cpus[i].os;
	}
	return n;
}

void cal_measure_ipi(struct cal_ctx *ctx)
{
	const struct cal_topology *t = &ctx->out->topology;
	struct cal_result *out = ctx->out->results, none, one;
	uint32_t os[MAX_TARGETS + 1], max = cal_max_threads(t), n, k, nr = 0;
	struct cal_point points[8];

#if defined(__aarch64__)
	cal_missing(ctx, CAL_IPI_SINGLE, "flushes are broadcast, no call is sent");
	cal_missing(ctx, CAL_IPI_PER_TARGET, "flushes are broadcast, no call is sent");
	return;
#endif
	n = choose(t, max < MAX_TARGETS + 1 ? max : MAX_TARGETS + 1, os);
	if (n < 2) {
		cal_missing(ctx, CAL_IPI_SINGLE, "no second core may be used");
		cal_missing(ctx, CAL_IPI_PER_TARGET, "no second core may be used");
		return;
	}
	none = with_targets(ctx, os, 0, 20);
	one = with_targets(ctx, os, 1, 20);
	out[CAL_IPI_SINGLE] = cal_minus(&one, &none);
	if (n < 3) {
		cal_missing(ctx, CAL_IPI_PER_TARGET, "no third core may be used");
		return;
	}
	for (k = 1; k < n && !cal_stopped(ctx); k = k == n - 1 || 2 * k < n ? 2 * k : n - 1) {
		points[nr] = (struct cal_point){ k, k == 1 ? one : with_targets(ctx, os, k, 20) };
		if (!points[nr].y.n)
			break;
		nr++;
	}
	out[CAL_IPI_PER_TARGET] = cal_slope(points, nr);
}
