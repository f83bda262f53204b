#!/usr/bin/env python3
"""Every include respects the order of the rooms (docs/architecture.md) and of the folders within a room (their README.md), and neither
files nor folders include each other in a circle. No folder holds more than 30 C++ files, but for lists of commands and networks.
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
CODE = {".h", ".cc", ".cu"}
# What a folder's README says: "It may include `home` and `results` of this room."; `.`: the files of the room above its folders.
FOLDER_RULE = re.compile(r"^It may include ((?:.|\n)+?) of\sthis\sroom\.$", re.MULTILINE)
MOST_FILES = 30
LISTS = {"cli/commands", "engine/models"}
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)


def violations(root: pathlib.Path) -> list[str]:
    found = []
    for room, allowed in MAY_INCLUDE.items():
        for path in sorted((root / room).rglob("*")):
            if path.suffix not in CODE:
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


def folder_rules(root: pathlib.Path) -> dict[str, set[str]]:
    """folder -> folders of its room that it may include, of rooms whose folders have rules."""
    rules = {}
    for room in MAY_INCLUDE:
        for readme in (root / room).glob("*/README.md"):
            if rule := FOLDER_RULE.search(readme.read_text()):
                named = re.findall(r"`([^`]+)`", rule[1])
                rules[f"{room}/{readme.parent.name}"] = {f"{room}/{name}" for name in named}
                if "." in named:
                    rules[f"{room}/."] = set()
    return rules


def folder_of(path: str) -> str:
    """room/folder, or room/. of a file that stands above the room's folders."""
    room, *rest = path.split("/")
    return f"{room}/{rest[0] if len(rest) > 1 else '.'}"


def folder_violations(root: pathlib.Path) -> list[str]:
    rules = folder_rules(root)
    rooms_with_rules = {folder.split("/")[0] for folder in rules}
    found = []
    for room in MAY_INCLUDE:
        for path in sorted((root / room).rglob("*")):
            if path.suffix not in CODE:
                continue
            relative = path.relative_to(root).as_posix()
            folder = folder_of(relative)
            if room in rooms_with_rules and folder not in rules:
                found.append(f"{relative} stands in no folder whose README.md says what it may include")
                continue
            for include in INCLUDE.findall(path.read_text()):
                target = folder_of(include)
                if folder in rules and target in rules and target != folder and target.split("/")[0] == room and target not in rules[folder]:
                    found.append(f"{relative} includes {include}, which {folder}/README.md does not allow")
    for folder, targets in rules.items():
        reached, ways = set(), list(targets)
        while ways:
            target = ways.pop()
            if target not in reached:
                reached.add(target)
                ways.extend(rules.get(target, ()))
        if folder in reached:
            found.append(f"{folder}/README.md: what it may include may include it")
    return found


def crowded(root: pathlib.Path) -> list[str]:
    found = []
    for room in [*MAY_INCLUDE, "tests"]:
        for folder in [root / room, *(path for path in (root / room).rglob("*") if path.is_dir())]:
            name = folder.relative_to(root).as_posix()
            files = sum(path.suffix in CODE for path in folder.iterdir()) if folder.is_dir() else 0
            if files > MOST_FILES and name not in LISTS:
                found.append(f"{name} holds {files} C++ files, more than {MOST_FILES}: give it folders")
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
        for folder, rule in (("upkeep", "`home`"), ("home", "nothing else")):
            (root / "storage" / folder).mkdir()
            (root / "storage" / folder / "README.md").write_text(f"Text.\nIt may include {rule} of this room.\n")
        (root / "storage" / "upkeep" / "a.cc").write_text('#include "storage/home/b.h"\n')
        assert folder_violations(root) == [], folder_violations(root)
        (root / "storage" / "home" / "b.h").write_text('#include "storage/upkeep/c.h"\n')
        (root / "storage" / "d.h").write_text("")
        assert len(folder_violations(root)) == 2, folder_violations(root)
        (root / "storage" / "home" / "README.md").write_text("It may include `upkeep` of this room.\n")
        assert len(folder_violations(root)) == 3, folder_violations(root)
        (root / "base" / "process").mkdir()
        (root / "base" / "process" / "README.md").write_text("It may include `.` of this room.\n")
        (root / "base" / "process" / "f.h").write_text('#include "base/g.h"\n')
        assert len(folder_violations(root)) == 3, folder_violations(root)
        (root / "base" / "g.h").write_text('#include "base/process/f.h"\n')
        assert len(folder_violations(root)) == 4, folder_violations(root)
        (root / "base" / "g.h").unlink()
        for number in range(31):
            (root / "methods" / f"{number}.h").write_text("")
        assert len(crowded(root)) == 1, crowded(root)
        assert circles(root) == ["a circle of includes: engine/d.h -> engine/e.h -> engine/d.h"], circles(root)


if __name__ == "__main__":
    test_that_it_can_fail()
    tree = pathlib.Path(sys.argv[1])
    bad = violations(tree) + folder_violations(tree) + circles(tree) + crowded(tree)
    print("\n".join(bad) if bad else "every include respects the order of the rooms and of their folders, there is no circle, no folder is crowded")
    sys.exit(1 if bad else 0)
