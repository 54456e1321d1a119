/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The vmap model with a recorder in front: what each simulated thread asks for, in
 * its own order. An area is named by who allocated it as the how-manieth, so that
 * designs that hand out other addresses can be compared. One run at a time.
 */
#ifndef MMSIM_TESTS_RECORDER_H
#define MMSIM_TESTS_RECORDER_H

#include "sim/experiment/run.h"

/* A call: its operation and arguments as text would say them. */
struct recorded {
	bool is_free;
	s64 arg[3]; /* pages, align, zero; or the area that is freed */
};

struct recording {
	GHashTable *threads; /* u64 key -> GArray of struct recorded */
	GHashTable *areas; /* address -> name of the area */
	u64 allocs, frees;
};

/* Registry with the recording vmap model. */
struct registry *recorder_registry(void);

/* Load @path with the settings, NULL-terminated; fails the test with the messages if it is bad. */
struct scenario *recorder_load(const struct registry *r, const char *path, const char *const *sets);

/* Run a variant at the scenario's default parameters; the caller frees the recording. */
struct recording *recorder_run(const struct scenario *sc, u32 variant, u32 replication);
void recording_free(struct recording *rec);

#endif
