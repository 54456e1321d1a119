// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What one CPU does alone (machine.md section 6): clock from a chain of dependent
 * additions, one pause of a spin loop, an atomic on a line this core owns, entry and
 * exit of a system call. A warm-up of 100 ms lets the clock rise first.
 */
#include <sys/syscall.h>
#include <unistd.h>

#include "sim/calibrate/internal.h"

#define WARM_UP_NS 100000000ULL
#define ADDS 400000
#define RELAXES 2000
#define RMWS 10000
#define SYSCALLS 1000

/* From and to a register, so that no CPU renames the addition away. */
static void adds_body(struct cal_member *m)
{
	uint64_t x = 1, k = m->idx + 3, t0;
	int i;

	__asm__ volatile("" : "+r"(k));
	t0 = cal_now();
#define ADD                                     \
	do {                                    \
		x += k;                         \
		__asm__ volatile("" : "+r"(x)); \
	} while (0)
	for (i = 0; i < ADDS / 8; i++) {
		ADD;
		ADD;
		ADD;
		ADD;
		ADD;
		ADD;
		ADD;
		ADD;
	}
#undef ADD
	m->elapsed_ns = cal_now() - t0;
	m->ops = ADDS;
}

static double adds_ghz(struct cal_team *t)
{
	uint64_t ns = t->members->elapsed_ns;

	return ns ? (double)t->members->ops / (double)ns : 0;
}

static void warm_up_body(struct cal_member *m)
{
	uint64_t end = cal_now() + WARM_UP_NS;

	while (cal_now() < end)
		adds_body(m);
}

static void relax_body(struct cal_member *m)
{
	uint64_t t0 = cal_now();

	for (int i = 0; i < RELAXES; i++)
		cal_relax();
	m->elapsed_ns = cal_now() - t0;
	m->ops = RELAXES;
}

static void rmw_body(struct cal_member *m)
{
	_Alignas(CAL_ALIGN) atomic_ulong line = 1;
	unsigned long x = 1;
	uint64_t t0;
	int i;

	t0 = cal_now();
	for (i = 0; i < RMWS; i++)
		x = atomic_fetch_add(&line, x | 1);
	m->elapsed_ns = cal_now() - t0;
	m->ops = RMWS;
}

/* One the kernel answers at once and glibc does not. */
static void syscall_body(struct cal_member *m)
{
	uint64_t t0 = cal_now();

	for (int i = 0; i < SYSCALLS; i++)
		syscall(SYS_getppid);
	m->elapsed_ns = cal_now() - t0;
	m->ops = SYSCALLS;
}

static void one(struct cal_ctx *ctx, enum cal_item item, void (*body)(struct cal_member *m),
		double (*value)(struct cal_team *t), uint32_t permille)
{
	const struct cal_topology *topo = &ctx->out->topology;
	struct cal_job job = { .body = body, .value = value, .min = 5, .max = 400 };
	struct cal_samples s = { 0 };

	cal_sample_on(ctx, &job, topo->cpus[cal_first_cpu(topo)].os, cal_share(ctx, permille), &s);
	cal_store(ctx, item, &s, "no pinned thread could be made");
}

void cal_measure_core(struct cal_ctx *ctx)
{
	const struct cal_topology *topo = &ctx->out->topology;

	cal_run_on(ctx, warm_up_body, NULL, topo->cpus[cal_first_cpu(topo)].os);
	one(ctx, CAL_GHZ, adds_body, adds_ghz, 20);
	one(ctx, CAL_RMW_LOCAL, rmw_body, NULL, 20);
	one(ctx, CAL_CPU_RELAX, relax_body, NULL, 20);
	one(ctx, CAL_SYSCALL, syscall_body, NULL, 20);
}
