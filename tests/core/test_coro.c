// SPDX-License-Identifier: GPL-2.0-or-later
/* Coroutines: transfer, reuse of stacks, canaries and many of them. */
#include "sim/core/core.h"
#include "tests/core/check_main.h"

#define MANY 20000

struct ring {
	struct coro main, *next;
	struct coro c[3];
	u32 trace[16];
	u32 nr;
};

struct hop {
	struct ring *ring;
	u32 i;
};

static void hopper(void *arg)
{
	struct hop *h = arg;
	struct ring *r = h->ring;
	double x = h->i * 1.5;
	int round;

	for (round = 0; round < 4; round++) {
		r->trace[r->nr++] = h->i;
		x += 1.0;
		coro_switch(&r->c[h->i], &r->c[(h->i + 1) % 3]);
		ck_assert(x == h->i * 1.5 + round + 1);
	}
	for (;;)
		coro_switch(&r->c[h->i], &r->main);
}

START_TEST(test_symmetric)
{
	struct coro_pool *pool = coro_pool_new(coro_sanitized() ? 65536 : 16384);
	struct ring r = { .nr = 0 };
	struct hop h[3];
	u32 i;

	for (i = 0; i < 3; i++) {
		h[i] = (struct hop){ &r, i };
		ck_assert_int_eq(coro_create(pool, &r.c[i], hopper, &h[i]), 0);
	}
	coro_switch(&r.main, &r.c[0]);
	ck_assert_uint_eq(r.nr, 12);
	for (i = 0; i < 12; i++)
		ck_assert_uint_eq(r.trace[i], i % 3);
	for (i = 0; i < 3; i++)
		coro_release(pool, &r.c[i]);
	coro_pool_free(pool);
}
END_TEST

struct tiny {
	struct coro c, *main;
	u32 *count;
};

static void tiny_body(void *arg)
{
	struct tiny *t = arg;

	for (;;) {
		++*t->count;
		coro_switch(&t->c, t->main);
	}
}

START_TEST(test_many)
{
	struct coro_pool *pool = coro_pool_new(coro_sanitized() ? 65536 : 16384);
	struct tiny *t = calloc(MANY, sizeof(*t));
	struct coro main = { 0 };
	struct coro_stack *stack;
	u32 i, round, count = 0;

	for (i = 0; i < MANY; i++) {
		t[i].main = &main;
		t[i].count = &count;
		ck_assert_int_eq(coro_create(pool, &t[i].c, tiny_body, &t[i]), 0);
	}
	for (round = 0; round < 2; round++) {
		for (i = 0; i < MANY; i++)
			coro_switch(&main, &t[i].c);
	}
	ck_assert_uint_eq(count, 2 * MANY);
	for (i = 0; i < MANY; i++)
		ck_assert(coro_stack_ok(&t[i].c));
	stack = t[5].c.stack;
	coro_release(pool, &t[5].c);
	ck_assert_int_eq(coro_create(pool, &t[5].c, tiny_body, &t[5]), 0);
	ck_assert_ptr_eq(t[5].c.stack, stack);
	coro_switch(&main, &t[5].c);
	ck_assert_uint_eq(count, 2 * MANY + 1);
	for (i = 0; i < MANY; i++)
		coro_release(pool, &t[i].c);
	coro_pool_free(pool);
	free(t);
}
END_TEST

static char *tiny_low;

/* Where the stack of a coroutine ends is private: take it from a frame. */
static void frame_body(void *arg)
{
	struct tiny *t = arg;
	char here[1];

	tiny_low = (char *)((uintptr_t)here & ~(uintptr_t)4095);
	for (;;)
		coro_switch(&t->c, t->main);
}

START_TEST(test_canary)
{
	struct coro_pool *pool = coro_pool_new(4096);
	struct tiny *t = calloc(MANY, sizeof(*t));
	struct coro main = { 0 };
	u32 i;

	for (i = 0; i < MANY; i++) {
		t[i].main = &main;
		ck_assert_int_eq(coro_create(pool, &t[i].c, frame_body, &t[i]), 0);
	}
	ck_assert_str_ne(coro_backend(), "");
	if (!coro_sanitized() && coro_backend()[0] != 'u') {
		coro_switch(&main, &t[MANY - 1].c);
		ck_assert(coro_stack_ok(&t[MANY - 1].c));
		tiny_low[0] ^= 1;
		ck_assert(!coro_stack_ok(&t[MANY - 1].c));
		ck_assert(coro_stack_ok(&t[0].c));
	}
	coro_pool_free(pool);
	free(t);
}
END_TEST

CHECK_MAIN("coro", test_symmetric, test_many, test_canary)
