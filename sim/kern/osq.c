// SPDX-License-Identifier: GPL-2.0-or-later
/* Queue of optimistic spinners; see the header. */
#include "sim/kern/osq.h"

#include "sim/kern/spinner.h"

static const struct frame_site osq_site = { "osq_lock" };

void osq_lock_init(struct optimistic_spin_queue *lock)
{
	list_init(&lock->spinners);
}

struct task *osq_first(const struct optimistic_spin_queue *lock)
{
	if (list_empty(&lock->spinners))
		return NULL;
	return list_first_entry(&lock->spinners, struct task, wait_node);
}

bool osq_lock(struct task *t, struct optimistic_spin_queue *lock, struct line *line, u128 *spin)
{
	list_add_tail(&t->wait_node, &lock->spinners);
	line_rmw(&t->x, line);
	task_sync(t);
	while (osq_first(lock) != t) {
		if (spinner_need_resched(t)) {
			list_del(&t->wait_node);
			return false;
		}
		spinner_wait(t, CPU_OSQ, &osq_site, TIME_MAX, spin);
	}
	return true;
}

void osq_unlock(struct task *t, struct optimistic_spin_queue *lock)
{
	struct task *next;

	list_del(&t->wait_node);
	next = osq_first(lock);
	if (next)
		spinner_kick_from(next, task_cpu(t));
}
