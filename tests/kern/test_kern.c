/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Locks and scheduler against mathematics (reference machine.md 3.1, 3.2, 3.3) and
 * the two engines against each other.
 */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/kern/ipi.h"
#include "sim/kern/irq.h"
#include "sim/kern/mutex.h"
#include "sim/kern/spinlock.h"
#include "sim/kern/workqueue.h"
#include "tests/core/check_main.h"

struct world {
	struct machine *m;
	struct sim *sim;
	struct hw *hw;
	struct kern *k;
	struct spinlock lock, lock2, lock3;
	struct mutex mutex;
	struct work work;
	u64 z, s; /* think, section: ps */
	bool exp_z, exp_s, nested, flush, use_mutex, irq_off, sleepy;
	u32 cycles; /* per thread */
	u64 done; /* committed cycles */
	u64 waits_ps;
	u64 works_run;
	u64 last_end;
};

static void world_init(struct world *w, const char *machine, enum sim_engine engine, u64 seed,
		       enum virt_mode virt)
{
	struct sim_config config = { .engine = engine, .seed = seed };

	memset(w, 0, sizeof(*w));
	w->m = machine_builtin(strncmp(machine, "smt-", 4) ? machine : "flat-4");
	ck_assert_ptr_nonnull(w->m);
	if (!strncmp(machine, "smt-", 4))
		w->m->val[MK_SMT].v = 2;
	w->sim = sim_new(&config);
	w->hw = hw_new(w->sim, w->m);
	w->k = kern_new(w->hw, virt, seed, 0);
	ck_assert_ptr_nonnull(w->k);
}

static void world_free(struct world *w)
{
	if (w->lock.kern)
		spin_lock_destroy(&w->lock);
	if (w->lock2.kern)
		spin_lock_destroy(&w->lock2);
	if (w->lock3.kern)
		spin_lock_destroy(&w->lock3);
	kern_free(w->k);
	hw_free(w->hw);
	sim_free(w->sim);
	machine_free(w->m);
}

static void on_work(struct task *t, struct work *work)
{
	struct world *w = container_of(work, struct world, work);

	for (u32 i = 0; i < 20; i++) {
		cond_resched(t);
		task_sync(t);
		exec_charge(&t->x, CPU_WORK, 500 * PS_PER_NS);
	}
	task_count(t, &w->works_run, 1);
}

static u64 draw(struct task *t, u64 mean, bool exponential)
{
	return exponential ? rng_exp_ps(&t->rng[RNG_THINK], mean) : mean;
}

/* Sections with interrupts off, with and without interaction points inside. */
static void irq_sections(struct task *t, struct world *w, u32 i)
{
	if (i % 4 == 1) {
		spin_lock_irqsave(t, &w->lock3);
		work(t, draw(t, w->s, true));
		if (i % 8 == 1)
			task_sync(t);
		work(t, w->s / 3);
		spin_unlock_irqrestore(t, &w->lock3);
	}
	if (i % 6 == 2) {
		local_irq_disable(t);
		work(t, draw(t, 2 * w->s, true));
		if (i % 12 == 2) {
			spin_lock_irqsave(t, &w->lock2);
			work(t, w->s / 2);
			spin_unlock_irqrestore(t, &w->lock2);
		}
		local_irq_enable(t);
		work(t, w->s / 2);
	}
}

static void one_cycle(struct task *t, struct world *w, u32 i)
{
	user_work(t, draw(t, w->z, w->exp_z));
	if (w->sleepy && i % 9 == 4)
		task_sleep(t, draw(t, w->z, true));
	if (w->sleepy && i % 16 == 5)
		user_work(t, draw(t, 10 * w->z, w->exp_z));
	if (w->use_mutex) {
		mutex_lock(t, &w->mutex);
		work(t, draw(t, w->s, w->exp_s));
		mutex_unlock(t, &w->mutex);
	} else {
		spin_lock(t, &w->lock);
		work(t, draw(t, w->s, w->exp_s));
		if (w->nested && i % 3 == 0) {
			spin_lock(t, &w->lock2);
			work(t, w->s / 2);
			spin_unlock(t, &w->lock2);
		}
		spin_unlock(t, &w->lock);
	}
	if (w->nested && i % 5 == 0) {
		spin_lock(t, &w->lock2);
		work(t, w->s);
		spin_unlock(t, &w->lock2);
	}
	if (w->irq_off)
		irq_sections(t, w, i);
	if (w->flush && i % (w->irq_off ? 20 : 50) == 7)
		flush_tlb_kernel_range(t, 0, 1 << 20);
	if (w->flush && i % 40 == 3)
		queue_work(t, &w->work);
	task_count(t, &w->done, 1);
}

