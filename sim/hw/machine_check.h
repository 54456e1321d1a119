/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which costs a topology has a use for, and what makes a machine contradict itself. */
#ifndef MMSIM_HW_MACHINE_CHECK_H
#define MMSIM_HW_MACHINE_CHECK_H

#include "sim/hw/machine.h"

#define MACHINE_MAX_CPUS 4096

/* False for the cost of a distance, or of SMT, that no two CPUs of @m have. */
bool machine_key_used(const struct machine *m, enum machine_key k);

/* True if a machine of this topology must not give @k. Counts not given yet count as one. */
bool machine_key_misplaced(const struct machine *m, enum machine_key k);

/* The part of machine_complete() after filling; the same return values. */
int machine_check(const struct machine *m, const char **why, enum machine_key *key);

#endif
