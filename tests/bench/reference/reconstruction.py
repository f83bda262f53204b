"""Steps of learned rounding for each unit of a network: AdaRound, QDrop, PD-Quant and GENIE-M, as their released codes formulate them.
The settings are those of loops_bench: 32 of 128 images a step, W4A4, quantizers behind the ReLUs, batch norms kept. Some codes have others:
those of BRECQ's family fold batch norms, and GENIE's quantizes in front of operators."""

from collections.abc import Callable, Iterator

import torch
from network import Layer, random_images, random_network
from quantized import LEVELS, quantized, range_by_channel
from synthesis import Step
from torch import Tensor, nn
from torch.nn import functional as F

IMAGES = 128
BATCH = 32
KEEP_QUANTIZED = 0.5  # QDrop's probability
GAMMA, ZETA = -0.1, 1.1
WARM_UP = 0.2  # share of the steps without the rounding loss


def round_straight_through(x: Tensor) -> Tensor:
    return (x.round() - x).detach() + x


def drop(quantized_x: Tensor, x: Tensor) -> Tensor:
    """QDrop (Wei et al., ICLR 2022): every element is quantized with probability 1/2."""
    return torch.where(torch.rand_like(x) < KEEP_QUANTIZED, quantized_x, x)


def reconstruction_loss(found: Tensor, wanted: Tensor) -> Tensor:
    return (found - wanted).abs().pow(2.0).sum(1).mean()


class SoftWeight(nn.Module):
    """AdaRound's weights (Nagel et al., ICML 2020, eq. 22 and 23), as BRECQ's, QDrop's and PD-Quant's codes have them: every forward pass
    computes the floor again. Rounded to nearest until begin(), and to the learned side after end()."""

    def __init__(self, weight: Tensor):
        super().__init__()
        low, high = range_by_channel(weight)
        self.scale = (high - low) / LEVELS
        self.zero_point = (-low / self.scale).round()
        self.soft = False
        self.v: nn.Parameter | None = None

    def begin(self, weight: Tensor) -> list[nn.Parameter]:
        """Returns what is learned of the rounding."""
        fraction = weight / self.scale - torch.floor(weight / self.scale)
        self.v = nn.Parameter((-torch.log((ZETA - GAMMA) / (fraction - GAMMA) - 1)).detach())
        self.soft = True
        return [self.v]

    def end(self) -> None:
        self.soft = False

    def share_up(self) -> Tensor:
        """The rectified sigmoid h(v)."""
        return torch.clamp(torch.sigmoid(self.v) * (ZETA - GAMMA) + GAMMA, 0, 1)

    def floor_of(self, weight: Tensor) -> Tensor:
        return torch.floor(weight / self.scale)

    def integers(self, weight: Tensor) -> Tensor:
        if self.v is None:
            return torch.round(weight / self.scale)
        return self.floor_of(weight) + (self.share_up() if self.soft else (self.v >= 0).float())

    def forward(self, weight: Tensor) -> Tensor:
        code = torch.clamp(self.integers(weight) + self.zero_point, 0, LEVELS)
        return (code - self.zero_point) * self.scale


class GenieWeight(SoftWeight):
    """GENIE-M's weights (Jeon, Lee and Kim, CVPR 2023, section 3.3): the floor is frozen, and the scale is learned too."""

    def __init__(self, weight: Tensor):
        super().__init__(weight)
        self.floor = torch.floor(weight / self.scale).detach()
        self.scale = nn.Parameter(self.scale)

    def floor_of(self, _: Tensor) -> Tensor:
        return self.floor


class LearnedActivation(nn.Module):
    """PD-Quant's activations, with a learned step. The first forward pass sets the step."""

    def __init__(self):
        super().__init__()
        self.scale: nn.Parameter | None = None
        self.zero_point = 0
        self.dropping = False

    def quantize(self, x: Tensor) -> Tensor:
        code = torch.clamp(round_straight_through(x / self.scale) + self.zero_point, 0, LEVELS)
        return (code - self.zero_point) * self.scale

    def forward(self, x: Tensor) -> Tensor:
        if self.scale is None:
            self.scale = nn.Parameter(x.detach().max() / LEVELS)
        return drop(self.quantize(x), x) if self.dropping else self.quantize(x)


