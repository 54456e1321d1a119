// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mmsim-bench: speed of the event core. Each figure is also given as a ratio to
 * a binary heap timed by the same program, so that it carries across machines.
 */
#include "tests/bench/bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

double bench_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

void bench_line(struct bench *b, const char *name, u32 n, double *ns, u64 sum)
{
	qsort(ns, b->repeat, sizeof(*ns), compare);
	printf("%-14s %8u %9.2f %9.2f", name, n, ns[0], ns[b->repeat / 2]);
	if (b->reference_ns > 0.0)
		printf(" %7.2f", b->reference_ns / ns[0]);
	else
		printf(" %7s", "-");
	printf("  %016llx\n", (unsigned long long)sum);
	fflush(stdout);
}

void bench_same(struct bench *b, const char *name, u32 n, u64 got, u64 want)
{
	if (got == want)
		return;
	printf("%s %u: checksum differs from the heap's %016llx\n", name, n,
	       (unsigned long long)want);
	b->failed = true;
}

int main(int argc, char **argv)
{
	bool quick = argc > 1 && !strcmp(argv[1], "--quick");
	struct bench b = { .ops = quick ? 20000 : 3000000, .repeat = quick ? 1 : 5 };

	if (argc > 1 && !quick) {
		fprintf(stderr, "usage: mmsim-bench [--quick]\n");
		return 2;
	}
	printf("switch: %s\n%-14s %8s %9s %9s %7s  %s\n", coro_backend(), "name", "n", "min_ns",
	       "median_ns", "ratio", "checksum");
	bench_reference(&b);
	bench_hold(&b);
	bench_phold(&b);
	bench_switch(&b);
	bench_spawn(&b);
	bench_rng(&b);
	return b.failed;
}
