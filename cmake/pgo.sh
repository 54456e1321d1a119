#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# sh cmake/pgo.sh [DIR] [CMAKE_OPTION]...: build mmsim in DIR (build-pgo) with gcc, guided by a
# profile of the shipped vmap scenarios in their quick form. About a fifth faster, for long
# runs; results are the same. Takes two builds.
set -eu
cd "$(dirname "$0")/.."
dir=${1:-build-pgo}
[ $# -eq 0 ] || shift
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

build() {
	cmake -S . -B "$dir" -G Ninja --log-level=WARNING -DCMAKE_C_COMPILER=gcc \
		-DCMAKE_BUILD_TYPE=Release -DMMSIM_TESTS=OFF \
		-DCMAKE_INTERPROCEDURAL_OPTIMIZATION=ON "$@" >/dev/null
	cmake --build "$dir" -- --quiet
}

build -DMMSIM_PGO=generate "$@"
find "$dir" -name '*.gcda' -delete
for scenario in test_vmalloc pair-threads; do
	"$dir/mmsim" run "scenarios/vmap/$scenario.yaml" --quick --no-plots --quiet -j1 \
		-o "$out/$scenario" >/dev/null || [ $? -eq 1 ]
done
build -DMMSIM_PGO=use "$@"
echo "$dir/mmsim"
