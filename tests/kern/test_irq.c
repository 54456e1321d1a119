/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * IPI rounds against sections with interrupts off, to the nanosecond and in both
 * engines (reference machine.md 1.6, 2.12): the wait ends at the later of the plain
 * round and, for each late target, interrupts on + handler.
 */
#include <stdlib.h>

#include "tests/kern/exact.h"
#include "tests/core/check_main.h"

#define SEND_AT 100
#define ROUND (700 + 2 * 85) /* three targets */
#define HANDLER 300
#define OWN 40 /* the function's own work */

static void ipi_world(struct exact *e, int engine)
{
	exact_init(e, "ideal-4", engine ? SIM_REFERENCE : SIM_NORMAL);
	e->hw->c[MK_IPI_SINGLE_SYNC] = 700 * PS_PER_NS;
	e->hw->c[MK_IPI_PER_TARGET] = 85 * PS_PER_NS;
	e->hw->c[MK_IPI_HANDLER] = HANDLER * PS_PER_NS;
}

static void sender(struct task *t, void *arg)
{
	work_ns(t, SEND_AT);
	smp_call_all(t, OWN * PS_PER_NS);
	exact_note(t, arg, 0);
}

/* Runs all the time with interrupts on. */
static void busy(struct task *t, void *arg)
{
	work_ns(t, 50);
	task_sync(t);
	work_ns(t, 5000);
	exact_note(t, arg, 1);
}

START_TEST(all_on)
{
	struct exact e;

	ipi_world(&e, _i);
	exact_task(&e, 0, 0, sender);
	exact_task(&e, 1, 1, busy);
	exact_run(&e);
	ck_assert_uint_eq(e.at[0], SEND_AT + ROUND + OWN);
	ck_assert_uint_eq(e.at[1], 5050 + HANDLER + OWN);
	ck_assert_uint_eq(exact_bucket(&e, 0, CPU_IPI_WAIT), ROUND);
	ck_assert_uint_eq(exact_bucket(&e, 1, CPU_IRQ), HANDLER + OWN);
	ck_assert_uint_eq(exact_bucket(&e, 2, CPU_IRQ), HANDLER + OWN);
	exact_free(&e);
}
END_TEST

/* Interrupts off in [50, 2000) without an interaction inside: the end is known. */
static void off_straight(struct task *t, void *arg)
{
	work_ns(t, 50);
	local_irq_disable(t);
	work_ns(t, 1950);
	local_irq_enable(t);
	work_ns(t, 1000);
	exact_note(t, arg, 1);
}

/* The same with interactions inside: the target has to acknowledge. */
static void off_synced(struct task *t, void *arg)
{
	work_ns(t, 50);
	local_irq_disable(t);
	work_ns(t, 500);
	task_sync(t);
	local_irq_disable(t);
	work_ns(t, 450);
	task_sync(t);
	local_irq_enable(t);
	work_ns(t, 1000);
	local_irq_enable(t);
	work_ns(t, 1000);
	exact_note(t, arg, 1);
}

static void check_late(int engine, void (*target)(struct task *t, void *arg))
{
	struct exact e;

	ipi_world(&e, engine);
	exact_task(&e, 0, 0, sender);
	exact_task(&e, 1, 1, target);
	exact_task(&e, 2, 2, busy);
	exact_run(&e);
	ck_assert_uint_eq(e.at[0], 2000 + HANDLER + OWN);
	ck_assert_uint_eq(exact_bucket(&e, 0, CPU_IPI_WAIT), 2000 + HANDLER - SEND_AT);
	ck_assert_uint_eq(exact_bucket(&e, 1, CPU_IRQ), HANDLER + OWN);
	exact_free(&e);
}

START_TEST(off_and_known)
{
	check_late(_i, off_straight);
}
END_TEST

START_TEST(off_and_unknown)
{
	check_late(_i, off_synced);
}
END_TEST

/* A section that is over before the plain round would be does not delay it. */
static void off_short(struct task *t, void *arg)
{
	(void)arg;
	work_ns(t, 50);
	local_irq_disable(t);
	work_ns(t, 60);
	local_irq_enable(t);
	work_ns(t, 60);
	local_irq_disable(t);
	work_ns(t, 5000);
	local_irq_enable(t);
}

START_TEST(off_short_section)
{
	struct exact e;

	ipi_world(&e, _i);
	exact_task(&e, 0, 0, sender);
	exact_task(&e, 1, 1, off_short);
	exact_run(&e);
	/* answered between the two sections, the second of which begins that much later */
	ck_assert_uint_eq(e.at[0], SEND_AT + ROUND + OWN);
	ck_assert_uint_eq(e.sim->now / PS_PER_NS, 5170 + HANDLER + OWN);
	exact_free(&e);
}
END_TEST

