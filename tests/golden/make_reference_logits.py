#!/usr/bin/env python3
"""Writes reference_logits.json: what torchvision and pytorchcv compute, for tests/engine/models/reference_networks_test.cc.

Each reference network is filled with numbers that depend on nothing but the names of its parameters (fill.py),
which the test computes again in C++, and sees one image that is made in the same way. Only names, shapes and logits
are kept. Usage:

    make_reference_logits.py              # in a virtual environment of its own, made anew from PyPI
    make_reference_logits.py --installed  # with what this interpreter has
"""

import argparse
import json
import math
import pathlib
import re
import subprocess
import sys
import tempfile

from fill import fill

PACKAGES = ["torch==2.11.0", "torchvision==0.26.0", "pytorchcv==0.0.74", "numpy==2.2.6"]
OUTPUT = pathlib.Path(__file__).with_name("reference_logits.json")
CLASSES = 10


def value_range(key: str, shape, gain: float) -> tuple[float, float]:
    if key.endswith("running_var"):
        return 0.5, 1.5
    if key.endswith("running_mean") or key.endswith("bias"):
        return -0.2, 0.2
    if len(shape) == 1:  # the scale of a batch norm
        return 0.75, 1.25
    bound = gain * math.sqrt(6 / math.prod(shape[1:]))  # He et al. 2015 at gain 1
    return -bound, bound


def image(name: str, shape):
    return fill(name, [1, *shape], -2, 2)


# BRECQ's release is no package; these are the names of its models/mobilenetv2.py and models/regnet.py.
def brecq_mobilenet(key: str) -> str:
    first = {"0.0": "0", "0.1": "1", "1": "3", "2": "4"}
    others = {"0.0": "0", "0.1": "1", "1.0": "3", "1.1": "4", "2": "6", "3": "7"}
    found = re.fullmatch(r"features\.(\d+)\.conv\.([\d.]+)\.(\w+)", key)
    if not found:
        return key
    block, layer, what = found.groups()
    return f"features.{block}.conv.{(first if block == '1' else others)[layer]}.{what}"


def brecq_regnet(key: str) -> str:
    key = re.sub(r"^stem\.0\.", "stem.conv.", re.sub(r"^stem\.1\.", "stem.bn.", key))
    key = re.sub(r"^fc\.", "head.fc.", key)
    found = re.fullmatch(r"trunk_output\.block(\d)\.block\d-(\d+)\.(.*)\.([01])\.(\w+)", key)
    if not found:
        return key
    stage, block, layer, index, what = found.groups()
    if layer == "proj":
        name = "bn" if index == "1" else "proj"
    else:
        name = layer + ("_bn" if index == "1" else "")
    return f"s{stage}.b{int(block) + 1}.{name}.{what}"


def torchvision_network(name: str):
    import torchvision.models as models
    from torchvision.models.regnet import BlockParams, RegNet

    if name == "MNASNet(2.0)":
        return models.MNASNet(2.0, num_classes=CLASSES)
    if name == "RegNet(depth=16, w_0=48, w_a=36.97, w_m=2.24, group_width=24)":  # Radosavovic et al. 2020, 600MF
        parameters = BlockParams.from_init_params(depth=16, w_0=48, w_a=36.97, w_m=2.24, group_width=24)
        return RegNet(parameters, num_classes=CLASSES)
    options = {"init_weights": False} if name == "inception_v3" else {}
    return getattr(models, name)(weights=None, num_classes=CLASSES, **options)


def pytorchcv_network(name: str):
    import torch
    from pytorchcv.model_provider import get_model

    network = get_model(name, num_classes=CLASSES)
    # Its pools are as large as the last map of an image of the usual size; these are the same there.
    if name.startswith(("vgg", "bn_vgg")):
        network.features.add_module("final_pool", torch.nn.AdaptiveAvgPool2d(7))
    else:
        network.features.final_pool = torch.nn.AdaptiveAvgPool2d(1)
    return network


REGNET_600 = "RegNet(depth=16, w_0=48, w_a=36.97, w_m=2.24, group_width=24)"
# Our architecture, layout of the keys, reference, side of the image.
NETWORKS = [
    ("resnet20_cifar_b", "pytorchcv", "resnet20_cifar10", 32),
    ("resnet18", "torchvision", "resnet18", 64),
    ("resnet18", "pytorchcv", "resnet18", 64),
    ("resnet34", "torchvision", "resnet34", 64),
    ("resnet50", "torchvision", "resnet50", 64),
    ("resnet50", "pytorchcv", "resnet50b", 64),
    ("resnet50_v1_stride1x1", "pytorchcv", "resnet50", 64),
    ("resnet101", "torchvision", "resnet101", 64),
    ("mobilenetv1", "pytorchcv", "mobilenet_w1", 64),
    ("mobilenetv2_tv", "torchvision", "mobilenet_v2", 64),
    ("mobilenetv2_tv", "brecq", "mobilenet_v2", 64),
    ("mobilenetv2_cv", "pytorchcv", "mobilenetv2_w1", 64),
    ("vgg16", "torchvision", "vgg16", 64),
    ("vgg16_bn", "torchvision", "vgg16_bn", 64),
    ("vgg16_bn", "pytorchcv", "bn_vgg16", 64),
    ("regnetx_600mf", "torchvision", REGNET_600, 64),
    ("regnetx_600mf", "pytorchcv", "regnetx006", 64),
    ("regnetx_600mf", "brecq", REGNET_600, 64),
    ("regnetx_3200mf", "torchvision", "regnet_x_3_2gf", 64),
    ("shufflenet_g1_w1", "pytorchcv", "shufflenet_g1_w1", 64),
    ("shufflenetv2", "torchvision", "shufflenet_v2_x1_0", 64),
    ("shufflenetv2_cv", "pytorchcv", "shufflenetv2_w1", 64),
    ("sqnxt23_w2", "pytorchcv", "sqnxt23_w2", 64),
    ("inceptionv3", "torchvision", "inception_v3", 96),
    ("inceptionv3", "pytorchcv", "inceptionv3", 96),
    ("mnasnet_2_0", "torchvision", "MNASNet(2.0)", 64),
]


