/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ticket and MCS spin locks against the closed forms of reference machine.md 3.1 to 3.4 and
 * the laws of 3.7, in both engines. On an ideal machine the only costs left are those that
 * the forms have: inval_per_sharer is d = c/2 of the ticket lock, half of cpu_relax the
 * constant hand-over.
 */
#include <math.h>
#include <stdio.h>

#include "sim/kern/spinlock.h"
#include "tests/core/check_main.h"
#include "tests/kern/lock_chains.h"

/* How long all runs of a row are together, and in how many seeds. */
#define OPS 120000.0
#define BISTABLE_OPS 1600000.0
#define SEEDS 4U
#define BISTABLE_SEEDS 20U

struct world {
	struct machine *m;
	struct sim *sim;
	struct hw *hw;
	struct kern *k;
	struct spinlock lock;
	u64 z, s; /* ps */
	bool exponential;
	u64 done, base_done;
	u64 residence, section, base_residence, base_section; /* what the threads saw, ps */
};

static void world_init(struct world *w, enum sim_engine engine, u64 seed, u32 cpus)
{
	struct sim_config config = { .engine = engine, .seed = seed };
	char name[24];

	memset(w, 0, sizeof(*w));
	snprintf(name, sizeof(name), "ideal-%u", cpus);
	w->m = machine_builtin(name);
	ck_assert_ptr_nonnull(w->m);
	w->sim = sim_new(&config);
	w->hw = hw_new(w->sim, w->m);
	w->k = kern_new(w->hw, VIRT_NONE, seed, 0);
	ck_assert_ptr_nonnull(w->k);
}

static void world_free(struct world *w)
{
	spin_lock_destroy(&w->lock);
	kern_free(w->k);
	hw_free(w->hw);
	sim_free(w->sim);
	machine_free(w->m);
}

static u64 draw(struct task *t, const struct world *w, u64 mean)
{
	return w->exponential ? rng_exp_ps(&t->rng[RNG_THINK], mean) : mean;
}

static void cycler(struct task *t, void *arg)
{
	struct world *w = arg;

	for (;;) {
		u64 arrival, grant;

		work(t, draw(t, w, w->z));
		task_sync(t);
		arrival = task_clock(t);
		spin_lock(t, &w->lock);
		grant = task_clock(t);
		work(t, draw(t, w, w->s));
		spin_unlock(t, &w->lock);
		task_count(t, &w->residence, (s64)(task_clock(t) - arrival));
		task_count(t, &w->section, (s64)(task_clock(t) - grant));
		task_count(t, &w->done, 1);
	}
}

static void measure_begins(struct sim *s, void *arg)
{
	struct world *w = arg;

	kern_begin(w->k, s->now);
	w->base_done = w->done;
	w->base_residence = w->residence;
	w->base_section = w->section;
}

/* What a run or the sum over some says. */
struct outcome {
	double us, done, wait, owned, residence, section;
};

/* Buckets sum up, the lock's account and the threads' own agree (machine.md 3.7). */
static void check_laws(struct world *w, u64 measured, u32 n)
{
	const struct lock_side *s = &w->lock.class->side[0];
	double all = (double)measured * n;

	for (u32 c = 0; c < w->hw->nr_cpus; c++) {
		u64 sum = 0;

		for (u32 b = 0; b < NR_CPU_BUCKETS; b++)
			sum += w->hw->cpus[c].bucket[b];
		ck_assert_uint_eq(sum, w->sim->now);
	}
	ck_assert(s->spin == s->wait_total);
	ck_assert_uint_le(s->acq_bounces, s->acquisitions);
	ck_assert_uint_le(s->con_bounces, s->contentions);
	ck_assert_uint_le(s->queued_contentions, s->contentions);
	if (w->lock.kind == SPIN_MCS)
		ck_assert_uint_eq(s->queued_contentions, s->contentions);
	/* what is under way at either end is in one of them only: n of many */
	ck_assert_double_le(fabs((double)s->spin + (double)s->owned -
				 (double)(w->residence - w->base_residence)),
			    0.02 * all);
}

static void run_one(struct outcome *o, enum spin_kind kind, const struct chain *c,
		    enum sim_engine engine, u64 seed, double us, bool exponential)
{
	const struct lock_side *side;
	u64 until = (u64)(us * (double)PS_PER_US), begin = until / 10;
	struct world w;

