// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What kernel and CPU say about themselves without privileges: names, HZ, preemption,
 * hypervisor. HZ is the resolution of the coarse clock. Which spin locks a guest uses
 * follows from what its hypervisor offers (machine.md 2.4.6, Linux
 * arch/x86/kernel/kvm.c); a kernel told otherwise at boot is not seen through.
 */
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include "sim/calibrate/internal.h"

#if defined(__x86_64__)
#define CPUID_HYPERVISOR (1U << 31) /* leaf 1, ecx */
#define HYPERVISOR_LEAF 0x40000000U
#define KVM_FEATURE_PV_UNHALT (1U << 7) /* leaf 0x40000001, eax */
#define KVM_HINTS_REALTIME (1U << 0) /* leaf 0x40000001, edx */

static void read_hypervisor(struct cal_host *h)
{
	unsigned int a, b, c, d;
	char name[13] = "";

	if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & CPUID_HYPERVISOR))
		return;
	h->vm = true;
	__cpuid(HYPERVISOR_LEAF, a, b, c, d);
	memcpy(name, &b, 4);
	memcpy(name + 4, &c, 4);
	memcpy(name + 8, &d, 4);
	if (strcmp(name, "KVMKVMKVM"))
		return;
	__cpuid(HYPERVISOR_LEAF + 1, a, b, c, d);
	h->pv_spinlocks = a & KVM_FEATURE_PV_UNHALT;
	h->native_spinlocks = d & KVM_HINTS_REALTIME;
}
#else
static void read_hypervisor(struct cal_host *h)
{
	h->vm = !access("/sys/hypervisor/type", F_OK) ||
		!access("/proc/device-tree/hypervisor", F_OK);
}
#endif

/* Text from a file may hold anything: keep what a YAML comment can. */
static void clean(char *s)
{
	for (; *s; s++)
		if (*s < ' ' || *s > '~' || *s == '"' || *s == '\\')
			*s = ' ';
}

static void read_cpu_name(struct cal_host *h)
{
	FILE *f = fopen("/proc/cpuinfo", "re");
	char line[256];
	const char *colon;

	while (f && fgets(line, sizeof(line), f)) {
		colon = strchr(line, ':');
		if (strncmp(line, "model name", 10) || !colon)
			continue;
		line[strcspn(line, "\n")] = '\0';
		snprintf(h->cpu, sizeof(h->cpu), "%.60s", colon + 1 + (colon[1] == ' '));
		break;
	}
	if (f)
		fclose(f);
}

void cal_host_read(struct cal_host *h)
{
	struct timespec res;
	struct utsname u;

	memset(h, 0, sizeof(*h));
	read_cpu_name(h);
	if (!uname(&u)) {
		snprintf(h->kernel, sizeof(h->kernel), "%.60s %.30s", u.release, u.machine);
		/* With PREEMPT_DYNAMIC the mode is a boot option that only root can see. */
		h->full_preempt =
			strstr(u.version, "PREEMPT") && !strstr(u.version, "PREEMPT_DYNAMIC");
		if (!*h->cpu)
			snprintf(h->cpu, sizeof(h->cpu), "%.60s", u.machine);
	}
	clean(h->cpu);
	clean(h->kernel);
	if (!clock_getres(CLOCK_MONOTONIC_COARSE, &res) && !res.tv_sec && res.tv_nsec >= 100000)
		h->hz = (uint32_t)((1000000000L + res.tv_nsec / 2) / res.tv_nsec);
	read_hypervisor(h);
}

static uint64_t ns_of(struct timeval t)
{
	return (uint64_t)t.tv_sec * 1000000000ULL + (uint64_t)t.tv_usec * 1000;
}

void cal_load_read(struct cal_load *l)
{
	enum { USER, NICE, SYSTEM, IDLE, IOWAIT, IRQ, SOFTIRQ, STEAL, NR_FIELDS };
	unsigned long long v[NR_FIELDS] = { 0 };
	long tick = sysconf(_SC_CLK_TCK);
	FILE *f = fopen("/proc/stat", "re");
	struct rusage ru;
	int n = 0, i;

	memset(l, 0, sizeof(*l));
	if (f && tick > 0 && !fscanf(f, "cpu ")) {
		while (n < NR_FIELDS && fscanf(f, "%llu", &v[n]) == 1)
			n++;
		for (i = 0; i < n; i++)
			l->total += v[i] * (1000000000ULL / (uint64_t)tick);
		l->idle = (v[IDLE] + v[IOWAIT]) * (1000000000ULL / (uint64_t)tick);
		l->steal = v[STEAL] * (1000000000ULL / (uint64_t)tick);
	}
	if (f)
		fclose(f);
	if (!getrusage(RUSAGE_SELF, &ru))
		l->own = ns_of(ru.ru_utime) + ns_of(ru.ru_stime);
}
