#!/usr/bin/env python3
"""Documents are readable in an editor: lines of prose have at most 100 columns, cells of tables hold phrases, and words that CONTRIBUTING.md
rules out stand nowhere in documents, comments and messages.
Usage: check_prose.py SOURCE_TREE"""

import pathlib
import re
import subprocess
import sys
import tempfile

MOST_COLUMNS = 100
MOST_IN_A_CELL = 160  # a phrase, with the names in it
WORDS = re.compile(r"\b(beside|besides|nobody|of whom)\b", re.IGNORECASE)
CODE = {".h", ".cc", ".cu"}
PRINTED = {"docs/methods.md", "docs/results.md", "docs/networks.md", "docs/leaderboard.md"}  # tables of texts that are declared elsewhere


def long_lines(name: str, text: str) -> list[str]:
    found, in_code = [], False
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("```"):
            in_code = not in_code
        elif in_code:
            continue
        elif line.startswith("|"):
            cells = re.split(r"(?<!\\)\|", line)
            if name not in PRINTED and any(len(cell) > MOST_IN_A_CELL for cell in cells):
                found.append(f"{name}:{number}: a cell of more than {MOST_IN_A_CELL} characters: put its text below the table")
        elif len(line) > MOST_COLUMNS and " " in line.strip()[:MOST_COLUMNS]:
            found.append(f"{name}:{number}: {len(line)} columns, more than {MOST_COLUMNS}")
    return found


def words(name: str, text: str) -> list[str]:
    return [f"{name}:{number}: '{hit[0]}'" for number, line in enumerate(text.splitlines(), 1) if (hit := WORDS.search(line))]


def bad(root: pathlib.Path, names: list[str]) -> list[str]:
    found = []
    for name in names:
        path = root / name
        if name.startswith(("tests/", "docs/results/")) or not path.is_file():
            continue
        if path.suffix == ".md":
            found += long_lines(name, path.read_text())
        if path.suffix in CODE or path.suffix in {".md", ".yaml"}:
            found += words(name, path.read_text())
    return found


def test_that_it_can_fail() -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        (root / "a.md").write_text(f"{'word ' * 21}\n```\n{'word ' * 30}\n```\n| {'word ' * 40} |\n| short |\nhttp://{'x' * 120}\n")
        (root / "b.cc").write_text("// nobody says this\n// somebody does\n")
        assert len(bad(root, ["a.md", "b.cc", "absent.md"])) == 3, bad(root, ["a.md", "b.cc"])


if __name__ == "__main__":
    test_that_it_can_fail()
    tree = pathlib.Path(sys.argv[1])
    tracked = subprocess.run(["git", "-C", tree, "ls-files"], capture_output=True, text=True, check=False).stdout.split("\n")
    if tracked == [""]:
        print("no git here: nothing to look at")
        sys.exit(0)
    problems = bad(tree, tracked)
    print("\n".join(problems) if problems else "lines of prose, cells and words are as CONTRIBUTING.md asks")
    sys.exit(1 if problems else 0)
