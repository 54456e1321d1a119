/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Call-tree profile: nodes come from chunks and live as long as the profile. */
#include "sim/stat/profile.h"

#include "sim/core/mem.h"

#include <stdlib.h>
#include <string.h>

#define CHUNK_NODES 128

struct prof_chunk {
	struct prof_node node[CHUNK_NODES];
	struct prof_chunk *next; /* older chunk */
	u32 nr;
};

static const struct frame_site root_site = { "[all]" };

void profile_init(struct profile *p)
{
	memset(p, 0, sizeof(*p));
	p->root.site = &root_site;
}

void profile_destroy(struct profile *p)
{
	struct prof_chunk *c, *next;

	for (c = p->chunks; c; c = next) {
		next = c->next;
		free(c);
	}
	profile_init(p);
}

static struct prof_node *profile_add(struct profile *p, struct prof_node *parent,
				     const struct frame_site *site)
{
	struct prof_chunk *c = p->chunks;
	struct prof_node *n, **link;

	if (!c || c->nr == CHUNK_NODES) {
		c = zalloc_lines(sizeof(*c));
		if (!c) {
			p->failed = true;
			return parent;
		}
		c->next = p->chunks;
		p->chunks = c;
	}
	n = &c->node[c->nr++];
	n->site = site;
	n->parent = parent;
	n->id = p->nr_nodes++;
	for (link = &parent->child; *link; link = &(*link)->sibling)
		;
	*link = n;
	return n;
}

struct prof_node *profile_find(struct profile *p, struct prof_node *parent,
			       const struct frame_site *site, struct prof_node **hit)
{
	struct prof_node *n;

	for (n = parent->child; n; n = n->sibling)
		if (n->site == site)
			break;
	if (!n)
		n = profile_add(p, parent, site);
	if (n != parent)
		*hit = n;
	return n;
}

static void for_each_below(struct prof_node *n, void (*fn)(struct prof_node *n, void *arg),
			   void *arg)
{
	for (n = n->child; n; n = n->sibling) {
		fn(n, arg);
		for_each_below(n, fn, arg);
	}
}

void profile_for_each(struct profile *p, void (*fn)(struct prof_node *n, void *arg), void *arg)
{
	for_each_below(&p->root, fn, arg);
}
