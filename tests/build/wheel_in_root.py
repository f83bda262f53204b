#!/usr/bin/env python3
"""An unprivileged user of a bare system installs the wheel with pip, runs the demo's sweep over two MPI ranks, and reads one line that
names what is missing when a library is. mmdebstrap makes the system: it has Python and nothing of ours.
Usage: wheel_in_root.py SUITE venv|user DIST_FOLDER WORK_FOLDER
`venv` installs into a virtual environment with pandas, `user` with `pip install --user` without. WORK_FOLDER keeps pip's downloads.
Exits with 77 when the test cannot run here."""

import pathlib
import re
import shutil
import sys
import time

from bare_root import SKIP, Root, bare_root, reason_to_skip

# The demo with one bit-width, one seed and 500 test images.
SHORT = ["--set", "grid.bits=[w4a4]", "--set", "seeds=[0]", "--set", "include=[]", "--set", "fixed.evaluate={limit: 500}"]


def install(root: Root, way: str, wheel: pathlib.Path) -> pathlib.Path:
    """Returns the site-packages, as the host sees it."""
    shutil.copy(wheel, root.folder / "home/user" / wheel.name)
    root.must("python3", "-m", "venv", "/home/user/venv")
    extra = "[pandas]" if way == "venv" else ""
    python = ["--python", "/usr/bin/python3"] if way == "user" else []
    place = ["--user", "--break-system-packages"] if way == "user" else []
    start = time.monotonic()
    root.must("venv/bin/pip", *python, "install", "--quiet", *place, f"./{wheel.name}{extra}")
    print(f"pip install ({way}): {time.monotonic() - start:.0f} s", flush=True)
    base = root.folder / "home/user" / (".local" if way == "user" else "venv")
    [site] = base.glob("lib/python3*/site-packages")
    return site


def check_demo(root: Root, site: pathlib.Path) -> str:
    demo = "/" + str(site.relative_to(root.folder) / "zerosweep/share/zerosweep/examples/demo_fashion_mnist.yaml")
    start = time.monotonic()
    root.must("zerosweep", "run", demo, "--ranks", "2", *SHORT)
    print(f"the demo, shortened: {time.monotonic() - start:.0f} s", flush=True)
    print(root.must("zerosweep", "leaderboard", "demo_fashion_mnist"), flush=True)
    return demo


def check_module(root: Root, way: str) -> None:
    """The module reads what the demo's sweep left."""
    python = "venv/bin/python" if way == "venv" else "/usr/bin/python3"
    read = ("import zerosweep as z; home, sweep = 'zerosweep-home', 'demo_fashion_mnist'; "
            "print(len(z.leaderboard(home, sweep)), z.trials(home, sweep).top1.count(), *z.query(home, 'SELECT count(*) AS n FROM v_stage').n)")
    if way == "venv":
        assert root.must(python, "-c", read) == "3 3 10\n"
        columns = "import zerosweep as z; print(*z.query('zerosweep-home', 'SELECT trial, top1 FROM v_trial WHERE 0').columns)"
        assert root.must(python, "-c", columns) == "trial top1\n"
        refused = root.run(python, "-c", "import zerosweep; zerosweep.query('zerosweep-home', 'DELETE FROM stage')")
        assert "RuntimeError" in refused.stderr, refused.stderr
    else:
        assert "pip install 'zerosweep[pandas]'" in root.run(python, "-c", read).stderr


def check_missing(root: Root, library: pathlib.Path, code: int, *words: str) -> None:
    """Without the library the command ends with `code` and a line that names it (each rank prints its own)."""
    away = library.with_name(library.name + ".away")
    library.rename(away)
    done = root.run(*words)
    away.rename(library)
    lines = [line for line in (done.stdout + done.stderr).splitlines() if library.name in line]
    assert done.returncode == code and lines, f"{done.returncode}: {done.stdout}{done.stderr}"
    print(f"without {library.name}, {' '.join(words[:2])}: {lines[0]}", flush=True)


def check_too_old(root: Root, program: pathlib.Path) -> None:
    """A program that asks for a glibc of the future."""
    present = program.read_bytes()
    program.write_bytes(present.replace(b"\0GLIBC_2.34\0", b"\0GLIBC_9.34\0"))
    done = root.run("zerosweep", "--version")
    program.write_bytes(present)
    assert done.returncode == 2 and re.fullmatch(r"zerosweep: this system is too old: its .*libc.so.6 lacks GLIBC_9.34\n", done.stderr), f"{done.returncode}: {done.stderr}"
    print(f"with an older glibc: {done.stderr.strip()}", flush=True)


def main(suite: str, way: str, dist: pathlib.Path, work: pathlib.Path) -> int:
    if reason := reason_to_skip(suite, dist):
        print(f"skipped: {reason}")
        return SKIP
    [wheel] = dist.glob("zerosweep-*.whl")
    with bare_root(suite, work, "python3-venv") as root:
        print(root.name(), flush=True)
        site = install(root, way, wheel)
        print(root.must("zerosweep", "doctor"), flush=True)
        demo = check_demo(root, site)
        check_module(root, way)
        package = site / "zerosweep"
        check_missing(root, package / "lib/zerosweep/libfmt.so.9", 2, "zerosweep", "--version")
        check_missing(root, site / "torch/lib/libtorch_cpu.so", 2, "zerosweep-stage", "--version")
        check_missing(root, site / "torch/lib/libtorch_cpu.so", 0, "zerosweep", "doctor")
        check_missing(root, site.parents[1] / "libmpi.so.40", 0, "zerosweep", "doctor")
        check_missing(root, site.parents[1] / "libmpi.so.40", 4, "zerosweep", "--home", "other", "run", demo, "--ranks", "2", *SHORT)
        check_too_old(root, package / "bin/zerosweep")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3]).resolve(), pathlib.Path(sys.argv[4]).resolve()))
