#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""read_back.py MMSIM SOURCE: run every shipped scenario, and awkward.yaml, in the quick
form and read every CSV file back with another program.

Headers are those of DESIGN.md section 8, rows as long as headers; what two files say
about the same thing is the same:
  cpu           buckets of a CPU sum to the elapsed time, to the picosecond
  profile       self times sum to the busy time, those of the slow path to the spin buckets
  locks         spin + hold - owned = spin buckets + stalls of _raw_spin_lock, exactly where
                the run ends with all its threads
  lock_callers  contentions and waits sum to those of locks
  hist          counts are those of the operations, bins do not overlap
  summary       mean, sd, interval, min, median, max are those of runs
  ratios        are those of runs, replication by replication
  series        lies in the measured part, one row a sample
  footprint     mean and end do not pass the peak
"""
import csv
import decimal
import glob
import math
import os
import statistics
import subprocess
import sys
import tempfile

D = decimal.Decimal
LEAD = ["scenario", "variant", "point"]
FILES = {
    "summary": "design,metric,unit,n,mean,sd,ci95_low,ci95_high,min,median,p90,p99,max,"
               "model_low,model_high",
    "ratios": "metric,baseline,ratio,ci95_low,ci95_high,model_low,model_high",
    "runs": "replication,seed,metric,unit,value",
    "series": "replication,seed,time_ns,metric,unit,value",
    "locks": "replication,seed,lock,kind,side,con_bounces,contentions,queued_contentions,"
             "wait_min_ns,wait_max_ns,wait_total_ns,wait_avg_ns,acq_bounces,acquisitions,"
             "hold_min_ns,hold_max_ns,hold_total_ns,hold_avg_ns,spin_ns,sleep_ns,owned_ns",
    "profile": "symbol,self_ns,self_pct,children_pct,calls",
    "cpu": "replication,seed,cpu,bucket,ns",
    "footprint": "replication,seed,category,cgroup,end_bytes,peak_bytes,mean_bytes,objects",
    "lock_callers": "lock,waiter,holder,distance,contentions,wait_total_ns",
    "hist": "metric,unit,bin_low,bin_high,count",
}
SPIN_KINDS = ("qspinlock", "fifo", "tas", "ticket", "mcs", "cna")
# where waiting for them is profiled, and for a writer of a seqlock
SLOW_PATHS = ("native_queued_spin_lock_slowpath", "__cna_queued_spin_lock_slowpath",
              "__pv_queued_spin_lock_slowpath",
              "ticket_spin_lock", "mcs_spin_lock",
              "read_seqbegin")
KWORKER_NS = 1000
T975 = {1: 12.706204736, 2: 4.30265273, 3: 3.182446305, 4: 2.776445105}


class Bad(list):
    """What is wrong, the first few of each kind."""

    def unless(self, ok, what):
        if not ok and len(self) < 20:
            self.append(what)


def load(folder, name, bad):
    with open(os.path.join(folder, name + ".csv"), newline="", encoding="utf-8") as f:
        text = f.read()
    bad.unless(text.endswith("\n") and "\r" not in text, f"{name}: line ends")
    rows = list(csv.reader(text.splitlines(), strict=True))
    head, want = rows[0], FILES[name].split(",")
    bad.unless(head[:3] == LEAD and head[-len(want):] == want, f"{name}: header {head}")
    sweep = head[3:-len(want)]
    for i, row in enumerate(rows[1:], 2):
        if len(row) != len(head):
            bad.append(f"{name}.csv:{i}: {len(row)} fields of {len(head)}")
            return []
        point = " ".join(f"{k}={v}" for k, v in zip(sweep, row[3:]))
        bad.unless(row[2] == point, f"{name}.csv:{i}: point '{row[2]}', columns say '{point}'")
    return [dict(zip(head, row)) for row in rows[1:]]


def cell(r):
    return r["variant"], r["point"]


def run(r):
    return r["variant"], r["point"], r["replication"]


def total(rows, key, column):
    """Sums of a column by key."""
    sums = {}
    for r in rows:
        k = key(r)
        sums[k] = sums.get(k, 0) + D(r[column])
    return sums


def same(a, b, digits):
    return math.isclose(float(a), float(b), rel_tol=10.0 ** -digits, abs_tol=1e-300)


def check_cpu(t, bad):
    elapsed = {run(r): D(r["value"]) for r in t["runs"] if r["metric"] == "elapsed"}
    sums = total(t["cpu"], lambda r: run(r) + (r["cpu"],), "ns")
    bad.unless(len({k[:3] for k in sums}) == len(elapsed), "cpu: a run is missing")
    for key, ns in sums.items():
        bad.unless(ns == elapsed[key[:3]],
                   f"cpu {key}: buckets sum to {ns}, elapsed is {elapsed[key[:3]]}")
    spin = total((r for r in t["cpu"] if r["bucket"] == "spin"), run, "ns")
    idle = total((r for r in t["cpu"] if r["bucket"] == "idle"), run, "ns")
    all_ns = total(t["cpu"], run, "ns")
    for r in t["runs"]:
        if r["metric"] == "cpu_spin":
            k = run(r)
            bad.unless(same(r["value"], spin[k] / (all_ns[k] - idle[k]), 12), f"cpu_spin {k}")


def self_time(t, symbol):
    return {cell(r): D(r["self_ns"]) for r in t["profile"] if r["symbol"] == symbol}


def check_profile(t, bad):
    busy = total((r for r in t["cpu"] if r["bucket"] not in ("idle", "irq")), cell, "ns")
    irq = total((r for r in t["cpu"] if r["bucket"] == "irq"), cell, "ns")
    spin = total((r for r in t["cpu"] if r["bucket"] == "spin"), cell, "ns")
    slow = total((r for r in t["profile"] if r["symbol"] in SLOW_PATHS), cell, "self_ns")
    # their slow paths hold stalls, too, and their wait_lock is counted twice: see test_rw_property
    rw = {cell(r) for r in t["locks"] if r["kind"] in ("rwlock", "rwsem")}
    self_irq = self_time(t, "[irq]")
    for k, ns in total(t["profile"], cell, "self_ns").items():
        # interrupts of idle CPUs belong to no thread
        bad.unless(ns - self_irq.get(k, 0) == busy[k], f"profile {k}: {ns} of {busy[k]} busy")
        bad.unless(self_irq.get(k, 0) <= irq[k], f"profile {k}: [irq] {self_irq.get(k)}")
        bad.unless(k in rw or slow.get(k, 0) == spin[k],
                   f"profile {k}: slow path {slow.get(k)} of {spin[k]}")
    for k, pct in total(t["profile"], cell, "self_pct").items():
        bad.unless(abs(pct - 100) < D("0.01"), f"profile {k}: self_pct sums to {pct}")


def check_locks(t, bad, ends):
    spins = [r for r in t["locks"] if r["kind"] in SPIN_KINDS]
    rw = {cell(r) for r in t["locks"] if r["kind"] in ("rwlock", "rwsem")}
    cna = {cell(r) for r in spins if r["kind"] == "cna"}
    both = {k: v for k, v in total(spins, cell, "spin_ns").items() if k not in rw}
    hold = total(spins, cell, "hold_total_ns")
    owned = total(spins, cell, "owned_ns")
    spin = total((r for r in t["cpu"] if r["bucket"] == "spin"), cell, "ns")
    stall = self_time(t, "_raw_spin_lock")
    drains = total((r for r in t["runs"] if r["metric"] == "vmap.drains"), cell, "value")
    for k in both:
        left, right = both[k] + hold[k] - owned[k], spin[k] + stall.get(k, 0)
        # a wait or section that the end goes through is on the right only: here a kworker's
        slack = KWORKER_NS if drains.get(k) else 0
        if not ends:
            # CNA passes waiters over for up to 10 ms
            slack = right if k in cna else right / 10
        bad.unless(abs(left - right) <= slack,
                   f"locks {k}: spin and stalls {left}, cpu and profile {right}")
    for r in t["locks"]:
        n, total_ns = int(r["acquisitions"]), D(r["hold_total_ns"])
        if n:
            bad.unless(abs(D(r["hold_avg_ns"]) * n - total_ns) <= D(n) / 1000, f"locks avg: {r}")
            bad.unless(D(r["hold_min_ns"]) <= D(r["hold_avg_ns"]) <= D(r["hold_max_ns"]),
                       f"locks hold: {r}")
        bad.unless(int(r["queued_contentions"]) <= int(r["contentions"]), f"locks queued: {r}")


def check_callers(t, bad, ends):
    def key(r):
        return r["variant"], r["point"], r["lock"]

    wait, got_wait = total(t["locks"], key, "wait_total_ns"), total(t["lock_callers"], key,
                                                               "wait_total_ns")
    n, got = total(t["locks"], key, "contentions"), total(t["lock_callers"], key, "contentions")
    bad.unless(set(got) <= set(n), "lock_callers: a lock that locks.csv does not have")
    for k in n:
        # contentions also count who still waits at the end
        bad.unless(got.get(k, 0) <= n[k] and (not ends or got.get(k, 0) == n[k]),
                   f"lock_callers {k}: {got.get(k, 0)} contentions of {n[k]}")
        bad.unless(got_wait.get(k, 0) == wait[k],
                   f"lock_callers {k}: {got_wait.get(k, 0)} ns of {wait[k]}")


def check_hist(t, bad):
    counts = total((r for r in t["runs"] if r["metric"].endswith("_count")),
                   lambda r: cell(r) + (r["metric"][:-len("_count")],), "value")
    sums, last = {}, {}
    for r in t["hist"]:
        k = cell(r) + (r["metric"][:-len("_latency")],)
        sums[k] = sums.get(k, 0) + int(r["count"])
        bad.unless(D(r["bin_low"]) < D(r["bin_high"]) and int(r["count"]) > 0, f"hist: {r}")
        bad.unless(D(r["bin_low"]) >= last.get(k, 0), f"hist {k}: bins overlap")
        last[k] = D(r["bin_high"])
    for k, n in counts.items():
        bad.unless(sums.get(k, 0) == n, f"hist {k}: {sums.get(k, 0)} of {n} operations")


def values_of_runs(t):
    v = {}
    for r in t["runs"]:
        v.setdefault(cell(r) + (r["metric"],), {})[r["replication"]] = float(r["value"])
    return v


def check_summary(t, bad):
    values = values_of_runs(t)
    bad.unless(len(t["summary"]) == len(values), "summary: not one row for each metric of runs")
    for r in t["summary"]:
        v = list(values[cell(r) + (r["metric"],)].values())
        what = f"summary {cell(r)} {r['metric']}"
        mean = math.fsum(v) / len(v)
        bad.unless(int(r["n"]) == len(v), f"{what}: n {r['n']} of {len(v)}")
        bad.unless(same(r["mean"], mean, 13), f"{what}: mean {r['mean']}, runs say {mean}")
        for column, want in (("min", min(v)), ("max", max(v)), ("median", statistics.median(v))):
            bad.unless(same(r[column], want, 13), f"{what}: {column} {r[column]}, not {want}")
        if len(v) == 1:
            bad.unless(r["sd"] == r["ci95_low"] == r["ci95_high"] == "", f"{what}: sd of one run")
            continue
        sd = statistics.stdev(v)
        bad.unless(abs(float(r["sd"]) - sd) <= 1e-8 * abs(mean) + 1e-8 * sd, f"{what}: sd")
        half = T975[len(v) - 1] * sd / math.sqrt(len(v))
        for column, want in (("ci95_low", mean - half), ("ci95_high", mean + half)):
            bad.unless(abs(float(r[column]) - want) <= 1e-7 * (abs(mean) + half),
                       f"{what}: {column} {r[column]}, not {want}")


def check_ratios(t, bad):
    values = values_of_runs(t)
    for r in t["ratios"]:
        num = values[cell(r) + (r["metric"],)]
        den = values[r["baseline"], r["point"], r["metric"]]
        each = [num[i] / den[i] for i in num if den.get(i)]
        if all(x > 0 for x in each):
            want = math.exp(math.fsum(map(math.log, each)) / len(each))
        else:
            want = math.fsum(each) / len(each)
        bad.unless(abs(float(r["ratio"]) - want) <= 1e-8 * abs(want),
                   f"ratios {cell(r)} {r['metric']}: {r['ratio']}, runs say {want}")


def check_series(t, bad):
    seen = set()
    for r in t["series"]:
        k = run(r) + (r["metric"], r["time_ns"])
        bad.unless(k not in seen, f"series {k}: twice")
        seen.add(k)
        bad.unless(D(r["time_ns"]) >= 0 and math.isfinite(float(r["value"])), f"series: {r}")


def check_footprint(t, bad):
    for r in t["footprint"]:
        peak = int(r["peak_bytes"])
        bad.unless(int(r["end_bytes"]) <= peak and float(r["mean_bytes"]) <= peak * (1 + 1e-9),
                   f"footprint: {r}")


def check(folder, ends, replications):
    bad = Bad()
    found = {n[:-4] for n in os.listdir(folder) if n.endswith(".csv")}
    bad.unless(found == set(FILES), f"files {sorted(found ^ set(FILES))}")
    t = {name: load(folder, name, bad) for name in FILES}
    if not bad:
        bad.unless({r["replication"] for r in t["runs"]} ==
                   {str(i + 1) for i in range(replications)}, "runs: replications")
        check_cpu(t, bad)
        check_profile(t, bad)
        check_locks(t, bad, ends)
        check_callers(t, bad, ends)
        check_hist(t, bad)
        check_summary(t, bad)
        check_ratios(t, bad)
        check_series(t, bad)
        check_footprint(t, bad)
    for name in ("manifest.yaml", "run.log"):
        bad.unless(os.path.getsize(os.path.join(folder, name)), f"{name} is empty")
    bad.unless(not [n for n in os.listdir(folder) if n.endswith(".tmp")], "temporary files")
    return bad


def main():
    mmsim, src = sys.argv[1:3]
    status = 0
    awkward = os.path.join(os.path.dirname(os.path.abspath(__file__)), "awkward.yaml")
    jobs = [(path, 1) for path in sorted(glob.glob(src + "/scenarios/prims/*.yaml") +
                                         glob.glob(src + "/scenarios/vmap/*.yaml"))]
    jobs += [(src + "/scenarios/prims/locks.yaml", 2), (awkward, 3)]
    for path, n in jobs:
        with open(path, encoding="utf-8") as f:
            ends = "\nduration:" not in f.read()
        with tempfile.TemporaryDirectory() as tmp:
            subprocess.run([mmsim, "run", path, "--quick", "--quiet", "--no-plots", "-j2", "-o",
                            tmp, "--replications", str(n)], check=True,
                           stdout=subprocess.DEVNULL)
            for line in check(tmp, ends, n):
                print(f"{path} ({n} replications): {line}")
                status = 1
    print(f"{len(jobs)} runs read back")
    return status


if __name__ == "__main__":
    sys.exit(main())
