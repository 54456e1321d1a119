/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ziggurat of the exponential distribution. Layer i reaches to x = 2^53 * w, the
 * part below u = k lies under the curve whatever the ordinate; f is exp(-x) of
 * its edge. Layer 0 is the base with the tail beyond RNG_EXP_TAIL.
 */
#ifndef MMSIM_CORE_RNG_TAB_H
#define MMSIM_CORE_RNG_TAB_H

#include "sim/core/types.h"

#define RNG_EXP_TAIL 0x1.ec9d9297ebb83p+2

struct rng_exp_layer {
	u64 k;
	double w;
};

extern const struct rng_exp_layer rng_exp_layer[256];
extern const double rng_exp_f[256];

#endif
