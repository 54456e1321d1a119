#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# install.sh BUILD_DIR: install below a fresh prefix, move the prefix, use it from elsewhere.
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

# A prefix may be moved; what lies in it is found from any working directory, and from
# there only: not in the source tree, not below the configured prefix.
mkdir "$tmp/elsewhere"
mv "$tmp/usr" "$tmp/elsewhere/moved"
usr=$tmp/elsewhere/moved
pc=$(dirname "$(find "$usr" -name mmsim.pc)")
dir=$(PKG_CONFIG_PATH=$pc pkg-config --variable=includedir mmsim)
[ -f "$dir/sim/core/sim.h" ] || { echo "mmsim.pc: no headers in $dir"; status=1; }

fail() {
	echo "moved prefix: $*"
	status=1
}

unset MMSIM_PATH
cd "$tmp/elsewhere"
if [ -x "$usr/bin/mmsim" ]; then
	"$usr/bin/mmsim" --version
	"$usr/bin/mmsim" list >list || fail "list"
	grep -q '^ *vmap/test_vmalloc$' list || fail "list shows no scenario"
	"$usr/bin/mmsim" list machines | grep -q tr3970x || fail "list machines"
	"$usr/bin/mmsim" show tr3970x | grep -q 'xfer.cross_llc' || fail "show tr3970x"
	for f in prims/fifo vmap/test_vmalloc "$usr/share/mmsim/scenarios/prims/fifo.yaml"; do
		"$usr/bin/mmsim" run "$f" --quick --quiet --no-plots -o out || fail "run $f"
		[ -s out/summary.csv ] || fail "run $f left no summary"
		rm -rf out
	done
	# Through a link, and without its data.
	ln -s moved/bin/mmsim link
	./link list machines | grep -q tr3970x || fail "through a link"
	mv "$usr/share/mmsim/scenarios/machines/tr3970x.yaml" .
	"$usr/bin/mmsim" show tr3970x >/dev/null 2>&1 && fail "a machine came from elsewhere"
else
	echo "no mmsim in this tree yet: only files are checked"
fi
exit $status
