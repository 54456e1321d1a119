/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CNA: who gets the lock and when, to the nanosecond, on two nodes; on one node it is the
 * qspinlock; and both engines against each other in random worlds. Rules: machine.md 2.4.5.
 * Also a CPU whose unlocks drain slowly, of this lock and of the qspinlock.
 */
#include <stdlib.h>

#include "tests/core/check_main.h"
#include "tests/kern/exact.h"

#define NEAR 20
#define FAR 100
#define RMW 5
#define RELAX 8
#define SCAN 3
#define HOLD 500
/* of a hand-over to a waiter in the queue */
#define HQ(xfer) ((xfer)*3 / 2 + RELAX / 2)

struct cna {
	struct exact e;
	struct spinlock l;
	u64 arrive[8]; /* by task */
};

/* Two nodes of four CPUs, CPUs 0 to 3 and 4 to 7. */
static struct machine *two_nodes(const char *name)
{
	struct machine *m = machine_builtin(name);
	s64 cpus = m->val[MK_CORES_PER_LLC].v;

	machine_set(m, MK_SOCKETS, 2, 'E', 0, NULL);
	machine_set(m, MK_CORES_PER_LLC, cpus / 2, 'E', 0, NULL);
	return m;
}

static void cna_world(struct cna *w, int engine, u64 threshold)
{
	struct hw *hw;

	exact_init_on(&w->e, two_nodes("ideal-8"), engine ? SIM_REFERENCE : SIM_NORMAL);
	hw = w->e.hw;
	ck_assert_uint_eq(hw->nr_nodes, 2);
	hw->xfer[DIST_LLC] = NEAR * PS_PER_NS;
	hw->xfer[DIST_XSOCK] = FAR * PS_PER_NS;
	hw->c[MK_RMW_LOCAL] = RMW * PS_PER_NS;
	hw->c[MK_CPU_RELAX] = RELAX * PS_PER_NS;
	hw->c[MK_HANDOFF_FACTOR] = 1500;
	hw->c[MK_CNA_SCAN] = SCAN * PS_PER_NS;
	ck_assert_int_eq(spin_lock_init(w->e.k, &w->l, "cna", SPIN_CNA), 0);
	cna_set_threshold(&w->l, threshold);
}

/* Notes its grant. */
static void enter(struct task *t, void *arg)
{
	struct cna *w = container_of(arg, struct cna, e);
	u32 i = 0;

	while (w->e.task[i] != t)
		i++;
	work_ns(t, w->arrive[i]);
	spin_lock(t, &w->l);
	w->e.at[i] = task_clock(t) / PS_PER_NS;
	work_ns(t, HOLD);
	spin_unlock(t, &w->l);
}

static void arrive(struct cna *w, u32 i, u32 cpu, u64 at)
{
	w->arrive[i] = at;
	exact_task(&w->e, i, cpu, enter);
}

static void finish(struct cna *w)
{
	spin_lock_destroy(&w->l);
	exact_free(&w->e);
}

/*
 * Holder on node 0, then in order of arrival: 1 on the pending bit (node 1), 2 (node 0), 3 (node 1),
 * 4 (node 0). The pending one first; of node 1 next is 3, which passes 2; then nobody of node 1 is in
 * the main queue (4 is passed): the secondary queue comes to its front, with 2.
 */
START_TEST(prefers_own_node)
{
	struct lock_side *s;
	struct cna w;
	u64 at;

	cna_world(&w, _i, PS_PER_SEC);
	arrive(&w, 0, 0, 0);
	arrive(&w, 1, 4, 100);
	arrive(&w, 2, 1, 110);
	arrive(&w, 3, 5, 120);
	arrive(&w, 4, 2, 130);
	exact_run(&w.e);
	ck_assert_uint_eq(w.e.at[0], RMW);
	at = RMW + HOLD + FAR + RELAX / 2; /* pending: one transfer */
	ck_assert_uint_eq(w.e.at[1], at);
	at += HOLD + SCAN + HQ(NEAR);
	ck_assert_uint_eq(w.e.at[3], at);
	at += HOLD + SCAN + HQ(FAR);
	ck_assert_uint_eq(w.e.at[2], at);
	at += HOLD + HQ(NEAR);
	ck_assert_uint_eq(w.e.at[4], at);
	s = &w.l.class->side[0];
	ck_assert_uint_eq(s->acquisitions, 5);
	ck_assert_uint_eq(s->contentions, 4);
	ck_assert_uint_eq(s->queued_contentions, 3);
	ck_assert_uint_eq(s->con_bounces, 4);
	ck_assert_uint_eq(s->acq_bounces, 4);
	ck_assert_uint_eq(s->spin, s->wait_total);
	finish(&w);
}
END_TEST

