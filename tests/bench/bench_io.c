// SPDX-License-Identifier: GPL-2.0-or-later
/* Reading a scenario file of 2.6 MB, and writing rows of CSV. */
#include "models/prims/prims.h"
#include "models/vmap/vmap.h"
#include "output/csv.h"
#include "sim/scenario/scenario.h"
#include "tests/bench/bench.h"

#include <glib/gstdio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static GString *yaml_text(u32 groups)
{
	GString *s =
		g_string_new("scenario: bench\nabout: many groups\nmachine: flat-64\nthreads:\n");
	u32 i;

	for (i = 0; i < groups; i++)
		g_string_append_printf(s,
				       "  - name: worker%05u\n"
				       "    count: 1\n"
				       "    do:\n"
				       "      - loop: %u\n"
				       "        do:\n"
				       "          - vmalloc: {pages: 1, into: p}\n"
				       "          - vfree: p\n",
				       i, i + 1);
	return s;
}

static u64 yaml_once(struct bench *b, const struct bench_row *row, const struct registry *r,
		     const char *path, double *ns)
{
	const char *const no_path[] = { NULL };
	struct scn_options opt = { .search_path = no_path };
	struct scn_errors errors;
	double from = bench_now();
	struct scenario *sc = scenario_load(path, r, &opt, &errors);
	u64 sum = 0;
	u32 i;

	*ns = bench_now() - from;
	if (!sc) {
		bench_wrong(b, row, errors.lines->len ? errors.lines->pdata[0] : "not read");
		scn_errors_clear(&errors);
		return 0;
	}
	for (i = 0; i < sc->nr_groups; i++)
		sum = bench_mix(sum, sc->groups[i].pos.line + sc->groups[i].nr_steps);
	sum = bench_mix(sum, sc->nr_groups);
	scn_errors_clear(&errors);
	scenario_free(sc);
	return sum;
}

void bench_yaml_load(struct bench *b)
{
	u32 groups = b->quick ? 500 : 20000, k;
	GString *text = yaml_text(groups);
	char params[48], *path = NULL;
	struct bench_row row = { "yaml-load", params, "MB/s", BENCH_RATE, 45.0 };
	struct registry *r = registry_new();
	double ns[BENCH_REPEAT_MAX];
	u64 sums[BENCH_REPEAT_MAX];
	const char *what;
	int fd = g_file_open_tmp("mmsim-bench-XXXXXX.yaml", &path, NULL);

	if (fd < 0 || !r || registry_add(r, &prims_model, &what) ||
	    registry_add(r, &vmap_model, &what))
		abort();
	if (write(fd, text->str, text->len) != (ssize_t)text->len)
		abort();
	close(fd);
	snprintf(params, sizeof(params), "%u groups, %.1f MB", groups, (double)text->len / 1e6);
	for (k = 0; k < b->repeat; k++) {
		sums[k] = yaml_once(b, &row, r, path, &ns[k]);
		ns[k] /= (double)text->len; /* ns a byte: millions of bytes a second */
	}
	bench_line(b, &row, ns, sums);
	g_unlink(path);
	g_free(path);
	g_string_free(text, TRUE);
	registry_free(r);
}

#define CHUNK (64 * 1024)

static u64 csv_rows(u64 rows, FILE *out, u64 *bytes, double *ns)
{
	u64 i, sum = 0;
	struct csv c;
	double from;

	csv_init(&c);
	*bytes = 0;
	from = bench_now();
	for (i = 0; i < rows; i++) {
		csv_str(&c, "vmap");
		csv_uint(&c, i);
		csv_uint(&c, i * 7919 % 100003);
		csv_ns(&c, (u128)i * 1234567);
		csv_ns(&c, (u128)i * 891 % 100000007);
		csv_ns(&c, (u128)(i & 255) * 1000);
		csv_end_row(&c);
		if (c.text->len < CHUNK && i + 1 < rows)
			continue;
		if (fwrite(c.text->str, 1, c.text->len, out) != c.text->len)
			abort();
		*bytes += c.text->len;
		sum = bench_mix(sum, (u8)c.text->str[c.text->len / 2] + c.text->len);
		g_string_truncate(c.text, 0);
	}
	*ns = (bench_now() - from) / (double)rows;
	g_string_free(c.text, TRUE);
	return sum;
}

void bench_csv_write(struct bench *b)
{
	u64 rows = b->quick ? 5000 : 1000000, sums[BENCH_REPEAT_MAX], bytes = 0;
	char params[48];
	struct bench_row row = { "csv-write", params, "ns/row", BENCH_TIME, 45.0 };
	double ns[BENCH_REPEAT_MAX];
	FILE *out = fopen("/dev/null", "wb");
	u32 k;

	if (!out)
		abort();
	setvbuf(out, NULL, _IONBF, 0);
	for (k = 0; k < b->repeat; k++)
		sums[k] = csv_rows(rows, out, &bytes, &ns[k]);
	snprintf(params, sizeof(params), "%llu rows x 6, %.0f B", (unsigned long long)rows,
		 (double)bytes / (double)rows);
	bench_line(b, &row, ns, sums);
	fclose(out);
}
