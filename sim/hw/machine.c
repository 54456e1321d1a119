/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Machine descriptions: values with tags, completion by the fill rules of the
 * key table, consistency, and the generated machines flat-N and ideal-N.
 */
#include "sim/hw/machine.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/hw/machine_check.h"

static char *copy(const char *s)
{
	return s ? strdup(s) : NULL;
}

struct machine *machine_new(const char *name)
{
	struct machine *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	m->name = copy(name);
	if (!m->name) {
		free(m);
		return NULL;
	}
	return m;
}

struct machine *machine_clone(const struct machine *m)
{
	struct machine *c = machine_new(m->name);

	if (!c)
		return NULL;
	c->about = copy(m->about);
	c->file = copy(m->file);
	for (u32 k = 0; k < NR_MACHINE_KEYS; k++) {
		c->val[k] = m->val[k];
		c->val[k].source = copy(m->val[k].source);
	}
	return c;
}

void machine_free(struct machine *m)
{
	if (!m)
		return;
	for (u32 k = 0; k < NR_MACHINE_KEYS; k++)
		free(m->val[k].source);
	free(m->file);
	free(m->about);
	free(m->name);
	free(m);
}

u32 machine_tag_rel_err(char tag)
{
	switch (tag) {
	case TAG_SOURCED:
	case TAG_MEASURED:
	case TAG_CALIBRATED:
		return 100;
	case TAG_DERIVED:
		return 200;
	case TAG_ESTIMATE:
	case TAG_RECALLED:
		return 500;
	default:
		return 0;
	}
}

void machine_set(struct machine *m, enum machine_key key, s64 v, char tag, u32 rel_err_permille,
		 const char *source)
{
	struct machine_value *val = &m->val[key];
	char *owned = copy(source);

	free(val->source);
	val->source = owned;
	val->v = v;
	val->tag = tag;
	val->rel_err_permille = rel_err_permille ? rel_err_permille : machine_tag_rel_err(tag);
	val->given = true;
}

s32 machine_key_find(const char *path)
{
	for (u32 k = 0; k < NR_MACHINE_KEYS; k++)
		if (!strcmp(machine_keys[k].path, path))
			return k;
	return -1;
}

u32 machine_nr_nodes(const struct machine *m)
{
	return m->val[MK_SOCKETS].v * m->val[MK_NODES_PER_SOCKET].v;
}

u32 machine_nr_cpus(const struct machine *m)
{
	return machine_nr_nodes(m) * m->val[MK_LLC_PER_NODE].v * m->val[MK_CORES_PER_LLC].v *
	       m->val[MK_SMT].v;
}

static int refuse(const char *text, enum machine_key k, const char **why, enum machine_key *key)
{
	*why = text;
	*key = k;
	return -EINVAL;
}

/* Value of @k by its fill rule or default. Rows only refer to rows above them. */
static bool fill(struct machine *m, enum machine_key k)
{
	const struct machine_key_desc *d = &machine_keys[k];
	struct machine_value *val = &m->val[k];
	s64 v = d->def;

	if (v == MACHINE_REQUIRED)
		return false;
	if (d->fill_cycles)
		v = (d->fill_cycles * 1000000LL + m->val[MK_GHZ].v / 2) / m->val[MK_GHZ].v;
	else if (d->fill_from != k)
		v = (m->val[d->fill_from].v * d->fill_permille + 500) / 1000;
	free(val->source);
	val->v = v > d->max ? d->max : v;
	val->tag = d->def_tag;
	val->rel_err_permille =
		d->def_rel_err_permille ? d->def_rel_err_permille : machine_tag_rel_err(d->def_tag);
	val->source = copy(d->def_source);
	return true;
}

int machine_complete(struct machine *m, const char **why, enum machine_key *key)
{
	for (u32 k = 0; k < NR_MACHINE_KEYS; k++) {
		const struct machine_value *val = &m->val[k];

		if (!val->given && !fill(m, k))
			return refuse("must be given", k, why, key);
		if (val->given && (val->v < machine_keys[k].min || val->v > machine_keys[k].max))
			return refuse("out of range", k, why, key);
	}
	return machine_check(m, why, key);
}

