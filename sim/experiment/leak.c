// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Debug builds: a thread that ends while it has objects leaks them, as its variables and bags
 * end with it. A thread whose group says `keeps: true` may, and one that the end of the run
 * cuts off has not ended. Objects are what operations have put `into:` a variable or bag;
 * a variable that is filled again while it has one is not looked at.
 */
#include "sim/experiment/prog.h"

#ifdef MMSIM_DEBUG

#include "sim/kern/bug.h"

struct leak {
	const struct step *step; /* the first one that filled what is not empty */
	const char *name;
	bool bag;
	u64 nr;
};

/* Objects in what argument @a of an operation fills. */
static u64 objects_in(const struct thread *th, const struct step_arg *a)
{
	if (a->bag)
		return th->bags[a->var].len - th->bags[a->var].head;
	return th->vars[a->var] && th->vars[a->var] != HANDLE_USED;
}

static void look_at_op(const struct thread *th, const struct step *s, struct leak *leak)
{
	for (u32 i = 0; i < s->op->nr_args && !leak->step; i++) {
		const struct step_arg *a = &s->args[i];

		if (s->op->args[i].type != VT_OUT || !a->given)
			continue;
		leak->nr = objects_in(th, a);
		if (!leak->nr)
			continue;
		leak->step = s;
		leak->bag = a->bag;
		leak->name = a->bag ? th->g->g->bag_names[a->var] : th->g->g->var_names[a->var];
	}
}

static void look_at(const struct thread *th, const struct step *s, u32 n, struct leak *leak)
{
	for (const struct step *end = s + n; s < end && !leak->step; s++) {
		if (s->kind == STEP_OP)
			look_at_op(th, s, leak);
		look_at(th, s->children, s->nr_children, leak);
	}
}

void thread_check_leaks(struct thread *th)
{
	const struct scn_group *g = th->g->g;
	struct kern *k = th->in->c.kern;
	struct leak leak = { 0 };

	if (g->keeps)
		return;
	look_at(th, g->steps, g->nr_steps, &leak);
	if (!leak.step)
		return;
	th->in->failed = leak.step;
	bug_begin(k, "leak: a thread ended while it had ");
	bug_u64(k, leak.nr);
	bug_str(k, leak.nr == 1 ? " object of `" : " objects of `");
	bug_str(k, leak.step->op->name);
	bug_str(k, "` in ");
	bug_str(k, leak.name);
	bug_str(k, leak.bag ? "[]" : "");
	bug_str(k, "; free them, or say `keeps: true` in its group");
	bug_about(k, th->t, NULL, 0);
	bug_end(k);
}

#endif
