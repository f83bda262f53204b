#!/usr/bin/env python3
"""Writes reconstruction.json: what the released codes of BRECQ, QDrop, GENIE and PD-Quant compute on one tiny network,
for tests/methods/released_reconstruction_test.cc.

The authors' main programs run unchanged, from their first line to their last, on the network of this file: their own
classes search the ranges, cache, draw and learn. Given to them from outside are the network's weights and the images
(fill.py: made from names alone), the answers of torch.rand_like, torch.randint and torch.randperm (this project's random
streams, computed again in fill.py), and stand-ins for packages that they import and that nothing here needs.
Only numbers are kept. Usage, with PyTorch 2.11 (CPU) and clones at COMMITS, some two minutes:

    make_reconstruction_golden.py --brecq FOLDER --qdrop FOLDER --qdrop-master FOLDER --genie FOLDER --pd-quant FOLDER
"""

import argparse
import concurrent.futures
import contextlib
import importlib
import io
import json
import multiprocessing
import pathlib
import re
import runpy
import sys
import types

from fill import RandomStreams, fill
from make_reference_logits import value_range
from reconstruction_recorder import Layout, Recorder, install_stand_ins

OUTPUT = pathlib.Path(__file__).with_name("reconstruction.json")
COMMITS = {
    "brecq": "yhhhli/BRECQ e455d62e93c70351961f8991c913b59435bd165f",
    "qdrop": "wimh966/QDrop ef37616cbb8ae85239a97a12663a284e032282c1",
    "qdrop_master": "wimh966/QDrop f1162c94e52bc7e95c577333e436a00f11398100",
    "genie": "SamsungLabs/Genie 7b089d9e8e49bd5ce5e30f94e0a339fabc369068",
    "pd_quant": "hustvl/PD-Quant e12038edd0c39d09772279dba90c43ce9cb5170d",
}
SEED = 0
CHANNELS, SIDE, CLASSES = 4, 6, 3
IMAGES = 32  # BRECQ and PD-Quant take batches of 32 and drop what is left over; GENIE caches 32 at once
BATCH, GENIE_BATCH = 32, 4  # GENIE's are IMAGES / --recon_batch
BITS = 2  # of weights and activations, but for those of the first and the last layer, which each code sets
ITERATIONS = 6  # a unit: one below the codes' warm-up of a fifth, five above


# ---- The network and the images --------------------------------------------------------------------------------------


def gain(key: str) -> float:
    return 4 if key.startswith("fc") else 1  # of the logits, so that predictions differ


def tiny_network(basic_block):
    """conv1 3→4, bn1, relu; one basic block with an identity shortcut; mean; fc 4→3. `basic_block`: the repository's
    class, which its code looks for."""
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
    for key, value in network.state_dict().items():
        if not key.endswith("num_batches_tracked"):
            value.copy_(fill(key, value.shape, *value_range(key, value.shape, gain(key))))
    return network.eval()


def images():
    return fill("image", [IMAGES, 3, SIDE, SIDE], -2, 2)


# ---- What is recorded where ------------------------------------------------------------------------------------------

BLOCK = "layer1.0"
WEIGHTS = ["conv1", BLOCK + ".conv1", BLOCK + ".conv2", "fc"]
STEM_SITE, INNER_SITE, BLOCK_SITE = "relu", BLOCK + ".relu1", BLOCK + ".relu2"
# Purposes of masks: engine/reconstruction/unit_draws.cc and unit_training.cc. Quantizers stand behind the stem, inside the block, behind it.
MASKS = {"conv1": [["input"], ["site0.0"]], BLOCK: [["input"], ["site0.0"], ["site1.0"]], "fc": [["input"]]}
# PD-Quant's one forward of two half batches is two forwards here.
HALVES = {unit: [masks[0]] + [[f"site{i}.0", f"site{i}.1"] for i in range(len(masks) - 1)]
          for unit, masks in MASKS.items()}
# In GENIE's block conv1, conv2 and the addition draw, each for itself; the numbers behind are those of their nodes, in
# the unit and in the whole network.
READERS = {"conv1": [["input"]], BLOCK: [["input"], ["site0.0.1"], ["site1.0.4"], ["site0.0.6"]],
           "fc": [["input"], ["site0.0.1"]]}
RANGE_READERS = {BLOCK: ["range0.4", "range1.7", "range0.9"], "fc": ["range2.13"]}


def brecq_layout(masks):
    """Of BRECQ and of the two that grew from it."""
    return Layout({name: "model." + name for name in ["conv1", BLOCK, "fc"]},
                  {name: f"model.{name}.weight_quantizer" for name in WEIGHTS},
                  {STEM_SITE: "model.conv1.act_quantizer", INNER_SITE: f"model.{BLOCK}.conv1.act_quantizer",
                   BLOCK_SITE: f"model.{BLOCK}.act_quantizer"},
                  "delta", "alpha", masks)


