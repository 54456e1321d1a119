// SPDX-License-Identifier: GPL-2.0-or-later
/* Life of an interpreter, and what it tells others about its threads. */
#include "sim/experiment/prog.h"

#include <stdio.h>

struct interp *interp_new(const struct interp_config *config, char **error)
{
	const struct scenario *sc = config->scenario;
	struct interp *in = g_new0(struct interp, 1);
	u32 i;

	in->c = *config;
	in->tail = &in->threads;
	in->env = (struct expr_env){ .params = config->params,
				     .cpus = config->kern->hw->nr_cpus,
				     .nodes = config->kern->hw->nr_nodes };
	in->groups = g_new0(struct cgroup_prog, sc->nr_groups + 1);
	in->barriers = g_new0(struct barrier, sc->nr_barriers + 1);
	in->phases = g_new0(struct interp_phase, sc->nr_phases + 1);
	in->phase_live = g_new0(u32, sc->nr_phases + 1);
	in->blocks = g_ptr_array_new_with_free_func(g_free);
	for (i = 0; i < sc->nr_barriers; i++)
		in->barriers[i].tail = &in->barriers[i].head;
	if (!prog_compile(in, error)) {
		interp_free(in);
		return NULL;
	}
	return in;
}

static void free_thread(struct thread *th)
{
	u32 i;

	for (i = 0; i < th->g->g->nr_bags; i++) {
		if (th->bags)
			free(th->bags[i].v);
		if (th->spare)
			free(th->spare[i].v);
	}
	free(th->bags);
	free(th->spare);
	free(th->vars);
	free(th->scratch);
	free(th);
}

void interp_free(struct interp *in)
{
	struct thread *th, *next;

	if (!in)
		return;
	for (th = in->threads; th; th = next) {
		next = th->next;
		free_thread(th);
	}
	g_ptr_array_free(in->blocks, TRUE);
	g_free(in->groups);
	g_free(in->barriers);
	g_free(in->phases);
	g_free(in->phase_live);
	g_free(in->ops);
	g_free(in->stats);
	g_free(in);
}

void interp_begin(struct interp *in, u64 now)
{
	u32 i;

	for (i = 0; i < in->nr_ops; i++) {
		in->ops[i].failed = 0;
		if (in->ops[i].stat)
			hist_init(&in->ops[i].stat->hist);
	}
	for (i = 0; i < in->c.scenario->nr_phases; i++) {
		in->phases[i].entered = in->phase_live[i] > 0;
		in->phases[i].first = in->phases[i].last = now;
	}
}

u64 interp_last_end(const struct interp *in)
{
	return in->last_end;
}

struct interp_op *interp_ops(struct interp *in, u32 *n)
{
	*n = in->nr_ops;
	return in->ops;
}

const struct interp_phase *interp_phases(const struct interp *in, u64 end, u32 i,
					 struct interp_phase *out)
{
	*out = in->phases[i];
	if (in->phase_live[i])
		out->last = end;
	return out;
}

bool interp_failed_at(const struct interp *in, struct srcpos *pos)
{
	if (!in->failed)
		return false;
	*pos = in->failed->pos;
	return true;
}

static const char *step_name(const struct step *s)
{
	static const char *const names[] = {
		[STEP_OP] = "operation",  [STEP_DO] = "do",	      [STEP_LOOP] = "loop",
		[STEP_LET] = "let",	  [STEP_THINK] = "think",     [STEP_SLEEP] = "sleep",
		[STEP_CHOOSE] = "choose", [STEP_SHUFFLE] = "shuffle", [STEP_BARRIER] = "barrier",
		[STEP_SPAWN] = "spawn",	  [STEP_WAIT] = "wait",	      [STEP_YIELD] = "yield",
		[STEP_PHASE] = "phase",	  [STEP_END] = "end",
	};

	return s->kind == STEP_OP ? s->op->name : names[s->kind];
}

void interp_describe(struct sim *s, struct proc *p, char *buf, size_t size)
{
	struct task *t = container_of(p, struct task, x.proc);
	const struct step *at = NULL;
	size_t n;
	u32 i;

	(void)s;
	if (t->body == thread_body)
		at = ((struct thread *)t->arg)->at;
	n = (size_t)snprintf(buf, size, "%s[%u]", p->name ? p->name : "?", p->index);
	if (at && n < size)
		n += (size_t)snprintf(buf + n, size - n, " in step `%s` at %s:%u:%u", step_name(at),
				      at->pos.file ? at->pos.file : "?", at->pos.line, at->pos.col);
	if (t->waits_for && n < size)
		n += (size_t)snprintf(buf + n, size - n, ", waits for %s", t->waits_for->name);
	for (i = 0; i < t->nr_held && i < ARRAY_SIZE(t->held) && n < size; i++)
		n += (size_t)snprintf(buf + n, size - n, "%s %s", i ? "," : ", holds",
				      t->held[i] ? t->held[i]->name : "?");
}
