/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What makes a machine contradict itself. */
#ifndef MMSIM_HW_MACHINE_CHECK_H
#define MMSIM_HW_MACHINE_CHECK_H

#include "sim/hw/machine.h"

#define MACHINE_MAX_CPUS 4096

/* The part of machine_complete() after filling; the same return values. */
int machine_check(const struct machine *m, const char **why, enum machine_key *key);

#endif
