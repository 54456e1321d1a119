/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A hash over every kind of variate: the same bits on every compiler and host. */
#ifndef MMSIM_TESTS_RNG_DIGEST_H
#define MMSIM_TESTS_RNG_DIGEST_H

#include "sim/core/rng.h"

#include <string.h>

#define RNG_DIGEST 0xd482b31bb4c69f26ULL

static inline u64 digest_add(u64 h, double x)
{
	u64 bits;

	memcpy(&bits, &x, sizeof(bits));
	return (h ^ bits) * 0x100000001b3ULL + (h >> 29);
}

static inline u64 rng_digest(void)
{
	struct rng r, c;
	u64 h = 1;
	u32 i;

	rng_seed(&r, 42, 3, "digest", 1, RNG_THINK);
	rng_fork(&c, &r, 9);
	for (i = 0; i < 50000; i++) {
		h = digest_add(h, rng_exp(&r));
		h = digest_add(h, rng_normal(&r));
		h = digest_add(h, rng_lognormal(&c, 1.0, 2.0));
		h = digest_add(h, (double)(s64)rng_zipf(&c, 1000, 0.9));
		h = digest_add(h, (double)(s64)rng_exp_ps(&r, 123456789));
	}
	return h;
}

#endif
