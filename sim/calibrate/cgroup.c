// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Limits that cgroups (v2) put on this process: the tightest on the way up to the root. A CPU
 * quota stops threads in the middle of a sample (machine.md section 6, pitfalls); a memory limit bounds
 * how much may be touched. Left out: v1 hierarchies.
 */
#include <stdio.h>
#include <string.h>

#include "sim/calibrate/internal.h"

/* Limit in one file, parsed by @parse; UINT64_MAX: none. */
static uint64_t tightest(const char *file, uint64_t (*parse)(FILE *f))
{
	FILE *cgroups = fopen("/proc/self/cgroup", "re"), *f;
	uint64_t best = UINT64_MAX, v;
	char line[512], path[600], *slash;

	while (cgroups && fgets(line, sizeof(line), cgroups)) {
		if (strncmp(line, "0::", 3))
			continue;
		line[strcspn(line, "\n")] = '\0';
		do {
			snprintf(path, sizeof(path), "/sys/fs/cgroup%s/%s", line + 3, file);
			f = fopen(path, "re");
			v = f ? parse(f) : UINT64_MAX;
			best = v < best ? v : best;
			if (f)
				fclose(f);
			slash = strrchr(line + 3, '/');
			if (slash)
				*slash = '\0';
		} while (slash);
	}
	if (cgroups)
		fclose(cgroups);
	return best;
}

uint64_t cal_parse_quota(FILE *f)
{
	unsigned long long quota, period;

	/* "max 100000" has no number first. */
	if (fscanf(f, "%llu %llu", &quota, &period) != 2 || !period)
		return UINT64_MAX;
	return quota * 1000 / period;
}

static uint64_t parse_bytes(FILE *f)
{
	unsigned long long bytes;

	return fscanf(f, "%llu", &bytes) == 1 ? bytes : UINT64_MAX;
}

uint64_t cal_cgroup_quota(void)
{
	return tightest("cpu.max", cal_parse_quota);
}

uint64_t cal_cgroup_memory(void)
{
	return tightest("memory.max", parse_bytes);
}
