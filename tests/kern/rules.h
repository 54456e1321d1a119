/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Scripts for the tests of the accounting rules (reference machine.md 2.0): each task takes
 * locks at given instants for given times, on an ideal machine whose costs a test sets.
 */
#ifndef MMSIM_TESTS_KERN_RULES_H
#define MMSIM_TESTS_KERN_RULES_H

#include "sim/kern/qrwlock.h"
#include "sim/kern/rwsem.h"
#include "tests/kern/exact.h"

#define RULES_STEPS 6
#define RULES_TASKS 8

enum rules_lock { R_SPIN, R_SPIN_2, R_MUTEX, R_MUTEX_2, R_TRY, R_READ, R_WRITE, R_RSEM, R_WSEM };

struct rules_step {
	enum rules_lock lock;
	u64 at; /* ns; earlier than the task's clock: at once */
	u64 hold; /* ns of work in the section */
	u64 nap; /* then ns of sleep in it */
};

struct rules;

struct rules_script {
	struct rules *r;
	u32 nr;
	struct rules_step step[RULES_STEPS];
	u64 got[RULES_STEPS]; /* ns: when it had the lock */
	bool failed[RULES_STEPS]; /* R_TRY */
};

struct rules {
	struct exact e; /* must be first */
	struct spinlock spin_2; /* of the class of e.lock */
	struct mutex mutex_2; /* of the class of e.mutex */
	struct qrwlock rw;
	struct rwsem sem;
	struct rules_script task[RULES_TASKS];
	u32 nr;
};

/* A world whose spin_2 is of @kind: of the class of e.lock only if that is a qspinlock. */
static inline void rules_init_kind(struct rules *r, enum spin_kind kind, int engine)
{
	memset(r, 0, sizeof(*r));
	exact_init(&r->e, "ideal-8", engine ? SIM_REFERENCE : SIM_NORMAL);
	ck_assert_int_eq(
		spin_lock_init(r->e.k, &r->spin_2, kind == SPIN_QSPINLOCK ? "l" : "l2", kind), 0);
	ck_assert_int_eq(mutex_init(r->e.k, &r->mutex_2, "m"), 0);
	ck_assert_int_eq(qrwlock_init(r->e.k, &r->rw, "rw"), 0);
	ck_assert_int_eq(rwsem_init(r->e.k, &r->sem, "sem"), 0);
}

static inline void rules_init(struct rules *r, int engine)
{
	rules_init_kind(r, SPIN_QSPINLOCK, engine);
}

static inline void rules_free(struct rules *r)
{
	rwsem_destroy(&r->sem);
	qrwlock_destroy(&r->rw);
	spin_lock_destroy(&r->spin_2);
	exact_free(&r->e);
}

static inline bool rules_take(struct task *t, struct rules *r, enum rules_lock lock)
{
	switch (lock) {
	case R_SPIN:
	case R_SPIN_2:
		spin_lock(t, lock == R_SPIN ? &r->e.lock : &r->spin_2);
		return true;
	case R_MUTEX:
	case R_MUTEX_2:
		mutex_lock(t, lock == R_MUTEX ? &r->e.mutex : &r->mutex_2);
		return true;
	case R_TRY:
		return mutex_trylock(t, &r->e.mutex);
	case R_READ:
		read_lock(t, &r->rw);
		return true;
	case R_WRITE:
		write_lock(t, &r->rw);
		return true;
	case R_RSEM:
		down_read(t, &r->sem);
		return true;
	default:
		down_write(t, &r->sem);
		return true;
	}
}

static inline void rules_drop(struct task *t, struct rules *r, enum rules_lock lock)
{
	switch (lock) {
	case R_SPIN:
	case R_SPIN_2:
		spin_unlock(t, lock == R_SPIN ? &r->e.lock : &r->spin_2);
		return;
	case R_MUTEX_2:
		mutex_unlock(t, &r->mutex_2);
		return;
	case R_MUTEX:
	case R_TRY:
		mutex_unlock(t, &r->e.mutex);
		return;
	case R_READ:
		read_unlock(t, &r->rw);
		return;
	case R_WRITE:
		write_unlock(t, &r->rw);
		return;
	case R_RSEM:
		up_read(t, &r->sem);
		return;
	default:
		up_write(t, &r->sem);
	}
}

static inline void rules_body(struct task *t, void *arg)
{
	struct rules_script *s = arg;

	FRAME(t, "script");

	for (u32 i = 0; i < s->nr; i++) {
		const struct rules_step *p = &s->step[i];
		u64 now = task_clock(t) / PS_PER_NS;

		work_ns(t, p->at > now ? p->at - now : 0);
		s->failed[i] = !rules_take(t, s->r, p->lock);
		if (s->failed[i])
			continue;
		s->got[i] = task_clock(t) / PS_PER_NS;
		work_ns(t, p->hold);
		if (p->nap)
			task_sleep(t, p->nap * PS_PER_NS);
		rules_drop(t, s->r, p->lock);
	}
}

/* A task of @cpu with @nr steps. */
static inline struct rules_script *rules_task(struct rules *r, u32 cpu, u32 nr,
					      const struct rules_step *step)
{
	struct rules_script *s = &r->task[r->nr];
	struct task *t;

	s->r = r;
	s->nr = nr;
	memcpy(s->step, step, nr * sizeof(*step));
	t = task_new(r->e.k, "t", r->nr++, cpu, rules_body, s);
	ck_assert_ptr_nonnull(t);
	task_bind(t);
	task_start(t);
	return s;
}

/* rules_task(&r, cpu, { lock, at, hold }, ...) */
#define RULES_TASK(r, cpu, ...)                                                      \
	rules_task(r, cpu, ARRAY_SIZE(((const struct rules_step[]){ __VA_ARGS__ })), \
		   (const struct rules_step[]){ __VA_ARGS__ })

static inline void rules_run(struct rules *r)
{
	exact_run(&r->e);
}

static inline struct lock_side *rules_spin(struct rules *r)
{
	return &r->e.lock.class->side[0];
}

static inline struct lock_side *rules_mutex(struct rules *r)
{
	return &r->e.mutex.class->side[0];
}

static inline u64 bucket_sum(const struct rules *r, enum cpu_bucket b)
{
	u64 sum = 0;

	for (u32 c = 0; c < r->e.hw->nr_cpus; c++)
		sum += r->e.hw->cpus[c].bucket[b];
	return sum;
}

#endif
