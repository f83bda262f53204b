"""Runs a network's file itself on given images, for `zerosweep import`, and says how far its outputs are from Zerosweep's.

Usage: import_check.py FILE FOLDER [DATA …]; DATA are files that hold tensors of FILE. The folder holds probe.json {"shape": [N, C, H, W]}, images.bin and outputs.bin (float32, all
outputs of an image flattened and joined). Prints one line of JSON: {"runtime", "type" (of its images), "difference", "largest", "varies"}, or
{"missing": package}, or {"error": one line}.

The file comes from a stranger, so this process is confined before it opens it (confinement.py), and under onnxruntime takes at most
6 GB of addresses (or four times the file). Where that is not possible, it does not run the file at all. PyTorch loads no pickles but
plain tensors.
"""

from __future__ import annotations

import array
import json
import math
import pathlib
import re
import sys
import zipfile

sys.path.insert(0, str(pathlib.Path(__file__).parent))  # python -I leaves it out
from confinement import LEAST_ADDRESSES, give_up_rights, print_answer  # noqa: E402


def readable(file: pathlib.Path) -> list[pathlib.Path]:
    """The file, and those that hold its tensors."""
    return [file, *map(pathlib.Path, sys.argv[3:])]


def floats(file: pathlib.Path) -> array.array:
    numbers = array.array("f")
    numbers.frombytes(file.read_bytes())
    return numbers


def expressions(value: object) -> list[object]:
    if isinstance(value, list):
        return [found for item in value for found in expressions(item)]
    if isinstance(value, dict):
        own = [value["expr_str"]] if "expr_str" in value else []
        return own + expressions(list(value.values()))
    return []


def require_plain_sizes(file: pathlib.Path) -> None:
    """PyTorch evaluates the expressions of a program's sizes as Python: only names and arithmetic may stand there."""
    name, plain = r"(s|u|zuf|zf)\d+|Max|Min|Mod|FloorDiv|CeilDiv|PythonMod", re.compile(r"[\w\s+*/(),-]*")
    with zipfile.ZipFile(file) as archive:
        for entry in archive.namelist():
            if not entry.endswith(".json"):
                continue
            for expression in map(str, expressions(json.loads(archive.read(entry)))):
                words = re.findall(r"[A-Za-z_]\w*", expression)
                if not plain.fullmatch(expression) or not all(re.fullmatch(name, word) for word in words):
                    raise ValueError("the size of a tensor is no plain expression")


def run_onnx(file: pathlib.Path, images: array.array, shape: list[int]) -> tuple[str, str, list[list[float]]]:
    import numpy
    import onnxruntime

    give_up_rights(readable(file), LEAST_ADDRESSES)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    # The file's own operators, one by one: what it says, not what can be made of it.
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    image_input = session.get_inputs()[0]
    name, kind, fixed, rows = image_input.name, image_input.type.removeprefix("tensor(").removesuffix(")"), image_input.shape[0], []
    types = {"float16": numpy.float16, "double": numpy.float64}
    batch = numpy.frombuffer(images, dtype=numpy.float32).reshape(shape).astype(types.get(kind, numpy.float32))
    at_once = fixed if isinstance(fixed, int) else shape[0]
    for image in batch:
        outputs = session.run(None, {name: numpy.repeat(image[None], at_once, axis=0)})
        rows.append(numpy.concatenate([output[0].ravel() for output in outputs]).astype(numpy.float32).tolist())
    return f"onnxruntime {onnxruntime.__version__}", kind, rows


def run_pt2(file: pathlib.Path, images: array.array, shape: list[int]) -> tuple[str, str, list[list[float]]]:
    import torch
    import torch._export.serde.serialize  # looks for a folder that it can write to

    torch.set_num_threads(1)
    require_plain_sizes(file)
    load = torch.load
    torch.load = lambda *words, **options: load(*words, **{**options, "weights_only": True})  # whatever its callers ask for
    give_up_rights(readable(file), None)  # CUDA's libraries alone take more addresses than the limit
    program = torch.export.load(str(file))
    module = program.module()
    fixed = next(spec for spec in program.graph_signature.user_inputs)
    node = next(node for node in program.graph.nodes if node.name == fixed)
    size, kind = node.meta["val"].shape[0], node.meta["val"].dtype
    at_once = int(size) if isinstance(size, int) else shape[0]
    batch, rows = torch.frombuffer(images, dtype=torch.float32).reshape(shape), []
    with torch.no_grad():
        for image in batch:
            result = module(image[None].repeat(at_once, 1, 1, 1).to(kind))
            outputs = [result] if isinstance(result, torch.Tensor) else list(torch.utils._pytree.tree_leaves(result))
            rows.append(torch.cat([output[0].flatten().float() for output in outputs]).tolist())
    return f"torch {torch.__version__}", str(kind).removeprefix("torch."), rows


def compare(file: pathlib.Path, folder: pathlib.Path) -> dict:
    shape = json.loads((folder / "probe.json").read_text())["shape"]
    ours = floats(folder / "outputs.bin")
    run = run_pt2 if file.suffix.lower() == ".pt2" else run_onnx
    runtime, kind, rows = run(file, floats(folder / "images.bin"), shape)
    theirs = [number for row in rows for number in row]
    if len(theirs) != len(ours):
        return {"error": f"it has {len(theirs) // shape[0]} numbers for an image, not {len(ours) // shape[0]}"}
    if not all(map(math.isfinite, theirs)):
        return {"error": "its outputs are not finite"}
    # JSON has no NaN: None is no agreement.
    difference = max((abs(a - b) for a, b in zip(ours, theirs)), default=0.0) if all(map(math.isfinite, ours)) else None
    largest = max((abs(b) for b in theirs), default=0.0)
    return {"runtime": runtime, "type": kind, "difference": difference, "largest": largest, "varies": rows[0] != rows[-1]}


if __name__ == "__main__":
    print_answer(lambda: compare(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])))
