// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Faults beside those of page.c (machine.md section 6, steps 5 and 6): one byte per page
 * of a big fresh mapping, without and with huge pages, and the re-fault of a page of
 * tmpfs that is in memory already, by writes, because a read would map its neighbours along. The
 * first less the last is allocation and clearing of pages that no cache holds. None is
 * a key, because each is a sum of keys: they are lines to check the keys against.
 */
#include <stdio.h>
#include <sys/mman.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "sim/calibrate/internal.h"

#define PAGE 4096UL
#define CHUNK (2UL << 20) /* a sample's part of the big mapping: one huge page */
#define BIG_BYTES (1UL << 30)
#define LEAST_BYTES (16 * CHUNK)
#define MEMORY_SHARE 8 /* of what is free, or allowed, no more than this part */
#define BIG_NS_PER_CHUNK 2000000ULL /* generous; what a short budget has time for */
#define SHM_PAGES 64
#define HUGE_FAULT_MIN 5 /* small clearings: below it, the huge fault was none */

struct big {
	volatile char *mem;
	size_t at, step;
};

static void touch_body(struct cal_member *m)
{
	struct big *b = m->team->arg;
	volatile char *end = b->mem + b->at + CHUNK;
	uint64_t t0 = cal_now();

	for (volatile char *p = b->mem + b->at; p < end; p += b->step)
		*p = 1;
	m->elapsed_ns = cal_now() - t0;
	m->ops = CHUNK / b->step;
	b->at += CHUNK;
}

static void refault_body(struct cal_member *m)
{
	struct big *b = m->team->arg;
	uint64_t t0;

	madvise((void *)b->mem, SHM_PAGES * PAGE, MADV_DONTNEED);
	b->mem[0] = 1; /* page tables */
	t0 = cal_now();
	for (size_t i = 1; i < SHM_PAGES; i++)
		b->mem[i * PAGE] = 1;
	m->elapsed_ns = cal_now() - t0;
	m->ops = SHM_PAGES - 1;
}

/* How much may be touched without pressing others. */
static size_t big_bytes(const struct cal_ctx *ctx)
{
	uint64_t room = cal_cgroup_memory() / MEMORY_SHARE, bytes;
	struct sysinfo si;

	bytes = ctx->opt->budget_ns / 20 / BIG_NS_PER_CHUNK * CHUNK;
	bytes = bytes < LEAST_BYTES ? LEAST_BYTES : bytes;
	bytes = bytes > BIG_BYTES ? BIG_BYTES : bytes;
	if (!sysinfo(&si) && (uint64_t)si.freeram * si.mem_unit / MEMORY_SHARE < room)
		room = (uint64_t)si.freeram * si.mem_unit / MEMORY_SHARE;
	return (bytes < room ? bytes : room) / CHUNK * CHUNK;
}

static void big(struct cal_ctx *ctx, enum cal_item item, bool huge)
{
	const struct cal_topology *t = &ctx->out->topology;
	size_t bytes = big_bytes(ctx);
	struct big b = { .step = huge ? CHUNK : PAGE };
	struct cal_job job = {
		.body = touch_body, .arg = &b, .min = 3, .max = (uint32_t)(bytes / CHUNK)
	};
	struct cal_samples s = { 0 };

	b.mem = bytes ? cal_map(bytes, huge) : NULL;
	if (!b.mem) {
		cal_missing(ctx, item, "not enough free memory");
		return;
	}
	cal_sample_on(ctx, &job, t->cpus[cal_first_cpu(t)].os, cal_share(ctx, 30), &s);
	cal_store(ctx, item, &s, "no pinned thread could be made");
	cal_unmap((void *)b.mem, bytes);
}

static void refault(struct cal_ctx *ctx)
{
	const struct cal_topology *t = &ctx->out->topology;
	const size_t bytes = SHM_PAGES * PAGE;
	struct cal_job job = { .body = refault_body, .min = 5, .max = 400 };
	int fd = memfd_create("mmsim-calibrate", MFD_CLOEXEC);
	struct cal_samples s = { 0 };
	struct big b = { 0 };
	void *mem = MAP_FAILED;

	if (fd >= 0 && !ftruncate(fd, (off_t)bytes))
		mem = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);
	if (fd >= 0)
		close(fd);
	if (mem == MAP_FAILED) {
		cal_missing(ctx, CAL_FAULT_MINOR, "no file of tmpfs could be made");
		return;
	}
	b.mem = mem;
	job.arg = &b;
	cal_sample_on(ctx, &job, t->cpus[cal_first_cpu(t)].os, cal_share(ctx, 20), &s);
	cal_store(ctx, CAL_FAULT_MINOR, &s, "no pinned thread could be made");
	munmap(mem, bytes);
}

static void tell(struct cal_ctx *ctx, const char *what, const struct cal_result *r)
{
	if (r->n)
		cal_note(ctx, "%s: %.0f ns (%.0f to %.0f)", what, r->median, r->q1, r->q3);
	else
		cal_note(ctx, "%s: not measured: %s", what, r->why);
}

void cal_measure_fault(struct cal_ctx *ctx)
{
	struct cal_result *r = ctx->out->results, isolated;

	refault(ctx);
	big(ctx, CAL_FAULT_COLD, false);
	big(ctx, CAL_FAULT_HUGE, true);
	/* A huge page takes 512 clearings; far less was a small page. */
	if (r[CAL_FAULT_HUGE].n && r[CAL_FAULT_COLD].n &&
	    r[CAL_FAULT_HUGE].median < HUGE_FAULT_MIN * r[CAL_FAULT_COLD].median)
		cal_missing(ctx, CAL_FAULT_HUGE, "the kernel gave no huge pages");
	isolated = cal_minus(&r[CAL_FAULT_COLD], &r[CAL_FAULT_MINOR]);
	tell(ctx, "re-fault of a page of tmpfs", &r[CAL_FAULT_MINOR]);
	tell(ctx, "fault of a page of a big mapping", &r[CAL_FAULT_COLD]);
	tell(ctx, "the second less the first: allocation and clearing", &isolated);
	tell(ctx, "fault of a huge page", &r[CAL_FAULT_HUGE]);
}
