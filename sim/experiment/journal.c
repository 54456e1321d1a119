// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * DIR/journal: lines of text up to an empty one, "what: of what", then records of a
 * fixed head and a packed result. A record is written in one go and carries a sum.
 */
#include "sim/experiment/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "sim/experiment/experiment.h"
#include "sim/experiment/pack.h"

#define FILE_NAME "journal"
#define MAGIC "mmsim journal 1\n"

struct record {
	struct journal_key key;
	u32 size; /* of the packed result behind it */
	u64 sum; /* of key and result */
};

struct journal {
	char *path;
	FILE *f;
	char *error;
	gchar *text; /* the old file */
	GHashTable *kept; /* struct journal_key -> struct record in text */
};

static guint key_hash(gconstpointer key)
{
	const struct journal_key *k = key;

	return ((k->point * 31 + k->variant) * 31 + k->sample) * 31 + k->replication;
}

static gboolean key_equal(gconstpointer a, gconstpointer b)
{
	return !memcmp(a, b, sizeof(struct journal_key));
}

static u64 fnv1a(u64 h, const void *data, gsize size)
{
	const guint8 *p = data;

	while (size--)
		h = (h ^ *p++) * 0x100000001b3ULL;
	return h;
}

static u64 record_sum(const struct journal_key *k, const void *data, gsize size)
{
	return fnv1a(fnv1a(0xcbf29ce484222325ULL, k, sizeof(*k)), data, size);
}

/* The lines at the head. Values have no line feed. */
static GString *head(const struct experiment *e)
{
	const struct scenario *sc = e->scenario;
	GString *effective = g_string_new(NULL), *h = g_string_new(MAGIC);
	char *sum;
	u32 v;

	scenario_print(sc, effective);
	sum = g_compute_checksum_for_string(G_CHECKSUM_SHA256, effective->str, -1);
	g_string_append_printf(h, "version: %s\n", e->opt.build ? e->opt.build : "unknown");
	g_string_append_printf(h, "scenario: %s %s\n", sc->name, sc->digest ? sc->digest : "");
	g_string_append_printf(h, "seed: %llu\n", (unsigned long long)sc->seed);
	g_string_append(h, "variants:");
	for (v = 0; v < e->nr_variants; v++)
		g_string_append_printf(h, " %s", experiment_variant(e, v)->name);
	g_string_append_printf(h, "\nengine: %s\n",
			       e->opt.engine == SIM_REFERENCE ? "reference" : "normal");
	g_string_append_printf(h, "settings: %s\n\n", sum);
	g_free(sum);
	g_string_free(effective, TRUE);
	return h;
}

/* What of the heads differs first; allocated. */
static char *difference(const char *old, const char *new)
{
	char **a = g_strsplit(old, "\n", -1), **b = g_strsplit(new, "\n", -1), *text;
	u32 i = 0;
	gsize len;

	while (a[i] && b[i] && !strcmp(a[i], b[i]))
		i++;
	len = b[i] ? strcspn(b[i], ":") : 0;
	if (a[i] && b[i] && b[i][len] && !strncmp(a[i], b[i], len + 1))
		text = g_strdup_printf("it is of another %.*s (%s, not %s)", (int)len, b[i],
				       g_strchug(a[i] + len + 1), g_strchug(b[i] + len + 1));
	else
		text = g_strdup("it is no journal of this version");
	g_strfreev(a);
	g_strfreev(b);
	return text;
}

/* Index the records; returns how many bytes from the start of the file are whole. */
static gsize index_records(struct journal *j, gsize at, gsize size)
{
	struct record rec;

	while (size - at >= sizeof(rec)) {
		const char *data = j->text + at + sizeof(rec);

		memcpy(&rec, j->text + at, sizeof(rec));
		if (size - at - sizeof(rec) < rec.size ||
		    rec.sum != record_sum(&rec.key, data, rec.size))
			break;
		g_hash_table_replace(j->kept, g_memdup2(&rec.key, sizeof(rec.key)), j->text + at);
		at += sizeof(rec) + rec.size;
	}
	return at;
}

