/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * YAML as a tree with positions. Aliases are pointers to the anchored node, so
 * the tree may be a graph without loops; what it unfolds to is bounded.
 */
#ifndef MMSIM_SCENARIO_NODE_H
#define MMSIM_SCENARIO_NODE_H

#include "sim/scenario/scenario.h"

enum node_kind { NODE_SCALAR, NODE_LIST, NODE_MAP };

struct node {
	enum node_kind kind;
	bool quoted; /* scalar in quotes or a block: not null */
	bool unclean; /* map with duplicate keys, already reported */
	u16 height; /* levels below */
	u32 unfolded; /* nodes with all aliases expanded */
	u32 nr; /* items, or pairs of a map */
	struct srcpos pos;
	const char *text; /* scalar */
	struct node **items; /* list: items; map: key, value, key, value... */
};

static inline const struct node *node_key(const struct node *map, u32 i)
{
	return map->items[2 * i];
}

static inline const struct node *node_value(const struct node *map, u32 i)
{
	return map->items[2 * i + 1];
}

/* Value of @key, NULL if @map is no map or has no such key. */
const struct node *node_get(const struct node *map, const char *key);

/* A key without a value (`wait:`), ~ or null. */
bool node_is_null(const struct node *n);

/* "a map", "a list", "'text'": for messages. */
const char *node_what(struct scn_arena *a, const struct node *n);

#endif
