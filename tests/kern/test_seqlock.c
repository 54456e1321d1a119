/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sequence locks: retries against the closed form of machine.md 2.8, costs, exclusion. */
#include <math.h>

#include "sim/kern/seqlock.h"
#include "tests/core/check_main.h"
#include "tests/kern/exact.h"

#define READS 30000
#define GAP (2 * PS_PER_US) /* mean from a write section to the next */
#define SECTION (300 * PS_PER_NS)

struct world {
	struct exact e;
	struct seqlock s;
	u64 read_ps;
	u64 a, b; /* what the lock protects: always equal */
	u64 torn; /* passes that saw them differ and were not repeated */
	u64 polled;
	u64 waited; /* ps */
	bool stop;
};

static void world_init(struct world *w, const char *machine, int engine)
{
	memset(w, 0, sizeof(*w));
	exact_init(&w->e, machine, engine ? SIM_REFERENCE : SIM_NORMAL);
	ck_assert_int_eq(seqlock_init(w->e.k, &w->s, "seq"), 0);
}

static void world_free(struct world *w)
{
	seqlock_destroy(&w->s);
	exact_free(&w->e);
}

static void start(struct world *w, u32 i, void (*body)(struct task *t, void *arg))
{
	struct task *t = task_new(w->e.k, "t", i, i, body, w);

	ck_assert_ptr_nonnull(t);
	task_bind(t);
	task_start(t);
}

static void writer(struct task *t, void *arg)
{
	struct world *w = arg;

	for (;;) {
		work(t, rng_exp_ps(&t->rng[RNG_WORKLOAD], GAP));
		task_sync(t);
		if (w->stop)
			return;
		write_seqlock(t, &w->s);
		task_sync(t);
		w->a++;
		work(t, SECTION);
		task_sync(t);
		w->b++;
		write_sequnlock(t, &w->s);
	}
}

static void reader(struct task *t, void *arg)
{
	struct world *w = arg;
	struct rng *r = &t->rng[RNG_WORKLOAD];

	for (u32 i = 0; i < READS; i++) {
		u64 from, a, b;
		u32 seq;

		work(t, rng_exp_ps(r, GAP));
		task_sync(t);
		from = task_clock(t);
		seq = read_seqbegin(t, &w->s);
		w->waited += task_clock(t) - from;
		w->polled += task_clock(t) != from;
		for (;; seq = read_seqbegin(t, &w->s)) {
			task_sync(t);
			a = w->a;
			work(t, w->read_ps);
			task_sync(t);
			b = w->b;
			if (!read_seqretry(t, &w->s, seq))
				break;
		}
		w->torn += a != b;
	}
	task_sync(t);
	w->stop = true;
}

static void near(double got, double want, double within, const char *what)
{
	ck_assert_msg(fabs(got / want - 1.0) <= within, "%s: %.5f, closed form %.5f", what, got,
		      want);
}

/*
 * Writes begin as a Poisson process while none is inside, so a pass of r is good with
 * exp(-r / gap). A reader comes back an exponential time after it last saw nobody inside:
 * in that time @starts writes begin on average, and each that it meets lasts a while yet.
 */
START_TEST(closed_form)
{
	static const u64 reads[] = { 0, 200, 1000, 2000 };

	for (size_t i = 0; i < ARRAY_SIZE(reads); i++) {
		double gap = (double)GAP, section = (double)SECTION;
		double stay = exp(-section / gap), starts = 0.5 / (1.0 - 0.5 * stay);
		struct world w;

		world_init(&w, "ideal-2", _i);
		w.read_ps = reads[i] * PS_PER_NS;
		start(&w, 0, writer);
		start(&w, 1, reader);
		exact_run(&w.e);
		ck_assert_uint_eq(w.torn, 0);
		ck_assert_uint_eq(w.s.reads, READS);
		if (!reads[i])
			ck_assert_uint_eq(w.s.retries, 0);
		else
			near((double)w.s.retries / READS, exp((double)w.read_ps / gap) - 1.0, 0.04,
			     "retries a read");
		near((double)w.polled / READS, starts * (1.0 - stay), 0.04, "readers that poll");
		near((double)w.waited / READS, starts * (section - gap * (1.0 - stay)), 0.05,
		     "wait of a reader");
		world_free(&w);
	}
}
END_TEST

static void holder(struct task *t, void *arg)
{
	struct world *w = arg;

	write_seqlock(t, &w->s);
	work_ns(t, 100);
	write_sequnlock(t, &w->s);
}

static void seqcount_holder(struct task *t, void *arg)
{
	struct world *w = arg;

	write_seqcount_begin(t, &w->s);
	work_ns(t, 100);
	write_seqcount_end(t, &w->s);
}

static void late(struct task *t, void *arg)
{
	struct world *w = arg;

	work_ns(t, 30);
	read_seqbegin(t, &w->s);
	exact_note(t, &w->e, t->x.proc.index);
}

/* Pollers go on one transfer after the writer has left, and their wait is spin. */
static void check_pollers(int engine, void (*writer)(struct task *t, void *arg), u64 locked)
{
	struct world w;

	world_init(&w, "ideal-3", engine);
	for (u32 d = 0; d < NR_DISTS; d++)
		w.e.hw->xfer[d] = d ? 20 * PS_PER_NS : 0;
	start(&w, 0, writer);
	start(&w, 1, late);
	start(&w, 2, late);
	exact_run(&w.e);
	ck_assert_uint_ge(w.e.at[1], 120);
	ck_assert_uint_le(w.e.at[1], 160);
	ck_assert_uint_eq(w.s.lock.class->side[1].contentions, 2);
	ck_assert_uint_eq((u64)w.s.lock.class->side[1].spin,
			  w.e.hw->cpus[1].bucket[CPU_SPIN] + w.e.hw->cpus[2].bucket[CPU_SPIN]);
	ck_assert_uint_eq(w.s.lock.class->side[0].acquisitions, locked);
	world_free(&w);
}

START_TEST(pollers)
{
	check_pollers(_i, holder, 1);
	check_pollers(_i, seqcount_holder, 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("seqlock");
	TCase *tc = tcase_create("seqlock");

	tcase_add_loop_test(tc, closed_form, 0, 2);
	tcase_add_loop_test(tc, pollers, 0, 2);
	suite_add_tcase(s, tc);
	return check_run(s, CK_NORMAL);
}
