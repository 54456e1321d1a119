// SPDX-License-Identifier: GPL-2.0-or-later
/* PHOLD by agents, switches between procs, spawning, and the exponential variate. */
#include "tests/bench/bench.h"

#include <stdlib.h>

struct phold {
	struct sim *s;
	struct lp *lps;
	u64 left, sum;
	u32 n;
};

struct lp {
	struct phold *world;
	struct rng r;
	u32 id;
};

/* An event of a logical process sends one to another, at least the lookahead later. */
static void phold_event(struct sim *s, void *arg)
{
	struct lp *lp = arg;
	struct phold *w = lp->world;
	struct lp *to = &w->lps[rng_below(&lp->r, w->n)];

	w->sum = (w->sum ^ s->now ^ lp->id) * 0x9e3779b97f4a7c15ULL;
	if (!--w->left)
		sim_stop(s);
	sim_at(s, EV_TIMER, s->now + 10000 + rng_exp_ps(&lp->r, 1000000), phold_event, to);
}

static u64 phold_run(u32 n, u64 ops, double *ns)
{
	struct sim_config config = { .engine = SIM_NORMAL };
	struct phold w = { .s = sim_new(&config), .n = n, .left = ops };
	double from;
	u32 i;

	w.lps = calloc(n, sizeof(*w.lps));
	if (!w.lps || !w.s)
		abort();
	for (i = 0; i < n; i++) {
		w.lps[i].world = &w;
		w.lps[i].id = i;
		rng_seed(&w.lps[i].r, 1, 0, "phold", i, RNG_WORKLOAD);
		sim_at(w.s, EV_TIMER, 1 + rng_exp_ps(&w.lps[i].r, 1000000), phold_event, &w.lps[i]);
	}
	from = bench_now();
	sim_run(w.s, TIME_MAX);
	*ns = (bench_now() - from) / (double)ops;
	sim_free(w.s);
	free(w.lps);
	return w.sum;
}

void bench_phold(struct bench *b)
{
	static const u32 sizes[] = { 100, 10000, 1000000 };
	double ns[BENCH_REPEAT_MAX];
	u64 sum = 0;
	u32 i, k;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		for (k = 0; k < b->repeat; k++)
			sum = phold_run(sizes[i], b->ops, &ns[k]);
		bench_line(b, "phold", sizes[i], ns, sum);
	}
}

struct hop {
	struct coro c;
	struct coro *main;
	struct hop *next;
	u64 *left;
};

static void hop_body(void *arg)
{
	struct hop *h = arg;

	for (;;) {
		if (!*h->left)
			coro_switch(&h->c, h->main);
		--*h->left;
		coro_switch(&h->c, &h->next->c);
	}
}

void bench_switch(struct bench *b)
{
	static const u32 sizes[] = { 16, 64, 256, 1024, 4096 };
	double ns[BENCH_REPEAT_MAX], from;
	u32 i, k, n, j;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct coro_pool *pool = coro_pool_new(16384);
		struct hop *h = calloc(sizes[i], sizeof(*h));
		struct coro main = { 0 };
		u64 left = 0;

		n = sizes[i];
		if (!pool || !h)
			abort();
		for (j = 0; j < n; j++) {
			h[j] = (struct hop){ .main = &main, .left = &left };
			h[j].next = &h[(j * 5 + 3) % n]; /* a full cycle: n is a power of 2 */
			if (coro_create(pool, &h[j].c, hop_body, &h[j]))
				abort();
			coro_switch(&main, &h[j].c);
		}
		for (k = 0; k < b->repeat; k++) {
			left = b->ops;
			from = bench_now();
			coro_switch(&main, &h[0].c);
			ns[k] = (bench_now() - from) / (double)b->ops;
		}
		bench_line(b, "switch", n, ns, 0);
		coro_pool_free(pool);
		free(h);
	}
}

static void spawn_body(struct proc *p)
{
	proc_advance(p, 1000);
	proc_sync(p);
}

void bench_spawn(struct bench *b)
{
	struct proc *p = calloc(4096, sizeof(*p));
	double ns[BENCH_REPEAT_MAX], from;
	u32 i, k;

	for (k = 0; p && k < b->repeat; k++) {
		struct sim_config config = { .engine = SIM_NORMAL };
		struct sim *s = sim_new(&config);

		from = bench_now();
		for (i = 0; s && i < 4096; i++) {
			if (proc_init(s, &p[i], spawn_body, "spawn", i))
				abort();
			proc_start(&p[i], 0);
		}
		if (!s || sim_run(s, TIME_MAX) != SIM_DONE)
			b->failed = true;
		ns[k] = (bench_now() - from) / 4096.0;
		sim_free(s);
	}
	bench_line(b, "spawn", 4096, ns, 0);
	free(p);
}

void bench_rng(struct bench *b)
{
	double ns[BENCH_REPEAT_MAX], from, sum = 0;
	struct rng r;
	u64 i;
	u32 k;

	for (k = 0; k < b->repeat; k++) {
		rng_seed(&r, 1, 0, "bench", 0, RNG_WORKLOAD);
		from = bench_now();
		for (i = 0, sum = 0; i < b->ops; i++)
			sum += rng_exp(&r);
		ns[k] = (bench_now() - from) / (double)b->ops;
	}
	bench_line(b, "rng-exp", 1, ns, (u64)(s64)(sum * 1000.0));
}
