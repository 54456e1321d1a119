// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What tasks hold, order of lock classes and contexts; see the header. Facts: the kernel's
 * lockdep design document (classes, one trylock rule, usage in interrupts). Nothing of it is
 * in builds without checks.
 */
#include "sim/kern/lockdep.h"

#ifdef MMSIM_DEBUG

#include <stdlib.h>
#include <string.h>

#include "sim/kern/bug.h"

#define WORDS (LOCKDEP_CLASSES / 64)
#define NO_CLASS UINT32_MAX

/* How @after came to be taken behind @before for the first time. */
struct edge {
	const struct task *t;
	const struct prof_node *before_frame, *after_frame;
	const struct lock_class *before, *after;
	u64 at;
	u32 before_instance, after_instance;
	u16 cpu;
};

/* First use of a class in a context. */
struct usage {
	const struct task *t;
	const struct prof_node *frame;
	u64 at;
};

struct lockdep {
	/* after[a]: classes that have been taken while a was held */
	u64 after[LOCKDEP_CLASSES][WORDS];
	struct edge edge[LOCKDEP_CLASSES][LOCKDEP_CLASSES];
	struct usage in_irq[LOCKDEP_CLASSES]; /* taken by an interrupt, for reading */
	struct usage irqs_on[LOCKDEP_CLASSES]; /* for writing with interrupts on */
};

struct lockdep *lockdep_new(void)
{
	return calloc(1, sizeof(struct lockdep));
}

void lockdep_free(struct lockdep *d)
{
	free(d);
}

static bool is_after(const struct lockdep *d, u32 a, u32 b)
{
	return d->after[a][b / 64] >> (b % 64) & 1;
}

/* Shortest chain from class @from to @to: prev[] leads back from @to. False: there is none. */
static bool find_chain(const struct lockdep *d, u32 from, u32 to, u32 prev[LOCKDEP_CLASSES])
{
	u32 queue[LOCKDEP_CLASSES], head = 0, tail = 0;

	for (u32 i = 0; i < LOCKDEP_CLASSES; i++)
		prev[i] = NO_CLASS;
	queue[tail++] = from;
	prev[from] = from;
	while (head < tail) {
		u32 a = queue[head++];

		if (a == to)
			return true;
		for (u32 b = 0; b < LOCKDEP_CLASSES; b++) {
			if (prev[b] != NO_CLASS || !is_after(d, a, b))
				continue;
			prev[b] = a;
			queue[tail++] = b;
		}
	}
	return false;
}

static void held_line(struct kern *k, const struct held_lock *h)
{
	bug_lock(k, h->class, h->instance);
	bug_str(k, h->how & LOCKDEP_READ ? ", taken for reading at " : ", taken at ");
	bug_ns(k, h->at);
	bug_str(k, " in ");
	bug_frames(k, h->frame);
}

void lockdep_report_held(struct task *t)
{
	if (!t->lockdep_depth) {
		bug_line(t->kern, "holds");
		bug_str(t->kern, "nothing");
	}
	for (u32 i = 0; i < min_u32(t->lockdep_depth, LOCKDEP_HELD); i++) {
		bug_line(t->kern, "holds");
		held_line(t->kern, &t->lockdep_held[i]);
	}
}

/* ---- order ------------------------------------------------------------------ */

static void report_edge(struct kern *k, const struct edge *e)
{
	bug_line(k, "before");
	bug_lock(k, e->after, e->after_instance);
	bug_str(k, " was taken by ");
	bug_where(k, e->t, e->cpu, e->at, e->after_frame);
	bug_str(k, " while ");
	bug_lock(k, e->before, e->before_instance);
	bug_str(k, " was held, taken in ");
	bug_frames(k, e->before_frame);
}

/* Edges from @class on, in the order in which they lead to the lock that is held now. */
static void report_chain(struct kern *k, const u32 prev[LOCKDEP_CLASSES], u32 from, u32 to)
{
	u32 path[LOCKDEP_CLASSES], n = 0;

	for (u32 at = to; at != from; at = prev[at])
		path[n++] = at;
	for (u32 a = from; n--; a = path[n])
		report_edge(k, &k->lockdep->edge[a][path[n]]);
}

static void report_inversion(struct task *t, const struct held_lock *h,
			     const struct lock_class *class, u32 instance,
			     const u32 prev[LOCKDEP_CLASSES])
{
	struct kern *k = t->kern;

	bug_begin(k, "possible circular locking dependency: ");
	bug_str(k, class->name);
	bug_str(k, " is taken while ");
	bug_str(k, h->class->name);
	bug_str(k, " is held, and the other way round before");
	bug_about(k, t, class, instance);
	report_chain(k, prev, class->id, h->class->id);
	bug_end(k);
}

