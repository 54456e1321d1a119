// SPDX-License-Identifier: GPL-2.0-or-later
/* How a run ended, in words. Only ever runs on the main stack. */
#include "sim/core/core.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define REPORT_BYTES 32768
#define REPORT_LINES 64

struct text {
	char *buf;
	size_t len;
};

__attribute__((format(printf, 2, 3))) static void text_add(struct text *t, const char *fmt, ...)
{
	size_t room = REPORT_BYTES - t->len;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(t->buf + t->len, room, fmt, ap);
	va_end(ap);
	if (n > 0)
		t->len += min_u64((u64)n, room - 1);
}

static void text_proc(struct text *t, struct sim *s, struct proc *p)
{
	static const char *const states[] = { "new", "pending", "running", "blocked", "dead" };
	char buf[512] = "";

	if (s->core->describe)
		s->core->describe(s, p, buf, sizeof(buf));
	if (buf[0])
		text_add(t, "  %s\n", buf);
	else
		text_add(t, "  %s/%u: %s at %llu ps\n", p->name ? p->name : "?", p->index,
			 states[p->state], (unsigned long long)p->clock);
}

static void text_blocked(struct text *t, struct sim *s)
{
	struct sim_core *c = s->core;
	u32 i, nr = 0;

	for (i = 0; i < c->nr_entries; i++) {
		struct proc *p = c->entries[i].obj;

		if (c->entries[i].kind != ENTRY_PROC || p->state != PROC_BLOCKED || p->daemon)
			continue;
		if (nr++ < REPORT_LINES)
			text_proc(t, s, p);
	}
	if (nr > REPORT_LINES)
		text_add(t, "  ... and %u more\n", nr - REPORT_LINES);
}

/* @msg with up to two "%llu"; anything else is copied as it stands. */
static void text_fail(struct text *t, const char *msg, u64 a, u64 b)
{
	const u64 val[2] = { a, b };
	u32 n = 0;

	for (; *msg; msg++) {
		if (n < 2 && msg[0] == '%' && msg[1] == 'l' && msg[2] == 'l' && msg[3] == 'u') {
			text_add(t, "%llu", (unsigned long long)val[n++]);
			msg += 3;
		} else {
			text_add(t, "%c", *msg);
		}
	}
	text_add(t, "\n");
}

void report_write(struct sim *s)
{
	struct sim_core *c = s->core;
	unsigned long long now = s->now;
	struct text t = { .buf = c->report };

	if (s->status == SIM_RUNNING || s->status == SIM_DONE || s->status == SIM_UNTIL)
		return;
	if (!t.buf) {
		t.buf = c->report = malloc(REPORT_BYTES);
		if (!t.buf)
			return;
	}
	switch (s->status) {
	case SIM_DEADLOCK:
		text_add(&t, "deadlock at %llu ps: %u threads remain, none can run\n", now,
			 c->live);
		text_blocked(&t, s);
		return;
	case SIM_NO_PROGRESS:
		text_add(&t, "no progress: %u steps at %llu ps without advance of time\n",
			 SIM_STUCK_MAX, now);
		break;
	case SIM_OVERFLOW:
		text_add(&t, "simulated time overflow: a clock passes the horizon of %llu ps\n",
			 (unsigned long long)s->horizon);
		break;
	default:
		text_fail(&t, c->fail_msg, c->fail_a, c->fail_b);
		break;
	}
	if (c->culprit)
		text_proc(&t, s, c->culprit);
}

const char *sim_report(struct sim *s)
{
	return s->core->report ? s->core->report : "";
}
