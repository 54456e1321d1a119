/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sequence locks and completions as objects. A read or write section is one operation of a
 * given length, so that a reader's retries need no loop in the scenario. Facts: reference
 * machine.md 2.8; kernel/sched/completion.c.
 */
#include "models/prims/internal.h"

#include "sim/kern/completion.h"
#include "sim/kern/seqlock.h"

static int seqlock_make(struct kern *k, void *obj, const struct object_decl *d)
{
	return seqlock_init(k, obj, d->name);
}

static void seqlock_drop(void *obj)
{
	seqlock_destroy(obj);
}

/* `lock` and `unlock` are the write side. */
static void seqlock_take(struct task *t, void *obj)
{
	write_seqlock(t, obj);
}

static void seqlock_give(struct task *t, void *obj)
{
	write_sequnlock(t, obj);
}

const struct prim_type prim_seqlock = {
	.desc = { "seqlock", "seqlock_t: writers under a spin lock, readers retry", NULL, 0 },
	.size = sizeof(struct seqlock),
	.init = seqlock_make,
	.destroy = seqlock_drop,
	.lock = seqlock_take,
	.unlock = seqlock_give,
};

static int completion_make(struct kern *k, void *obj, const struct object_decl *d)
{
	(void)d;
	return init_completion(k, obj);
}

static void completion_drop(void *obj)
{
	completion_destroy(obj);
}

const struct prim_type prim_completion = {
	.desc = { "completion", "struct completion", NULL, 0 },
	.size = sizeof(struct completion),
	.init = completion_make,
	.destroy = completion_drop,
};

const struct arg_desc prim_section_args[2] = {
	{ .name = "object", .type = VT_OBJECT, .required = true, .about = "declared seqlock" },
	{ .name = "for",
	  .type = VT_TIME,
	  .max = (s64)PS_PER_SEC,
	  .about = "length of the section, or of each pass of a reader" },
};

static struct seqlock *find_seqlock(struct task *t, void *model, const struct op_call *call)
{
	struct prim_ref r = prim_ref(model, call);

	if (r.type != &prim_seqlock)
		sim_fail(t->kern->sim, "seq_read and seq_write work on a seqlock only", 0, 0);
	return r.instance;
}

int prim_op_seq_read(struct task *t, void *model, struct op_call *call)
{
	struct prims *p = model;
	struct seqlock *s = find_seqlock(t, model, call);
	u64 passes = 0;
	u32 seq;

	do {
		seq = read_seqbegin(t, s);
		work(t, (u64)call->v[1]);
		passes++;
	} while (read_seqretry(t, s, seq));
	task_count(t, &p->nr_seq_reads, 1);
	task_count(t, &p->nr_seq_retries, (s64)passes - 1);
	return 0;
}

int prim_op_seq_write(struct task *t, void *model, struct op_call *call)
{
	struct seqlock *s = find_seqlock(t, model, call);

	write_seqlock(t, s);
	work(t, (u64)call->v[1]);
	write_sequnlock(t, s);
	return 0;
}

static struct completion *find_completion(struct task *t, void *model, const struct op_call *call)
{
	struct prim_ref r = prim_ref(model, call);

	if (r.type != &prim_completion)
		sim_fail(t->kern->sim, "complete and wait_for_completion work on a completion only",
			 0, 0);
	return r.instance;
}

int prim_op_complete(struct task *t, void *model, struct op_call *call)
{
	complete(t, find_completion(t, model, call));
	return 0;
}

int prim_op_complete_all(struct task *t, void *model, struct op_call *call)
{
	complete_all(t, find_completion(t, model, call));
	return 0;
}

int prim_op_wait_for_completion(struct task *t, void *model, struct op_call *call)
{
	wait_for_completion(t, find_completion(t, model, call));
	return 0;
}
