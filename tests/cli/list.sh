#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# list.sh MMSIM SOURCE: everything that is listed can be shown, and files are found.
mmsim=$1
src=$2
status=0

fail() {
	echo "$*"
	status=1
}

"$mmsim" list >/dev/null || fail "list"
for section in models variants operations metrics machines scenarios; do
	[ -n "$("$mmsim" list $section)" ] || fail "list $section is empty"
done
for name in $("$mmsim" list models | awk '{print $1}') \
	$("$mmsim" list variants | awk '{print $1}') \
	$("$mmsim" list operations | awk '{print $1}') \
	$("$mmsim" list machines | awk '{print $1}' | grep -v -- '-N$') flat-4 ideal-64; do
	[ -n "$("$mmsim" show "$name")" ] || fail "show $name"
done
"$mmsim" show tr3970x | grep -q '^\*.*ESTIMATE' || fail "estimates are not marked"
for f in "$src"/scenarios/machines/*.yaml; do
	name=$(basename "$f" .yaml)
	"$mmsim" list machines | grep -qw "$name" || fail "$name is not listed"
done
# The search path comes first.
MMSIM_PATH=/nonexistent "$mmsim" list scenarios >/dev/null || fail "MMSIM_PATH"
exit $status