static void cycler(struct task *t, void *arg)
{
	struct world *w = arg;

	for (u32 i = 0; i < w->cycles; i++)
		one_cycle(t, w, i);
	task_sync(t);
	w->last_end = task_clock(t);
}

static enum sim_status world_run(struct world *w, u32 n, u64 until)
{
	enum sim_status st;

	for (u32 i = 0; i < n; i++)
		task_start(task_new(w->k, "worker", i, hw_spread(w->hw, i), cycler, w));
	st = sim_run(w->sim, until);
	kern_end(w->k, w->sim->now);
	return st;
}

/* Buckets of each CPU sum to elapsed time, to the picosecond (machine.md 3.7). */
static void check_buckets(struct world *w)
{
	for (u32 c = 0; c < w->hw->nr_cpus; c++) {
		u64 sum = 0;

		for (u32 b = 0; b < NR_CPU_BUCKETS; b++)
			sum += w->hw->cpus[c].bucket[b];
		ck_assert_msg(sum == w->sim->now, "cpu %u: buckets sum to %llu of %llu ps", c,
			      (unsigned long long)sum, (unsigned long long)w->sim->now);
	}
}

struct fifo_row {
	u32 n;
	u64 z, s, h;
	double x, spin;
};

static const struct fifo_row fifo_rows[] = {
	{ 2, 400, 100, 100, 4.0, 0 },
	{ 8, 700, 100, 100, 5.0, 0.5 },
	{ 16, 2000, 150, 95, 4.08163, 0.4515 },
	{ 64, 2000, 150, 95, 4.08163, 0.8629 },
};

START_TEST(deterministic_fifo)
{
	const struct fifo_row *r = &fifo_rows[_i];
	struct world w;
	double x, spin;

	world_init(&w, "ideal-64", SIM_NORMAL, 1, VIRT_NONE);
	ck_assert_int_eq(spin_lock_init(w.k, &w.lock, "l", SPIN_FIFO), 0);
	w.lock.handoff = r->h * PS_PER_NS;
	w.z = r->z * PS_PER_NS;
	w.s = r->s * PS_PER_NS;
	w.cycles = 20000;
	ck_assert_int_eq(world_run(&w, r->n, TIME_MAX), SIM_DONE);
	check_buckets(&w);
	x = (double)w.done / ((double)w.sim->now / PS_PER_US);
	spin = (double)w.lock.class->side[0].spin / ((double)w.sim->now * r->n);
	ck_assert_msg(fabs(x / r->x - 1) < 0.001, "N=%u X=%f, expected %f", r->n, x, r->x);
	ck_assert_msg(fabs(spin - r->spin) < 0.001, "N=%u spin=%f, expected %f", r->n, spin,
		      r->spin);
	world_free(&w);
}
END_TEST

/* M/M/1//N: throughput of the machine repairman (machine.md 3.2), tolerance 1 %. */
static double mm1n(u32 n, double z, double s)
{
	double p = 1, sum = 1;

	for (u32 k = 1; k <= n; k++) {
		p *= (double)(n - k + 1) * s / z;
		sum += p;
	}
	return (1 - 1 / sum) / s * 1000;
}

static const struct {
	u32 n;
	u64 z, s;
} repair_rows[] = { { 1, 900, 100 },   { 4, 300, 100 },	  { 8, 700, 100 },
		    { 16, 1000, 100 }, { 64, 6300, 100 }, { 64, 10000, 500 } };

