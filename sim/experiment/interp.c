// SPDX-License-Identifier: GPL-2.0-or-later
/* Running compiled steps on a task, and making the threads of a run. */
#include "sim/experiment/prog.h"

#include <errno.h>
#include <stdio.h>

#include "sim/experiment/run_cgroups.h"
#include "sim/kern/bug.h"

#define MAX_IDLE_LOOPS 1000000

void thread_fail(struct thread *th, const char *msg, u64 a, u64 b)
{
	th->in->failed = th->at;
	sim_fail(th->in->c.kern->sim, msg, a, b);
}

s64 cval_slow(struct thread *th, const struct cval *v)
{
	const char *why;
	s64 out = 0;

	why = expr_eval(v->e, &th->env, &out);
	if (unlikely(why != NULL))
		thread_fail(th, why, 0, 0);
	return out;
}

static void eval_dynamic(struct thread *th, const struct cstep *c, struct op_call *call)
{
	u32 i;

	for (i = 0; i < c->nr_dyn; i++) {
		const struct cdyn *d = &c->dyn[i];
		s64 v = cval_get(th, &d->val);

		if (unlikely(v < d->min || v > d->max))
			thread_fail(th, "argument number %llu is out of range: %llu", d->arg + 1u,
				    (u64)v);
		call->v[d->arg] = d->base + v;
	}
}

static void store_out(struct thread *th, const struct cstep *c, const struct op_call *call)
{
	const struct step_arg *a = &c->s->args[c->out_arg];

	if (!a->bag)
		th->vars[a->var] = call->out;
	else if (call->out && unlikely(!bag_push(&th->bags[a->var], call->out)))
		thread_fail(th, "out of memory for a bag", 0, 0);
}

/* A failed operation is counted and leaves no latency. */
static void run_call(struct task *t, const struct cstep *c, struct op_call *call)
{
	u64 start;
	int rc;

	if (!c->slot->stat) {
		rc = c->s->op->run(t, c->model, call);
	} else {
		task_op_begin(t, &start);
		rc = c->s->op->run(t, c->model, call);
		task_op(t, rc < 0 ? NULL : c->slot->stat, &start);
	}
	if (unlikely(rc < 0))
		task_count(t, &c->slot->failed, 1);
}

/* One call; @handle is the element taken from a bag, 0 if none is. */
static void call_op(struct thread *th, const struct cstep *c, s64 handle)
{
	struct op_call call = c->call;
	u32 i;

	if (c->nr_dyn)
		eval_dynamic(th, c, &call);
	if (c->bag_arg >= 0)
		call.v[c->bag_arg] = handle;
	for (i = 0; i < c->nr_handles; i++) {
		s64 *var = &th->vars[c->s->args[c->handle[i]].var];

		if (!*var) /* nothing there, as vfree(NULL) */
			return;
		if (unlikely(*var == HANDLE_USED))
			kern_bug(th->t,
				 "an operation is given what an earlier one has used up, as a "
				 "second vfree()",
				 NULL, 0);
		call.v[c->handle[i]] = *var;
		*var = HANDLE_USED;
	}
	run_call(th->t, c, &call);
	if (c->out_arg >= 0)
		store_out(th, c, &call);
}

static void shuffle_s64(struct rng *r, s64 *v, u64 n)
{
	while (n > 1) {
		u64 j = rng_below(r, n--);
		s64 x = v[j];

		v[j] = v[n];
		v[n] = x;
	}
}

/* Take elements 0, every, 2 * every ... out of a bag, in the order asked for. */
static void call_on_bag(struct thread *th, const struct cstep *c)
{
	s32 var = c->s->args[c->bag_arg].var;
	struct bag *bag = &th->bags[var], all = *bag;
	s64 every = cval_get(th, &c->every);
	u64 i, n = 0;

	if (every < 1)
		thread_fail(th, "every: must be at least 1", 0, 0);
	*bag = th->spare[var];
	th->spare[var] = (struct bag){ 0 };
	for (i = all.head; i < all.len; i++) {
		if ((i - all.head) % (u64)every == 0)
			all.v[n++] = all.v[i];
		else if (!bag_push(bag, all.v[i]))
			thread_fail(th, "out of memory for a bag", 0, 0);
	}
	if (c->s->order == TAKE_RANDOM)
		shuffle_s64(&th->t->rng[RNG_WORKLOAD], all.v, n);
	all.head = 0;
	all.len = 0;
	th->spare[var] = all; /* storage stays known while operations run */
	for (i = 0; i < n; i++)
		call_op(th, c, all.v[c->s->order == TAKE_LIFO ? n - 1 - i : i]);
}

