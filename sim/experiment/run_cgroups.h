/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory cgroups of a run, as `cgroups:` declares them: each is a directory with a memory
 * cgroup in it when the run starts. Instance i of a cgroup with `count` is below instance
 * i modulo the parent's count; thread i of a group is in instance i modulo the count.
 */
#ifndef MMSIM_EXPERIMENT_RUN_CGROUPS_H
#define MMSIM_EXPERIMENT_RUN_CGROUPS_H

#include "sim/mm/memcg_dir.h"
#include "sim/scenario/scenario.h"

struct run_cgroups;

/*
 * The directories, still empty; limits are evaluated with @env. NULL with *@error set
 * ("file:line:column: ..."). Before models are made; owned by the caller.
 */
struct run_cgroups *cgroups_new(struct kern *k, const struct scenario *sc,
				const struct expr_env *env, char **error);
void cgroups_free(struct run_cgroups *c);

/* mkdir of all, parents first; after models have registered their hooks. False with *@error. */
bool cgroups_make(struct run_cgroups *c, char **error);

/* The directories of declared cgroup @i; *@n is how many there are. */
struct memcg_dir *const *cgroups_dirs(const struct run_cgroups *c, u32 i, u32 *n);

/* Of the declared cgroup of that name. */
struct memcg_dir *const *cgroups_find(const struct run_cgroups *c, const char *name, u32 *n);

/* Put thread @index of a group into declared cgroup @i; false if that has been removed. */
bool cgroups_enter(struct run_cgroups *c, struct task *t, s32 i, u32 index);
bool cgroups_alive(const struct run_cgroups *c, s32 i, u32 index);

/* The kernel's cgroups. */
struct memcg_state *cgroups_state(const struct run_cgroups *c);

/* An event could not do what it was to do. */
void cgroups_event_failed(struct run_cgroups *c, struct task *t);

/* The measured part begins: events count from here, memory.peak is reset. */
void cgroups_begin(struct run_cgroups *c);

/* Value @m (scn_cgroup_metrics) of declared cgroup @i as of now, NaN if it is not there. */
double cgroups_metric(const struct run_cgroups *c, u32 i, u32 m);
/* Value @m (scn_cgroups_metrics) of all. */
double cgroups_total(const struct run_cgroups *c, u32 m);

#endif
