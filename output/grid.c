// SPDX-License-Identifier: GPL-2.0-or-later
/* Aligned columns of text. */
#include "output/grid.h"

void table_init(struct table *t, u32 nr_cols)
{
	t->cells = g_ptr_array_new_with_free_func(g_free);
	t->nr_cols = nr_cols;
}

void table_put(struct table *t, const char *text)
{
	g_ptr_array_add(t->cells, g_strdup(text));
}

void table_print(const struct table *t, u32 nr_left, FILE *f)
{
	u32 width[TABLE_MAX_COLS] = { 0 }, i, n = t->cells->len;

	for (i = 0; i < n; i++) {
		u32 w = (u32)g_utf8_strlen(t->cells->pdata[i], -1);

		if (w > width[i % t->nr_cols])
			width[i % t->nr_cols] = w;
	}
	for (i = 0; i < n; i++) {
		const char *text = t->cells->pdata[i];
		u32 col = i % t->nr_cols;
		int pad = (int)(width[col] - (u32)g_utf8_strlen(text, -1));

		if (col < nr_left)
			fprintf(f, "%s%*s", text, col + 1 == t->nr_cols ? 0 : pad, "");
		else
			fprintf(f, "%*s%s", pad, "", text);
		fputs(col + 1 == t->nr_cols ? "\n" : "  ", f);
	}
}

void table_destroy(struct table *t)
{
	g_ptr_array_free(t->cells, TRUE);
}
