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

/* Put @t, which has joined its run queue, on its CPU, which is idle; it runs after @latency. */
void sched_run(struct task *t, u64 latency);

/* @t, which belongs to no run queue, becomes runnable on its CPU, which is busy. */
void sched_enqueue(struct task *t);

/* balance.c: a task for the CPU of @to, which has none left; it has joined @to. Or NULL. */
struct task *balance_pull(struct rq *to);

/* Tasks have been queued: idle CPUs, if there are any, look at the present instant. */
void balance_kick(struct kern *k);

/* The CPU of @from switches tasks: give some away if another one has two less. */
void balance_busy(struct rq *from);

/* Choose the CPU on which @t, which sleeps, becomes runnable; @waker may be NULL. */
void balance_wake(struct task *waker, struct task *t);

/* Let @t, which sleeps or is new, wake up as if it had run on @cpu last. */
void balance_move(struct task *t, u32 cpu);

/* Where @t goes whose CPU is offline: an idle or the least busy CPU of the nearest scope. */
u32 balance_fallback(const struct task *t);

/* The CPU of @from is offline: all that wait there go elsewhere. Returns how many. */
u32 balance_push(struct rq *from);

/* The task runs (again): book the switch, refresh its knowledge. */
void sched_resumed(struct task *t);

/* The task's body has returned: give the CPU away for good. */
void sched_exit(struct task *t);

/* Switch away into @state (TASK_QUEUED or TASK_SLEEPING); returns when it runs again. */
void sched_away(struct task *t, enum task_state state);

#endif
