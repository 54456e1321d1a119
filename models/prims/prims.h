/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The `prims` model: locks, cache lines and atomics declared in a scenario, so
 * that contention can be studied without writing C.
 */
#ifndef MMSIM_MODELS_PRIMS_H
#define MMSIM_MODELS_PRIMS_H

#include "sim/model/model.h"

extern const struct model_desc prims_model;

#endif
