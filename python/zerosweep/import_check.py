"""Runs a network's file itself on given images, for `zerosweep import`, and says how far its outputs are from Zerosweep's.

Usage: import_check.py FILE FOLDER [DATA …]; DATA are files that hold tensors of FILE. The folder holds probe.json {"shape": [N, C, H, W]}, images.bin and outputs.bin (float32, all
outputs of an image flattened and joined). Prints one line of JSON: {"runtime", "type" (of its images), "difference", "largest", "varies"}, or
{"missing": package}, or {"error": one line}.

The file comes from a stranger, so this process gives up what it does not need before it opens it: it cannot write, change or
remove a file, read one outside Python and the system's libraries, reach the network, start or signal a process, or gain rights. It
ends after ten minutes of computing, and under onnxruntime takes at most 6 GB of addresses (or four times the file). Where the kernel
cannot do that (Landlock: Linux 5.13 or newer; x86-64), it does not run the file at all. PyTorch loads no pickles but plain tensors.
"""

from __future__ import annotations

import array
import ctypes
import json
import math
import os
import pathlib
import re
import resource
import struct
import sys
import sysconfig
import zipfile

LEAST_ADDRESSES = 6 << 30
MOST_SECONDS = 600

# linux/landlock.h, linux/prctl.h, linux/seccomp.h and linux/filter.h.
LANDLOCK_CREATE_RULESET, LANDLOCK_ADD_RULE, LANDLOCK_RESTRICT_SELF = 444, 445, 446
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2
LANDLOCK_VERSION, PATH_BENEATH = 1, 1
READ_FILE, READ_DIRECTORY = 1 << 2, 1 << 3
FILE_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}  # how many there are, by version of Landlock
NETWORK_RIGHTS = 0b11  # bind and connect, since version 4
SIGNALS_AND_SOCKETS = 0b11  # scopes, since version 6
# System calls of x86-64 that Landlock leaves open: change of owner, mode, times and attributes; sockets; processes and signals.
DENIED = [90, 91, 268, 452, 92, 93, 94, 260, 132, 235, 261, 280, 188, 189, 190, 197, 198, 199, 41, 42, 43, 49, 50, 53, 59, 322, 62, 129, 297, 424, 101, 310, 311, 165, 155, 161, 272, 308, 425, 426, 427]


class NotConfined(Exception):
    """The kernel cannot confine this process."""


def forbid_by_landlock(readable: list[pathlib.Path]) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    version = libc.syscall(LANDLOCK_CREATE_RULESET, None, 0, LANDLOCK_VERSION)
    if version < 1:
        raise NotConfined("this kernel has no Landlock")
    handled = (1 << FILE_RIGHTS[min(version, 5)]) - 1
    attributes = struct.pack("QQQ", handled, NETWORK_RIGHTS if version >= 4 else 0, SIGNALS_AND_SOCKETS if version >= 6 else 0)
    size = 24 if version >= 6 else 16 if version >= 4 else 8
    ruleset = libc.syscall(LANDLOCK_CREATE_RULESET, attributes, size, 0)
    if ruleset < 0:
        raise NotConfined("Landlock refuses the rules")
    for place in readable:
        if not place.exists():
            continue
        descriptor = os.open(place, os.O_PATH)
        rights = READ_FILE | READ_DIRECTORY if place.is_dir() else READ_FILE
        if libc.syscall(LANDLOCK_ADD_RULE, ruleset, PATH_BENEATH, struct.pack("=Qi", rights, descriptor), 0) != 0:
            raise NotConfined("Landlock refuses a rule")
        os.close(descriptor)
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 or libc.syscall(LANDLOCK_RESTRICT_SELF, ruleset, 0) != 0:
        raise NotConfined("Landlock does not take effect")
    os.close(ruleset)


def forbid_by_seccomp() -> None:
    """A filter that answers the DENIED calls with EPERM, and those of another architecture by the end of the process."""
    if os.uname().machine != "x86_64":
        raise NotConfined("only x86-64 is supported")

    def instruction(code: int, value: int, yes: int = 0, no: int = 0) -> bytes:
        return struct.pack("HBBI", code, yes, no, value)

    load, equal, above, answer = 0x20, 0x15, 0x35, 0x06
    program = instruction(load, 4) + instruction(equal, 0xC000003E, yes=1) + instruction(answer, 0x80000000)  # the architecture
    program += instruction(load, 0) + instruction(above, 0x40000000, no=1) + instruction(answer, 0x80000000)  # no calls of x32
    for call in DENIED:
        program += instruction(equal, call, no=1) + instruction(answer, 0x00050000 | 1)
    program += instruction(answer, 0x7FFF0000)
    code = ctypes.create_string_buffer(program, len(program))
    filter_of = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", len(program) // 8, ctypes.addressof(code)))
    if ctypes.CDLL(None).prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, filter_of, 0, 0) != 0:
        raise NotConfined("this kernel has no seccomp filters")


def give_up_rights(file: pathlib.Path, addresses: int | None) -> None:
    if addresses:
        addresses = max(addresses, 4 * file.stat().st_size)
        resource.setrlimit(resource.RLIMIT_AS, (addresses, addresses))
    resource.setrlimit(resource.RLIMIT_CPU, (MOST_SECONDS, MOST_SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    system = ["/usr", "/lib", "/lib64", "/etc/ld.so.cache", "/proc/self", "/proc/cpuinfo", "/proc/meminfo", "/sys/devices/system", "/dev/null", "/dev/urandom"]
    python = [*sys.path, sys.prefix, sys.base_prefix, *sysconfig.get_paths().values()]
    forbid_by_landlock([pathlib.Path(place) for place in [*system, *filter(None, python), file, *sys.argv[3:]]])
    forbid_by_seccomp()


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

    give_up_rights(file, LEAST_ADDRESSES)
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
    give_up_rights(file, None)  # CUDA's libraries alone take more addresses than the limit
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


def main() -> None:
    try:
        answer = compare(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
    except NotConfined as error:
        answer = {"error": f"{error}, so it is not safe to run it"}
    except ImportError as error:
        answer = {"missing": error.name or str(error)}
    except Exception as error:
        answer = {"error": (str(error).strip().splitlines() or [type(error).__name__])[0]}
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
