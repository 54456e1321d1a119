/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of the prims model share. A kind of object is one struct prim_type, in
 * the file of its mechanism; an operation finds out by the type whether it applies.
 */
#ifndef MMSIM_MODELS_PRIMS_INTERNAL_H
#define MMSIM_MODELS_PRIMS_INTERNAL_H

#include "models/prims/prims.h"
#include "sim/kern/task.h"

struct prim_type {
	struct object_kind_desc desc;
	size_t size; /* of an instance; zeroed before init() */
	/* 0 or a negative errno. @d->values are the keys of desc. */
	int (*init)(struct kern *k, void *obj, const struct object_decl *d);
	void (*destroy)(void *obj); /* may be NULL; only of initialised ones */
	/* NULL where the object is no such thing */
	void (*lock)(struct task *t, void *obj);
	void (*unlock)(struct task *t, void *obj);
};

struct prim_object {
	const struct prim_type *type;
	u32 count, nr_inited;
	char *instances; /* @count of type->size */
};

struct prim_ref {
	const struct prim_type *type;
	void *instance;
};

struct prims {
	struct kern *kern;
	struct prim_object *objects;
	u32 nr_objects;
	struct prim_ref *refs; /* by number of the instance */
	u64 nr_locks, nr_atomics; /* since the run began */
	u64 base_locks, base_atomics; /* as of the warm-up cut */
	struct prim_works {
		u64 begun; /* items that have begun to run; of them by queue_work: */
		u64 waited, wait_ps; /* number, time since they were queued */
	} works, base_works;
};

/* What the object argument of a call names. */
static inline struct prim_ref prim_ref(const struct prims *p, const struct op_call *call)
{
	return p->refs[call->v[0]];
}

/* Argument table of operations on an object and nothing else. */
extern const struct arg_desc prim_object_arg[1];

/* locks.c */
extern const struct prim_type prim_qspinlock, prim_tas, prim_fifo, prim_mutex;
int prim_op_lock(struct task *t, void *model, struct op_call *call);
int prim_op_unlock(struct task *t, void *model, struct op_call *call);

/* lines.c */
extern const struct prim_type prim_line;
extern const struct arg_desc prim_value_args[2];
int prim_op_load(struct task *t, void *model, struct op_call *call);
int prim_op_store(struct task *t, void *model, struct op_call *call);
int prim_op_atomic_add(struct task *t, void *model, struct op_call *call);

/* memcg.c */
extern const struct prim_type prim_memcg;
extern const struct arg_desc prim_charge_args[3];
int prim_op_memcg_create(struct task *t, void *model, struct op_call *call);
int prim_op_memcg_remove(struct task *t, void *model, struct op_call *call);
int prim_op_memcg_charge(struct task *t, void *model, struct op_call *call);
int prim_op_memcg_uncharge(struct task *t, void *model, struct op_call *call);

/* work.c */
extern const struct prim_type prim_work;
extern const struct arg_desc prim_queue_args[2], prim_delayed_args[3];
int prim_op_queue_work(struct task *t, void *model, struct op_call *call);
int prim_op_queue_delayed_work(struct task *t, void *model, struct op_call *call);
int prim_op_flush_work(struct task *t, void *model, struct op_call *call);
int prim_op_cancel_work(struct task *t, void *model, struct op_call *call);
double prim_work_metric(const struct prims *p, u32 i, u64 elapsed_ps);

#endif
