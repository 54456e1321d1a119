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

s32 ledger_category_lazy(struct ledger *l, const char *name)
{
	u32 before = l->nr;
	s32 cat = ledger_category(l, name);

	if (l->nr != before)
		l->cat[cat].lazy = true;
	return cat;
}

void ledger_set_owners(struct ledger *l, struct ledger_owner *owner, u32 nr)
{
	l->owner = owner;
	l->nr_owners = nr;
	memcpy(owner[0].row, l->cat, sizeof(l->cat));
}

static void rows_begin(struct ledger_cat *row, u32 nr, u64 now)
{
	for (u32 i = 0; i < nr; i++) {
		row[i].moment = (s128)row[i].bytes * (s64)now;
		row[i].peak = row[i].bytes;
	}
}

void ledger_begin(struct ledger *l, u64 now)
{
	l->begin_ps = now;
	rows_begin(l->cat, l->nr, now);
	for (u32 i = 0; i < l->nr_owners; i++)
		rows_begin(l->owner[i].row, l->nr, now);
}

double ledger_mean(const struct ledger *l, u32 cat, u64 now)
{
	return ledger_row_mean(l, &l->cat[cat], now);
}

double ledger_row_mean(const struct ledger *l, const struct ledger_cat *c, u64 now)
{
	if (now <= l->begin_ps)
		return (double)c->bytes;
	return (double)((s128)c->bytes * (s64)now - c->moment) / (double)(now - l->begin_ps);
}
