"""The losses of GDFQ, Qimera, ClusterQ, FDDA and IntraQ, restated from their papers and released trainers.

A restatement: the trainers are programs, not classes that could be imported, so their formulas are written down here anew
from the lines that are named beside each. Nothing comes from our C++. Repositories and commits: xushoukai/GDFQ a93210e,
iamkanghyunchoi/qimera 2f48cba, DiamondSheep/ClusterQ 9938d50, zysxmu/FDDA 3d50d5f, zysxmu/IntraQ 5228f76.

Statistics are lists of (mean, variance) by batch norm, in the order of the forward pass.
"""

import math

import torch
import torch.nn.functional as F


# ------------------------------------------------------------------------------------------------- terms that all share
def cross_entropy(logits, shares):
    """Mean over images of −Σ_c shares_c · log softmax_c. Qimera trainer.py:242; with one-hot shares GDFQ :222."""
    return -(shares * F.log_softmax(logits, dim=1)).sum(dim=1).mean()


def mse(a, b):
    return ((a - b) ** 2).mean()


def mismatch(statistics, targets, first=0):
    """Mean over the norms from `first` of MSE of means plus MSE of variances. GDFQ trainer.py:227-231; FDDA :317-337."""
    pairs = list(zip(statistics, targets))[first:]
    return sum(mse(m, M) + mse(v, V) for (m, v), (M, V) in pairs) / len(pairs)


def distillation(student, teacher, alpha, temperature, reduction):
    """α T² KL(softmax(t/T) ‖ softmax(s/T)). nn.KLDivLoss() divides by images · classes (GDFQ trainer.py:116-126, Qimera
    :119-129), reduction='batchmean' by images (ClusterQ :246, FDDA :213, IntraQ trainer_direct.py:117)."""
    p = F.softmax(teacher / temperature, dim=1)
    q = F.log_softmax(student / temperature, dim=1)
    summed = (p * (p.log() - q)).sum()
    images, classes = student.shape
    return alpha * temperature**2 * summed / (images * classes if reduction == "element" else images)


