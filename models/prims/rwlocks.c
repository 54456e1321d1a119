/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reader-writer locks as objects, and `read_lock` to `write_unlock` on them; `lock` and
 * `unlock` are their write side. Facts: reference machine.md 2.5, 2.7.
 */
#include "models/prims/internal.h"

#include "sim/kern/qrwlock.h"
#include "sim/kern/rwsem.h"

static int rwlock_init(struct kern *k, void *obj, const struct object_decl *d)
{
	return qrwlock_init(k, obj, d->name);
}

static void rwlock_destroy(void *obj)
{
	qrwlock_destroy(obj);
}

static void rwlock_read(struct task *t, void *obj)
{
	read_lock(t, obj);
}

static void rwlock_read_end(struct task *t, void *obj)
{
	read_unlock(t, obj);
}

static void rwlock_write(struct task *t, void *obj)
{
	write_lock(t, obj);
}

static void rwlock_write_end(struct task *t, void *obj)
{
	write_unlock(t, obj);
}

const struct prim_type prim_rwlock = {
	.desc = { "rwlock", "kernel rwlock_t: readers share, a FIFO of those who wait", NULL, 0 },
	.size = sizeof(struct qrwlock),
	.init = rwlock_init,
	.destroy = rwlock_destroy,
	.lock = rwlock_write,
	.unlock = rwlock_write_end,
	.read_lock = rwlock_read,
	.read_unlock = rwlock_read_end,
};

static int sem_init(struct kern *k, void *obj, const struct object_decl *d)
{
	return rwsem_init(k, obj, d->name);
}

static void sem_destroy(void *obj)
{
	rwsem_destroy(obj);
}

static void sem_read(struct task *t, void *obj)
{
	down_read(t, obj);
}

static void sem_read_end(struct task *t, void *obj)
{
	up_read(t, obj);
}

static void sem_write(struct task *t, void *obj)
{
	down_write(t, obj);
}

static void sem_write_end(struct task *t, void *obj)
{
	up_write(t, obj);
}

const struct prim_type prim_rwsem = {
	.desc = { "rwsem", "struct rw_semaphore: writers spin, readers wake in batches", NULL, 0 },
	.size = sizeof(struct rwsem),
	.init = sem_init,
	.destroy = sem_destroy,
	.lock = sem_write,
	.unlock = sem_write_end,
	.read_lock = sem_read,
	.read_unlock = sem_read_end,
};

static struct prim_ref find_rwlock(struct task *t, void *model, const struct op_call *call)
{
	struct prim_ref r = prim_ref(model, call);

	if (!r.type->read_lock)
		sim_fail(t->kern->sim,
			 "read_lock, write_lock and their unlocks work on rwlock and rwsem only", 0,
			 0);
	return r;
}

int prim_op_read_lock(struct task *t, void *model, struct op_call *call)
{
	struct prims *p = model;
	struct prim_ref r = find_rwlock(t, model, call);

	r.type->read_lock(t, r.instance);
	task_count(t, &p->nr_locks, 1);
	return 0;
}

int prim_op_read_unlock(struct task *t, void *model, struct op_call *call)
{
	struct prim_ref r = find_rwlock(t, model, call);

	r.type->read_unlock(t, r.instance);
	return 0;
}

int prim_op_write_lock(struct task *t, void *model, struct op_call *call)
{
	find_rwlock(t, model, call);
	return prim_op_lock(t, model, call);
}

int prim_op_write_unlock(struct task *t, void *model, struct op_call *call)
{
	find_rwlock(t, model, call);
	return prim_op_unlock(t, model, call);
}
