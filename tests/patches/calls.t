#!/usr/bin/python3 -B
# SPDX-License-Identifier: BSD-2-Clause
"""The files of libxl's part call one another as docs/architecture.md says: each only
files that are above it in the table there, so that there is no circle."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
PREFIX = "libxl_shared_mem"
TOOLS = {"x86_64": "nm", "arm64": "aarch64-linux-gnu-nm"}
HEADING = "## Which file calls which\n"
ROW = re.compile(r"^\| `([^|]+)` \|[^|]*\|([^|]*)\|$", re.MULTILINE)


def table() -> dict[str, set[str]]:
    """What each file calls, as documented, in the order of the table."""
    text = (TOP / "docs/architecture.md").read_text()
    section = text.split(HEADING, 1)[1].split("\n## ", 1)[0]
    return {"arch" if "`" in row[1] else row[1]:
            set(row[2].replace("none of them", "").replace(",", " ").split())
            for row in ROW.finditer(section)}


def file_of(obj: Path) -> str:
    """Its name in the table."""
    name = obj.stem.removeprefix(PREFIX).removeprefix("_")
    return {"": "main", "x86": "arch", "arm": "arch"}.get(name, name)


def symbols(tool: str, obj: Path) -> tuple[set[str], set[str]]:
    """Those that the object defines for others, and those that it needs."""
    defined, needed = set(), set()
    listing = subprocess.run([tool, obj], check=True, capture_output=True, text=True)
    for line in listing.stdout.splitlines():
        kind, name = line.split()[-2:]
        if kind == "U":
            needed.add(name)
        elif kind in "TDBR":
            defined.add(name)
    return defined, needed


def calls(arch: str) -> dict[str, set[str]]:
    """What each file calls in fact."""
    objects = sorted((TOP / f"build/xen/{arch}/tools/libs/light").glob(f"{PREFIX}*.opic"))
    found = {file_of(obj): symbols(TOOLS[arch], obj) for obj in objects}
    return {name: {other for other, (defined, _) in found.items()
                   if other != name and defined & needed}
            for name, (_, needed) in found.items()}


def main() -> int:
    documented = table()
    order = list(documented)
    actual: dict[str, set[str]] = {}
    for arch in TOOLS:
        found = calls(arch)
        if not found:
            print(f"Bail out! nothing was built for {arch}")
            return 1
        for name, callees in found.items():
            actual.setdefault(name, set()).update(callees)

    print(f"1..{len(actual) + 1}")
    failed = 0
    for number, name in enumerate(sorted(actual), start=1):
        problems = []
        if documented.get(name) != actual[name]:
            problems.append("it calls " + ", ".join(sorted(actual[name])))
        problems += [f"{callee} is not above it" for callee in sorted(actual[name])
                     if name in order and callee not in order[:order.index(name)]]
        print(f"{'not ok' if problems else 'ok'} {number} - {name} calls what is above it")
        for problem in problems:
            print(f"# {problem}")
        failed += bool(problems)

    same = set(order) == set(actual)
    print(f"{'ok' if same else 'not ok'} {len(actual) + 1} - each file is in the table")
    return 1 if failed or not same else 0


if __name__ == "__main__":
    sys.exit(main())
