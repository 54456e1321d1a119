/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The paravirtual qspinlock: hand-overs, halts, kicks and steals to the nanosecond; the bare
 * lock where nobody waits; and both engines against each other in random worlds.
 * Rules: machine.md 2.4.6, sim/kern/spin_pv.c.
 */
#include <stdlib.h>

#include "tests/core/check_main.h"
#include "tests/kern/exact.h"

#define XFER 20
#define RMW 5
#define RELAX 8
#define KICK 30
#define HALT 40
#define WAKE 200
#define POLLS 512
#define LIMIT (POLLS * RELAX) /* of a spin */
#define CHECK (256 * RELAX) /* between two looks at the node before */
#define HQ (XFER * 3 / 2 + RELAX / 2)
#define FIRST (XFER + RMW) /* the failed exchange of who meets the lock held */

struct pv {
	struct exact e;
	struct spinlock l;
	u64 arrive[8], hold[8]; /* by task, ns */
	const struct task *inside;
};

static void pv_world(struct pv *w, int engine)
{
	struct hw *hw;

	exact_init(&w->e, "ideal-8", engine ? SIM_REFERENCE : SIM_NORMAL);
	hw = w->e.hw;
	hw->xfer[DIST_LLC] = XFER * PS_PER_NS;
	hw->c[MK_RMW_LOCAL] = RMW * PS_PER_NS;
	hw->c[MK_CPU_RELAX] = RELAX * PS_PER_NS;
	hw->c[MK_HANDOFF_FACTOR] = 1500;
	hw->c[MK_PV_SPIN_THRESHOLD] = POLLS;
	hw->c[MK_PV_KICK] = KICK * PS_PER_NS;
	hw->c[MK_PV_HALT] = HALT * PS_PER_NS;
	hw->c[MK_PV_WAKE] = WAKE * PS_PER_NS;
	w->e.k->virt = VIRT_PV;
	w->inside = NULL;
	ck_assert_int_eq(spin_lock_init(w->e.k, &w->l, "pv", SPIN_QSPINLOCK), 0);
	ck_assert_int_eq(w->l.kind, SPIN_PV);
}

/* Notes its grant. */
static void enter(struct task *t, void *arg)
{
	struct pv *w = container_of(arg, struct pv, e);
	u32 i = 0;

	while (w->e.task[i] != t)
		i++;
	work_ns(t, w->arrive[i]);
	spin_lock(t, &w->l);
	task_sync(t);
	ck_assert_ptr_null(w->inside);
	w->inside = t;
	w->e.at[i] = task_clock(t) / PS_PER_NS;
	work_ns(t, w->hold[i]);
	task_sync(t);
	w->inside = NULL;
	spin_unlock(t, &w->l);
}

/* Task @i on CPU @i. */
static void arrive(struct pv *w, u32 i, u64 at, u64 hold)
{
	w->arrive[i] = at;
	w->hold[i] = hold;
	exact_task(&w->e, i, i, enter);
}

static void finish(struct pv *w)
{
	spin_lock_destroy(&w->l);
	exact_free(&w->e);
}

/* Short sections: nobody halts. The first waiter is the head of the queue: no pending path. */
START_TEST(hands_over)
{
	const struct pv_lock_events *ev;
	struct lock_side *s;
	struct pv w;

	pv_world(&w, _i);
	for (u32 i = 0; i < 4; i++)
		arrive(&w, i, i * 100, 500);
	exact_run(&w.e);
	for (u64 i = 0; i < 4; i++)
		ck_assert_uint_eq(w.e.at[i], RMW + i * (500 + RMW + HQ));
	s = &w.l.class->side[0];
	ck_assert_uint_eq(s->acquisitions, 4);
	ck_assert_uint_eq(s->contentions, 3);
	ck_assert_uint_eq(s->queued_contentions, 3);
	ck_assert_uint_eq(s->con_bounces, 3);
	ck_assert_uint_eq(s->acq_bounces, 3);
	ck_assert_uint_eq(s->sleep, 0);
	ck_assert_uint_eq(s->spin, s->wait_total);
	ev = pv_lock_events(&w.l);
	ck_assert_uint_eq(ev->pv_lock_stealing + ev->pv_wait_head + ev->pv_wait_node, 0);
	ck_assert_uint_eq(ev->pv_kick_unlock, 0);
	finish(&w);
}
END_TEST