	world_init(&w, engine, seed, c->n > 64 ? c->n : 64);
	w.hw->c[MK_INVAL_PER_SHARER] = (u64)(c->d * (double)PS_PER_NS);
	w.hw->c[MK_CPU_RELAX] = (u64)(2 * c->h0 * (double)PS_PER_NS);
	ck_assert_int_eq(spin_lock_init(w.k, &w.lock, "l", kind), 0);
	w.z = (u64)(c->z * (double)PS_PER_NS);
	w.s = (u64)(c->s * (double)PS_PER_NS);
	w.exponential = exponential;
	for (u32 i = 0; i < c->n; i++)
		task_start(task_new(w.k, "worker", i, i, cycler, &w));
	sim_at(w.sim, EV_SAMPLER, begin, measure_begins, &w);
	ck_assert_int_eq(sim_run(w.sim, until), SIM_UNTIL);
	kern_end(w.k, w.sim->now);
	check_laws(&w, until - begin, c->n);
	side = &w.lock.class->side[0];
	o->us += (double)(until - begin) / (double)PS_PER_US;
	o->done += (double)(w.done - w.base_done);
	o->wait += (double)side->wait_total;
	o->owned += (double)side->owned;
	o->residence += (double)(w.residence - w.base_residence);
	o->section += (double)(w.section - w.base_section);
	world_free(&w);
}

/* Throughput and mean number waiting over @seeds runs of @ops acquisitions together. */
static struct chain_result simulate(enum spin_kind kind, const struct chain *c,
				    enum sim_engine engine, u32 seeds, double ops)
{
	double us = ops / chain_handover(c).x / seeds / 0.9;
	struct chain_result r;
	struct outcome o = { 0 };

	for (u32 i = 0; i < seeds; i++)
		run_one(&o, kind, c, engine, 1 + i, us, true);
	r.x = o.done / o.us;
	r.lq = o.wait / (double)PS_PER_US / o.us;
	/* Little; utilisation: the lock's account against the threads' */
	ck_assert_double_le(fabs((o.wait + o.owned) / o.residence - 1), 0.001 + 2.0 * c->n / ops);
	ck_assert_double_le(fabs(o.owned / o.section - 1), 0.001 + 2.0 * c->n / ops);
	return r;
}

/* Throughput with constant think time and section, over @us. */
static double simulate_fixed(enum spin_kind kind, const struct chain *c, bool reference, double us)
{
	struct outcome o = { 0 };

	run_one(&o, kind, c, reference ? SIM_REFERENCE : SIM_NORMAL, 1, us, false);
	return o.done / o.us;
}

static void near(const char *what, const struct chain *c, double got, double want, double tol)
{
	ck_assert_msg(fabs(got / want - 1) <= tol,
		      "N=%u Z=%g S=%g h=%g+%g*k: %s %f, expected %f within %g %%", c->n, c->z, c->s,
		      c->h0, c->d, what, got, want, tol * 100);
}

/* ---- 3.2, 3.3 -------------------------------------------------------------- */

struct mcs_row {
	struct chain c;
	double x, lq; /* as printed in the reference */
};

static const struct mcs_row repair_rows[] = {
	{ { 1, 900, 100, 0, 0 }, 1.0, 0 },	     { { 4, 300, 100, 0, 0 }, 7.9389, 0.8244 },
	{ { 8, 700, 100, 0, 0 }, 8.2118, 1.4306 },   { { 16, 1000, 100, 0, 0 }, 9.7770, 5.2453 },
	{ { 64, 6300, 100, 0, 0 }, 9.1522, 5.4256 }, { { 64, 10000, 500, 0, 0 }, 2.0, 43.0 },
};

/* Machine repairman: without costs both locks are M/M/1//N. 1 % and 3 %. */
START_TEST(repairman)
{
	const struct mcs_row *r = &repair_rows[_i / 2];
	enum spin_kind kind = _i % 2 ? SPIN_MCS : SPIN_TICKET;

	near("oracle X", &r->c, chain_birth_death(&r->c).x, r->x, 1e-4);
	near("exact X", &r->c, chain_handover(&r->c).x, r->x, 1e-4);
	for (int e = 0; e < 2; e++) {
		struct chain_result got =
			simulate(kind, &r->c, e ? SIM_REFERENCE : SIM_NORMAL, SEEDS, 2 * OPS);

		near("X", &r->c, got.x, r->x, 0.01);
		if (r->lq > 0)
			near("Lq", &r->c, got.lq, r->lq, 0.03);
		else
			ck_assert(got.lq == 0);
	}
}
END_TEST

static const struct mcs_row handoff_rows[] = {
	{ { 2, 900, 100, 80, 0 }, 1.94932, 0.0351 },
	{ { 8, 1500, 100, 80, 0 }, 4.34573, 0.8612 },
	{ { 16, 2000, 150, 95, 0 }, 4.07315, 6.8624 },
	{ { 64, 2000, 150, 95, 0 }, 4.08163, 54.837 },
	{ { 64, 12000, 150, 95, 0 }, 4.06129, 14.275 },
};

