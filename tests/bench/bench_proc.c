// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * PHOLD by one-shots, switches between coroutines, procs from start to end, memory of
 * pending events, and the exponential variate.
 */
#include "tests/bench/bench.h"
#include "tests/core/heap.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>

/* Resident now, with what earlier benchmarks have freed given back. */
static u64 resident_trimmed(void)
{
	malloc_trim(0);
	return bench_resident();
}

/* What a table left behind when it grew and moved is free again, not of the events. */
static double bytes_each(u64 before, u32 n)
{
	u64 after = resident_trimmed();

	return after > before ? (double)(after - before) / n : 0.0;
}

#define LOOKAHEAD 10000
#define PHOLD_MEAN 1000000

struct lp {
	struct phold *world;
	struct rng r;
	u32 id;
};

struct phold {
	struct lp *lps;
	u32 n;
	u64 warm, left, end; /* events before the clock starts, timed ones, time of the last */
	u64 sum; /* of what happened when, in any order */
	double from, to;
};

static void phold_init(struct phold *w, u32 n, u64 ops)
{
	u32 i;

	*w = (struct phold){ .n = n, .warm = 2 * n, .left = ops, .end = TIME_MAX };
	w->lps = calloc(n, sizeof(*w->lps));
	if (!w->lps)
		abort();
	for (i = 0; i < n; i++) {
		w->lps[i].world = w;
		w->lps[i].id = i;
		rng_seed(&w->lps[i].r, 1, 0, "phold", i, RNG_WORKLOAD);
	}
}

/*
 * An event at @now on @lp: false after the instant of the last one. All events of that instant
 * count, so that the sum does not depend on their order.
 */
static inline bool phold_count(struct phold *w, const struct lp *lp, u64 now)
{
	if (now > w->end)
		return false;
	w->sum += (now ^ lp->id) * 0x9e3779b97f4a7c15ULL;
	if (w->warm) {
		if (!--w->warm)
			w->from = bench_now();
	} else if (w->left && !--w->left) {
		w->to = bench_now();
		w->end = now;
	}
	return true;
}

static inline u64 phold_later(struct lp *lp)
{
	return LOOKAHEAD + rng_exp_ps(&lp->r, PHOLD_MEAN);
}

/* An event of a logical process sends one to another, at least the lookahead later. */
static void phold_event(struct sim *s, void *arg)
{
	struct lp *lp = arg;
	struct phold *w = lp->world;
	struct lp *to;

	if (!phold_count(w, lp, s->now)) {
		sim_stop(s);
		return;
	}
	to = &w->lps[rng_below(&lp->r, w->n)];
	sim_at(s, EV_TIMER, s->now + phold_later(lp), phold_event, to);
}

static u64 phold_sim(u32 n, u64 ops, double *ns)
{
	struct sim_config config = { .engine = SIM_NORMAL };
	struct sim *s = sim_new(&config);
	struct phold w;
	u32 i;

	if (!s)
		abort();
	phold_init(&w, n, ops);
	for (i = 0; i < n; i++)
		sim_at(s, EV_TIMER, phold_later(&w.lps[i]), phold_event, &w.lps[i]);
	sim_run(s, TIME_MAX);
	*ns = (w.to - w.from) / (double)ops;
	sim_free(s);
	free(w.lps);
	return w.sum;
}

static u64 phold_heap(u32 n, u64 ops)
{
	struct heap h = { .e = malloc((n + 1) * sizeof(*h.e)) };
	struct phold w;
	u64 seq = 0;
	u32 i;

	if (!h.e)
		abort();
	phold_init(&w, n, ops);
	for (i = 0; i < n; i++)
		heap_push(&h, (struct heap_entry){ phold_later(&w.lps[i]), seq++ << 24 | i });
	for (;;) {
		struct heap_entry e = heap_pop(&h);
		struct lp *lp = &w.lps[e.tag & 0xffffff];
		u32 to;

		if (!phold_count(&w, lp, e.time))
			break;
		to = (u32)rng_below(&lp->r, n);
		heap_push(&h, (struct heap_entry){ e.time + phold_later(lp), seq++ << 24 | to });
	}
	free(h.e);
	free(w.lps);
	return w.sum;
}

