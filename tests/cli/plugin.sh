#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# plugin.sh BUILD_DIR DIR CC: build plug-ins against an installed prefix as a user would,
# run a variant and a model of theirs; what is broken is refused with a message.
build=$1
dir=$2/plugin
cc=$3
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
status=0

fail() {
	echo "$*"
	status=1
}

cmake --install "$build" --prefix "$tmp/usr" >/dev/null || exit 1
PKG_CONFIG_PATH=$(dirname "$(find "$tmp/usr" -name mmsim.pc)")
export PKG_CONFIG_PATH
mmsim=$tmp/usr/bin/mmsim
cd "$tmp" || exit 1

# plugin NAME FILE FLAG...: NAME.so
plugin() {
	name=$1
	file=$2
	shift 2
	# shellcheck disable=SC2046
	"$cc" -O2 -Wall -Wextra -Werror -shared -fPIC $(pkg-config --cflags mmsim) "$@" "$file" \
		-o "$name.so" || { fail "$name.so does not build"; exit 1; }
}

# want PATTERN ARGS...: status 2 and the pattern on standard error
want() {
	pattern=$1
	shift
	"$mmsim" "$@" >out 2>err
	got=$?
	if [ $got -ne 2 ] || ! grep -q -e "$pattern" err; then
		fail "mmsim $*: status $got, message (want $pattern):"
		cat err
	fi
}

plugin one "$dir/one_section.c"
plugin counter "$dir/counter.c"

# A variant: listed, shown, run; also with the option before the verb.
"$mmsim" list variants --plugin one.so | grep -q 'vmap/one-section .*2 busy' || fail "list variants"
"$mmsim" --plugin one.so show one-section | grep -q '^variant one-section of model vmap' ||
	fail "show one-section"
"$mmsim" list variants | grep -q one-section && fail "listed without --plugin"
"$mmsim" run "$dir/pairs.yaml" --plugin=one.so --quiet -o o1 -j1 || fail "run -j1"
"$mmsim" --plugin ./one.so run "$dir/pairs.yaml" --quiet -o o2 -j2 --engine=reference ||
	fail "run in the reference engine"
diff -rq -x run.log -x 'plot*' o1 o2 || fail "engines or workers differ"
grep -q '^plugins: \["one-section"\]' o1/manifest.yaml || fail "the manifest names no plug-in"
# What the variant is for: two sections a pair instead of three, 8 threads of 200 pairs.
sections() {
	awk -F, -v v="$1" 'NR == 1 { for (i = 1; $i != "acquisitions"; i++); }
		$2 == v && /,vmap_area_lock,/ { print $i }' o1/locks.csv
}
[ "$(sections tree)" = 4800 ] || fail "tree: $(sections tree) busy sections, not 4800"
[ "$(sections mine)" = 3200 ] || fail "mine: $(sections mine) busy sections, not 3200"
"$mmsim" --plugin one.so --help | grep -q '^Verbs:' || fail "--help after --plugin"

# A model, and two plug-ins at a time.
cat >count.yaml <<'Y'
scenario: count
machine: flat-4
variants: [{name: a, counter: {step: 3}}]
threads: [{name: w, count: 4, do: [{loop: 5, do: [{count: {}}]}]}]
Y
"$mmsim" run count.yaml --plugin one.so --plugin counter.so --quiet -o o3 || fail "run of a model"
grep -q ',counter.value,,60$' o3/runs.csv || fail "counter.value is not 4 * 5 * 3"

# What is broken.
want "no such file" list --plugin missing.so
want "no file given" --plugin
want "no verb given" --plugin one.so
echo text >text.so
want "text.so: cannot be loaded: " list --plugin text.so
echo 'int other;' >other.c
plugin other other.c
want "exports no 'mmsim_plugin'" list --plugin other.so
sed 's,MMSIM_ABI,1,' "$dir/one_section.c" >abi.c
plugin abi abi.c
want "built against the headers of another mmsim (00000001, not " list --plugin abi.so
want "register 'one-section': there is one of that name" list --plugin one.so --plugin one.so
sed 's/"vmap", &/"vmpa", \&/' "$dir/one_section.c" >model.c
plugin model model.c
want "register 'vmpa': there is no such model" list --plugin model.so
sed 's/"one-section",/"1-section",/; s/\.ops = &one.*//' "$dir/one_section.c" >name.c
sed 's/\.ops = &one.*//' "$dir/one_section.c" >ops.c
for f in name ops; do
	"$cc" -shared -fPIC $(pkg-config --cflags mmsim) $f.c -o $f.so || fail "$f.so"
	want "register '.*-section': .*missing" list --plugin $f.so
done
{
	cat "$dir/one_section.c"
	echo 'int no_such_function(void); int call(void); int call(void) { return no_such_function(); }'
} >symbol.c
plugin symbol symbol.c
want "cannot be loaded: .*no_such_function" list --plugin symbol.so
exit $status
