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

/* The lock of the closed forms, with the lines that its sections move (machine.md 4.1). */
struct fifo {
	struct spinlock lock; /* must be first */
	u64 transfers; /* 1/1000 */
	u16 prev_cpu; /* guarded by lock: who had it last */
};

static int fifo_init(struct kern *k, void *obj, const struct object_decl *d)
{
	struct fifo *f = obj;
	int err = spin_lock_init(k, &f->lock, d->name, SPIN_FIFO);

	if (err)
		return err;
	f->lock.handoff = (u64)d->values[0];
	f->transfers = (u64)d->values[1];
	f->prev_cpu = LINE_NO_OWNER;
	return 0;
}

static void fifo_take(struct task *t, void *obj)
{
	struct fifo *f = obj;
	u16 prev;

	spin_lock(t, &f->lock);
	prev = f->prev_cpu;
	f->prev_cpu = (u16)task_cpu(t);
	if (!f->transfers || prev == LINE_NO_OWNER || prev == task_cpu(t))
		return;
	exec_charge(&t->x, CPU_LINE_STALL,
		    hw_xfer(t->x.hw, prev, task_cpu(t)) * f->transfers / 1000);
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
	{ .name = "transfers",
	  .type = VT_INT,
	  .min = 0,
	  .max = 1000000,
	  .about = "line transfers from the previous owner, if another CPU, in 1/1000, charged to "
		   "the section" },
};

const struct prim_type prim_fifo = {
	.desc = { "fifo", "FIFO lock without line costs, for closed forms", fifo_keys, 2 },
	.size = sizeof(struct fifo),
	.init = fifo_init,
	.destroy = spin_destroy,
	.lock = fifo_take,
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

static int cna_make(struct kern *k, void *obj, const struct object_decl *d)
{
	int err = spin_lock_init(k, obj, d->name, SPIN_CNA);

	if (!err && d->values[0])
		cna_set_threshold(obj, (u64)d->values[0]);
	return err;
}

static const struct param_desc cna_keys[] = {
	{ .name = "threshold",
	  .type = VT_TIME,
	  .min = 0,
	  .max = (s64)(1000 * PS_PER_SEC),
	  .unit = "time",
	  .about = "waiters of other nodes are passed over no longer; 0: as the machine's "
		   "numa_spinlock_threshold" },
};

const struct prim_type prim_cna = {
	.desc = { "cna", "NUMA-aware qspinlock: the holder's node first", cna_keys, 1 },
	.size = sizeof(struct spinlock),
	.init = cna_make,
	.destroy = spin_destroy,
	.lock = spin_take,
	.unlock = spin_drop,
};
