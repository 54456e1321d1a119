/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What holds for rwlock and rwsem whatever happens, over many seeds and in both engines: a
 * writer is alone, readers do share, statistics add up, CPU time is complete to the
 * picosecond, and both engines give the same run.
 */
#include <string.h>

#include "sim/kern/qrwlock.h"
#include "sim/kern/rwsem.h"
#include "tests/core/check_main.h"
#include "tests/kern/rw_irq.h"

#define SEEDS 60
#define LOOPS 60

/* What is compared between engines. */
struct result {
	u64 end;
	u64 digest; /* of who came in when */
	u64 bucket[16][NR_CPU_BUCKETS];
	struct lock_side side[2];
};

struct world {
	struct sim *sim;
	struct hw *hw;
	struct kern *k;
	struct qrwlock rw;
	struct rwsem sem;
	bool sleeping; /* the rwsem is tested, else the rwlock */
	u64 seed, think;
	struct line data; /* of the section */
	u32 readers, writers; /* inside, as of now */
	u32 most_readers;
	u64 entries;
	struct result result;
};

static void enter(struct task *t, struct world *w, bool write)
{
	struct rng *r = &t->rng[RNG_WORKLOAD];

	if (w->sleeping)
		write ? down_write(t, &w->sem) : down_read(t, &w->sem);
	else if (write)
		write_lock_irqs_off(t, &w->rw);
	else if (rng_below(r, 10))
		read_lock(t, &w->rw);
	else
		read_lock_in_interrupt(t, &w->rw);
}

static void leave(struct task *t, struct world *w, bool write)
{
	if (w->sleeping)
		write ? up_write(t, &w->sem) : up_read(t, &w->sem);
	else
		write ? write_unlock_irqs_on(t, &w->rw) : read_unlock(t, &w->rw);
}

static void check_inside(struct world *w)
{
	ck_assert_msg(w->writers == 0 || (w->writers == 1 && w->readers == 0),
		      "seed %llu: %u writers and %u readers inside", (unsigned long long)w->seed,
		      w->writers, w->readers);
	if (w->readers > w->most_readers)
		w->most_readers = w->readers;
}

static void section(struct task *t, struct world *w, bool write)
{
	struct rng *r = &t->rng[RNG_WORKLOAD];
	u32 *inside = write ? &w->writers : &w->readers;

	task_sync(t);
	++*inside;
	w->entries++;
	w->result.digest = w->result.digest * 1099511628211ULL + w->sim->now * 31 + task_cpu(t);
	check_inside(w);
	work(t, rng_below(r, 400 * PS_PER_NS));
	if (write && rng_below(r, 2)) {
		task_sync(t);
		line_store(&t->x, &w->data);
	}
	if (w->sleeping && !rng_below(r, 20))
		task_sleep(t, rng_below(r, 30 * PS_PER_US));
	if (w->sleeping && !rng_below(r, 200))
		task_sleep(t, 5000 * PS_PER_US);
	task_sync(t);
	check_inside(w);
	--*inside;
}

static void body(struct task *t, void *arg)
{
	struct world *w = arg;
	struct rng *r = &t->rng[RNG_WORKLOAD];

	FRAME(t, "body");

	for (u32 i = 0; i < LOOPS; i++) {
		bool write = rng_below(r, 100) < w->seed % 5 * 20 + 5;

		work(t, rng_exp_ps(r, w->think));
		enter(t, w, write);
		section(t, w, write);
		leave(t, w, write);
		cond_resched(t);
	}
}

static void interrupt(struct sim *s, void *arg)
{
	struct world *w = arg;
	u32 cpu = (u32)(s->now / PS_PER_US) % w->hw->nr_cpus;

	cpu_interrupt(w->hw, &w->hw->cpus[cpu], 700 * PS_PER_NS);
}

static void check_side(const struct world *w, const struct lock_side *s, const char *what)
{
	unsigned long long seed = w->seed;

	ck_assert_msg(s->contentions == s->waits, "seed %llu: %s waits", seed, what);
	ck_assert_msg(s->wait_total == s->spin + s->sleep, "seed %llu: %s wait", seed, what);
	ck_assert_msg(s->contentions <= s->acquisitions + w->rw.locked, "seed %llu: %s", seed,
		      what);
	ck_assert_msg(s->con_bounces <= s->contentions, "seed %llu: %s", seed, what);
	ck_assert_msg(s->acq_bounces <= s->acquisitions, "seed %llu: %s", seed, what);
	ck_assert_msg(s->queued_contentions <= s->contentions, "seed %llu: %s", seed, what);
	if (!w->sleeping)
		ck_assert_msg(!s->sleep, "seed %llu: %s sleeps", seed, what);
}

