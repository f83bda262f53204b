#!/usr/bin/env python3
"""What a step of each loop takes in the formulation of its released code: ordinary PyTorch, with autograd, hooks and torch.optim. A
restatement from the papers and the released codes. The network is a ResNet-20 for CIFAR with random weights, and the settings are those of
tests/bench/loops_bench.cc."""

import argparse
import json
import pathlib
import resource
import statistics
import sys
import time
import warnings

warnings.filterwarnings("ignore", message="Failed to initialize NumPy")
import reconstruction
import students
import synthesis
import torch

# Each makes the steps of its units, one unit after the other, for so many steps of each.
LOOPS = {
    "zeroq": synthesis.zeroq,
    "dsg": synthesis.dsg,
    "intraq": synthesis.intraq,
    "genie_d": synthesis.genie_d,
    "gdfq": students.gdfq,
    "genie_m": reconstruction.genie_m,
    "qdrop": reconstruction.qdrop,
    "adaround": reconstruction.adaround,
    "pd_quant": reconstruction.pd_quant,
    "evaluate": students.evaluate,
}
WARM_UP = 2  # steps of each unit that do not count


def milliseconds(loop: str, steps: int) -> float:
    """Of a step: the median over steps, and the mean over the loop's units."""
    units = []
    for step in LOOPS[loop](WARM_UP + steps):
        seconds = []
        for _ in range(WARM_UP + steps):
            start = time.perf_counter()
            step()
            seconds.append(time.perf_counter() - start)
        units.append(1e3 * statistics.median(seconds[WARM_UP:]))
    return statistics.mean(units)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=1, help="of each operator (default: 1)")
    parser.add_argument("--steps", type=int, default=10, help=f"that count, of each unit, after {WARM_UP} that do not (default: 10)")
    parser.add_argument("--runs", type=int, default=5, help="alternating, of which the median counts (default: 5)")
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE", help="write the figures there as well")
    parser.add_argument("loops", nargs="*", metavar="LOOP", help=f"default: all of {', '.join(LOOPS)}")
    arguments = parser.parse_args()
    for loop in arguments.loops:
        if loop not in LOOPS:
            print(f"loops.py: there is no loop '{loop}'; there are {', '.join(LOOPS)}", file=sys.stderr)
            raise SystemExit(2)
    return arguments


def main() -> None:
    arguments = parsed()
    torch.set_num_threads(arguments.threads)
    loops = arguments.loops or list(LOOPS)
    runs: dict[str, list[float]] = {loop: [] for loop in loops}
    for _ in range(arguments.runs):
        for loop in loops:
            torch.manual_seed(0)
            runs[loop].append(milliseconds(loop, arguments.steps))
    medians = {loop: statistics.median(of_loop) for loop, of_loop in runs.items()}
    print(f"released formulations, {arguments.threads} thread(s), medians of {arguments.runs} runs, milliseconds a step\n")
    for loop, median in medians.items():
        print(f"{loop:10} {median:8.1f}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9
    print(f"\npeak memory {peak:.2f} GB")
    if arguments.json:
        figures = {"threads": arguments.threads, "runs": arguments.runs, "peak_memory_gb": peak,
                   "loops": {loop: {"ms": median} for loop, median in medians.items()}}
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
