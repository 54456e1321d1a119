/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by the measurements: time, samples, pinned threads, the ways to run them. */
#ifndef MMSIM_CALIBRATE_INTERNAL_H
#define MMSIM_CALIBRATE_INTERNAL_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>

#include "sim/calibrate/calibrate.h"

#define CAL_ALIGN 128 /* adjacent-line prefetch couples pairs of 64 bytes (section 6, step 2) */

/* Samples of one quantity. Those of disturbed threads lie apart. */
struct cal_samples {
	double *v, *bad;
	uint32_t nr, nr_bad, cap, cap_bad;
	bool mixed; /* of several quantities (pairs of CPUs): no part stands for the whole */
};

/* A point of a line: y at x. */
struct cal_point {
	double x;
	struct cal_result y;
};

struct cal_ctx {
	const struct cal_options *opt;
	struct calibration *out;
	atomic_bool stopped, no_memory;
};

struct cal_team;

/* One pinned thread of a team. */
struct cal_member {
	struct cal_team *team;
	uint32_t idx, os_cpu;
	bool disturbed;
	uint64_t elapsed_ns, ops, extra_ns; /* of the present sample, for value() */
};

/* How to take a sample; body() runs in every member between two barriers. */
struct cal_job {
	void (*body)(struct cal_member *m);
	double (*value)(struct cal_team *t); /* NULL: elapsed / ops of member 0 */
	void *arg; /* team->arg */
	uint32_t min, max; /* samples */
	bool switches; /* being switched away is the point, no disturbance */
};

struct cal_team {
	struct cal_ctx *ctx;
	const struct cal_job *job;
	void *arg;
	uint32_t n;
	struct cal_member *members;
	struct cal_samples *samples;
	uint64_t until;
	bool more;
	_Alignas(CAL_ALIGN) atomic_uint arrived;
	_Alignas(CAL_ALIGN) atomic_uint round; /* barriers passed */
	_Alignas(CAL_ALIGN) atomic_int gate; /* 0 wait, 1 go, -1 give up */
};

/* Monotonic time, ns. */
uint64_t cal_now(void);
/* End of a share of the budget that starts now; @permille of budget_ns. */
uint64_t cal_share(const struct cal_ctx *ctx, uint32_t permille);
/* Is the user's wish to stop, or a failure, known? Asks the caller's stop(). */
bool cal_stopped(struct cal_ctx *ctx);
/* One pause of a spin loop, as the kernel's cpu_relax(). */
static inline void cal_relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield" ::: "memory");
#else
	__asm__ volatile("" ::: "memory");
#endif
}

/* Add a sample; sets ctx->no_memory if it cannot. */
void cal_add(struct cal_ctx *ctx, struct cal_samples *s, double v, bool disturbed);
/*
 * Median and quartiles, sorting the samples; n is 0 if there are none. Disturbed ones count only
 * where fewer than 3 others are there. Of many samples of one quantity the fifth (in order of
 * time) with the least median stands for all: what else the host does comes in bursts.
 */
struct cal_result cal_quartiles(struct cal_samples *s);
void cal_samples_free(struct cal_samples *s);
/* a - b, spreads added; not measured if the median would be below 0. */
struct cal_result cal_minus(const struct cal_result *a, const struct cal_result *b);
/*
 * Least-squares slope; the quartiles are those of all points moved by their own against it.
 * Not measured with fewer than two points, or if the slope is not above 0.
 */
struct cal_result cal_slope(const struct cal_point *p, uint32_t n);
/* Quartiles of @s become result @item, or @why it is missing; empties @s. */
void cal_store(struct cal_ctx *ctx, enum cal_item item, struct cal_samples *s, const char *why);
/* Say why @item is not measured. */
void cal_missing(struct cal_ctx *ctx, uint32_t item, const char *why);
/* A line for the file's comments. */
void cal_note(struct cal_ctx *ctx, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * Take samples of @job on @n threads pinned to the CPUs @os (kernel numbers), until time
 * @until or job->max, but job->min at least. False if the threads could not be made.
 */
bool cal_sample(struct cal_ctx *ctx, const struct cal_job *job, const uint32_t *os, uint32_t n,
		uint64_t until, struct cal_samples *s);
/* Same with one thread; on CPU @os. */
bool cal_sample_on(struct cal_ctx *ctx, const struct cal_job *job, uint32_t os, uint64_t until,
		   struct cal_samples *s);
/* Run body() once, pinned, without a sample; to touch memory from a node's CPU. */
bool cal_run_on(struct cal_ctx *ctx, void (*body)(struct cal_member *m), void *arg, uint32_t os);

/* Memory of whole huge pages: aligned, huge if @huge and the kernel agrees. NULL: none left. */
void *cal_map(size_t bytes, bool huge);
void cal_unmap(void *p, size_t bytes);
/* Push @bytes at @p out of all caches, if this CPU can be told so. */
void cal_flush(const void *p, size_t bytes);
bool cal_can_flush(void);

/* Name of a class in a machine file. */
const char *cal_class_name(enum cal_dist d);
/* First usable CPU, by index into cpus[]. */
uint32_t cal_first_cpu(const struct cal_topology *t);
/* How many threads may spin at a time. */
uint32_t cal_max_threads(const struct cal_topology *t);
/*
 * Up to @max usable CPUs each two of which are of class @d, as kernel numbers in @os; the
 * greatest such set that a walk finds. Fewer than 2: none such.
 */
uint32_t cal_clique(const struct cal_topology *t, enum cal_dist d, uint32_t max, uint32_t *os);

/* CPU time of the whole host so far, and this process's, in ns. Zero: unknown. */
struct cal_load {
	uint64_t total, idle, steal, own;
};
void cal_load_read(struct cal_load *l);

/* Tightest limits of this process's cgroups; UINT64_MAX: none. CPUs in 1/1000. */
uint64_t cal_cgroup_quota(void);
uint64_t cal_cgroup_memory(void);
/* The same of one open cpu.max. */
uint64_t cal_parse_quota(FILE *f);

/* The measurements, one file a kind. */
void cal_measure_core(struct cal_ctx *ctx);
void cal_measure_latency(struct cal_ctx *ctx);
void cal_measure_pingpong(struct cal_ctx *ctx);
void cal_measure_hammer(struct cal_ctx *ctx);
void cal_measure_page(struct cal_ctx *ctx);
void cal_measure_sched(struct cal_ctx *ctx);
void cal_measure_ipi(struct cal_ctx *ctx);
void cal_measure_ticket(struct cal_ctx *ctx);
void cal_measure_fault(struct cal_ctx *ctx);
void cal_measure_proxies(struct cal_ctx *ctx);

#endif