def qdrop_layout():
    layers = {"conv1": "conv1", BLOCK + ".conv1": BLOCK + ".conv1_relu", BLOCK + ".conv2": BLOCK + ".conv2", "fc": "fc"}
    return Layout({name: name for name in ["conv1", BLOCK, "fc"]},
                  {name: path + ".module.weight_fake_quant" for name, path in layers.items()},
                  {STEM_SITE: "conv1.layer_post_act_fake_quantize",
                   INNER_SITE: BLOCK + ".conv1_relu.layer_post_act_fake_quantize",
                   BLOCK_SITE: BLOCK + ".block_post_act_fake_quantize"},
                  "scale", "alpha", MASKS)


def genie_layout():
    return Layout({name: name for name in ["conv1", BLOCK, "fc"]},
                  {name: name + ".weight_quantizer" for name in WEIGHTS},
                  {STEM_SITE: BLOCK + ".conv1.activation_quantizer", INNER_SITE: BLOCK + ".conv2.activation_quantizer",
                   "flatten": "fc.activation_quantizer"},
                  "scale", "bit_logit", READERS, RANGE_READERS)


# ---- The released codes ----------------------------------------------------------------------------------------------


def stand_in(name, **members):
    module = sys.modules[name] = types.ModuleType(name)
    vars(module).update(members)


def loaders(*_, **__):
    import torch

    return [(images(), torch.zeros(IMAGES, dtype=torch.int64))], []


def run_main_imagenet(folder, package, recorder, module_argument, arguments, phase_of=lambda _: "reconstruct"):
    """main_imagenet.py of BRECQ and of the two that grew from it. `package`: the prefix of its own imports."""
    quant = importlib.import_module(package + "quant")
    resnet = importlib.import_module(package + "models.resnet")
    stand_in("hubconf", resnet18=lambda pretrained: tiny_network(resnet.BasicBlock))
    stand_in(package + "data.imagenet", build_imagenet_data=loaders)
    for name in ["block_reconstruction", "layer_reconstruction"]:
        setattr(quant, name, recorder.around(getattr(quant, name), 0, module_argument, phase_of))
    sys.argv = ["main_imagenet.py", "--data_path", "none", "--num_samples", str(IMAGES), "--n_bits_w", str(BITS),
                "--n_bits_a", str(BITS), "--iters_w", str(ITERATIONS), *arguments]
    runpy.run_path(str(pathlib.Path(folder, "main_imagenet.py")), run_name="__main__")
    return recorder.result


def record_brecq(folder):
    import torch

    recorder = Recorder(brecq_layout({}), IMAGES, SEED)
    install_stand_ins(recorder, "numpy", "linklink")
    torch.randperm = lambda _: recorder.next_batch(BATCH)
    sys.path.insert(0, folder)
    arguments = ["--channel_wise", "--act_quant", "--iters_a", str(ITERATIONS)]
    return run_main_imagenet(folder, "", recorder, 1, arguments,
                             lambda kwargs: "steps" if kwargs["act_quant"] else "round")


def record_qdrop(folder):
    recorder = Recorder(qdrop_layout(), IMAGES, SEED)
    install_stand_ins(recorder, "numpy", "scipy", "yaml", "torchvision", "torchvision.transforms",
                      "torchvision.datasets")
    stand_in("scipy.optimize", minimize_scalar=None)
    stand_in("easydict", EasyDict=None)
    sys.path[:0] = [folder, str(pathlib.Path(folder, "qdrop/solver"))]
    utilities = importlib.import_module("imagenet_utils")
    quantizer = lambda kind, axis: types.SimpleNamespace(
        quantizer=kind, observer="MSEObserver", bit=BITS, symmetric=False, ch_axis=axis)
    # exp/w2a4/r18/config.yaml, but for the bits and the iterations
    recon = types.SimpleNamespace(batch_size=BATCH, scale_lr=4.0e-5, warm_up=0.2, weight=0.01, iters=ITERATIONS,
                                  b_range=[20, 2], keep_gpu=True, round_mode="learned_hard_sigmoid", drop_prob=0.5)
    quant = types.SimpleNamespace(a_qconfig=quantizer("LSQFakeQuantize", -1), calibrate=IMAGES, recon=recon,
                                  w_qconfig=quantizer("AdaRoundFakeQuantize", 0))
    utilities.parse_config = lambda _: types.SimpleNamespace(
        quant=quant, model=None, data={}, process=types.SimpleNamespace(seed=0))
    utilities.load_data, utilities.set_seed, utilities.validate_model = loaders, lambda _: None, lambda *_: None
    program = importlib.import_module("main_imagenet")
    resnet = importlib.import_module("qdrop.model.resnet")
    program.load_model = lambda _: tiny_network(resnet.BasicBlock)
    program.reconstruction = recorder.around(program.reconstruction, 0, 2)
    program.main(None)
    return recorder.result