/* Read the old file; false with *@error set if it is of something else. */
static bool read_old(struct journal *j, const GString *want, gsize *whole, char **error)
{
	GError *err = NULL;
	const char *end;
	gsize size;
	char *old, *why;

	*whole = 0;
	if (!g_file_get_contents(j->path, &j->text, &size, &err)) {
		bool none = g_error_matches(err, G_FILE_ERROR, G_FILE_ERROR_NOENT);

		if (!none)
			*error = g_strdup(err->message);
		g_error_free(err);
		return none;
	}
	if (size >= want->len && !memcmp(j->text, want->str, want->len)) {
		*whole = index_records(j, want->len, size);
		return true;
	}
	end = g_strstr_len(j->text, (gssize)size, "\n\n");
	old = g_strndup(j->text, end ? (gsize)(end - j->text) : 0);
	why = difference(old, want->str);
	*error = g_strdup_printf("%s: cannot resume from it: %s", j->path, why);
	g_free(why);
	g_free(old);
	return false;
}

/* Open for appending after the first @whole bytes, or anew with the head. */
static bool open_file(struct journal *j, const GString *h, gsize whole, char **error)
{
	int fd = open(j->path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);

	if (fd < 0)
		goto fail;
	if (flock(fd, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK) {
		*error = g_strdup_printf("%s: another mmsim writes to this folder", j->path);
		close(fd);
		return false;
	}
	j->f = fdopen(fd, "r+b");
	if (!j->f) {
		close(fd);
		goto fail;
	}
	if (ftruncate(fd, (off_t)whole) || fseek(j->f, 0, SEEK_END))
		goto fail;
	if (whole || (fwrite(h->str, 1, h->len, j->f) == h->len && !fflush(j->f)))
		return true;
fail:
	*error = g_strdup_printf("%s: %s", j->path, g_strerror(errno));
	return false;
}

struct journal *journal_open(const struct experiment *e, const char *dir, bool resume, char **error)
{
	struct journal *j = g_new0(struct journal, 1);
	GString *h = head(e);
	gsize whole = 0;
	bool ok = true;

	j->path = g_build_filename(dir, FILE_NAME, NULL);
	j->kept = g_hash_table_new_full(key_hash, key_equal, g_free, NULL);
	if (resume)
		ok = read_old(j, h, &whole, error);
	ok = ok && open_file(j, h, whole, error);
	g_string_free(h, TRUE);
	if (ok)
		return j;
	journal_close(j);
	return NULL;
}

u32 journal_nr_kept(const struct journal *j)
{
	return g_hash_table_size(j->kept);
}

struct run_result *journal_take(const struct journal *j, const struct journal_key *k)
{
	const char *at = g_hash_table_lookup(j->kept, k);
	struct record rec;

	if (!at)
		return NULL;
	memcpy(&rec, at, sizeof(rec));
	return unpack_result((const guint8 *)at + sizeof(rec), rec.size);
}

void journal_put(struct journal *j, const struct journal_key *k, const struct run_result *r)
{
	struct record rec = { .key = *k };
	GByteArray *out = g_byte_array_new();

	g_byte_array_append(out, (const guint8 *)&rec, sizeof(rec));
	pack_result(out, r);
	rec.size = out->len - (u32)sizeof(rec);
	rec.sum = record_sum(k, out->data + sizeof(rec), rec.size);
	memcpy(out->data, &rec, sizeof(rec));
	if (!j->error && (fwrite(out->data, 1, out->len, j->f) != out->len || fflush(j->f)))
		j->error = g_strdup_printf("%s: %s", j->path, g_strerror(errno));
	g_byte_array_free(out, TRUE);
}

const char *journal_error(const struct journal *j)
{
	return j->error;
}

void journal_close(struct journal *j)
{
	if (!j)
		return;
	if (j->f)
		fclose(j->f);
	g_hash_table_destroy(j->kept);
	g_free(j->text);
	g_free(j->error);
	g_free(j->path);
	g_free(j);
}

void journal_remove(const char *dir)
{
	char *path = g_build_filename(dir, FILE_NAME, NULL);

	g_unlink(path);
	g_free(path);
}