void bench_phold(struct bench *b)
{
	static const struct {
		u32 n;
		double target;
	} cases[] = { { 100, 28.0 }, { 10000, 42.0 }, { 1000000, 480.0 } };
	double ns[BENCH_REPEAT_MAX];
	u64 sums[BENCH_REPEAT_MAX];
	char params[32];
	u32 i, k;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct bench_row row = { "phold", params, "ns/event", BENCH_TIME, cases[i].target };

		snprintf(params, sizeof(params), "N=%u", cases[i].n);
		for (k = 0; k < b->repeat; k++)
			sums[k] = phold_sim(cases[i].n, b->ops, &ns[k]);
		bench_line(b, &row, ns, sums);
		if (cases[i].n <= 10000)
			bench_same(b, &row, sums[0], phold_heap(cases[i].n, b->ops));
	}
}

struct hop {
	struct coro c;
	struct coro *main;
	struct hop *next;
	u64 *left;
	u64 visits;
};

static void hop_body(void *arg)
{
	struct hop *h = arg;

	for (;;) {
		if (!*h->left)
			coro_switch(&h->c, h->main);
		--*h->left;
		h->visits++;
		coro_switch(&h->c, &h->next->c);
	}
}

static void switch_n(struct bench *b, u32 n, double target)
{
	char params[32];
	struct bench_row row = { "switch", params, "ns/switch", BENCH_TIME, target };
	struct coro_pool *pool = coro_pool_new(16384);
	struct hop *h = calloc(n, sizeof(*h));
	double ns[BENCH_REPEAT_MAX], from;
	u64 sums[BENCH_REPEAT_MAX], left = 0;
	struct coro main = { 0 };
	u32 k, j;

	if (!pool || !h)
		abort();
	snprintf(params, sizeof(params), "%u live", n);
	for (j = 0; j < n; j++) {
		h[j] = (struct hop){ .main = &main, .left = &left };
		h[j].next = &h[(j * 5 + 3) % n]; /* a full cycle: n is a power of 2 */
		if (coro_create(pool, &h[j].c, hop_body, &h[j]))
			abort();
		coro_switch(&main, &h[j].c);
	}
	for (k = 0; k < b->repeat; k++) {
		left = b->ops / n * n;
		from = bench_now();
		coro_switch(&main, &h[0].c);
		ns[k] = (bench_now() - from) / (double)b->ops;
		for (j = 0, sums[k] = 0; j < n; j++)
			sums[k] = bench_mix(sums[k], h[j].visits / (k + 1));
		for (j = 0; j < n; j++)
			if (h[j].visits != (k + 1) * (b->ops / n))
				bench_wrong(b, &row, "a coroutine was passed over");
	}
	bench_line(b, &row, ns, sums);
	coro_pool_free(pool);
	free(h);
}

void bench_switch(struct bench *b)
{
	switch_n(b, 16, 5.0);
	switch_n(b, 64, 5.0);
	switch_n(b, 256, 7.0);
	switch_n(b, 1024, 8.0);
	switch_n(b, 4096, 14.0);
}

#define SPAWN_N 4096

struct spawn {
	struct proc *p;
	u64 order, resident; /* who ran when; bytes with all of them alive */
	u32 alive;
};

static void spawn_body(struct proc *p)
{
	struct spawn *w = p->sim->layer[LAYER_RUN];

	w->order = bench_mix(w->order, p->index);
	if (++w->alive == SPAWN_N)
		w->resident = bench_resident();
	proc_advance(p, 1000);
	proc_sync(p);
}

static u64 spawn_once(struct bench *b, const struct bench_row *row, double *ns, double *bytes)
{
	struct sim_config config = { .engine = SIM_NORMAL };
	struct spawn w = { .p = calloc(SPAWN_N, sizeof(*w.p)) };
	struct sim *s = sim_new(&config);
	u64 before = resident_trimmed();
	double from = bench_now();
	u32 i;

	if (!s || !w.p)
		abort();
	s->layer[LAYER_RUN] = &w;
	for (i = 0; i < SPAWN_N; i++) {
		if (proc_init(s, &w.p[i], spawn_body, "spawn", i))
			abort();
		proc_start(&w.p[i], 0);
	}
	if (sim_run(s, TIME_MAX) != SIM_DONE || w.alive != SPAWN_N)
		bench_wrong(b, row, "not every proc has run");
	*ns = (bench_now() - from) / SPAWN_N;
	*bytes = w.resident > before ? (double)(w.resident - before) / SPAWN_N : 0.0;
	sim_free(s);
	free(w.p);
	return w.order;
}

