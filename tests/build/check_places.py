#!/usr/bin/env python3
"""How many source files know a thing by its name: those that a new one of its kind touches (docs/architecture.md, "Adding a thing").
Usage: check_places.py SOURCE_TREE"""

import pathlib
import re
import sys
import tempfile

ROOMS = ["base", "contract", "storage", "sweeps", "reports", "cluster", "engine", "methods", "cli"]
# what -> its names in code, comments left out; the files that may hold them, folders with a "/" at the end
PLACES = {
    "synthesizer": (r'"intraq"', ["methods/intraq/"]),
    "quantizer with a stage of its own": (
        r'"pd_quant"|"correct"|"correction"',
        ["methods/pd_quant/", "engine/catalogue/protocol_fields.cc"],  # a preset, as its paper has a protocol of its own
    ),
    "generative method": (r'"fdda"', ["methods/fdda/"]),
    "network": (r'"mnasnet', ["engine/models/mnasnet.cc"]),
    "dataset": (r'"fashion_mnist"', ["engine/data/fashion_mnist.cc"]),
    "trial key": (
        r'TrialKey::kResources|^  kResources,|"resources", true',
        ["sweeps/grammar/sweep_spec.h", "sweeps/grammar/trial_keys.cc", "sweeps/plan/trial_values.cc", "sweeps/plan/patterns.cc", "sweeps/plan/treatment.cc"],
    ),
    "run option": (r"--max-attempts", ["cli/options/run_options.cc"]),
}
COMMENT = re.compile(r"//[^\n]*")


def places(root: pathlib.Path, pattern: str) -> list[str]:
    sources = (path for room in ROOMS for ending in ("*.h", "*.cc") for path in (root / room).rglob(ending))
    return sorted(path.relative_to(root).as_posix() for path in sources if re.search(pattern, COMMENT.sub("", path.read_text()), re.MULTILINE))


def violations(root: pathlib.Path) -> list[str]:
    found = []
    for what, (pattern, allowed) in PLACES.items():
        here = places(root, pattern)
        for path in here:
            if not any(path == place or (place.endswith("/") and path.startswith(place)) for place in allowed):
                found.append(f"{what}: {path} knows it too ({pattern})")
        for place in allowed:
            if not any(path.startswith(place) for path in here):
                found.append(f"{what}: {place} no longer knows it ({pattern})")
    return found


def test_that_it_can_fail() -> None:
    with tempfile.TemporaryDirectory() as name:
        root = pathlib.Path(name)
        for what, (pattern, allowed) in PLACES.items():
            for place in allowed:
                path = root / (place + "a.cc" if place.endswith("/") else place)
                path.parent.mkdir(parents=True, exist_ok=True)
                known = {"trial key": "TrialKey::kResources", "run option": "--max-attempts", "network": '"mnasnet2"'}
                text = known.get(what) or re.findall(r'"\w+"', pattern)[0]
                path.write_text((path.read_text() if path.exists() else "") + text + "\n")
        assert violations(root) == [], violations(root)
        (root / "sweeps" / "plan.cc").write_text('// "intraq"\nif (kind == "correct") {}\n')
        assert violations(root) == [
            'quantizer with a stage of its own: sweeps/plan.cc knows it too ("pd_quant"|"correct"|"correction")'
        ], violations(root)


if __name__ == "__main__":
    test_that_it_can_fail()
    tree = pathlib.Path(sys.argv[1])
    bad = violations(tree)
    counts = "; ".join(f"{what} {len(places(tree, pattern))}" for what, (pattern, _) in PLACES.items())
    print("\n".join(bad) if bad else f"source files that know one of each kind: {counts}")
    sys.exit(1 if bad else 0)
