// SPDX-License-Identifier: GPL-2.0-or-later
/* Registering what a plug-in brings; nothing it says is believed unchecked. */
#include "sim/model/plugin.h"

#include <errno.h>

static bool model_whole(const struct model_desc *m)
{
	return m->name && m->about && m->create && m->destroy && (!m->nr_metrics || m->metric);
}

static bool variant_whole(const struct variant_desc *v)
{
	return v && v->name && v->about && v->ops;
}

static int add_variant(struct registry *r, const struct plugin_variant *pv, const char **what)
{
	int err;

	*what = pv->variant && pv->variant->name ? pv->variant->name : pv->model;
	if (!variant_whole(pv->variant))
		return -EINVAL;
	err = registry_add_variant(r, pv->model, pv->variant);
	if (err == -ENOENT)
		*what = pv->model;
	return err;
}

int registry_add_plugin(struct registry *r, const struct mmsim_plugin *p, const char **what)
{
	int err = 0;

	*what = p->name ? p->name : "a plug-in without a name";
	if (!p->name)
		return -EINVAL;
	for (u32 i = 0; p->models && p->models[i] && !err; i++) {
		*what = p->models[i]->name;
		err = model_whole(p->models[i]) ? registry_add(r, p->models[i], what) : -EINVAL;
	}
	for (u32 i = 0; p->variants && p->variants[i].model && !err; i++)
		err = add_variant(r, &p->variants[i], what);
	if (!err && p->bases)
		err = registry_add_bases(r, p->bases);
	return err;
}
