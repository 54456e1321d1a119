/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Events of a scenario that runs carry out: a row of the table in run_events.c each, one file
 * for each family of them. What happens in the kernel runs on a task of it.
 */
#ifndef MMSIM_EXPERIMENT_RUN_EVENTS_H
#define MMSIM_EXPERIMENT_RUN_EVENTS_H

#include "sim/experiment/run_priv.h"

struct event_kind_row {
	const char *kind;
	/* Arrange for it before the run starts; false with *@error set. */
	bool (*add)(struct run *r, const struct scn_event *e, char **error);
	/* May be NULL. Why runs do not carry out this one, or NULL. */
	const char *(*refuse)(const struct scn_event *e);
};

/* A number the reader has checked; @def if it was not given. */
s64 event_number(const struct scn_event *e, const char *key, s64 def);
const char *event_text(const struct scn_event *e, const char *key);

/**
 * event_task - a kernel thread that does something at the time of the event
 * @comm: its name; not copied
 * @cpu: where it begins; it may move
 * @fn: what it does on @t; 0, or a negative errno, which is counted as a failed event
 *
 * Returns it, not yet started (task_start()), NULL with *@error set.
 */
struct task *event_task(struct run *r, const struct scn_event *e, const char *comm, u32 cpu,
			int (*fn)(struct task *t, struct run *r, const struct scn_event *e,
				  void *arg),
			void *arg, char **error);

/* run_events_memcg.c */
bool add_write_limit(struct run *r, const struct scn_event *e, char **error);
const char *refuse_write_limit(const struct scn_event *e);
bool add_cgroup_remove(struct run *r, const struct scn_event *e, char **error);
bool add_memory_pressure(struct run *r, const struct scn_event *e, char **error);

/* run_events_cpu.c */
/* All of them are carried out by one task, which the first one makes. */
bool add_cpu_event(struct run *r, const struct scn_event *e, char **error);
/* What the list of events contradicts, on the machines the scenario names: file:line:column. */
void refuse_cpu_events(const struct scenario *sc, GPtrArray *lines);

#endif
