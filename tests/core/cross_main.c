// SPDX-License-Identifier: GPL-2.0-or-later
/* Small program that prints one line; its bytes must be the same on every host. */
#include "sim/core/sim.h"
#include "tests/core/rng_digest.h"

#include <stdio.h>
#include <string.h>

static void body(struct proc *p)
{
	u64 *hash = p->sim->layer[LAYER_RUN];
	double x = 1.0 + p->index;
	struct rng r;
	u32 i;

	rng_seed(&r, 1, 0, "cross", p->index, RNG_WORKLOAD);
	for (i = 0; i < 500; i++) {
		proc_advance(p, rng_exp_ps(&r, 1000));
		proc_sync(p);
		x = x * 1.0625 - 1.0 / (1.0 + i);
		x = x > 1000.0 ? 1.0 : x;
		*hash = digest_add(*hash ^ p->clock ^ p->index, x);
	}
}

int main(void)
{
	struct sim_config config = { .engine = SIM_NORMAL, .seed = 1 };
	struct sim *s = sim_new(&config);
	u64 hash = 0, digest = rng_digest();
	struct proc p[40];
	u32 i;

	s->layer[LAYER_RUN] = &hash;
	for (i = 0; i < 40; i++) {
		proc_init(s, &p[i], body, "cross", i);
		proc_start(&p[i], 0);
	}
	sim_run(s, TIME_MAX);
	fprintf(stderr, "%s\n", coro_backend());
	printf("%d %llu %016llx %016llx\n", s->status, (unsigned long long)s->now,
	       (unsigned long long)hash, (unsigned long long)digest);
	sim_free(s);
	return digest != RNG_DIGEST;
}
