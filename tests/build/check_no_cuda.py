#!/usr/bin/env python3
"""A build without CUDA (`make CUDA=0`): it loads nothing of CUDA but what LibTorch itself needs, has the same catalogue and the same
names of stages, says why there are no GPUs, and runs a sweep. ccache finds most objects of the build at hand.
Usage: check_no_cuda.py BUILD_FOLDER SOURCE_TREE"""

import functools
import json
import os
import pathlib
import re
import sys
import tempfile

from check_install import SWEEP, output

# Options of the build at hand that decide how files are compiled.
SAME = ["CMAKE_BUILD_TYPE", "ZEROSWEEP_MPI", "ZEROSWEEP_UNITY", "ZEROSWEEP_WERROR"]
CLEAN = {name: os.environ[name] for name in ("HOME", "CCACHE_DIR", "OMP_NUM_THREADS") if name in os.environ} | {
    "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}  # as the Makefile has it
# Without these LibTorch does not load (scripts/requirements-cpu.txt).
OF_LIBTORCH = {"libcudart.so.13", "libcupti.so.13"}


def main(build: pathlib.Path, source: pathlib.Path) -> None:
    clean = functools.partial(output, env=CLEAN)
    cache = dict(re.findall(r"^(\w+):\w+=(.*)$", (build / "CMakeCache.txt").read_text(), re.MULTILINE))
    here = build.with_name(build.name + "-no-cuda")
    clean("cmake", "-G", "Ninja", "-S", source, "-B", here, "-DZEROSWEEP_CUDA=OFF", *(f"-D{name}={cache[name]}" for name in SAME))
    clean("cmake", "--build", here, "--target", "zerosweep")

    libraries = set(re.findall(r"^\s*(\S+) =>", clean("ldd", here / "bin/zerosweep-stage"), re.MULTILINE))
    cuda = {name for name in libraries if re.search("cu|nccl|nv", name)} - OF_LIBTORCH
    assert OF_LIBTORCH < libraries and not cuda, f"zerosweep-stage loads {cuda}"
    catalogues = [(folder / "generated/catalogue.json").read_bytes() for folder in (build, here)]
    assert catalogues[0] == catalogues[1], "the catalogues differ"

    with tempfile.TemporaryDirectory() as folder:
        sweep = pathlib.Path(folder) / "smoke.yaml"
        sweep.write_text(SWEEP)
        names = []
        for program in [here, build]:
            home = pathlib.Path(folder) / program.name
            command = [program / "bin/zerosweep", "--home", home, "--format", "json"]
            clean(*command, "run", sweep, "--device", "cpu")
            names.append(json.loads(clean(*command, "query", "SELECT stage FROM v_stage ORDER BY stage")))
        assert names[0] == names[1] and names[0], names
        refused = clean(here / "bin/zerosweep", "--home", f"{folder}/gpu", "run", sweep, "--device", "cuda", code=4, env=CLEAN | {"CUDA_VISIBLE_DEVICES": "0"})
        assert "this build has no CUDA" in refused, refused
    print(f"without CUDA: {len(libraries)} libraries, {len(names[0])} stages with the same names")


if __name__ == "__main__":
    main(*(pathlib.Path(word).resolve() for word in sys.argv[1:3]))
