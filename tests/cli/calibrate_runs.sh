#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# calibrate_runs.sh MMSIM SOURCE: every shipped scenario, in its quick form, runs on the file of a
# calibration of full length; calibrate.sh does the same on a quick one.
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
status=0
"$1" calibrate --quiet >"$tmp/host.yaml" 2>"$tmp/err"
got=$?
[ $got -eq 2 ] && grep -q "cgroup's cpu.max" "$tmp/err" && exit 0
[ $got -eq 0 ] || { cat "$tmp/err"; exit 1; }
for f in $(cd "$2" && find scenarios -name '*.yaml' ! -path '*/machines/*' \
	! -path '*/workloads/*' | sort); do
	"$1" run "$2/$f" --quick --quiet --no-plots --set "machine=$tmp/host.yaml" \
		-o "$tmp/run" >/dev/null 2>"$tmp/err"
	# 1: an expectation of another machine was missed
	[ $? -le 1 ] || { echo "$f"; cat "$tmp/err"; status=1; }
	rm -rf "$tmp/run"
done
exit $status