/* The head polls with pending set: who comes when the lock is free goes behind it. */
START_TEST(no_stealing_from_a_poller)
{
	u64 release = RMW + 500 + RMW;
	struct pv w;

	pv_world(&w, _i);
	arrive(&w, 0, 0, 500);
	arrive(&w, 1, 100, 500);
	arrive(&w, 2, release + 1, 500);
	exact_run(&w.e);
	ck_assert_uint_eq(w.e.at[1], release + HQ);
	ck_assert_uint_eq(w.e.at[2], release + HQ + 500 + RMW + HQ);
	ck_assert_uint_eq(pv_lock_events(&w.l)->pv_lock_stealing, 0);
	finish(&w);
}
END_TEST

/* A section shorter than a transfer: the promotion of the next is seen. */
START_TEST(promotion_is_exposed)
{
	struct pv w;

	pv_world(&w, _i);
	arrive(&w, 0, 0, 500);
	arrive(&w, 1, 100, 3);
	arrive(&w, 2, 110, 0);
	exact_run(&w.e);
	ck_assert_uint_eq(w.e.at[1], RMW + 500 + RMW + HQ);
	ck_assert_uint_eq(w.e.at[2] - w.e.at[1], XFER + HQ);
	finish(&w);
}
END_TEST

#define LONG 20000
#define RELEASE (RMW + LONG + RMW) /* the first one */
#define HEAD_HALTS (100 + FIRST + LIMIT)
#define HEAD_RUNS (RELEASE + KICK + WAKE)

/* The head halts after the threshold; the one behind it, which came late, as it does. */
START_TEST(halts)
{
	u64 early = 3000 + FIRST + CHECK, second, second_runs;
	const struct pv_lock_events *ev;
	struct lock_side *s;
	struct pv w;

	ck_assert_uint_gt(early, HEAD_HALTS);
	pv_world(&w, _i);
	arrive(&w, 0, 0, LONG);
	arrive(&w, 1, 100, LONG);
	arrive(&w, 2, 3000, 500);
	exact_run(&w.e);
	second = HEAD_RUNS + FIRST;
	ck_assert_uint_eq(w.e.at[1], second);
	/* its node is halted when it becomes the head, and stays so until the unlock */
	second_runs = second + LONG + RMW + KICK + WAKE;
	ck_assert_uint_eq(w.e.at[2], second_runs + FIRST);
	ck_assert_uint_eq(exact_bucket(&w.e, 1, CPU_SPIN), LIMIT);
	ck_assert_uint_eq(exact_bucket(&w.e, 2, CPU_SPIN), CHECK);
	s = &w.l.class->side[0];
	ck_assert_uint_eq(s->sleep / PS_PER_NS, HEAD_RUNS - HEAD_HALTS + second_runs - early);
	ck_assert_uint_eq(s->spin + s->sleep, s->wait_total);
	ck_assert_uint_ge(exact_bucket(&w.e, 1, CPU_IDLE), HEAD_RUNS - HEAD_HALTS);
	ck_assert_uint_ge(exact_bucket(&w.e, 2, CPU_IDLE), second_runs - early);
	/* the unlocks have paid for their hypercalls */
	ck_assert_uint_eq(exact_bucket(&w.e, 0, CPU_WORK), LONG + KICK);
	ev = pv_lock_events(&w.l);
	ck_assert_uint_eq(ev->pv_wait_head, 1);
	ck_assert_uint_eq(ev->pv_wait_node, 1);
	ck_assert_uint_eq(ev->pv_wait_early, 1);
	ck_assert_uint_eq(ev->pv_kick_unlock, 2);
	ck_assert_uint_eq(ev->pv_lock_stealing, 0);
	finish(&w);
}
END_TEST

