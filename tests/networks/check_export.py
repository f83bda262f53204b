"""Runs an exported network by onnxruntime, with its optimisations off and on, and compares its classes with those of `evaluate: {form: exported}`.

Usage: check_export.py NET.onnx IMAGES PREDICTIONS MEAN STD. IMAGES: CIFAR-10's binary format; PREDICTIONS: predictions.bin of the stage;
MEAN, STD: numbers with commas between them. Prints one line of JSON: onnxruntime's version, for each level the percentage of equal classes
and the accuracy, seconds, and how many operators of each type the optimised graph has. {"missing": package} where one is.
"""

import collections
import json
import pathlib
import sys
import tempfile
import time

BATCH = 500
RECORD, SIDE = 1 + 3 * 32 * 32, 32  # a label, then the image


def numbers(text: str):
    import numpy

    return numpy.array([float(number) for number in text.split(",")], numpy.float32).reshape(1, -1, 1, 1)


def main() -> None:
    network, images, predictions, mean, std = sys.argv[1:6]
    try:
        import numpy
        import onnx
        import onnxruntime
    except ImportError as error:
        print(json.dumps({"missing": error.name}))
        return
    records = numpy.fromfile(images, numpy.uint8).reshape(-1, RECORD)
    labels = records[:, 0]
    x = (records[:, 1:].reshape(-1, 3, SIDE, SIDE).astype(numpy.float32) / 255 - numbers(mean)) / numbers(std)
    ours = numpy.fromfile(predictions, "<i4")
    answer = {"onnxruntime": onnxruntime.__version__, "images": len(ours)}
    with tempfile.TemporaryDirectory() as folder:
        optimised = pathlib.Path(folder) / "optimised.onnx"
        for level in ("disable_all", "enable_all"):
            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads, options.log_severity_level = 1, 3
            options.graph_optimization_level = getattr(onnxruntime.GraphOptimizationLevel, "ORT_" + level.upper())
            options.optimized_model_filepath = str(optimised)
            session = onnxruntime.InferenceSession(network, options, providers=["CPUExecutionProvider"])
            start = time.perf_counter()
            batches = [session.run(None, {"input": x[i : i + BATCH]})[0].argmax(1) for i in range(0, len(ours), BATCH)]
            seconds = time.perf_counter() - start
            theirs = numpy.concatenate(batches)[: len(ours)]
            answer[level] = {
                "equal": 100 * float((theirs == ours).mean()),
                "top1": 100 * float((theirs == labels[: len(ours)]).mean()),
                "seconds": round(seconds, 3),
            }
        graph = onnx.load(optimised).graph
    answer["operators"] = dict(collections.Counter(node.op_type for node in graph.node))
    answer["metadata"] = {entry.key: entry.value for entry in onnx.load(network).metadata_props}
    print(json.dumps(answer))


main()
