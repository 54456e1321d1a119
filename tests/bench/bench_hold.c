// SPDX-License-Identifier: GPL-2.0-or-later
/* Hold model on the wheel and on the binary heap: same pops, so the same checksum. */
#include "tests/bench/bench.h"
#include "tests/core/heap.h"

#include <stdio.h>
#include <stdlib.h>

enum dist { EXP, UNI, BIMODAL, TIES };

static inline u64 draw(struct rng *r, enum dist d)
{
	switch (d) {
	case EXP:
		return rng_exp_ps(r, 1000000);
	case UNI:
		return rng_below(r, 2000000);
	case BIMODAL:
		return rng_exp_ps(r, rng_below(r, 16) ? 190000 : 29000000);
	default:
		return (1 + rng_below(r, 50)) * 1000000;
	}
}

static inline u64 mix(u64 sum, u64 id, u64 time)
{
	return bench_mix(sum, id ^ time);
}

static u64 hold_wheel(enum dist d, u32 n, u64 ops, double *ns)
{
	u64 i = 0, sum = 0, warm = max_u64(2ULL * n, ops / 3);
	struct wheel w;
	struct rng r;
	double from = 0;
	u32 id, next;

	wheel_init(&w);
	if (wheel_reserve(&w, n))
		abort();
	rng_seed(&r, 1, 0, "hold", d, RNG_WORKLOAD);
	for (id = 0; id < n; id++)
		wheel_add(&w, id, draw(&r, d));
	while (i < warm + ops) {
		for (id = wheel_pop_instant(&w); id != WHEEL_NIL && i < warm + ops; id = next) {
			if (i++ == warm)
				from = bench_now();
			next = w.nodes[id].next;
			sum = mix(sum, id, w.now);
			wheel_add(&w, id, w.now + 1 + draw(&r, d));
		}
	}
	*ns = (bench_now() - from) / (double)ops;
	wheel_destroy(&w);
	return sum;
}

static u64 hold_heap(enum dist d, u32 n, u64 ops, double *ns)
{
	u64 i, seq = 0, sum = 0, warm = max_u64(2ULL * n, ops / 3);
	struct heap h = { .e = malloc((n + 1) * sizeof(*h.e)) };
	double from = 0;
	struct rng r;

	if (!h.e)
		abort();
	rng_seed(&r, 1, 0, "hold", d, RNG_WORKLOAD);
	for (i = 0; i < n; i++)
		heap_push(&h, (struct heap_entry){ draw(&r, d), seq++ << 24 | i });
	for (i = 0; i < warm + ops; i++) {
		struct heap_entry e;

		if (i == warm)
			from = bench_now();
		e = heap_pop(&h);
		sum = mix(sum, e.tag & 0xffffff, e.time);
		e.time += 1 + draw(&r, d);
		e.tag = seq++ << 24 | (e.tag & 0xffffff);
		heap_push(&h, e);
	}
	*ns = (bench_now() - from) / (double)ops;
	free(h.e);
	return sum;
}

void bench_reference(struct bench *b, bool print)
{
	static const struct bench_row row = { "reference", "binary heap, N=1024", "ns/event",
					      BENCH_TIME, 0.0 };
	double ns[BENCH_REPEAT_MAX];
	u64 sums[BENCH_REPEAT_MAX];
	u32 i;

	for (i = 0; i < b->repeat; i++) {
		sums[i] = hold_heap(EXP, 1024, b->ops, &ns[i]);
		if (!i || ns[i] < b->reference_ns)
			b->reference_ns = ns[i];
	}
	if (print)
		bench_line(b, &row, ns, sums);
}

static const u32 sizes[] = { 64, 1024, 16384, 262144, 1048576 };
static const double targets[] = { 20.0, 22.0, 30.0, 60.0, 320.0 }; /* of hold-exp */

static void hold(struct bench *b, const char *name, enum dist d, u32 n, double target)
{
	char params[32];
	struct bench_row row = { name, params, "ns/event", BENCH_TIME, target };
	double ns[BENCH_REPEAT_MAX], ignored;
	u64 sums[BENCH_REPEAT_MAX];
	u32 k;

	snprintf(params, sizeof(params), "N=%u", n);
	for (k = 0; k < b->repeat; k++)
		sums[k] = hold_wheel(d, n, b->ops, &ns[k]);
	bench_line(b, &row, ns, sums);
	if (n <= 16384)
		bench_same(b, &row, sums[0], hold_heap(d, n, b->ops, &ignored));
}

