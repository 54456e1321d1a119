// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Failure injection; see fail_alloc.h. Shape of the rules: the kernel's
 * Documentation/fault-injection (probability, interval, times, space). Left out:
 * filters by task, by stack and by order.
 */
#include "sim/mm/zone.h"

#include <errno.h>
#include <stdlib.h>

int fail_alloc_add(struct mm_state *mm, const struct fail_rule *rule)
{
	struct fail_alloc *f = &mm->fail;
	struct fail_state *s;

	if (!f->rules)
		f->rules = calloc(FAIL_RULES, sizeof(*f->rules));
	if (!f->rules)
		return -ENOMEM;
	if (f->nr == FAIL_RULES)
		return -ENOSPC;
	s = &f->rules[f->nr];
	s->rule = *rule;
	rng_seed(&s->rng, mm->kern->seed, mm->kern->replication, "fail_alloc", f->nr++,
		 RNG_MECHANISM);
	return 0;
}

static bool rule_fails(struct fail_state *s, u32 kind, u64 now)
{
	const struct fail_rule *r = &s->rule;

	if (!(r->kinds & kind) || now < r->from || now >= r->until)
		return false;
	if (r->count && s->failed == r->count)
		return false;
	if (s->seen++ < r->after)
		return false;
	if (r->every)
		return (s->seen - r->after) % r->every == 0;
	return rng_below(&s->rng, FAIL_SHARE_ONE) < r->share;
}

bool fail_alloc_ask(struct task *t, u32 kind)
{
	struct fail_alloc *f = &task_mm(t)->fail;
	bool fails = false;

	task_sync(t);
	/* all rules see the allocation, whichever lets it fail */
	for (u32 i = 0; i < f->nr; i++) {
		if (!rule_fails(&f->rules[i], kind, task_clock(t)))
			continue;
		f->rules[i].failed++;
		fails = true;
	}
	if (fails)
		task_count(t, &task_mm(t)->failed, 1);
	return fails;
}
