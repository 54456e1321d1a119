/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All that a variant of vmap outside the tree needs: the shared mechanism and the
 * operations to fill in (internal.h), the pieces of the global design to keep or
 * replace one by one (global.h), and the plug-in that brings it.
 */
#ifndef MMSIM_MODELS_VMAP_VARIANT_H
#define MMSIM_MODELS_VMAP_VARIANT_H

#include "models/vmap/global.h"
#include "models/vmap/internal.h"
#include "sim/model/plugin.h"

#endif
