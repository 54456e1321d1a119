// SPDX-License-Identifier: GPL-2.0-or-later
/* Where threads meet: barriers, spawn and wait, phases, and the end of a thread. */
#include "sim/experiment/prog.h"
#include "sim/experiment/run_cgroups.h"

/* Live threads of the groups that name the barrier. */
static u32 barrier_width(const struct interp *in, u32 index)
{
	u32 i, n = 0;

	for (i = 0; i < in->c.scenario->nr_groups; i++) {
		if (in->groups[i].barriers[index])
			n += in->groups[i].live;
	}
	return n;
}

static void barrier_open(struct interp *in, struct task *waker, struct barrier *b)
{
	struct thread *th = b->head, *next;

	(void)in;
	b->head = NULL;
	b->tail = &b->head;
	b->waiting = 0;
	for (; th; th = next) {
		next = th->next_waiter;
		th->released = true;
		task_wake(waker, th->t);
	}
}

void thread_barrier(struct thread *th, u32 index)
{
	struct interp *in = th->in;
	struct barrier *b = &in->barriers[index];

	task_sync(th->t);
	if (b->waiting + 1 >= barrier_width(in, index)) {
		barrier_open(in, th->t, b);
		return;
	}
	b->waiting++;
	th->next_waiter = NULL;
	th->released = false;
	*b->tail = th;
	b->tail = &th->next_waiter;
	while (!th->released)
		task_block(th->t);
}

void thread_spawn(struct thread *th, u32 group)
{
	struct interp *in = th->in;
	struct cgroup_prog *g = &in->groups[group];
	struct thread *child;
	u32 i;

	task_sync(th->t);
	if (in->c.cgroups && g->g->cgroup >= 0 &&
	    !cgroups_alive(in->c.cgroups, g->g->cgroup, g->nr_threads))
		thread_fail(th, "the cgroup of the spawned thread has been removed", 0, 0);
	child = thread_new(in, g);
	if (!child)
		thread_fail(th, "out of memory for a spawned thread", 0, 0);
	for (i = 0; i < ARRAY_SIZE(th->t->rng); i++)
		rng_fork(&child->t->rng[i], &th->t->rng[i], th->nr_spawned);
	th->nr_spawned++;
	th->live_children++;
	child->parent = th;
	task_start(child->t);
}

void thread_wait(struct thread *th)
{
	task_sync(th->t);
	th->waiting = true;
	while (th->live_children)
		task_block(th->t);
	th->waiting = false;
}

static void phase_leave(struct thread *th)
{
	struct interp *in = th->in;
	struct interp_phase *p;

	if (th->phase < 0)
		return;
	p = &in->phases[th->phase];
	in->phase_live[th->phase]--;
	p->last = max_u64(p->last, in->c.kern->sim->now);
}

void thread_phase(struct thread *th, s32 phase)
{
	struct interp *in = th->in;
	struct interp_phase *p = &in->phases[phase];

	task_sync(th->t);
	phase_leave(th);
	th->phase = phase;
	in->phase_live[phase]++;
	if (!p->entered)
		p->first = in->c.kern->sim->now;
	p->entered = true;
}

void thread_end(struct thread *th)
{
	struct interp *in = th->in;
	u32 i;

	task_sync(th->t);
	mem_cgroup_exit(th->t);
	phase_leave(th);
	in->last_end = max_u64(in->last_end, in->c.kern->sim->now);
	th->g->live--;
	for (i = 0; i < in->c.scenario->nr_barriers; i++) {
		struct barrier *b = &in->barriers[i];

		if (th->g->barriers[i] && b->waiting && b->waiting >= barrier_width(in, i))
			barrier_open(in, th->t, b);
	}
	if (th->parent && !--th->parent->live_children && th->parent->waiting)
		task_wake(th->t, th->parent->t);
}
