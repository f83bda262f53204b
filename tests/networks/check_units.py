"""Runs an exported network unit by unit on the engine's own codes, and counts the codes that runtimes round otherwise.

Usage: check_units.py NET.onnx FOLDER RUNTIME …; RUNTIME: off, on (onnxruntime without and with its optimisations), reference (onnx's
evaluator), openvino. FOLDER holds images.safetensors and the engine's codes.safetensors (docs/stage_protocol.md, `--export`). A unit is what lies between
the codes of activations and the next ones. Prints a line of JSON by runtime: "units", "codes", "different", "most" (the largest difference of two codes), "tie"
(the largest distance from a tie, in steps, of a tensor whose code differs), "logits" (the largest difference, in shares of the largest logit), and of the whole network on the images "classes" (equal ones, in percent). {"missing": package} where one is.
"""

import collections
import json
import pathlib
import sys

TYPES = {"F32": "<f4", "U8": "u1"}


def tensors(file: pathlib.Path) -> dict:
    import numpy

    data = file.read_bytes()
    start = 8 + int.from_bytes(data[:8], "little")
    found = {}
    for name, entry in json.loads(data[8:start]).items():
        if name != "__metadata__":
            begin, end = entry["data_offsets"]
            found[name] = numpy.frombuffer(data[start + begin : start + end], TYPES[entry["dtype"]]).reshape(entry["shape"])
    return found


def sources(graph, target: str, known: set) -> list[str]:
    """The nearest values on the way back from `target` whose contents are known."""
    makers = {output: node for node in graph.node for output in node.output}
    found, queue = [], list(makers[target].input)
    while queue:
        name = queue.pop()
        if name in known:
            found.append(name)
        elif name in makers:
            queue += makers[name].input
    return sorted(set(found))


def runner(runtime: str, model):
    """A function from inputs by name to the output."""
    content = model.SerializeToString()
    if runtime == "reference":
        from onnx.reference import ReferenceEvaluator

        evaluator = ReferenceEvaluator(model)
        return lambda feed: evaluator.run(None, feed)[0]
    if runtime == "openvino":
        import openvino

        compiled = openvino.Core().compile_model(openvino.Core().read_model(content), "CPU", {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": 1})
        return lambda feed: compiled(feed)[0]
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = 1, 3
    level = "ORT_DISABLE_ALL" if runtime == "off" else "ORT_ENABLE_ALL"
    options.graph_optimization_level = getattr(onnxruntime.GraphOptimizationLevel, level)
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    return lambda feed: session.run(None, feed)[0]


def main() -> None:
    try:
        import numpy
        import onnx
        import onnx.utils
    except ImportError as error:
        print(json.dumps({"missing": error.name}))
        return
    file, folder = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    engine = tensors(folder / "codes.safetensors")
    known = {**engine, "input": tensors(folder / "images.safetensors")["images"]}
    model = onnx.shape_inference.infer_shapes(onnx.load(file))
    extractor = onnx.utils.Extractor(model)
    targets = [name for name in engine if not name.endswith(".steps")]
    answer = collections.defaultdict(lambda: {"units": 0, "codes": 0, "different": 0, "most": 0, "tie": 0.0, "logits": 0.0})
    for target in targets:
        inputs = sources(model.graph, target, set(targets) - {target} | {"input"})
        unit = extractor.extract_model(inputs, [target])
        feed = {name: known[name] for name in inputs}
        for runtime in sys.argv[3:]:
            of, theirs, ours = answer[runtime], runner(runtime, unit)(feed), engine[target]
            of["units"] += 1
            if target == "output":
                of["logits"] = float(abs(theirs - ours).max() / abs(ours).max())
                continue
            apart = numpy.abs(theirs.astype(int) - ours.astype(int))
            of["codes"] += ours.size
            of["different"] += int((apart > 0).sum())
            of["most"] = max(of["most"], int(apart.max()))
            steps = engine[target + ".steps"][apart > 0].astype(numpy.float64)
            if steps.size:
                of["tie"] = max(of["tie"], float(numpy.abs(numpy.abs(steps - numpy.floor(steps)) - 0.5).max()))
    for runtime in sys.argv[3:]:
        images, run = known["input"], runner(runtime, model)
        theirs = numpy.concatenate([run({"input": images[start : start + 1]}) for start in range(len(images))])
        answer[runtime]["classes"] = 100 * float((theirs.reshape(len(images), -1).argmax(1) == engine["output"].reshape(len(images), -1).argmax(1)).mean())
    print(json.dumps(answer))


main()