/* The skipped keep their order, and those who arrived before them in the main queue go first. */
START_TEST(secondary_is_fifo)
{
	static const u32 cpu[] = { 0, 1, 4, 2, 5, 6, 3 };
	static const u32 order[] = { 0, 1, 3, 6, 2, 4, 5 };
	struct cna w;

	cna_world(&w, _i, PS_PER_SEC);
	for (u32 i = 0; i < ARRAY_SIZE(cpu); i++)
		arrive(&w, i, cpu[i], i * 10);
	exact_run(&w.e);
	for (u32 i = 1; i < ARRAY_SIZE(order); i++)
		ck_assert_uint_gt(w.e.at[order[i]], w.e.at[order[i - 1]]);
	/* 6 passes 4 and 5, when 2 is skipped already */
	ck_assert_uint_eq(w.e.at[6] - w.e.at[3], HOLD + 2 * SCAN + HQ(NEAR));
	finish(&w);
}
END_TEST

/*
 * 2 (node 1) is skipped at the second release, about 1024. At the third it has waited for
 * less than two sections, at the fourth for more: then it goes before 5 of the own node.
 */
START_TEST(flushed_after_threshold)
{
	static const u32 cpu[] = { 0, 1, 4, 2, 3, 0 };
	struct cna w;

	cna_world(&w, _i, 2 * HOLD * PS_PER_NS);
	for (u32 i = 0; i < 5; i++)
		arrive(&w, i, cpu[i], i * 10);
	arrive(&w, 5, 0, 600);
	exact_run(&w.e);
	ck_assert_uint_lt(w.e.at[3], w.e.at[2]);
	ck_assert_uint_lt(w.e.at[4], w.e.at[2]);
	ck_assert_uint_lt(w.e.at[2], w.e.at[5]);
	finish(&w);
	/* with more patience the own node goes on */
	cna_world(&w, _i, PS_PER_SEC);
	for (u32 i = 0; i < 5; i++)
		arrive(&w, i, cpu[i], i * 10);
	arrive(&w, 5, 0, 600);
	exact_run(&w.e);
	ck_assert_uint_lt(w.e.at[5], w.e.at[2]);
	finish(&w);
}
END_TEST

/* ---- slow stores -------------------------------------------------------------- */

#define DRAIN 20000 /* ns until an unlock is seen */
#define UNLOCKS 60 /* that a store buffer holds */
#define TIMES 1000

/* Its unlocks drain far more slowly than it takes the lock. */
static void hammer(struct task *t, void *arg)
{
	struct cna *w = container_of(arg, struct cna, e);

	for (u32 i = 0; i < TIMES; i++) {
		spin_lock(t, &w->l);
		work_ns(t, 10);
		t->x.nr_stores = 1;
		t->x.drain_until = task_clock(t) + DRAIN * PS_PER_NS;
		spin_unlock(t, &w->l);
	}
	w->e.at[0] = task_clock(t) / PS_PER_NS;
	work_ns(t, 2 * DRAIN); /* all have drained when the run ends */
}

/* The ring of past and present holders does not overflow: the store buffer bounds it. */
START_TEST(slow_stores)
{
	struct cna w;

	cna_world(&w, _i % 2, PS_PER_SEC);
	w.l.kind = _i < 2 ? SPIN_CNA : SPIN_QSPINLOCK;
	exact_task(&w.e, 0, 0, hammer);
	arrive(&w, 1, 1, 50000);
	exact_run(&w.e);
	ck_assert_uint_eq(w.l.class->side[0].acquisitions, TIMES + 1);
	/* each buffer full takes a drain at least */
	ck_assert_uint_ge(w.e.at[0], (TIMES / UNLOCKS - 1) * DRAIN);
	ck_assert_uint_gt(exact_bucket(&w.e, 0, CPU_LINE_STALL), 0);
	finish(&w);
}
END_TEST

/* ---- random worlds -------------------------------------------------------------- */

struct world {
	struct sim *sim;
	struct hw *hw;
	struct kern *k;
	struct spinlock lock[2];
	struct gline line;
	u64 think, section;
	u32 cycles;
	bool whole_ns;
};

static u64 some(struct task *t, const struct world *w, u64 mean)
{
	u64 ps = rng_exp_ps(&t->rng[RNG_WORKLOAD], mean);

	/* whole ten ns: many arrive at the instant of a release */
	return w->whole_ns ? ps / (10 * PS_PER_NS) * (10 * PS_PER_NS) : ps;
}

static void body(struct task *t, void *arg)
{
	struct world *w = arg;
	struct rng *r = &t->rng[RNG_WORKLOAD];

	for (u32 i = 0; i < w->cycles; i++) {
		u32 n = (u32)rng_below(r, 2);
		struct walk walk = { 0 };

		user_work(t, some(t, w, w->think));
		spin_lock(t, &w->lock[n]);
		work(t, some(t, w, w->section));
		if (!rng_below(r, 4))
			task_sync(t);
		if (!n && !rng_below(r, 5)) {
			spin_lock(t, &w->lock[1]);
			work(t, some(t, w, w->section));
			spin_unlock(t, &w->lock[1]);
		}
		if (!n && rng_below(r, 2)) {
			walk_write(t, &w->line, &walk);
			walk_end(t, &walk);
		}
		spin_unlock(t, &w->lock[n]);
		if (!rng_below(r, 60))
			flush_tlb_kernel_range(t, 0, 1 << 20);
		if (!rng_below(r, 50))
			task_sleep(t, some(t, w, w->think));
	}
}

