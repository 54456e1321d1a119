/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Mistakes of simulated kernel code, in one form: what is wrong; the thread, its CPU and the
 * simulated time; the lock; in debug builds what the thread holds and where it took it; its
 * frames, innermost first. The core adds the step of the scenario (interp_describe()).
 * Locks call this in every build; what only debug builds find is in lockdep.h.
 */
#ifndef MMSIM_KERN_BUG_H
#define MMSIM_KERN_BUG_H

#include "sim/kern/task.h"

#define LOCK_NO_INSTANCE UINT32_MAX /* the report names the class only */

/**
 * kern_bug - end the run with a report
 * @t: who did it; does not return
 * @what: static text, one line
 * @class: of the lock, NULL if it is not about a lock
 * @instance: which one of the class, or LOCK_NO_INSTANCE
 */
void kern_bug(struct task *t, const char *what, const struct lock_class *class, u32 instance);

/* The same where a number belongs into the first line: @before @n @after. */
void kern_bug_nr(struct task *t, const char *before, u64 n, const char *after);

/* "a task @verb while it holds a spin lock", or whatever it is that forbids it. */
void kern_bug_atomic(struct task *t, const char *verb, const struct lock_class *class,
		     u32 instance);

/* The caller may sleep, on the lock that is named if it is for one. */
static inline void might_sleep_on(struct task *t, const struct lock_class *class, u32 instance)
{
	if (unlikely(task_atomic(t) || t->rcu_depth))
		kern_bug_atomic(t, "may sleep", class, instance);
}

static inline void might_sleep(struct task *t)
{
	might_sleep_on(t, NULL, 0);
}

/*
 * Parts of a report, for checks with more to say: bug_begin() is its first line, bug_line()
 * begins another one, bug_end() fails the run. No call here formats or allocates.
 */
void bug_begin(struct kern *k, const char *what);
void bug_line(struct kern *k, const char *key);
void bug_str(struct kern *k, const char *s);
void bug_u64(struct kern *k, u64 n);
void bug_ns(struct kern *k, u64 ps);
void bug_lock(struct kern *k, const struct lock_class *class, u32 instance);
void bug_thread(struct kern *k, const struct task *t);
void bug_frames(struct kern *k, const struct prof_node *n);

/* Within a report: "NAME[index] on CPU @cpu at @at in FRAMES", of what @t did then. */
void bug_where(struct kern *k, const struct task *t, u32 cpu, u64 at,
	       const struct prof_node *frame);
/* The lines of @t and of the lock; @t may be NULL: an agent did it. */
void bug_about(struct kern *k, struct task *t, const struct lock_class *class, u32 instance);
void bug_end(struct kern *k);

#endif
