/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Locks as objects: spin locks and the mutex, and `lock` and `unlock` on whatever has
 * them. Facts: reference machine.md 2.1, 2.4, 2.6.
 */
#include "models/prims/internal.h"

#include "sim/kern/mutex.h"
#include "sim/kern/spinlock.h"

static int qspinlock_init(struct kern *k, void *obj, const struct object_decl *d)
{
	return spin_lock_init(k, obj, d->name, SPIN_QSPINLOCK);
}

static int tas_init(struct kern *k, void *obj, const struct object_decl *d)
{
	return spin_lock_init(k, obj, d->name, SPIN_TAS);
}

static int fifo_init(struct kern *k, void *obj, const struct object_decl *d)
{
	struct spinlock *l = obj;
	int err = spin_lock_init(k, l, d->name, SPIN_FIFO);

	if (!err)
		l->handoff = (u64)d->values[0];
	return err;
}

static void spin_destroy(void *obj)
{
	spin_lock_destroy(obj);
}

static void spin_take(struct task *t, void *obj)
{
	spin_lock(t, obj);
}

static void spin_drop(struct task *t, void *obj)
{
	spin_unlock(t, obj);
}

static int mutex_make(struct kern *k, void *obj, const struct object_decl *d)
{
	return mutex_init(k, obj, d->name);
}

static void mutex_take(struct task *t, void *obj)
{
	mutex_lock(t, obj);
}

static void mutex_drop(struct task *t, void *obj)
{
	mutex_unlock(t, obj);
}

const struct prim_type prim_qspinlock = {
	.desc = { "qspinlock", "kernel spinlock_t; test-and-set with virt: tas", NULL, 0 },
	.size = sizeof(struct spinlock),
	.init = qspinlock_init,
	.destroy = spin_destroy,
	.lock = spin_take,
	.unlock = spin_drop,
};

const struct prim_type prim_tas = {
	.desc = { "tas", "test-and-set spin lock", NULL, 0 },
	.size = sizeof(struct spinlock),
	.init = tas_init,
	.destroy = spin_destroy,
	.lock = spin_take,
	.unlock = spin_drop,
};

static const struct param_desc fifo_keys[] = {
	{ .name = "handoff",
	  .type = VT_TIME,
	  .min = 0,
	  .max = (s64)PS_PER_SEC,
	  .unit = "time",
	  .about = "hand-over charged to an acquisition that waited" },
};

const struct prim_type prim_fifo = {
	.desc = { "fifo", "FIFO lock without line costs, for closed forms", fifo_keys, 1 },
	.size = sizeof(struct spinlock),
	.init = fifo_init,
	.destroy = spin_destroy,
	.lock = spin_take,
	.unlock = spin_drop,
};

const struct prim_type prim_mutex = {
	.desc = { "mutex", "struct mutex: optimistic spinning, sleep, hand-off", NULL, 0 },
	.size = sizeof(struct mutex),
	.init = mutex_make,
	.lock = mutex_take,
	.unlock = mutex_drop,
};

int prim_op_lock(struct task *t, void *model, struct op_call *call)
{
	struct prims *p = model;
	struct prim_ref r = prim_ref(p, call);

	if (!r.type->lock)
		sim_fail(t->kern->sim, "lock: the object is not a lock", 0, 0);
	r.type->lock(t, r.instance);
	task_count(t, &p->nr_locks, 1);
	return 0;
}

int prim_op_unlock(struct task *t, void *model, struct op_call *call)
{
	struct prim_ref r = prim_ref(model, call);

	if (!r.type->unlock)
		sim_fail(t->kern->sim, "unlock: the object is not a lock", 0, 0);
	r.type->unlock(t, r.instance);
	return 0;
}

static int ticket_init(struct kern *k, void *obj, const struct object_decl *d)
{
	return spin_lock_init(k, obj, d->name, SPIN_TICKET);
}

static int mcs_init(struct kern *k, void *obj, const struct object_decl *d)
{
	return spin_lock_init(k, obj, d->name, SPIN_MCS);
}

const struct prim_type prim_ticket = {
	.desc = { "ticket", "ticket spin lock: all poll one line", NULL, 0 },
	.size = sizeof(struct spinlock),
	.init = ticket_init,
	.destroy = spin_destroy,
	.lock = spin_take,
	.unlock = spin_drop,
};

const struct prim_type prim_mcs = {
	.desc = { "mcs", "MCS spin lock: each waiter polls a line of its own", NULL, 0 },
	.size = sizeof(struct spinlock),
	.init = mcs_init,
	.destroy = spin_destroy,
	.lock = spin_take,
	.unlock = spin_drop,
};
