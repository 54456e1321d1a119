// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mmsim-bench: the table of engine.md section 6. Each figure is also given as a
 * ratio to a binary heap timed by the same program, and that ratio as percentage of
 * the one the target asks for, so that it carries across machines. README.md.
 */
#include "tests/bench/bench.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* The reference loop on the machine whose targets engine.md section 6 states. */
#define REFERENCE_NS 40.0

static const struct group {
	const char *name, *about;
	void (*run)(struct bench *b);
} groups[] = {
	{ "hold-exp", "wheel: take the earliest, add one later; exponential", bench_hold_exp },
	{ "hold-uni", "the same, uniform", bench_hold_uni },
	{ "hold-bimodal", "the same, 15 of 16 short", bench_hold_bimodal },
	{ "hold-ties", "the same, multiples of 1 us", bench_hold_ties },
	{ "hold-cancel", "half of the events are taken out and put elsewhere", bench_hold_cancel },
	{ "phold", "events that send events, one-shots of the core", bench_phold },
	{ "switch", "from coroutine to coroutine", bench_switch },
	{ "spawn", "4096 procs with guarded stacks, from start to end", bench_spawn },
	{ "mem-event", "memory of a pending event", bench_mem_event },
	{ "rng-exp", "exponential variate", bench_rng },
	{ "lock-queued", "FIFO lock whose holder synchronises inside", bench_lock_queued },
	{ "lock-timeline", "FIFO lock whose holder runs through", bench_lock_timeline },
	{ "lock-private", "the same with 8 private steps a cycle", bench_lock_private },
	{ "spinlock", "the same load on the FIFO lock of sim/kern, with all statistics",
	  bench_spinlock },
	{ "spinlock-many", "65536 tasks on 1024 CPUs at one qspinlock", bench_spinlock_many },
	{ "equivalence", "total wait of both forms, to the bit", bench_equivalence },
	{ "model-ops", "operations of the shipped models, 64 threads", bench_model_ops },
	{ "yaml-load", "a scenario of 20000 groups into structs", bench_yaml_load },
	{ "csv-write", "rows of 6 columns to /dev/null", bench_csv_write },
};

double bench_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

