"""Runs ONNX networks by onnxruntime in turns, for `zerosweep benchmark` and `zerosweep quantize`.

Usage: benchmark.py REQUEST. REQUEST is JSON: {"files": paths, the first is what the others are compared with, "batch", "threads", "seconds" to
measure at most, "data": files that hold tensors, "images": a .npy of normalised images, N×C×H×W in float32, or ""}. Prints one line of JSON: {"runtime", "batch", "images", "real": whether images
were given, "networks": [{"milliseconds": of a batch, median, "spread": between its quartiles, "runs", "same": % of the images with the
class (the largest output) of the first, "sqnr": dB}]}, or {"missing": package}, or {"error": one line}.
"""

from __future__ import annotations

import json
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))  # python -I leaves it out
from confinement import LEAST_ADDRESSES, MOST_SECONDS, give_up_rights, print_answer  # noqa: E402

WARM_UP, LEAST_RUNS = 3, 5
NOISE_IMAGES = 64


def open_session(onnxruntime, file: str, threads: int):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads, options.log_severity_level = threads, 1, 3
    return onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])


def images_of(numpy, request: dict, session, batch: int):
    wanted = session.get_inputs()[0].shape[1:]
    if not request["images"]:
        if not all(isinstance(side, int) for side in wanted):
            raise ValueError(f"{request['files'][0]} leaves the size of its images open: give --images")
        return numpy.random.default_rng(0).standard_normal((max(NOISE_IMAGES, batch), *wanted), numpy.float32)
    try:
        images = numpy.load(request["images"], allow_pickle=False)
    except Exception:
        raise ValueError(f"{request['images']} is no .npy file") from None
    if images.dtype != numpy.float32 or images.ndim != 1 + len(wanted) or len(images) == 0:
        raise ValueError(f"{request['images']}: must be an array of float32 of {1 + len(wanted)} dimensions, the first is the image")
    return images


def batch_of(sessions: list, wanted: int) -> int:
    """Images at once: as asked for, or as all the files have it."""
    fixed = {size for session in sessions if isinstance(size := session.get_inputs()[0].shape[0], int)}
    if len(fixed) > 1:
        raise ValueError(f"the networks take different numbers of images at once: {sorted(fixed)}")
    return fixed.pop() if fixed else wanted


def outputs(numpy, file: str, session, images, batch: int):
    """Of whole batches: (N, numbers), and whether they are classes."""
    name, starts = session.get_inputs()[0].name, range(0, len(images) - batch + 1, batch)
    parts = [session.run(None, {name: images[start : start + batch]})[0] for start in starts]
    if not parts:
        raise ValueError(f"there are {len(images)} images, fewer than a batch of {batch}")
    rows = numpy.concatenate(parts)
    if not numpy.isfinite(rows).all():
        raise ValueError(f"{file}: its outputs are not finite")
    return rows.reshape(len(rows), -1), rows.ndim == 2 and rows.shape[1] > 1


def measure(request: dict) -> dict:
    import numpy
    import onnxruntime

    files, threads = request["files"], request["threads"]
    readable = [pathlib.Path(file) for file in [*files, *request["data"], request["images"]] if file]
    give_up_rights(readable, LEAST_ADDRESSES, MOST_SECONDS + int(threads * request["seconds"]))
    sessions = [open_session(onnxruntime, file, threads) for file in files]
    batch = batch_of(sessions, request["batch"])
    images = images_of(numpy, request, sessions[0], batch)
    results, are_classes = zip(*[outputs(numpy, file, session, images, batch) for file, session in zip(files, sessions)])
    count, first = len(results[0]), results[0]
    if len({result.shape[1] for result in results}) > 1:
        raise ValueError("the networks have different outputs")
    feeds = [{session.get_inputs()[0].name: images[:batch]} for session in sessions]
    times: list[list[float]] = [[] for _ in sessions]
    start = time.perf_counter()
    while len(times[0]) < LEAST_RUNS + WARM_UP or time.perf_counter() - start < request["seconds"]:
        for of, session, feed in zip(times, sessions, feeds):
            before = time.perf_counter()
            session.run(None, feed)
            of.append(1e3 * (time.perf_counter() - before))
    networks = []
    for of, result in zip(times, results):
        kept, error = numpy.array(of[WARM_UP:]), numpy.square(result - first, dtype=numpy.float64).sum()
        signal = numpy.square(first, dtype=numpy.float64).sum()
        quartiles = numpy.percentile(kept, [25, 50, 75])
        networks.append(
            {
                "milliseconds": round(float(quartiles[1]), 4),
                "spread": round(float(quartiles[2] - quartiles[0]), 4),
                "runs": len(kept),
                "same": 100 * float((result.argmax(1) == first.argmax(1)).mean()) if all(are_classes) else None,
                "sqnr": round(float(10 * numpy.log10(signal / error)), 2) if error > 0 and signal > 0 else None,
            }
        )
    return {"runtime": f"onnxruntime {onnxruntime.__version__}", "batch": batch, "images": count, "real": bool(request["images"]), "networks": networks}


if __name__ == "__main__":
    print_answer(lambda: measure(json.loads(sys.argv[1])))
