/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * RFC 4180 files with LF line ends: built in memory, written to a temporary name
 * and renamed when whole.
 */
#ifndef MMSIM_OUTPUT_CSV_H
#define MMSIM_OUTPUT_CSV_H

#include "sim/experiment/experiment.h"

struct csv {
	GString *text;
	bool in_row;
};

void csv_init(struct csv *c);
/* Fields of the current row. */
void csv_str(struct csv *c, const char *s);
void csv_int(struct csv *c, s64 v);
void csv_uint(struct csv *c, u64 v);
void csv_ns(struct csv *c, u128 ps);
void csv_double(struct csv *c, double v);
void csv_digits(struct csv *c, double v, int digits);
void csv_end_row(struct csv *c);

/*
 * Header row: the leading columns of every file, replication and seed if
 * @per_run, and @columns (comma-separated).
 */
void csv_header(struct csv *c, const struct experiment *e, bool per_run, const char *columns);

/* Leading columns of a row; @r is NULL in files that are not per replication. */
void csv_begin_row(struct csv *c, const struct experiment *e, u32 point, u32 variant,
		   const struct run_result *r);

/* Write to @dir/@name and free; false with *@error set. */
bool csv_save(struct csv *c, const char *dir, const char *name, char **error);

/* Write a text file likewise. */
bool save_text(const GString *text, const char *dir, const char *name, char **error);

#endif
