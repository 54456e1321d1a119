#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# clang-tidy over sim/, models/ and output/ with the compile commands of a build
# directory ($1). Status 1 if it finds anything, 0 and a line if it is not there.
build=${1:?usage: tidy.sh BUILD_DIR}
[ -n "$(command -v run-clang-tidy)" ] || { echo "tidy: skipped, no run-clang-tidy"; exit 0; }
[ -f "$build/compile_commands.json" ] || { echo "tidy: no compile commands in $build"; exit 2; }
log=$(mktemp) || exit 2
trap 'rm -f "$log"' EXIT
run-clang-tidy -quiet -p "$build" "$(pwd)/(sim|models|output)/.*\.c$" >"$log" 2>&1
status=$?
strip() { sed 's,\x1b\[[0-9;]*m,,g'; }
n=$(grep -E '(warning|error): ' "$log" | strip | sort -u | wc -l)
grep -E '(warning|error): ' "$log" | strip | sort -u
echo "tidy: $n findings"
[ "$n" -eq 0 ] && [ "$status" -eq 0 ]
