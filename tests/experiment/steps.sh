#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# steps.sh MMSIM DIR: every kind of control step, with times that can be told by hand.
mmsim=$1
dir=$2
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
status=0

# value METRIC VARIANT_FILE WANT
value() {
	got=$(awk -F, -v m="$1" '$6 == m { print $8 }' "$tmp/out/runs.csv")
	if [ "$got" != "$2" ]; then
		echo "$1 is '$got', want '$2'"
		status=1
	fi
}

for engine in normal reference; do
	"$mmsim" run "$dir/steps.yaml" --quiet --no-plots -j1 --engine=$engine -o "$tmp/out" || exit 1
	value elapsed 1170
	value phase.tail 100
done

"$mmsim" run "$dir/deadlock.yaml" --quiet --no-plots -o "$tmp/dead" 2>"$tmp/err"
rc=$?
if [ $rc -ne 3 ] || ! grep -q 'deadlock.yaml:[0-9]' "$tmp/err"; then
	echo "deadlock: status $rc"
	cat "$tmp/err"
	status=1
fi
"$mmsim" run "$dir/divide.yaml" --quiet --no-plots -o "$tmp/div" 2>"$tmp/err"
rc=$?
if [ $rc -ne 3 ] || ! grep -q 'divide.yaml:[0-9]' "$tmp/err"; then
	echo "division by zero: status $rc"
	cat "$tmp/err"
	status=1
fi
# A handle that an operation has taken over is not silently nothing.
"$mmsim" run "$dir/used.yaml" --quiet --no-plots -o "$tmp/used" 2>"$tmp/err"
rc=$?
if [ $rc -ne 3 ] || ! grep -q 'used up' "$tmp/err" || ! grep -q 'used.yaml:11' "$tmp/err"; then
	echo "second vfree: status $rc"
	cat "$tmp/err"
	status=1
fi
exit $status