/*
 * The chain of 3.3 charges the hand-over while two or more are present, a simulator to
 * each acquisition that waited: they differ by 2.4 % in the second row, by less
 * elsewhere. The exact chain of the second rule is met to 1 % and 3 %.
 */
START_TEST(handoff_aware)
{
	const struct mcs_row *r = &handoff_rows[_i];
	struct chain_result exact = chain_handover(&r->c);

	near("oracle X", &r->c, chain_birth_death(&r->c).x, r->x, 1e-4);
	near("exact X", &r->c, exact.x, r->x, 0.025);
	for (int e = 0; e < 2; e++) {
		struct chain_result got =
			simulate(SPIN_MCS, &r->c, e ? SIM_REFERENCE : SIM_NORMAL, SEEDS, 2 * OPS);

		near("X", &r->c, got.x, exact.x, 0.01);
		near("X of 3.3", &r->c, got.x, r->x, 0.035);
		near("Lq", &r->c, got.lq, exact.lq, 0.03);
	}
}
END_TEST

/* ---- 3.4 --------------------------------------------------------------------- */

struct ticket_row {
	u32 s, z, n;
	double ticket, mcs; /* as printed; c = 100 */
	bool bistable; /* short and long queues both likely */
};

static const struct ticket_row collapse_rows[] = {
	{ 200, 20000, 16, 0.78969, 0.78912, false },  { 200, 20000, 32, 1.56092, 1.56691, false },
	{ 200, 20000, 48, 0.48936, 2.31383, true },   { 200, 20000, 64, 0.33205, 2.95706, false },
	{ 400, 20000, 24, 1.13859, 1.14591, false },  { 400, 20000, 32, 1.23437, 1.49047, true },
	{ 400, 20000, 48, 0.43409, 1.94366, false },  { 1000, 20000, 16, 0.68125, 0.69257, false },
	{ 1000, 20000, 32, 0.48932, 0.90827, false }, { 200, 5000, 8, 1.49906, 1.49303, false },
	{ 200, 5000, 16, 2.22179, 2.72718, true },    { 200, 5000, 24, 0.90088, 3.28099, false },
};

static struct chain ticket_chain(const struct ticket_row *r)
{
	return (struct chain){ .n = r->n, .z = r->z, .s = r->s, .d = 50 };
}

/* Boyd-Wickizer's chain to 15 %; the exact chain of the simulated rule to 2 %. */
START_TEST(ticket_collapse)
{
	const struct ticket_row *r = &collapse_rows[_i / 2];
	enum sim_engine engine = _i % 2 ? SIM_REFERENCE : SIM_NORMAL;
	struct chain c = ticket_chain(r);
	struct chain_result exact = chain_handover(&c), got;

	near("oracle X", &c, chain_birth_death(&c).x, r->ticket, 1e-4);
	near("exact X", &c, exact.x, r->ticket, 0.04);
	got = simulate(SPIN_TICKET, &c, engine, r->bistable ? BISTABLE_SEEDS : SEEDS,
		       r->bistable && engine == SIM_NORMAL ? BISTABLE_OPS : OPS);
	near("X of 3.4", &c, got.x, r->ticket, 0.15);
	near("X", &c, got.x, exact.x, r->bistable ? 0.15 : 0.02);
}
END_TEST

/* The MCS column: the same load does not collapse. As in handoff_aware. */
START_TEST(mcs_does_not_collapse)
{
	const struct ticket_row *r = &collapse_rows[_i];
	struct chain c = { .n = r->n, .z = r->z, .s = r->s, .h0 = 100 };
	struct chain_result exact = chain_handover(&c), got;

	near("oracle X", &c, chain_birth_death(&c).x, r->mcs, 1e-4);
	got = simulate(SPIN_MCS, &c, SIM_NORMAL, SEEDS, OPS);
	near("X", &c, got.x, exact.x, 0.01);
	near("X of 3.4", &c, got.x, r->mcs, 0.03);
}
END_TEST

/*
 * Throughput falls by more than 2x within 12 cores after its peak, more abruptly with
 * the shorter section, and tends to 2 / (c n).
 */
START_TEST(shape_of_collapse)
{
	static const u32 sections[] = { 200, 1000 };
	double drop[2];

	for (u32 i = 0; i < 2; i++) {
		struct chain c = { .z = 20000, .s = sections[i], .d = 50 };
		double x, peak = 0, steepest = 1;

		for (c.n = 12; c.n <= 60; c.n += 12) {
			double before = c.n > 12 ? x : 0;

			x = simulate(SPIN_TICKET, &c, SIM_NORMAL, 2, OPS).x;
			steepest = fmin(steepest, before > 0 ? x / before : 1);
			peak = fmax(peak, x);
		}
		ck_assert_double_gt(peak / x, 2);
		drop[i] = steepest;
	}
	ck_assert_double_lt(drop[0], 0.5);
	ck_assert_double_lt(drop[0], drop[1]);
	for (int e = 0; e < 2; e++) {
		struct chain c = { .n = 256, .z = 20000, .s = 200, .d = 50 };

		near("X of n >> collapse", &c,
		     simulate(SPIN_TICKET, &c, e ? SIM_REFERENCE : SIM_NORMAL, 1, OPS / 4).x,
		     2000.0 / (100 * c.n), 0.03);
	}
}
END_TEST