class Reference:
    def __init__(self, arch: str, layout: str, name: str, side: int):
        import torch

        self.arch, self.layout, self.name, self.side = arch, layout, name, side
        make = pytorchcv_network if layout == "pytorchcv" else torchvision_network
        self.network = make(name).eval()
        rename = lambda key: key
        if layout == "brecq":
            rename = brecq_mobilenet if arch.startswith("mobilenet") else brecq_regnet
        self.keys = {key: rename(key) for key in self.network.state_dict() if not key.endswith("num_batches_tracked")}
        self.norms = [name for name, module in self.network.named_modules() if isinstance(module, torch.nn.BatchNorm2d)]

    def fill(self, gain: float) -> None:
        state = self.network.state_dict()
        for key, name in self.keys.items():
            state[key].copy_(fill(name, state[key].shape, *value_range(name, state[key].shape, gain)))

    def logits(self, name: str = "image"):
        import torch

        with torch.no_grad():
            return self.network(image(name, [3, self.side, self.side])).flatten()

    def find_gain(self) -> float:
        """The factor on all weights, of two digits, at which the largest logit is about 3."""
        low, high, now = 0.2, 3.0, 1.0
        self.fill(now)
        weights = [tensor for tensor in self.network.state_dict().values() if tensor.dim() > 1]
        for _ in range(8):
            gain = math.sqrt(low * high)
            for weight in weights:
                weight *= gain / now
            now = gain
            low, high = (low, gain) if self.logits().abs().max() > 3 else (gain, high)
        return round(math.sqrt(low * high), 2)

    def check(self, logits) -> None:
        """The logits must depend on the image and on every parameter, or they would prove nothing."""
        scale = logits.abs().max()
        if not 0.1 < scale < 100:
            sys.exit(f"{self.arch}: the largest logit is {scale}")
        if (self.logits("another image") - logits).abs().max() < 0.01 * scale:  # 100 times the test's tolerance
            sys.exit(f"{self.arch}: another image gives nearly the same logits")
        output = self.network(image("image", [3, self.side, self.side])).flatten()
        (output * fill("direction", output.shape, -1, 1)).sum().backward()
        for key, parameter in self.network.named_parameters():
            if parameter.grad is None and key.startswith("AuxLogits."):
                continue
            if parameter.grad is None or parameter.grad.abs().max() == 0:
                sys.exit(f"{self.arch}: the logits do not depend on {key}")

    def describe(self) -> dict:
        gain = self.find_gain()
        self.fill(gain)
        logits = self.logits()
        self.check(logits)
        state = self.network.state_dict()
        norms = {self.keys[f"{name}.weight"].removesuffix(".weight"): state[f"{name}.weight"].numel() for name in self.norms}
        parameters = {
            name: list(state[key].shape) for key, name in self.keys.items() if name.rsplit(".", 1)[0] not in norms
        }
        package = "pytorchcv" if self.layout == "pytorchcv" else "torchvision"
        return {
            "arch": self.arch,
            "layout": self.layout,
            "reference": f"{package} {self.name}",
            "gain": gain,
            "input_shape": [3, self.side, self.side],
            "classes": CLASSES,
            "logits": [float(f"{value:.7g}") for value in logits.tolist()],
            "batch_norms": norms,
            "parameters": parameters,
        }


def write() -> None:
    import pytorchcv
    import torch
    import torchvision

    lines = []
    for network in NETWORKS:
        described = Reference(*network).describe()
        print(described["arch"], described["layout"], described["gain"], described["logits"][:3], file=sys.stderr, flush=True)
        lines.append(json.dumps(described, separators=(",", ":")))
    versions = {
        "torch": torch.__version__.split("+")[0],
        "torchvision": torchvision.__version__.split("+")[0],
        "pytorchcv": pytorchcv.__version__,
    }
    OUTPUT.write_text(f'{{"versions":{json.dumps(versions)},\n"networks":[\n' + ",\n".join(lines) + "\n]}\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--installed", action="store_true", help="use this interpreter's packages")
    if parser.parse_args().installed:
        write()
        return
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        python = f"{folder}/bin/python"
        subprocess.run([python, "-m", "pip", "install", "--quiet", *PACKAGES], check=True)
        subprocess.run([python, __file__, "--installed"], check=True)


if __name__ == "__main__":
    main()
