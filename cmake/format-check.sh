#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Name the C files that clang-format would change; status 1 if there are any.
[ -n "$(command -v clang-format)" ] || { echo "format: skipped, no clang-format"; exit 0; }
set -- $(find sim models output tests -name '*.[ch]' 2>/dev/null | sort)
[ $# -gt 0 ] || { echo "format: no C files"; exit 0; }
out=$(clang-format --dry-run "$@" 2>&1 | sed -n 's/^\([^:]*\):[0-9].*warning: code should be.*/\1/p' | sort -u)
[ -z "$out" ] && { echo "format: $# files are clean"; exit 0; }
n=$(printf '%s\n' "$out" | wc -l)
echo "format: $n of $# files differ from .clang-format:"
printf '  %s\n' $out
exit 1
