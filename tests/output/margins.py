#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""margins.py MMSIM: --margins fills model_low and model_high and changes nothing else."""
import csv
import os
import subprocess
import sys
import tempfile

MMSIM = os.path.abspath(sys.argv[1])
FAILED = []

SCENARIO = """scenario: margins
machine: %s
seed: 4
replications: 2
params: {n: {default: 2, min: 1}}
objects: [{name: q, kind: qspinlock}, {name: c, kind: line}]
variants: [{name: one, virt: none}, {name: same, virt: none}, {name: tas, virt: tas}]
sweep: {n: [2, 8]}
plots: [{x: n, y: prims.locks_per_us, by: variant}]
threads:
  - name: w
    count: ${n}
    do: [{loop: 300, do: [{lock: q}, {load: c}, {unlock: q}, {think: exp(200ns)}]}]
"""


def check(ok, what):
    if not ok:
        FAILED.append(what)
        print("FAILED:", what)


def run(scn, out, *args):
    r = subprocess.run([MMSIM, "run", scn, "-o", out, "--no-plots", *args],
                       capture_output=True, text=True)
    check(r.returncode == 0, f"{args}: {r.returncode} {r.stderr}")
    return r.stdout


def rows(folder, name):
    with open(os.path.join(folder, name), newline="", encoding="utf-8") as f:
        return list(csv.DictReader(f))


def text(folder, name):
    with open(os.path.join(folder, name), "rb") as f:
        return f.read()


def test_bytes(a, b, plain):
    """Workers do not matter; without --margins the other columns are the same."""
    for name in sorted(os.listdir(a)):
        if name != "run.log":
            check(text(a, name) == text(b, name), f"{name} differs between -j1 and -j2")
        if name not in ("run.log", "summary.csv", "ratios.csv", "manifest.yaml"):
            check(text(a, name) == text(plain, name), f"{name} differs with --margins")
    check(b"\nmargins: 12\n" in text(a, "manifest.yaml"), "the manifest does not say")
    check(b"margins" not in text(plain, "manifest.yaml").replace(b'"margins"', b""),
          "a manifest without --margins says so")
    for name in ("summary.csv", "ratios.csv"):
        with_, without = rows(a, name), rows(plain, name)
        check(len(with_) == len(without) > 0, f"{name}: number of rows")
        for x, y in zip(with_, without):
            check(y["model_low"] == y["model_high"] == "", f"{name}: a margin without --margins")
            check(x["model_low"] != "" and x["model_high"] != "", f"{name}: no margin: {x}")
            check(float(x["model_low"]) <= float(x["model_high"]), f"{name}: order: {x}")
            x["model_low"] = x["model_high"] = ""
            check(x == y, f"{name}: {x} is not {y}")


def test_meaning(a):
    """Wide where costs matter; one where both sides pay the same costs."""
    wide = [r for r in rows(a, "summary.csv")
            if r["metric"] == "prims.locks_per_us" and r["point"] == "n=8"]
    check(len(wide) == 3, "three variants")
    for r in wide:
        check(float(r["model_low"]) < 0.98 * float(r["model_high"]), f"no margin: {r}")
        check(float(r["model_low"]) < float(r["mean"]) < float(r["model_high"]),
              f"the mean is outside: {r}")
    for r in rows(a, "ratios.csv"):
        if r["variant"] == "same" and r["ratio"] == "1":
            check(r["model_low"] == r["model_high"] == "1", f"not the same draw: {r}")
    tas = [r for r in rows(a, "ratios.csv")
           if r["variant"] == "tas" and r["metric"] == "elapsed" and r["point"] == "n=8"]
    check(tas[0]["model_low"] != tas[0]["model_high"], "the ratio of unlike variants is sure")


def test_table(out):
    check("5th to 95th percentile of 12 samples" in out, "no table of margins")
    head, _, ranking = out.partition("Costs that move prims.locks_per_us most at n=8:\n")
    check(head.count(" .. ") >= 6, f"no intervals: {head}")
    lines = ranking.split("\n")
    check(lines[0].split()[:3] == ["of", "cost", "(tag)"], f"no ranking: {ranking}")
    names = [line.split("  ")[0] for line in lines[1:] if line and line[0] != " "]
    check(names[:3] == ["one", "same", "tas"] and "tas / one" in names, f"ranked: {names}")
    check("handoff_factor (E)" in ranking, f"the hand-over does not matter: {ranking}")


def main():
    with tempfile.TemporaryDirectory() as tmp:
        scn = os.path.join(tmp, "s.yaml")
        dirs = [os.path.join(tmp, d) for d in ("a", "b", "plain", "ideal", "few")]
        with open(scn, "w", encoding="utf-8") as f:
            f.write(SCENARIO % "flat-8")
        out = run(scn, dirs[0], "--margins", "12", "-j1")
        run(scn, dirs[1], "--margins", "12", "-j2", "--quiet")
        run(scn, dirs[2], "--quiet")
        test_bytes(*dirs[:3])
        test_meaning(dirs[0])
        test_table(out)
        check("ranked from 8 samples on" in run(scn, dirs[4], "--margins", "3"), "few samples")
        # Nothing of an ideal machine has an error: the margin is the value of replication 1.
        with open(scn, "w", encoding="utf-8") as f:
            f.write(SCENARIO % "ideal-8")
        run(scn, dirs[3], "--margins", "3", "--replications", "1", "--quiet")
        for r in rows(dirs[3], "summary.csv"):
            if r["variant"] == "one":
                check(r["model_low"] == r["model_high"] and
                      abs(float(r["mean"]) - float(r["model_low"])) <= 1e-9 * abs(float(r["mean"])),
                      f"ideal: {r}")
    return 1 if FAILED else 0


sys.exit(main())