void bench_spawn(struct bench *b)
{
	static const struct bench_row time = { "spawn", "4096 threads", "ns/thread", BENCH_TIME,
					       10000.0 };
	static const struct bench_row size = { "spawn", "4096 threads, resident", "B/thread",
					       BENCH_COUNT, 5 * 1024.0 };
	double ns[BENCH_REPEAT_MAX], bytes[BENCH_REPEAT_MAX];
	u64 sums[BENCH_REPEAT_MAX];
	u32 k;

	for (k = 0; k < b->repeat; k++)
		sums[k] = spawn_once(b, &time, &ns[k], &bytes[k]);
	bench_line(b, &time, ns, sums);
	/* later repetitions reuse memory of the first: the most is what a thread takes */
	for (k = 1; k < b->repeat; k++)
		bytes[0] = bytes[k] > bytes[0] ? bytes[k] : bytes[0];
	for (k = 1; k < b->repeat; k++)
		bytes[k] = bytes[0];
	bench_line(b, &size, bytes, sums);
}

static void nothing(struct sim *s, void *arg)
{
	(void)s;
	(void)arg;
}

/* Bytes of a one-shot of the core, handle and callback included. */
static double event_bytes(u32 n, u64 *sum)
{
	struct sim_config config = { .engine = SIM_NORMAL };
	struct sim *s = sim_new(&config);
	u64 before = resident_trimmed();
	double bytes;
	struct rng r;
	u32 i;

	if (!s)
		abort();
	rng_seed(&r, 1, 0, "mem", 0, RNG_WORKLOAD);
	for (i = 0; i < n; i++)
		sim_at(s, EV_TIMER, 1 + rng_exp_ps(&r, PHOLD_MEAN), nothing, NULL);
	bytes = bytes_each(before, n);
	*sum = wheel_peek(&s->wheel);
	sim_free(s);
	return bytes;
}

/* Bytes of an event of the bare wheel. */
static double wheel_bytes(u32 n, u64 *sum)
{
	u64 before = resident_trimmed();
	struct wheel w;
	double bytes;
	struct rng r;
	u32 i;

	wheel_init(&w);
	if (wheel_reserve(&w, n))
		abort();
	rng_seed(&r, 1, 0, "mem", 0, RNG_WORKLOAD);
	for (i = 0; i < n; i++)
		wheel_add(&w, i, 1 + rng_exp_ps(&r, PHOLD_MEAN));
	bytes = bytes_each(before, n);
	*sum = wheel_peek(&w);
	wheel_destroy(&w);
	return bytes;
}

/* Of one repetition: a second finds the memory of the first. */
void bench_mem_event(struct bench *b)
{
	static const struct bench_row bare = { "mem-event", "1M in the wheel", "B/event",
					       BENCH_COUNT, 24.0 };
	static const struct bench_row shot = { "mem-event", "1M one-shots of the core", "B/event",
					       BENCH_COUNT, 24.0 };
	double bytes[BENCH_REPEAT_MAX];
	u64 sums[BENCH_REPEAT_MAX];
	u32 k;

	bytes[0] = wheel_bytes(1000000, &sums[0]);
	for (k = 1; k < b->repeat; k++) {
		bytes[k] = bytes[0];
		sums[k] = sums[0];
	}
	bench_line(b, &bare, bytes, sums);
	bytes[0] = event_bytes(1000000, &sums[0]);
	for (k = 1; k < b->repeat; k++) {
		bytes[k] = bytes[0];
		sums[k] = sums[0];
	}
	bench_line(b, &shot, bytes, sums);
}

void bench_rng(struct bench *b)
{
#ifdef __clang__
	static const struct bench_row row = { "rng-exp", "10M draws", "ns", BENCH_TIME, 2.2 };
#else
	static const struct bench_row row = { "rng-exp", "10M draws", "ns", BENCH_TIME, 3.0 };
#endif
	u64 draws = b->quick ? b->ops : 10000000, sums[BENCH_REPEAT_MAX], i;
	double ns[BENCH_REPEAT_MAX], from, sum;
	struct rng r;
	u32 k;

	for (k = 0; k < b->repeat; k++) {
		rng_seed(&r, 1, 0, "bench", 0, RNG_WORKLOAD);
		from = bench_now();
		for (i = 0, sum = 0; i < draws; i++)
			sum += rng_exp(&r);
		ns[k] = (bench_now() - from) / (double)draws;
		sums[k] = (u64)(s64)(sum * 1000.0);
		if (sum / (double)draws < 0.95 || sum / (double)draws > 1.05)
			bench_wrong(b, &row, "the mean is not 1");
	}
	bench_line(b, &row, ns, sums);
}
