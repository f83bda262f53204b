#!/usr/bin/env python3
"""How long a first call of make takes on a bare Debian 12, with nothing downloaded or compiled before (docs/performance.md). Root runs it:

    python3 tests/build/cold_start.py FOLDER 'make demo' ['make test' …]
    python3 tests/build/cold_start.py FOLDER dist/zerosweep-….whl

The calls follow one another in one clone of this checkout, under FOLDER; a wheel is installed by pip, and runs the demo's sweep. Prints what
Zerosweep says of each step, and how long it took."""

import pathlib
import shutil
import subprocess
import sys
import time

import wheel_in_root
from bare_root import USER, Root, bare_root

SOURCE = pathlib.Path(__file__).resolve().parent.parent.parent


def timed(root: Root, name: str, command: str, user: int) -> None:
    start = time.monotonic()
    done = root.run("sh", "-c", f"{command} 2>&1", user=user)
    seconds = round(time.monotonic() - start)
    said = [line for line in done.stdout.splitlines() if line.startswith(("zerosweep: ", "setup: ", "Total Test time"))]
    print(f"{name}: {seconds // 60} min {seconds % 60:02d} s", *said, "", sep="\n", flush=True)
    if done.returncode:
        sys.exit(f"{done.stdout}{done.stderr}\n{name} ended with {done.returncode}")


def from_source(work: pathlib.Path, calls: list[str]) -> None:
    with bare_root("bookworm", work, "make", "git", "ca-certificates") as root:
        subprocess.run(["git", "clone", "--quiet", SOURCE, root.folder / "root/zerosweep"], check=True)
        for call in calls:
            timed(root, call, f"cd /root/zerosweep && HOME=/root {call}", user=0)


def from_wheel(work: pathlib.Path, wheel: pathlib.Path) -> None:
    with bare_root("bookworm", work, "python3-venv") as root:
        site = wheel_in_root.install(root, "venv", wheel)
        demo = "/" + str(site.relative_to(root.folder) / "zerosweep/share/zerosweep/examples/demo_fashion_mnist.yaml")
        timed(root, "the demo's sweep", f"zerosweep run {demo} --ranks 2", USER)


def main() -> None:
    work, calls = pathlib.Path(sys.argv[1]).resolve(), sys.argv[2:]
    shutil.rmtree(work / "pip-cache", ignore_errors=True)
    if calls[0].endswith(".whl"):
        from_wheel(work, pathlib.Path(calls[0]))
    else:
        from_source(work, calls)


main()
