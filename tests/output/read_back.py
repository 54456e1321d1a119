#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""read_back.py MMSIM SOURCE: run shipped scenarios and read every file back.

Checks that rows are as long as headers, that CPU buckets sum to elapsed time
exactly, that callers sum to locks, and that ratios are those of the runs.
"""
import csv
import decimal
import glob
import os
import subprocess
import sys
import tempfile

D = decimal.Decimal
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


def load(folder, name, bad):
    with open(os.path.join(folder, name + ".csv"), newline="", encoding="utf-8") as f:
        rows = list(csv.reader(f, strict=True))
    head = rows[0]
    if head[:3] != ["scenario", "variant", "point"] or \
            not ",".join(head).endswith("," + FILES[name]):
        bad.append(f"{name}: header {head}")
    for i, row in enumerate(rows[1:], 2):
        if len(row) != len(head):
            bad.append(f"{name}.csv:{i}: {len(row)} fields of {len(head)}")
            return []
    return [dict(zip(head, row)) for row in rows[1:]]


def check_cpu(t, bad):
    elapsed = {}
    for r in t["runs"]:
        if r["metric"] == "elapsed":
            elapsed[r["variant"], r["point"], r["replication"]] = D(r["value"])
    sums = {}
    for r in t["cpu"]:
        key = r["variant"], r["point"], r["replication"], r["cpu"]
        sums[key] = sums.get(key, D(0)) + D(r["ns"])
    for key, ns in sums.items():
        if ns != elapsed[key[:3]]:
            bad.append(f"cpu {key}: buckets sum to {ns}, elapsed is {elapsed[key[:3]]}")
            return


def check_callers(t, bad):
    want, got = {}, {}
    for r in t["locks"]:
        key = r["variant"], r["point"], r["lock"]
        want[key] = want.get(key, 0) + int(r["contentions"])
    for r in t["lock_callers"]:
        key = r["variant"], r["point"], r["lock"]
        got[key] = got.get(key, 0) + int(r["contentions"])
    for key, n in got.items():
        if n > want.get(key, 0):
            bad.append(f"lock_callers {key}: {n} contentions of {want.get(key, 0)}")


def check_hist(t, bad):
    for r in t["hist"]:
        if not D(r["bin_low"]) < D(r["bin_high"]) or int(r["count"]) <= 0:
            bad.append(f"hist: {r}")
            return


def check(folder):
    bad = []
    t = {name: load(folder, name, bad) for name in FILES}
    if not bad:
        check_cpu(t, bad)
        check_callers(t, bad)
        check_hist(t, bad)
    for name in ("manifest.yaml", "run.log"):
        if not os.path.getsize(os.path.join(folder, name)):
            bad.append(f"{name} is empty")
    if [n for n in os.listdir(folder) if n.endswith(".tmp")]:
        bad.append("temporary files are left")
    return bad


def main():
    mmsim, src = sys.argv[1:3]
    status = 0
    files = sorted(glob.glob(src + "/scenarios/prims/*.yaml") +
                   glob.glob(src + "/scenarios/vmap/*.yaml"))
    for path in files:
        with tempfile.TemporaryDirectory() as tmp:
            subprocess.run([mmsim, "run", path, "--quick", "--quiet", "--no-plots", "-j2", "-o",
                            tmp], check=True)
            for line in check(tmp):
                print(f"{path}: {line}")
                status = 1
    print(f"{len(files)} scenarios")
    return status


if __name__ == "__main__":
    sys.exit(main())
