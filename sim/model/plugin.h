/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a plug-in exports: a shared object with one `const struct mmsim_plugin
 * mmsim_plugin`, which names the variants and models it brings. It calls the
 * program's own functions, so it is built against the headers of that very version
 * (abi) and needs no library:
 *
 *	cc -O2 -shared -fPIC $(pkg-config --cflags mmsim) mine.c -o mine.so
 *	mmsim run FILE --plugin mine.so
 */
#ifndef MMSIM_MODEL_PLUGIN_H
#define MMSIM_MODEL_PLUGIN_H

#include "mmsim_abi.h"
#include "sim/model/model.h"

/* A variant of a model that is built in or came with a plug-in loaded before. */
struct plugin_variant {
	const char *model;
	const struct variant_desc *variant;
};

/**
 * struct mmsim_plugin - the one symbol a plug-in exports, called mmsim_plugin
 * @abi: MMSIM_ABI; comes first, the rest is not looked at if it differs
 * @name: for messages and the manifest
 * @models: NULL-terminated, may be NULL
 * @variants: ends with model NULL, may be NULL; added after @models
 * @bases: which variant each kernel release had; ends with release NULL, may be NULL
 */
struct mmsim_plugin {
	u32 abi;
	const char *name;
	const struct model_desc *const *models;
	const struct plugin_variant *variants;
	const struct kernel_base *bases;
};

#define MMSIM_PLUGIN_SYMBOL "mmsim_plugin"

/**
 * registry_add_plugin - register everything a plug-in brings
 * @what: on failure the name of what could not be registered
 *
 * Returns 0 or the error of registry_add() and registry_add_variant(); -EINVAL also
 * for a descriptor that lacks its functions. After a failure part of it may be registered.
 */
int registry_add_plugin(struct registry *r, const struct mmsim_plugin *p, const char **what);

#endif