START_TEST(machine_repairman)
{
	struct world w;
	double x, expected;

	world_init(&w, "ideal-64", SIM_NORMAL, 7, VIRT_NONE);
	ck_assert_int_eq(spin_lock_init(w.k, &w.lock, "l", SPIN_FIFO), 0);
	w.z = repair_rows[_i].z * PS_PER_NS;
	w.s = repair_rows[_i].s * PS_PER_NS;
	w.exp_z = w.exp_s = true;
	w.cycles = 1u << 30;
	expected = mm1n(repair_rows[_i].n, (double)repair_rows[_i].z, (double)repair_rows[_i].s);
	ck_assert_int_eq(world_run(&w, repair_rows[_i].n, 60 * PS_PER_MS), SIM_UNTIL);
	check_buckets(&w);
	x = (double)w.done / 60000;
	ck_assert_msg(fabs(x / expected - 1) < 0.01, "N=%u X=%f, expected %f", repair_rows[_i].n, x,
		      expected);
	world_free(&w);
}
END_TEST

/* ---- both engines --------------------------------------------------------- */

struct outcome {
	u64 now, done, works;
	u64 profile; /* sum over nodes, so that their order does not matter */
	struct lock_side side[6];
	u64 bucket[64][NR_CPU_BUCKETS];
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

static void short_slices(struct world *w, u64 slice)
{
	w->k->slice = slice;
	for (u32 i = 0; i < w->hw->nr_cpus; i++) {
		struct rq *rq = &w->k->rq[i];

		rq->slice_end = rq->slice_next = rq->slice_end % slice;
	}
}

static void random_world(struct outcome *o, enum sim_engine engine, u64 seed)
{
	static const char *const machines[] = { "flat-8", "ideal-4", "flat-16", "smt-4" };
	struct world w;
	enum sim_status status;
	u64 until;
	u32 i = 0;

	memset(o, 0, sizeof(*o));
	world_init(&w, machines[seed / 2 % 4], engine, seed, seed % 4 == 3 ? VIRT_TAS : VIRT_NONE);
	ck_assert_int_eq(spin_lock_init(w.k, &w.lock, "a", seed & 1 ? SPIN_QSPINLOCK : SPIN_FIFO),
			 0);
	ck_assert_int_eq(spin_lock_init(w.k, &w.lock2, "b", SPIN_QSPINLOCK), 0);
	ck_assert_int_eq(spin_lock_init(w.k, &w.lock3, "c", SPIN_QSPINLOCK), 0);
	ck_assert_int_eq(mutex_init(w.k, &w.mutex, "m"), 0);
	work_init(&w.work, on_work);
	w.z = (300 + seed % 7 * 100) * PS_PER_NS;
	w.s = (50 + seed % 5 * 40) * PS_PER_NS;
	w.exp_z = seed % 2;
	w.nested = seed % 3 != 1;
	w.flush = seed % 5 > 1;
	w.irq_off = seed % 5 > 1 && seed / 5 % 2;
	w.sleepy = seed % 13 < 6;
	if (seed % 17 < 9)
		short_slices(&w, (2 + seed % 4) * PS_PER_US);
	w.use_mutex = seed % 7 > 4;
	w.cycles = seed % 11 == 0 ? 20000 : 300;
	/* some are cut in the middle: nothing of what lies beyond may count */
	until = seed % 19 < 4 ? (20 + seed) * PS_PER_US + seed * 997 : TIME_MAX;
	status = world_run(&w, 2 + seed % 13, until);
	if (status != SIM_DONE && (status != SIM_UNTIL || until == TIME_MAX))
		ck_abort_msg("seed %llu: %s", (unsigned long long)seed, sim_report(w.sim));
	check_buckets(&w);
	o->now = w.sim->now;
	o->done = w.done;
	o->works = w.works_run;
	o->profile = w.hw->profile.root.self_ps;
	profile_for_each(&w.hw->profile, add_node, &o->profile);
	for (struct lock_class *c = w.k->lock_stats.first; c && i < 6; c = c->next)
		o->side[i++] = c->side[0];
	for (u32 c = 0; c < w.hw->nr_cpus; c++)
		memcpy(o->bucket[c], w.hw->cpus[c].bucket, sizeof(o->bucket[c]));
	world_free(&w);
}

START_TEST(engines_agree)
{
	static struct outcome a, b;
	u64 seed = (u64)_i;

	random_world(&a, SIM_NORMAL, seed);
	random_world(&b, SIM_REFERENCE, seed);
	ck_assert_msg(a.now == b.now, "seed %d: ends at %llu and %llu ps", _i,
		      (unsigned long long)a.now, (unsigned long long)b.now);
	for (u32 i = 0; i < 6; i++)
		ck_assert_msg(!memcmp(&a.side[i], &b.side[i], sizeof(a.side[i])),
			      "seed %d: statistics of lock %u differ", _i, i);
	for (u32 c = 0; c < 64; c++)
		for (u32 i = 0; i < NR_CPU_BUCKETS; i++)
			ck_assert_msg(a.bucket[c][i] == b.bucket[c][i],
				      "seed %d: cpu %u bucket %s %llu and %llu", _i, c,
				      cpu_bucket_names[i], (unsigned long long)a.bucket[c][i],
				      (unsigned long long)b.bucket[c][i]);
	ck_assert_msg(a.profile == b.profile, "seed %d: profiles differ", _i);
	ck_assert_msg(!memcmp(&a, &b, sizeof(a)), "seed %d: outcomes differ", _i);
}
END_TEST

/* More threads than CPUs: shares are equal and nothing is lost (machine.md 5.4). */
START_TEST(oversubscribed)
{
	struct world w;

	world_init(&w, "flat-4", SIM_NORMAL, 3, VIRT_NONE);
	ck_assert_int_eq(spin_lock_init(w.k, &w.lock, "l", SPIN_QSPINLOCK), 0);
	w.z = 2 * PS_PER_US;
	w.s = 100 * PS_PER_NS;
	w.cycles = 20000;
	ck_assert_int_eq(world_run(&w, 16, TIME_MAX), SIM_DONE);
	check_buckets(&w);
	ck_assert_uint_eq(w.done, 16 * 20000);
	/* 16 threads of 42 ms on 4 CPUs take at least 168 ms, and less than 10 % more */
	ck_assert_uint_ge(w.sim->now, 168 * PS_PER_MS);
	ck_assert_uint_le(w.sim->now, 185 * PS_PER_MS);
	world_free(&w);
}
END_TEST

static void deadlocker(struct task *t, void *arg)
{
	struct world *w = arg;

	spin_lock(t, &w->lock);
	spin_lock(t, &w->lock);
}

START_TEST(recursion_is_reported)
{
	struct world w;

	world_init(&w, "flat-2", SIM_NORMAL, 3, VIRT_NONE);
	ck_assert_int_eq(spin_lock_init(w.k, &w.lock, "l", SPIN_QSPINLOCK), 0);
	task_start(task_new(w.k, "bad", 0, 0, deadlocker, &w));
	ck_assert_int_eq(sim_run(w.sim, TIME_MAX), SIM_FAILED);
	ck_assert_ptr_nonnull(strstr(sim_report(w.sim), "holds"));
	world_free(&w);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("kern");
	TCase *tc = tcase_create("closed forms");

	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, deterministic_fifo, 0, ARRAY_SIZE(fifo_rows));
	tcase_add_loop_test(tc, machine_repairman, 0, ARRAY_SIZE(repair_rows));
	suite_add_tcase(s, tc);
	tc = tcase_create("engines");
	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, engines_agree, 0, 300);
	suite_add_tcase(s, tc);
	tc = tcase_create("scheduler");
	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, oversubscribed);
	tcase_add_test(tc, recursion_is_reported);
	suite_add_tcase(s, tc);
	return check_run(s, CK_ENV);
}