class QDropActivation(LearnedActivation):
    """QDrop's: the gradient of the step is scaled by 1/√(elements · levels), and the step is kept positive in place."""

    def quantize(self, x: Tensor) -> Tensor:
        self.scale.data.abs_()
        self.scale.data.clamp_(min=torch.finfo(torch.float32).eps)
        factor = 1 / (x.numel() * LEVELS) ** 0.5
        scale = (self.scale - self.scale * factor).detach() + self.scale * factor
        code = torch.clamp(round_straight_through(x / scale) + self.zero_point, 0, LEVELS)
        return (code - self.zero_point) * scale


class GenieActivation(LearnedActivation):
    """GENIE's: no zero point, and rounding comes after clamping."""

    def quantize(self, x: Tensor) -> Tensor:
        return round_straight_through(torch.clamp(x / self.scale, 0, LEVELS)) * self.scale


def exponent(count: int, steps: int) -> float:
    """b of the rounding loss: 20, falling to 2 after the warm-up."""
    start = WARM_UP * steps
    return 20.0 if count < start else 2 + 18 * max(0.0, 1 - (count - start) / (steps - start))


class Caches:
    """What a unit reads and returns, by hooks: inputs of the quantized network, inputs and outputs of the teacher, and its logits."""

    def __init__(self, teacher: nn.Module, teacher_unit: nn.Module, student: nn.Module, unit: nn.Module, images: Tensor):
        kept: list[tuple[Tensor, Tensor]] = []
        keep = lambda _, given, output: kept.append((given[0], output))
        hooks = [module.register_forward_hook(keep) for module in (teacher_unit, unit)]
        with torch.no_grad():
            self.logits = teacher(images)
            student(images)
        for hook in hooks:
            hook.remove()
        (self.x, self.y), (self.x_q, _) = kept


class Learning:
    """A unit while it is learned."""

    def __init__(self, unit: nn.Module, steps: int, lr_rounding: float, lr_weight_scale: float = 0):
        self.unit, self.steps, self.count = unit, steps, 0
        rounding, weight_scales, act_scales = [], [], []
        for module in unit.modules():
            if isinstance(quantizer := getattr(module, "quantizer", None), SoftWeight):
                rounding += quantizer.begin(module.weight)
                weight_scales += [quantizer.scale] if lr_weight_scale else []
            if isinstance(module, LearnedActivation):
                module.dropping = True
                act_scales.append(module.scale)
        groups = [{"params": weight_scales, "lr": lr_weight_scale}, {"params": act_scales, "lr": 4e-5}]
        groups = [group for group in groups if group["params"]]
        self.optimisers = [torch.optim.Adam(rounding, lr=lr_rounding)] + ([torch.optim.Adam(groups)] if groups else [])
        self.schedules = [torch.optim.lr_scheduler.CosineAnnealingLR(adam, T_max=steps) for adam in self.optimisers[1:]]

    def descend(self, loss: Tensor) -> Tensor:
        for adam in self.optimisers:
            adam.zero_grad()
        loss.backward()
        for follower in self.optimisers + self.schedules:
            follower.step()
        return loss.detach()

    def rounding_loss(self, weight: float) -> Tensor | float:
        """λ Σ (1 − |2h − 1|^b) over the weights of the unit (AdaRound, eq. 24), without effect during the warm-up. Counts the steps."""
        self.count += 1
        if self.count < WARM_UP * self.steps:
            return 0.0
        b = exponent(self.count, self.steps)
        quantizers = [module for module in self.unit.modules() if isinstance(module, SoftWeight)]
        return sum(weight * (1 - ((quantizer.share_up() - 0.5).abs() * 2).pow(b)).sum() for quantizer in quantizers)

    def end(self) -> None:
        for module in self.unit.modules():
            if isinstance(module, SoftWeight):
                module.end()
            if isinstance(module, LearnedActivation):
                module.dropping = False


Units = Callable[[nn.Sequential], list[nn.Module]]


def block_units(network: nn.Sequential) -> list[nn.Module]:
    return [module for module in network if any(True for _ in module.parameters())]


def layer_units(network: nn.Sequential) -> list[nn.Module]:
    layers = [module for module in network.modules() if isinstance(module, Layer)]
    return [*layers, network[-1]]


