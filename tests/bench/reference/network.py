"""ResNet-20 for CIFAR with shortcuts of option A (He et al. 2015, section 4.2), as the released codes have networks: modules, with the
tensors in PyTorch's ordinary memory format."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

CLASSES = 10
SIDE = 32  # pixels


class Layer(nn.Module):
    """A 3x3 convolution with its batch norm and, except before an addition, its ReLU."""

    def __init__(self, channels_in: int, channels: int, stride: int = 1, activation: bool = True):
        super().__init__()
        self.conv = nn.Conv2d(channels_in, channels, 3, stride=stride, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(channels)
        self.relu = nn.ReLU() if activation else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        return self.relu(self.norm(self.conv(x)))


class Block(nn.Module):
    def __init__(self, channels_in: int, channels: int):
        super().__init__()
        self.layer1 = Layer(channels_in, channels, stride=1 if channels_in == channels else 2)
        self.layer2 = Layer(channels, channels, activation=False)
        self.new_channels = channels - channels_in
        self.relu = nn.ReLU()

    def shortcut(self, x: Tensor) -> Tensor:
        """Every second pixel, with channels of zeros around the old ones."""
        if self.new_channels == 0:
            return x
        return F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, self.new_channels // 2, self.new_channels // 2))

    def forward(self, x: Tensor) -> Tensor:
        return self.relu(self.layer2(self.layer1(x)) + self.shortcut(x))


def resnet20() -> nn.Sequential:
    widths = [16] * 4 + [32] * 3 + [64] * 3
    blocks = [Block(before, after) for before, after in zip(widths, widths[1:])]
    return nn.Sequential(Layer(3, 16), *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, CLASSES))


def random_network() -> nn.Sequential:
    """The random weights of loops_bench: N(0, 0.1²), and running variances of 1. In eval mode; its parameters ask for gradients, as
    those of a network do that was just loaded."""
    network = resnet20().eval()
    for name, tensor in network.state_dict().items():
        if name.endswith("running_var"):
            tensor.fill_(1)
        elif tensor.is_floating_point():
            tensor.normal_(0, 0.1)
    return network


def batch_norms(network: nn.Module) -> list[nn.BatchNorm2d]:
    return [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]


def random_images(count: int) -> Tensor:
    return torch.randn(count, 3, SIDE, SIDE)
