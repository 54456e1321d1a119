// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The lock checker: every mistake on every kind of lock that can make it, with the whole text
 * of the report as lockdep.golden has it, in both engines. Lines that only debug builds have
 * (what is held, who was there before) are left out of the comparison in others, and so are
 * the cases that only those builds find, which run to the end.
 * `LOCKDEP_PRINT=1 test_lockdep` prints what the golden file should be.
 */
#include <stdio.h>
#include <stdlib.h>

#include "sim/kern/completion.h"
#include "sim/kern/percpu_ref.h"
#include "sim/kern/qrwlock.h"
#include "sim/kern/rwsem.h"
#include "sim/kern/seqlock.h"
#include "tests/core/check_main.h"
#include "tests/kern/exact.h"

#define NR_SPIN 5

struct world {
	struct exact e; /* must be first */
	u32 kind;
	struct spinlock spin[NR_SPIN];
	struct qrwlock rwlock;
	struct rwsem rwsem;
	struct seqlock seqlock;
	struct completion done;
	struct percpu_ref ref;
	struct rcu_head head;
};

static struct world *world_of(void *arg)
{
	return arg;
}

/* ---- kinds of locks ------------------------------------------------------------ */

enum kind {
	K_QSPINLOCK,
	K_FIFO,
	K_TAS,
	K_TICKET,
	K_MCS,
	K_READ,
	K_WRITE,
	K_DOWN_READ,
	K_DOWN_WRITE,
	K_MUTEX,
	K_SEQLOCK,
	K_SEQCOUNT,
	K_IRQ,
	K_PREEMPT,
	K_RCU,
	NR_KINDS
};

static const char *const kind_names[NR_KINDS] = { "qspinlock",	  "fifo",	"tas",
						  "ticket",	  "mcs",	"rwlock-read",
						  "rwlock-write", "rwsem-read", "rwsem-write",
						  "mutex",	  "seqlock",	"seqcount",
						  "irq",	  "preempt",	"rcu" };

static void lock(struct task *t, struct world *w, u32 kind)
{
	switch (kind) {
	case K_READ:
		read_lock(t, &w->rwlock);
		break;
	case K_WRITE:
		write_lock(t, &w->rwlock);
		break;
	case K_DOWN_READ:
		down_read(t, &w->rwsem);
		break;
	case K_DOWN_WRITE:
		down_write(t, &w->rwsem);
		break;
	case K_MUTEX:
		mutex_lock(t, &w->e.mutex);
		break;
	case K_SEQLOCK:
		write_seqlock(t, &w->seqlock);
		break;
	case K_SEQCOUNT:
		write_seqcount_begin(t, &w->seqlock);
		break;
	case K_IRQ:
		local_irq_disable(t);
		break;
	case K_PREEMPT:
		preempt_disable(t);
		break;
	case K_RCU:
		rcu_read_lock(t);
		break;
	default:
		spin_lock(t, &w->spin[kind]);
		break;
	}
}

static void unlock(struct task *t, struct world *w, u32 kind)
{
	switch (kind) {
	case K_READ:
		read_unlock(t, &w->rwlock);
		break;
	case K_WRITE:
		write_unlock(t, &w->rwlock);
		break;
	case K_DOWN_READ:
		up_read(t, &w->rwsem);
		break;
	case K_DOWN_WRITE:
		up_write(t, &w->rwsem);
		break;
	case K_MUTEX:
		mutex_unlock(t, &w->e.mutex);
		break;
	case K_SEQLOCK:
		write_sequnlock(t, &w->seqlock);
		break;
	case K_SEQCOUNT:
		write_seqcount_end(t, &w->seqlock);
		break;
	case K_IRQ:
		local_irq_enable(t);
		break;
	case K_PREEMPT:
		preempt_enable(t);
		break;
	case K_RCU:
		rcu_read_unlock(t);
		break;
	default:
		spin_unlock(t, &w->spin[kind]);
		break;
	}
}

static void lock_work(struct task *t, struct world *w)
{
	FRAME(t, "taker");

	work(t, 10 * PS_PER_NS);
	lock(t, w, w->kind);
	work(t, 10 * PS_PER_NS);
}

/* ---- mistakes that every kind can make ------------------------------------------- */

static void unlock_not_held(struct task *t, void *arg)
{
	FRAME(t, "releaser");

	work(t, 10 * PS_PER_NS);
	unlock(t, arg, world_of(arg)->kind);
}

