#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""laws.py MMSIM SOURCE: laws that hold in every run, over the quick form of every shipped scenario.

Reference machine.md 3.7: CPU buckets sum to the elapsed time exactly, in ps; contentions
<= acquisitions, con_bounces <= contentions, acq_bounces <= acquisitions; a spin lock's wait is its
spin time. An acquisition counts when it ends, a contention when the wait does, so those who
wait or hold at the cut or the end may be missing on one side: one for each CPU at most.
Monotone: more hand-over never gives a saturated FIFO lock more throughput.
"""
import csv
import os
import subprocess
import sys
import tempfile
from collections import defaultdict

SPIN_KINDS = {"qspinlock", "tas", "fifo", "ticket", "mcs"}
CLOSED = """scenario: closed
machine: ideal-16
seed: 1
replications: 1
duration: 2ms
params:
  handoff: {default: 0ns, min: 0ns, max: 1ms}
  section: {default: 100ns, min: 0ns, max: 1ms}
objects:
  - {name: l, kind: fifo, handoff: "${handoff}"}
threads:
  - name: worker
    count: 16
    do:
      - loop: forever
        do: [{think: exp(500ns)}, {lock: l}, {think: {constant: "${section}", jitter: 0}}, {unlock: l}]
measure: {skip: 200us}
"""
errors = 0


def fail(*what):
    global errors
    errors += 1
    if errors <= 40:
        print(*what)


def ps(text):
    whole, _, frac = text.partition(".")
    return int(whole) * 1000 + int((frac + "000")[:3])


def rows(folder, name):
    path = os.path.join(folder, name)
    if not os.path.exists(path):
        return []
    with open(path, newline="") as f:
        return list(csv.DictReader(f))


def run(mmsim, path, out, *options):
    cmd = [mmsim, "run", path, "--quiet", "--no-plots", "-o", out, *options]
    return subprocess.run(cmd, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def key(r):
    return r["variant"], r["point"], r["replication"]


def check(name, folder):
    elapsed = {key(r): ps(r["value"]) for r in rows(folder, "runs.csv") if r["metric"] == "elapsed"}
    sums, cpus = defaultdict(int), defaultdict(set)
    for r in rows(folder, "cpu.csv"):
        sums[key(r), r["cpu"]] += ps(r["ns"])
        cpus[key(r)].add(r["cpu"])
    for (k, cpu), total in sums.items():
        if total != elapsed[k]:
            fail(name, k, "cpu", cpu, "buckets", total, "elapsed", elapsed[k])
    for r in rows(folder, "locks.csv"):
        slack = len(cpus[key(r)])
        acq, cont = int(r["acquisitions"]), int(r["contentions"])
        where = (name, key(r), r["lock"], r["side"])
        # readers of a seqlock wait for its writer and acquire nothing
        if r["kind"] == "qspinlock" and r["side"] == "read":
            acq += cont
        if cont > acq + slack or int(r["acq_bounces"]) > acq or int(r["con_bounces"]) > cont:
            fail(*where, "counts", acq, cont, r["acq_bounces"], r["con_bounces"])
        if r["kind"] in SPIN_KINDS and r["wait_total_ns"] != r["spin_ns"]:
            fail(*where, "wait", r["wait_total_ns"], "spin", r["spin_ns"])
    return len(sums)


def rate(mmsim, tmp, **params):
    path, out = os.path.join(tmp, "closed.yaml"), os.path.join(tmp, "closed")
    with open(path, "w") as f:
        f.write(CLOSED)
    done = run(mmsim, path, out, *(f"--set={k}={v}" for k, v in params.items()))
    if done.returncode:
        fail("closed", done.stderr)
        return 0.0
    return [float(r["value"]) for r in rows(out, "runs.csv")
            if r["metric"].endswith("locks_per_us")][0]


def monotone(mmsim, tmp):
    for param in "handoff", "section":
        rates = [rate(mmsim, tmp, **{param: f"{v}ns"}) for v in (100, 150, 200, 400)]
        if rates != sorted(rates, reverse=True):
            fail("closed", param, "up, rates", rates)


def main():
    mmsim, source = sys.argv[1:3]
    checked = 0
    with tempfile.TemporaryDirectory() as tmp:
        monotone(mmsim, tmp)
        for top, dirs, files in sorted(os.walk(os.path.join(source, "scenarios"))):
            if os.path.basename(top) in ("machines", "workloads"):
                continue
            for f in sorted(f for f in files if f.endswith(".yaml")):
                out = os.path.join(tmp, f)
                done = run(mmsim, os.path.join(top, f), out, "--quick")
                if done.returncode not in (0, 1):
                    fail(f, "status", done.returncode, done.stderr)
                    continue
                checked += check(f, out)
    print(checked, "CPUs of runs,", errors, "broken")
    return 1 if errors or not checked else 0


sys.exit(main())
