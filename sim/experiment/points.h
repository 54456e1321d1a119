/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Layout of the sweep: private to sim/experiment. */
#ifndef MMSIM_EXPERIMENT_POINTS_H
#define MMSIM_EXPERIMENT_POINTS_H

#include "sim/experiment/experiment.h"

#define MAX_POINTS 100000

/* Fill e->points; false with *@error set. */
bool points_make(struct experiment *e, char **error);

#endif
