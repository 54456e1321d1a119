// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Clearing pages and faulting them in (machine.md section 6, steps 5 and 6). Clearing is
 * memset() by whole pages, which compiles to what the kernel does or better; cold pages
 * were flushed just before. A write fault on fresh memory, less the clearing of a page
 * that the allocator hands out again while it is hot, is the fault; a read fault, which
 * maps the one zero page, bounds entry and exit from above. Left out: huge-page faults.
 */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "sim/calibrate/internal.h"

#define PAGE 4096UL
#define POOL_BYTES (8UL << 20)
#define POOL_PAGES (POOL_BYTES / PAGE)
#define HUGE_BYTES (2UL << 20)
#define COLD_PAGES 128 /* of a sample */
#define READ_BYTES (64 * PAGE)
#define HOT_CLEARS 1000
#define SCATTER 1021 /* odd: visits all pages of the pool, no two neighbours in a row */
#define FAULT_PAGES 32 /* little enough to stay in the second-level cache */
#define FAULT_ROUNDS 4

struct pool {
	char *mem;
	size_t at;
	bool cold;
};

static void clear(char *page)
{
	memset(page, 0, PAGE);
	__asm__ volatile("" ::"r"(page) : "memory");
}

static void clear_cold_body(struct cal_member *m)
{
	struct pool *p = m->team->arg;
	uint64_t t0;
	size_t i;

	for (i = 0; i < COLD_PAGES; i++)
		cal_flush(p->mem + (p->at + i) * SCATTER % POOL_PAGES * PAGE, PAGE);
	t0 = cal_now();
	for (i = 0; i < COLD_PAGES; i++)
		clear(p->mem + (p->at + i) * SCATTER % POOL_PAGES * PAGE);
	m->elapsed_ns = cal_now() - t0;
	m->ops = COLD_PAGES;
	p->at = (p->at + COLD_PAGES) % POOL_PAGES;
}

static void clear_hot_body(struct cal_member *m)
{
	struct pool *p = m->team->arg;
	uint64_t t0;

	clear(p->mem);
	t0 = cal_now();
	for (int i = 0; i < HOT_CLEARS; i++)
		clear(p->mem);
	m->elapsed_ns = cal_now() - t0;
	m->ops = HOT_CLEARS;
}

/* Page by page, as clear_huge_page(): a single memset() might bypass the caches. */
static void clear_huge_body(struct cal_member *m)
{
	struct pool *p = m->team->arg;
	char *block = p->mem + p->at;
	uint64_t t0;
	size_t i;

	if (p->cold)
		cal_flush(block, HUGE_BYTES);
	t0 = cal_now();
	for (i = 0; i < HUGE_BYTES; i += PAGE)
		clear(block + i);
	m->elapsed_ns = cal_now() - t0;
	m->ops = 1;
	if (p->cold)
		p->at = (p->at + HUGE_BYTES) % POOL_BYTES;
}

/* Ask for fresh pages and write one byte to each. */
static void fault_anon_body(struct cal_member *m)
{
	const int prot = PROT_READ | PROT_WRITE, flags = MAP_PRIVATE | MAP_ANONYMOUS;
	uint64_t t0;
	int round;
	size_t i;

	m->elapsed_ns = m->ops = 0;
	for (round = 0; round < FAULT_ROUNDS; round++) {
		volatile char *p = mmap(NULL, FAULT_PAGES * PAGE, prot, flags, -1, 0);

		if ((void *)p == MAP_FAILED)
			continue;
		(void)madvise((void *)p, FAULT_PAGES * PAGE, MADV_NOHUGEPAGE);
		p[0] = 1; /* page tables */
		t0 = cal_now();
		for (i = 1; i < FAULT_PAGES; i++)
			p[i * PAGE] = 1;
		m->elapsed_ns += cal_now() - t0;
		m->ops += FAULT_PAGES - 1;
		munmap((void *)p, FAULT_PAGES * PAGE);
	}
}

static void fault_read_body(struct cal_member *m)
{
	struct pool *p = m->team->arg;
	volatile const char *mem = p->mem;
	uint64_t t0;
	size_t i;

	madvise(p->mem, READ_BYTES, MADV_DONTNEED);
	(void)mem[0]; /* page tables */
	t0 = cal_now();
	for (i = PAGE; i < READ_BYTES; i += PAGE)
		(void)mem[i];
	m->elapsed_ns = cal_now() - t0;
	m->ops = READ_BYTES / PAGE - 1;
}

static void touch_body(struct cal_member *m)
{
	struct pool *p = m->team->arg;

	memset(p->mem, 1, POOL_BYTES);
	m->ops = 1;
}

static struct cal_result one(struct cal_ctx *ctx, void (*body)(struct cal_member *m),
			     struct pool *p, uint32_t permille)
{
	const struct cal_topology *topo = &ctx->out->topology;
	uint32_t os = topo->cpus[cal_first_cpu(topo)].os;
	struct cal_job job = { .body = body, .arg = p, .min = 5, .max = 400 };
	struct cal_samples s = { 0 };
	struct cal_result r;

	cal_run_on(ctx, touch_body, p, os);
	cal_sample_on(ctx, &job, os, cal_share(ctx, permille), &s);
	r = cal_quartiles(&s);
	if (!r.n)
		snprintf(r.why, sizeof(r.why), "no pinned thread could be made");
	cal_samples_free(&s);
	return r;
}

void cal_measure_page(struct cal_ctx *ctx)
{
	struct cal_result *r = ctx->out->results, anon;
	struct pool p = { .mem = cal_map(POOL_BYTES, true) };
	struct pool small = { .mem = cal_map(POOL_BYTES, false) };
	uint32_t i;

	if (!p.mem || !small.mem) {
		for (i = CAL_FAULT_ENTRY; i <= CAL_ZERO_2M_HOT; i++)
			cal_missing(ctx, i, "no memory to clear");
		goto out;
	}
	r[CAL_ZERO_4K_HOT] = one(ctx, clear_hot_body, &p, 20);
	r[CAL_ZERO_2M_HOT] = one(ctx, clear_huge_body, &p, 20);
	p.cold = true;
	if (cal_can_flush()) {
		r[CAL_ZERO_4K] = one(ctx, clear_cold_body, &p, 30);
		p.at = 0;
		r[CAL_ZERO_2M] = one(ctx, clear_huge_body, &p, 30);
	} else {
		cal_missing(ctx, CAL_ZERO_4K, "this CPU cannot be told to flush a line");
		cal_missing(ctx, CAL_ZERO_2M, "this CPU cannot be told to flush a line");
	}
	if (r[CAL_ZERO_2M_HOT].n)
		cal_note(ctx, "clearing 2 MiB again while it is cached: %.0f ns (%.0f to %.0f)",
			 r[CAL_ZERO_2M_HOT].median, r[CAL_ZERO_2M_HOT].q1, r[CAL_ZERO_2M_HOT].q3);
	r[CAL_FAULT_ENTRY] = one(ctx, fault_read_body, &small, 20);
	anon = one(ctx, fault_anon_body, &small, 30);
	if (anon.n)
		cal_note(ctx, "anonymous fault with its clearing: %.0f ns (%.0f to %.0f)",
			 anon.median, anon.q1, anon.q3);
	r[CAL_FAULT_ANON] = cal_minus(&anon, &r[CAL_ZERO_4K_HOT]);
out:
	if (p.mem)
		cal_unmap(p.mem, POOL_BYTES);
	if (small.mem)
		cal_unmap(small.mem, POOL_BYTES);
}