/* A plain spin lock section answers at once; its time is paid at the outermost unlock. */
static void spin_holder(struct task *t, void *arg)
{
	struct exact *e = arg;

	work_ns(t, 50);
	spin_lock(t, &e->lock);
	work_ns(t, 1000);
	local_irq_disable(t);
	work_ns(t, 450);
	local_irq_enable(t);
	work_ns(t, 1500);
	exact_note(t, e, 1);
	spin_unlock(t, &e->lock);
	exact_note(t, e, 2);
}

START_TEST(spin_section)
{
	struct exact e;

	ipi_world(&e, _i);
	exact_task(&e, 0, 0, sender);
	exact_task(&e, 1, 1, spin_holder);
	exact_run(&e);
	ck_assert_uint_eq(e.at[0], SEND_AT + ROUND + OWN);
	ck_assert_uint_eq(e.at[1], 3000);
	ck_assert_uint_eq(e.at[2], 3000 + HANDLER + OWN);
	exact_free(&e);
}
END_TEST

static void late_sender(struct task *t, void *arg)
{
	work_ns(t, 1200);
	smp_call_all(t, 0);
	exact_note(t, arg, 0);
}

/* Interrupts off inside a spin section: acknowledged at 1500, paid at 3000. */
START_TEST(off_inside_spin_section)
{
	struct exact e;

	ipi_world(&e, _i);
	e.hw->c[MK_IPI_SINGLE_SYNC] = HANDLER * PS_PER_NS;
	e.hw->c[MK_IPI_PER_TARGET] = 0;
	exact_task(&e, 0, 0, late_sender);
	exact_task(&e, 1, 1, spin_holder);
	exact_run(&e);
	ck_assert_uint_eq(e.at[0], 1500 + HANDLER);
	ck_assert_uint_eq(e.at[1], 3000);
	ck_assert_uint_eq(e.at[2], 3000 + HANDLER);
	exact_free(&e);
}
END_TEST

static void irqsave_waiter(struct task *t, void *arg)
{
	struct exact *e = arg;

	work_ns(t, 80);
	spin_lock_irqsave(t, &e->lock);
	work_ns(t, 500);
	spin_unlock_irqrestore(t, &e->lock);
	exact_note(t, e, 3);
}

/* A CPU that spins in spin_lock_irqsave() answers after its wait and section. */
START_TEST(off_while_spinning)
{
	struct exact e;

	ipi_world(&e, _i);
	exact_task(&e, 0, 0, sender);
	exact_task(&e, 1, 1, spin_holder);
	exact_task(&e, 2, 2, irqsave_waiter);
	exact_run(&e);
	ck_assert_uint_eq(e.at[0], 3000 + 500 + HANDLER + OWN);
	ck_assert_uint_eq(e.at[3], 3000 + 500 + HANDLER + OWN);
	exact_free(&e);
}
END_TEST

/* Two rounds wait for the same target. */
static void second_sender(struct task *t, void *arg)
{
	work_ns(t, 900);
	smp_call_all(t, 0);
	exact_note(t, arg, 4);
}

START_TEST(two_rounds)
{
	struct exact e;

	ipi_world(&e, _i);
	exact_task(&e, 0, 0, sender);
	exact_task(&e, 1, 1, off_synced);
	exact_task(&e, 2, 2, second_sender);
	exact_run(&e);
	/* the second, interrupted at 100, interrupts the first, which pays after its wait */
	ck_assert_uint_eq(e.at[0], 2000 + HANDLER + HANDLER + OWN);
	ck_assert_uint_eq(e.at[4], 2000 + HANDLER);
	ck_assert_uint_eq(exact_bucket(&e, 2, CPU_IPI_WAIT),
			  2000 + HANDLER - (900 + HANDLER + OWN));
	ck_assert_uint_eq(e.at[1], 3000 + 2 * HANDLER + OWN);
	exact_free(&e);
}
END_TEST

static void deaf_sender(struct task *t, void *arg)
{
	(void)arg;
	local_irq_disable(t);
	smp_call_all(t, 0);
}

START_TEST(sender_with_interrupts_off)
{
	struct exact e;

	ipi_world(&e, _i);
	exact_task(&e, 0, 0, deaf_sender);
	ck_assert_int_eq(sim_run(e.sim, TIME_MAX), SIM_FAILED);
	ck_assert_ptr_nonnull(strstr(sim_report(e.sim), "interrupts off"));
	exact_free(&e);
}
END_TEST

static void sleeps_deaf(struct task *t, void *arg)
{
	(void)arg;
	local_irq_disable(t);
	task_sleep(t, PS_PER_NS);
}

START_TEST(sleeper_with_interrupts_off)
{
	struct exact e;

	ipi_world(&e, _i);
	exact_task(&e, 0, 0, sleeps_deaf);
	ck_assert_int_eq(sim_run(e.sim, TIME_MAX), SIM_FAILED);
	ck_assert_ptr_nonnull(strstr(sim_report(e.sim), "interrupts off"));
	exact_free(&e);
}
END_TEST

