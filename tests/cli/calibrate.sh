#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# calibrate.sh MMSIM SOURCE: a machine file of this host is well formed, loads, runs every
# shipped scenario, and says the same twice but for what is measured. Nothing here depends
# on how fast or how busy the host is.
mmsim=$1
src=$2
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
status=0
unset MMSIM_PATH

fail() {
	echo "$*"
	status=1
}

# value FILE PATH: the time that `mmsim show` gives for a key, ns
value() {
	"$mmsim" show "$1" | awk -v k="$2" '
		BEGIN { unit["ps"] = 0.001; unit["ns"] = 1; unit["us"] = 1000; unit["ms"] = 1000000 }
		$1 == "*" { $1 = $2; $2 = $3 }
		$1 == k { v = $2; u = $2; gsub(/[a-z]/, "", v); gsub(/[0-9.]/, "", u); print v * unit[u] }'
}

# ordered FILE PATH PATH...: each value is not above the next
ordered() {
	of=$1
	low=0
	shift
	for key in "$@"; do
		v=$(value "$of" "$key")
		awk -v a="$low" -v b="$v" 'BEGIN { exit !(b != "" && b > 0 && a <= b) }' ||
			fail "$of: $key is '$v', the level before $low"
		low=$v
	done
}

# good FILE: what holds for every machine file of calibrate
good() {
	"$mmsim" check "$1" >"$tmp/out" 2>&1 || { fail "check $1"; cat "$tmp/out"; }
	grep -q ': ok, a machine of [0-9]* CPUs$' "$tmp/out" || fail "check $1 says no CPUs"
	ordered "$1" lat.l1 lat.l2 lat.llc lat.dram_local
	ordered "$1" zero.page4k zero.thp2m
	# A measured value has its quartiles, an error, and no other tag.
	grep 'mmsim calibrate:' "$1" | grep -v '^# Machine' | grep -v 'tag: M, .*quartiles [0-9]' &&
		fail "$1: a measured value without tag or quartiles"
	grep -q 'tag: M, .*getppid' "$1" || fail "$1: no system call measured"
	grep -q '^  # pcp_pair: .*tag: S' "$1" || fail "$1: a default is no comment"
}

# form FILE: what does not depend on the measurement: topology, keys, order, names
form() {
	# not what follows the table: it tells of what this time was left at its default
	"$mmsim" show "$1" | awk '/are guesses/ || /^tags/ || /^sources/ { exit }
		{ print ($1 == "*") ? $2 : $1 }'
	grep -E '^(name|sockets|nodes_per_socket|llc_per_node|cores_per_llc|smt|numbering|line_bytes|l2_bytes|llc_bytes|hz|virt):' "$1"
}

"$mmsim" calibrate --quick >"$tmp/host.yaml" 2>"$tmp/err"
got=$?
if [ $got -eq 2 ] && grep -q "cgroup's cpu.max" "$tmp/err" && [ ! -s "$tmp/host.yaml" ]; then
	echo "this host has a quota, which calibrate refuses as it must: nothing else to see"
	exit 0
fi
[ $got -eq 0 ] || fail "calibrate: status $got"
grep -q '^mmsim: measuring: ' "$tmp/err" || fail "no progress on standard error"
grep -q 'measuring' "$tmp/host.yaml" && fail "progress on standard output"
grep -q 'cannot be measured from user space' "$tmp/err" || fail "silent on what is not measured"
# Each key in the file's list of what is missing is told on standard error, too.
sed -n '/^# Not measured:/,/^[^#]/s/^# *\(Not measured:\)* *\([a-z0-9_.]*: .*; default\)$/\2/p' \
	"$tmp/host.yaml" >"$tmp/missing"
while read -r line; do
	grep -qF "not measured: $line" "$tmp/err" || fail "not on standard error: $line"
done <"$tmp/missing"
good "$tmp/host.yaml"

