#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""resume.py MMSIM: an interrupted run keeps what is finished and is resumed to the same bytes."""
import fcntl
import os
import signal
import subprocess
import sys
import tempfile
import time

MMSIM = os.path.abspath(sys.argv[1])
FLAGS = ["--no-plots", "-j1"]
FAILED = []

# Point 1 takes moments, the other seconds, so a signal after the first record is in time.
VMAP = ", {name: b, vmap: {variant: nodes-v3}}", ", {vmalloc: {pages: 1, into: p}}, {vfree: p}"
PLAIN = "", ""
POINTS = """scenario: resume
about: "series, histograms, locks and lock callers: everything a result has"
machine: flat-8
replications: %s
params: {loops: {default: 10, min: 1}}
objects: [{name: l, kind: qspinlock}]
variants: [{name: a}, {name: c}%s]
sweep: {loops: [20, %d]}
measure: {sample: 100us}
threads:
  - name: w
    count: 8
    do: [{loop: "${loops}", do: [{lock: l}, {think: exp(100ns)}, {unlock: l}%s]}]
"""


def check(ok, what):
    if not ok:
        FAILED.append(what)
        print("FAILED:", what)


def run(*args):
    return subprocess.run([MMSIM, "run", *args, *FLAGS], capture_output=True, text=True)


def interrupt(signals, out, *args, pause=0):
    """Start, send the first signal once one more run is in the journal; (status, stderr)."""
    journal = os.path.join(out, "journal")
    old = os.path.getsize(journal) if os.path.exists(journal) else 0
    p = subprocess.Popen([MMSIM, "run", *args, "-o", out, *FLAGS], stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, text=True)
    until = time.time() + 60
    while time.time() < until and p.poll() is None:
        if os.path.exists(journal) and os.path.getsize(journal) > old + 2000:
            break
        time.sleep(0.01)
    time.sleep(pause)
    for s in signals:
        p.send_signal(s)
        time.sleep(0.3)
    err = p.communicate()[1]
    return p.returncode, err


def same(a, b):
    """Files of two folders but the log are equal."""
    def names(d):
        return sorted(n for n in os.listdir(d) if n != "run.log")
    if names(a) != names(b):
        print(names(a), names(b))
        return False
    for n in names(a):
        with open(os.path.join(a, n), "rb") as f, open(os.path.join(b, n), "rb") as g:
            if f.read() != g.read():
                print(n, "differs")
                return False
    return True


def kept(result):
    for line in result.stderr.split("\n"):
        if "finished runs are kept" in line:
            return int(line.split(": ")[-1].split()[0])
    return -1


def scenario(reps, loops, extra):
    return POINTS % (reps, extra[0], loops, extra[1])


def test_resume(tmp, reps, name, loops, extra, *args):
    scn = os.path.join(tmp, name + ".yaml")
    with open(scn, "w", encoding="utf-8") as f:
        f.write(scenario(reps, loops, extra))
    whole, part = os.path.join(tmp, name + "-whole"), os.path.join(tmp, name + "-part")
    r = run(scn, "-o", whole, *args)
    check(r.returncode == 0, f"{name}: whole run: {r.stderr}")
    check(not os.path.exists(os.path.join(whole, "journal")), "a whole run leaves no journal")
    for i, sig in enumerate((signal.SIGINT, signal.SIGTERM)):
        more = ["--resume"] if i else []
        rc, err = interrupt([sig], part, scn, *args, *more)
        if i and rc == 0:
            break  # a slow host: the rest was done before the second signal
        check(rc == 3, f"{name}: {sig.name}: status {rc}, not 3")
        check("--resume continues" in err and f"kept in {part}" in err, f"message: {err}")
        check(os.path.getsize(os.path.join(part, "journal")) > 2000, "nothing was kept")
        with open(os.path.join(part, "manifest.yaml"), encoding="utf-8") as f:
            check("complete: false" in f.read(), "the manifest says it is complete")
    r = run(scn, "-o", part, *args, "--resume")
    check(r.returncode == 0, f"{name}: resume: {r.stderr}")
    check(kept(r) >= 1, f"{name}: {kept(r)} runs were kept")
    check(same(whole, part), f"{name}: the resumed run differs")
    return scn, whole


def test_refuse(tmp, scn):
    """A journal of something else; a torn one; none."""
    part = os.path.join(tmp, "refuse")
    rc, _ = interrupt([signal.SIGTERM], part, scn)
    check(rc == 3, "interrupt")
    other = os.path.join(tmp, "other.yaml")
    with open(scn, encoding="utf-8") as f, open(other, "w", encoding="utf-8") as g:
        g.write(f.read().replace("exp(100ns)", "exp(101ns)"))
    journal = os.path.join(part, "journal")
    with open(journal, "rb") as f:
        kept_bytes = f.read()
    for what, args in (("another seed (1, not 7)", [scn, "--seed", "7"]),
                       ("another scenario (", [other]),
                       ("another engine (normal, not reference)", [scn, "--engine=reference"]),
                       ("another variants (", [scn, "--variant", "a"]),
                       ("another settings (", [scn, "--replications", "5"])):
        r = run(*args, "-o", part, "--resume")
        check(r.returncode == 2 and what in r.stderr, f"{what}: {r.returncode} {r.stderr}")
    for what, data in (("no journal of this version", b"something else\n\n"),
                       ("no journal of this version", b""),
                       ("another version (", kept_bytes.replace(b"version: ", b"version: 9", 1))):
        with open(journal, "wb") as f:
            f.write(data)
        r = run(scn, "-o", part, "--resume")
        check(r.returncode == 2 and what in r.stderr, f"{what}: {r.returncode} {r.stderr}")
        with open(journal, "rb") as f:
            check(f.read() == data, "a refused journal was changed")
    return part, kept_bytes


