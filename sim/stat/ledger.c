/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Footprint ledger; see ledger.h. */
#include "sim/stat/ledger.h"

#include <string.h>

void ledger_init(struct ledger *l)
{
	memset(l, 0, sizeof(*l));
}

s32 ledger_category(struct ledger *l, const char *name)
{
	for (u32 i = 0; i < l->nr; i++)
		if (!strcmp(l->cat[i].name, name))
			return (s32)i;
	if (l->nr == LEDGER_MAX)
		return -1;
	l->cat[l->nr] = (struct ledger_cat){ .name = name };
	return (s32)l->nr++;
}

static void ledger_integrate(struct ledger_cat *c, u64 now)
{
	/* a category never goes below 0 for longer than one interaction */
	if (c->bytes > 0)
		c->area += (u128)(u64)c->bytes * (now - c->last_ps);
	c->last_ps = now;
}

void ledger_commit(struct ledger *l, u32 cat, s64 bytes, s64 objects, u64 now)
{
	struct ledger_cat *c = &l->cat[cat];

	ledger_integrate(c, now);
	c->bytes += bytes;
	c->objects += objects;
	if (c->bytes > c->peak)
		c->peak = c->bytes;
}

void ledger_begin(struct ledger *l, u64 now)
{
	l->begin_ps = now;
	for (u32 i = 0; i < l->nr; i++) {
		l->cat[i].area = 0;
		l->cat[i].last_ps = now;
		l->cat[i].peak = l->cat[i].bytes;
	}
}

double ledger_mean(const struct ledger *l, u32 cat, u64 now)
{
	const struct ledger_cat *c = &l->cat[cat];
	u128 area = c->area;

	if (now <= l->begin_ps)
		return (double)c->bytes;
	if (c->bytes > 0)
		area += (u128)(u64)c->bytes * (now - c->last_ps);
	return (double)area / (double)(now - l->begin_ps);
}
