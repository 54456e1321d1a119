/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Parts of `mmsim show`. */
#ifndef MMSIM_CLI_SHOW_H
#define MMSIM_CLI_SHOW_H

#include "sim/cli/cli.h"

enum show_result { SHOW_DONE, SHOW_UNKNOWN, SHOW_BAD };

/* Topology and cost table of a machine, by name, path, flat-N or ideal-N. */
enum show_result show_machine(const struct cli *cli, const char *name);

#endif
