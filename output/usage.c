// SPDX-License-Identifier: GPL-2.0-or-later
/* cpu.csv and footprint.csv. */
#include "output/csv.h"
#include "output/output.h"

static void cpu_rows(struct csv *c, const struct experiment *e, u32 p, u32 v,
		     const struct run_result *r)
{
	u32 i, b;

	for (i = 0; r->cpu && i < r->nr_cpus; i++) {
		for (b = 0; b < NR_CPU_BUCKETS; b++) {
			csv_begin_row(c, e, p, v, r);
			csv_uint(c, i);
			csv_str(c, cpu_bucket_names[b]);
			csv_ns(c, r->cpu[(size_t)i * NR_CPU_BUCKETS + b]);
			csv_end_row(c);
		}
	}
}

static void footprint_rows(struct csv *c, const struct experiment *e, u32 p, u32 v,
			   const struct run_result *r)
{
	guint i;

	for (i = 0; i < r->footprint->len; i++) {
		const struct run_footprint *f =
			&g_array_index(r->footprint, struct run_footprint, i);

		csv_begin_row(c, e, p, v, r);
		csv_str(c, f->category);
		csv_str(c, f->cgroup);
		csv_int(c, f->end);
		csv_int(c, f->peak);
		csv_digits(c, f->mean, 12);
		csv_int(c, f->objects);
		csv_end_row(c);
	}
}

bool output_usage(const struct experiment *e, const char *dir, char **error)
{
	struct csv cpu, footprint;
	u32 p, v;
	guint i;
	bool ok;

	csv_init(&cpu);
	csv_init(&footprint);
	csv_header(&cpu, e, true, "cpu,bucket,ns");
	csv_header(&footprint, e, true, "category,cgroup,end_bytes,peak_bytes,mean_bytes,objects");
	for (p = 0; p < e->nr_points; p++) {
		for (v = 0; v < e->nr_variants; v++) {
			GPtrArray *cell = experiment_cell(e, p, v);

			for (i = 0; i < cell->len; i++) {
				cpu_rows(&cpu, e, p, v, cell->pdata[i]);
				footprint_rows(&footprint, e, p, v, cell->pdata[i]);
			}
		}
	}
	ok = csv_save(&cpu, dir, "cpu.csv", error);
	return csv_save(&footprint, dir, "footprint.csv", ok ? error : &(char *){ NULL }) && ok;
}
