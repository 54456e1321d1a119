// SPDX-License-Identifier: GPL-2.0-or-later
/* The models that are built in. */
#include "sim/cli/cli.h"

#ifdef HAVE_PRIMS
#include "models/prims/prims.h"
#endif
#ifdef HAVE_VMAP
#include "models/vmap/vmap.h"
#endif

static bool add(struct registry *r, const struct model_desc *m)
{
	const char *what = "";
	int rc = registry_add(r, m, &what);

	if (rc)
		cli_complain("cannot register model %s: '%s': %s", m->name, what, g_strerror(-rc));
	return !rc;
}

bool cli_register_models(struct registry *r)
{
	bool ok = true;

	(void)add;
	(void)r;
#ifdef HAVE_PRIMS
	ok = ok && add(r, &prims_model);
#endif
#ifdef HAVE_VMAP
	ok = ok && add(r, &vmap_model) && !registry_add_bases(r, vmap_bases);
#endif
	return ok;
}
