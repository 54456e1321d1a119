/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ticket and MCS spin locks: what an acquisition costs to the nanosecond, and both engines
 * (so timeline and queued form) against each other in random worlds with nested locks,
 * stores that drain, sections that synchronise, interrupts and runs that are cut short.
 */
#include <stdlib.h>

#include "tests/core/check_main.h"
#include "tests/kern/exact.h"

#define XFER 20
#define RMW 5
#define RELAX 8
#define INVAL 3
#define FACTOR 1.5

struct kinds {
	struct exact e;
	struct spinlock l;
};

static void kinds_init(struct kinds *w, int engine, enum spin_kind kind)
{
	struct hw *hw;

	exact_init(&w->e, "ideal-8", engine ? SIM_REFERENCE : SIM_NORMAL);
	hw = w->e.hw;
	hw->xfer[DIST_LLC] = XFER * PS_PER_NS;
	hw->c[MK_RMW_LOCAL] = RMW * PS_PER_NS;
	hw->c[MK_CPU_RELAX] = RELAX * PS_PER_NS;
	hw->c[MK_INVAL_PER_SHARER] = INVAL * PS_PER_NS;
	hw->c[MK_HANDOFF_FACTOR] = FACTOR * 1000;
	ck_assert_int_eq(spin_lock_init(w->e.k, &w->l, "k", kind), 0);
}

static void kinds_free(struct kinds *w)
{
	spin_lock_destroy(&w->l);
	exact_free(&w->e);
}

/* Arrive at @at, hold over @hold of work; notes the grant and the end of the unlock. */
static void enter(struct task *t, struct exact *e, u64 at, u64 hold, u32 slot)
{
	struct kinds *w = container_of(e, struct kinds, e);

	work_ns(t, at);
	spin_lock(t, &w->l);
	e->at[slot] = task_clock(t) / PS_PER_NS;
	work_ns(t, hold);
	spin_unlock(t, &w->l);
	e->at[slot + 8] = task_clock(t) / PS_PER_NS;
}

static void at_0(struct task *t, void *arg)
{
	enter(t, arg, 0, 1000, 0);
}

static void at_100(struct task *t, void *arg)
{
	enter(t, arg, 100, 200, 1);
}

static void at_200(struct task *t, void *arg)
{
	enter(t, arg, 200, 200, 2);
}

static void at_1050(struct task *t, void *arg)
{
	enter(t, arg, 1050, 200, 3);
}

/* At the very instant of the first release, if the first section begins at RMW. */
static void at_release(struct task *t, void *arg)
{
	enter(t, arg, RMW + 1000, 200, 4);
}

START_TEST(ticket_handover)
{
	u64 release = RMW + 1000, grant;
	struct lock_side *s;
	struct kinds w;

	kinds_init(&w, _i, SPIN_TICKET);
	exact_task(&w.e, 0, 0, at_0);
	exact_task(&w.e, 1, 1, at_100);
	exact_task(&w.e, 2, 2, at_200);
	exact_task(&w.e, 3, 3, at_release);
	exact_run(&w.e);
	ck_assert_uint_eq(w.e.at[0], RMW);
	/* two poll at the first release, he who comes at that instant is none of them */
	grant = release + 30 + RELAX / 2 + 2 * INVAL;
	ck_assert_uint_eq(w.e.at[1], grant);
	grant += 200 + 30 + RELAX / 2 + 2 * INVAL;
	ck_assert_uint_eq(w.e.at[2], grant);
	ck_assert_uint_eq(w.l.class->side[0].wait_max, (grant - 200) * PS_PER_NS);
	grant += 200 + 30 + RELAX / 2 + INVAL;
	ck_assert_uint_eq(w.e.at[4], grant);
	s = &w.l.class->side[0];
	ck_assert_uint_eq(s->acquisitions, 4);
	ck_assert_uint_eq(s->contentions, 3);
	ck_assert_uint_eq(s->queued_contentions, 0);
	ck_assert_uint_eq(s->acq_bounces, 3);
	kinds_free(&w);
}
END_TEST

/* Alone at the instant of the release: it finds the lock free and fetches the line. */
START_TEST(ticket_meets_release)
{
	struct kinds w;

	kinds_init(&w, _i, SPIN_TICKET);
	exact_task(&w.e, 0, 0, at_0);
	exact_task(&w.e, 1, 1, at_release);
	exact_run(&w.e);
	ck_assert_uint_eq(w.e.at[4], RMW + 1000 + XFER + RMW);
	ck_assert_uint_eq(w.l.class->side[0].contentions, 0);
	kinds_free(&w);
}
END_TEST

