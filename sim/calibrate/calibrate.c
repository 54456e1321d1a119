// SPDX-License-Identifier: GPL-2.0-or-later
/* The order of the measurements, and what stops them. */
#include <linux/mempolicy.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sim/calibrate/internal.h"

static const struct step {
	const char *what;
	void (*measure)(struct cal_ctx *ctx);
} steps[] = {
	{ "clock, atomics, system call", cal_measure_core },
	{ "cache and memory latency", cal_measure_latency },
	{ "ping-pong between CPUs", cal_measure_pingpong },
	{ "hammered line", cal_measure_hammer },
	{ "ticket lock", cal_measure_ticket },
	{ "page clearing and faults", cal_measure_page },
	{ "big mappings and tmpfs", cal_measure_fault },
	{ "context switch and wake-up", cal_measure_sched },
	{ "calls on other CPUs", cal_measure_ipi },
	{ "membarrier and munmap", cal_measure_proxies },
};

#define NR_STEPS (sizeof(steps) / sizeof(steps[0]))

/* Ticks are coarse: what comes out below nothing is nothing. */
static void note_load(struct calibration *c, const struct cal_load *before)
{
	struct cal_load now;
	int64_t total, others;

	cal_load_read(&now);
	total = (int64_t)(now.total - before->total);
	if (total <= 0)
		return;
	others = total - (int64_t)(now.idle - before->idle) - (int64_t)(now.steal - before->steal) -
		 (int64_t)(now.own - before->own);
	c->others_pct = others > 0 ? (uint32_t)(100 * others / total) : 0;
	c->steal_pct = (uint32_t)(100 * (now.steal - before->steal) / (uint64_t)total);
}

/*
 * An explicit policy keeps the balancer of NUMA nodes from moving a page in the middle (it
 * leaves out what has a policy without MPOL_F_MOF). Threads inherit it.
 */
static void stay_put(bool on)
{
	/* A kernel without NUMA says no, and has no balancer. */
	(void)syscall(SYS_set_mempolicy, on ? MPOL_LOCAL : MPOL_DEFAULT, NULL, 0);
}

enum cal_status calibrate(struct calibration *c, const struct cal_options *opt)
{
	struct cal_ctx ctx = { .opt = opt, .out = c };
	struct cal_load before;
	enum cal_status status;
	uint32_t i;

	memset(c, 0, sizeof(*c));
	for (i = 0; i < NR_CAL_ITEMS; i++)
		snprintf(c->results[i].why, CAL_WHY_MAX, "this host has none");
	cal_host_read(&c->host);
	cal_load_read(&before);
	status = cal_topology_read(&c->topology, opt->synthetic);
	/* As many CPUs as the quota has are as good as no quota. */
	if (status == CAL_DONE && c->topology.quota / 1000 < c->topology.nr_usable)
		return CAL_QUOTA;
	stay_put(true);
	for (i = 0; status == CAL_DONE && i < NR_STEPS; i++) {
		if (cal_stopped(&ctx))
			break;
		if (opt->progress)
			opt->progress(opt->arg, steps[i].what);
		steps[i].measure(&ctx);
	}
	stay_put(false);
	note_load(c, &before);
	if (atomic_load(&ctx.no_memory))
		return CAL_NO_MEMORY;
	return status == CAL_DONE && cal_stopped(&ctx) ? CAL_STOPPED : status;
}

void calibration_free(struct calibration *c)
{
	free(c->topology.cpus);
	memset(c, 0, sizeof(*c));
}
