/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The journal of a run: DIR/journal holds every finished run as it is finished, so
 * that an interrupted experiment can be resumed. The file starts with lines that say
 * what it is a journal of; records follow. Whole results are kept, so a resumed
 * experiment writes the same files as one that was not interrupted.
 */
#ifndef MMSIM_EXPERIMENT_JOURNAL_H
#define MMSIM_EXPERIMENT_JOURNAL_H

#include "sim/experiment/run.h"

struct experiment;
struct journal;

/* Which run of an experiment. */
struct journal_key {
	u32 point, variant; /* indexes of the experiment */
	u32 sample; /* of --margins, 0: the costs as stated */
	u32 replication;
};

/**
 * journal_open - start or continue the journal of a folder
 * @e: laid out, not run
 * @dir: exists
 * @resume: read what is there; else an old journal is overwritten
 *
 * Returns NULL with *@error set if the file cannot be used, if another process uses it,
 * or with @resume if it is a journal of something else. No journal to resume is an empty one. A record cut
 * off at the end is dropped.
 */
struct journal *journal_open(const struct experiment *e, const char *dir, bool resume,
			     char **error);

/* Runs that were there when it was opened. */
u32 journal_nr_kept(const struct journal *j);

/* The kept result of a run, owned by the caller; NULL if there is none. Any thread. */
struct run_result *journal_take(const struct journal *j, const struct journal_key *k);

/* Append a result. One thread at a time. After a failure nothing more is written. */
void journal_put(struct journal *j, const struct journal_key *k, const struct run_result *r);

/* Why writing failed, NULL if it did not. */
const char *journal_error(const struct journal *j);

/* Close the file and free; what was kept stays. */
void journal_close(struct journal *j);

/* Everything is done and written: the journal of a folder is not needed any more. */
void journal_remove(const char *dir);

#endif
