"""Quantized copies of a network: operators that quantize their weights at every forward pass, and quantizers behind every ReLU.
loops_bench has them at the same places, with 4 bits everywhere, and keeps batch norms."""

import copy
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

BITS = 4
LEVELS = 2**BITS - 1


class QuantizedOperator(nn.Module):
    """A convolution or linear layer with a quantizer of its weights."""

    def __init__(self, operator: nn.Conv2d | nn.Linear, quantizer: nn.Module):
        super().__init__()
        self.weight, self.bias, self.quantizer = operator.weight, operator.bias, quantizer
        self.convolution = {"stride": operator.stride, "padding": operator.padding} if isinstance(operator, nn.Conv2d) else None

    def forward(self, x: Tensor) -> Tensor:
        weight = self.quantizer(self.weight)
        if self.convolution is None:
            return F.linear(x, weight, self.bias)
        return F.conv2d(x, weight, self.bias, **self.convolution)


def quantized(network: nn.Module, of_weight: Callable[[Tensor], nn.Module], of_activation: Callable[[], nn.Module] | None) -> nn.Module:
    """A copy of the network with quantizers that the two functions make. Without the latter, activations stay as they are."""
    network = copy.deepcopy(network)
    for parent in list(network.modules()):
        for name, module in list(parent.named_children()):
            if isinstance(module, (nn.Conv2d, nn.Linear)):
                setattr(parent, name, QuantizedOperator(module, of_weight(module.weight)))
            elif isinstance(module, nn.ReLU) and of_activation:
                setattr(parent, name, nn.Sequential(module, of_activation()))
    return network


def range_by_channel(weight: Tensor) -> tuple[Tensor, Tensor]:
    rows = weight.detach().reshape(weight.size(0), -1)
    shape = [-1] + [1] * (weight.dim() - 1)
    return rows.min(dim=1).values.view(shape), rows.max(dim=1).values.view(shape)


class StraightThrough(torch.autograd.Function):
    """The asymmetric grid that ZeroQ, GDFQ and IntraQ share, as released: the scale is levels by width, the gradient the identity."""

    @staticmethod
    def forward(_, x: Tensor, low: Tensor, high: Tensor) -> Tensor:
        scale = LEVELS / torch.clamp(high - low, min=1e-8)
        zero_point = (scale * low).round() + 2 ** (BITS - 1)
        code = torch.clamp(torch.round(scale * x - zero_point), -(2 ** (BITS - 1)), 2 ** (BITS - 1) - 1)
        return (code + zero_point) / scale

    @staticmethod
    def backward(_, gradient: Tensor) -> tuple[Tensor, None, None]:
        return gradient, None, None


class MinMaxWeight(nn.Module):
    """Ranges are those of the present weights."""

    def forward(self, weight: Tensor) -> Tensor:
        return StraightThrough.apply(weight, *range_by_channel(weight))


class MinMaxActivation(nn.Module):
    """The range widens while `observing`, then it is fixed."""

    def __init__(self):
        super().__init__()
        self.observing = True
        self.register_buffer("low", torch.zeros(1))
        self.register_buffer("high", torch.zeros(1))

    def forward(self, x: Tensor) -> Tensor:
        if self.observing:
            self.low = torch.minimum(self.low, x.detach().min())
            self.high = torch.maximum(self.high, x.detach().max())
        return StraightThrough.apply(x, self.low, self.high)


def min_max_network(network: nn.Module, images: Tensor) -> nn.Module:
    """A quantized copy whose ranges of activations are those on the images."""
    student = quantized(network, lambda _: MinMaxWeight(), MinMaxActivation)
    with torch.no_grad():
        student(images)
    for module in student.modules():
        if isinstance(module, MinMaxActivation):
            module.observing = False
    return student
