// SPDX-License-Identifier: GPL-2.0-or-later
/* --plugin: shared objects that bring variants and models. */
#include "sim/cli/cli.h"

#include <errno.h>
#include <gmodule.h>

#include "sim/model/plugin.h"

static const char *why(int err)
{
	switch (err) {
	case -EEXIST:
		return "there is one of that name already";
	case -ENOENT:
		return "there is no such model";
	case -EINVAL:
		return "a name that is empty or starts with a digit, or a part is missing";
	default:
		return g_strerror(-err);
	}
}

static bool add_plugin(struct cli *cli, const char *file, const struct mmsim_plugin *p)
{
	const char *what = NULL;
	int err;

	/* Known before anything of it is used. */
	if (p->abi != MMSIM_ABI) {
		cli_complain("--plugin %s: built against the headers of another mmsim (%08x, not "
			     "%08x); build it again",
			     file, p->abi, MMSIM_ABI);
		return false;
	}
	err = registry_add_plugin(cli->registry, p, &what);
	if (err)
		cli_complain("--plugin %s: cannot register '%s': %s", file, what ? what : p->name,
			     why(err));
	else
		g_ptr_array_insert(cli->plugin_names, (gint)cli->plugin_names->len - 1,
				   (gpointer)p->name);
	return !err;
}

bool cli_load_plugin(struct cli *cli, const char *file)
{
	/* Absolute: the loader looks for a bare name along its own path. */
	char *path = g_canonicalize_filename(file, NULL);
	gpointer symbol = NULL;
	GModule *module = NULL;
	bool ok = false;

	if (!g_file_test(path, G_FILE_TEST_IS_REGULAR)) {
		cli_complain("--plugin %s: no such file", file);
		goto out;
	}
	module = g_module_open(path, G_MODULE_BIND_LOCAL);
	if (!module) {
		cli_complain("--plugin %s: cannot be loaded: %s", file, g_module_error());
		goto out;
	}
	g_ptr_array_add(cli->plugins, module);
	if (!g_module_symbol(module, MMSIM_PLUGIN_SYMBOL, &symbol) || !symbol) {
		cli_complain("--plugin %s: is no plug-in of mmsim: it exports no '%s'", file,
			     MMSIM_PLUGIN_SYMBOL);
		goto out;
	}
	ok = add_plugin(cli, file, symbol);
out:
	g_free(path);
	return ok;
}

/* Sum of a file's bytes, shortened; "?" if it cannot be read. */
static char *file_sum(const char *path)
{
	char *data, *sum;
	gsize size;

	if (!path || !g_file_get_contents(path, &data, &size, NULL))
		return g_strdup("?");
	sum = g_compute_checksum_for_data(G_CHECKSUM_SHA256, (const guchar *)data, size);
	g_free(data);
	sum[16] = '\0';
	return sum;
}

char *cli_build_id(const struct cli *cli)
{
	GString *s = g_string_new(MMSIM_VERSION " " MMSIM_GIT);
	char *sum = file_sum("/proc/self/exe");
	guint i;

	g_string_append_printf(s, " %s", sum);
	g_free(sum);
	for (i = 0; i < cli->plugins->len; i++) {
		sum = file_sum(g_module_name(cli->plugins->pdata[i]));
		g_string_append_printf(s, " %s:%s", (const char *)cli->plugin_names->pdata[i], sum);
		g_free(sum);
	}
	return g_string_free(s, FALSE);
}

static void unload(gpointer module)
{
	g_module_close(module);
}

void cli_plugins_init(struct cli *cli)
{
	cli->plugins = g_ptr_array_new_with_free_func(unload);
	cli->plugin_names = g_ptr_array_new();
	g_ptr_array_add(cli->plugin_names, NULL);
}

void cli_plugins_free(struct cli *cli)
{
	g_ptr_array_free(cli->plugin_names, TRUE);
	g_ptr_array_free(cli->plugins, TRUE);
}
