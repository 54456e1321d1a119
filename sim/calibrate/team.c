// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Pinned threads that take samples together. Between two samples they meet at a
 * spinning barrier; member 0 keeps the books. A sample during which the kernel
 * switched a member away is disturbed, and so is one whose thread had over 2 % less CPU time
 * than went by: an interrupt, or a hypervisor that tells the guest's kernel what it stole.
 */
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "sim/calibrate/internal.h"

#define SPINS_BEFORE_YIELD 2000
#define LATE_NS 10000000ULL /* share of what begins after its share is over */
#define OFF_CPU_PCT 2 /* of a sample's time, above which it does not count */
#define OFF_CPU_SLACK_NS 1000 /* reading the two clocks takes that long itself */
#define OVERTIME 3 /* shares after which even job->min is given up */

uint64_t cal_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000ULL + (uint64_t)ts.tv_nsec;
}

uint64_t cal_share(const struct cal_ctx *ctx, uint32_t permille)
{
	return cal_now() + ctx->opt->budget_ns / 1000 * permille;
}

bool cal_stopped(struct cal_ctx *ctx)
{
	if (!atomic_load(&ctx->stopped) && ctx->opt->stop && ctx->opt->stop(ctx->opt->arg))
		atomic_store(&ctx->stopped, true);
	return atomic_load(&ctx->stopped) || atomic_load(&ctx->no_memory);
}

static long switches(void)
{
	struct rusage ru;

	return getrusage(RUSAGE_THREAD, &ru) ? 0 : ru.ru_nivcsw;
}

/* Members may share a CPU (context switches), so the spin gives way after a while. */
static void barrier(struct cal_team *t)
{
	unsigned int round = atomic_load(&t->round), spins = 0;

	if (atomic_fetch_add(&t->arrived, 1) + 1 == t->n) {
		atomic_store(&t->arrived, 0);
		atomic_store(&t->round, round + 1);
		return;
	}
	while (atomic_load_explicit(&t->round, memory_order_acquire) == round) {
		if (++spins < SPINS_BEFORE_YIELD)
			cal_relax();
		else
			sched_yield();
	}
}

static bool wants_more(struct cal_team *t, uint64_t begin)
{
	uint32_t taken = t->samples->nr + t->samples->nr_bad;
	uint64_t now = cal_now(), span = t->until > begin ? t->until - begin : LATE_NS;

	if (cal_stopped(t->ctx) || taken >= t->job->max)
		return false;
	if (now < t->until)
		return true;
	return taken < t->job->min && now < begin + OVERTIME * span;
}

static void record(struct cal_team *t)
{
	const struct cal_member *m = t->members;
	bool disturbed = false;
	double v;

	for (uint32_t i = 0; i < t->n; i++)
		disturbed |= m[i].disturbed;
	if (t->job->value)
		v = t->job->value(t);
	else
		v = m->ops ? (double)m->elapsed_ns / (double)m->ops : 0;
	cal_add(t->ctx, t->samples, v, disturbed && !t->job->switches);
}

/* CPU time of this thread, ns. */
static uint64_t on_cpu(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * 1000000000ULL + (uint64_t)ts.tv_nsec;
}

/* Run a sample's part of @m; note whether something else ran on its CPU meanwhile. */
static void run_body(struct cal_member *m)
{
	long before = switches();
	uint64_t wall = cal_now(), cpu = on_cpu();

	m->team->job->body(m);
	cpu = on_cpu() - cpu;
	wall = cal_now() - wall;
	m->disturbed =
		switches() != before || wall > cpu + wall * OFF_CPU_PCT / 100 + OFF_CPU_SLACK_NS;
}

static void *member_main(void *arg)
{
	struct cal_member *m = arg;
	struct cal_team *t = m->team;
	uint64_t begin = cal_now();
	int gate;

	while (!(gate = atomic_load(&t->gate)))
		sched_yield();
	if (gate < 0)
		return NULL;
	for (;;) {
		if (!m->idx)
			t->more = wants_more(t, begin);
		barrier(t);
		if (!t->more)
			return NULL;
		barrier(t);
		run_body(m);
		barrier(t);
		if (!m->idx)
			record(t);
	}
}

/* A thread that runs on CPU @os only, from its first instruction on. */
static bool start(struct cal_member *m, pthread_t *thread)
{
	size_t size = CPU_ALLOC_SIZE(m->os_cpu + 1);
	cpu_set_t *set = CPU_ALLOC(m->os_cpu + 1);
	pthread_attr_t attr;
	bool ok;

	if (!set)
		return false;
	CPU_ZERO_S(size, set);
	CPU_SET_S(m->os_cpu, size, set);
	pthread_attr_init(&attr);
	ok = !pthread_attr_setaffinity_np(&attr, size, set) &&
	     !pthread_create(thread, &attr, member_main, m);
	pthread_attr_destroy(&attr);
	CPU_FREE(set);
	return ok;
}

bool cal_sample(struct cal_ctx *ctx, const struct cal_job *job, const uint32_t *os, uint32_t n,
		uint64_t until, struct cal_samples *s)
{
	struct cal_team t = {
		.ctx = ctx, .job = job, .arg = job->arg, .n = n, .samples = s, .until = until
	};
	pthread_t *threads = calloc(n, sizeof(*threads));
	uint32_t made = 0;

	t.members = calloc(n, sizeof(*t.members));
	while (threads && t.members && made < n) {
		t.members[made].team = &t;
		t.members[made].idx = made;
		t.members[made].os_cpu = os[made];
		if (!start(&t.members[made], &threads[made]))
			break;
		made++;
	}
	atomic_store(&t.gate, made == n ? 1 : -1);
	for (uint32_t i = 0; i < made; i++)
		pthread_join(threads[i], NULL);
	free(t.members);
	free(threads);
	return made == n;
}

bool cal_sample_on(struct cal_ctx *ctx, const struct cal_job *job, uint32_t os, uint64_t until,
		   struct cal_samples *s)
{
	return cal_sample(ctx, job, &os, 1, until, s);
}

bool cal_run_on(struct cal_ctx *ctx, void (*body)(struct cal_member *m), void *arg, uint32_t os)
{
	struct cal_job job = { .body = body, .arg = arg, .min = 1, .max = 1 };
	struct cal_samples s = { 0 };
	bool ok = cal_sample_on(ctx, &job, os, UINT64_MAX, &s);

	cal_samples_free(&s);
	return ok;
}