"$mmsim" calibrate --quick --quiet --name twin-1 >"$tmp/twin.yaml" 2>"$tmp/err" || fail "--quiet"
grep -q 'measuring' "$tmp/err" && fail "--quiet shows progress"
grep -q '^name: "*twin-1' "$tmp/twin.yaml" || fail "--name"
good "$tmp/twin.yaml"
form "$tmp/host.yaml" | grep -v -e '^name:' -e host >"$tmp/a"
form "$tmp/twin.yaml" | grep -v -e '^name:' -e twin >"$tmp/b"
diff "$tmp/a" "$tmp/b" || fail "two files differ in more than what is measured"

# One CPU: all that needs a second is a default and says why; the topology stays.
if command -v taskset >/dev/null; then
	cpu=$(taskset -cp $$ | sed 's/.*: //; s/[,-].*//')
	taskset -c "$cpu" "$mmsim" calibrate --quick --quiet >"$tmp/one.yaml" 2>"$tmp/err" ||
		fail "calibrate on one CPU: status $?"
	good "$tmp/one.yaml"
	[ "$("$mmsim" check "$tmp/one.yaml" | sed 's/.*: ok//')" = \
		"$("$mmsim" check "$tmp/host.yaml" | sed 's/.*: ok//')" ] ||
		fail "one CPU: another topology"
	if [ "$(getconf _NPROCESSORS_ONLN)" -gt 1 ]; then
		grep -q 'not measured: xfer\..*only one CPU may be used' "$tmp/err" ||
			fail "one CPU: no word on xfer"
		grep -q 'tag: E, .*not measured (only one CPU may be used)' "$tmp/one.yaml" ||
			fail "one CPU: xfer is no estimate"
		grep -q '^# Measured on 1 of ' "$tmp/one.yaml" || fail "one CPU: not said"
	fi
fi

# Interrupted: status 3 and nothing printed, at once and in the middle.
for t in 0.05 0.6 1.2; do
	timeout --preserve-status -s INT $t "$mmsim" calibrate >"$tmp/out" 2>"$tmp/err"
	got=$?
	[ $got -eq 3 ] || [ $got -eq 130 -a $t = 0.05 ] || fail "interrupted after $t s: status $got"
	[ ! -s "$tmp/out" ] || fail "interrupted after $t s: something is printed"
done
grep -q 'interrupted' "$tmp/err" || fail "interrupted: no message"
if [ -w /dev/full ]; then
	"$mmsim" calibrate --quick --quiet >/dev/full 2>"$tmp/err"
	[ $? -eq 4 ] || fail "a full disk is not noticed"
fi

# A mistake in a machine file is told where it is, by check as by a scenario.
sed 's/^  l1: .*/  l1: 4/' "$tmp/host.yaml" >"$tmp/bad.yaml"
"$mmsim" check "$tmp/bad.yaml" 2>"$tmp/err" && fail "check takes a bad machine file"
grep -q 'bad.yaml:[0-9]*:[0-9]*: ' "$tmp/err" || fail "check: no position in a bad machine file"

# Every shipped scenario runs on it; 1 is a missed expectation of another machine. Sanitizers
# are too slow for that, and say nothing about the file.
"$mmsim" --version | grep -q sanitizers && exit $status
# So they do where memory is much slower than the sections of locks: unlocks pile up behind
# slow stores then, which a busy host once made a calibrated machine of two CPUs do.
cat >"$tmp/slow.yaml" <<'Y'
base: flat-2
lat: {llc: 2us, dram_local: 4us}
xfer: {same_llc: 255ns}
Y
"$mmsim" run vmap/test_vmalloc --quick --quiet --no-plots --set "machine=$tmp/slow.yaml" \
	-o "$tmp/run" >/dev/null 2>"$tmp/err" || { fail "slow memory"; cat "$tmp/err"; }
rm -rf "$tmp/run"
for f in $(cd "$src" && find scenarios -name '*.yaml' ! -path '*/machines/*' \
	! -path '*/workloads/*' | sort); do
	"$mmsim" run "$src/$f" --quick --quiet --no-plots --set "machine=$tmp/host.yaml" \
		-o "$tmp/run" >/dev/null 2>"$tmp/err"
	got=$?
	[ $got -le 1 ] || { fail "$f on this host: status $got"; cat "$tmp/err"; }
	grep -q 'calibrate' "$tmp/run/manifest.yaml" || fail "$f: no measured value in the manifest"
	rm -rf "$tmp/run"
done
exit $status
