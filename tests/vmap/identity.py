#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""identity.py MMSIM SOURCE: the spin-share identity of machine.md 2.0 on the quick runs of the
vmap scenario (machine.md 4.12), from accounts that are kept apart: profile.csv (the slow path),
cpu.csv (busy and idle time), locks.csv (waits) and summary.csv (operations, elapsed time)."""
import csv
import os
import subprocess
import sys
import tempfile

MMSIM = os.path.abspath(sys.argv[1])
SOURCE = sys.argv[2]
SLOWPATH = "native_queued_spin_lock_slowpath"
FAILED = []


def check(ok, what):
    if not ok:
        print(what)
        FAILED.append(what)


def near(a, b, tolerance, what):
    check(abs(a - b) <= tolerance * abs(b), "%s: %.9g and %.9g" % (what, a, b))


def rows(out, name, variant):
    with open(os.path.join(out, name), newline="") as f:
        return [r for r in csv.DictReader(f) if r["variant"] == variant]


class Run:
    """One variant: its spin share f, CPU time w of an operation without spinning, throughput x."""

    def __init__(self, out, variant):
        metric = {r["metric"]: float(r["mean"]) for r in rows(out, "summary.csv", variant)}
        cpu = rows(out, "cpu.csv", variant)
        self.elapsed = metric["elapsed"]
        busy = sum(float(r["ns"]) for r in cpu if r["bucket"] != "idle")
        spin = sum(float(r["ns"]) for r in cpu if r["bucket"] == "spin")
        other = sum(float(r["ns"]) for r in cpu if r["bucket"] not in ("idle", "spin"))
        slow = sum(float(r["self_ns"]) for r in rows(out, "profile.csv", variant)
                   if r["symbol"] == SLOWPATH)
        ops = metric["vmap.vmalloc_count"]

        self.cpus = busy / self.elapsed
        self.f = slow / busy
        self.w = other / ops
        self.x = ops / self.elapsed
        near(slow, spin, 1e-9, variant + ": slow path of the profile, spin bucket")
        near(self.f, metric["cpu_spin"], 1e-9, variant + ": spin share, cpu_spin")
        near(self.cpus, metric["cpu_busy"] * len({r["cpu"] for r in cpu}), 1e-9,
             variant + ": busy CPUs, cpu_busy")
        # what a lock_stat wait has beyond spinning is the stall of the first exchange
        waits = sum(float(r["wait_total_ns"]) for r in rows(out, "locks.csv", variant)
                    if r["kind"] in ("qspinlock", "tas"))
        stall = sum(float(r["ns"]) for r in cpu if r["bucket"] == "atomic_stall")
        check(spin <= waits <= spin + stall, variant + ": waits of locks.csv outside spin, spin + stall")
        # throughput = busy CPUs * (1 - f) / w
        near(self.cpus * (1 - self.f) / self.w, self.x, 1e-9, variant + ": throughput")


def main():
    # the published shares and times, as the page works them out
    near((1 - 0.1651) / (1 - 0.9307), 12.05, 0.001, "published shares")
    near(651.271 / 51.301 / 12.05, 1.05, 0.005, "published w_old / w_new")
    with tempfile.TemporaryDirectory() as out:
        subprocess.run([MMSIM, "run", os.path.join(SOURCE, "scenarios/vmap/test_vmalloc.yaml"),
                        "--quick", "--quiet", "--no-plots", "-o", out], check=True)
        for old, new in (("before", "after"), ("before-tas", "after-tas")):
            a, b = Run(out, old), Run(out, new)
            speedup = (1 - b.f) / (1 - a.f) * (a.w / b.w) * (b.cpus / a.cpus)
            near(speedup, b.x / a.x, 1e-9, "%s/%s: speed-up" % (old, new))
            check(speedup > 2, "%s/%s: the designs do not differ" % (old, new))
            print("%s/%s: f %.4f -> %.4f, w_old/w_new %.3f, speed-up %.3f"
                  % (old, new, a.f, b.f, a.w / b.w, speedup))
    sys.exit(1 if FAILED else 0)


main()
