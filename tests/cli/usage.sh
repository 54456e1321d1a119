#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# usage.sh MMSIM DIR: help is the golden text, mistakes give status 2 and a useful message.
mmsim=$1
dir=$2
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
status=0

# want STATUS PATTERN ARGS...: status and standard error of a mistake
want() {
	rc=$1
	pattern=$2
	shift 2
	"$mmsim" "$@" >"$tmp/out" 2>"$tmp/err"
	got=$?
	if [ $got -ne "$rc" ] || ! grep -q -e "$pattern" "$tmp/err"; then
		echo "mmsim $*: status $got (want $rc), message (want $pattern):"
		cat "$tmp/err"
		status=1
	fi
}

"$mmsim" --help >"$tmp/help" || status=1
diff -u "$dir/help.golden" "$tmp/help" || status=1
"$mmsim" --version | grep -q '^coroutines: ' || { echo "--version"; status=1; }
for word in --margins --resume --plugin model_low 'Exit status'; do
	"$mmsim" run --help | grep -q -e "$word" || { echo "run --help: no $word"; status=1; }
done
for verb in run check list show plot validate calibrate; do
	"$mmsim" $verb --help | grep -q "mmsim $verb" || { echo "$verb --help"; status=1; }
done

want 2 'no verb given'
want 2 "did you mean 'run'" rum
want 2 "is no verb" xyzzy
want 2 'no-such-option' run --no-such-option
want 2 'no scenario given' run
want 2 'no such scenario' run no-such-scenario-anywhere
want 2 '--engine is normal or reference' run --engine=quantum x
want 2 '--seed must be a number' run --seed=-1 x
want 2 '--jobs must be 1 to 4096' run -j -3 x
want 2 '--jobs must be 1 to 4096' run -j 0 x
want 2 '--margins must be 0 to 10000' run --margins=-1 x
want 2 '--margins must be 0 to 10000' run --margins 10001 x
want 2 'no such scenario' check no-such-scenario-anywhere
want 2 "did you mean 'models'" list model
want 2 'nothing is called' show no-such-thing-anywhere
want 2 'no name given' show
want 2 '--format is' plot --format=oil "$tmp"
want 2 'no plots there' plot "$tmp"
want 2 'takes no arguments' calibrate here
want 2 '--name' calibrate --name '../x'
# Events that cannot be carried out are refused, not ignored.
cat >"$tmp/events.yaml" <<'YAML'
scenario: ev
machine: flat-2
objects: [{name: l, kind: fifo, handoff: 1ns}]
threads: [{name: w, count: 1, do: [{lock: l}, {unlock: l}]}]
events: [{at: 1ms, cpu_offline: 0}, {at: 2ms, cpu_offline: 1}]
YAML
want 2 "events.yaml:5:.*last one online" run "$tmp/events.yaml" -o "$tmp/ev"
[ ! -e "$tmp/ev" ] || { echo "a refused run left a folder"; status=1; }
"$mmsim" check "$tmp/events.yaml" >/dev/null || { echo "check of events"; status=1; }

exit $status