/* A kick that comes while the vCPU is on its way into the halt is not seen before its end. */
START_TEST(kick_during_halt)
{
	struct pv w;

	pv_world(&w, _i);
	w.e.hw->c[MK_PV_HALT] = 1000 * PS_PER_NS;
	arrive(&w, 0, 0, HEAD_HALTS);
	arrive(&w, 1, 100, 10);
	exact_run(&w.e);
	ck_assert_uint_eq(w.e.at[1], HEAD_HALTS + 1000 + WAKE + FIRST);
	finish(&w);
}
END_TEST

/* While the head wakes up the lock is free to steal; then it spins, and halts no more. */
START_TEST(stolen)
{
	u64 steal = RELEASE + 50, stolen = steal + FIRST + RMW, again;
	const struct pv_lock_events *ev;
	struct pv w;

	pv_world(&w, _i);
	arrive(&w, 0, 0, LONG);
	arrive(&w, 1, 100, 500);
	arrive(&w, 3, steal, LONG);
	/* polls, as the head does not insist; when that does, it has to queue up */
	arrive(&w, 4, stolen + 10, 0);
	exact_run(&w.e);
	ck_assert_uint_lt(stolen + 10, HEAD_RUNS);
	ck_assert_uint_eq(w.e.at[3], stolen);
	again = stolen + LONG + RMW + HQ;
	ck_assert_uint_eq(w.e.at[1], again);
	/* the former poller has spun in the queue for longer than the threshold, and is halted */
	ck_assert_uint_eq(w.e.at[4], again + 500 + RMW + KICK + WAKE + FIRST);
	ck_assert_uint_eq(exact_bucket(&w.e, 1, CPU_SPIN), LIMIT + again - HEAD_RUNS);
	ev = pv_lock_events(&w.l);
	ck_assert_uint_eq(ev->pv_lock_stealing, 1);
	ck_assert_uint_eq(ev->pv_wait_head, 1);
	ck_assert_uint_eq(ev->pv_wait_node, 1);
	ck_assert_uint_eq(ev->pv_wait_early, 0);
	ck_assert_uint_eq(ev->pv_kick_unlock, 2);
	ck_assert_uint_eq(w.l.class->side[0].contentions, 3);
	ck_assert_uint_eq(w.l.class->side[0].queued_contentions, 3);
	finish(&w);
}
END_TEST

/* A poller steals, too, if the lock falls free before the head has woken up. */
START_TEST(poller_steals)
{
	u64 steal = RELEASE + 50, stolen = steal + FIRST + RMW, second;
	struct pv w;

	pv_world(&w, _i);
	arrive(&w, 0, 0, LONG);
	arrive(&w, 1, 100, 500);
	arrive(&w, 3, steal, 40);
	arrive(&w, 4, stolen + 10, 300);
	exact_run(&w.e);
	second = stolen + 40 + RMW + HQ;
	ck_assert_uint_lt(second, HEAD_RUNS);
	ck_assert_uint_eq(w.e.at[4], second);
	ck_assert_uint_eq(w.e.at[1], second + 300 + RMW + HQ);
	ck_assert_uint_eq(pv_lock_events(&w.l)->pv_lock_stealing, 2);
	finish(&w);
}
END_TEST

/* ---- random worlds -------------------------------------------------------------- */

struct world {
	struct spinlock lock[2];
	const struct task *inside[2];
	struct gline line;
	u64 think, section;
	u32 cycles;
	bool whole_ns, alone;
};

static u64 some(struct task *t, const struct world *w, u64 mean)
{
	u64 ps = rng_exp_ps(&t->rng[RNG_WORKLOAD], mean);

	/* whole ten ns: many arrive at the instant of a release */
	return w->whole_ns ? ps / (10 * PS_PER_NS) * (10 * PS_PER_NS) : ps;
}

static void section(struct task *t, struct world *w, u32 n)
{
	struct rng *r = &t->rng[RNG_WORKLOAD];
	bool look = rng_below(r, 2);

	spin_lock(t, &w->lock[n]);
	if (look)
		task_sync(t);
	ck_assert_ptr_null(w->inside[n]);
	w->inside[n] = t;
	work(t, some(t, w, w->section));
	if (!rng_below(r, 30))
		work(t, 20 * w->section);
	if (!n && !rng_below(r, 5))
		section(t, w, 1);
	if (!n && !w->alone && rng_below(r, 2)) {
		struct walk walk = { 0 };

		walk_write(t, &w->line, &walk);
		walk_end(t, &walk);
	}
	w->inside[n] = NULL;
	spin_unlock(t, &w->lock[n]);
}

