#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# lockdep.sh MMSIM [debug]: mistakes with locks in a scenario end the run with status 3 and a
# report that names step, thread, lock and frames; some are found by debug builds only.
mmsim=$1
debug=$2
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
status=0

# scenario NAME: from standard input, with what is the same in all of them
scenario() {
	{
		echo "scenario: $1"
		echo "machine: flat-2"
		echo "replications: 1"
		cat
	} >"$tmp/$1.yaml"
}

# want NAME STATUS LINE...: the run ends so, and standard error has these lines, in this order
want() {
	name=$1
	rc=$2
	shift 2
	for engine in normal reference; do
		"$mmsim" run "$tmp/$name.yaml" --engine=$engine --quiet --no-plots \
			-o "$tmp/out" >/dev/null 2>"$tmp/err"
		got=$?
		rm -rf "$tmp/out"
		sed "s|$tmp/||g" "$tmp/err" >"$tmp/said"
		last=1
		for line; do
			at=$(grep -n -F -e "$line" "$tmp/said" | head -1 | cut -d: -f1)
			if [ "${at:-0}" -lt "$last" ]; then
				echo "$name, $engine: no '$line' behind line $last of:"
				cat "$tmp/said"
				status=1
				break
			fi
			last=$at
		done
		if [ $got -ne "$rc" ]; then
			echo "$name, $engine: status $got, not $rc:"
			cat "$tmp/said"
			status=1
		fi
	done
}

# in_debug NAME LINE...: likewise in debug builds; others run on
in_debug() {
	name=$1
	shift
	if [ "$debug" ]; then
		want "$name" 3 "$@"
	else
		want "$name" 0
	fi
}

scenario unlock <<'YAML'
objects: [{name: a, kind: mutex}]
threads:
  - name: w
    do:
      - unlock: a
YAML
want unlock 3 'a task releases a mutex that it does not own' '  thread: w[0] on CPU 0 at 0.000 ns' \
	'  lock: a[0] (mutex)' '  frames: mutex_unlock' 'w[0] in step `unlock` at unlock.yaml:8:9'

scenario order <<'YAML'
objects: [{name: a, kind: qspinlock}, {name: b, kind: mutex}, {name: c, kind: rwsem}]
threads:
  - name: w
    do:
      - lock: b
      - write_lock: c
      - write_unlock: c
      - unlock: b
      - read_lock: c
      - lock: b
      - unlock: b
      - read_unlock: c
YAML
in_debug order 'possible circular locking dependency: b is taken while c is held' '  thread: w[0] on' \
	'  lock: b[0] (mutex)' '  holds: c[0] (rwsem), taken for reading at' \
	'  frames: mutex_lock' '  before: c[0] (rwsem) was taken by w[0] on CPU 0 at' \
	'in step `lock` at order.yaml:13:9'

scenario atomic <<'YAML'
objects: [{name: a, kind: ticket}]
threads:
  - name: w
    do:
      - lock: a
      - sleep: 1us
      - unlock: a
YAML
want atomic 3 'a task sleeps while it holds a spin lock' '  thread: w[0] on CPU 0 at' \
	'w[0] in step `sleep` at atomic.yaml:9:9'

scenario held <<'YAML'
objects: [{name: a, kind: rwlock}]
threads:
  - name: w
    do:
      - read_lock: a
YAML
want held 3 'a task ended while it held 1 lock(s)' '  thread: w[0] on CPU 0 at'

scenario leak <<'YAML'
threads:
  - name: w
    do:
      - loop: 3
        do: [{alloc_pages: {order: 1, into: "a[]"}}]
      - free_pages: a
YAML
in_debug leak 'leak.yaml:8:' 'leak: a thread ended while it had 2 objects of `alloc_pages` in a[]' \
	'  thread: w[0] on CPU 0 at'

scenario kept <<'YAML'
threads:
  - name: w
    keeps: true
    do: [{kmalloc: {bytes: 100, into: p}}]
YAML
want kept 0

scenario cut <<'YAML'
duration: 1us
threads:
  - name: w
    do: [{kmalloc: {bytes: 100, into: p}}, {sleep: 1s}, {kfree: p}]
YAML
want cut 0

scenario twice <<'YAML'
threads:
  - name: w
    do:
      - alloc_pages: {order: 0, into: p}
      - free_pages: p
      - free_pages: p
YAML
want twice 3 'what an earlier one has used up' '  thread: w[0] on CPU 0 at' \
	'w[0] in step `free_pages` at twice.yaml:9:9'
exit $status