u64 bench_resident(void)
{
	unsigned long total = 0, resident = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	if (f && fscanf(f, "%lu %lu", &total, &resident) != 2)
		resident = 0;
	if (f)
		fclose(f);
	return resident * (u64)sysconf(_SC_PAGESIZE);
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double shown(const struct bench_row *row, double v)
{
	return row->kind == BENCH_RATE ? 1000.0 / v : v;
}

/* Percent of what the target asks for; the host's speed cancels out of times and rates. */
static double percent(const struct bench *b, const struct bench_row *row, double v)
{
	double target = shown(row, row->target); /* its own inverse */

	if (row->kind == BENCH_COUNT)
		return v > 0.0 ? 100.0 * target / v : 100.0;
	return 100.0 * (b->reference_ns / v) / (REFERENCE_NS / target);
}

static void print_target(struct bench *b, const struct bench_row *row, double v)
{
	double pc;

	if (row->kind != BENCH_COUNT && b->reference_ns > 0.0)
		printf(" %7.2f", b->reference_ns / v);
	else
		printf(" %7s", "-");
	if (row->target <= 0.0) {
		printf(" %8s %5s", "-", "-");
		return;
	}
	pc = percent(b, row, v);
	printf(" %8.2f %4.0f%%", row->target, pc);
	if (pc < b->worst)
		b->worst = pc;
}

void bench_line(struct bench *b, const struct bench_row *row, double *v, const u64 *sums)
{
	u32 i;

	qsort(v, b->repeat, sizeof(*v), compare);
	printf("%-14s %-25s %-12s %9.2f %9.2f", row->name, row->params, row->unit, shown(row, v[0]),
	       shown(row, v[b->repeat / 2]));
	print_target(b, row, v[0]);
	printf(" %016llx\n", (unsigned long long)sums[0]);
	fflush(stdout);
	for (i = 1; i < b->repeat; i++)
		bench_same(b, row, sums[i], sums[0]);
}

void bench_same(struct bench *b, const struct bench_row *row, u64 got, u64 want)
{
	if (got == want)
		return;
	printf("%s %s: checksum is %016llx, should be %016llx\n", row->name, row->params,
	       (unsigned long long)got, (unsigned long long)want);
	b->failed = true;
}

void bench_wrong(struct bench *b, const struct bench_row *row, const char *what)
{
	printf("%s %s: %s\n", row->name, row->params, what);
	b->failed = true;
}

/* Stay on the core we are on. */
static void pin(void)
{
	cpu_set_t set;
	int cpu = sched_getcpu();

	CPU_ZERO(&set);
	CPU_SET(cpu < 0 ? 0 : cpu, &set);
	if (cpu < 0 || sched_setaffinity(0, sizeof(set), &set))
		printf("not pinned to a core\n");
}

static int usage(FILE *f)
{
	u32 i;

	fprintf(f, "usage: mmsim-bench [OPTION]... [NAME]...\n"
		   "  --quick        few operations, once: are the checksums right?\n"
		   "  --repeat N     repetitions, 5\n"
		   "  --min PERCENT  fail if a figure is below this share of its target\n"
		   "NAME is one of these, or how it begins; without one, all:\n");
	for (i = 0; i < ARRAY_SIZE(groups); i++)
		fprintf(f, "  %-14s %s\n", groups[i].name, groups[i].about);
	return f == stdout ? 0 : 2;
}

static bool known(const char *name)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(groups); i++)
		if (!strncmp(groups[i].name, name, strlen(name)))
			return true;
	return false;
}

static bool wanted(const char *group, char *const *names)
{
	if (!*names)
		return true;
	for (; *names; names++)
		if (!strncmp(group, *names, strlen(*names)))
			return true;
	return false;
}

/* Fills @b and returns the names, NULL if the command line is wrong. */
static char **options(struct bench *b, char **argv)
{
	for (argv++; *argv && (*argv)[0] == '-'; argv++) {
		const char *value = argv[1];

		if (!strcmp(*argv, "--quick")) {
			b->quick = true;
			b->ops = 20000;
			b->repeat = 1;
			continue;
		}
		if (!value)
			return NULL;
		if (!strcmp(*argv, "--repeat"))
			b->repeat = (u32)atoi(value);
		else if (!strcmp(*argv, "--min"))
			b->min_percent = atof(value);
		else
			return NULL;
		argv++;
	}
	if (!b->repeat || b->repeat > BENCH_REPEAT_MAX)
		return NULL;
	for (char **name = argv; *name; name++)
		if (!known(*name))
			return NULL;
	return argv;
}

int main(int argc, char **argv)
{
	struct bench b = { .ops = 3000000, .repeat = 5, .worst = 1e9 };
	char **names;
	u32 i;

	if (argc > 1 && !strcmp(argv[1], "--help"))
		return usage(stdout);
	names = options(&b, argv);
	if (!names)
		return usage(stderr);
	pin();
	printf("coroutines: %s\n%-14s %-25s %-12s %9s %9s %7s %8s %5s %s\n", coro_backend(), "name",
	       "parameters", "unit", "best", "median", "ratio", "target", "of it", "checksum");
	bench_reference(&b, true);
	for (i = 0; i < ARRAY_SIZE(groups); i++) {
		if (!wanted(groups[i].name, names))
			continue;
		if (!b.quick)
			bench_reference(&b, false);
		groups[i].run(&b);
	}
	if (b.worst < b.min_percent) {
		printf("a figure is at %.0f %% of its target, below %.0f %%\n", b.worst,
		       b.min_percent);
		b.failed = true;
	}
	return b.failed;
}