static void run_op(struct thread *th, const struct cstep *c)
{
	s64 handle;

	if (likely(c->bag_arg < 0)) {
		call_op(th, c, 0);
		return;
	}
	if (c->s->order != TAKE_ONE) {
		call_on_bag(th, c);
		return;
	}
	handle = bag_pop(&th->bags[c->s->args[c->bag_arg].var]);
	if (handle)
		call_op(th, c, handle);
}

static bool run_steps(struct thread *th, const struct cstep *c, u32 n);

/*
 * Between two iterations: a body that takes no time must not hang the host, and
 * one that never meets anybody must stop at the end of the run.
 */
static void loop_guard(struct thread *th)
{
	u64 now = task_clock(th->t);

	if (unlikely(now >= th->in->c.limit))
		task_sync(th->t);
	if (likely(now != th->idle_clock)) {
		th->idle_clock = now;
		th->idle_loops = 0;
	} else if (++th->idle_loops == MAX_IDLE_LOOPS) {
		thread_fail(th, "no progress: %llu iterations took no time", MAX_IDLE_LOOPS, 0);
	}
}

static bool run_loop(struct thread *th, const struct cstep *c)
{
	s64 i, n = c->forever ? INT64_MAX : cval_get(th, &c->count);

	for (i = 0; i < n; i++) {
		if (!run_steps(th, c->children, c->nr_children))
			return false;
		loop_guard(th);
	}
	return true;
}

static bool run_choose(struct thread *th, const struct cstep *c)
{
	u64 sum = 0, x;
	u32 i;

	for (i = 0; i < c->nr_children; i++) {
		s64 w = cval_get(th, &c->weights[i]);

		if (w < 0)
			thread_fail(th, "choose: negative weight", 0, 0);
		sum += (u64)w;
	}
	if (!sum)
		thread_fail(th, "choose: all weights are zero", 0, 0);
	x = rng_below(&th->t->rng[RNG_WORKLOAD], sum);
	for (i = 0; i < c->nr_children - 1; i++) {
		u64 w = (u64)cval_get(th, &c->weights[i]);

		if (x < w)
			break;
		x -= w;
	}
	return run_steps(th, &c->children[i], 1);
}

static bool run_shuffle(struct thread *th, const struct cstep *c)
{
	u32 *order = th->scratch + c->scratch, i, n;

	for (i = 0; i < c->nr_children; i++)
		order[i] = i;
	for (n = c->nr_children; n > 1; n--) {
		u64 top = c->s->sattolo ? n - 1 : n;
		u32 j = (u32)rng_below(&th->t->rng[RNG_WORKLOAD], top), x = order[j];

		order[j] = order[n - 1];
		order[n - 1] = x;
	}
	for (i = 0; i < c->nr_children; i++) {
		if (!run_steps(th, &c->children[order[i]], 1))
			return false;
	}
	return true;
}

static void run_let(struct thread *th, const struct cstep *c)
{
	th->vars[c->s->var] = c->s->is_draw ? draw(th, &c->dist, &th->t->rng[RNG_WORKLOAD]) :
					      cval_get(th, &c->let);
}

static u64 draw_time(struct thread *th, const struct cstep *c)
{
	s64 v = draw(th, &c->dist, &th->t->rng[RNG_THINK]);

	return v > 0 ? (u64)v : 0;
}

