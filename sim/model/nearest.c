/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Suggestions for misspelt names: smallest edit distance (insert, delete,
 * replace, swap of neighbours), upper and lower case the same.
 */
#include "sim/model/model.h"

#include <ctype.h>
#include <string.h>

#define WORD_MAX 63 /* longer words get no suggestion */

static bool same(char a, char b)
{
	return tolower((unsigned char)a) == tolower((unsigned char)b);
}

static u32 min3(u32 a, u32 b, u32 c)
{
	u32 m = a < b ? a : b;

	return m < c ? m : c;
}

static u32 edit_distance(const char *a, u32 la, const char *b, u32 lb)
{
	u32 row[3][WORD_MAX + 1], *before = row[0], *prev = row[1], *cur = row[2], *free_row;

	for (u32 j = 0; j <= lb; j++)
		prev[j] = j;
	for (u32 i = 1; i <= la; i++) {
		cur[0] = i;
		for (u32 j = 1; j <= lb; j++) {
			u32 cost = same(a[i - 1], b[j - 1]) ? 0 : 1;

			cur[j] = min3(prev[j] + 1, cur[j - 1] + 1, prev[j - 1] + cost);
			if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) &&
			    same(a[i - 2], b[j - 1]) && before[j - 2] + 1 < cur[j])
				cur[j] = before[j - 2] + 1;
		}
		free_row = before;
		before = prev;
		prev = cur;
		cur = free_row;
	}
	return prev[lb];
}

const char *nearest_name(const char *word, const char *const *names)
{
	u32 len = strlen(word), best = len / 3 + 2;
	const char *found = NULL;

	if (!len || len > WORD_MAX)
		return NULL;
	for (; *names; names++) {
		u32 n = strlen(*names), d;

		if (n > WORD_MAX || n > len + best || len > n + best)
			continue;
		d = edit_distance(word, len, *names, n);
		/* A suggestion that shares no letter helps nobody. */
		if (d < best && d < (len > n ? len : n)) {
			best = d;
			found = *names;
		}
	}
	return found;
}
