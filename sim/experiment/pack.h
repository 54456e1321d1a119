/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A run's result as bytes and back, for the journal. The bytes are of this host and
 * this build: numbers in the host's order, structures without pointers as they are.
 */
#ifndef MMSIM_EXPERIMENT_PACK_H
#define MMSIM_EXPERIMENT_PACK_H

#include "sim/experiment/run.h"

/* Append @r to @out. */
void pack_result(GByteArray *out, const struct run_result *r);

/* The result in @data; NULL if the bytes are not exactly one. The caller owns it. */
struct run_result *unpack_result(const guint8 *data, gsize size);

#endif
