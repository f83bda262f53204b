"""Writes the shipped ResNet-20 for Fashion-MNIST as a network of your own would come: NET.pt2 or NET.onnx, by PyTorch.

Usage: fashion_resnet20.py WEIGHTS.safetensors NET.pt2
"""

import json
import pathlib
import struct
import sys

import torch
from torch import nn
from torch.nn import functional


class Block(nn.Module):
    def __init__(self, inputs: int, outputs: int, stride: int):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.grows = (outputs - inputs) // 2

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        shortcut = functional.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, self.grows, self.grows)) if self.grows else x
        x = functional.relu(self.bn1(self.conv1(x)))
        return functional.relu(self.bn2(self.conv2(x)) + shortcut)


class ResNet20(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        self.layer1 = nn.Sequential(*[Block(16, 16, 1) for _ in range(3)])
        self.layer2 = nn.Sequential(Block(16, 32, 2), Block(32, 32, 1), Block(32, 32, 1))
        self.layer3 = nn.Sequential(Block(32, 64, 2), Block(64, 64, 1), Block(64, 64, 1))
        self.linear = nn.Linear(64, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = functional.relu(self.bn1(self.conv1(x)))
        x = self.layer3(self.layer2(self.layer1(x)))
        return self.linear(x.mean((2, 3)))


def tensors(file: pathlib.Path) -> dict[str, torch.Tensor]:
    """Those of a safetensors file in float32: the length of its header, the header (JSON), the values."""
    content = bytearray(file.read_bytes())
    (length,) = struct.unpack_from("<Q", content)
    header, values = json.loads(content[8 : 8 + length]), content[8 + length :]
    header.pop("__metadata__", None)
    return {
        name: torch.frombuffer(values[slice(*entry["data_offsets"])], dtype=torch.float32).reshape(entry["shape"])
        for name, entry in header.items()
    }


def main() -> None:
    weights, output = map(pathlib.Path, sys.argv[1:])
    model = ResNet20()
    model.load_state_dict(tensors(weights), strict=False)  # counters of batches are not shipped
    model.eval()
    images = torch.zeros(2, 1, 28, 28)
    if output.suffix == ".onnx":
        torch.onnx.export(model, (images,), output, dynamo=False, training=torch.onnx.TrainingMode.PRESERVE)
    else:
        torch.export.save(torch.export.export(model, (images,)), output)


main()