static void check_class(struct world *w, const struct lock_class *c)
{
	unsigned long long seed = w->seed;
	u64 contentions = 0;
	u128 wait = 0;

	check_side(w, &c->side[0], "write");
	check_side(w, &c->side[1], "read");
	/* the unlock of the last writer may not have drained yet */
	ck_assert_msg(c->side[0].acquisitions + c->side[1].acquisitions + w->rw.locked ==
			      w->entries,
		      "seed %llu: acquisitions", seed);
	/* one writer at a time */
	ck_assert_msg(c->side[0].owned <= w->sim->now, "seed %llu: owned", seed);
	for (u32 i = 0; i < c->nr_callers; i++) {
		contentions += c->caller[i].contentions;
		wait += c->caller[i].wait_total;
	}
	ck_assert_msg(contentions == c->side[0].contentions + c->side[1].contentions,
		      "seed %llu: callers", seed);
	ck_assert_msg(wait == c->side[0].wait_total + c->side[1].wait_total,
		      "seed %llu: callers' waits", seed);
	memcpy(w->result.side, c->side, sizeof(w->result.side));
}

static void check_cpus(struct world *w)
{
	u64 spin = 0;

	for (u32 c = 0; c < w->hw->nr_cpus; c++) {
		u64 sum = 0;

		for (u32 b = 0; b < NR_CPU_BUCKETS; b++)
			sum += w->result.bucket[c][b] = w->hw->cpus[c].bucket[b];
		ck_assert_msg(sum == w->sim->now, "seed %llu: CPU %u: %llu of %llu ps",
			      (unsigned long long)w->seed, c, (unsigned long long)sum,
			      (unsigned long long)w->sim->now);
		spin += w->hw->cpus[c].bucket[CPU_RWSEM_SPIN];
	}
	ck_assert(w->sleeping || !spin);
}

static void check_free(const struct world *w)
{
	if (w->sleeping)
		ck_assert(!w->sem.readers && !w->sem.writer && !w->sem.waiters && !w->sem.handoff &&
			  !osq_first(&w->sem.osq) && !w->sem.spin_waiter);
	else
		ck_assert(!w->rw.readers && !w->rw.waiting && !w->rw.poller &&
			  (!w->rw.locked || w->rw.drained_at >= w->sim->now));
}

/* One run; its result goes to @out. True if readers have shared. */
static bool run(u64 seed, bool sleeping, enum sim_engine engine, struct result *out)
{
	static const char *const machines[] = { "flat-8", "flat-3", "ideal-6" };
	struct machine *m = machine_builtin(machines[seed % 3]);
	struct sim_config config = { .engine = engine, .seed = seed };
	struct world w = { .sim = sim_new(&config), .seed = seed, .sleeping = sleeping };
	u32 nr;

	w.hw = hw_new(w.sim, m);
	w.k = kern_new(w.hw, seed % 4 == 3 ? VIRT_TAS : VIRT_NONE, seed, 0);
	w.think = (100 + seed % 7 * 300) * PS_PER_NS;
	ck_assert_int_eq(qrwlock_init(w.k, &w.rw, "rw"), 0);
	ck_assert_int_eq(rwsem_init(w.k, &w.sem, "sem"), 0);
	gline_init(&w.data.g, 0);
	nr = sleeping ? 2 * w.hw->nr_cpus : w.hw->nr_cpus;
	for (u32 i = 0; i < nr; i++)
		task_start(task_new(w.k, "worker", i, i % w.hw->nr_cpus, body, &w));
	for (u32 i = 1; i < 40; i++)
		sim_at(w.sim, EV_IPI, i * (1013 * PS_PER_NS), interrupt, &w);
	kern_begin(w.k, 0);
	ck_assert_msg(sim_run(w.sim, TIME_MAX) == SIM_DONE, "seed %llu: %s",
		      (unsigned long long)seed, sim_report(w.sim));
	kern_end(w.k, w.sim->now);
	w.result.end = w.sim->now;
	ck_assert_uint_eq(w.entries, nr * LOOPS);
	check_class(&w, sleeping ? w.sem.stat.class : w.rw.stat.class);
	check_cpus(&w);
	check_free(&w);
	*out = w.result;
	qrwlock_destroy(&w.rw);
	rwsem_destroy(&w.sem);
	kern_free(w.k);
	hw_free(w.hw);
	sim_free(w.sim);
	machine_free(m);
	return w.most_readers > 1;
}

static void both_engines(bool sleeping)
{
	static struct result normal, reference;
	u32 shared = 0;

	for (u64 seed = 1; seed <= SEEDS; seed++) {
		shared += run(seed, sleeping, SIM_NORMAL, &normal);
		run(seed, sleeping, SIM_REFERENCE, &reference);
		ck_assert_msg(!memcmp(&normal, &reference, sizeof(normal)),
			      "seed %llu: engines differ, ends %llu and %llu ps",
			      (unsigned long long)seed, (unsigned long long)normal.end,
			      (unsigned long long)reference.end);
	}
	ck_assert_uint_gt(shared, SEEDS / 2);
}

START_TEST(rwlock_holds)
{
	both_engines(false);
}
END_TEST

START_TEST(rwsem_holds)
{
	both_engines(true);
}
END_TEST

CHECK_MAIN("rw_property", rwlock_holds, rwsem_holds)
