/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A machine out of what sim/calibrate measured. */
#ifndef MMSIM_CLI_MACHINE_OF_HOST_H
#define MMSIM_CLI_MACHINE_OF_HOST_H

#include <glib.h>

#include "sim/calibrate/calibrate.h"
#include "sim/hw/machine.h"

/*
 * A complete machine called @name, owned by the caller; NULL if the values make none. One
 * line a key that could not be measured, "key: why; what stands there", is added to
 * @missing (owned strings).
 */
struct machine *machine_of_host(const struct calibration *c, const char *name, GPtrArray *missing);

#endif