static void hold_all(struct bench *b, const char *name, enum dist d, double factor)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		hold(b, name, d, sizes[i], factor * targets[i]);
}

void bench_hold_exp(struct bench *b)
{
	hold_all(b, "hold-exp", EXP, 1.0);
}

void bench_hold_uni(struct bench *b)
{
	hold_all(b, "hold-uni", UNI, 1.5);
}

void bench_hold_bimodal(struct bench *b)
{
	hold_all(b, "hold-bimodal", BIMODAL, 1.5);
}

void bench_hold_ties(struct bench *b)
{
	hold(b, "hold-ties", TIES, 1024, 20.0);
}

#define CANCEL_N 1024

/* Half of the operations take the earliest event, half move one that is anywhere. */
static u64 cancel_wheel(u64 ops, double *ns)
{
	u64 sum = 0, i;
	struct wheel w;
	struct rng r;
	double from;
	u32 id, next;

	wheel_init(&w);
	if (wheel_reserve(&w, CANCEL_N))
		abort();
	rng_seed(&r, 1, 0, "cancel", 0, RNG_WORKLOAD);
	for (id = 0; id < CANCEL_N; id++)
		wheel_add(&w, id, draw(&r, EXP));
	from = bench_now();
	for (i = 0; i < ops;) {
		for (id = wheel_pop_instant(&w); id != WHEEL_NIL; id = next, i++) {
			next = w.nodes[id].next;
			sum = mix(sum, id, w.now);
			wheel_add(&w, id, w.now + 1 + draw(&r, EXP));
		}
		id = (u32)rng_u64(&r) & (CANCEL_N - 1);
		wheel_del(&w, id);
		wheel_add(&w, id, w.now + 1 + draw(&r, EXP));
		i++;
	}
	*ns = (bench_now() - from) / (double)i;
	wheel_destroy(&w);
	return sum;
}

/* The same on a heap that keeps stale entries: an id's entry counts if its seq is the last. */
static u64 cancel_heap(u64 ops)
{
	struct heap h = { .e = malloc((CANCEL_N + ops + 1) * sizeof(*h.e)) };
	u64 seq[CANCEL_N], next_seq = 0, sum = 0, i, now;
	struct heap_entry e;
	struct rng r;
	u32 id;

	if (!h.e)
		abort();
	rng_seed(&r, 1, 0, "cancel", 0, RNG_WORKLOAD);
	for (id = 0; id < CANCEL_N; id++) {
		seq[id] = next_seq;
		heap_push(&h, (struct heap_entry){ draw(&r, EXP), next_seq++ << 24 | id });
	}
	for (i = 0; i < ops; i++) {
		now = TIME_MAX;
		for (;;) {
			id = (u32)(h.e[0].tag & 0xffffff);
			if (h.e[0].tag >> 24 != seq[id]) {
				heap_pop(&h);
				continue;
			}
			if (now != TIME_MAX && h.e[0].time != now)
				break;
			e = heap_pop(&h);
			now = e.time;
			sum = mix(sum, id, now);
			seq[id] = next_seq;
			heap_push(&h, (struct heap_entry){ now + 1 + draw(&r, EXP),
							   next_seq++ << 24 | id });
			i++;
		}
		id = (u32)rng_u64(&r) & (CANCEL_N - 1);
		seq[id] = next_seq;
		heap_push(&h,
			  (struct heap_entry){ now + 1 + draw(&r, EXP), next_seq++ << 24 | id });
	}
	free(h.e);
	return sum;
}

void bench_hold_cancel(struct bench *b)
{
	static const struct bench_row row = { "hold-cancel", "N=1024, half moved", "ns/op",
					      BENCH_TIME, 1.5 * 22.0 };
	double ns[BENCH_REPEAT_MAX];
	u64 sums[BENCH_REPEAT_MAX];
	u32 k;

	for (k = 0; k < b->repeat; k++)
		sums[k] = cancel_wheel(b->ops, &ns[k]);
	bench_line(b, &row, ns, sums);
	bench_same(b, &row, sums[0], cancel_heap(b->ops));
}