def first_deep_norm(norms):
    """FDDA trainer_DBNS_CBNS.py:106, ClusterQ trainer.py:97: int((L + 1) / 2) − 2."""
    return max(0, (norms + 1) // 2 - 2)


# ---------------------------------------------------------------------------------------------------------- generators
def batch_norm(x, epsilon, gamma=None, beta=None):
    """Of the batch's own mean and biased variance; gamma and beta by channel, or by image and channel."""
    mean, variance = x.mean(dim=(0, 2, 3)), x.var(dim=(0, 2, 3), unbiased=False)
    y = (x - mean[None, :, None, None]) / torch.sqrt(variance[None, :, None, None] + epsilon)
    if gamma is None:
        return y
    shape = (1, -1, 1, 1) if gamma.dim() == 1 else (*gamma.shape, 1, 1)
    return y * gamma.reshape(shape) + beta.reshape(shape)


def generator(p, inputs, mixture=None):
    """GDFQ main.py:26-101. The 0.8 of its inner norms lies in the place of ε. With `mixture` (images × classes) gamma and
    beta are tables of the classes (conditional_batchnorm.py). Biases in front of a norm cancel and are left out."""

    def norm(x, name, epsilon):
        gamma, beta = p[name + ".gamma"], p[name + ".beta"]
        if mixture is not None:
            gamma, beta = mixture @ gamma, mixture @ beta
        return batch_norm(x, epsilon, gamma, beta)

    def double(x):
        return x.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3)

    def leaky(x):
        return torch.where(x > 0, x, 0.2 * x)

    x = inputs @ p["linear.weight"].T + p["linear.bias"]
    side = int((x.shape[1] // 128) ** 0.5)
    x = norm(x.reshape(-1, 128, side, side), "norm0", 1e-5)
    x = leaky(norm(F.conv2d(double(x), p["conv1.weight"], padding=1), "norm1", 0.8))
    x = leaky(norm(F.conv2d(double(x), p["conv2.weight"], padding=1), "norm2", 0.8))
    x = F.conv2d(x, p["conv3.weight"], p["conv3.bias"], padding=1)
    return batch_norm(torch.tanh(x), 1e-5)


def labelled_inputs(embedding, labels, z):
    """GDFQ main.py:53: E_y ⊙ z."""
    return embedding[labels] * z


def standardised(x, dims):
    """BatchNorm1d without γ, β and running statistics, over `dims` together; ε 1e-5."""
    mean = x.mean(dim=dims, keepdim=True)
    return (x - mean) / torch.sqrt(x.var(dim=dims, unbiased=False, keepdim=True) + 1e-5)


def qimera_inputs(p, labels, z, shares=None):
    """Qimera main.py:36-81. Plain (labels n, z n×d): the transposed tensor's channels are the images, so each is
    standardised over its d numbers. Superposed (n×K, n×K×d): the channels are the slots, each standardised over images
    and numbers; then the slots' vectors, mapped by the linear layer where there is one, are mixed by `shares`."""
    e = p["embedding"][labels] + z
    if shares is None:
        return _mapped(p, standardised(e, (1,)))
    return (_mapped(p, standardised(e, (0, 2))) * shares.unsqueeze(2)).sum(dim=1)


def _mapped(p, e):
    if "map.weight" not in p:
        return e
    return e @ p["map.weight"].T + p["map.bias"]


def soft_labels(labels, shares, classes):
    """Qimera trainer.py:223-224: a class that is drawn twice has both shares."""
    out = torch.zeros(len(labels), classes, dtype=shares.dtype)
    for i in range(labels.shape[0]):
        for k in range(labels.shape[1]):
            out[i, labels[i, k]] += shares[i, k]
    return out


# ---------------------------------------------------------------------------------------- L_G, by terms and with weights
def gdfq(logits, shares, statistics, running):
    """GDFQ trainer.py:222-234; Qimera :242-254 with soft shares."""
    return {
        "cross_entropy": cross_entropy(logits, shares),
        "statistics": 0.1 * mismatch(statistics, running),
    }


def distorted(centre, noise, of_means, of_variances):
    """(mean + of_means · e1, variance + of_variances · e2), e ~ N(0, 1). FDDA trainer_DBNS_CBNS.py:314-315."""
    return [(m + of_means * a, v + of_variances * b) for (m, v), (a, b) in zip(centre, noise)]


def fdda(mixed, one_class, running, centre, noise, recognised, early):
    """FDDA trainer_DBNS_CBNS.py:279-344, 402-418 with imagenet_config.hocon. mixed and one_class: (logits, shares,
    statistics) of the two batches. `recognised`: whether the teacher takes the class's real image for it; `early`: epochs
    0 to 4, in which a class that is not recognised has targets of pure N(0, 1) in all layers, twice."""
    logits, shares, statistics = mixed
    class_logits, class_shares, class_statistics = one_class
    deep = first_deep_norm(len(running))
    if early and not recognised:
        alignment, distortion = torch.zeros(()), 2.0 * mismatch(class_statistics, noise)
    else:
        alignment = mismatch(class_statistics, centre, deep)
        distortion = mismatch(class_statistics, distorted(centre, noise, 0.5, 1.0), deep)
    return {
        "cross_entropy": 0.5 * cross_entropy(logits, shares),
        "statistics": 0.2 * mismatch(statistics, running),
        "class_cross_entropy": 0.5 * cross_entropy(class_logits, class_shares),
        "distortion": 0.9 * distortion,
        "alignment": 0.01 * alignment,
    }


def clusterq_intended(mixed, class_statistics, running, centroid, noise, of_means, of_variances):
    """The paper's intent (arXiv 2205.00179): GDFQ's terms and 0.9 of the distance of a class's statistics from its
    centroid, moved by noise so that batches of a class differ; layers as trainer.py:97."""
    terms = gdfq(*mixed, running)
    target = distorted(centroid, noise, of_means, of_variances)
    terms["centroid"] = 0.9 * mismatch(class_statistics, target, first_deep_norm(len(running)))
    return terms


def clusterq_released(labels, statistics, running):
    """The class term of trainer.py:194-222 as it runs: centroids are the running statistics (:156-158), they are compared
    with the whole batch, and the division by the number of layers stands inside the loop over layers. The diversity term's
    two sides move together (:218-219), so it has no gradient; it is left out here."""
    first = first_deep_norm(len(running))
    total = 0
    for _ in labels:
        for (m, v), (M, V) in list(zip(statistics, running))[first:]:
            total = (total + mse(m, M) + mse(v, V)) / (len(running) - first)
    return 0.9 * total


def moved_average(centroid, statistics, b=0.2):
    """ClusterQ trainer.py:185-188 with cifar10.hocon's soft_decay."""
    return [((1 - b) * m + b * a, (1 - b) * v + b * c) for (m, v), (a, c) in zip(centroid, statistics)]


def intraq(logits, labels, targets, features, means, known, statistics, running, lower, upper):
    """IntraQ distill_data.py:352-381. targets: the probability asked of each image's label; features: what enters the
    classifier; means: of the finished images of each image's class; known: 1 where there are any."""
    probability = F.softmax(logits, dim=1)[torch.arange(len(labels)), labels]
    distance = 1 - F.cosine_similarity(features, means, dim=1, eps=1e-6)
    count = known.sum() + 1e-6
    return {
        "statistics": mismatch(statistics, running),
        "inception": ((probability - targets) ** 2).mean(),
        "lower": ((lower - distance).clamp(min=0) * known).sum() / count,
        "upper": ((distance - upper).clamp(min=0) * known).sum() / count,
    }


# ------------------------------------------------------------------------------------------------- what students learn
STUDENTS = {  # α, T, reduction of the divergence; the files beside distillation() and each configuration
    "gdfq": (1, 20, "element"),
    "qimera": (1, 20, "element"),
    "clusterq": (1, 20, "batch"),
    "fdda": (20, 20, "batch"),
    "intraq": (20, 20, "batch"),
}


def student(method, logits, teacher, shares):
    alpha, temperature, reduction = STUDENTS[method]
    return {
        "distillation": distillation(logits, teacher, alpha, temperature, reduction),
        "cross_entropy": cross_entropy(logits, shares),
    }


# ------------------------------------------------------------------------------------------------- learning rates
def multi_step(epoch, falls=(100, 200, 300), rate=0.1):
    """utils/lr_policy.py:95-100 of all five codes: × rate for each fall with epoch + 1 > fall."""
    return rate ** sum(epoch + 1 > fall for fall in falls)


def periodic_cosine(step, period=20_000):
    """FDDA trainer_DBNS_CBNS.py:186: CosineAnnealingLR, which comes back as slowly as it went; stepped by the student."""
    return (1 + math.cos(math.pi * step / period)) / 2
