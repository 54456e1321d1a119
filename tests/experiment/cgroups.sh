#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# cgroups.sh MMSIM: what runs refuse about cgroups, with file:line:column.
mmsim=$1
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
status=0

# scenario CGROUPS EVENTS: write $tmp/s.yaml
scenario() {
	cat >"$tmp/s.yaml" <<EOF
scenario: s
machine: flat-4
params: {n: {default: 1}}
cgroups:
  - $1
threads: [{name: w, cgroup: g, do: [{sleep: 1ms}]}]
events:
  - $2
EOF
}

# refused STATUS PLACE TEXT: the run ends like this and says so
refused() {
	"$mmsim" run "$tmp/s.yaml" --quiet --no-plots -o "$tmp/out" 2>"$tmp/err" >/dev/null
	rc=$?
	if [ $rc -ne "$1" ] || ! grep -q "s.yaml:$2: .*$3" "$tmp/err"; then
		echo "status $rc, want $1 and '$2: $3':"
		cat "$tmp/s.yaml" "$tmp/err"
		status=1
	fi
}

fine='{at: 10us, write_limit: {cgroup: g, file: memory.max, value: 1MiB}}'
scenario '{name: g, memory.swap.max: 1MiB}' "$fine"
refused 2 5:32 'allowed: max'
scenario '{name: g}' '{at: 10us, write_limit: {cgroup: g, file: memory.swap.max, value: 1MiB}}'
refused 2 8:5 'allowed: memory.max'
scenario '{name: g, memory.max: "${0 - n}"}' "$fine"
refused 2 5:30 'at least 0B'
scenario '{name: g, count: 70000}' "$fine"
refused 3 5:5 "cgroup 'g' cannot be made"
scenario '{name: g}' '{at: 10us, memory_pressure: {bytes: 1MiB, cgroup: g, node: 0}}'
refused 2 8:16 'either'
scenario '{name: g}' '{at: 10us, write_limit: {cgroup: h, file: memory.max, value: 1MiB}}'
refused 2 8:38 "'h'"

scenario '{name: g, memory.swap.max: max}' "$fine"
if ! "$mmsim" run "$tmp/s.yaml" --quiet --no-plots -o "$tmp/out"; then
	echo "memory.swap.max: max is no limit, and refused"
	status=1
fi
exit $status
