// SPDX-License-Identifier: GPL-2.0-or-later
/* The wheel against a heap: the same pops in the same order, ties first in first out. */
#include "sim/core/core.h"
#include "tests/core/check_main.h"
#include "tests/core/heap.h"

#define IDS 3000
#define OPS 320000 /* of each of ten duels */

/* Check's own assertions write a record each time: too slow for millions. */
#define MUST(cond)                                                    \
	do {                                                          \
		if (!(cond))                                          \
			ck_abort_msg("line %d: %s", __LINE__, #cond); \
	} while (0)

struct duel {
	struct wheel w;
	struct heap h;
	struct rng r;
	u64 seq, now, cur[IDS]; /* cur: tag of the queued entry, 0 if none */
	u64 time[IDS];
	u32 nr;
};

enum dist { EXP, UNIFORM, BIMODAL, TIES, WIDE, NR_DISTS };

static u64 draw(struct rng *r, enum dist d)
{
	switch (d) {
	case EXP:
		return rng_exp_ps(r, 100000);
	case UNIFORM:
		return rng_below(r, 1000000);
	case BIMODAL:
		return rng_exp_ps(r, rng_below(r, 16) ? 19000 : 2900000);
	case TIES:
		return rng_below(r, 8) * 1000;
	default:
		return rng_u64(r) >> (12 + rng_below(r, 52));
	}
}

static void duel_add(struct duel *d, u32 id, u64 time)
{
	u64 tag = ++d->seq << 24 | id;

	wheel_add(&d->w, id, time);
	heap_push(&d->h, (struct heap_entry){ time, tag });
	d->cur[id] = tag;
	d->time[id] = time;
	d->nr++;
}

static void duel_del(struct duel *d, u32 id)
{
	wheel_del(&d->w, id);
	d->cur[id] = 0;
	d->nr--;
}

static void heap_clean(struct duel *d)
{
	while (d->h.nr && d->cur[d->h.e[0].tag & 0xffffff] != d->h.e[0].tag)
		heap_pop(&d->h);
}

static void duel_pop(struct duel *d)
{
	u64 time, peek = wheel_peek(&d->w);
	u32 id;

	heap_clean(d);
	MUST(d->w.nr == d->nr);
	if (!d->nr) {
		MUST(peek == TIME_MAX);
		MUST(wheel_pop_instant(&d->w) == WHEEL_NIL);
		return;
	}
	time = d->h.e[0].time;
	MUST(peek <= time);
	MUST(wheel_has_until(&d->w, time));
	MUST(!time || !wheel_has_until(&d->w, time - 1));
	for (id = wheel_pop_instant(&d->w); id != WHEEL_NIL; id = d->w.nodes[id].next) {
		heap_clean(d);
		MUST(d->h.e[0].time == time);
		MUST((heap_pop(&d->h).tag & 0xffffff) == id);
		MUST(d->w.nodes[id].time == time);
		d->cur[id] = 0;
		d->nr--;
	}
	heap_clean(d);
	MUST(!d->h.nr || d->h.e[0].time > time);
	MUST(d->w.now == time);
	d->now = time;
}

static void duel_run(enum dist dist, u32 ids)
{
	struct duel *d = calloc(1, sizeof(*d));
	u32 i;

	rng_seed(&d->r, 7, dist, "wheel", ids, RNG_WORKLOAD);
	wheel_init(&d->w);
	ck_assert_int_eq(wheel_reserve(&d->w, ids), 0);
	d->h.e = malloc((OPS + 1) * sizeof(*d->h.e));
	for (i = 0; i < OPS; i++) {
		u32 id = (u32)rng_below(&d->r, ids), op = (u32)rng_below(&d->r, 8);
		u64 time = d->now + draw(&d->r, dist);

		if (op == 7 || time < d->now) {
			duel_pop(d);
		} else if (!d->cur[id]) {
			duel_add(d, id, time);
		} else if (op < 2) {
			duel_del(d, id);
		} else if (op < 4) {
			duel_del(d, id);
			duel_add(d, id, time);
		} else {
			duel_pop(d);
		}
	}
	while (d->nr)
		duel_pop(d);
	duel_pop(d);
	wheel_destroy(&d->w);
	free(d->h.e);
	free(d);
}

START_TEST(test_oracle)
{
	int dist;

	for (dist = 0; dist < NR_DISTS; dist++) {
		duel_run((enum dist)dist, IDS);
		duel_run((enum dist)dist, 5);
	}
}
END_TEST

START_TEST(test_tie_order)
{
	struct wheel w;
	u32 i, id;

	wheel_init(&w);
	ck_assert_int_eq(wheel_reserve(&w, 100), 0);
	for (i = 0; i < 50; i++)
		wheel_add(&w, i, 123456789);
	wheel_add(&w, 99, 123000000);
	ck_assert_uint_eq(wheel_pop_instant(&w), 99);
	for (; i < 90; i++)
		wheel_add(&w, i, 123456789);
	wheel_del(&w, 10);
	for (i = 0, id = wheel_pop_instant(&w); id != WHEEL_NIL; id = w.nodes[id].next, i++) {
		i += i == 10;
		ck_assert_uint_eq(id, i);
	}
	ck_assert_uint_eq(i, 90);
	wheel_destroy(&w);
}
END_TEST

START_TEST(test_extremes)
{
	struct wheel w;

	wheel_init(&w);
	ck_assert_int_eq(wheel_reserve(&w, 4), 0);
	wheel_add(&w, 0, TIME_MAX);
	wheel_add(&w, 1, 0);
	wheel_add(&w, 2, TIME_MAX - 1);
	ck_assert_uint_eq(wheel_peek(&w), 0);
	ck_assert_uint_eq(wheel_pop_instant(&w), 1);
	ck_assert_uint_le(wheel_peek(&w), TIME_MAX - 1);
	ck_assert_uint_eq(wheel_pop_instant(&w), 2);
	ck_assert(!wheel_has_until(&w, TIME_MAX - 1));
	ck_assert_uint_eq(wheel_pop_instant(&w), 0);
	ck_assert_uint_eq(wheel_pop_instant(&w), WHEEL_NIL);
	wheel_destroy(&w);
}
END_TEST

CHECK_MAIN("wheel", test_oracle, test_tie_order, test_extremes)
