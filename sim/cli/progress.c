// SPDX-License-Identifier: GPL-2.0-or-later
/* The progress bar, on a terminal only, and the wish to stop. */
#include "sim/cli/cli.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define BAR_WIDTH 40

static void stop_signals(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGTERM);
}

void cli_block_signals(void)
{
	sigset_t set;

	stop_signals(&set);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
}

static void draw_bar(const struct exp_progress *p)
{
	bool color = !g_getenv("NO_COLOR");
	char bar[BAR_WIDTH + 1];
	u32 full = p->total ? (u32)((u64)p->done * BAR_WIDTH / p->total) : 0;

	memset(bar, '.', BAR_WIDTH);
	memset(bar, '#', full);
	bar[BAR_WIDTH] = '\0';
	fprintf(stderr, "\r%s[%s]%s %u of %u runs", color ? "\033[32m" : "", bar,
		color ? "\033[0m" : "", p->done, p->total);
	if (p->done == p->total)
		fputs("\r\033[K", stderr);
	fflush(stderr);
}

bool cli_poll(const struct exp_progress *p, void *arg)
{
	struct run_options *o = arg;
	struct timespec none = { 0, 0 };
	sigset_t set;

	if (!o->quiet && isatty(STDERR_FILENO))
		draw_bar(p);
	stop_signals(&set);
	if (sigtimedwait(&set, NULL, &none) > 0 && ++o->nr_signals > 1) {
		cli_complain("interrupted again: runs under way are given up%s",
			     o->journal_dir ? "; finished ones are kept for --resume" : "");
		_exit(CLI_INCOMPLETE);
	}
	if (o->nr_signals == 1 && !o->told_signal) {
		o->told_signal = true;
		cli_complain("waiting for runs under way; once more gives them up");
	}
	return o->nr_signals > 0;
}
