/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside of the scheduler, for the other files of sim/kern. Models use task.h.
 */
#ifndef MMSIM_KERN_SCHED_H
#define MMSIM_KERN_SCHED_H

#include "sim/kern/task.h"

/* Random phase of each CPU's slice (machine.md section 0, decision 8). */
void sched_init(struct kern *k);

/* Refresh what the task knows of the world; call synchronised. */
void task_snapshot(struct task *t);

/* Reschedule if the slice is over and somebody waits; call synchronised. */
void sched_check_slice(struct task *t);

/* The task runs (again): book the switch, refresh its knowledge. */
void sched_resumed(struct task *t);

/* The task's body has returned: give the CPU away for good. */
void sched_exit(struct task *t);

/* Switch away into @state (TASK_QUEUED or TASK_SLEEPING); returns when it runs again. */
void sched_away(struct task *t, enum task_state state);

#endif
