"""The steps in which ZeroQ, DSG, IntraQ and GENIE-D make 128 images, as their released codes formulate them. None of these codes freezes
the teacher: its weights ask for gradients, and a step computes them."""

import math
import random
from collections.abc import Callable, Iterator

import torch
from network import CLASSES, SIDE, batch_norms, random_images, random_network
from torch import Tensor, nn
from torch.nn import functional as F

IMAGES = 128
EPSILON = 1e-6  # under the roots of variances
Step = Callable[[], Tensor]  # returns the loss


def keep_outputs(modules: list[nn.Module]) -> list[Tensor]:
    """A list of what the modules return in the latest forward pass. Its owner clears it before each pass."""
    outputs: list[Tensor] = []
    for module in modules:
        module.register_forward_hook(lambda _, __, output: outputs.append(output))
    return outputs


def keep_inputs(modules: list[nn.Module]) -> list[Tensor]:
    """The same of what the modules read."""
    inputs: list[Tensor] = []
    for module in modules:
        module.register_forward_hook(lambda _, given, __: inputs.append(given[0]))
    return inputs


def statistics_of_images(x: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of each channel of each image."""
    flat = x.view(x.size(0), x.size(1), -1)
    return torch.mean(flat, dim=2), torch.sqrt(torch.var(flat, dim=2) + EPSILON)


def running_statistics(network: nn.Module) -> list[tuple[Tensor, Tensor]]:
    return [(norm.running_mean.clone(), torch.sqrt(norm.running_var + EPSILON)) for norm in batch_norms(network)]


def optimised(images: Tensor, patience: int) -> tuple[torch.optim.Adam, torch.optim.lr_scheduler.ReduceLROnPlateau]:
    adam = torch.optim.Adam([images.requires_grad_()], lr=0.5)
    return adam, torch.optim.lr_scheduler.ReduceLROnPlateau(adam, min_lr=1e-4, patience=patience)


def matching_of_images(images: Tensor, distance: Callable[[Tensor, Tensor, int | None], Tensor]) -> Step:
    """What ZeroQ and DSG share. Hooks keep the outputs of convolutions, which are the inputs of batch norms. Their statistics are those of
    each image, and the images themselves are asked for mean 0 and deviation 1. distance(target, found, layer): layer None is the image."""
    teacher = random_network()
    outputs = keep_outputs([module for module in teacher.modules() if isinstance(module, nn.Conv2d)])
    targets = running_statistics(teacher)
    input_mean, input_std = torch.zeros(1, 3), torch.ones(1, 3)
    adam, plateau = optimised(images, patience=100)

    def step() -> Tensor:
        teacher.zero_grad()
        adam.zero_grad()
        outputs.clear()
        teacher(images)
        loss = torch.zeros(())
        for layer, ((mean, std), output) in enumerate(zip(targets, outputs)):
            image_mean, image_std = statistics_of_images(output)
            loss = loss + distance(mean, image_mean, layer) + distance(std, image_std, layer)
        image_mean, image_std = statistics_of_images(images)
        loss = loss + distance(input_mean, image_mean, None) + distance(input_std, image_std, None)
        loss.backward()
        adam.step()
        plateau.step(loss.item())
        return loss.detach()

    return step


def squared_distance(target: Tensor, found: Tensor) -> Tensor:
    """Summed over channels, and a mean over the rows of `found`."""
    return (target - found).norm() ** 2 / found.size(0)


def zeroq(_: int) -> Iterator[Step]:
    """ZeroQ (Cai et al., CVPR 2020, eq. 3), released distill_data.py: images from integers 0 to 254, shifted and divided by 5418.75."""
    images = (torch.randint(0, 255, (IMAGES, 3, SIDE, SIDE)) - 127.5) / 5418.75
    yield matching_of_images(images, lambda target, found, _: squared_distance(target, found))


def dsg(_: int) -> Iterator[Step]:
    """DSG (Zhang et al., CVPR 2021), released post_training_quantization/distill_data.py: distances have a slack in each layer, and image i
    counts more in layer i. loops_bench runs the conference version, so the extended version's terms (labels, image priors, correlation) are
    left out. The released slacks were never published; any numbers do for measuring time."""

    def slack_distance(target: Tensor, found: Tensor, layer: int | None) -> Tensor:
        slack = (0.0 if layer is None else 0.01) * torch.ones(found.size())
        excess = (target - found).abs() - slack.abs()
        excess = torch.max(excess, torch.zeros(excess.size()))
        if layer is not None and layer < excess.size(0):
            excess[layer] = excess[layer] * 2
        return excess.norm() ** 2 / found.size(0)

    yield matching_of_images(random_images(IMAGES), slack_distance)


def random_view(image: Tensor) -> Tensor:
    """A crop of 50 to 100 % of the area with an aspect ratio of 3/4 to 4/3, resized to the whole, and mirrored every second time."""
    for _ in range(10):
        area = SIDE * SIDE * random.uniform(0.5, 1)
        aspect = math.exp(random.uniform(math.log(3 / 4), math.log(4 / 3)))
        width, height = round(math.sqrt(area * aspect)), round(math.sqrt(area / aspect))
        if width <= SIDE and height <= SIDE:
            break
    else:
        width = height = SIDE
    top, left = random.randint(0, SIDE - height), random.randint(0, SIDE - width)
    crop = image[:, top : top + height, left : left + width]
    view = F.interpolate(crop.unsqueeze(0), size=(SIDE, SIDE), mode="bilinear", align_corners=False).squeeze(0)
    return view.flip(-1) if random.random() < 0.5 else view


def intraq(_: int) -> Iterator[Step]:
    """IntraQ (Zhong et al., CVPR 2022, section 3), released data_generate/distill_data.py: statistics of the batch, soft targets, random
    views, and margins to class centres. As in the first batch of images there are no centres yet, so that the margins' mask is zero. The
    released code takes the images one by one and stacks them, with views or without. Its coin falls with probability 1/2; here it
    alternates, so that few steps have both sides."""
    teacher = random_network()
    norms = batch_norms(teacher)
    norm_inputs = keep_inputs(norms)
    features = keep_outputs([module for module in teacher if isinstance(module, nn.AdaptiveAvgPool2d)])
    images = random_images(IMAGES)
    adam, plateau = optimised(images, patience=50)
    label = F.one_hot(torch.randint(0, CLASSES, (IMAGES,)), CLASSES).float()
    soft = torch.where(torch.rand(IMAGES, 1) < 0.5, torch.empty(IMAGES, 1).uniform_(0.95, 1), torch.ones(IMAGES, 1))
    target = label * soft
    centres, mask = torch.randn(IMAGES, 64), torch.zeros(IMAGES)
    views = False

    def step() -> Tensor:
        nonlocal views
        views = not views
        seen = torch.stack([random_view(image) if views else image for image in images])
        norm_inputs.clear()
        features.clear()
        probability = F.softmax(teacher(seen), dim=1)
        inception = ((probability - target) ** 2 * label).sum(dim=1).mean()
        distance = 1 - F.cosine_similarity(features[0].squeeze(), centres, dim=1, eps=EPSILON)
        lower = (torch.clamp(0.05 - distance, min=0) * mask).sum() / (mask.sum() + EPSILON)
        upper = (torch.clamp(distance - 0.8, min=0) * mask).sum() / (mask.sum() + EPSILON)
        mean_loss, variance_loss = torch.zeros(()), torch.zeros(())
        for norm, x in zip(norms, norm_inputs):
            mean_loss = mean_loss + F.mse_loss(x.mean([0, 2, 3]), norm.running_mean)
            variance_loss = variance_loss + F.mse_loss(x.var([0, 2, 3], unbiased=False), norm.running_var)
        loss = (mean_loss + variance_loss) / len(norms) + inception + lower + upper
        adam.zero_grad()
        loss.backward()
        adam.step()
        plateau.step(loss.item())
        return loss.detach()

    yield step


class Swing(nn.Module):
    """A convolution whose input is reflected at the edges by one pixel and cropped at random."""

    def __init__(self, conv: nn.Conv2d):
        super().__init__()
        self.conv = conv

    def forward(self, x: Tensor) -> Tensor:
        top, left = random.randrange(3), random.randrange(3)
        padded = F.pad(x, [1, 1, 1, 1], mode="reflect")
        return self.conv(padded[:, :, top : top + x.size(2), left : left + x.size(3)])


def genie_generator(latents: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(latents, 128 * (SIDE // 4) ** 2), nn.Unflatten(1, (128, SIDE // 4, SIDE // 4)), nn.BatchNorm2d(128),
        nn.Upsample(scale_factor=2), nn.Conv2d(128, 64, 3, padding=1), nn.BatchNorm2d(64), nn.LeakyReLU(0.2),
        nn.Upsample(scale_factor=2), nn.Conv2d(64, 3, 3, padding=1), nn.Tanh(), nn.BatchNorm2d(3, affine=False))


def genie_d(_: int) -> Iterator[Step]:
    """GENIE-D (Jeon, Lee and Kim, CVPR 2023, section 3.1), released distill.py: latents and a generator are learned together. Statistics
    are those of the batch; convolutions with a stride swing."""
    teacher = random_network()
    inputs = keep_inputs(batch_norms(teacher))
    targets = running_statistics(teacher)
    for module in list(teacher.modules()):
        if isinstance(conv := getattr(module, "conv", None), nn.Conv2d) and conv.stride != (1, 1):
            module.conv = Swing(conv)
    input_mean, input_std = torch.zeros(1, 3), torch.ones(1, 3)
    latents = torch.randn(IMAGES, 256, requires_grad=True)
    generator = genie_generator(latents.size(1))
    latents_adam = torch.optim.Adam([latents], lr=0.1)
    plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(latents_adam, min_lr=1e-4, patience=100)
    generator_adam = torch.optim.Adam(generator.parameters(), lr=0.01)

    def step() -> Tensor:
        teacher.zero_grad()
        latents_adam.zero_grad()
        generator_adam.zero_grad()
        inputs.clear()
        images = generator(latents)
        teacher(images)
        std, mean = torch.std_mean(images, [2, 3])
        loss = squared_distance(input_mean, mean) + squared_distance(input_std, std)
        for (target_mean, target_std), x in zip(targets, inputs):
            std, mean = torch.std_mean(x, [0, 2, 3])
            loss = loss + squared_distance(target_mean, mean) + squared_distance(target_std, std)
        loss.backward()
        latents_adam.step()
        generator_adam.step()
        plateau.step(loss.item())
        return loss.detach()

    yield step
