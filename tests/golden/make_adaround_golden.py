#!/usr/bin/env python3
"""Writes adaround.json: learned rounding of one convolution and of the linear layer behind it, for
tests/methods/adaround_test.cc. Needs PyTorch alone:

    make_adaround_golden.py

A restatement of AdaRound (Nagel et al., ICML 2020, arXiv:2004.10568): eq. 21 to 25 for the soft weights, their start and the
loss; b anneals linearly from 20 to 2 behind a fifth of the steps, in which the rounding loss is off; Adam with rate 1e-3;
layer by layer, on the input that the quantized network gives and towards the full-precision output behind the activation.
The published code of BRECQ (yhhhli/BRECQ, quant/adaptive_rounding.py, layer_recon.py, quant_layer.py) settles what the paper
leaves open: λ 0.01 beside a squared error that is summed over channels, and grids that minimise the mean error to the power
2.4 among 1.00, 0.99, … 0.21 of minimum and maximum. Nothing comes from our C++, but for the draws of the batches (fill.py).
"""

import json
import pathlib

import torch
import torch.nn.functional as F

from fill import RandomStreams, fill

OUTPUT = pathlib.Path(__file__).with_name("adaround.json")
SEED, BITS, IMAGES, BATCH, STEPS, SHOWN = 3, 3, 10, 6, 10, 4
ZETA, GAMMA = 1.1, -0.1
WEIGHT = 0.01  # λ
random = RandomStreams(SEED)


def filled(key, shape, low, high):
    return fill(key, shape, low, high).double()


def grid(weight):
    """Step and zero point of each output channel."""
    rows, most = weight.flatten(1), 2**BITS - 1
    steps, zeros = [], []
    for row in rows:
        best = None
        for i in range(80):
            low, high = row.min() * (1 - 0.01 * i), row.max() * (1 - 0.01 * i)
            step = (high - low) / most
            zero = torch.round(-low / step)
            q = torch.clamp(torch.round(row / step) + zero, 0, most)
            error = (((q - zero) * step - row).abs() ** 2.4).mean()
            if best is None or error < best[0]:
                best = error, step, zero
        steps.append(best[1])
        zeros.append(best[2])
    shape = (-1,) + (1,) * (weight.dim() - 1)
    return torch.stack(steps).reshape(shape), torch.stack(zeros).reshape(shape)


def rectified(v):
    return torch.clamp(torch.sigmoid(v) * (ZETA - GAMMA) + GAMMA, 0, 1)


class Rounding:
    def __init__(self, weight):
        self.step, self.zero = grid(weight)
        self.floor = torch.floor(weight / self.step)
        rest = weight / self.step - self.floor
        self.v = (-torch.log((ZETA - GAMMA) / (rest - GAMMA) - 1)).requires_grad_()

    def weight(self, h):
        return self.step * (torch.clamp(self.floor + h + self.zero, 0, 2**BITS - 1) - self.zero)

    def soft(self):
        return self.weight(rectified(self.v))

    def hard(self):
        return self.weight((self.v.detach() >= 0).double())

    def loss(self, b):
        return (1 - (2 * rectified(self.v) - 1).abs() ** b).sum()


def exponent(t):
    start = 0.2 * STEPS
    return 2 + 18 * (1 - (t - start) / (STEPS - start))


def learn(name, weight, output, x, target, steps):
    """Losses of each step, and the rounding after them. output: of an input and a weight. Steps count from 1
    (layer_recon.py, LossFunction)."""
    rounding = Rounding(weight)
    adam = torch.optim.Adam([rounding.v], lr=1e-3)
    rows = []
    for t in range(1, steps + 1):
        sequence = random.shared(t - 1, f"batch:round:{name}")
        batch = [sequence.below(IMAGES) for _ in range(BATCH)]
        error = (output(x[batch], rounding.soft()) - target[batch]) ** 2
        row = {"output": error.sum(dim=1).mean()}  # over channels; over images and pixels
        if t >= 0.2 * STEPS:
            row["rounding"] = WEIGHT * rounding.loss(exponent(t))
        adam.zero_grad()
        sum(row.values()).backward()
        adam.step()
        rows.append({term: value.item() for term, value in row.items()})
    return rows, rounding


def main():
    conv, bias = filled("conv1.weight", [4, 3, 3, 3], -0.5, 0.5), filled("conv1.bias", [4], -0.2, 0.2)
    fc, fc_bias = filled("fc.weight", [3, 4], -1, 1), filled("fc.bias", [3], -0.2, 0.2)
    images = filled("images", [IMAGES, 3, 8, 8], -2, 2)

    def convolution(x, weight):
        return torch.relu(F.conv2d(x, weight, bias, padding=1))

    def linear(x, weight):
        return x @ weight.T + fc_bias

    rows, rounding = learn("conv1", conv, convolution, images, convolution(images, conv), SHOWN)
    after = rounding.v.flatten().tolist()
    assert (rectified(rounding.v) > 0).any() and exponent(2) == 20 and exponent(STEPS) == 2
    _, finished = learn("conv1", conv, convolution, images, convolution(images, conv), STEPS)
    quantized = convolution(images, finished.hard()).mean(dim=(2, 3))
    target = linear(convolution(images, conv).mean(dim=(2, 3)), fc)
    fc_rows, fc_rounding = learn("fc", fc, linear, quantized, target, 1)
    golden = {
        "seed": SEED, "bits": BITS, "images": IMAGES, "batch": BATCH, "iterations": STEPS,
        "conv1": {"steps": rows, "v": after, "grid_step": rounding.step.flatten().tolist(),
                  "zero_point": rounding.zero.flatten().tolist()},
        "fc": {"steps": fc_rows, "v": fc_rounding.v.flatten().tolist()},
    }
    OUTPUT.write_text(json.dumps(golden, indent=1) + "\n")


if __name__ == "__main__":
    main()
