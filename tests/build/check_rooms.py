#!/usr/bin/env python3
"""Every include respects the order of the rooms (docs/architecture.md), and no files include each other in a circle.
Usage: check_rooms.py SOURCE_TREE"""

import pathlib
import re
import sys
import tempfile

# room -> rooms it may include besides itself
MAY_INCLUDE = {
    "base": set(),
    "contract": {"base"},
    "storage": {"base", "contract"},
    "sweeps": {"base", "contract", "storage"},
    "reports": {"base", "contract", "storage"},
    "cluster": {"base", "contract", "storage", "sweeps"},
    "engine": {"base", "contract"},
    "methods": {"base", "contract", "engine"},
    "cli": {"base", "contract", "storage", "sweeps", "reports", "cluster"},
}
# The two mains share a folder; the stage's main belongs to the other program.
STAGE_MAIN = {"cli/stage_main.cc": {"base", "contract", "engine", "methods"}}
GENERATED = {"mpi_config.h"}
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)


def violations(root: pathlib.Path) -> list[str]:
    found = []
    for room, allowed in MAY_INCLUDE.items():
        for path in sorted((root / room).rglob("*")):
            if path.suffix not in {".h", ".cc", ".cu"}:
                continue
            relative = path.relative_to(root).as_posix()
            may = STAGE_MAIN.get(relative, allowed | {room})
            for include in INCLUDE.findall(path.read_text()):
                target = include.split("/")[0]
                if include in GENERATED:
                    continue
                if "/" not in include or target not in MAY_INCLUDE:
                    found.append(f'{relative}: "{include}" is not rooted at the repository')
                elif target not in may:
                    found.append(f"{relative} ({room}) includes {include} ({target})")
    return found


def circles(root: pathlib.Path) -> list[str]:
    """A line for each circle of headers, found by a walk in depth from every header."""
    includes = {}
    for room in MAY_INCLUDE:
        for path in (root / room).rglob("*.h"):
            includes[path.relative_to(root).as_posix()] = INCLUDE.findall(path.read_text())
    found, done = [], set()

    def walk(header: str, way: list[str]) -> None:
        if header in way:
            found.append("a circle of includes: " + " -> ".join(way[way.index(header):] + [header]))
        elif header not in done:
            for include in includes.get(header, []):
                walk(include, way + [header])
            done.add(header)

    for header in sorted(includes):
        walk(header, [])
    return found


def test_that_it_can_fail() -> None:
    with tempfile.TemporaryDirectory() as name:
        root = pathlib.Path(name)
        for room in MAY_INCLUDE:
            (root / room).mkdir()
        (root / "base" / "a.h").write_text('#include "storage/results/rows.h"\n')
        (root / "cluster" / "b.cc").write_text('#include "engine/graph/graph.h"\n#include "storage/results/rows.h"\n')
        (root / "cli" / "stage_main.cc").write_text('#include "engine/stages/runner.h"\n')
        (root / "engine" / "c.cc").write_text('#include "graph.h"\n')
        (root / "engine" / "d.h").write_text('#include "engine/e.h"\n')
        (root / "engine" / "e.h").write_text('#include "engine/d.h"\n')
        assert len(violations(root)) == 3, violations(root)
        assert circles(root) == ["a circle of includes: engine/d.h -> engine/e.h -> engine/d.h"], circles(root)


if __name__ == "__main__":
    test_that_it_can_fail()
    tree = pathlib.Path(sys.argv[1])
    bad = violations(tree) + circles(tree)
    print("\n".join(bad) if bad else "every include respects the order of the rooms, and there is no circle")
    sys.exit(1 if bad else 0)
