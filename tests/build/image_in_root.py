#!/usr/bin/env python3
"""What cluster/Dockerfile and cluster/zerosweep.def do, in a bare Debian 12: the script that both call installs the wheel as root, and an
unprivileged user runs a sweep over two MPI ranks. Docker and Apptainer themselves are not needed.
Usage: image_in_root.py SOURCE_TREE DIST_FOLDER WORK_FOLDER
Exits with 77 when the test cannot run here."""

import pathlib
import re
import shutil
import sys
import time

from bare_root import SKIP, bare_root, reason_to_skip
from wheel_in_root import SHORT

CALL = re.compile(r"sh /opt/install_in_image /opt/zerosweep-\*\.whl")


def main(source: pathlib.Path, dist: pathlib.Path, work: pathlib.Path) -> int:
    for recipe in ["Dockerfile", "zerosweep.def"]:
        text = (source / "cluster" / recipe).read_text()
        assert "debian:12-slim" in text and CALL.search(text), f"cluster/{recipe} does not call the script that this test runs"
    if reason := reason_to_skip("bookworm", dist):
        print(f"skipped: {reason}")
        return SKIP
    [wheel] = dist.glob("zerosweep-*.whl")
    with bare_root("bookworm", work) as root:
        for file in [wheel, source / "cluster/install_in_image"]:
            shutil.copy(file, root.folder / "opt" / file.name)
        start = time.monotonic()
        print(root.must("sh", "/opt/install_in_image", f"/opt/{wheel.name}", user=0).strip())
        print(f"{root.name()}: installed in {time.monotonic() - start:.0f} s", flush=True)
        print(root.must("zerosweep", "doctor"), flush=True)
        [demo] = (root.folder / "opt/zerosweep").glob("lib/python3*/site-packages/zerosweep/share/zerosweep/examples/demo_fashion_mnist.yaml")
        start = time.monotonic()
        root.must("zerosweep", "run", "/" + str(demo.relative_to(root.folder)), "--ranks", "2", *SHORT)
        print(f"the demo, shortened: {time.monotonic() - start:.0f} s", flush=True)
        print(root.must("zerosweep", "leaderboard", "demo_fashion_mnist"), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(*(pathlib.Path(word).resolve() for word in sys.argv[1:4])))
