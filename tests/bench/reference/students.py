"""GDFQ's joint step, and the evaluation of a quantized network, as the released codes formulate them."""

from collections.abc import Iterator

import torch
from network import CLASSES, SIDE, batch_norms, random_images, random_network
from quantized import min_max_network
from synthesis import Step, keep_inputs
from torch import Tensor, nn
from torch.nn import functional as F


class GdfqGenerator(nn.Module):
    """Images of a class (GDFQ, released main.py)."""

    def __init__(self, latents: int):
        super().__init__()
        self.of_label = nn.Embedding(CLASSES, latents)
        self.linear = nn.Linear(latents, 128 * (SIDE // 4) ** 2)
        self.norm0 = nn.BatchNorm2d(128)
        self.body1 = nn.Sequential(nn.Conv2d(128, 128, 3, padding=1), nn.BatchNorm2d(128, 0.8), nn.LeakyReLU(0.2))
        self.body2 = nn.Sequential(
            nn.Conv2d(128, 64, 3, padding=1), nn.BatchNorm2d(64, 0.8), nn.LeakyReLU(0.2),
            nn.Conv2d(64, 3, 3, padding=1), nn.Tanh(), nn.BatchNorm2d(3, affine=False))

    def forward(self, latents: Tensor, labels: Tensor) -> Tensor:
        x = self.linear(latents * self.of_label(labels)).view(len(labels), 128, SIDE // 4, SIDE // 4)
        x = self.body1(F.interpolate(self.norm0(x), scale_factor=2))
        return self.body2(F.interpolate(x, scale_factor=2))


def gdfq(_: int) -> Iterator[Step]:
    """GDFQ (Xu et al., ECCV 2020), released trainer.py: a step of the generator, then one of the student on the same images. The released
    code does not freeze the teacher, so the generator's step computes gradients of the teacher's weights too."""
    batch, temperature = 64, 20
    teacher = random_network()
    norms = batch_norms(teacher)
    student = min_max_network(teacher, random_images(batch))
    inputs = keep_inputs(norms)
    generator = GdfqGenerator(latents=100)
    generator_adam = torch.optim.Adam(generator.parameters(), lr=1e-3, betas=(0.5, 0.999))
    student_sgd = torch.optim.SGD(student.parameters(), lr=1e-4, momentum=0.9, weight_decay=1e-4, nesterov=True)

    def step() -> Tensor:
        latents, labels = torch.randn(batch, 100), torch.randint(0, CLASSES, (batch,))
        images = generator(latents, labels)
        inputs.clear()
        answers = teacher(images)
        statistics = torch.zeros(1)
        for norm, x in zip(norms, inputs):
            statistics = statistics + F.mse_loss(x.mean([0, 2, 3]), norm.running_mean)
            statistics = statistics + F.mse_loss(x.var([0, 2, 3], unbiased=False), norm.running_var)
        loss = F.cross_entropy(answers, labels) + 0.1 * statistics / len(norms)
        generator_adam.zero_grad()
        loss.backward()
        generator_adam.step()
        logits = student(images.detach())
        found, wanted = F.log_softmax(logits / temperature, dim=1), F.softmax(answers.detach() / temperature, dim=1)
        divergence = F.kl_div(found, wanted, reduction="batchmean") / CLASSES  # PyTorch's default: the mean over elements
        student_loss = divergence * temperature**2 + F.cross_entropy(logits, labels)
        student_sgd.zero_grad()
        student_loss.backward()
        student_sgd.step()
        return student_loss.detach()

    yield step


def evaluate(_: int) -> Iterator[Step]:
    """100 images through a network of ZeroQ's released quantization_utils. Every forward pass quantizes the weights again. The loss is the
    share of wrong answers."""
    pictures = torch.randint(256, (100, 3, SIDE, SIDE), dtype=torch.uint8)
    labels = torch.zeros(100, dtype=torch.long)
    student = min_max_network(random_network(), random_images(128))

    def step() -> Tensor:
        with torch.no_grad():
            answers = student(pictures.float().div(255)).argmax(dim=1)
            return (answers != labels).float().mean()

    yield step
