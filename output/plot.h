/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Plots: a .gp script and a .dat file for each, kept so that a user can edit them.
 * The scripts take the terminal from the variables `term` and `ext`.
 */
#ifndef MMSIM_OUTPUT_PLOT_H
#define MMSIM_OUTPUT_PLOT_H

#include "sim/experiment/experiment.h"

/* Write scripts and data of every plot; false with *@error set. */
bool plot_write(const struct experiment *e, const char *dir, char **error);

/* One of "png", "svg", "pdf", "text". */
bool plot_format_known(const char *format);

/*
 * Run gnuplot on every script of @dir. Returns the number of plots drawn, or -1
 * with *@error set (gnuplot missing or failing).
 */
int plot_draw(const char *dir, const char *format, char **error);

#endif
