/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A made-up set of models, so that the reader is tested without the real ones.
 */
#ifndef MMSIM_TESTS_SCENARIO_FAKE_H
#define MMSIM_TESTS_SCENARIO_FAKE_H

#include "sim/model/model.h"

/* Models `vmap` and `prims`, kernels 6.1 and 6.9; owned by the caller. */
struct registry *fake_registry(void);

#endif
