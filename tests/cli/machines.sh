#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# machines.sh MMSIM SOURCE: every shipped machine is drawn within 80 columns, its guesses are
# marked and the short names of its sources explained; and a vmap scenario runs on it.
mmsim=$1
src=$2
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
status=0
n=0

fail() {
	echo "$*"
	status=1
}

# Every CPU number in the drawing, up to the first empty line after it, is below the count.
check_drawing() {
	sed -n '3,/^a modified line/p' "$tmp/show" >"$tmp/drawing"
	awk 'length > 80 { exit 1 }' "$tmp/drawing" || fail "$1: drawing wider than 80 columns"
	[ "$(wc -l <"$tmp/drawing")" -le 16 ] || fail "$1: drawing longer than a few lines"
	last=$(grep -o '[0-9]*\]' "$tmp/drawing" | tr -d ']' | sort -n | tail -1)
	cpus=$(awk '$1 == m { print $2 }' m="$1" "$tmp/list")
	[ "$last" = $((cpus - 1)) ] || fail "$1: last CPU drawn is $last of $cpus"
}

# A known short name in the table has a line under "sources".
check_legend() {
	sed -n '/^sources$/,$p' "$tmp/show" >"$tmp/legend"
	for key in C2C MLC AT-ROME CC-G4 TD WT AMIT19 NOROV JDB17 SLUB15 CLRP VAGIN22 machine.md; do
		sed '/^sources$/,$d' "$tmp/show" | grep -qw -e "$key" || continue
		grep -q "^  $key[# 0-9]" "$tmp/legend" || fail "$1: $key is not explained"
	done
	grep -q '^  SLUB15 *commit fbd02630c6e3' "$tmp/legend" || fail "$1: SLUB15"
	awk 'length > 80 { exit 1 }' "$tmp/legend" || fail "$1: legend wider than 80 columns"
	grep -q '^  TD ' "$tmp/legend" && ! sed '/^sources$/,$d' "$tmp/show" | grep -qw TD &&
		fail "$1: TD is explained, but not used"
	return 0
}

check_marks() {
	grep -E ' (ESTIMATE|RECALLED) +\+-' "$tmp/show" | grep -v '^\*' && fail "$1: unmarked guess"
	grep '^\* .* \(sourced\|derived\|constant\) ' "$tmp/show" && fail "$1: marked, but no guess"
	marked=$(grep -c '^\* [a-z]' "$tmp/show")
	grep -q "^\* $marked of [0-9]* values are guesses" "$tmp/show" || fail "$1: $marked guesses"
}

"$mmsim" list machines >"$tmp/list" || fail "list machines"
for f in "$src"/scenarios/machines/*.yaml; do
	name=$(basename "$f" .yaml)
	"$mmsim" show "$name" >"$tmp/show" 2>"$tmp/err" || fail "show $name: $(cat "$tmp/err")"
	check_drawing "$name"
	check_legend "$name"
	check_marks "$name"
	"$mmsim" run "$src/scenarios/vmap/pair-threads.yaml" --set "machine=$name" \
		--set pairs=200 --quick --quiet --no-plots -o "$tmp/out" >/dev/null 2>"$tmp/err" ||
		fail "run on $name: $(cat "$tmp/err")"
	grep -q "vmap.pairs_per_second" "$tmp/out/summary.csv" || fail "$name: no result"
	grep -q "^  name: \"$name\"" "$tmp/out/manifest.yaml" || fail "$name: another machine ran"
	n=$((n + 1))
done
grep -q '^  tr3970x  *64 CPUs  Threadripper' "$tmp/list" || fail "list machines: no line about it"
"$mmsim" show global-6.7 | tail -1 | grep -q 'mmsim show vmap' || fail "no way to the parameters"

# What contradicts itself: status 2, and where.
printf 'cores_per_llc: 4\nghz: 3\nhz: 0\nlat: {dram_local: 90ns}\nxfer: {same_llc: 20ns}\n' \
	>"$tmp/bad.yaml"
"$mmsim" show "$tmp/bad.yaml" >/dev/null 2>"$tmp/err"
rc=$?
[ $rc -eq 2 ] || fail "a bad machine: status $rc"
grep -q 'bad.yaml:3:5: hz must be 1 to 10000, not 0' "$tmp/err" || fail "$(cat "$tmp/err")"

echo "$n machines"
[ $n -ge 28 ] || status=1
exit $status