/* Far targets cost more, whichever side sends (machine.md 1.6). */
START_TEST(two_sockets)
{
	struct exact e;

	ipi_world(&e, _i & 1);
	e.hw->c[MK_IPI_CROSS_SOCKET] = 2000;
	e.hw->cpus[2].socket = e.hw->cpus[3].socket = 1;
	exact_task(&e, 0, _i & 2, sender);
	exact_run(&e);
	ck_assert_uint_eq(exact_bucket(&e, _i & 2, CPU_IPI_WAIT), (700 + 85) * 2 + 85);
	exact_free(&e);
}
END_TEST

/* Saved and restored in a row of depths: the outermost restore counts, each save costs. */
static void saved(struct task *t, void *arg)
{
	work_ns(t, 46);
	local_irq_save(t);
	work_ns(t, 500);
	local_irq_save(t);
	work_ns(t, 442);
	local_irq_restore(t);
	work_ns(t, 1000);
	ck_assert_uint_eq(t->x.irq_off, 1);
	local_irq_restore(t);
	work_ns(t, 1000);
	exact_note(t, arg, 1);
}

START_TEST(save_restore)
{
	struct exact e;

	ipi_world(&e, _i);
	e.hw->c[MK_IRQ_SAVE_RESTORE] = 6 * PS_PER_NS;
	exact_task(&e, 0, 0, sender);
	exact_task(&e, 1, 1, saved);
	exact_run(&e);
	ck_assert_uint_eq(e.at[0], 2000 + HANDLER + OWN);
	ck_assert_uint_eq(e.at[1], 3000 + HANDLER + OWN);
	exact_free(&e);
}
END_TEST

/* Preemption off in [51, 2051): the IPI is answered, the handler's time comes on top. */
static void preempt_section(struct task *t, void *arg)
{
	work_ns(t, 50);
	preempt_disable(t);
	work_ns(t, 1000);
	task_sync(t);
	preempt_disable(t);
	work_ns(t, 999);
	preempt_enable(t);
	preempt_enable(t);
	exact_note(t, arg, 1);
}

START_TEST(preempt_off_answers)
{
	struct exact e;

	ipi_world(&e, _i);
	e.hw->c[MK_PREEMPT_PAIR] = PS_PER_NS;
	exact_task(&e, 0, 0, sender);
	exact_task(&e, 1, 1, preempt_section);
	exact_run(&e);
	ck_assert_uint_eq(e.at[0], SEND_AT + ROUND + OWN);
	ck_assert_uint_eq(e.at[1], 2051 + HANDLER + OWN);
	exact_free(&e);
}
END_TEST

/* A reschedule comes due inside: it waits for the end of the section. */
static void keeps_cpu(struct task *t, void *arg)
{
	struct exact *e = arg;

	preempt_disable(t);
	for (u32 i = 0; i < 10; i++) {
		work(t, e->k->slice);
		cond_resched(t);
		task_sync(t);
	}
	e->at[2] = e->at[1]; /* the other has not run */
	preempt_enable(t);
	cond_resched(t);
	exact_note(t, e, 0);
}

static void wants_cpu(struct task *t, void *arg)
{
	exact_note(t, arg, 1);
}

START_TEST(preempt_off_keeps_cpu)
{
	struct exact e;

	exact_init(&e, "ideal-4", _i ? SIM_REFERENCE : SIM_NORMAL);
	exact_task(&e, 0, 0, keeps_cpu);
	exact_task(&e, 1, 0, wants_cpu);
	e.at[1] = e.at[2] = 7;
	exact_run(&e);
	/* whichever came first: the other ran before or after the section, never in it */
	ck_assert(e.at[1] == 0 || e.at[1] == 10 * e.k->slice / PS_PER_NS);
	ck_assert_uint_eq(e.at[2], e.at[1] == 0 ? 0 : 7);
	exact_free(&e);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("irq");
	TCase *tc = tcase_create("rounds");

	tcase_add_loop_test(tc, all_on, 0, 2);
	tcase_add_loop_test(tc, save_restore, 0, 2);
	tcase_add_loop_test(tc, preempt_off_answers, 0, 2);
	tcase_add_loop_test(tc, preempt_off_keeps_cpu, 0, 2);
	tcase_add_loop_test(tc, off_and_known, 0, 2);
	tcase_add_loop_test(tc, off_and_unknown, 0, 2);
	tcase_add_loop_test(tc, off_short_section, 0, 2);
	tcase_add_loop_test(tc, spin_section, 0, 2);
	tcase_add_loop_test(tc, off_inside_spin_section, 0, 2);
	tcase_add_loop_test(tc, off_while_spinning, 0, 2);
	tcase_add_loop_test(tc, two_rounds, 0, 2);
	tcase_add_loop_test(tc, sender_with_interrupts_off, 0, 2);
	tcase_add_loop_test(tc, sleeper_with_interrupts_off, 0, 2);
	tcase_add_loop_test(tc, two_sockets, 0, 4);
	suite_add_tcase(s, tc);
	return check_run(s, CK_ENV);
}