static void recursion(struct task *t, void *arg)
{
	lock_work(t, arg);
	lock(t, arg, world_of(arg)->kind);
}

static void ends_with_it(struct task *t, void *arg)
{
	lock_work(t, arg);
}

static void sleeps_with_it(struct task *t, void *arg)
{
	lock_work(t, arg);
	task_sleep(t, PS_PER_US);
}

static void mutex_under_it(struct task *t, void *arg)
{
	lock_work(t, arg);
	mutex_lock(t, &world_of(arg)->e.mutex);
}

static void rwsem_under_it(struct task *t, void *arg)
{
	lock_work(t, arg);
	down_read(t, &world_of(arg)->rwsem);
}

static void completion_under_it(struct task *t, void *arg)
{
	lock_work(t, arg);
	wait_for_completion(t, &world_of(arg)->done);
}

static void grace_period_under_it(struct task *t, void *arg)
{
	lock_work(t, arg);
	synchronize_rcu(t);
}

/* The spin lock e.lock inside of it, and then outside. */
static void inversion(struct task *t, void *arg)
{
	struct world *w = arg;

	lock_work(t, w);
	spin_lock(t, &w->e.lock);
	spin_unlock(t, &w->e.lock);
	unlock(t, w, w->kind);
	FRAME(t, "other way");
	spin_lock(t, &w->e.lock);
	work(t, 5 * PS_PER_NS);
	lock(t, w, w->kind);
}

/* The same for what sleeps, with the mutex. */
static void inversion_sleeping(struct task *t, void *arg)
{
	struct world *w = arg;

	lock_work(t, w);
	mutex_lock(t, &w->e.mutex);
	mutex_unlock(t, &w->e.mutex);
	unlock(t, w, w->kind);
	FRAME(t, "other way");
	mutex_lock(t, &w->e.mutex);
	work(t, 5 * PS_PER_NS);
	lock(t, w, w->kind);
}

static void unguarded(struct task *t, void *arg)
{
	struct world *w = arg;

	FRAME(t, "toucher");

	work(t, 10 * PS_PER_NS);
	if (w->kind == K_READ)
		lockdep_assert_held_rw(t, &w->rwlock);
	else if (w->kind == K_DOWN_READ)
		lockdep_assert_held_rw(t, &w->rwsem);
	else if (w->kind == K_MUTEX)
		lockdep_assert_held(t, &w->e.mutex);
	else
		lockdep_assert_held(t, &w->spin[w->kind]);
}

/* Held for reading only. */
static void unguarded_write(struct task *t, void *arg)
{
	struct world *w = arg;

	lock_work(t, w);
	if (w->kind == K_READ)
		lockdep_assert_held_write(t, &w->rwlock);
	else
		lockdep_assert_held_write(t, &w->rwsem);
	unlock(t, w, w->kind);
}

/* ---- mistakes of one kind --------------------------------------------------------- */

static void three_locks(struct task *t, void *arg)
{
	struct world *w = arg;
	static const u8 pair[][2] = { { 0, 1 }, { 1, 2 }, { 2, 0 } };

	for (u32 i = 0; i < 3; i++) {
		spin_lock(t, &w->spin[pair[i][0]]);
		work(t, PS_PER_NS);
		spin_lock(t, &w->spin[pair[i][1]]);
		spin_unlock(t, &w->spin[pair[i][1]]);
		spin_unlock(t, &w->spin[pair[i][0]]);
	}
}

static void irq_after_write(struct task *t, void *arg)
{
	lock_work(t, arg);
	unlock(t, arg, K_WRITE);
	read_lock_in_interrupt(t, &world_of(arg)->rwlock);
	read_unlock(t, &world_of(arg)->rwlock);
}

static void write_after_irq(struct task *t, void *arg)
{
	read_lock_in_interrupt(t, &world_of(arg)->rwlock);
	read_unlock(t, &world_of(arg)->rwlock);
	lock_work(t, arg);
	unlock(t, arg, K_WRITE);
}

static void seq_read_own(struct task *t, void *arg)
{
	lock_work(t, arg);
	read_seqbegin(t, &world_of(arg)->seqlock);
}

static void nothing(struct kern *k, struct rcu_head *head)
{
	(void)k;
	(void)head;
}

