/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * struct percpu_ref (reference machine.md 2.10): a reference count per CPU until it is
 * killed, one atomic from a grace period after that on. What it leaves out: percpu_ref.c.
 */
#ifndef MMSIM_KERN_PERCPU_REF_H
#define MMSIM_KERN_PERCPU_REF_H

#include "sim/kern/atomic.h"
#include "sim/kern/percpu_alloc.h"
#include "sim/kern/rcu.h"

struct percpu_ref {
	struct rcu_head rcu; /* must be first */
	struct atomic_counter count; /* of atomic mode; biased until the CPUs are summed */
	s64 percpu; /* sum over the CPUs' counters */
	bool atomic, dead, released;
	struct percpu_mem mem; /* of the CPUs' counters, given back at the switch to atomic mode */
	/* called once, by the last put or as an engine agent: must not block. May be NULL. */
	void (*release)(struct percpu_ref *ref);
};

/* In percpu mode, with the initial reference. The storage outlives the kernel's run. */
void percpu_ref_init(struct percpu_ref *ref, void (*release)(struct percpu_ref *ref));

/* The same with the per-CPU memory that it takes; @t NULL: before the run. 0 or -ENOMEM. */
int percpu_ref_create(struct kern *k, struct task *t, struct percpu_ref *ref,
		      void (*release)(struct percpu_ref *ref));

/* Take a reference unless it has been killed; an interaction point. */
bool percpu_ref_tryget_live(struct task *t, struct percpu_ref *ref);

/* Drop one; an interaction point. One too many fails the run, if the mode shows it. */
void percpu_ref_put(struct task *t, struct percpu_ref *ref);

/* Switch to atomic mode and drop the initial reference; once. An interaction point. */
void percpu_ref_kill(struct task *t, struct percpu_ref *ref);

#endif
