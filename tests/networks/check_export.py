"""Runs an exported network by onnxruntime, with its optimisations off and on, and compares its classes with those of `evaluate: {form: exported}`.

Usage: check_export.py NET.onnx IMAGES PREDICTIONS MEAN STD. IMAGES: as image_files.py reads them; PREDICTIONS: predictions.bin of the stage;
MEAN, STD: numbers with commas between them. Prints one line of JSON: onnxruntime's version, for each level the percentage of equal classes
and the accuracy, seconds, the same for OpenVINO if it is installed, and how many operators of each type the optimised graph has. {"missing": package} where one is.
"""

import collections
import contextlib
import json
import pathlib
import sys
import tempfile
import time

BATCH = 500


def agreement(x, labels, ours, classes) -> dict:
    """`classes`: a function from images to their classes."""
    import numpy

    start = time.perf_counter()
    theirs = numpy.concatenate([classes(x[i : i + BATCH]) for i in range(0, len(ours), BATCH)])[: len(ours)]
    seconds = time.perf_counter() - start
    equal, right = (theirs == ours).mean(), (theirs == labels[: len(ours)]).mean()
    return {"equal": 100 * float(equal), "top1": 100 * float(right), "seconds": round(seconds, 3)}


def openvino_classes(network: str):
    import openvino

    hints = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": 1}
    compiled = openvino.Core().compile_model(network, "CPU", hints)
    return lambda images: compiled(images)[0].argmax(1)


def main() -> None:
    network, images, predictions, mean, std = sys.argv[1:6]
    try:
        import numpy
        import onnx
        import onnxruntime
    except ImportError as error:
        print(json.dumps({"missing": error.name}))
        return
    import image_files

    x, labels = image_files.read(images, mean, std)
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
            answer[level] = agreement(x, labels, ours, lambda images: session.run(None, {"input": images})[0].argmax(1))
        graph = onnx.load(optimised).graph
    with contextlib.suppress(ImportError):
        answer["openvino"] = agreement(x, labels, ours, openvino_classes(network))
    answer["operators"] = dict(collections.Counter(node.op_type for node in graph.node))
    answer["metadata"] = {entry.key: entry.value for entry in onnx.load(network).metadata_props}
    print(json.dumps(answer))


main()
