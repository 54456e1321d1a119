/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a run leaves behind: the folder of DESIGN.md section 8, and tables. */
#ifndef MMSIM_OUTPUT_OUTPUT_H
#define MMSIM_OUTPUT_OUTPUT_H

#include <stdio.h>

#include "sim/experiment/experiment.h"

/* Write every file of the folder but plots; false with *@error set. */
bool output_write(const struct experiment *e, const char *dir, char **error);

/* The single files; each returns false with *@error set. */
bool output_metrics(const struct experiment *e, const char *dir, char **error);
bool output_locks(const struct experiment *e, const char *dir, char **error);
bool output_profile(const struct experiment *e, const char *dir, char **error);
bool output_usage(const struct experiment *e, const char *dir, char **error);
bool output_manifest(const struct experiment *e, const char *dir, char **error);
bool output_log(const struct experiment *e, const char *dir, char **error);

/* "vmap=nodes-v3 nodes=4": model variants and changed parameters at a point; allocated. */
char *output_design(const struct experiment *e, u32 point, u32 variant);

/* A run whose list of metrics stands for the cell: the first that did not fail, or NULL. */
const struct run_result *output_first_run(const struct experiment *e, u32 point, u32 variant);

/* Table of points and variants for the terminal. */
void output_table(const struct experiment *e, FILE *f);

/* Waits by lock and asking frame at the last point, variants side by side; nothing if none. */
void output_waits(const struct experiment *e, FILE *f);

enum verdict { VERDICT_OK, VERDICT_OFF, VERDICT_NOT_RUN };

/* An expectation against what was simulated. */
struct expect_result {
	enum verdict verdict;
	double simulated, deviation; /* deviation is relative */
};

/* Compare one expectation with the points of the experiment that it speaks of. */
void output_expect(const struct experiment *e, const struct scn_expect *x,
		   struct expect_result *out);

/* Table of published against simulated (not printed if @f is NULL); returns how many of kind exact are off. */
u32 output_expects(const struct experiment *e, FILE *f, u32 *nr_off, u32 *nr_not_run);

#endif