struct outcome {
	u64 now;
	struct lock_side side[2];
	u64 bucket[16][NR_CPU_BUCKETS];
};

static void random_world(struct outcome *o, enum sim_engine engine, u64 seed, bool nodes,
			 enum spin_kind kind)
{
	struct machine *m =
		nodes ? two_nodes(seed % 3 ? "flat-16" : "flat-8") : machine_builtin("flat-8");
	struct sim_config config = { .engine = engine, .seed = seed };
	struct world w = { .sim = sim_new(&config) };
	u64 until = seed % 7 < 2 ? (15 + seed) * PS_PER_US + seed * 997 : TIME_MAX;
	enum sim_status status;

	memset(o, 0, sizeof(*o));
	w.hw = hw_new(w.sim, m);
	w.k = kern_new(w.hw, VIRT_NONE, seed, 0);
	w.hw->xfer[DIST_XSOCK] = 150 * PS_PER_NS;
	w.hw->c[MK_NUMA_SPINLOCK_THRESHOLD] = seed % 4 * 3 * PS_PER_US;
	w.k->numa_spinlock = kind == SPIN_CNA;
	w.think = (100 + seed % 11 * 150) * PS_PER_NS;
	w.section = (20 + seed % 5 * 40) * PS_PER_NS;
	w.cycles = 150;
	w.whole_ns = nodes && seed % 2;
	gline_init(&w.line, 0);
	for (u32 i = 0; i < 2; i++) {
		ck_assert_int_eq(spin_lock_init(w.k, &w.lock[i], i ? "b" : "a", SPIN_QSPINLOCK), 0);
		ck_assert_int_eq(w.lock[i].kind, kind);
	}
	for (u32 i = 0; i < 2 + seed % 17; i++)
		task_start(task_new(w.k, "worker", i, i % w.hw->nr_cpus, body, &w));
	kern_begin(w.k, 0);
	status = sim_run(w.sim, until);
	if (status != SIM_DONE && (status != SIM_UNTIL || until == TIME_MAX))
		ck_abort_msg("seed %llu: %s", (unsigned long long)seed, sim_report(w.sim));
	kern_end(w.k, w.sim->now);
	o->now = w.sim->now;
	for (u32 c = 0; c < w.hw->nr_cpus; c++)
		memcpy(o->bucket[c], w.hw->cpus[c].bucket, sizeof(o->bucket[c]));
	for (u32 i = 0; i < 2; i++) {
		o->side[i] = w.lock[i].class->side[0];
		spin_lock_destroy(&w.lock[i]);
	}
	kern_free(w.k);
	hw_free(w.hw);
	sim_free(w.sim);
	machine_free(m);
}

START_TEST(engines_agree)
{
	static struct outcome a, b;

	random_world(&a, SIM_NORMAL, (u64)_i, true, SPIN_CNA);
	random_world(&b, SIM_REFERENCE, (u64)_i, true, SPIN_CNA);
	ck_assert_msg(a.now == b.now, "seed %d: ends at %llu and %llu ps", _i,
		      (unsigned long long)a.now, (unsigned long long)b.now);
	for (u32 i = 0; i < 2; i++) {
		const struct lock_side *s = &a.side[i];

		ck_assert_msg(!memcmp(s, &b.side[i], sizeof(*s)),
			      "seed %d: statistics of lock %u differ", _i, i);
		ck_assert_msg(s->spin == s->wait_total, "seed %d: spin is not the wait", _i);
		ck_assert_msg(s->con_bounces <= s->contentions, "seed %d", _i);
		ck_assert_msg(s->acq_bounces <= s->acquisitions, "seed %d", _i);
	}
	ck_assert_msg(!memcmp(&a, &b, sizeof(a)), "seed %d: outcomes differ", _i);
}
END_TEST

/* With one node nobody is passed over: the qspinlock to the picosecond. */
START_TEST(one_node_is_qspinlock)
{
	static struct outcome a, b;

	random_world(&a, SIM_NORMAL, (u64)_i, false, SPIN_CNA);
	random_world(&b, SIM_NORMAL, (u64)_i, false, SPIN_QSPINLOCK);
	ck_assert_msg(!memcmp(&a, &b, sizeof(a)), "seed %d: outcomes differ", _i);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("cna");
	TCase *tc = tcase_create("exact");

	tcase_add_loop_test(tc, prefers_own_node, 0, 2);
	tcase_add_loop_test(tc, secondary_is_fifo, 0, 2);
	tcase_add_loop_test(tc, flushed_after_threshold, 0, 2);
	tcase_add_loop_test(tc, slow_stores, 0, 4);
	suite_add_tcase(s, tc);
	tc = tcase_create("random");
	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, engines_agree, 0, 200);
	tcase_add_loop_test(tc, one_node_is_qspinlock, 0, 100);
	suite_add_tcase(s, tc);
	return check_run(s, CK_ENV);
}
