#!/usr/bin/env python3
"""Writes tests/golden/onnx: small networks as torch.onnx.export writes them in its several ways, and PyTorch's outputs for images that
tests make again: sin(0.7·i) of the i-th number.
Usage: make_onnx.py FOLDER, with torch 2.11.0, onnx 1.23.2 and onnxscript 0.7.2."""

import json
import pathlib
import re
import sys
import warnings

import onnx
import torch
import torch.nn.functional as F
from torch import nn

PRESERVE = torch.onnx.TrainingMode.PRESERVE
WAYS = {
    "default": {},
    "unoptimized": {"optimize": False},
    "script": {"dynamo": False},
    "preserve": {"dynamo": False, "training": PRESERVE},
    "preserve9": {"dynamo": False, "training": PRESERVE, "opset_version": 9},
    "preserve11": {"dynamo": False, "training": PRESERVE, "opset_version": 11},
    "free": {"dynamo": False, "training": PRESERVE, "opset_version": 13, "input_names": ["x"], "dynamic_axes": {"x": {0: "n", 2: "h", 3: "w"}}},
}


def block(inputs: int, outputs: int, **options) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, padding=1, bias=False, **options), nn.BatchNorm2d(outputs), nn.ReLU())


class Residual(nn.Module):
    """What classifiers of images are made of."""

    def __init__(self):
        super().__init__()
        self.stem = block(3, 8, stride=2)
        self.pool = nn.MaxPool2d(3, 2, 1)
        self.layer1 = nn.Sequential(nn.Conv2d(8, 8, 3, padding=1, groups=8, bias=False), nn.BatchNorm2d(8), nn.ReLU6())
        self.fc = nn.Linear(16, 5)

    def forward(self, x):
        x = self.pool(self.stem(x))
        x = torch.cat([x + self.layer1(x), F.avg_pool2d(x, 3, 1, 1)], 1)
        return self.fc(torch.flatten(F.adaptive_avg_pool2d(x, 1), 1))


class Half(Residual):
    """The same in float16; its outputs here are those of the rounded weights in float32."""


