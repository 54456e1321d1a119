/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tables for people: columns are as wide as their widest cell. */
#ifndef MMSIM_OUTPUT_GRID_H
#define MMSIM_OUTPUT_GRID_H

#include <stdio.h>

#include "sim/experiment/experiment.h"

#define TABLE_MAX_COLS 8

/* Rows of text, filled cell by cell. */
struct table {
	GPtrArray *cells; /* char *, row by row */
	u32 nr_cols; /* at most TABLE_MAX_COLS */
};

void table_init(struct table *t, u32 nr_cols);
/* Fill the next cell; the text is copied. */
void table_put(struct table *t, const char *text);
/* The first @nr_left columns are flush left, the others right. */
void table_print(const struct table *t, u32 nr_left, FILE *f);
void table_destroy(struct table *t);

#endif
