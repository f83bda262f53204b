#!/usr/bin/env python3
"""Writes reconstruction.json: what the released codes of BRECQ, QDrop, GENIE and PD-Quant compute on one tiny network,
for tests/methods/released_reconstruction_test.cc.

The authors' main programs run unchanged, from their first line to their last, on a network of this file: their own
classes search the ranges, cache, draw and learn. Given to them from outside are the network's weights and the images
(fill(), made from names alone), the answers of torch.rand_like, torch.randint and torch.randperm (this project's
random streams, computed again in streams.py), and stand-ins for packages that they import and that nothing here needs.
Only numbers are kept. Usage, with PyTorch 2.11 and clones at the commits of COMMITS:

    make_reconstruction_golden.py --brecq FOLDER --qdrop FOLDER --qdrop-master FOLDER --genie FOLDER --pd-quant FOLDER
"""

import argparse
import concurrent.futures
import importlib
import io
import json
import contextlib
import multiprocessing
import pathlib
import runpy
import sys
import types

import streams
from make_reference_logits import MASK, fnv1a, value_range

OUTPUT = pathlib.Path(__file__).with_name("reconstruction.json")
COMMITS = {
    "brecq": "yhhhli/BRECQ e455d62e93c70351961f8991c913b59435bd165f",
    "qdrop": "wimh966/QDrop ef37616cbb8ae85239a97a12663a284e032282c1",
    "qdrop_master": "wimh966/QDrop f1162c94e52bc7e95c577333e436a00f11398100",
    "genie": "SamsungLabs/Genie 7b089d9e8e49bd5ce5e30f94e0a339fabc369068",
    "pd_quant": "hustvl/PD-Quant e12038edd0c39d09772279dba90c43ce9cb5170d",
}
CHANNELS, SIDE, CLASSES = 4, 6, 3
IMAGES = 32  # BRECQ and PD-Quant take batches of 32 and drop what is left over; GENIE caches 32 at once
BITS = 2  # of weights and activations, but for the first and the last layer's, which each code sets
ITERATIONS = 6  # a unit: one below the codes' warm-up of 0.2, five above
SEED = 0


# ---- The network and the images --------------------------------------------------------------------------------------


def fill(key: str, shape, low: float, high: float):
    """As in make_reference_logits.py, without NumPy."""
    import torch

    count, numbers, counter = torch.Size(shape).numel(), [], fnv1a(key)
    for _ in range(count):
        counter = (counter + 0x9E3779B1) & MASK
        x = ((counter ^ (counter >> 16)) * 0x85EBCA6B) & MASK
        x = ((x ^ (x >> 13)) * 0xC2B2AE35) & MASK
        numbers.append(((x ^ (x >> 16)) >> 8) * 2.0**-24)
    f32 = lambda number: torch.tensor(number, dtype=torch.float32)
    return (f32(low) + f32(high - low) * f32(numbers)).reshape(tuple(shape))


