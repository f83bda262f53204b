"""Quantizes a network by onnxruntime's quantize_static (min-max, W8A8, per channel) and sets it beside ours.

Usage: compare_static.py FP32.onnx OURS.onnx IMAGES.safetensors TEST MEAN STD; TEST: as image_files.py reads it; IMAGES: of a synthesize artifact, `images`, on which ours was calibrated, too.
Prints a line of JSON for each of fp32, ours, static, and static without the first convolution (whose input, the image, ours leaves in
float, too): top-1, the percentage of images with FP32's class,
milliseconds of a batch of 8 (median of runs in turns, one thread), bytes, and how many operators of some types the optimised graph has.
"""

import collections
import json
import pathlib
import sys
import tempfile
import time

import image_files
import numpy
import onnx
import onnxruntime
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

BATCH, LATENCY_BATCH, RUNS = 500, 8, 60
SHOWN = ("QLinearConv", "Conv", "FusedConv", "QLinearAdd", "Add", "QGemm", "Gemm", "QuantizeLinear", "DequantizeLinear", "QLinearGlobalAveragePool", "GlobalAveragePool")


def images_of(file: pathlib.Path):
    data = file.read_bytes()
    start = 8 + int.from_bytes(data[:8], "little")
    entry = json.loads(data[8:start])["images"]
    begin, end = entry["data_offsets"]
    return numpy.frombuffer(data[start + begin : start + end], "<f4").reshape(entry["shape"])


class Images(CalibrationDataReader):
    def __init__(self, images):
        self.rest = iter([{"input": images[start : start + 64]} for start in range(0, len(images), 64)])

    def get_next(self):
        return next(self.rest, None)


def static(source: str, target: str, images, exclude: list[str]) -> None:
    quantize_static(
        source,
        target,
        Images(images),
        quant_format=QuantFormat.QDQ,
        per_channel=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        calibrate_method=CalibrationMethod.MinMax,
        nodes_to_exclude=exclude,
    )


def session_of(file: str, optimised: str):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = 1, 3
    options.optimized_model_filepath = optimised
    return onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])


def main() -> None:
    full, ours, images, batch, mean, std = sys.argv[1:7]
    x, labels = image_files.read(batch, mean, std)
    with tempfile.TemporaryDirectory() as folder:
        place = pathlib.Path(folder)
        quant_pre_process(full, str(place / "prepared.onnx"))
        prepared, calibration = str(place / "prepared.onnx"), images_of(pathlib.Path(images))
        first = next(node.name for node in onnx.load(prepared).graph.node if node.op_type == "Conv")
        files = {"fp32": full, "ours": ours}
        for name, exclude in {"static": [], "static, first convolution excluded": [first]}.items():
            files[name] = str(place / (name + ".onnx"))
            static(prepared, files[name], calibration, exclude)
        optimised = str(place / "optimised.onnx")
        sessions, graphs = {}, {}
        for name, file in files.items():
            sessions[name] = session_of(file, optimised)
            graphs[name] = collections.Counter(node.op_type for node in onnx.load(optimised).graph.node)
        classes = {name: numpy.concatenate([session.run(None, {"input": x[i : i + BATCH]})[0].argmax(1) for i in range(0, len(x), BATCH)]) for name, session in sessions.items()}
        times = {name: [] for name in sessions}
        for _ in range(RUNS):
            for name, session in sessions.items():
                start = time.perf_counter()
                session.run(None, {"input": x[:LATENCY_BATCH]})
                times[name].append(1e3 * (time.perf_counter() - start))
        for name, file in files.items():
            print(
                json.dumps(
                    {
                        "network": name,
                        "top1": round(100 * float((classes[name] == labels).mean()), 2),
                        "agreement": round(100 * float((classes[name] == classes["fp32"]).mean()), 2),
                        "milliseconds": round(float(numpy.median(times[name])), 3),
                        "bytes": pathlib.Path(file).stat().st_size,
                        "operators": {kind: graphs[name][kind] for kind in SHOWN if graphs[name][kind]},
                    }
                )
            )


main()
