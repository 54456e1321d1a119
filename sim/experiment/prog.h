/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Compiled steps and the state of their threads: private to sim/experiment. */
#ifndef MMSIM_EXPERIMENT_PROG_H
#define MMSIM_EXPERIMENT_PROG_H

#include "sim/experiment/bag.h"
#include "sim/experiment/interp.h"

/* A value: constant at the point, or an expression over thread variables. */
struct cval {
	const struct expr *e; /* NULL: constant */
	s64 v;
};

/* An argument that is evaluated at every call. */
struct cdyn {
	struct cval val;
	s64 min, max; /* checked; of an object index: 0 .. count - 1 */
	s64 base; /* added to the value: first instance of an object */
	u8 arg;
};

struct cdist {
	enum dist_kind kind;
	const struct dist *d;
	struct cval a, b;
};

struct cstep {
	const struct step *s;
	enum step_kind kind;
	/* operation */
	struct op_call call; /* constant arguments filled in */
	void *model;
	struct interp_op *slot;
	struct cdyn *dyn;
	u32 nr_dyn;
	u8 nr_handles;
	u8 handle[OP_MAX_ARGS]; /* arguments taken from variables */
	s8 bag_arg; /* argument taken from a bag, -1 */
	s8 out_arg; /* argument that receives the result, -1 */
	struct cval every;
	/* the rest */
	struct cval count;
	bool forever;
	struct cdist dist;
	struct cval let;
	struct cstep *children;
	u32 nr_children;
	struct cval *weights;
	u32 scratch; /* SHUFFLE: offset of its order array */
};

struct cgroup_prog {
	const struct scn_group *g;
	struct cstep *steps;
	u32 nr_steps;
	u32 nr_scratch;
	u32 nr_threads; /* made so far: index of the next one */
	u32 live;
	bool *barriers; /* by barrier index: this group names it */
};

struct thread;

struct barrier {
	u32 waiting;
	struct thread *head, **tail;
};

#define HANDLE_USED -1 /* in a variable whose object an operation has taken over */

struct thread {
	struct interp *in;
	struct task *t;
	struct cgroup_prog *g;
	s64 *vars;
	struct bag *bags, *spare;
	u32 *scratch;
	struct expr_env env;
	const struct step *at; /* for reports */
	struct thread *parent;
	u32 live_children, nr_spawned;
	bool waiting; /* in STEP_WAIT */
	bool released; /* its barrier has opened */
	struct thread *next_waiter;
	s32 phase;
	u64 idle_clock; /* clock at the last loop iteration */
	u32 idle_loops; /* iterations since it moved */
	struct thread *next;
};

struct interp {
	struct interp_config c;
	struct expr_env env; /* without variables */
	struct cgroup_prog *groups;
	struct barrier *barriers;
	struct interp_phase *phases;
	u32 *phase_live;
	struct interp_op *ops;
	struct op_stat *stats;
	u32 nr_ops;
	struct thread *threads, **tail;
	u32 spread;
	u64 last_end;
	const struct step *failed;
	GPtrArray *blocks; /* what compiled steps own */
};

/* Compile every group; false with *@error set. */
bool prog_compile(struct interp *in, char **error);

/* Draw from a distribution; fails the run if its arguments make no sense. */
s64 draw(struct thread *th, const struct cdist *d, struct rng *r);

/* Value of @v in the thread; fails the run on an error. */
s64 cval_slow(struct thread *th, const struct cval *v);

static inline s64 cval_get(struct thread *th, const struct cval *v)
{
	return likely(!v->e) ? v->v : cval_slow(th, v);
}

/* End the run as failed because of the current step. Does not return. */
void thread_fail(struct thread *th, const char *msg, u64 a, u64 b);

/* leak.c: fails the run if @th, which is about to end, has objects. Debug builds only. */
#ifdef MMSIM_DEBUG
void thread_check_leaks(struct thread *th);
#else
static inline void thread_check_leaks(struct thread *th)
{
	(void)th;
}
#endif

/* Body of a task; @arg is the struct thread. */
void thread_body(struct task *t, void *arg);

/* Make a thread of @g (started by the caller); NULL when out of memory. */
struct thread *thread_new(struct interp *in, struct cgroup_prog *g);

/* Control steps that meet other threads (meet.c). */
void thread_barrier(struct thread *th, u32 index);
void thread_spawn(struct thread *th, u32 group);
void thread_wait(struct thread *th);
void thread_phase(struct thread *th, s32 phase);
void thread_end(struct thread *th);

#endif
