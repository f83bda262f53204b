#!/usr/bin/env python3
"""The build is hermetic: every LibTorch, CUDA, NCCL and MPI file comes from the virtual environment (or MPI from Debian),
nothing from /usr/local, and each program links only what its side of the boundary may.
Usage: check_hermetic.py BUILD_FOLDER SOURCE_TREE wheel|debian"""

import os
import pathlib
import re
import subprocess
import sys

FOREIGN = re.compile(r"(torch|c10|nccl|cuda|cudnn|cublas|nvrtc|cupti|nvshmem|(^|/)lib(open-|mpi|pmix|prrte))", re.IGNORECASE)


def bad_path(path: str, roots: list[str], debian_mpi: bool) -> bool:
    """Whether a library or header lies where none may come from."""
    if path.startswith("/usr/local/") or path.startswith("/opt/"):
        return True
    if any(path.startswith(root + "/") for root in roots):
        return False
    if debian_mpi and path.startswith("/usr/lib/x86_64-linux-gnu/") and re.search(r"libmpi|libopen-|libpmix|/openmpi/", path):
        return False
    return bool(FOREIGN.search(path)) and not path.startswith("/usr/include/c++")


def libraries(program: pathlib.Path) -> dict[str, str]:
    output = subprocess.run(["ldd", str(program)], capture_output=True, text=True, check=True, env={"PATH": "/usr/bin:/bin"}).stdout
    assert "not found" not in output, f"{program}: {output}"
    found = dict(re.findall(r"^\s*(\S+) => (/\S+)", output, re.MULTILINE))
    # /lib is a link to /usr/lib, by which the loader may have come.
    return {name: "/usr" + path if path.startswith("/lib/") else path for name, path in found.items()}


def headers(build: pathlib.Path) -> set[str]:
    output = subprocess.run(["ninja", "-C", str(build), "-t", "deps"], capture_output=True, text=True, check=True).stdout
    return {os.path.normpath(build / line.strip()) for line in output.splitlines() if line.startswith("    ")}


def test_that_it_can_fail() -> None:
    venv = ["/tree/.venv", "/tree/build"]
    assert bad_path("/usr/local/cuda/lib64/libcudart.so.13", venv, False)
    assert bad_path("/usr/lib/x86_64-linux-gnu/libmpi.so.40", venv, False)
    assert bad_path("/usr/lib/libtorch_cpu.so", venv, False)
    assert bad_path("/opt/torch/include/torch/torch.h", venv, False)
    assert not bad_path("/usr/lib/x86_64-linux-gnu/libmpi.so.40", venv, True)
    assert not bad_path("/tree/.venv/lib/libmpi.so.40", venv, False)
    assert not bad_path("/usr/lib/x86_64-linux-gnu/libsqlite3.so.0", venv, False)


def main(build: pathlib.Path, source: pathlib.Path, mpi: str) -> int:
    test_that_it_can_fail()
    roots = [str(source / folder) for folder in [".venv", *(p.name for p in source.iterdir() if p.is_dir() and p.name != ".venv")]] + [str(build)]
    bad = []
    # name of a program -> libraries it must not load: the boundary between the two programs
    boundary = {
        "bin/zerosweep": r"torch|c10|cuda|nccl|libmpi",
        "bin/zerosweep-stage": r"libmpi|sqlite|yaml",
        "lib/zerosweep/zerosweep_mpi.so": r"torch|sqlite",
    }
    for name, forbidden in boundary.items():
        found = libraries(build / name)
        assert found, f"ldd lists nothing for {name}"
        bad += [f"{name} loads {path}" for path in found.values() if bad_path(path, roots, mpi == "debian")]
        bad += [f"{name} must not link {library}" for library in found if re.search(forbidden, library)]
    included = headers(build)
    assert any("/torch/" in header for header in included) and any(header.endswith("mpi.h") for header in included)
    bad += [f"the build includes {header}" for header in sorted(included) if bad_path(header, roots, mpi == "debian")]
    print("\n".join(bad) if bad else f"hermetic: {len(included)} headers, {len(boundary)} programs and libraries checked")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve(), sys.argv[3]))
