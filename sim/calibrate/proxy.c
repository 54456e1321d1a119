// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What stands for costs that user space cannot see (machine.md section 6, step 9):
 * membarrier(GLOBAL) waits for a grace period of RCU, membarrier(PRIVATE_EXPEDITED) sends
 * a call to every CPU that runs a thread of the process, munmap() gives pages back through
 * the per-CPU lists to the zone. Each contains more than the cost it stands for (system call,
 * page tables, flush), so none becomes a key: they are lines for people, and the keys keep
 * their defaults.
 */
#include <linux/membarrier.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sim/calibrate/internal.h"

#define PAGE 4096UL
#define MIN_PAGES 32
#define MAX_PAGES 2048

struct proxy {
	int command, loops;
	size_t pages;
	_Alignas(CAL_ALIGN) atomic_uint done; /* samples that member 0 has finished */
};

static void barrier_body(struct cal_member *m)
{
	struct proxy *p = m->team->arg;
	uint64_t t0;

	if (m->idx) {
		for (m->ops++; atomic_load(&p->done) < m->ops;)
			cal_relax();
		return;
	}
	t0 = cal_now();
	for (int i = 0; i < p->loops; i++)
		syscall(SYS_membarrier, p->command, 0, 0);
	m->elapsed_ns = cal_now() - t0;
	m->ops = (uint64_t)p->loops;
	atomic_fetch_add(&p->done, 1);
}

static void munmap_body(struct cal_member *m)
{
	struct proxy *p = m->team->arg;
	size_t bytes = p->pages * PAGE;
	volatile char *mem = cal_map(bytes, false);
	uint64_t t0;

	m->elapsed_ns = m->ops = 0;
	if (!mem)
		return;
	for (size_t i = 0; i < bytes; i += PAGE)
		mem[i] = 1;
	t0 = cal_now();
	munmap((void *)mem, bytes);
	m->elapsed_ns = cal_now() - t0;
	m->ops = 1;
}

/* Is @command there, and may it be used? */
static bool supported(int command)
{
	long have = syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY, 0, 0);

	return have > 0 && (have & command);
}

static void barrier(struct cal_ctx *ctx, enum cal_item item, int command, int loops, bool sleeps)
{
	const struct cal_topology *t = &ctx->out->topology;
	struct proxy p = { .command = command, .loops = loops };
	/* Whoever waits for a grace period sleeps: no disturbance. */
	struct cal_job job = {
		.body = barrier_body, .arg = &p, .min = 3, .max = 400, .switches = sleeps
	};
	uint32_t os[2] = { t->cpus[cal_first_cpu(t)].os }, n = 1, d;
	struct cal_samples s = { 0 };

	if (!supported(command)) {
		cal_missing(ctx, item, "the kernel has no such membarrier()");
		return;
	}
	for (d = 0; n < 2 && d < NR_CAL_DIST; d++)
		n = cal_clique(t, d, 2, os);
	if (n < 2) {
		cal_missing(ctx, item, "needs a thread that runs on another CPU");
		return;
	}
	cal_sample(ctx, &job, os, n, cal_share(ctx, 20), &s);
	cal_store(ctx, item, &s, "no pinned threads could be made");
}

static void unmap(struct cal_ctx *ctx)
{
	const struct cal_topology *t = &ctx->out->topology;
	struct cal_point points[8];
	uint32_t nr = 0;

	for (size_t pages = MIN_PAGES; pages <= MAX_PAGES && !cal_stopped(ctx); pages *= 4) {
		struct proxy p = { .pages = pages };
		struct cal_job job = { .body = munmap_body, .arg = &p, .min = 3, .max = 200 };
		struct cal_samples s = { 0 };

		cal_sample_on(ctx, &job, t->cpus[cal_first_cpu(t)].os, cal_share(ctx, 6), &s);
		points[nr] = (struct cal_point){ (double)pages, cal_quartiles(&s) };
		nr += points[nr].y.n > 0;
		cal_samples_free(&s);
	}
	ctx->out->results[CAL_UNMAP_PAGE] = cal_slope(points, nr);
}

void cal_measure_proxies(struct cal_ctx *ctx)
{
	static const struct {
		enum cal_item item;
		const char *what;
	} lines[] = {
		{ CAL_GP_PROXY, "membarrier(GLOBAL), stands for synchronize_rcu()" },
		{ CAL_IPI_PROXY, "membarrier(PRIVATE_EXPEDITED), stands for a call on 1 CPU" },
		{ CAL_UNMAP_PAGE, "munmap() a page, bounds pcp and zone from above" },
	};

	barrier(ctx, CAL_GP_PROXY, MEMBARRIER_CMD_GLOBAL, 1, true);
	if (supported(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED))
		syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0);
	barrier(ctx, CAL_IPI_PROXY, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 100, false);
	unmap(ctx);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		const struct cal_result *r = &ctx->out->results[lines[i].item];

		if (r->n)
			cal_note(ctx, "%s: %.0f ns (%.0f to %.0f)", lines[i].what, r->median, r->q1,
				 r->q3);
		else
			cal_note(ctx, "%s: not measured: %s", lines[i].what, r->why);
	}
}
