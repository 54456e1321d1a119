#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# closed_forms.sh MMSIM SOURCE: every numeric row of reference machine.md 3.1 to 3.5, in full
# length, lies within the tolerance of its scenario, and none has been left out.
mmsim=$1
src=$2
status=0

# rows NAME NUMBER
rows() {
	out=$("$mmsim" validate "$src/scenarios/prims/$1.yaml") || status=1
	last=$(printf '%s\n' "$out" | tail -n 1)
	echo "$1: $last"
	[ "$last" = "$2 checked, 0 off, 0 not run" ] || { printf '%s\n' "$out"; status=1; }
}

rows fifo-rows 11
rows chains 33
rows ticket-rows 36
rows queues 9
exit $status