/* One step that is no operation; false: the thread ends. */
static bool run_control(struct thread *th, const struct cstep *c)
{
	switch (c->kind) {
	case STEP_OP:
		break;
	case STEP_DO:
		return run_steps(th, c->children, c->nr_children);
	case STEP_LOOP:
		return run_loop(th, c);
	case STEP_LET:
		run_let(th, c);
		break;
	case STEP_THINK:
		user_work(th->t, draw_time(th, c));
		break;
	case STEP_SLEEP:
		task_sleep(th->t, draw_time(th, c));
		break;
	case STEP_CHOOSE:
		return run_choose(th, c);
	case STEP_SHUFFLE:
		return run_shuffle(th, c);
	case STEP_BARRIER:
		thread_barrier(th, (u32)c->s->target);
		break;
	case STEP_SPAWN:
		thread_spawn(th, (u32)c->s->target);
		break;
	case STEP_WAIT:
		thread_wait(th);
		break;
	case STEP_YIELD:
		task_yield(th->t);
		break;
	case STEP_PHASE:
		thread_phase(th, c->s->target);
		break;
	case STEP_END:
		return false;
	}
	return true;
}

static bool run_steps(struct thread *th, const struct cstep *c, u32 n)
{
	const struct cstep *end = c + n;

	for (; c < end; c++) {
		th->at = c->s;
		if (c->kind == STEP_OP)
			run_op(th, c);
		else if (!run_control(th, c))
			return false;
	}
	return true;
}

void thread_body(struct task *t, void *arg)
{
	struct thread *th = arg;

	(void)t;
	run_steps(th, th->g->steps, th->g->nr_steps);
	thread_check_leaks(th);
	thread_end(th);
}

struct thread *thread_new(struct interp *in, struct cgroup_prog *g)
{
	const struct scn_group *sg = g->g;
	struct thread *th = calloc(1, sizeof(*th));
	struct hw *hw = in->c.kern->hw;
	u32 cpu;

	if (!th)
		return NULL;
	th->in = in;
	th->g = g;
	th->phase = -1;
	th->vars = calloc(sg->nr_vars + 1, sizeof(*th->vars));
	th->bags = calloc(sg->nr_bags + 1, sizeof(*th->bags));
	th->spare = calloc(sg->nr_bags + 1, sizeof(*th->spare));
	th->scratch = calloc(g->nr_scratch + 1, sizeof(*th->scratch));
	th->env = in->env;
	th->env.vars = th->vars;
	*in->tail = th;
	in->tail = &th->next;
	if (!th->vars || !th->bags || !th->spare || !th->scratch)
		return NULL;
	cpu = place_cpu(hw, sg, g->nr_threads, &in->spread);
	th->t = task_new(in->c.kern, sg->name, g->nr_threads, cpu, thread_body, th);
	if (!th->t)
		return NULL;
	th->t->owner = th;
	if (sg->placement != PLACE_ALL)
		task_bind(th->t);
	if (in->c.cgroups && sg->cgroup >= 0 &&
	    !cgroups_enter(in->c.cgroups, th->t, sg->cgroup, g->nr_threads))
		return NULL;
	place_mems(hw, sg, &th->t->mems_allowed, &th->t->mems_interleave);
	th->t->il_prev = (u16)(hw->nr_nodes - 1);
	g->nr_threads++;
	g->live++;
	return th;
}

static int start_group(struct interp *in, struct cgroup_prog *g, char **error)
{
	struct srcpos pos = g->g->pos;
	s64 i, n = place_default_count(in->c.kern->hw, g->g);
	const char *why = NULL;
	bool interleave;
	u64 allowed;

	if (!place_mems(in->c.kern->hw, g->g, &allowed, &interleave))
		why = "the machine lacks a node of mems, or it is above 63";
	if (!why && g->g->count)
		why = expr_eval(g->g->count, &in->env, &n);
	if (!why && (n < 0 || n > 1000000))
		why = "count of threads must be 0 to 1000000";
	if (why) {
		*error = g_strdup_printf("%s:%u:%u: %s", pos.file, pos.line, pos.col, why);
		return -EINVAL;
	}
	for (i = 0; i < n; i++) {
		struct thread *th = thread_new(in, g);

		if (!th) {
			*error = g_strdup("out of memory for threads");
			return -ENOMEM;
		}
		task_start(th->t);
	}
	return 0;
}

int interp_start(struct interp *in, char **error)
{
	u32 i;
	int rc;

	for (i = 0; i < in->c.scenario->nr_groups; i++) {
		rc = start_group(in, &in->groups[i], error);
		if (rc)
			return rc;
	}
	return 0;
}
