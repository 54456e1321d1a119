// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Context switches and wake-ups (machine.md section 6, step 8). A switch: two threads of
 * one CPU that yield in turn, less the system call. A wake-up on the same CPU: a byte
 * through two pipes and back, halved. On another CPU, which is idle then: one futex, from the call to the
 * return of the sleeper; the waker's part is its call, less the bare system call. Once more with
 * idle states off, where root may do that. Left out: how deep the idle state is.
 */
#include <fcntl.h>
#include <linux/futex.h>
#include <sched.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sim/calibrate/internal.h"

/* Few, so that on a busy host most samples have no stranger in between. */
#define YIELDS 100
#define PIPE_TRIPS 20
#define FUTEX_TRIPS 8
#define FALL_ASLEEP_NS 50000 /* from "about to sleep" to an idle CPU, with room */
#define PATIENCE_NS 20000000L /* of one wait, so that none is for ever */

struct sched_arg {
	int there[2], back[2];
	_Alignas(CAL_ALIGN) atomic_uint turn;
	_Alignas(CAL_ALIGN) atomic_uint ready; /* 1: about to sleep, 2: awake, 0: seen */
	_Alignas(CAL_ALIGN) atomic_ulong woken_ns;
};

static void yield_body(struct cal_member *m)
{
	struct rusage a, b;
	uint64_t t0;

	getrusage(RUSAGE_THREAD, &a);
	t0 = cal_now();
	for (int i = 0; i < YIELDS; i++)
		sched_yield();
	m->elapsed_ns = cal_now() - t0;
	getrusage(RUSAGE_THREAD, &b);
	m->ops = (uint64_t)(b.ru_nivcsw - a.ru_nivcsw + b.ru_nvcsw - a.ru_nvcsw);
}

/* Time of both by the switches of both: what was not switched cost a system call. */
static double yield_value(struct cal_team *t)
{
	const struct cal_result *call = &t->ctx->out->results[CAL_SYSCALL];
	const struct cal_member *m = t->members;
	uint64_t ns = m[0].elapsed_ns > m[1].elapsed_ns ? m[0].elapsed_ns : m[1].elapsed_ns;
	uint64_t ops = m[0].ops + m[1].ops;
	double calls = 2.0 * YIELDS * (call->n ? call->median : 0);

	if (ops < YIELDS || (double)ns <= calls)
		return -1;
	return ((double)ns - calls) / (double)ops;
}

static void pipe_body(struct cal_member *m)
{
	struct sched_arg *a = m->team->arg;
	int rd = m->idx ? a->there[0] : a->back[0], wr = m->idx ? a->back[1] : a->there[1];
	uint64_t t0 = cal_now();
	char byte = 0;

	for (int i = 0; i < PIPE_TRIPS; i++) {
		if (m->idx && read(rd, &byte, 1) != 1)
			break;
		if (write(wr, &byte, 1) != 1)
			break;
		if (!m->idx && read(rd, &byte, 1) != 1)
			break;
	}
	m->elapsed_ns = cal_now() - t0;
	m->ops = 2 * PIPE_TRIPS;
}

/* Sleep until the turn is no longer @seen; true if it was a sleep and a wake-up. */
static bool await(atomic_uint *turn, unsigned int seen)
{
	struct timespec patience = { 0, PATIENCE_NS };
	long rc = -1;

	while (atomic_load(turn) == seen)
		rc = syscall(SYS_futex, turn, FUTEX_WAIT_PRIVATE, seen, &patience, NULL, 0);
	return !rc;
}

/* Member 1 says when it was back, 0 if it had not slept. */
static void sleeper(struct sched_arg *a)
{
	for (int i = 0; i < FUTEX_TRIPS; i++) {
		unsigned int seen = atomic_load(&a->turn);
		bool slept;

		atomic_store(&a->ready, 1);
		slept = await(&a->turn, seen);
		atomic_store(&a->woken_ns, slept ? cal_now() : 0);
		atomic_store(&a->ready, 2);
		while (atomic_load(&a->ready) == 2)
			cal_relax();
	}
}

/* Member 0 lets the other fall asleep, wakes it, and counts the trips that were wake-ups. */
static void futex_body(struct cal_member *m)
{
	struct sched_arg *a = m->team->arg;
	uint64_t sent, done, woken;

	if (m->idx) {
		sleeper(a);
		return;
	}
	m->elapsed_ns = m->extra_ns = m->ops = 0;
	for (int i = 0; i < FUTEX_TRIPS; i++) {
		while (atomic_load(&a->ready) != 1)
			cal_relax();
		for (sent = cal_now(); cal_now() - sent < FALL_ASLEEP_NS;)
			cal_relax();
		sent = cal_now();
		atomic_fetch_add(&a->turn, 1);
		syscall(SYS_futex, &a->turn, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
		done = cal_now();
		while (atomic_load(&a->ready) != 2)
			cal_relax();
		woken = atomic_load(&a->woken_ns);
		if (woken > sent) {
			m->elapsed_ns += woken - sent;
			m->extra_ns += done - sent;
			m->ops++;
		}
		atomic_store(&a->ready, 0);
	}
}

static double idle_value(struct cal_team *t)
{
	const struct cal_member *m = t->members;

	return m->ops ? (double)m->elapsed_ns / (double)m->ops : -1;
}

static double wake_value(struct cal_team *t)
{
	const struct cal_member *m = t->members;

	return m->ops ? (double)m->extra_ns / (double)m->ops : -1;
}

/* Samples below 0 are none. */
static void drop_invalid(struct cal_samples *s)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < s->nr; i++)
		if (s->v[i] >= 0)
			s->v[kept++] = s->v[i];
	s->nr = kept;
}