def record_qdrop_master(folder):
    recorder = Recorder(brecq_layout(MASKS), IMAGES, SEED)
    install_stand_ins(recorder, "numpy")
    stand_in("QDrop", __path__=[folder])  # its main program wants the clone's folder to bear this name
    # exp/run.sh
    arguments = ["--channel_wise", "--act_quant", "--order", "together", "--wwq", "--waq", "--awq", "--aaq",
                 "--weight", "0.01", "--input_prob", "0.5", "--prob", "0.5"]
    return run_main_imagenet(folder, "QDrop.", recorder, 1, arguments)


def record_pd_quant(folder):
    recorder = Recorder(brecq_layout(HALVES), IMAGES, SEED)
    install_stand_ins(recorder, "numpy")
    stand_in("tqdm", trange=range)
    sys.path.insert(0, folder)
    # run_script.py, resnet18
    return run_main_imagenet(folder, "", recorder, 2, ["--weight", "0.01", "--T", "4.0", "--lamb_c", "0.02"])


class GenieEpoch:
    """Stands for a permutation: its rows are this project's batches, each drawn when its step begins."""

    def __init__(self, recorder):
        self.recorder = recorder

    def view(self, rows, _):
        assert rows * GENIE_BATCH == IMAGES
        for _ in range(rows):
            yield self.recorder.next_batch(GENIE_BATCH)


def record_genie(folder):
    import torch

    recorder = Recorder(genie_layout(), IMAGES, SEED)
    install_stand_ins(recorder, "numpy", "fire")
    stand_in("torchvision", datasets=None, transforms=None)
    torch.randperm = lambda _: GenieEpoch(recorder)
    torch.utils.data.DataLoader = lambda *_, **__: iter([[images()]])
    sys.path.insert(0, folder)
    program, code = importlib.import_module("main"), importlib.import_module("reconstruct")
    resnet = importlib.import_module("models.resnet")
    program.get_model = lambda *_, **__: tiny_network(resnet.BasicBlock)
    program.get_dataset, program.evaluate_classifier = lambda *_: [None] * IMAGES, lambda *_: None
    reconstruct_block, reconstruct = code.reconstruct_block, code.reconstruct
    block = recorder.around(lambda _, *args, **kwargs: reconstruct_block(*args, **kwargs), 0, 1)

    def reconstruct_all(teacher, student, *args, **kwargs):
        code.reconstruct_block = lambda *unit, **settings: block(student, *unit, **settings)
        reconstruct(teacher, student, *args, **kwargs)

    program.reconstruct = reconstruct_all
    program.main(train_path="images", samples=IMAGES, bit_w=BITS, bit_a=BITS, recon_iter=ITERATIONS,
                 recon_batch=IMAGES // GENIE_BATCH)
    return recorder.result


RECORD = {"brecq": record_brecq, "qdrop": record_qdrop, "qdrop_master": record_qdrop_master, "genie": record_genie,
          "pd_quant": record_pd_quant}


def record(method, folder):
    with contextlib.redirect_stdout(io.StringIO()):
        return RECORD[method](folder)


def draws():
    """For the test that this project's streams are those of fill.py."""
    below = RandomStreams(7).shared(3, "golden")
    return {"seed": 7, "step": 3, "purpose": "golden", "below_32": [below.below(32) for _ in range(9)],
            "keep": RandomStreams(7).keep_for_samples(3, "golden", [2, 40], p=0.5).tolist()}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for method in RECORD:
        parser.add_argument("--" + method.replace("_", "-"), required=True, metavar="FOLDER", help=COMMITS[method])
    parser.add_argument("--output", type=pathlib.Path, default=OUTPUT)
    arguments = vars(parser.parse_args())
    golden = {"seed": SEED, "images": IMAGES, "bits": BITS, "iterations": ITERATIONS, "draws": draws(), "methods": {}}
    context = multiprocessing.get_context("spawn")
    for method in RECORD:  # each in a fresh interpreter: the repositories' modules have the same names
        with concurrent.futures.ProcessPoolExecutor(1, mp_context=context) as pool:
            result = pool.submit(record, method, arguments[method]).result()
        batch = GENIE_BATCH if method == "genie" else BATCH
        golden["methods"][method] = {"commit": COMMITS[method], "batch": batch, **result}
    text = json.dumps(golden, indent=1)
    text = re.sub(r"\[\s+([^\[\]{}\"]*?)\s+\]", lambda found: "[" + re.sub(r"\s+", " ", found[1]) + "]", text)
    arguments["output"].write_text(text + "\n")


if __name__ == "__main__":
    main()