static void call_rcu_twice(struct task *t, void *arg)
{
	work(t, 10 * PS_PER_NS);
	call_rcu(t, &world_of(arg)->head, nothing);
	call_rcu(t, &world_of(arg)->head, nothing);
}

static void ref_put_too_many(struct task *t, void *arg)
{
	percpu_ref_kill(t, &world_of(arg)->ref);
	rcu_barrier(t);
	percpu_ref_put(t, &world_of(arg)->ref);
}

static void ref_kill_twice(struct task *t, void *arg)
{
	percpu_ref_kill(t, &world_of(arg)->ref);
	percpu_ref_kill(t, &world_of(arg)->ref);
}

static void waits(struct task *t, void *arg)
{
	wait_for_completion(t, &world_of(arg)->done);
}

static void reinit_with_waiter(struct task *t, void *arg)
{
	exact_task(&world_of(arg)->e, 1, 1, waits);
	work(t, PS_PER_US);
	task_sync(t);
	reinit_completion(&world_of(arg)->done);
}

/* ---- the table --------------------------------------------------------------------- */

enum {
	SPINS = 1u << K_QSPINLOCK | 1u << K_FIFO | 1u << K_TAS | 1u << K_TICKET | 1u << K_MCS,
	RWLOCKS = 1u << K_READ | 1u << K_WRITE,
	RWSEMS = 1u << K_DOWN_READ | 1u << K_DOWN_WRITE,
	MUTEX = 1u << K_MUTEX,
	SEQS = 1u << K_SEQLOCK | 1u << K_SEQCOUNT,
	LOCAL = 1u << K_IRQ | 1u << K_PREEMPT | 1u << K_RCU,
	ATOMIC = SPINS | RWLOCKS | SEQS | LOCAL,
	ALL = ATOMIC | RWSEMS | MUTEX,
};

static const struct mistake {
	const char *name;
	void (*body)(struct task *t, void *arg);
	u32 kinds;
	bool debug; /* only debug builds find it */
} mistakes[] = {
	{ "unlock not held", unlock_not_held, ALL, false },
	/* sections with interrupts or preemption off, and those of RCU readers, nest */
	{ "recursion", recursion, ALL & ~LOCAL, false },
	{ "end of the task", ends_with_it, ALL, false },
	{ "sleep", sleeps_with_it, ATOMIC, false },
	{ "mutex inside", mutex_under_it, ATOMIC, false },
	{ "rwsem inside", rwsem_under_it, ATOMIC, false },
	{ "completion inside", completion_under_it, ATOMIC, false },
	{ "synchronize_rcu inside", grace_period_under_it, ATOMIC, false },
	{ "order", inversion, SPINS | RWLOCKS | 1u << K_SEQLOCK, true },
	{ "order", inversion_sleeping, RWSEMS, true },
	{ "order over three locks", three_locks, 1u << K_QSPINLOCK, true },
	{ "guarded data", unguarded, SPINS | 1u << K_READ | 1u << K_DOWN_READ | MUTEX, true },
	{ "guarded data, read side", unguarded_write, 1u << K_READ | 1u << K_DOWN_READ, true },
	{ "interrupt after write with interrupts on", irq_after_write, 1u << K_WRITE, true },
	{ "write with interrupts on after interrupt", write_after_irq, 1u << K_WRITE, true },
	{ "read in own write section", seq_read_own, SEQS, true },
	{ "call_rcu twice", call_rcu_twice, 1u << K_RCU, false },
	{ "percpu_ref put too often", ref_put_too_many, 1u << K_RCU, false },
	{ "percpu_ref killed twice", ref_kill_twice, 1u << K_RCU, false },
	{ "completion made anew with a waiter", reinit_with_waiter, 1u << K_RCU, false },
};

static void world_init(struct world *w, u32 kind, enum sim_engine engine)
{
	static const char *const names[NR_SPIN] = { "q", "f", "u", "i", "s" };
	static const enum spin_kind kinds[NR_SPIN] = { SPIN_QSPINLOCK, SPIN_FIFO, SPIN_TAS,
						       SPIN_TICKET, SPIN_MCS };
	struct kern *k;

	memset(w, 0, sizeof(*w));
	exact_init(&w->e, "ideal-4", engine);
	k = w->e.k;
	w->kind = kind;
	for (u32 i = 0; i < NR_SPIN; i++)
		ck_assert_int_eq(spin_lock_init(k, &w->spin[i], names[i], kinds[i]), 0);
	ck_assert_int_eq(qrwlock_init(k, &w->rwlock, "rwlock"), 0);
	ck_assert_int_eq(rwsem_init(k, &w->rwsem, "rwsem"), 0);
	ck_assert_int_eq(seqlock_init(k, &w->seqlock, "seq"), 0);
	ck_assert_int_eq(init_completion(k, &w->done), 0);
	percpu_ref_init(&w->ref, NULL);
}