/* ---- generated machines ------------------------------------------------ */

static const struct preset {
	enum machine_key key;
	s64 v;
	char tag;
	const char *source;
} flat_costs[] = {
	/* one LLC group of the 3970X; the core count is the name's */
	{ MK_GHZ, 3900, 'E', "as tr3970x" },
	{ MK_LLC_BYTES, 16LL << 20, 'R', "as tr3970x" },
	{ MK_L2_BYTES, 512LL << 10, 'R', "as tr3970x" },
	{ MK_RAM, 64LL << 30, 'E', NULL },
	{ MK_LAT_L1, 1000, 'D', "as tr3970x" },
	{ MK_LAT_L2, 3300, 'D', "as tr3970x" },
	{ MK_LAT_LLC, 10300, 'S', "AT-ROME" },
	{ MK_LAT_DRAM_LOCAL, 90000, 'E', "as tr3970x" },
	{ MK_XFER_SAME_LLC, 24000, 'S', "C2C, 3960X" },
	{ MK_RMW_LOCAL, 5000, 'E', "as tr3970x" },
	{ MK_RMW_HOT_SAME_LLC, 26000, 'E', "as tr3970x" },
	{ MK_ZERO_PAGE4K, 330000, 'E', "as tr3970x" },
	{ MK_ZERO_THP2M, 171000000, 'E', "as tr3970x" },
};

static void make_flat(struct machine *m)
{
	for (u32 i = 0; i < ARRAY_SIZE(flat_costs); i++) {
		const struct preset *p = &flat_costs[i];

		if (!machine_key_misplaced(m, p->key))
			machine_set(m, p->key, p->v, p->tag, 0, p->source);
	}
}

/* Tunables of the scheduler are no costs. */
static bool is_cfs_key(u32 k)
{
	return k >= MK_CFS_LATENCY && k <= MK_CFS_WAKEUP_GRANULARITY;
}

static void make_ideal(struct machine *m)
{
	for (u32 k = 0; k < NR_MACHINE_KEYS; k++)
		if (machine_keys[k].unit == MU_TIME && k != MK_BASE_SLICE && !is_cfs_key(k) &&
		    !machine_key_misplaced(m, k))
			machine_set(m, k, 0, 'K', 0, "ideal machine");
	machine_set(m, MK_GHZ, 1000, 'K', 0, "ideal machine");
	machine_set(m, MK_TAS_FAILED_RMW, 0, 'K', 0, "ideal machine");
	machine_set(m, MK_HANDOFF_FACTOR, 1000, 'K', 0, "ideal machine");
	machine_set(m, MK_SMT_FACTOR, 1000, 'K', 0, "ideal machine");
	machine_set(m, MK_IPI_CROSS_SOCKET, 1000, 'K', 0, "ideal machine");
	machine_set(m, MK_IPI_VIRT_FACTOR, 1000, 'K', 0, "ideal machine");
}

/* N of "<prefix>N"; 0 if @name is no such name. */
static u32 count_after(const char *name, const char *prefix)
{
	size_t len = strlen(prefix);
	unsigned int n;
	int used = 0;

	if (strncmp(name, prefix, len) || name[len] < '1' || name[len] > '9')
		return 0;
	if (strlen(name + len) > 4 || sscanf(name + len, "%u%n", &n, &used) != 1)
		return 0;
	return name[len + used] || n > MACHINE_MAX_CPUS ? 0 : n;
}

struct machine *machine_builtin(const char *name)
{
	u32 flat = count_after(name, "flat-"), ideal = count_after(name, "ideal-");
	enum machine_key key;
	struct machine *m;
	const char *why;

	if (!flat && !ideal)
		return NULL;
	m = machine_new(name);
	if (!m)
		return NULL;
	machine_set(m, MK_CORES_PER_LLC, flat ? flat : ideal, 'K', 0, NULL);
	if (flat)
		make_flat(m);
	else
		make_ideal(m);
	m->about = copy(flat ? "one last-level cache, no SMT, costs of one group of the 3970X" :
			       "every cost zero");
	if (machine_complete(m, &why, &key)) {
		machine_free(m);
		return NULL;
	}
	return m;
}
