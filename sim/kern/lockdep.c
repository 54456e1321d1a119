// SPDX-License-Identifier: GPL-2.0-or-later
/* Order of lock classes; see the header. Nothing of it is in builds without checks. */
#include "sim/kern/lockdep.h"

#ifdef MMSIM_DEBUG

#include <stdlib.h>
#include <string.h>

#include "sim/kern/mutex.h"

#define WORDS (LOCKDEP_CLASSES / 64)

struct lockdep {
	/* after[a]: classes that have been taken while a was held */
	u64 after[LOCKDEP_CLASSES][WORDS];
	char msg[1024];
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

/* Can @to be reached from @from? */
static bool leads_to(const struct lockdep *d, u32 from, u32 to)
{
	u64 seen[WORDS] = { 0 }, todo[WORDS] = { 0 };
	bool any = true;

	todo[from / 64] |= 1ULL << (from % 64);
	while (any) {
		any = false;
		for (u32 a = 0; a < LOCKDEP_CLASSES; a++) {
			if (!(todo[a / 64] & ~seen[a / 64] & 1ULL << (a % 64)))
				continue;
			if (a == to)
				return true;
			seen[a / 64] |= 1ULL << (a % 64);
			for (u32 w = 0; w < WORDS; w++)
				todo[w] |= d->after[a][w];
			any = true;
		}
	}
	return false;
}

/* No library call that formats: this runs on a simulated stack. */
static void say(struct lockdep *d, const char *text)
{
	size_t used = strlen(d->msg), room = sizeof(d->msg) - 1 - used, n = strlen(text);

	if (n > room)
		n = room;
	memcpy(d->msg + used, text, n);
	d->msg[used + n] = '\0';
}

static void report(struct task *t, const struct lock_class *held, const struct lock_class *class)
{
	struct lockdep *d = t->kern->lockdep;

	d->msg[0] = '\0';
	say(d, "possible circular locking dependency: ");
	say(d, class->name);
	say(d, " is taken while ");
	say(d, held->name);
	say(d, " is held, and the other way round before; in");
	for (const struct prof_node *n = t->x.frame; n && n->site; n = n->parent) {
		say(d, " ");
		say(d, n->site->symbol);
	}
	sim_fail(t->kern->sim, d->msg, 0, 0);
}

static void add_edge(struct task *t, const struct lock_class *held, const struct lock_class *class)
{
	struct lockdep *d = t->kern->lockdep;

	if (!held || held == class || held->id >= LOCKDEP_CLASSES ||
	    is_after(d, held->id, class->id))
		return;
	if (leads_to(d, class->id, held->id))
		report(t, held, class);
	d->after[held->id][class->id / 64] |= 1ULL << (class->id % 64);
}

void lockdep_acquire(struct task *t, const struct lock_class *class)
{
	if (class->id >= LOCKDEP_CLASSES)
		return;
	for (u32 i = 0; i < t->nr_mutexes; i++)
		add_edge(t, t->mutexes[i]->class, class);
	for (u32 i = 0; i < t->nr_held && i < ARRAY_SIZE(t->held); i++)
		add_edge(t, t->held[i], class);
}

#endif
