#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Name the C files that clang-format would change; status 1 if there are any. -v shows the changes.
[ -n "$(command -v clang-format)" ] || { echo "format: skipped, no clang-format"; exit 0; }
n=0
bad=0
for f in $(find sim models output tests -name '*.[ch]' 2>/dev/null | sort); do
	n=$((n + 1))
	if ! clang-format "$f" | cmp -s "$f" -; then
		bad=$((bad + 1))
		echo "  $f"
		[ "$1" != -v ] || clang-format "$f" | diff -u "$f" -
	fi
done
echo "format: $bad of $n files differ from .clang-format"
[ "$bad" -eq 0 ]