static void body(struct task *t, void *arg)
{
	struct world *w = arg;
	struct rng *r = &t->rng[RNG_WORKLOAD];

	for (u32 i = 0; i < w->cycles; i++) {
		user_work(t, some(t, w, w->think));
		section(t, w, (u32)rng_below(r, 2));
		if (!rng_below(r, 60))
			flush_tlb_kernel_range(t, 0, 1 << 20);
		if (!rng_below(r, 50))
			task_sleep(t, some(t, w, w->think));
	}
}

struct outcome {
	u64 now;
	struct lock_side side[2];
	struct pv_lock_events ev[2];
	u64 bucket[16][NR_CPU_BUCKETS];
};

static void world_setup(struct world *w, struct hw *hw, u64 seed, bool alone)
{
	memset(w, 0, sizeof(*w));
	hw->c[MK_PV_SPIN_THRESHOLD] = 4 + seed % 9 * 60;
	hw->c[MK_PV_KICK] = seed % 3 * 300 * PS_PER_NS;
	hw->c[MK_PV_HALT] = seed % 4 * 200 * PS_PER_NS;
	hw->c[MK_PV_WAKE] = seed % 5 * 400 * PS_PER_NS;
	w->think = (100 + seed % 11 * 150) * PS_PER_NS;
	w->section = (20 + seed % 5 * 40) * PS_PER_NS;
	w->cycles = 150;
	w->whole_ns = seed % 2;
	w->alone = alone;
	gline_init(&w->line, 0);
}

static void random_world(struct outcome *o, enum sim_engine engine, u64 seed, bool alone,
			 enum virt_mode virt, u64 rmw)
{
	struct machine *m = machine_builtin(seed % 3 ? "flat-16" : "flat-8");
	struct sim_config config = { .engine = engine, .seed = seed };
	struct sim *sim = sim_new(&config);
	struct hw *hw = hw_new(sim, m);
	struct kern *k = kern_new(hw, virt, seed, 0);
	u64 until = !alone && seed % 7 < 2 ? (15 + seed) * PS_PER_US + seed * 997 : TIME_MAX;
	enum sim_status status;
	struct world w;

	memset(o, 0, sizeof(*o));
	world_setup(&w, hw, seed, alone);
	hw->c[MK_IPI_VIRT_FACTOR] = 1000;
	hw->c[MK_RMW_LOCAL] = rmw;
	for (u32 i = 0; i < 2; i++)
		ck_assert_int_eq(spin_lock_init(k, &w.lock[i], i ? "b" : "a", SPIN_QSPINLOCK), 0);
	for (u32 i = 0; i < (alone ? 1 : 2 + seed % 17); i++)
		task_start(task_new(k, "worker", i, i % hw->nr_cpus, body, &w));
	kern_begin(k, 0);
	status = sim_run(sim, until);
	if (status != SIM_DONE && (status != SIM_UNTIL || until == TIME_MAX))
		ck_abort_msg("seed %llu: %s", (unsigned long long)seed, sim_report(sim));
	kern_end(k, sim->now);
	o->now = sim->now;
	for (u32 c = 0; c < hw->nr_cpus; c++)
		memcpy(o->bucket[c], hw->cpus[c].bucket, sizeof(o->bucket[c]));
	for (u32 i = 0; i < 2; i++) {
		o->side[i] = w.lock[i].class->side[0];
		if (virt == VIRT_PV)
			o->ev[i] = *pv_lock_events(&w.lock[i]);
		spin_lock_destroy(&w.lock[i]);
	}
	kern_free(k);
	hw_free(hw);
	sim_free(sim);
	machine_free(m);
}