/* ---- 3.1, 3.7 ----------------------------------------------------------------- */

struct fixed_row {
	struct chain c;
	double x; /* of MCS; the ticket lock's follows from its own cycle */
};

static const struct fixed_row fixed_rows[] = {
	{ { 2, 400, 100, 100, 0 }, 4.0 },
	{ { 8, 700, 100, 100, 0 }, 5.0 },
	{ { 16, 2000, 150, 95, 0 }, 4.08163 },
	{ { 64, 2000, 150, 95, 0 }, 4.08163 },
};

/* Constant think time and section: cycle = max(Z + S, N (S + h)), nobody waits in row 1. */
START_TEST(fixed_mcs)
{
	const struct fixed_row *r = &fixed_rows[_i / 2];

	near("X", &r->c, simulate_fixed(SPIN_MCS, &r->c, _i % 2, 20000), r->x, 0.001);
}
END_TEST

/*
 * Without think time all but the holder poll at each release, and the releaser, who comes
 * back at that very instant, does not: cycle = N (S + (N - 1) d).
 */
START_TEST(fixed_ticket)
{
	struct chain c = { .n = 2u << _i / 2, .s = 100, .h0 = 30, .d = 20 };
	double cycle = c.n * (c.s + c.h0 + (c.n - 1) * c.d);

	near("X", &c, simulate_fixed(SPIN_TICKET, &c, _i % 2, 20000), 1000 * c.n / cycle, 0.001);
}
END_TEST

/* X <= min(N / (Z + S), 1 / S), and 1 / (S + h) bounds the locks that are always waited for. */
START_TEST(bounds)
{
	static const u32 rows[][3] = { { 8, 700, 100 }, { 16, 1000, 100 }, { 64, 10000, 500 } };

	for (u32 i = 0; i < 2 * ARRAY_SIZE(rows); i++) {
		const u32 *r = rows[i / 2];
		struct chain c = { .n = r[0], .z = r[1], .s = r[2], .h0 = 40, .d = 10 };
		double x = simulate(i % 2 ? SPIN_MCS : SPIN_TICKET, &c, SIM_NORMAL, 2, OPS).x;

		ck_assert_double_le(x, 1.01 * 1000 * c.n / (c.z + c.s));
		ck_assert_double_le(x, 1.01 * 1000 / c.s);
		/* response: R >= max(S, N S - Z) */
		ck_assert_double_ge(1.01 * (c.n / x * 1000 - c.z), fmax(c.s, c.n * c.s - c.z));
	}
}
END_TEST

/* Raising a latency never raises the throughput of a saturated FIFO lock. */
START_TEST(monotone)
{
	static const double d[] = { 0, 7, 21, 50, 200 };
	double before[2] = { INFINITY, INFINITY };

	for (u32 i = 0; i < 2 * ARRAY_SIZE(d); i++) {
		bool ticket = i % 2;
		struct chain c = { .n = 16, .z = 500, .s = 100 };
		double x;

		if (ticket)
			c.d = d[i / 2];
		else
			c.h0 = d[i / 2];
		x = simulate(ticket ? SPIN_TICKET : SPIN_MCS, &c, SIM_NORMAL, 2, OPS / 2).x;
		ck_assert_double_lt(x, before[ticket]);
		before[ticket] = x;
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("ticket");
	TCase *tc = tcase_create("closed forms");

	tcase_set_timeout(tc, 240);
	tcase_add_loop_test(tc, repairman, 0, 2 * ARRAY_SIZE(repair_rows));
	tcase_add_loop_test(tc, handoff_aware, 0, ARRAY_SIZE(handoff_rows));
	tcase_add_loop_test(tc, ticket_collapse, 0, 2 * ARRAY_SIZE(collapse_rows));
	tcase_add_loop_test(tc, mcs_does_not_collapse, 0, ARRAY_SIZE(collapse_rows));
	tcase_add_test(tc, shape_of_collapse);
	tcase_add_loop_test(tc, fixed_mcs, 0, 2 * ARRAY_SIZE(fixed_rows));
	tcase_add_loop_test(tc, fixed_ticket, 0, 10);
	tcase_add_test(tc, bounds);
	tcase_add_test(tc, monotone);
	suite_add_tcase(s, tc);
	return check_run(s, CK_ENV);
}
