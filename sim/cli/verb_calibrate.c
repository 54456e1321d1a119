// SPDX-License-Identifier: GPL-2.0-or-later
/* mmsim calibrate: measure this host, print a machine file. */
#include "sim/cli/cli.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "sim/cli/machine_of_host.h"

#define BUDGET_NS 19000000000ULL
/* Above so much other work the file says so, and the user should think twice. */
#define BUSY_PCT 10
#define BUSY_FORMAT "%s host was busy meanwhile: other work had %u %% of the CPUs, %u %% was stolen"
#define QUICK_BUDGET_NS 1700000000ULL

static bool stop(void *arg)
{
	struct timespec none = { 0, 0 };
	sigset_t set;

	(void)arg;
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	return sigtimedwait(&set, NULL, &none) > 0;
}

static void progress(void *arg, const char *what)
{
	(void)arg;
	fprintf(stderr, "mmsim: measuring: %s\n", what);
}

static bool is_busy(const struct calibration *c)
{
	return c->others_pct + c->steal_pct > BUSY_PCT;
}

static void print_topology(GString *out, const struct calibration *c)
{
	const struct cal_topology *t = &c->topology;

	g_string_append_printf(out, "# %s; %s\n", c->host.cpu, c->host.kernel);
	if (c->host.vm)
		g_string_append(out,
				"# vm: in a virtual machine: the topology may be fiction, and what "
				"the host takes away is in the spread.\n");
	if (is_busy(c))
		g_string_append_printf(out, BUSY_FORMAT "\n", "# The", c->others_pct, c->steal_pct);
	if (t->nr_usable < t->nr_cpus)
		g_string_append_printf(out,
				       "# Measured on %u of %u CPUs: the others may not be "
				       "used by the process.\n",
				       t->nr_usable, t->nr_cpus);
	if (!t->regular || t->smt > 2)
		g_string_append_printf(
			out,
			"# The host's %u CPUs are no regular tree: this is the nearest "
			"that holds the widest of each level.\n",
			t->nr_cpus);
}

static GString *machine_text(const struct calibration *c, const struct machine *m,
			     const GPtrArray *missing, bool quick)
{
	GString *out = g_string_new(NULL);
	guint i;

	g_string_append_printf(out, "# Machine file of `mmsim calibrate%s`, mmsim %s.\n",
			       quick ? " --quick" : "", MMSIM_VERSION);
	print_topology(out, c);
	g_string_append(out, "# Times are medians. Keys in comments were not measured: these are "
			     "mmsim's defaults, not this host's.\n");
	for (i = 0; i < missing->len; i++)
		g_string_append_printf(out, "# %s %s\n", i ? "             " : "Not measured:",
				       (const char *)missing->pdata[i]);
	for (i = 0; i < c->nr_notes; i++)
		g_string_append_printf(out, "# %s\n", c->notes[i]);
	machine_print(m, out);
	return out;
}

static int print_calibration(const struct calibration *c, const char *name, bool quick)
{
	GPtrArray *missing = g_ptr_array_new_with_free_func(g_free);
	struct machine *m = machine_of_host(c, name, missing);
	int status = CLI_INTERNAL;
	GString *text;
	guint i;

	for (i = 0; i < missing->len; i++)
		cli_complain("not measured: %s", (const char *)missing->pdata[i]);
	if (!m) {
		cli_complain("the measurements make no machine");
		goto out;
	}
	cli_complain("spin locks, page and slab allocator, RCU and interrupts cannot be measured "
		     "from user space: their keys are defaults, some with a proxy in a comment");
	if (is_busy(c))
		cli_complain(BUSY_FORMAT "; measure again when it is quiet", "the", c->others_pct,
			     c->steal_pct);
	text = machine_text(c, m, missing, quick);
	if (fputs(text->str, stdout) == EOF || fflush(stdout))
		cli_complain("the machine file could not be written");
	else
		status = CLI_OK;
	g_string_free(text, TRUE);
	machine_free(m);
out:
	g_ptr_array_free(missing, TRUE);
	return status;
}

/* A name that the reader takes as a machine's. */
static bool good_name(const char *name)
{
	const char *p = name;

	while (g_ascii_isalnum(*p) || (p != name && (*p == '-' || *p == '_' || *p == '.')))
		p++;
	return *name && !*p && !strstr(name, "..") && p - name < 64;
}

static int measure(const char *name, bool quick, bool quiet)
{
	struct cal_options opt = { .budget_ns = quick ? QUICK_BUDGET_NS : BUDGET_NS,
				   .stop = stop,
				   .progress = quiet ? NULL : progress };
	struct calibration c;
	int status = CLI_INTERNAL;

	cli_block_signals();
	switch (calibrate(&c, &opt)) {
	case CAL_DONE:
		status = print_calibration(&c, name, quick);
		break;
	case CAL_STOPPED:
		cli_complain("interrupted: nothing is printed");
		status = CLI_INCOMPLETE;
		break;
	case CAL_NO_MEMORY:
		cli_complain("out of memory");
		break;
	case CAL_QUOTA:
		cli_complain("a cgroup's cpu.max gives %u.%03u of %u CPUs, and would stop threads "
			     "in the middle of a measurement: run without it, or on as many CPUs "
			     "only (taskset -c 0 mmsim calibrate)",
			     (unsigned int)(c.topology.quota / 1000),
			     (unsigned int)(c.topology.quota % 1000), c.topology.nr_usable);
		status = CLI_USAGE;
		break;
	case CAL_NO_TOPOLOGY:
		cli_complain("hwloc cannot tell the topology of this host");
		break;
	}
	calibration_free(&c);
	return status;
}

int cli_calibrate(struct cli *cli, int argc, char **argv)
{
	gboolean quick = FALSE, quiet = FALSE;
	char *name = NULL;
	const GOptionEntry entries[] = {
		{ "quick", 0, 0, G_OPTION_ARG_NONE, &quick,
		  "About 2 s instead of up to 20, with wider errors", NULL },
		{ "name", 0, 0, G_OPTION_ARG_STRING, &name, "Name of the machine (default host)",
		  "NAME" },
		{ "quiet", 0, 0, G_OPTION_ARG_NONE, &quiet, "No progress", NULL },
		G_OPTION_ENTRY_NULL,
	};
	int status = CLI_USAGE;

	if (!cli_parse(cli, cli_find_verb("calibrate"), entries, &argc, &argv))
		goto out;
	if (argc > 1)
		cli_complain("calibrate takes no arguments, such as '%s'", argv[1]);
	else if (name && !good_name(name))
		cli_complain("--name is letters, digits, '-', '_' and '.', not '%s'", name);
	else
		status = measure(name ? name : "host", quick, quiet);
out:
	g_free(name);
	return status;
}
