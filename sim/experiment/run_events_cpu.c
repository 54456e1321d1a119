// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * cpu_offline and cpu_online: one task, `cpuhp`, which exists from the first of them on, does
 * them in the order of their times, as a shell would that writes to cpuN/online: one that
 * takes longer than to the next delays that. Facts: sim/kern/cpuhp.h.
 *
 * That a CPU is there, and on or off, follows from the list and the number of CPUs, so that
 * what cannot be done is refused before the run: here for the machines of the scenario, in
 * add_cpu_event() for one of the command line.
 */
#include <inttypes.h>
#include <string.h>

#include "sim/experiment/run_events.h"
#include "sim/kern/cpuhp.h"

static bool is_cpu_event(const struct scn_event *e)
{
	return e->kind && (!strcmp(e->kind, "cpu_offline") || !strcmp(e->kind, "cpu_online"));
}

static bool goes_offline(const struct scn_event *e)
{
	return !strcmp(e->kind, "cpu_offline");
}

static gint by_time(gconstpointer a, gconstpointer b)
{
	const struct scn_event *x = *(const struct scn_event *const *)a;
	const struct scn_event *y = *(const struct scn_event *const *)b;

	if (x->at != y->at)
		return x->at < y->at ? -1 : 1;
	return x < y ? -1 : x > y; /* of one array, as written */
}

static GPtrArray *cpu_events(const struct scenario *sc)
{
	GPtrArray *list = g_ptr_array_new();

	for (u32 i = 0; i < sc->nr_events; i++)
		if (is_cpu_event(&sc->events[i]))
			g_ptr_array_add(list, &sc->events[i]);
	g_ptr_array_sort(list, by_time);
	return list;
}

/* Why @e, which is the next one, cannot be done; NULL, and it is done, if it can. */
static char *why_not(const struct scn_event *e, bool *offline, u32 nr_cpus, u32 *nr_online)
{
	s64 cpu = event_number(e, "cpu", 0);
	bool off = goes_offline(e);

	if (cpu >= nr_cpus)
		return g_strdup_printf("%s of CPU %" PRId64 ": the machine has %u CPUs; allowed: 0 "
				       "to %u",
				       e->kind, cpu, nr_cpus, nr_cpus - 1);
	if (offline[cpu] == off)
		return g_strdup_printf("%s of CPU %" PRId64 ", which is %s by then; allowed: a CPU "
				       "that is %s",
				       e->kind, cpu, off ? "offline" : "online",
				       off ? "online" : "offline");
	if (off && *nr_online == 1)
		return g_strdup_printf("%s of CPU %" PRId64
				       ", which is the last one online by then; "
				       "allowed: to leave at least one CPU online",
				       e->kind, cpu);
	offline[cpu] = off;
	*nr_online += off ? -1u : 1u;
	return NULL;
}

/* The first mistake of the list on @nr_cpus CPUs, as a line to be freed, or NULL. */
static char *first_mistake(const struct scenario *sc, u32 nr_cpus)
{
	bool *offline = g_new0(bool, nr_cpus);
	GPtrArray *list = cpu_events(sc);
	u32 nr_online = nr_cpus;
	char *line = NULL;

	for (guint i = 0; i < list->len && !line; i++) {
		const struct scn_event *e = g_ptr_array_index(list, i);
		char *why = why_not(e, offline, nr_cpus, &nr_online);

		if (why)
			line = g_strdup_printf("%s:%u:%u: %s", e->pos.file, e->pos.line, e->pos.col,
					       why);
		g_free(why);
	}
	g_ptr_array_free(list, TRUE);
	g_free(offline);
	return line;
}

void refuse_cpu_events(const struct scenario *sc, GPtrArray *lines)
{
	for (u32 i = 0; i < sc->nr_variants; i++) {
		const struct machine *m =
			sc->variants[i].machine ? sc->variants[i].machine : sc->machine;
		char *line = first_mistake(sc, machine_nr_cpus(m));

		if (!line)
			continue;
		g_ptr_array_add(lines, line);
		return; /* the others are likely to have the same one */
	}
}

/* ---- the task ------------------------------------------------------------------------ */

struct cpuhp_thread {
	u32 nr;
	const struct scn_event *events[];
};

static void cpuhp_main(struct task *t, void *arg)
{
	struct cpuhp_thread *th = arg;

	for (u32 i = 0; i < th->nr; i++) {
		const struct scn_event *e = th->events[i];
		u32 cpu = (u32)event_number(e, "cpu", 0);

		task_sync(t);
		if (task_clock(t) < e->at)
			task_sleep(t, e->at - task_clock(t));
		if (goes_offline(e) ? cpu_offline(t, cpu) : cpu_online(t, cpu))
			sim_fail(t->kern->sim, "CPU %llu cannot go offline or online", cpu, 0);
	}
}

static void cpuhp_start(struct sim *s, void *arg)
{
	(void)s;
	task_wake(NULL, arg);
}

static bool start_thread(struct run *r, GPtrArray *list, char **error)
{
	const struct scn_event *first = g_ptr_array_index(list, 0);
	struct cpuhp_thread *th =
		g_malloc0(sizeof(*th) + list->len * sizeof(const struct scn_event *));
	struct task *t;

	g_ptr_array_add(r->blocks, th);
	th->nr = list->len;
	for (guint i = 0; i < list->len; i++)
		th->events[i] = g_ptr_array_index(list, i);
	/* its CPU is chosen when it wakes up, as if it had run on the last one */
	t = task_new(r->kern, "cpuhp", r->nr_event_tasks++, r->hw->nr_cpus - 1, cpuhp_main, th);
	if (!t) {
		*error = g_strdup("out of memory for the thread of an event");
		return false;
	}
	t->x.proc.daemon = true; /* the run does not wait for it */
	sim_at(r->sim, EV_TIMER, first->at, cpuhp_start, t);
	return true;
}

bool add_cpu_event(struct run *r, const struct scn_event *e, char **error)
{
	const struct scenario *sc = r->c->scenario;
	GPtrArray *list;
	bool ok;

	/* the first one in the file speaks for all */
	for (const struct scn_event *o = sc->events; o < e; o++)
		if (is_cpu_event(o))
			return true;
	*error = first_mistake(sc, r->hw->nr_cpus);
	if (*error)
		return false;
	list = cpu_events(sc);
	ok = start_thread(r, list, error);
	g_ptr_array_free(list, TRUE);
	return ok;
}
