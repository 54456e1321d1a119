#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# same_bytes.sh BUILD_DIR...: run every shipped scenario in its quick form with the mmsim
# of each build directory, with -j2 as well for the first, and compare the CSV files and
# manifests with those of the first at -j1. Run from the top of the tree.
first=$1
[ -x "$first/mmsim" ] || { echo "skipped: no $first/mmsim"; exit 0; }
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
status=0
n=0

# one BUILD JOBS SCENARIO OUT: 0 if the run succeeded
one() {
	rm -rf "$4"
	"$1/mmsim" run "$3" --quick --quiet -j "$2" -o "$4" >/dev/null 2>"$tmp/err" && return 0
	echo "$3: $1/mmsim -j$2 failed:"
	sed 's/^/  /' "$tmp/err"
	return 1
}

for f in $(find scenarios -name '*.yaml' ! -path '*/machines/*' ! -path '*/workloads/*' | sort); do
	one "$first" 1 "$f" "$tmp/a" || { status=1; continue; }
	for pair in "$first:2" $(shift; for b in "$@"; do echo "$b:2"; done); do
		b=${pair%:*}
		[ -x "$b/mmsim" ] || continue
		one "$b" "${pair#*:}" "$f" "$tmp/b" || { status=1; continue; }
		if ! diff -r -q -x run.log -x journal "$tmp/a" "$tmp/b"; then
			echo "$f: $b -j${pair#*:} differs from $first -j1"
			status=1
		fi
		n=$((n + 1))
	done
done
echo "$n comparisons"
exit $status
