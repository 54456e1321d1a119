#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules about the source tree, each a test.

usage: tree.py RULE [ROOT]

  layers    no #include points up the layers of DESIGN.md section 2
  lines     no source file has more than 650 lines
  spdx      every source file carries an SPDX licence header
  comments  every function declared in a public header has a comment above it
  selftest  the rules find mistakes that were planted for them
"""
import os
import re
import sys
import tempfile

MAX_LINES = 650

# What a folder may include besides itself: DESIGN.md section 2, written out.
_CORE = ["sim/core"]
_STAT = _CORE + ["sim/stat"]
_HW = _STAT + ["sim/hw"]
_KERN = _HW + ["sim/kern"]
_MM = _KERN + ["sim/mm"]
_MODELS = _MM + ["sim/model"]
_ALL = _MODELS + ["sim/scenario", "models"]
ALLOWED = {
    "sim/core": [],
    "sim/stat": _CORE,
    "sim/hw": _STAT,
    "sim/kern": _HW,
    "sim/mm": _KERN,
    "sim/model": _STAT,
    # The immutable scenario holds a machine, hence machine.h and nothing else of hw.
    "sim/scenario": _STAT + ["sim/model", "sim/hw/machine.h"],
    "models/prims": _MODELS,
    "models/vmap": _MODELS,
    "models/percpu": _MODELS + ["models/vmap"],
    "models/rss": _MODELS + ["models/vmap", "models/percpu"],
    "models/list_lru": _MODELS,
    "models/thp": _MODELS + ["models/list_lru"],
    "models": _MODELS + ["models"],
    "sim/experiment": _ALL,
    "output": _ALL + ["sim/experiment"],
    # Measures the host: neither knows the simulator nor is known to it.
    "sim/calibrate": [],
    "sim/cli": _ALL + ["sim/experiment", "output", "sim/calibrate"],
}
CODE = ("sim", "models", "output", "tests")
INCLUDE = re.compile(r'^\s*#\s*include\s+["<]([^">]+)[">]', re.M)
SPDX = "SPDX-License-Identifier: GPL-2.0-or-later"


def files(root, tops, suffixes):
    """Paths below root/tops that end in one of suffixes, relative, sorted."""
    found = []
    for top in tops:
        for folder, _, names in os.walk(os.path.join(root, top)):
            found += [os.path.relpath(os.path.join(folder, n), root)
                      for n in names if n.endswith(suffixes)]
    return sorted(found)


def read(root, path):
    with open(os.path.join(root, path), encoding="utf-8") as f:
        return f.read()


def layer_of(path):
    """The longest folder in ALLOWED that path lies in, or None."""
    folder = os.path.dirname(path)
    while folder:
        if folder in ALLOWED:
            return folder
        folder = os.path.dirname(folder)
    return None


def may_include(layer, target):
    return any(target == a or target.startswith(a + "/") for a in [layer] + ALLOWED[layer])


def rule_layers(root):
    bad = []
    for path in files(root, ("sim", "models", "output"), (".c", ".h", ".S")):
        layer = layer_of(path)
        if layer is None:
            bad.append(f"{path}:1: folder has no place in the layers (tests/tree/tree.py)")
            continue
        text = read(root, path)
        for m in INCLUDE.finditer(text):
            target = m.group(1)
            line = text.count("\n", 0, m.start(1)) + 1
            where = target
            if not target.startswith(("sim/", "models/", "output/")):
                # A relative include that leaves its folder would dodge the rule.
                local = os.path.normpath(os.path.join(os.path.dirname(path), target))
                if not os.path.exists(os.path.join(root, local)):
                    continue
                where = local
            if not may_include(layer, where):
                bad.append(f"{path}:{line}: {layer} must not include {target}")
    return bad


def rule_lines(root):
    bad = []
    for path in files(root, CODE, (".c", ".h", ".S", ".py", ".sh")):
        n = read(root, path).count("\n")
        if n > MAX_LINES:
            bad.append(f"{path}:{n}: {n} lines, more than {MAX_LINES}; split it")
    return bad


def rule_spdx(root):
    bad = []
    paths = files(root, CODE + ("cmake",),
                  (".c", ".h", ".S", ".py", ".sh", ".cmake", "CMakeLists.txt"))
    for path in paths + ["CMakeLists.txt", "quickstart", ".ci/run"]:
        if not os.path.exists(os.path.join(root, path)):
            continue
        if SPDX not in "\n".join(read(root, path).split("\n")[:3]):
            bad.append(f"{path}:1: no '{SPDX}' in the first three lines")
    return bad


DECL = re.compile(r"^[a-z_][\w \t*]*\b(\w+)\(")
# Say all by their name: the verbs of an object's life.
LIFECYCLE = re.compile(r"_(new|init|free|destroy|add)$")


def public_headers(root):
    """Headers that a file of another folder (tests aside) includes."""
    public = set()
    for path in files(root, ("sim", "models", "output"), (".c", ".h")):
        for target in INCLUDE.findall(read(root, path)):
            if os.path.dirname(target) != os.path.dirname(path):
                public.add(target)
    return public


def rule_comments(root):
    """In a header that another folder includes, a declaration that starts in column one needs a comment directly above it, or to
    stand in a group (no blank line between) whose first line has one. Inline helpers and
    the verbs of an object's life (new, init, free, destroy, add) may go without."""
    bad = []
    public = public_headers(root)
    for path in files(root, ("sim", "models", "output"), (".h",)):
        if path not in public:
            continue
        lines = read(root, path).split("\n")
        in_comment = grouped = False
        depth = 0
        for i, line in enumerate(lines):
            if in_comment:
                in_comment = "*/" not in line
                grouped = True
                continue
            if line.lstrip().startswith("/*") and depth == 0:
                in_comment = "*/" not in line
                grouped = True
                continue
            if not line.strip():
                if depth == 0:
                    grouped = False
                continue
            m = DECL.match(line)
            if depth == 0 and m and not line.startswith(("typedef", "static")):
                if (not grouped and "/*" not in line
                        and not LIFECYCLE.search(m.group(1))):
                    bad.append(f"{path}:{i + 1}: {m.group(1)}() has no comment above it")
            if not line.startswith("#"):
                depth = max(0, depth + line.count("{") - line.count("}"))
    return bad


