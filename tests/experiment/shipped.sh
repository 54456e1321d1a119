#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# shipped.sh MMSIM SOURCE: every shipped scenario in its quick form, and two of the tests with
# cuts and random requests, give the same bytes in both engines and with any number of workers.
mmsim=$1
src=$2
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
status=0
n=0

# run FILE NAME OPTION...: into $tmp/NAME
run() {
	file=$1
	out=$tmp/$2
	shift 2
	rm -rf "$out"
	"$mmsim" run "$file" --quick --quiet --no-plots -o "$out" "$@" 2>"$tmp/err"
	rc=$?
	[ $rc -eq 0 ] && return 0
	echo "$file $*: status $rc"
	cat "$tmp/err"
	status=1
	return 1
}

for f in $(find "$src/scenarios" -name '*.yaml' ! -path '*/machines/*' ! -path '*/workloads/*' | sort) \
	"$src/tests/output/awkward.yaml" "$src/tests/experiment/requests.yaml"; do
	run "$f" a -j1 || continue
	run "$f" b -j2 && { diff -rq -x run.log "$tmp/a" "$tmp/b" || status=1; }
	run "$f" c -j2 --engine=reference && {
		diff -rq -x run.log "$tmp/a" "$tmp/c" || {
			echo "$f: engines differ"
			status=1
		}
	}
	n=$((n + 1))
done
echo "$n scenarios"
[ $n -ge 7 ] || status=1
exit $status