def tiny_network(basic_block):
    """conv1 3→4, bn1, relu; one basic block with an identity shortcut; mean; fc. `basic_block`: the repository's."""
    import torch
    from torch import nn

    class Tiny(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv1 = nn.Conv2d(3, CHANNELS, 3, padding=1, bias=False)
            self.bn1 = nn.BatchNorm2d(CHANNELS)
            self.relu = nn.ReLU(inplace=True)
            self.layer1 = nn.Sequential(basic_block(CHANNELS, CHANNELS, norm_layer=nn.BatchNorm2d))
            self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
            self.fc = nn.Linear(CHANNELS, CLASSES)

        def forward(self, x):
            x = self.layer1(self.relu(self.bn1(self.conv1(x))))
            return self.fc(torch.flatten(self.avgpool(x), 1))

    network = Tiny()
    state = {
        key: torch.tensor(0) if key.endswith("num_batches_tracked")
        else fill(key, value.shape, *value_range(key, value.shape, gain=1))
        for key, value in network.state_dict().items()
    }
    network.load_state_dict(state)
    import os
    if os.environ.get("DOUBLE"): network.double()
    return network.eval()


def images():
    import os
    x = fill("image", [IMAGES, 3, SIDE, SIDE], -2, 2)
    return x.double() if os.environ.get("DOUBLE") else x


# ---- What a released model looks like ---------------------------------------------------------------------------------


class Layout:
    """Where a repository keeps what is recorded. Names on the left are those of this project's graph."""

    def __init__(self, units, weights, sites, step, logits, draws):
        self.units, self.weights, self.sites = units, weights, sites
        self.step, self.logits = step, logits  # attributes of quantizers
        self.draws = draws  # by unit: purposes of one step's masks, in the order in which the code draws them

    def zero_point(self, quantizer):
        return quantizer.zero_point


BLOCK = "layer1.0"
STEM_SITE, INNER_SITE, BLOCK_SITE = "relu", "layer1.0.relu1", "layer1.0.relu2"

OUTPUT_DRAWS = {
    "conv1": [["input"], ["site0.0"]],
    BLOCK: [["input"], ["site0.0"], ["site1.0"]],
    "fc": [["input"]],
}


def brecq_layout(prefix="model.", draws=None):
    at = lambda path: prefix + path
    return Layout(
        {"conv1": at("conv1"), BLOCK: at(BLOCK), "fc": at("fc")},
        {name: at(name + ".weight_quantizer") for name in ["conv1", BLOCK + ".conv1", BLOCK + ".conv2", "fc"]},
        {STEM_SITE: at("conv1.act_quantizer"), INNER_SITE: at(BLOCK + ".conv1.act_quantizer"),
         BLOCK_SITE: at(BLOCK + ".act_quantizer")},
        "delta", "alpha", draws or {})


def qdrop_layout():
    module = lambda path: path + ".module.weight_fake_quant"
    return Layout(
        {"conv1": "conv1", BLOCK: BLOCK, "fc": "fc"},
        {"conv1": module("conv1"), BLOCK + ".conv1": module(BLOCK + ".conv1_relu"),
         BLOCK + ".conv2": module(BLOCK + ".conv2"), "fc": module("fc")},
        {STEM_SITE: "conv1.layer_post_act_fake_quantize",
         INNER_SITE: BLOCK + ".conv1_relu.layer_post_act_fake_quantize",
         BLOCK_SITE: BLOCK + ".block_post_act_fake_quantize"},
        "scale", "alpha", OUTPUT_DRAWS)


# The loss of the first half of the batch, and the prediction difference of the second, are two forwards here.
PD_DRAWS = {
    unit: [steps[0]] + [[f"site{i}.0", f"site{i}.1"] for i in range(len(steps) - 1)]
    for unit, steps in OUTPUT_DRAWS.items()
}


# Each reader of a tensor draws for itself: conv1, conv2, and the identity that quantizes the shortcut.
GENIE_READERS = {BLOCK: [["site0.0.CONV1"], ["site1.0.CONV2"], ["site0.0.ADD"]], "fc": [["site0.0.FC"]]}


def genie_layout():
    return Layout(
        {"conv1": "conv1", BLOCK: BLOCK, "fc": "fc"},
        {name: name + ".weight_quantizer" for name in ["conv1", BLOCK + ".conv1", BLOCK + ".conv2", "fc"]},
        {STEM_SITE: BLOCK + ".conv1.activation_quantizer", INNER_SITE: BLOCK + ".conv2.activation_quantizer",
         "flatten": "fc.activation_quantizer"},
        "scale", "bit_logit", {unit: [["input"], *GENIE_READERS.get(unit, [])] for unit in ["conv1", BLOCK, "fc"]})


# ---- Recording --------------------------------------------------------------------------------------------------------


def numbers(tensor):
    return [float("%.9g" % x) for x in tensor.detach().double().flatten().tolist()]


class Recorder:
    """Answers the draws of the unit that is being reconstructed, and writes down what happens to it."""

    def __init__(self, method, layout):
        self.method, self.layout = method, layout
        self.model = self.unit = None
        self.result = {"weights": {}, "sites": {}, "units": []}

    def module(self, path):
        return self.model.get_submodule(path)

    # Around a reconstruction.
    def begin(self, model, module, phase):
        self.model = model
        name = next(n for n, path in self.layout.units.items() if self.module(path) is module)
        self.unit = {"name": name, "phase": phase, "output": [], "rounding": [], "extra": [], "act_steps": {}}
        self.inside, self.step, self.optimisers = module, -1, []

    def end(self):
        unit = self.unit
        learned = {id(p) for o in self.optimisers for group in o.param_groups for p in group["params"]
                   if p.grad is not None}
        for kind, quantizers, attribute in [("V", self.layout.weights, self.layout.logits),
                                            ("weight_steps", self.layout.weights, self.layout.step),
                                            ("act_steps", self.layout.sites, self.layout.step)]:
            found = {name: getattr(self.module(path), attribute, None) for name, path in quantizers.items()}
            unit[kind] = {name: numbers(value) for name, value in found.items() if id(value) in learned}
        for kind in ["extra", "rounding"]:
            if not unit[kind]:
                del unit[kind]
        self.result["units"].append(unit)
        self.unit = None

    def note_searched(self):
        """Every quantizer that has a range by now, those of weights and activations apart."""
        for kind, quantizers in [("weights", self.layout.weights), ("sites", self.layout.sites)]:
            for name, path in quantizers.items():
                quantizer = self.module(path)
                step = getattr(quantizer, self.layout.step, None)
                if name in self.result[kind] or not self.is_set(quantizer, step):
                    continue
                self.result[kind][name] = {"bits": quantizer.n_bits if hasattr(quantizer, "n_bits") else quantizer.bit,
                                           "s": numbers(step), "z": numbers(self.zero_point(quantizer))}

    def is_set(self, quantizer, step):
        """PD-Quant's and QDrop's quantizers hold 1.0 until then."""
        import torch

        return isinstance(step, torch.Tensor)

    def zero_point(self, quantizer):
        import torch

        if hasattr(quantizer, "signed"):  # GENIE: no zero point, a signed range or an unsigned one
            return torch.tensor(2.0 ** (quantizer.n_bits - 1) if quantizer.signed else 0.0)
        return torch.as_tensor(quantizer.zero_point)

    # Draws.
    def purpose(self, what):
        return f"{what}:{self.unit['phase']}:{self.unit['name']}"

    def indices(self, count):
        import torch

        return torch.tensor(streams.below(SEED, self.step, self.purpose("batch"), IMAGES, count))

    def next_step(self):
        self.step += 1
        if self.step == 0:
            self.note_searched()
        self.pending = list(self.layout.draws.get(self.unit["name"], []))

    def randint(self, low, high, size, **_):
        assert (low, high) == (0, IMAGES), (low, high)
        self.next_step()
        return self.indices(size[0])

    def rand_like(self, tensor):
        """Below one half exactly where this project keeps what is quantized."""
        import torch

        if self.unit is None:  # GENIE caches with the unit's drop switched on
            return self.rand_like_while_caching(tensor)
        purposes = self.pending.pop(0)
        each = tensor.size(0) // len(purposes)
        keep = [streams.fair_coins(SEED, max(self.step, 0), self.purpose(what), each, tensor[0].numel())
                for what in purposes]
        return 1 - torch.tensor(keep, dtype=tensor.dtype).reshape(tensor.shape)

    def rand_like_while_caching(self, tensor):
        import torch

        return torch.zeros_like(tensor)

    # Losses.
    def note_losses(self, output, rounding, extra=None):
        self.unit["output"].append(float("%.9g" % float(output)))
        self.unit["rounding"].append(float("%.9g" % float(rounding)))
        if extra is not None:
            self.unit["extra"].append(float("%.9g" % float(extra)))

    def on_return(self, frame, event, _):
        """The terms of the released LossFunction objects are local to their __call__."""
        names = frame.f_locals
        if event == "return" and frame.f_code.co_name == "__call__" and "rec_loss" in names:
            self.note_losses(names["rec_loss"], names["round_loss"], names.get("pd_loss"))

    def on_step(self, optimiser):
        """GENIE's terms are local to the function that steps: they count once, with its first optimiser."""
        if optimiser is not self.optimisers[0]:
            return
        frame = sys._getframe()
        while frame and "recon_loss" not in frame.f_locals:
            frame = frame.f_back
        if frame:
            names = frame.f_locals
            self.note_losses(names["recon_loss"], names["round_loss"] * names["round_weight"])

    def around(self, reconstruct, arguments, phase_of):
        def run(*args, **kwargs):
            model, module = (args[i] for i in arguments)
            self.begin(model, module, phase_of(kwargs))
            sys.setprofile(self.on_return)
            try:
                return reconstruct(*args, **kwargs)
            finally:
                sys.setprofile(None)
                self.end()
        return run


def stand_ins(recorder, *packages):
    """CUDA on a CPU, an argument that PyTorch has dropped, and packages that the codes import but do not need here."""
    import torch
    import torch._dynamo  # its optimisers import it, and it would take the stand-in for NumPy

    for name in packages:
        sys.modules[name] = types.ModuleType(name)
    if "numpy" in packages:
        sys.modules["numpy"].random = types.SimpleNamespace(seed=lambda _: None)
    torch.Tensor.cuda = torch.nn.Module.cuda = lambda self, *_, **__: self
    to = torch.Tensor.to
    torch.Tensor.to = lambda self, *args, **kwargs: self if args[:1] == ("cuda",) else to(self, *args, **kwargs)
    torch.cuda.empty_cache = torch.cuda.manual_seed = torch.cuda.manual_seed_all = lambda *_: None
    torch.randint, torch.rand_like = recorder.randint, recorder.rand_like

    class Adam(torch.optim.Adam):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            recorder.optimisers.append(self)

        def step(self, *args):
            recorder.on_step(self)
            return super().step(*args)

    torch.optim.Adam = Adam
    plateau = torch.optim.lr_scheduler.ReduceLROnPlateau
    torch.optim.lr_scheduler.ReduceLROnPlateau = lambda *args, verbose, **kwargs: plateau(*args, **kwargs)


def loaders(*_, **__):
    import torch

    return [(images(), torch.zeros(IMAGES, dtype=torch.int64))], []


def run_main(folder, hubconf, arguments):
    """main_imagenet.py as a program."""
    sys.modules["hubconf"] = types.ModuleType("hubconf")
    sys.modules["hubconf"].resnet18 = lambda pretrained: hubconf()
    sys.argv = ["main_imagenet.py", "--data_path", "none", "--num_samples", str(IMAGES), "--n_bits_w", str(BITS),
                "--n_bits_a", str(BITS), "--iters_w", str(ITERATIONS), *arguments]
    runpy.run_path(str(pathlib.Path(folder, "main_imagenet.py")), run_name="__main__")


def set_loaders(name):
    module = sys.modules[name] = types.ModuleType(name)
    module.build_imagenet_data = loaders


# ---- The four codes ---------------------------------------------------------------------------------------------------


def record_brecq(folder):
    import torch

    recorder = Recorder("brecq", brecq_layout())

    def randperm(count):
        assert count == IMAGES
        recorder.next_step()
        return recorder.indices(32)

    stand_ins(recorder, "numpy", "linklink")
    torch.randperm = randperm
    set_loaders("data.imagenet")
    sys.path.insert(0, folder)
    quant, resnet = importlib.import_module("quant"), importlib.import_module("models.resnet")
    phase_of = lambda kwargs: "steps" if kwargs["act_quant"] else "round"
    for name in ["block_reconstruction", "layer_reconstruction"]:
        setattr(quant, name, recorder.around(getattr(quant, name), (0, 1), phase_of))
    run_main(folder, lambda: tiny_network(resnet.BasicBlock),
             ["--channel_wise", "--act_quant", "--iters_a", str(ITERATIONS)])
    return recorder.result


def record_qdrop(folder):
    recorder = Recorder("qdrop", qdrop_layout())
    stand_ins(recorder, "numpy", "scipy", "scipy.optimize", "yaml", "easydict", "torchvision",
              "torchvision.transforms", "torchvision.datasets")
    sys.modules["scipy.optimize"].minimize_scalar = None
    sys.modules["easydict"].EasyDict = None
    sys.path[:0] = [folder, str(pathlib.Path(folder, "qdrop/solver"))]
    utilities = importlib.import_module("imagenet_utils")
    bits = lambda quantizer, axis: types.SimpleNamespace(
        quantizer=quantizer, observer="MSEObserver", bit=BITS, symmetric=False, ch_axis=axis)
    # exp/w2a2/r18/config.yaml, but for the iterations.
    recon = types.SimpleNamespace(batch_size=32, scale_lr=4.0e-5, warm_up=0.2, weight=0.01, iters=ITERATIONS,
                                  b_range=[20, 2], keep_gpu=True, round_mode="learned_hard_sigmoid", drop_prob=0.5)
    quant = types.SimpleNamespace(a_qconfig=bits("LSQFakeQuantize", -1), w_qconfig=bits("AdaRoundFakeQuantize", 0),
                                  calibrate=IMAGES, recon=recon)
    utilities.parse_config = lambda _: types.SimpleNamespace(
        quant=quant, model=None, data={}, process=types.SimpleNamespace(seed=0))
    utilities.load_data, utilities.set_seed, utilities.validate_model = loaders, lambda _: None, lambda *_: None
    main = importlib.import_module("main_imagenet")
    resnet = importlib.import_module("qdrop.model.resnet")
    main.load_model = lambda _: tiny_network(resnet.BasicBlock)
    main.reconstruction = recorder.around(main.reconstruction, (0, 2), lambda _: "reconstruct")
    main.main(None)
    return recorder.result


def record_like_qdrop_master(method, folder, layout, arguments, module_argument, package):
    recorder = Recorder(method, layout)
    stand_ins(recorder, "numpy", "tqdm")
    sys.modules["tqdm"].trange = range
    set_loaders(package + "data.imagenet")
    sys.path.insert(0, folder)
    if package:  # the clone's folder has to bear the package's name
        name = package.rstrip(".")
        sys.modules[name] = types.ModuleType(name)
        sys.modules[name].__path__ = [folder]
    quant = importlib.import_module(package + "quant")
    resnet = importlib.import_module(package + "models.resnet")
    for name in ["block_reconstruction", "layer_reconstruction"]:
        setattr(quant, name, recorder.around(getattr(quant, name), (0, module_argument), lambda _: "reconstruct"))
    run_main(folder, lambda: tiny_network(resnet.BasicBlock), arguments)
    return recorder.result


def record_qdrop_master(folder):
    # exp/run.sh
    arguments = ["--channel_wise", "--act_quant", "--order", "together", "--wwq", "--waq", "--awq", "--aaq",
                 "--weight", "0.01", "--input_prob", "0.5", "--prob", "0.5"]
    return record_like_qdrop_master("qdrop_master", folder, brecq_layout(draws=OUTPUT_DRAWS), arguments, 1, "QDrop.")


def record_pd_quant(folder):
    # run_script.py, resnet18
    arguments = ["--weight", "0.01", "--T", "4.0", "--lamb_c", "0.02"]
    return record_like_qdrop_master("pd_quant", folder, brecq_layout(draws=PD_DRAWS), arguments, 2, "")


def record_genie(folder):
    import torch

    recorder = Recorder("genie", genie_layout())
    batch = 4
    stand_ins(recorder, "numpy", "fire", "torchvision")
    sys.modules["torchvision"].datasets = sys.modules["torchvision"].transforms = None

    def randperm(count):  # reshaped to rows of IMAGES / recon_batch images, a step each
        assert count == IMAGES
        return GenieEpoch(recorder, batch)

    torch.randperm = randperm
    sys.path.insert(0, folder)
    program, code = importlib.import_module("main"), importlib.import_module("reconstruct")
    resnet = importlib.import_module("models.resnet")
    program.get_model = lambda *_, **__: tiny_network(resnet.BasicBlock)
    program.get_dataset, program.evaluate_classifier = lambda *_: [None] * IMAGES, lambda *_: None
    torch.utils.data.DataLoader = lambda *_, **__: iter([[images()]])
    reconstruct_block, reconstruct = code.reconstruct_block, code.reconstruct

    def all_units(teacher, student, *args, **kwargs):
        recorder.model = student
        return reconstruct(teacher, student, *args, **kwargs)

    program.reconstruct = all_units
    block = recorder.around(lambda model, *args, **kwargs: reconstruct_block(*args, **kwargs), (0, 1),
                            lambda _: "reconstruct")
    code.reconstruct_block = lambda *args, **kwargs: block(recorder.model, *args, **kwargs)
    program.main(train_path="images", samples=IMAGES, bit_w=BITS, bit_a=BITS, recon_iter=ITERATIONS,
                 recon_batch=IMAGES // batch)
    return recorder.result


class GenieEpoch:
    """Stands for a permutation: its rows are this project's batches, each drawn when its step begins."""

    def __init__(self, recorder, batch):
        self.recorder, self.batch = recorder, batch

    def view(self, rows, _):
        assert rows * self.batch == IMAGES
        for _ in range(rows):
            self.recorder.next_step()
            yield self.recorder.indices(self.batch)


RECORD = {"brecq": record_brecq, "qdrop": record_qdrop, "qdrop_master": record_qdrop_master,
          "genie": record_genie, "pd_quant": record_pd_quant}


def record(method, folder):
    with contextlib.redirect_stdout(io.StringIO()):
        return RECORD[method](folder)


def main():
    parser = argparse.ArgumentParser()
    for method in RECORD:
        parser.add_argument("--" + method.replace("_", "-"), required=True)
    folders = vars(parser.parse_args())
    # A fresh interpreter for each: the repositories' modules have the same names.
    context = multiprocessing.get_context("spawn")
    methods = {}
    import os
    for method in os.environ.get("ONLY", " ".join(RECORD)).split():
        with concurrent.futures.ProcessPoolExecutor(1, mp_context=context) as pool:
            methods[method] = pool.submit(record, method, folders[method]).result()
    open(os.environ["OUT"], "w").write(json.dumps(methods))


if __name__ == "__main__":
    main()
