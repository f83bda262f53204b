#!/usr/bin/env python3
"""The released formulations run, and their formulas are those of the papers; scripts/loops makes its table of them.
Usage: check_loops.py SOURCE_TREE (by the Python of .venv)"""

import json
import math
import pathlib
import subprocess
import sys
import tempfile

import loops
import reconstruction
import synthesis
import torch
from quantized import BITS, LEVELS, StraightThrough

HERE = pathlib.Path(__file__).resolve().parent
TOLERANCE = 1e-6  # of float32, relative to values of about 1


def check_that_every_loop_steps() -> None:
    synthesis.IMAGES = 16
    for name, loop in loops.LOOPS.items():
        torch.manual_seed(0)
        step = next(iter(loop(5)))
        losses = [float(step()) for _ in range(5 if name == "zeroq" else 1)]
        assert all(math.isfinite(loss) for loss in losses), (name, losses)
        if name == "zeroq":
            assert losses == sorted(losses, reverse=True) and losses[-1] < 0.98 * losses[0], losses


def check_that_a_unit_learns() -> None:
    """The stem of QDrop, whose rounding loss begins at the third step, and the unit after it."""
    torch.manual_seed(0)
    steps = reconstruction.qdrop(10)
    for _ in range(2):
        step = next(steps)
        losses = [float(step()) for _ in range(10)]
        assert losses[9] < losses[2], losses


def soft_weight(floor: float, v: float, scale: float, zero_point: float) -> float:
    """AdaRound, eq. 22 and 23, in plain numbers."""
    h = min(1.0, max(0.0, 1.2 / (1 + math.exp(-v)) - 0.1))
    return scale * (min(float(LEVELS), max(0.0, floor + h + zero_point)) - zero_point)


def check_soft_weights() -> None:
    torch.manual_seed(0)
    weight = torch.randn(4, 3, 3, 3)
    for kind, scale_by in ((reconstruction.SoftWeight, 1.0), (reconstruction.GenieWeight, 1.25)):
        quantizer = kind(weight)
        floor = torch.floor(weight / quantizer.scale)
        quantizer.begin(weight)
        # They begin as the weights, except where the ends of the range clip them.
        unclipped = (floor + quantizer.zero_point >= 0) & (floor + quantizer.zero_point < LEVELS)
        assert unclipped.float().mean() > 0.8 and torch.allclose(quantizer(weight)[unclipped], weight[unclipped], atol=TOLERANCE), kind
        quantizer.v.data += 0.3 * torch.randn_like(weight)
        # GENIE keeps the floor of the first scale while the scale is learned.
        quantizer.scale.data *= scale_by
        found = quantizer(weight).detach()
        for index in ((0, 0, 0, 0), (1, 2, 1, 0), (3, 1, 2, 2)):
            channel = (index[0], 0, 0, 0)
            values = (floor[index], quantizer.v[index], quantizer.scale[channel], quantizer.zero_point[channel])
            wanted = soft_weight(*(value.item() for value in values))
            assert abs(float(found[index]) - wanted) < TOLERANCE, (kind, index)
        quantizer.end()
        hard = quantizer(weight) / quantizer.scale
        assert torch.allclose(hard, hard.round(), atol=1e-5), kind


def check_distances() -> None:
    """The sum over channels of squared differences, a mean over images."""
    target, found = torch.tensor([1.0, 2.0]), torch.tensor([[1.0, 4.0], [0.0, 2.0], [1.0, 2.0]])
    assert abs(float(synthesis.squared_distance(target, found)) - (4 + 1 + 0) / 3) < TOLERANCE
    assert abs(float(reconstruction.reconstruction_loss(found, target)) - (4 + 1 + 0) / 3) < TOLERANCE
    assert [reconstruction.exponent(count, 10) for count in (1, 2, 10)] == [20, 20, 2]


def check_straight_through() -> None:
    x = torch.tensor([-3.0, 0.2, 0.7, 9.0], requires_grad=True)
    quantized = StraightThrough.apply(x, torch.tensor(0.0), torch.tensor(1.5))
    step = 1.5 / LEVELS
    wanted = torch.tensor([0, round(0.2 / step) * step, round(0.7 / step) * step, 1.5])
    assert torch.allclose(quantized, wanted, atol=TOLERANCE), quantized
    quantized.sum().backward()
    assert torch.equal(x.grad, torch.ones(4)), x.grad
    assert BITS == 4


def check_errors() -> None:
    ended = subprocess.run([sys.executable, HERE / "loops.py", "zeroqq"], capture_output=True, text=True, check=False)
    assert ended.returncode == 2 and ended.stderr.count("\n") == 1 and "no loop 'zeroqq'" in ended.stderr, ended.stderr


def check_table(source: pathlib.Path) -> None:
    """With a loops_bench that takes 10 ms for everything, its convolutions 8 ms; AQuant has no released formulation."""
    with tempfile.TemporaryDirectory() as name:
        build = pathlib.Path(name)
        (build / "bin").mkdir()
        row = {"settings": "W4A4", "ms": 10.0, "convolutions_ms": 8.0, "ratio": 1.25}
        figures = {"threads": 1, "runs": 1, "peak_memory_gb": 1.0, "loops": {"aquant": row, "evaluate": row}}
        bench = build / "bin" / "loops_bench"
        write = f"open(sys.argv[sys.argv.index('--json') + 1], 'w').write({json.dumps(figures)!r})"
        bench.write_text(f"#!{sys.executable}\nimport sys\n{write}\n")
        bench.chmod(0o755)
        command = [source / "scripts/loops", "--build", build, "--runs", "1", "--json", build / "all.json", "aquant", "evaluate"]
        table = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        assert "| aquant | W4A4 | 10.0 | 8.0 | 1.25 | – | – |" in table, table
        assert "| evaluate | W4A4 | 10.0 | 8.0 | 1.25 | " in table, table
        written = json.loads((build / "all.json").read_text())["loops"]
        assert written["aquant"]["released_ms"] is None and written["evaluate"]["released_by_ours"] > 0, written


if __name__ == "__main__":
    torch.set_num_threads(1)
    check_soft_weights()
    check_distances()
    check_straight_through()
    check_that_every_loop_steps()
    check_that_a_unit_learns()
    check_errors()
    check_table(pathlib.Path(sys.argv[1]))
    print("every released formulation steps, its formulas are the papers', and scripts/loops prints it next to ours")