START_TEST(mcs_handover)
{
	u64 grant = RMW + 1000 + XFER + RELAX / 2;
	struct lock_side *s;
	struct kinds w;

	kinds_init(&w, _i, SPIN_MCS);
	exact_task(&w.e, 0, 0, at_0);
	exact_task(&w.e, 1, 1, at_100);
	exact_task(&w.e, 2, 2, at_200);
	exact_run(&w.e);
	/* the first release finds a waiter and stores; so does the second */
	ck_assert_uint_eq(w.e.at[8], RMW + 1000);
	ck_assert_uint_eq(w.e.at[1], grant);
	grant += 200 + XFER + RELAX / 2;
	ck_assert_uint_eq(w.e.at[2], grant);
	/* the last finds none and gives the tail back by an atomic */
	ck_assert_uint_eq(w.e.at[10], grant + 200 + RMW);
	ck_assert_uint_eq(exact_bucket(&w.e, 0, CPU_ATOMIC_STALL), RMW);
	ck_assert_uint_eq(exact_bucket(&w.e, 2, CPU_ATOMIC_STALL), XFER + RMW + RMW);
	s = &w.l.class->side[0];
	ck_assert_uint_eq(s->contentions, 2);
	ck_assert_uint_eq(s->queued_contentions, 2);
	kinds_free(&w);
}
END_TEST

/* Who comes while the tail is given back waits for that; who comes later does not. */
START_TEST(mcs_meets_release)
{
	u64 free_at = RMW + 1000 + RMW;
	struct kinds w;

	kinds_init(&w, _i, SPIN_MCS);
	exact_task(&w.e, 0, 0, at_0);
	exact_task(&w.e, 1, 1, at_release);
	exact_run(&w.e);
	ck_assert_uint_eq(w.e.at[8], free_at);
	/* its swap, which takes longer than the rest of the atomic and the hand-over */
	ck_assert_uint_eq(w.e.at[4], free_at + XFER + RELAX / 2);
	ck_assert_uint_eq(w.l.class->side[0].contentions, 1);
	kinds_free(&w);
	kinds_init(&w, _i, SPIN_MCS);
	exact_task(&w.e, 0, 0, at_0);
	exact_task(&w.e, 1, 1, at_1050);
	exact_run(&w.e);
	ck_assert_uint_eq(w.e.at[3], 1050 + XFER + RMW);
	ck_assert_uint_eq(w.l.class->side[0].contentions, 0);
	kinds_free(&w);
}
END_TEST

/* ---- both engines ------------------------------------------------------------ */

#define LOCKS 3

struct world {
	struct sim *sim;
	struct hw *hw;
	struct kern *k;
	struct spinlock lock[LOCKS];
	struct gline line[LOCKS];
	u64 think, section;
	u32 cycles;
	bool flush, whole_ns;
};

static u64 some(struct task *t, const struct world *w, u64 mean)
{
	u64 ps = rng_exp_ps(&t->rng[RNG_WORKLOAD], mean);

	/* whole ten ns: many arrive at the instant of a release */
	return w->whole_ns ? ps / (10 * PS_PER_NS) * (10 * PS_PER_NS) : ps;
}

static void use_lock(struct task *t, struct world *w, u32 i, u32 depth)
{
	struct rng *r = &t->rng[RNG_WORKLOAD];
	struct walk walk = { 0 };

	spin_lock(t, &w->lock[i]);
	walk_read(t, &w->line[i], &walk);
	walk_end(t, &walk);
	work(t, some(t, w, w->section));
	if (!rng_below(r, 4))
		task_sync(t);
	if (i + 1 < LOCKS && !rng_below(r, 4 + depth))
		use_lock(t, w, i + 1, depth + 1);
	if (rng_below(r, 2)) {
		walk_write(t, &w->line[i], &walk);
		walk_end(t, &walk);
	}
	spin_unlock(t, &w->lock[i]);
}

static void body(struct task *t, void *arg)
{
	struct world *w = arg;
	struct rng *r = &t->rng[RNG_WORKLOAD];

	FRAME(t, "body");

	for (u32 i = 0; i < w->cycles; i++) {
		user_work(t, some(t, w, w->think));
		use_lock(t, w, (u32)rng_below(r, LOCKS), 0);
		if (w->flush && !rng_below(r, 40))
			flush_tlb_kernel_range(t, 0, 1 << 20);
		if (!rng_below(r, 50))
			task_sleep(t, some(t, w, w->think));
	}
}

struct outcome {
	u64 now, profile;
	struct lock_side side[LOCKS];
	u64 bucket[16][NR_CPU_BUCKETS];
};

static void add_node(struct prof_node *n, void *arg)
{
	u64 *sum = arg;
	u64 h = n->self_ps * 31 + n->calls;

	if (!h)
		return;
	for (const char *c = n->site->symbol; *c; c++)
		h = (h ^ (u64)(u8)*c) * 1099511628211ULL;
	*sum += h;
}

