/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Parts of `mmsim show`. */
#ifndef MMSIM_CLI_SHOW_H
#define MMSIM_CLI_SHOW_H

#include "sim/cli/cli.h"

enum show_result { SHOW_DONE, SHOW_UNKNOWN, SHOW_BAD };

/* Topology and cost table of a machine, by name, path, flat-N or ideal-N. */
enum show_result show_machine(const struct cli *cli, const char *name);

/* Parts of it. Topology in lines of at most 80 columns. */
void show_topology(const struct machine *m);

/* What the tags and sources of @m's values stand for. */
void show_legend(const struct machine *m);

/* Word for a tag; guesses in capitals. */
const char *show_tag_name(char tag);

/* Whether a value is printed: not those of a distance that the machine does not have. */
bool machine_shown(const struct machine *m, enum machine_key k);

#endif