START_TEST(engines_agree)
{
	static struct outcome a, b;

	random_world(&a, SIM_NORMAL, (u64)_i, false, VIRT_PV, RMW * PS_PER_NS);
	random_world(&b, SIM_REFERENCE, (u64)_i, false, VIRT_PV, RMW * PS_PER_NS);
	ck_assert_msg(a.now == b.now, "seed %d: ends at %llu and %llu ps", _i,
		      (unsigned long long)a.now, (unsigned long long)b.now);
	for (u32 i = 0; i < 2; i++) {
		const struct lock_side *s = &a.side[i];

		ck_assert_msg(!memcmp(s, &b.side[i], sizeof(*s)),
			      "seed %d: statistics of lock %u differ", _i, i);
		ck_assert_msg(s->spin + s->sleep == s->wait_total,
			      "seed %d: spin and sleep are not the wait", _i);
		ck_assert_msg(s->con_bounces <= s->contentions, "seed %d", _i);
		ck_assert_msg(s->acq_bounces <= s->acquisitions, "seed %d", _i);
		ck_assert_msg(s->queued_contentions == s->contentions, "seed %d", _i);
	}
	ck_assert_msg(!memcmp(&a, &b, sizeof(a)), "seed %d: outcomes differ", _i);
}
END_TEST

/* The random worlds do halt, steal and kick. */
START_TEST(worlds_have_it_all)
{
	struct pv_lock_events sum = { 0 };
	static struct outcome o;

	for (u64 seed = 0; seed < 40; seed++) {
		random_world(&o, SIM_NORMAL, seed, false, VIRT_PV, RMW * PS_PER_NS);
		for (u32 i = 0; i < 2; i++) {
			sum.pv_lock_stealing += o.ev[i].pv_lock_stealing;
			sum.pv_wait_head += o.ev[i].pv_wait_head;
			sum.pv_wait_node += o.ev[i].pv_wait_node;
			sum.pv_wait_early += o.ev[i].pv_wait_early;
			sum.pv_kick_unlock += o.ev[i].pv_kick_unlock;
		}
	}
	ck_assert_uint_gt(sum.pv_lock_stealing, 20);
	ck_assert_uint_gt(sum.pv_wait_head, 20);
	ck_assert_uint_gt(sum.pv_wait_node, sum.pv_wait_early);
	ck_assert_uint_gt(sum.pv_wait_early, 0);
	ck_assert_uint_gt(sum.pv_kick_unlock, 20);
}
END_TEST

/* Where nobody waits it is the bare lock, but for the compare-exchange of the unlock. */
START_TEST(alone_is_native)
{
	static struct outcome a, b;
	u64 locks;

	random_world(&a, SIM_NORMAL, (u64)_i, true, VIRT_PV, 0);
	random_world(&b, SIM_NORMAL, (u64)_i, true, VIRT_NONE, 0);
	ck_assert_msg(!memcmp(&a, &b, sizeof(a)), "seed %d: outcomes differ", _i);
	random_world(&a, SIM_NORMAL, (u64)_i, true, VIRT_PV, RMW * PS_PER_NS);
	random_world(&b, SIM_NORMAL, (u64)_i, true, VIRT_NONE, RMW * PS_PER_NS);
	locks = a.side[0].acquisitions + a.side[1].acquisitions;
	ck_assert_msg(a.now == b.now + locks * RMW * PS_PER_NS, "seed %d: %llu, bare %llu", _i,
		      (unsigned long long)a.now, (unsigned long long)b.now);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("pv");
	TCase *tc = tcase_create("exact");

	tcase_add_loop_test(tc, hands_over, 0, 2);
	tcase_add_loop_test(tc, no_stealing_from_a_poller, 0, 2);
	tcase_add_loop_test(tc, promotion_is_exposed, 0, 2);
	tcase_add_loop_test(tc, halts, 0, 2);
	tcase_add_loop_test(tc, kick_during_halt, 0, 2);
	tcase_add_loop_test(tc, stolen, 0, 2);
	tcase_add_loop_test(tc, poller_steals, 0, 2);
	suite_add_tcase(s, tc);
	tc = tcase_create("random");
	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, engines_agree, 0, 200);
	tcase_add_test(tc, worlds_have_it_all);
	tcase_add_loop_test(tc, alone_is_native, 0, 30);
	suite_add_tcase(s, tc);
	return check_run(s, CK_ENV);
}
