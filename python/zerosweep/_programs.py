"""The commands `zerosweep` and `zerosweep-stage`. Each becomes the program of its name, so that signals and exit codes are the
program's. Before that, the system's loader says whether it finds every library, and new enough."""

from __future__ import annotations

import os
import pathlib
import re
import subprocess
import sys

FOLDER = pathlib.Path(__file__).resolve().parent
EXIT_USAGE = 2


def missing(program: pathlib.Path) -> str | None:
    """What the loader does not find for the program; None when it finds everything."""
    asked = subprocess.run([program], env={**os.environ, "LD_TRACE_LOADED_OBJECTS": "1"}, capture_output=True, text=True)
    said = asked.stderr + asked.stdout
    if asked.returncode < 0:  # glibc 2.35 crashes over a missing library of a library; it fails properly in earnest
        said = subprocess.run([program, "--version"], capture_output=True, text=True).stderr
    if found := re.search(r"(\S+): version `(\S+)' not found", said):
        return f"this system is too old: its {found[1]} lacks {found[2]}"
    if found := re.search(r"(\S+) => not found|loading shared libraries: (\S+):", said):
        return f"the library {found[1] or found[2]} is missing: install the wheel again with all that it needs"
    return None


def become(name: str) -> None:
    program = FOLDER / "bin" / name
    if lack := missing(program):
        print(f"{name}: {lack}", file=sys.stderr)
        sys.exit(EXIT_USAGE)
    # `import` runs the file of a network with this Python.
    os.environ.setdefault("ZEROSWEEP_PYTHON", sys.executable)
    os.execv(program, [str(program), *sys.argv[1:]])


def zerosweep() -> None:
    become("zerosweep")


def zerosweep_stage() -> None:
    become("zerosweep-stage")
