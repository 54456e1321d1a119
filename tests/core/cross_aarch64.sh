#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The core on aarch64 under qemu prints the same line as on this host.
# usage: cross_aarch64.sh <source tree> <scratch folder>
set -e
src=$1
tmp=$2
cross=aarch64-linux-gnu-gcc
qemu=$(command -v qemu-aarch64 || command -v qemu-aarch64-static || true)
if [ -z "$qemu" ] || ! command -v $cross >/dev/null; then
	echo "SKIPPED: needs $cross and qemu-aarch64"
	exit 77
fi
flags="-std=gnu11 -O2 -Wall -Wextra -Werror -D_GNU_SOURCE -ffp-contract=off -fno-strict-aliasing -I$src"
files="$src/tests/core/cross_main.c $src/sim/core/*.c $src/sim/core/*.S"
# shellcheck disable=SC2086
$cross -static $flags $files -o "$tmp/cross_arm"
# shellcheck disable=SC2086
${CC:-cc} $flags $files -o "$tmp/cross_host"
"$qemu" "$tmp/cross_arm" >"$tmp/cross_arm.out" 2>"$tmp/cross_arm.err"
"$tmp/cross_host" >"$tmp/cross_host.out" 2>"$tmp/cross_host.err"
cat "$tmp/cross_arm.err" "$tmp/cross_arm.out" "$tmp/cross_host.out"
grep -q aarch64 "$tmp/cross_arm.err"
cmp "$tmp/cross_arm.out" "$tmp/cross_host.out"