def test_torn(tmp, scn, whole, part, data):
    with open(os.path.join(part, "journal"), "wb") as f:
        f.write(data[:-10])
    r = run(scn, "-o", part, "--resume")
    check(r.returncode == 0 and kept(r) >= 0, f"torn: {r.stderr}")
    check(same(whole, part), "after a torn journal the run differs")
    flip = bytearray(data)
    flip[-10] ^= 1
    with open(os.path.join(part, "journal"), "wb") as f:
        f.write(flip)
    check(run(scn, "-o", part, "--resume").returncode == 0, "resume from a damaged journal")
    check(same(whole, part), "after a damaged journal the run differs")
    r = run(scn, "-o", os.path.join(tmp, "none"), "--resume")
    check(r.returncode == 0 and kept(r) == 0, "--resume without a journal starts anew")
    # Without --resume an old journal is no matter.
    with open(os.path.join(part, "journal"), "wb") as f:
        f.write(b"old")
    check(run(scn, "-o", part).returncode == 0, "run over an old journal")
    check(same(whole, part), "a run over an old journal differs")


def test_two_files(tmp):
    """What was finished before the file that was interrupted is kept too."""
    names, files = ("quick", "slow"), []
    for name, loops in zip(names, (30, 20000)):
        files.append(os.path.join(tmp, name + ".yaml"))
        with open(files[-1], "w", encoding="utf-8") as f:
            f.write(scenario("2", loops, PLAIN).replace("scenario: resume", "scenario: " + name))
    whole, part = os.path.join(tmp, "two-whole"), os.path.join(tmp, "two-part")
    run(*files, "-o", whole)
    p = subprocess.Popen([MMSIM, "run", *files, "-o", part, *FLAGS, "--quiet"],
                         stderr=subprocess.DEVNULL)
    journal = os.path.join(part, "slow", "journal")
    until = time.time() + 60
    while time.time() < until and p.poll() is None:
        if os.path.exists(journal) and os.path.getsize(journal) > 2000:
            break
        time.sleep(0.01)
    p.terminate()
    check(p.wait() == 3, "interrupt of the second file")
    r = run(*files, "-o", part, "--resume")
    check("quick: 8 finished runs are kept" in r.stderr, f"the first file ran again: {r.stderr}")
    for name in names:
        check(same(os.path.join(whole, name), os.path.join(part, name)), f"{name} differs")


def test_lock(tmp, scn):
    """Two at a time do not share a folder."""
    out = os.path.join(tmp, "locked")
    os.mkdir(out)
    with open(os.path.join(out, "journal"), "wb") as f:
        fcntl.flock(f, fcntl.LOCK_EX)
        r = run(scn, "-o", out)
        check(r.returncode == 2 and "another mmsim writes to this folder" in r.stderr,
              f"lock: {r.returncode} {r.stderr}")
    r = run(scn, "-o", os.path.join(scn, "below-a-file"))
    check(r.returncode == 2 and "below-a-file" in r.stderr, f"folder: {r.returncode} {r.stderr}")


def test_twice(tmp):
    """A second signal does not wait for the run under way."""
    scn = os.path.join(tmp, "long.yaml")
    with open(scn, "w", encoding="utf-8") as f:
        f.write(scenario("1", 10000000, PLAIN))
    start = time.time()
    # The record of the first run may be seen before the second run begins; a signal just then
    # finds nothing to wait for.
    for pause in (0.5, 2, 8):
        rc, err = interrupt([signal.SIGTERM, signal.SIGINT], os.path.join(tmp, "long"), scn,
                            "--variant", "a", pause=pause)
        if "given up" in err:
            break
    check(rc == 3 and "given up" in err, f"twice: {rc} {err}")
    check(time.time() - start < 60, "the second signal waited")


def main():
    with tempfile.TemporaryDirectory() as tmp:
        scn, whole = test_resume(tmp, "{until: 0.01%, at_most: 4}", "until", 20000, PLAIN)
        test_resume(tmp, "2", "fixed", 1000, VMAP)
        test_resume(tmp, "1", "margins", 20000, PLAIN, "--margins", "4")
        part, data = test_refuse(tmp, scn)
        test_torn(tmp, scn, whole, part, data)
        test_two_files(tmp)
        test_lock(tmp, scn)
        test_twice(tmp)
    return 1 if FAILED else 0


sys.exit(main())
