#!/usr/bin/env python3
"""What `make install` puts into a prefix runs from there: version, doctor, and a sweep over two MPI ranks with its leaderboard.
Usage: check_install.py BUILD_FOLDER"""

import json
import pathlib
import subprocess
import sys
import tempfile

SWEEP = """
name: smoke
profile: smoke
fixed: {model: fashion_mnist-resnet20}
grid: {method: [noise], bits: [w8a8]}
seeds: [0]
"""


def output(*words: str | pathlib.Path, code: int = 0, env: dict[str, str] | None = None) -> str:
    """What the command prints; of one that must fail with `code`, its messages, too."""
    done = subprocess.run(words, capture_output=True, text=True, stdin=subprocess.DEVNULL, env=env)
    assert done.returncode == code, f"{words} ended with {done.returncode}: {done.stdout[-2000:]}{done.stderr}"
    return done.stdout + (done.stderr if code else "")


def main(build: pathlib.Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        prefix = pathlib.Path(folder).resolve() / "a prefix"
        output("cmake", "--install", build, "--prefix", prefix)
        zerosweep = prefix / "bin/zerosweep"
        assert output(zerosweep, "--version") == output(build / "bin/zerosweep", "--version")

        found = {row["check"]: row for row in json.loads(output(zerosweep, "--format", "json", "doctor"))}
        for check in ["stage program", "LibTorch", "MPI", "MPI transport", "examples", "dataset fashion_mnist"]:
            assert found[check]["ok"], found[check]
        assert found["MPI transport"]["found"] == str(prefix / "lib/zerosweep/zerosweep_mpi.so"), found["MPI transport"]

        assert found["examples"]["found"] == str(prefix / "share/zerosweep/examples"), found["examples"]

        for page in ["man/man1/zerosweep.1", "bash-completion/completions/zerosweep", "zsh/site-functions/_zerosweep", "fish/vendor_completions.d/zerosweep.fish"]:
            assert "zerosweep" in (prefix / "share" / page).read_text(), page

        (prefix / "smoke.yaml").write_text(SWEEP)
        command = [zerosweep, "--home", prefix / "home", "--format", "json"]
        output(*command, "run", prefix / "smoke.yaml", "--ranks", "2")
        [row] = json.loads(output(*command, "leaderboard", "smoke"))
        assert row["n"] == 1 and row["top1_mean"] > 80, row
        print(f"installed in {prefix}: {row['top1_mean']:.1f} % at {row['bits']}, over two ranks")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]).resolve())