static void same_cpu(struct cal_ctx *ctx, struct sched_arg *a)
{
	const struct cal_topology *t = &ctx->out->topology;
	uint32_t os = t->cpus[cal_first_cpu(t)].os, two[2] = { os, os };
	struct cal_job yield = {
		.body = yield_body, .value = yield_value, .min = 5, .max = 1000, .switches = true
	};
	struct cal_job pipes = {
		.body = pipe_body, .arg = a, .min = 5, .max = 1000, .switches = true
	};
	struct cal_samples s = { 0 };

	cal_sample(ctx, &yield, two, 2, cal_share(ctx, 30), &s);
	drop_invalid(&s);
	cal_store(ctx, CAL_CTX_SWITCH, &s, "sched_yield() does not switch here");
	if (pipe(a->there)) {
		cal_missing(ctx, CAL_WAKE_SAME_CPU, "no pipe could be made");
		return;
	}
	if (!pipe(a->back)) {
		cal_sample(ctx, &pipes, two, 2, cal_share(ctx, 30), &s);
		close(a->back[0]);
		close(a->back[1]);
	}
	cal_store(ctx, CAL_WAKE_SAME_CPU, &s, "no pipe could be made");
	close(a->there[0]);
	close(a->there[1]);
}

/* Wake-ups from the call to the return of the sleeper on @two[1]. */
static struct cal_result wake(struct cal_ctx *ctx, struct sched_arg *a, const uint32_t *two,
			      double (*value)(struct cal_team *t), uint32_t permille)
{
	struct cal_job job = { .body = futex_body,
			       .value = value,
			       .arg = a,
			       .min = 5,
			       .max = 1000,
			       .switches = true };
	struct cal_samples s = { 0 };
	struct cal_result r;

	cal_sample(ctx, &job, two, 2, cal_share(ctx, permille), &s);
	drop_invalid(&s);
	r = cal_quartiles(&s);
	cal_samples_free(&s);
	if (!r.n)
		snprintf(r.why, sizeof(r.why), "the sleeper never slept");
	return r;
}

/*
 * With idle states that take 0 us to leave, the only one left is polling. Root may ask for
 * that while the file is open (Documentation/power/pm_qos_interface.rst); a guest whose idle is a
 * bare halt has no states to choose from.
 */
static void polling(struct cal_ctx *ctx, struct sched_arg *a, const uint32_t *two)
{
	int32_t none = 0;
	int fd;

	if (access("/sys/devices/system/cpu/cpu0/cpuidle", F_OK)) {
		cal_missing(ctx, CAL_WAKE_POLLING, "no idle states to choose from (cpuidle)");
		return;
	}
	fd = open("/dev/cpu_dma_latency", O_WRONLY | O_CLOEXEC);
	if (fd < 0) {
		cal_missing(ctx, CAL_WAKE_POLLING, "/dev/cpu_dma_latency: not permitted");
		return;
	}
	if (write(fd, &none, sizeof(none)) == sizeof(none))
		ctx->out->results[CAL_WAKE_POLLING] = wake(ctx, a, two, idle_value, 20);
	else
		cal_missing(ctx, CAL_WAKE_POLLING, "/dev/cpu_dma_latency: not permitted");
	close(fd);
}

/* The nearest class gives the keys; the others are told. */
static void other_cpu(struct cal_ctx *ctx, struct sched_arg *a)
{
	struct cal_result *out = ctx->out->results, r;
	bool found = false;
	uint32_t two[2], d;

	for (d = CAL_LLC; d < NR_CAL_DIST && !cal_stopped(ctx); d++) {
		if (cal_clique(&ctx->out->topology, d, 2, two) < 2)
			continue;
		r = wake(ctx, a, two, idle_value, 20);
		if (r.n)
			cal_note(ctx, "futex wake-up, %s: %.0f ns (%.0f to %.0f)",
				 cal_class_name(d), r.median, r.q1, r.q3);
		if (found)
			continue;
		found = true;
		out[CAL_WAKE_IDLE] = r;
		r = wake(ctx, a, two, wake_value, 20);
		out[CAL_WAKE_SEND] = cal_minus(&r, &out[CAL_SYSCALL]);
		polling(ctx, a, two);
	}
	if (found)
		return;
	cal_missing(ctx, CAL_WAKE_IDLE, "no two usable CPUs of different cores");
	cal_missing(ctx, CAL_WAKE_SEND, "no two usable CPUs of different cores");
	cal_missing(ctx, CAL_WAKE_POLLING, "no two usable CPUs of different cores");
}

void cal_measure_sched(struct cal_ctx *ctx)
{
	struct sched_arg a = { 0 };

	same_cpu(ctx, &a);
	other_cpu(ctx, &a);
}
