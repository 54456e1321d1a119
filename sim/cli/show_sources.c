// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The legend under a machine: what the short names of its sources stand for.
 * Texts: reference machine.md 7. A source that a user's own machine file names is
 * his to explain; only names known here are expanded.
 */
#include "sim/cli/show.h"

#include <stdio.h>
#include <string.h>

#define LEGEND_INDENT 14
#define COLUMNS 80

static const struct source {
	const char *key, *text;
} sources[] = {
	{ "C2C", "N. Viennot and others, core-to-core-latency (GitHub), results/*.csv at commit "
		 "96a943a; half a round trip of compare-and-exchange, class statistics of ours" },
	{ "C2C#125", "core-to-core-latency, issue 125, AMD EPYC 7453, April 2025" },
	{ "C2C#132", "core-to-core-latency, issue 132, AMD EPYC 9274F dual socket, 2025" },
	{ "MLC", "Intel Memory Latency Checker, GitHub gjbex/Code-optimization, info/*_mlc.txt at "
		 "commit d917fb8, July 2025" },
	{ "AT-ROME", "AnandTech, AMD Rome EPYC 2nd generation review, 2019, page Memory "
		     "Subsystem: Latency" },
	{ "CC-G4", "Chips and Cheese, Arm's Neoverse V2, in AWS's Graviton 4, 22 July 2024" },
	{ "TD", "T. Downs, A Concurrency Cost Hierarchy, 6 July 2020, data in GitHub "
		"travisdowns/concurrency-hierarchy-bench" },
	{ "WT", "W. Tarreau, GitHub wtarreau/atomic-tests, results, 2021-2022" },
	{ "AMIT19", "N. Amit, [RFC PATCH 0/6] x86/mm: Flush remote and local TLBs concurrently, "
		    "LKML 25 May 2019" },
	{ "NOROV", "Y. Norov, [PATCH v2] IPI performance benchmark, linux-arm-kernel 19 Dec 2017" },
	{ "JDB17", "J. D. Brouer, reply on M. Gorman's bulk page allocator series, January 2017, "
		   "20170116152518.5519dc1e" },
	{ "JDB21", "J. D. Brouer, reply on the local_lock/pcp series, page_bench04_bulk, Xeon "
		   "E5-1650 v4, 2021" },
	{ "SLUB15", "commit fbd02630c6e3, slub: initial bulk free implementation, J. D. Brouer" },
	{ "ARORA", "A. Arora, huge page clearing for x86, cover letter of 2-3 April 2023" },
	{ "CLRP", "commit cb431accb36e, x86/clear_page: introduce clear_pages(), 6 January 2026, "
		  "as quoted by a commit analysis page" },
	{ "ARORA-idle", "A. Arora, LKML mail on sched_wake_idle_without_ipi and perf bench sched "
			"pipe, date not recorded" },
	{ "VAGIN22", "A. Vagin, patch on WF_CURRENT_CPU, October 2022, 8.81 to 3.74 us an "
		     "operation" },
	{ "PFBLOG", "personal page Page fault latency measurement, i7 11th gen, Linux 6.6; weak" },
	{ "FERN26", "J. Fernandes, [PATCH -next 6/8] rcu: Reduce synchronize_rcu() latency by "
		    "reporting GP kthread's CPU QS early, 1 January 2026" },
	{ "REZKI23", "U. Rezki, [PATCH v2 1/3] rcu: Reduce synchronize_rcu() latency, 30 October "
		     "2023" },
	{ "KOGAN19v4", "A. Kogan, [PATCH v4 0/5] Add NUMA-awareness to qspinlock, 6 Sep 2019" },
	{ "LONG19a", "W. Long, LKML patch removing architecture-specific rwsem headers, 13 Feb "
		     "2019" },
	{ "LU18", "A. Lu, [RFC PATCH v2 0/4] Eliminate zone->lock contention, 20 March 2018, and "
		  "v4, 17 October 2018" },
	{ "WQDOC", "Linux Documentation/core-api/workqueue.rst, 6.12" },
	{ "SEED-VMAP", "U. Rezki, [PATCH v3 00/11] Mitigate a vmap lock contention v3, and "
		       "replies, linux-mm, January and February 2024" },
	{ "product data", "the maker's data sheet, not measured" },
	{ "machine.md", "the project's reference page on machines, by section: a default or rule "
			"set there; measured only where another source is named too" },
	{ "vmap.md", "the reference page on vmap" },
	{ "rss.md", "the reference page on RSS counters" },
	{ "list_lru.md", "the reference page on list_lru" },
};

static bool is_word(char c)
{
	return g_ascii_isalnum(c) || c == '-' || c == '#' || c == '_';
}

/* Whether @key stands in @text as a word of its own. */
static bool mentions(const char *text, const char *key)
{
	size_t len = strlen(key);
	const char *at = text;

	for (; (at = strstr(at, key)); at++)
		if ((at == text || !is_word(at[-1])) && !is_word(at[len]))
			return true;
	return false;
}

/* "  key   text", the text in lines of at most COLUMNS. */
static void print_wrapped(const char *key, const char *text)
{
	char **words = g_strsplit(text, " ", -1), **w;
	int col = printf("  %-*s", LEGEND_INDENT - 2, key);

	for (w = words; *w; w++) {
		int len = (int)strlen(*w);

		if (col + 1 + len > COLUMNS)
			col = printf("\n%*s", LEGEND_INDENT, "") - 1;
		col += printf(" %s", *w);
	}
	putchar('\n');
	g_strfreev(words);
}

static bool machine_mentions(const struct machine *m, const char *key)
{
	for (u32 k = 0; k < NR_MACHINE_KEYS; k++)
		if (machine_shown(m, k) && m->val[k].source && mentions(m->val[k].source, key))
			return true;
	return false;
}

static const struct {
	enum cost_tag tag;
	const char *name, *text;
} tag_texts[] = {
	{ TAG_SOURCED, "sourced", "a published measurement" },
	{ TAG_MEASURED, "measured", "on the user's own host" },
	{ TAG_CALIBRATED, "calibrated",
	  "fitted to the figure named, which then validates nothing" },
	{ TAG_DERIVED, "derived", "by arithmetic from a published measurement" },
	{ TAG_KERNEL, "constant", "a fact or a rule of the kernel's source, no error" },
	{ TAG_RECALLED, "RECALLED", "a guess: from memory, not verified" },
	{ TAG_ESTIMATE, "ESTIMATE", "a guess: plausible, not measured" },
};

const char *show_tag_name(char tag)
{
	for (u32 i = 0; i < ARRAY_SIZE(tag_texts); i++)
		if ((char)tag_texts[i].tag == tag)
			return tag_texts[i].name;
	return "?";
}

static bool machine_has_tag(const struct machine *m, char tag)
{
	for (u32 k = 0; k < NR_MACHINE_KEYS; k++)
		if (machine_shown(m, k) && m->val[k].tag == tag)
			return true;
	return false;
}

void show_legend(const struct machine *m)
{
	bool any = false;

	puts("\ntags");
	for (u32 i = 0; i < ARRAY_SIZE(tag_texts); i++)
		if (machine_has_tag(m, (char)tag_texts[i].tag))
			print_wrapped(tag_texts[i].name, tag_texts[i].text);
	for (u32 i = 0; i < ARRAY_SIZE(sources); i++) {
		if (!machine_mentions(m, sources[i].key))
			continue;
		if (!any)
			puts("\nsources");
		any = true;
		print_wrapped(sources[i].key, sources[i].text);
	}
}