def visit(units: Units, student: nn.Sequential, teacher: nn.Sequential) -> Iterator[tuple[nn.Module, nn.Module, Caches]]:
    """Each unit in order with the teacher's, and their caches."""
    images = random_images(IMAGES)
    for unit, teacher_unit in zip(units(student), units(teacher)):
        yield unit, teacher_unit, Caches(teacher, teacher_unit, student, unit, images)


def frozen_network() -> nn.Sequential:
    return random_network().requires_grad_(False)


def adaround(steps: int) -> Iterator[Step]:
    """AdaRound (Nagel et al., ICML 2020, eq. 25): layer by layer towards the output after the ReLU, with full-precision activations. It has
    no released code of its own; the formulation is that of BRECQ's released quant/layer_recon.py."""
    teacher = frozen_network()
    for unit, _, caches in visit(layer_units, quantized(teacher, SoftWeight, None), teacher):
        learning = Learning(unit, steps, lr_rounding=1e-3)

        def step() -> Tensor:
            rows = torch.randint(IMAGES, (BATCH,))
            loss = reconstruction_loss(learning.unit(caches.x_q[rows]), caches.y[rows])
            return learning.descend(loss + learning.rounding_loss(0.01))

        yield step
        learning.end()


def qdrop(steps: int) -> Iterator[Step]:
    """QDrop (Wei et al., ICLR 2022), released qdrop/solver/recon.py and qdrop/quantization/fake_quant.py: block by block, with drop at the
    input and at every activation."""
    teacher = frozen_network()
    for unit, _, caches in visit(block_units, quantized(teacher, SoftWeight, QDropActivation), teacher):
        learning = Learning(unit, steps, lr_rounding=1e-3)

        def step() -> Tensor:
            rows = torch.randint(IMAGES, (BATCH,))
            x = drop(caches.x_q[rows], caches.x[rows])
            loss = reconstruction_loss(learning.unit(x), caches.y[rows])
            return learning.descend(loss + learning.rounding_loss(0.01))

        yield step
        learning.end()


def genie_m(steps: int) -> Iterator[Step]:
    """GENIE-M (Jeon, Lee and Kim, CVPR 2023, section 3.3), released reconstruct.py and quantizer.py: rounding, scales of weights and scales
    of activations are learned together. The first unit is the first convolution alone. As in the released code, the parameters of batch
    norms ask for gradients. Its minibatches hold 32 images where the set has 1024, and so they do here."""
    teacher = random_network()
    units: Units = lambda network: [network[0].conv, *block_units(network)[1:]]
    for unit, _, caches in visit(units, quantized(teacher, GenieWeight, GenieActivation), teacher):
        learning = Learning(unit, steps, lr_rounding=1e-3, lr_weight_scale=1e-4)

        def step() -> Tensor:
            rows = torch.randperm(IMAGES)[:BATCH]
            x = drop(caches.x_q[rows], caches.x[rows])
            loss = (learning.unit(x) - caches.y[rows]).pow(2).sum(1).mean()
            return learning.descend(loss + learning.rounding_loss(1.0))

        yield step
        learning.end()


def pd_quant(steps: int) -> Iterator[Step]:
    """PD-Quant (Liu et al., CVPR 2023, section 3), released quant/block_recon.py: QDrop's step, plus the difference of the prediction when
    the unit on quantized inputs is followed by the rest of the network in full precision. Both batches run through the unit as one. The
    correction of the distribution is no part of a step."""
    temperature, lamb_r = 4, 0.1
    teacher = frozen_network()
    for unit, teacher_unit, caches in visit(block_units, quantized(teacher, SoftWeight, LearnedActivation), teacher):
        learning = Learning(unit, steps, lr_rounding=3e-3)
        rest = teacher[list(teacher).index(teacher_unit) + 1 :]

        def step() -> Tensor:
            rows = torch.randint(IMAGES, (BATCH,))
            x_q = caches.x_q[rows]
            both = learning.unit(torch.cat((drop(x_q, caches.x[rows]), x_q)))
            answers, wanted = rest(both[BATCH:]), caches.logits[rows]
            found, expected = F.log_softmax(answers / temperature, dim=1), F.softmax(wanted / temperature, dim=1)
            difference = F.kl_div(found, expected, reduction="batchmean")
            loss = reconstruction_loss(both[:BATCH], caches.y[rows]) + difference / lamb_r
            return learning.descend(loss + learning.rounding_loss(0.01))

        yield step
        learning.end()
