/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files: finding them, reading them within limits, and refusing what is no
 * plain UTF-8 text before the YAML parser sees it.
 */
#include "sim/scenario/reader.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Position of byte @at in @text. */
static struct srcpos pos_of(const char *file, const char *text, size_t at)
{
	struct srcpos pos = { .file = file, .line = 1, .col = 1 };

	for (size_t i = 0; i < at; i++) {
		if (text[i] == '\n') {
			pos.line++;
			pos.col = 1;
		} else if ((text[i] & 0xc0) != 0x80) {
			pos.col++;
		}
	}
	return pos;
}

static bool is_blank(const char *text)
{
	for (; *text; text++)
		if (!g_ascii_isspace(*text))
			return false;
	return true;
}

/* Report why @text is no text that a scenario can be; true if it is. */
static bool text_ok(struct reader *rd, const char *file, const char *text, size_t len)
{
	const unsigned char *u = (const unsigned char *)text;
	const char *bad;

	if (len >= 2 && ((u[0] == 0xff && u[1] == 0xfe) || (u[0] == 0xfe && u[1] == 0xff))) {
		mistake(rd, pos_of(file, text, 0), "the file is UTF-16; it must be UTF-8");
		return false;
	}
	if (len >= 3 && u[0] == 0xef && u[1] == 0xbb && u[2] == 0xbf) {
		mistake(rd, pos_of(file, text, 0),
			"the file starts with a byte order mark; it must be UTF-8 without one");
		return false;
	}
	for (size_t i = 0; i < len; i++) {
		if ((u[i] < 0x20 && u[i] != '\t' && u[i] != '\n' && u[i] != '\r') || u[i] == 0x7f) {
			mistake(rd, pos_of(file, text, i),
				"byte 0x%02x: the file is binary; it must be UTF-8 text", u[i]);
			return false;
		}
	}
	if (!g_utf8_validate(text, (gssize)len, &bad)) {
		mistake(rd, pos_of(file, text, bad - text), "invalid UTF-8 (byte 0x%02x)",
			(unsigned char)*bad);
		return false;
	}
	if (is_blank(text)) {
		mistake(rd, pos_of(file, text, 0), "the file is empty");
		return false;
	}
	return true;
}

/* All of @fd, at most MAX_FILE_BYTES; NULL with errno set. */
static char *read_all(int fd, size_t *len)
{
	struct stat st;
	char *text;
	size_t used = 0, size;

	if (fstat(fd, &st))
		return NULL;
	if (S_ISDIR(st.st_mode)) {
		errno = EISDIR;
		return NULL;
	}
	size = st.st_size > 0 && st.st_size <= MAX_FILE_BYTES ? (size_t)st.st_size + 1 : 65536;
	text = g_malloc(size + 1);
	for (;;) {
		ssize_t n = read(fd, text + used, size - used);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			goto fail;
		if (!n)
			break;
		used += (size_t)n;
		if (used > MAX_FILE_BYTES) {
			errno = EFBIG;
			goto fail;
		}
		if (used == size) {
			size *= 2;
			text = g_realloc(text, size + 1);
		}
	}
	text[used] = '\0';
	*len = used;
	return text;
fail:
	g_free(text);
	return NULL;
}

char *file_read(struct reader *rd, const char *path, struct srcpos asked_at, size_t *len)
{
	const char *name = arena_intern(rd->a, path);
	char *text = NULL;
	int fd, err;

	if (rd->nr_files == MAX_FILES) {
		mistake(rd, asked_at, "more than %d files", MAX_FILES);
		return NULL;
	}
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd >= 0)
		text = read_all(fd, len);
	err = errno;
	if (fd >= 0)
		close(fd);
	if (!text) {
		if (err == EFBIG)
			mistake(rd, asked_at, "'%s' is larger than %u MiB", path,
				MAX_FILE_BYTES >> 20);
		else
			mistake(rd, asked_at, "cannot read '%s': %s", path, g_strerror(err));
		return NULL;
	}
	rd->files[rd->nr_files++] = name;
	g_checksum_update(rd->sum, (const guchar *)text, (gssize)*len);
	if (!text_ok(rd, name, text, *len)) {
		g_free(text);
		return NULL;
	}
	return text;
}

static bool is_file(const char *path)
{
	return g_file_test(path, G_FILE_TEST_EXISTS) && !g_file_test(path, G_FILE_TEST_IS_DIR);
}

/* "a/b/../c" is "a/c" and "./a" is "a", so that a file has one name in messages. */
static char *tidy(char *path)
{
	char **parts = g_strsplit(path, "/", -1), *text;
	const char **kept = g_new0(const char *, g_strv_length(parts) + 1);
	u32 n = 0;

	for (u32 i = 0; parts[i]; i++) {
		if (!strcmp(parts[i], ".") || (!*parts[i] && i))
			continue;
		if (!strcmp(parts[i], "..") && n && *kept[n - 1] && strcmp(kept[n - 1], ".."))
			n--;
		else
			kept[n++] = parts[i];
	}
	kept[n] = NULL;
	text = g_strjoinv("/", (char **)kept);
	g_free(kept);
	g_strfreev(parts);
	g_free(path);
	return text;
}

const char *file_find(struct reader *rd, const char *name, const char *from, const char *subdir)
{
	const char *const *dir = rd->opt->search_path;
	const char *found = NULL;
	char *path;

	if (g_path_is_absolute(name))
		return is_file(name) ? arena_intern(rd->a, name) : NULL;
	if (from) {
		char *base = g_path_get_dirname(from);

		path = tidy(g_build_filename(base, name, NULL));
		if (is_file(path))
			found = arena_intern(rd->a, path);
		g_free(path);
		g_free(base);
	}
	for (; !found && dir && *dir; dir++) {
		path = tidy(subdir ? g_build_filename(*dir, subdir, name, NULL) :
				     g_build_filename(*dir, name, NULL));
		if (is_file(path))
			found = arena_intern(rd->a, path);
		g_free(path);
	}
	return found;
}
