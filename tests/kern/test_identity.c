/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Three accounts of the same spinning: CPU buckets, the profile and lock_stat. An
 * acquisition stalls for its compare-exchange (charged to _raw_spin_lock) and spins
 * for the rest of its wait (charged to the slow path). lock_stat's spin is the whole
 * wait of contended acquisitions; hold less owned is the stall of the others. So
 *	spin + hold - owned = bucket spin + self of _raw_spin_lock
 * exactly, once every section is over.
 */
#include <string.h>

#include "sim/kern/atomic.h"
#include "sim/kern/spinlock.h"
#include "tests/core/check_main.h"

#define SEEDS 60

struct world {
	struct sim *sim;
	struct hw *hw;
	struct kern *k;
	struct spinlock lock[3];
	struct atomic_counter counter;
	u64 think;
};

static void body(struct task *t, void *arg)
{
	struct world *w = arg;
	struct rng *r = &t->rng[RNG_WORKLOAD];

	FRAME(t, "body");

	for (u32 i = 0; i < 200; i++) {
		struct spinlock *l = &w->lock[rng_below(r, 3)];

		work(t, rng_exp_ps(r, w->think));
		spin_lock(t, l);
		work(t, rng_below(r, 300 * PS_PER_NS));
		if (!rng_below(r, 4))
			task_sync(t);
		spin_unlock(t, l);
		if (!rng_below(r, 8))
			atomic_add_return(t, &w->counter, 1);
	}
}

struct self {
	const char *symbol;
	u64 ps;
};

static void add_self(struct prof_node *n, void *arg)
{
	struct self *s = arg;

	if (!strcmp(n->site->symbol, s->symbol))
		s->ps += n->self_ps - n->base_ps;
}

static u64 self_of(struct world *w, const char *symbol)
{
	struct self s = { .symbol = symbol };

	profile_for_each(&w->hw->profile, add_self, &s);
	return s.ps;
}

static u64 bucket(const struct world *w, enum cpu_bucket b)
{
	u64 sum = 0;

	for (u32 c = 0; c < w->hw->nr_cpus; c++)
		sum += w->hw->cpus[c].bucket[b];
	return sum;
}

static void compare(struct world *w, u64 seed)
{
	u64 spin = bucket(w, CPU_SPIN), stall = self_of(w, "_raw_spin_lock");
	u64 locks = 0, waits = 0;

	for (struct lock_class *c = w->k->lock_stats.first; c; c = c->next) {
		const struct lock_side *s = &c->side[0];

		locks += (u64)(s->spin + s->hold_total - s->owned);
		waits += s->waits;
		ck_assert(s->spin == s->wait_total);
		ck_assert_uint_eq(s->contentions, s->waits);
	}
	ck_assert_uint_gt(waits, 0);
	ck_assert_uint_gt(spin, 0);
	ck_assert_msg(self_of(w, "native_queued_spin_lock_slowpath") == spin,
		      "seed %llu: slow path %llu, bucket %llu ps", (unsigned long long)seed,
		      (unsigned long long)self_of(w, "native_queued_spin_lock_slowpath"),
		      (unsigned long long)spin);
	ck_assert_msg(locks == spin + stall, "seed %llu: locks %llu, spin and stall %llu ps",
		      (unsigned long long)seed, (unsigned long long)locks,
		      (unsigned long long)(spin + stall));
	/* what stalls elsewhere is the counter's */
	ck_assert_uint_le(stall, bucket(w, CPU_ATOMIC_STALL));
}

static void identity(u64 seed, enum sim_engine engine)
{
	static const char *const machines[] = { "flat-8", "flat-3", "ideal-6" };
	static const enum spin_kind kinds[] = { SPIN_QSPINLOCK, SPIN_FIFO, SPIN_TAS };
	struct machine *m = machine_builtin(machines[seed % 3]);
	struct sim_config config = { .engine = engine, .seed = seed };
	struct world w = { .sim = sim_new(&config) };

	w.hw = hw_new(w.sim, m);
	w.k = kern_new(w.hw, seed % 4 == 3 ? VIRT_TAS : VIRT_NONE, seed, 0);
	w.think = (100 + seed % 10 * 200) * PS_PER_NS;
	for (u32 i = 0; i < 3; i++)
		ck_assert_int_eq(spin_lock_init(w.k, &w.lock[i], "l", kinds[(seed / 3 + i) % 3]),
				 0);
	atomic_init_counter(&w.counter);
	for (u32 i = 0; i < w.hw->nr_cpus; i++)
		task_start(task_new(w.k, "worker", i, i, body, &w));
	kern_begin(w.k, 0);
	ck_assert_int_eq(sim_run(w.sim, TIME_MAX), SIM_DONE);
	kern_end(w.k, w.sim->now);
	compare(&w, seed);
	for (u32 i = 0; i < 3; i++)
		spin_lock_destroy(&w.lock[i]);
	kern_free(w.k);
	hw_free(w.hw);
	sim_free(w.sim);
	machine_free(m);
}

START_TEST(spin_is_the_same_everywhere)
{
	for (u64 seed = 1; seed <= SEEDS; seed++) {
		identity(seed, SIM_NORMAL);
		identity(seed, SIM_REFERENCE);
	}
}
END_TEST

CHECK_MAIN("identity", spin_is_the_same_everywhere)
