// SPDX-License-Identifier: GPL-2.0-or-later
/* Hold model on the wheel and on the binary heap: same pops, so the same checksum. */
#include "tests/bench/bench.h"
#include "tests/core/heap.h"

#include <stdlib.h>

enum dist { EXP, UNI, BIMODAL, TIES, NR_DISTS };

static const char *const names[] = { "hold-exp", "hold-uni", "hold-bimodal", "hold-ties" };

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
	return (sum ^ id ^ time) * 0x9e3779b97f4a7c15ULL + (sum >> 31);
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

void bench_reference(struct bench *b)
{
	double ns[BENCH_REPEAT_MAX];
	u64 sum = 0;
	u32 i;

	for (i = 0; i < b->repeat; i++)
		sum = hold_heap(EXP, 1024, b->ops, &ns[i]);
	bench_line(b, "reference-heap", 1024, ns, sum);
	b->reference_ns = ns[0];
}

/* Half of the operations take an event out again or move it. */
static void hold_cancel(struct bench *b)
{
	double ns[BENCH_REPEAT_MAX], from;
	u64 sum = 0, i;
	struct wheel w;
	struct rng r;
	u32 k, id;

	for (k = 0; k < b->repeat; k++) {
		wheel_init(&w);
		if (wheel_reserve(&w, 2048))
			abort();
		rng_seed(&r, 1, 0, "cancel", 0, RNG_WORKLOAD);
		for (id = 0; id < 2048; id++)
			wheel_add(&w, id, draw(&r, EXP));
		from = bench_now();
		for (i = sum = 0; i < b->ops; i += 2) {
			u32 next;

			for (id = wheel_pop_instant(&w); id != WHEEL_NIL; id = next) {
				next = w.nodes[id].next;
				sum = mix(sum, id, w.now);
				wheel_add(&w, id, w.now + 1 + draw(&r, EXP));
			}
			id = (u32)rng_u64(&r) & 2047;
			wheel_del(&w, id);
			wheel_add(&w, id, w.now + 1 + draw(&r, EXP));
		}
		ns[k] = (bench_now() - from) / (double)b->ops;
		wheel_destroy(&w);
	}
	bench_line(b, "hold-cancel", 2048, ns, sum);
}

void bench_hold(struct bench *b)
{
	static const u32 sizes[] = { 64, 1024, 16384, 262144, 1048576 };
	double ns[BENCH_REPEAT_MAX], ignored;
	u32 d, i, k, n;
	u64 sum = 0;

	for (d = 0; d < NR_DISTS; d++) {
		for (i = 0; i < ARRAY_SIZE(sizes); i++) {
			n = sizes[i];
			if (d == TIES && n != 1024)
				continue;
			for (k = 0; k < b->repeat; k++)
				sum = hold_wheel((enum dist)d, n, b->ops, &ns[k]);
			bench_line(b, names[d], n, ns, sum);
			if (n <= 16384)
				bench_same(b, names[d], n, sum,
					   hold_heap((enum dist)d, n, b->ops, &ignored));
		}
	}
	hold_cancel(b);
}