static void world_free(struct world *w)
{
	for (u32 i = 0; i < NR_SPIN; i++)
		spin_lock_destroy(&w->spin[i]);
	qrwlock_destroy(&w->rwlock);
	rwsem_destroy(&w->rwsem);
	seqlock_destroy(&w->seqlock);
	completion_destroy(&w->done);
	exact_free(&w->e);
}

/* Append the report of one case, without the core's last line, which differs by engine. */
static void run_case(const struct mistake *m, u32 kind, enum sim_engine engine, FILE *out)
{
	struct world w;
	enum sim_status st;
	const char *text, *end;

	world_init(&w, kind, engine);
	exact_task(&w.e, 0, 0, m->body);
	st = sim_run(w.e.sim, 10 * PS_PER_SEC);
	fprintf(out, "== %s: %s\n", m->name, kind_names[kind]);
	if (st == SIM_FAILED) {
		text = sim_report(w.e.sim);
		end = strstr(text, "\n  t/");
		fprintf(out, "%.*s\n", end ? (int)(end - text) : (int)strlen(text), text);
	} else {
		fprintf(out, "status %d\n", (int)st);
	}
	world_free(&w);
}

static char *all_reports(enum sim_engine engine)
{
	char *buf;
	size_t size;
	FILE *out = open_memstream(&buf, &size);

	for (u32 i = 0; i < ARRAY_SIZE(mistakes); i++)
		for (u32 kind = 0; kind < NR_KINDS; kind++)
			if (mistakes[i].kinds & 1u << kind)
				run_case(&mistakes[i], kind, engine, out);
	fclose(out);
	return buf;
}

/* The case of a heading is one that only debug builds find. */
static bool debug_only(const char *heading)
{
	for (u32 i = 0; i < ARRAY_SIZE(mistakes); i++)
		if (mistakes[i].debug &&
		    !strncmp(heading + 3, mistakes[i].name, strlen(mistakes[i].name)) &&
		    heading[3 + strlen(mistakes[i].name)] == ':')
			return true;
	return false;
}

/* In place: what a build without checks cannot say. */
static void drop_debug_lines(char *text)
{
	char *to = text, *next;
	bool skip = false;

	for (char *line = text; *line; line = next) {
		next = strchr(line, '\n') + 1;
		if (!strncmp(line, "== ", 3))
			skip = debug_only(line);
		if (skip || !strncmp(line, "  holds:", 8))
			continue;
		memmove(to, line, (size_t)(next - line));
		to += next - line;
	}
	*to = '\0';
}

static char *golden(void)
{
	FILE *f = fopen(LOCKDEP_GOLDEN, "r");
	char *text;
	long size;

	ck_assert_ptr_nonnull(f);
	fseek(f, 0, SEEK_END);
	size = ftell(f);
	rewind(f);
	text = calloc(1, (size_t)size + 1);
	ck_assert_uint_eq(fread(text, 1, (size_t)size, f), (size_t)size);
	fclose(f);
	return text;
}

START_TEST(reports)
{
	char *got = all_reports(_i ? SIM_REFERENCE : SIM_NORMAL), *want = golden();
	u32 at = 0;

	if (!_i && getenv("LOCKDEP_PRINT")) {
		fputs(got, stdout);
		fflush(stdout);
	}
#ifndef MMSIM_DEBUG
	drop_debug_lines(got);
	drop_debug_lines(want);
#else
	(void)drop_debug_lines;
#endif
	while (got[at] && got[at] == want[at])
		at++;
	while (at && got[at - 1] != '\n')
		at--;
	ck_assert_msg(!strcmp(got, want), "engine %d, got:\n%.600s\nwant:\n%.600s", _i, got + at,
		      want + at);
	free(got);
	free(want);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("lockdep");
	TCase *tc = tcase_create("reports");

	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, reports, 0, 2);
	suite_add_tcase(s, tc);
	return check_run(s, CK_ENV);
}
