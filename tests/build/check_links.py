#!/usr/bin/env python3
"""Every file of this tree that sources and documents name exists, and so does every relative link. Usage: check_links.py SOURCE_TREE"""

import pathlib
import re
import sys

ROOMS = ["base", "contract", "storage", "sweeps", "reports", "cluster", "engine", "methods", "cli", "models", "docs", "scripts", "cmake", "tests"]
NAMED = re.compile(rf"(?<![\w./-])(?:{'|'.join(room for room in ROOMS if room != 'models')})/[\w./-]+\.(?:md|json|h|cc|cu|py|sql|cmake|txt)\b")
# Written by the build.
MADE = {"storage/migrations.h", "reports/published_csv.h", "reports/page_assets.h", "cli/pages.h"}
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
TEXT = {".h", ".cc", ".cu", ".py", ".md", ".txt", ".cmake", ".yaml", ""}


def files(root: pathlib.Path) -> list[pathlib.Path]:
    found = [path for room in ROOMS for path in (root / room).rglob("*") if path.is_file() and path.suffix in TEXT and "tests/build" not in path.as_posix()]
    return sorted(found + list(root.glob("*.md")))


def broken(root: pathlib.Path) -> list[str]:
    errors = []
    for path in files(root):
        text = path.read_text(errors="ignore")
        for name in set(NAMED.findall(text)):
            if name not in MADE and not (root / name).exists():
                errors.append(f"{path.relative_to(root)}: there is no {name}")
        if path.suffix != ".md":
            continue
        for link in set(LINK.findall(text)):
            if "://" not in link and not (path.parent / link).exists():
                errors.append(f"{path.relative_to(root)}: there is no {link}")
    return errors


def main() -> int:
    errors = broken(pathlib.Path(sys.argv[1]))
    print("\n".join(errors))
    return 1 if errors else 0


sys.exit(main())
