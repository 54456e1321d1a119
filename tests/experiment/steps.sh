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

# fails NAME LINE TEXT: a run ends with status 3, names the step's line and says TEXT
fails() {
	"$mmsim" run "$dir/$1.yaml" --quiet --no-plots -o "$tmp/$1" 2>"$tmp/err"
	rc=$?
	if [ $rc -ne 3 ] || ! grep -q "$1.yaml:$2" "$tmp/err" || ! grep -q "$3" "$tmp/err"; then
		echo "$1: status $rc"
		cat "$tmp/err"
		status=1
	fi
}

fails deadlock '[0-9]' deadlock
fails divide '[0-9]' zero
fails used 11 'used up' # a handle that an operation has taken over is not silently nothing

# An operation that the kernel would fail is no error of the run, but is not passed over either.
"$mmsim" run "$dir/failing.yaml" --no-plots -o "$tmp/failing" 2>/dev/null >"$tmp/table" || exit 1
if ! grep -q '^warning: default: vmap.vmalloc_failed is [0-9]* a run$' "$tmp/table"; then
	echo "failing: no warning under the table"
	status=1
fi
exit $status
