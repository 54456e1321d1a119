/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CPU hotplug: CPUs leave and come back while the machine runs (the kernel's
 * Documentation/core-api/cpu_hotplug.rst; kernel/cpu.c of 6.12).
 *
 * The task that takes a CPU down goes there first, as the stopper does: whoever runs
 * leaves at its next reschedule point, as for any other reschedule, and nobody is picked
 * before the stopper. Then the CPU is empty but for its queue, which moves to other CPUs,
 * the nearest scope first; an affinity that allows no online CPU is broken
 * (select_fallback_rq()), for good, but that of kworkers, whose pool goes on as
 * unbound and is bound again when the CPU is back (unbind_workers(), rebind_workers()).
 * The time of an offline CPU is idle time. What others keep for the CPU is given back by
 * steps, which the task runs elsewhere when the CPU is dead: cpuhp_setup_state_nocalls().
 *
 * Left out: what bringing firmware and the CPU itself up or down costs (milliseconds),
 * the other CPUs' part of stop_machine(), the RCU grace period of sched_cpu_deactivate(),
 * parked threads, roll-back of failed steps. Reference: machine.md is silent on it.
 */
#ifndef MMSIM_KERN_CPUHP_H
#define MMSIM_KERN_CPUHP_H

#include "sim/kern/task.h"

/*
 * Have @dead called for each CPU that goes, in the order of registration. @step belongs to
 * the caller, who keeps it until cpuhp_remove_state() or the end of the run.
 */
void cpuhp_setup_state(struct kern *k, struct cpuhp_step *step,
		       void (*dead)(struct task *t, u32 cpu, void *arg), void *arg);

/* No more; a no-op for a zeroed @step that was never registered. */
void cpuhp_remove_state(struct cpuhp_step *step);

/**
 * cpu_offline - take a CPU down
 * @t: task that does it, not a kworker and with no lock held; it moves there and away
 *
 * Sleeps; one at a time goes on. Returns 0, -EINVAL if there is no such CPU or it is offline,
 * -EBUSY if it is the last one.
 */
int cpu_offline(struct task *t, u32 cpu);

/* Bring it back, empty: it pulls what waits elsewhere. 0, or -EINVAL if it is online. */
int cpu_online(struct task *t, u32 cpu);

#endif
