/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The vmalloc address-space allocator as a model: what the program registers.
 * Reference vmap.md; the design is told in internal.h and README.md.
 */
#ifndef MMSIM_MODELS_VMAP_VMAP_H
#define MMSIM_MODELS_VMAP_VMAP_H

#include "sim/model/model.h"

extern const struct model_desc vmap_model;

/* Which variant each kernel release had; ends with release NULL. */
extern const struct kernel_base vmap_bases[];

#endif