static void note_outcome(struct outcome *o, struct world *w)
{
	o->now = w->sim->now;
	profile_for_each(&w->hw->profile, add_node, &o->profile);
	for (u32 i = 0; i < LOCKS; i++)
		o->side[i] = w->lock[i].class->side[0];
	for (u32 c = 0; c < w->hw->nr_cpus; c++) {
		u64 sum = 0;

		for (u32 b = 0; b < NR_CPU_BUCKETS; b++) {
			o->bucket[c][b] = w->hw->cpus[c].bucket[b];
			sum += o->bucket[c][b];
		}
		ck_assert_uint_eq(sum, o->now);
	}
}

static void random_world(struct outcome *o, enum sim_engine engine, u64 seed)
{
	static const char *const machines[] = { "flat-8", "ideal-4", "flat-16" };
	static const char *const names[LOCKS] = { "a", "b", "c" };
	static const enum spin_kind kinds[] = { SPIN_TICKET, SPIN_MCS, SPIN_TICKET, SPIN_QSPINLOCK,
						SPIN_MCS };
	struct machine *m = machine_builtin(machines[seed % 3]);
	struct sim_config config = { .engine = engine, .seed = seed };
	struct world w = { .sim = sim_new(&config) };
	u64 until = seed % 7 < 2 ? (15 + seed) * PS_PER_US + seed * 997 : TIME_MAX;
	enum sim_status status;

	memset(o, 0, sizeof(*o));
	w.hw = hw_new(w.sim, m);
	w.k = kern_new(w.hw, VIRT_NONE, seed, 0);
	w.hw->c[MK_INVAL_PER_SHARER] = seed % 4 * 7 * PS_PER_NS;
	w.think = (100 + seed % 11 * 150) * PS_PER_NS;
	w.section = (20 + seed % 5 * 40) * PS_PER_NS;
	w.cycles = seed % 13 ? 150 : 3000;
	w.flush = seed % 5 > 2;
	w.whole_ns = seed % 2;
	for (u32 i = 0; i < LOCKS; i++) {
		ck_assert_int_eq(spin_lock_init(w.k, &w.lock[i], names[i],
						kinds[(seed + i) % ARRAY_SIZE(kinds)]),
				 0);
		gline_init(&w.line[i], 0);
	}
	for (u32 i = 0; i < 2 + seed % 17; i++)
		task_start(task_new(w.k, "worker", i, hw_spread(w.hw, i), body, &w));
	kern_begin(w.k, 0);
	status = sim_run(w.sim, until);
	if (status != SIM_DONE && (status != SIM_UNTIL || until == TIME_MAX))
		ck_abort_msg("seed %llu: %s", (unsigned long long)seed, sim_report(w.sim));
	kern_end(w.k, w.sim->now);
	note_outcome(o, &w);
	for (u32 i = 0; i < LOCKS; i++)
		spin_lock_destroy(&w.lock[i]);
	kern_free(w.k);
	hw_free(w.hw);
	sim_free(w.sim);
	machine_free(m);
}

static void check_side(const struct lock_side *s, u64 seed)
{
	ck_assert_msg(s->spin == s->wait_total, "seed %llu: spin is not the wait",
		      (unsigned long long)seed);
	ck_assert_uint_le(s->contentions, s->acquisitions + 16);
	ck_assert_uint_le(s->con_bounces, s->contentions);
	ck_assert_uint_le(s->acq_bounces, s->acquisitions);
}

START_TEST(engines_agree)
{
	static struct outcome a, b;
	u64 seed = (u64)_i;

	random_world(&a, SIM_NORMAL, seed);
	random_world(&b, SIM_REFERENCE, seed);
	ck_assert_msg(a.now == b.now, "seed %d: ends at %llu and %llu ps", _i,
		      (unsigned long long)a.now, (unsigned long long)b.now);
	for (u32 i = 0; i < LOCKS; i++) {
		ck_assert_msg(!memcmp(&a.side[i], &b.side[i], sizeof(a.side[i])),
			      "seed %d: statistics of lock %u differ", _i, i);
		check_side(&a.side[i], seed);
	}
	ck_assert_msg(a.profile == b.profile, "seed %d: profiles differ", _i);
	ck_assert_msg(!memcmp(&a, &b, sizeof(a)), "seed %d: outcomes differ", _i);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("spin kinds");
	TCase *tc = tcase_create("exact");

	tcase_add_loop_test(tc, ticket_handover, 0, 2);
	tcase_add_loop_test(tc, ticket_meets_release, 0, 2);
	tcase_add_loop_test(tc, mcs_handover, 0, 2);
	tcase_add_loop_test(tc, mcs_meets_release, 0, 2);
	suite_add_tcase(s, tc);
	tc = tcase_create("engines");
	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, engines_agree, 0, 300);
	suite_add_tcase(s, tc);
	return check_run(s, CK_ENV);
}