static void add_edge(struct task *t, const struct held_lock *h, const struct lock_class *class,
		     u32 instance)
{
	struct lockdep *d = t->kern->lockdep;
	u32 prev[LOCKDEP_CLASSES], a = h->class->id, b = class->id;

	if (a == b || a >= LOCKDEP_CLASSES || is_after(d, a, b))
		return;
	if (find_chain(d, b, a, prev))
		report_inversion(t, h, class, instance, prev);
	d->after[a][b / 64] |= 1ULL << (b % 64);
	d->edge[a][b] = (struct edge){
		.t = t,
		.before_frame = h->frame,
		.after_frame = t->x.frame,
		.before = h->class,
		.after = class,
		.before_instance = h->instance,
		.after_instance = instance,
		.at = task_clock(t),
		.cpu = (u16)task_cpu(t),
	};
}

/* ---- contexts ---------------------------------------------------------------- */

static void report_context(struct task *t, const struct lock_class *class, u32 instance, u32 how,
			   const struct usage *other)
{
	struct kern *k = t->kern;

	bug_begin(k, how & LOCKDEP_IN_IRQ ?
			     "inconsistent lock state: an interrupt takes a lock that was taken "
			     "for writing with interrupts on" :
			     "inconsistent lock state: a lock that interrupts take is taken for "
			     "writing with interrupts on");
	bug_about(k, t, class, instance);
	bug_line(k, "before");
	bug_str(k, other->t->x.proc.name ? other->t->x.proc.name : "?");
	bug_str(k, "[");
	bug_u64(k, other->t->x.proc.index);
	bug_str(k, "] at ");
	bug_ns(k, other->at);
	bug_str(k, " in ");
	bug_frames(k, other->frame);
	bug_end(k);
}

static void note_context(struct task *t, const struct lock_class *class, u32 instance, u32 how)
{
	struct lockdep *d = t->kern->lockdep;
	struct usage *own, *other;

	if (how & LOCKDEP_IN_IRQ) {
		own = &d->in_irq[class->id];
		other = &d->irqs_on[class->id];
	} else if (!(how & LOCKDEP_READ) && !t->x.irq_off) {
		own = &d->irqs_on[class->id];
		other = &d->in_irq[class->id];
	} else {
		return;
	}
	if (other->t)
		report_context(t, class, instance, how, other);
	if (!own->t)
		*own = (struct usage){ t, t->x.frame, task_clock(t) };
}

/* ---- what is held ------------------------------------------------------------ */

void lockdep_acquire(struct task *t, const void *lock, const struct lock_class *class, u32 instance,
		     u32 how)
{
	if (class->id < LOCKDEP_CLASSES) {
		note_context(t, class, instance, how);
		for (u32 i = 0; i < min_u32(t->lockdep_depth, LOCKDEP_HELD); i++)
			if (!(how & (LOCKDEP_TRY | LOCKDEP_IN_IRQ)))
				add_edge(t, &t->lockdep_held[i], class, instance);
	}
	if (t->lockdep_depth < LOCKDEP_HELD)
		t->lockdep_held[t->lockdep_depth] = (struct held_lock){
			.lock = lock,
			.class = class,
			.frame = t->x.frame,
			.at = task_clock(t),
			.instance = instance,
			.how = how,
		};
	t->lockdep_depth++;
}

void lockdep_release(struct task *t, const void *lock)
{
	u32 n = min_u32(t->lockdep_depth, LOCKDEP_HELD), i = n;

	while (i && t->lockdep_held[i - 1].lock != lock)
		i--;
	if (t->lockdep_depth)
		t->lockdep_depth--;
	if (!i)
		return;
	memmove(&t->lockdep_held[i - 1], &t->lockdep_held[i], (n - i) * sizeof(t->lockdep_held[0]));
}

bool lockdep_is_held(const struct task *t, const void *lock, bool write)
{
	/* what is beyond the table may be it */
	if (t->lockdep_depth > LOCKDEP_HELD)
		return true;
	for (u32 i = 0; i < t->lockdep_depth; i++)
		if (t->lockdep_held[i].lock == lock &&
		    !(write && t->lockdep_held[i].how & LOCKDEP_READ))
			return true;
	return false;
}

void lockdep_check_held(struct task *t, const void *lock, const struct lock_class *class,
			u32 instance, bool write)
{
	if (!lockdep_is_held(t, lock, write))
		kern_bug(t, "guarded data is touched without its lock", class, instance);
}

#endif