RULES = {
    "layers": rule_layers,
    "lines": rule_lines,
    "spdx": rule_spdx,
    "comments": rule_comments,
}


def selftest(_root):
    """Plant one mistake per rule (and one legal neighbour) and see it found."""
    head = f"/* {SPDX} */\n"
    planted = [
        # rule, path, text, is it a mistake?
        ("layers", "sim/core/a.c", head + '#include "sim/core/b.h"\n', False),
        ("layers", "sim/core/a.c", head + '#include "sim/stat/hist.h"\n', True),
        ("layers", "sim/core/a.c", head + "#  include <sim/hw/hw.h>\n", True),
        ("layers", "sim/stat/a.h", head + '#include "sim/core/b.h"\n', False),
        ("layers", "sim/stat/a.h", head + '#include "sim/hw/hw.h"\n', True),
        ("layers", "sim/hw/a.c", head + '#include "sim/kern/task.h"\n', True),
        ("layers", "sim/kern/a.c", head + '#include "sim/mm/slab.h"\n', True),
        ("layers", "sim/mm/a.c", head + '#include "sim/model/model.h"\n', True),
        ("layers", "sim/mm/a.c", head + '#include "models/vmap/vmap.h"\n', True),
        ("layers", "sim/model/a.c", head + '#include "sim/hw/machine.h"\n', True),
        ("layers", "sim/model/a.c", head + '#include "sim/scenario/scenario.h"\n', True),
        ("layers", "sim/scenario/a.c", head + '#include "sim/hw/machine.h"\n', False),
        ("layers", "sim/scenario/a.c", head + '#include "sim/hw/line.h"\n', True),
        ("layers", "sim/scenario/a.c", head + '#include "sim/experiment/e.h"\n', True),
        ("layers", "models/vmap/a.c", head + '#include "models/prims/p.h"\n', True),
        ("layers", "models/vmap/a.c", head + '#include "sim/scenario/scenario.h"\n', True),
        ("layers", "models/percpu/a.c", head + '#include "models/vmap/vmap.h"\n', False),
        ("layers", "sim/experiment/a.c", head + '#include "sim/cli/cli.h"\n', True),
        ("layers", "output/a.c", head + '#include "sim/cli/cli.h"\n', True),
        ("layers", "sim/cli/a.c", head + '#include "output/csv.h"\n', False),
        ("layers", "sim/newlayer/a.c", head, True),
        ("layers", "sim/calibrate/a.c", head + '#include "sim/core/types.h"\n', True),
        ("layers", "sim/cli/a.c", head + '#include "sim/calibrate/calibrate.h"\n', False),
        ("lines", "sim/core/a.c", head + "\n" * (MAX_LINES - 1), False),
        ("lines", "sim/core/a.c", head + "\n" * MAX_LINES, True),
        ("spdx", "sim/core/a.c", head, False),
        ("spdx", "sim/core/a.c", "int a;\n", True),
        ("comments", "sim/core/a.h", head + "\n/* Does it. */\nint f(int a);\n", False),
        ("comments", "sim/core/a.h", head + "\nint f(int a);\n", True),
        ("comments", "sim/core/a.h", head + "\nint f(int a);\nint g(void);\n", True),
        ("comments", "sim/core/a.h", head + "\nstatic inline int f(int a)\n{\n}\n", False),
    ]
    bad = []
    for rule, path, text, mistake in planted:
        with tempfile.TemporaryDirectory() as root:
            os.makedirs(os.path.join(root, os.path.dirname(path)))
            with open(os.path.join(root, path), "w", encoding="utf-8") as f:
                f.write(text)
            if rule == "comments":
                os.makedirs(os.path.join(root, "output"))
                with open(os.path.join(root, "output/user.c"), "w", encoding="utf-8") as f:
                    f.write(f'#include "{path}"\n')
            found = RULES[rule](root)
            if bool(found) != mistake:
                what = "missed" if mistake else f"wrongly reported ({found})"
                bad.append(f"{rule}: {path}: {what}: {text!r}"[:300])
    # An include that climbs with ../ is caught as well.
    with tempfile.TemporaryDirectory() as root:
        for folder in ("sim/core", "sim/hw"):
            os.makedirs(os.path.join(root, folder))
        for path, text in (("sim/hw/hw.h", head),
                           ("sim/core/a.c", head + '#include "../hw/hw.h"\n')):
            with open(os.path.join(root, path), "w", encoding="utf-8") as f:
                f.write(text)
        if not rule_layers(root):
            bad.append("layers: missed ../hw/hw.h")
    return bad


def main(argv):
    rules = dict(RULES, selftest=selftest)
    if len(argv) not in (2, 3) or argv[1] not in rules:
        sys.stderr.write(__doc__)
        return 2
    bad = rules[argv[1]](argv[2] if len(argv) == 3 else ".")
    for line in bad:
        print(line)
    print(f"{argv[1]}: {len(bad)} mistake{'' if len(bad) == 1 else 's'}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
