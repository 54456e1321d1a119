#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Name the C files that clang-format would change; status 1 if there are any. How wide the
# white space is does not count, nor a blank inside braces: we align comments with tabs and
# write { .a = 1 } as the kernel does, which clang-format 14 cannot. -v shows the changes.
[ -n "$(command -v clang-format)" ] || { echo "format: skipped, no clang-format"; exit 0; }
norm() { sed 's/{ */{/g; s/ *}/}/g; s/[ \t][ \t]*/ /g'; }
tmp=$(mktemp -d) || exit 2
trap 'rm -rf "$tmp"' EXIT
n=0
bad=0
for f in $(find sim models output tests -name '*.[ch]' 2>/dev/null | sort); do
	n=$((n + 1))
	norm <"$f" >"$tmp/is"
	clang-format "$f" | norm >"$tmp/should"
	if ! diff -u --label "$f" --label "$f, formatted" "$tmp/is" "$tmp/should" >"$tmp/diff"; then
		bad=$((bad + 1))
		echo "$f" >>"$tmp/names"
		[ "$1" != -v ] || cat "$tmp/diff"
	fi
done
echo "format: $bad of $n files differ from .clang-format"
[ "$bad" -eq 0 ] && exit 0
sed 's/^/  /' "$tmp/names"
exit 1
