// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reports of mistakes; see the header. They are written on simulated stacks, where nothing
 * may format or allocate, into the kernel's buffer, and end where that is full.
 */
#include "sim/kern/bug.h"

#include <string.h>

#include "sim/kern/lockdep.h"

void bug_str(struct kern *k, const char *s)
{
	size_t room = sizeof(k->bug) - 1 - k->bug_len, n = strlen(s);

	if (n > room)
		n = room;
	memcpy(k->bug + k->bug_len, s, n);
	k->bug_len += (u32)n;
	k->bug[k->bug_len] = '\0';
}

void bug_u64(struct kern *k, u64 n)
{
	char digits[24];
	u32 i = sizeof(digits) - 1;

	digits[i] = '\0';
	do {
		digits[--i] = (char)('0' + n % 10);
		n /= 10;
	} while (n);
	bug_str(k, digits + i);
}

/* With three decimals, which is exact. */
void bug_ns(struct kern *k, u64 ps)
{
	const char frac[] = { '.', (char)('0' + ps / 100 % 10), (char)('0' + ps / 10 % 10),
			      (char)('0' + ps % 10), '\0' };

	bug_u64(k, ps / PS_PER_NS);
	bug_str(k, frac);
	bug_str(k, " ns");
}

void bug_begin(struct kern *k, const char *what)
{
	k->bug_len = 0;
	bug_str(k, what);
}

void bug_line(struct kern *k, const char *key)
{
	bug_str(k, "\n  ");
	bug_str(k, key);
	bug_str(k, ": ");
}

void bug_lock(struct kern *k, const struct lock_class *class, u32 instance)
{
	bug_str(k, class->name);
	if (instance != LOCK_NO_INSTANCE) {
		bug_str(k, "[");
		bug_u64(k, instance);
		bug_str(k, "]");
	}
	bug_str(k, " (");
	bug_str(k, class->kind);
	bug_str(k, ")");
}

void bug_thread(struct kern *k, const struct task *t)
{
	bug_str(k, t->x.proc.name ? t->x.proc.name : "?");
	bug_str(k, "[");
	bug_u64(k, t->x.proc.index);
	bug_str(k, "] on CPU ");
	bug_u64(k, task_cpu(t));
}

void bug_frames(struct kern *k, const struct prof_node *n)
{
	/* the root stands for everything */
	if (!n || !n->parent)
		bug_str(k, "no frame");
	for (; n && n->parent; n = n->parent) {
		bug_str(k, n->site->symbol);
		if (n->parent->parent)
			bug_str(k, " < ");
	}
}

void bug_about(struct kern *k, struct task *t, const struct lock_class *class, u32 instance)
{
	bug_line(k, "thread");
	if (t) {
		bug_thread(k, t);
		bug_str(k, " at ");
		bug_ns(k, task_clock(t));
	} else {
		bug_str(k, "none, in interrupt context at ");
		bug_ns(k, k->sim->now);
	}
	if (class) {
		bug_line(k, "lock");
		bug_lock(k, class, instance);
	}
	if (!t)
		return;
	lockdep_report_held(t);
	bug_line(k, "frames");
	bug_frames(k, t->x.frame);
}

void bug_end(struct kern *k)
{
	sim_fail(k->sim, k->bug, 0, 0);
}

void kern_bug(struct task *t, const char *what, const struct lock_class *class, u32 instance)
{
	bug_begin(t->kern, what);
	bug_about(t->kern, t, class, instance);
	bug_end(t->kern);
}

void kern_bug_nr(struct task *t, const char *before, u64 n, const char *after)
{
	bug_begin(t->kern, before);
	bug_u64(t->kern, n);
	bug_str(t->kern, after);
	bug_about(t->kern, t, NULL, 0);
	bug_end(t->kern);
}

/* Why @t must not leave its CPU. */
static const char *atomic_reason(const struct task *t)
{
	if (t->nr_held)
		return " while it holds a spin lock";
	if (t->x.irq_off)
		return " with interrupts off";
	if (t->preempt_off)
		return " with preemption off";
	return t->rcu_depth ? " in an RCU read section" : " while it holds a spin lock";
}

void kern_bug_atomic(struct task *t, const char *verb, const struct lock_class *class, u32 instance)
{
	bug_begin(t->kern, "a task ");
	bug_str(t->kern, verb);
	bug_str(t->kern, atomic_reason(t));
	bug_about(t->kern, t, class, instance);
	bug_end(t->kern);
}

void bug_where(struct kern *k, const struct task *t, u32 cpu, u64 at, const struct prof_node *frame)
{
	bug_str(k, t->x.proc.name ? t->x.proc.name : "?");
	bug_str(k, "[");
	bug_u64(k, t->x.proc.index);
	bug_str(k, "] on CPU ");
	bug_u64(k, cpu);
	bug_str(k, " at ");
	bug_ns(k, at);
	bug_str(k, " in ");
	bug_frames(k, frame);
}