class Gates(nn.Module):
    """Activations, gates, pads and groups."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, stride=2, bias=False)
        self.bn = nn.BatchNorm2d(8)
        self.squeeze = nn.Conv2d(8, 4, 1)
        self.excite = nn.Conv2d(4, 8, 1)
        self.prelu = nn.PReLU(4)
        self.deep = nn.Conv2d(8, 8, 3, padding=2, dilation=2, groups=4)
        self.bn2 = nn.BatchNorm2d(8)
        self.fc = nn.Linear(8, 4)

    def forward(self, x):
        x = F.hardswish(self.bn(self.conv(F.pad(x, (0, 1, 0, 1)))))
        x = x * F.hardsigmoid(self.excite(self.prelu(self.squeeze(x.mean((2, 3), keepdim=True)))))
        x = F.silu(self.bn2(self.deep(x)))
        a, b = x.chunk(2, 1)
        x = torch.cat([F.leaky_relu(b, 0.1), F.elu(a)], 1)
        x = x.view(x.shape[0], 2, 4, x.shape[2], x.shape[3]).transpose(1, 2).reshape(x.shape)
        x = F.max_pool2d(F.gelu(x), 2, ceil_mode=True)
        return self.fc(x.mean((2, 3))).clamp(-0.5, 0.5)


class Dense(nn.Module):
    """Maps as large as the image and larger, and two outputs."""

    def __init__(self):
        super().__init__()
        self.down = block(2, 8, stride=2)
        self.up = nn.ConvTranspose2d(8, 4, 3, stride=2, padding=1, output_padding=1)
        self.bn = nn.BatchNorm2d(4)
        self.shuffle = nn.PixelShuffle(2)

    def forward(self, x):
        x = self.bn(self.up(self.down(x)))
        wide = self.shuffle(torch.tanh(x))
        near = F.interpolate(x, scale_factor=2, mode="nearest")
        smooth = F.interpolate(x, size=(6, 10), mode="bilinear", align_corners=False)
        return torch.sigmoid(near[:, 1:2] - wide), smooth


class Tokens(nn.Module):
    """Attention over patches."""

    def __init__(self):
        super().__init__()
        self.patch = nn.Conv2d(3, 8, 4, stride=4)
        self.norm = nn.LayerNorm(8)
        self.qkv = nn.Linear(8, 24)
        self.out = nn.Linear(8, 8)
        self.scale = nn.Parameter(torch.ones(8))
        self.head = nn.Linear(8, 3)

    def forward(self, x):
        x = self.patch(x).flatten(2).transpose(1, 2)
        n, t, c = x.shape
        q, k, v = self.parts(self.norm(x))
        a = torch.softmax(q @ k.transpose(-2, -1) * 0.5, -1) @ v
        x = x + self.scale * self.out(a.transpose(1, 2).reshape(n, t, c))
        return F.normalize(self.head(x.mean(1)))

    def parts(self, x):
        n, t, _ = x.shape
        return [part.reshape(n, t, 2, 4).transpose(1, 2) for part in self.qkv(x).split(8, -1)]


# network, shape of its images, ways to export it
NETWORKS = [
    (Residual, (3, 17, 17), ["default", "unoptimized", "script", "preserve", "preserve9", "free"]),
    (Half, (3, 17, 17), ["preserve"]),
    (Gates, (3, 12, 12), ["default", "unoptimized", "preserve", "preserve11"]),
    (Dense, (2, 6, 8), ["default", "preserve", "preserve11"]),
    (Tokens, (3, 8, 8), ["default", "unoptimized", "preserve"]),
]


def images(shape: tuple[int, ...], count: int) -> torch.Tensor:
    numbers = torch.arange(count * shape[0] * shape[1] * shape[2], dtype=torch.float64)
    return torch.sin(0.7 * numbers).float().view(count, *shape)


def without_this_machine(model: onnx.ModelProto) -> None:
    """Keeps of what the exporter says about a node the module and the lines, with the files' names alone."""
    for node in model.graph.node:
        kept = [(e.key, e.value) for e in node.metadata_props if e.key.endswith(("name_scopes", "stack_trace", "rule_name"))]
        del node.metadata_props[:]
        for key, value in kept:
            value = re.sub(r'File "[^"]*?(site-packages/[^"]*)"', r'File "/\1"', value)
            value = re.sub(r'File "/(?!site-packages)[^"]*/([^/"]*)"', r'File "\1"', value)
            node.metadata_props.add(key=key, value=value)
        node.ClearField("doc_string")
    del model.graph.metadata_props[:]
    for value in [*model.graph.input, *model.graph.output, *model.graph.value_info]:
        del value.metadata_props[:]


def main(folder: pathlib.Path) -> None:
    expected = {}
    for network, shape, ways in NETWORKS:
        torch.manual_seed(24)
        model = network().train()
        for _ in range(3):
            model(torch.randn(8, *shape))
        for module in model.modules():
            if isinstance(module, nn.BatchNorm2d):
                nn.init.uniform_(module.weight, 0.7, 1.3)
                nn.init.uniform_(module.bias, -0.3, 0.3)
        model.eval()
        x = images(shape, 2)
        if network is Half:
            model.half().float()
        with torch.no_grad():
            outputs = model(x)
        outputs = outputs if isinstance(outputs, tuple) else (outputs,)
        if network is Half:
            model, x = model.half(), x.half()
        name = network.__name__.lower()
        values = torch.cat([output.flatten(1) for output in outputs], 1)
        expected[name] = {"shape": shape, "outputs": [[round(v, 7) for v in row] for row in values.tolist()]}
        for way in ways:
            path = folder / f"{name}.{way}.onnx"
            torch.onnx.export(model, (x[:1],), str(path), verbose=False, **WAYS[way])
            written = onnx.load(path, load_external_data=False)
            without_this_machine(written)
            onnx.save(written, path)
    (folder / "expected.json").write_text(json.dumps(expected) + "\n")


if __name__ == "__main__":
    warnings.filterwarnings("ignore")
    main(pathlib.Path(sys.argv[1]))
