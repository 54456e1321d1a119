// SPDX-License-Identifier: GPL-2.0-or-later
/* Statistics by sorted samples: median and quartiles, nothing that one outlier moves. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/calibrate/internal.h"

#define MIN_UNDISTURBED 3
#define BLOCKS 5
#define MIN_BLOCK 20 /* samples, so that its quartiles say something */

static bool push(double **v, uint32_t *nr, uint32_t *cap, double x)
{
	double *more;

	if (*nr == *cap) {
		*cap = *cap ? 2 * *cap : 64;
		more = realloc(*v, *cap * sizeof(**v));
		if (!more)
			return false;
		*v = more;
	}
	(*v)[(*nr)++] = x;
	return true;
}

void cal_add(struct cal_ctx *ctx, struct cal_samples *s, double v, bool disturbed)
{
	bool ok = disturbed ? push(&s->bad, &s->nr_bad, &s->cap_bad, v) :
			      push(&s->v, &s->nr, &s->cap, v);

	if (!ok)
		atomic_store(&ctx->no_memory, true);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Between two samples linearly. */
static double quantile(const double *v, uint32_t n, double q)
{
	double at = q * (n - 1);
	uint32_t low = (uint32_t)at;

	if (low + 1 >= n)
		return v[n - 1];
	return v[low] + (at - low) * (v[low + 1] - v[low]);
}

/* Keep the fifth with the least median, whatever the others met. */
static void keep_quietest(struct cal_samples *s)
{
	uint32_t size = s->nr / BLOCKS, best = 0;

	for (uint32_t i = 0; i < BLOCKS; i++) {
		qsort(s->v + i * size, size, sizeof(*s->v), by_value);
		if (quantile(s->v + i * size, size, 0.5) < quantile(s->v + best * size, size, 0.5))
			best = i;
	}
	memmove(s->v, s->v + best * size, size * sizeof(*s->v));
	s->nr = size;
}

struct cal_result cal_quartiles(struct cal_samples *s)
{
	struct cal_result r = { .disturbed = s->nr_bad };

	/* On a loaded host all may be disturbed: better than nothing, the spread tells. */
	if (s->nr < MIN_UNDISTURBED) {
		for (uint32_t i = 0; i < s->nr_bad; i++)
			if (!push(&s->v, &s->nr, &s->cap, s->bad[i]))
				break;
		r.disturbed = 0;
	}
	if (!s->nr)
		return r;
	if (!s->mixed && s->nr >= BLOCKS * MIN_BLOCK)
		keep_quietest(s);
	qsort(s->v, s->nr, sizeof(*s->v), by_value);
	r.n = s->nr;
	r.q1 = quantile(s->v, s->nr, 0.25);
	r.median = quantile(s->v, s->nr, 0.5);
	r.q3 = quantile(s->v, s->nr, 0.75);
	return r;
}

void cal_samples_free(struct cal_samples *s)
{
	free(s->v);
	free(s->bad);
	memset(s, 0, sizeof(*s));
}

struct cal_result cal_minus(const struct cal_result *a, const struct cal_result *b)
{
	struct cal_result r = { .n = a->n < b->n ? a->n : b->n, .disturbed = a->disturbed };

	if (!r.n) {
		memcpy(r.why, a->n ? b->why : a->why, sizeof(r.why));
		return r;
	}
	r.median = a->median - b->median;
	r.q1 = fmax(0, r.median - (a->median - a->q1) - (b->q3 - b->median));
	r.q3 = r.median + (a->q3 - a->median) + (b->median - b->q1);
	if (r.median <= 0) {
		r.n = 0;
		snprintf(r.why, sizeof(r.why),
			 "the difference of two measurements drowns in noise");
	}
	return r;
}

struct cal_result cal_slope(const struct cal_point *p, uint32_t n)
{
	struct cal_result r = { .n = UINT32_MAX };
	double mean = 0, sxx = 0, low = 0, high = 0, w;
	uint32_t i;

	for (i = 0; i < n; i++)
		mean += p[i].x / n;
	for (i = 0; i < n; i++)
		sxx += (p[i].x - mean) * (p[i].x - mean);
	if (!(sxx > 0)) {
		r.n = 0;
		snprintf(r.why, sizeof(r.why), "a slope takes two points");
		return r;
	}
	for (i = 0; i < n; i++) {
		const struct cal_result *y = &p[i].y;

		w = (p[i].x - mean) / sxx;
		r.median += w * y->median;
		low += fabs(w) * (w > 0 ? y->median - y->q1 : y->q3 - y->median);
		high += fabs(w) * (w > 0 ? y->q3 - y->median : y->median - y->q1);
		r.n = y->n < r.n ? y->n : r.n;
		r.disturbed += y->disturbed;
	}
	r.q1 = fmax(0, r.median - low);
	r.q3 = r.median + high;
	if (!(r.median > 0)) {
		r.n = 0;
		snprintf(r.why, sizeof(r.why), "no slope: %.1f ns for each further one", r.median);
	}
	return r;
}

void cal_store(struct cal_ctx *ctx, enum cal_item item, struct cal_samples *s, const char *why)
{
	struct cal_result *r = &ctx->out->results[item];

	*r = cal_quartiles(s);
	if (!r->n)
		snprintf(r->why, sizeof(r->why), "%s", why);
	cal_samples_free(s);
}

void cal_missing(struct cal_ctx *ctx, uint32_t item, const char *why)
{
	struct cal_result *r = &ctx->out->results[item];

	r->n = 0;
	snprintf(r->why, sizeof(r->why), "%s", why);
}

void cal_note(struct cal_ctx *ctx, const char *format, ...)
{
	struct calibration *c = ctx->out;
	va_list ap;

	if (c->nr_notes == CAL_MAX_NOTES)
		return;
	va_start(ap, format);
	vsnprintf(c->notes[c->nr_notes++], CAL_NOTE_MAX, format, ap);
	va_end(ap);
}
