#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# install.sh BUILD_DIR: install below a fresh prefix and use what is there from /.
set -eu
build=$1
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cmake --install "$build" --prefix "$tmp/usr" >/dev/null

have() { [ -f "$tmp/usr/$1" ] || { echo "not installed: $1"; exit 1; }; }
have share/mmsim/scenarios/machines/tr3970x.yaml
have include/mmsim/sim/core/sim.h
have include/mmsim/sim/model/model.h
[ -n "$(find "$tmp/usr" -name mmsim.pc)" ] || { echo "not installed: mmsim.pc"; exit 1; }

# A public header stands on its own.
cd /
status=0
for h in sim/core/sim.h sim/kern/spinlock.h sim/mm/slab.h sim/model/model.h; do
	have "include/mmsim/$h"
	printf '#include "%s"\n' "$h" |
		${CC:-cc} -std=gnu11 -D_GNU_SOURCE -fsyntax-only -I "$tmp/usr/include/mmsim" \
			-x c - || status=1
done

# An installed mmsim finds machines and scenarios from any working directory. (Below another
# prefix than the configured one it falls back on the source tree.)
if [ -x "$tmp/usr/bin/mmsim" ]; then
	"$tmp/usr/bin/mmsim" --version
	"$tmp/usr/bin/mmsim" list machines | grep tr3970x || status=1
	for f in "$tmp"/usr/share/mmsim/scenarios/prims/*.yaml; do
		"$tmp/usr/bin/mmsim" check "$f" || status=1
	done
else
	echo "no mmsim in this tree yet: only files are checked"
fi
exit $status
