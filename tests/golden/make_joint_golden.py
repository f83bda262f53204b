#!/usr/bin/env python3
"""Writes joint.json: one step of GDFQ, Qimera, ClusterQ and FDDA, IntraQ's objective, the students' losses and the learning
rates at named steps, for tests/methods/joint_losses_test.cc. Needs PyTorch alone:

    make_joint_golden.py

The formulas are those of joint_losses.py, in double precision. Every network and every given tensor is filled by name
(fill.py); labels, latents and noise are our draws for seed 3, so that both sides see the same images. Of a large tensor
are kept its norm and its product with a fill named "direction NAME".
"""

import json
import pathlib

import torch
import torch.nn.functional as F

import joint_losses as losses
from fill import RandomStreams, fill

OUTPUT = pathlib.Path(__file__).with_name("joint.json")
SEED = 3
CLASSES = 4
WIDTHS, STRIDES = [4, 5, 6, 4, 7, 5, 8], [1, 1, 2, 1, 2, 1, 1]  # of seven convolutions 3×3, each with norm and ReLU
SIDE = 8
BATCH, CLASS_BATCH, LATENTS = 6, 5, 7
CLASSIFIER_BIAS = [0.65, 0.17, -0.39, 0.62]  # with which the filled teacher sees every class somewhere
REAL_IMAGES = [2, 1, 0, 3]  # by class: the fill "real.I"; the teacher recognises those of classes 1 and 2
RANGE = (-0.1, 1.7)  # of every activation of a student
BITS = 4
random = RandomStreams(SEED)


def filled(key, shape, low, high):
    return fill(key, shape, low, high).double()


def summary(name, tensor):
    tensor = tensor.detach()
    return [tensor.norm().item(), (tensor * filled("direction " + name, tensor.shape, -1, 1)).sum().item()]


# ------------------------------------------------------------------------------------------------------------- teacher
def teacher_parameters():
    """In the order of the graph's nodes, each node's by name."""
    parameters, channels = {}, 3
    for i, width in enumerate(WIDTHS, start=1):
        bound = (6 / (channels * 9)) ** 0.5
        parameters[f"conv{i}.weight"] = filled(f"conv{i}.weight", [width, channels, 3, 3], -bound, bound)
        parameters[f"bn{i}.bias"] = filled(f"bn{i}.bias", [width], -0.2, 0.2)
        parameters[f"bn{i}.running_mean"] = filled(f"bn{i}.running_mean", [width], -0.2, 0.2)
        parameters[f"bn{i}.running_var"] = filled(f"bn{i}.running_var", [width], 0.5, 1.5)
        parameters[f"bn{i}.weight"] = filled(f"bn{i}.weight", [width], 0.75, 1.25)
        channels = width
    parameters["fc.bias"] = torch.tensor(CLASSIFIER_BIAS, dtype=torch.float64)
    parameters["fc.weight"] = filled("fc.weight", [CLASSES, channels], -2, 2)
    return parameters


def forward(p, x, weight=lambda w: w, activation=lambda a: a):
    """Logits, what enters the classifier, and mean and biased variance of what enters each norm."""
    statistics = []
    for i, stride in enumerate(STRIDES, start=1):
        x = F.conv2d(x, weight(p[f"conv{i}.weight"]), stride=stride, padding=1)
        statistics.append((x.mean(dim=(0, 2, 3)), x.var(dim=(0, 2, 3), unbiased=False)))
        x = F.batch_norm(x, p[f"bn{i}.running_mean"], p[f"bn{i}.running_var"], p[f"bn{i}.weight"], p[f"bn{i}.bias"])
        x = activation(torch.relu(x))
    features = x.mean(dim=(2, 3))
    return features @ weight(p["fc.weight"]).T + p["fc.bias"], features, statistics


TEACHER = teacher_parameters()
RUNNING = [(TEACHER[f"bn{i}.running_mean"], TEACHER[f"bn{i}.running_var"]) for i in range(1, len(WIDTHS) + 1)]


def quantize(x, low, high):
    """GDFQ quant_utils.py: s = (2^k − 1) / max(high − low, 1e-8), z = round(s low) + 2^(k−1); the gradient is the
    identity, also of what is clipped."""
    half = 2 ** (BITS - 1)
    s = (2**BITS - 1) / (high - low).clamp(min=1e-8)
    z = torch.round(s * low) + half
    q = torch.clamp(torch.round(s * x - z), -half, half - 1)
    return x + ((q + z) / s - x).detach()


def student_logits(p, x):
    def weight(w):
        shape = (-1,) + (1,) * (w.dim() - 1)
        rows = w.detach().flatten(1)
        return quantize(w, rows.amin(1).reshape(shape), rows.amax(1).reshape(shape))

    low, high = (torch.tensor(end, dtype=torch.float64) for end in RANGE)
    return forward(p, x, weight, lambda a: quantize(a, low, high))[0]


# ----------------------------------------------------------------------------------------------------------- generator
def generator_specification(inputs, conditional):
    """Name, shape and bounds of each parameter, in our order."""
    values = 128 * (SIDE // 4) ** 2

    def norm(name, channels):
        shape = [CLASSES, channels] if conditional else [channels]
        return [(name + ".gamma", shape, 0.75, 1.25), (name + ".beta", shape, -0.2, 0.2)]

    return [
        ("linear.weight", [values, inputs], -0.4, 0.4),
        ("linear.bias", [values], -0.2, 0.2),
        *norm("norm0", 128),
        ("conv1.weight", [128, 128, 3, 3], -0.05, 0.05),
        *norm("norm1", 128),
        ("conv2.weight", [64, 128, 3, 3], -0.05, 0.05),
        *norm("norm2", 64),
        ("conv3.weight", [3, 64, 3, 3], -0.1, 0.1),
        ("conv3.bias", [3], -0.1, 0.1),
    ]


def leaves(specification):
    return {name: filled(name, shape, low, high).requires_grad_() for name, shape, low, high in specification}


def images_of(p, inputs, mixture=None):
    """Our linear layer's rows are in the order of channels last, the reference's of channels first."""

    def reordered(rows):
        side = SIDE // 4
        return rows.reshape(side, side, 128, -1).permute(2, 0, 1, 3).reshape(rows.shape)

    q = dict(p)
    q["linear.weight"], q["linear.bias"] = reordered(p["linear.weight"]), reordered(p["linear.bias"])
    return losses.generator(q, inputs, mixture)


def one_hot(labels):
    return F.one_hot(torch.as_tensor(labels), CLASSES).double()


def drawn_labels(step, each=1):
    labels = []
    for i in range(BATCH):
        sequence = random.for_sample(step, "images.labels", i)
        labels.append([sequence.below(CLASSES) for _ in range(each)])
    return torch.tensor(labels)


def latents(step, purpose, shape):
    return random.normal_for_samples(step, purpose + ".latents", shape).double()


def labelled(p, conditional, step, purpose, labels):
    """GDFQ's images for labels, as FDDA and ClusterQ make them too."""
    z = latents(step, purpose, [len(labels), LATENTS])
    if conditional:
        return images_of(p, z, one_hot(labels))
    return images_of(p, losses.labelled_inputs(p["embedding"], labels, z))


def labelled_specification(conditional=False):
    embedding = [] if conditional else [("embedding", [CLASSES, LATENTS], -1.5, 1.5)]
    return generator_specification(LATENTS, conditional) + embedding


# ---------------------------------------------------------------------------------------------------- a step of both
def after_first_step(p, terms, lr=1e-3):
    """Adam(0.5, 0.999) of PyTorch on the sum of `terms`: gradients are left in the leaves."""
    adam = torch.optim.Adam(p.values(), lr=lr, betas=(0.5, 0.999))
    sum(terms.values()).backward()
    adam.step()


def student_step(method, x, teacher_logits, shares, lr):
    """SGD with Nesterov's momentum 0.9 and decay 1e-4, from rest (cifar100_resnet20.hocon)."""
    p = {name: tensor.clone() for name, tensor in TEACHER.items()}
    trained = {name: t.requires_grad_() for name, t in p.items() if "running" not in name}
    terms = losses.student(method, student_logits(p, x), teacher_logits, shares)
    sgd = torch.optim.SGD(trained.values(), lr=lr, momentum=0.9, weight_decay=1e-4, nesterov=True)
    sum(terms.values()).backward()
    sgd.step()
    moved = {name: summary("student." + name, t.detach() - TEACHER[name]) for name, t in trained.items()}
    return {"terms": values(terms), "moved": moved}


def values(terms):
    out = {name: float(term) for name, term in terms.items()}
    out["sum"] = sum(out.values())
    return out


def case(name, method, step, given, specification, terms, p, **more):
    return {
        "name": name,
        "method": method,
        "step": step,
        "given": {"batch": BATCH, **given},
        "parameters": [{"name": n, "shape": s, "low": low, "high": high} for n, s, low, high in specification],
        "terms": values(terms),
        "gradients": {n: summary(n, t.grad) for n, t in p.items()},
        **more,
    }


TRAINED = {"warm_up": 4, "calibration": 4, "iterations": 40, "generator_schedule": "constant", "schedule": "constant"}
ALONE = {"generator_schedule": "constant"}  # the student waits: warm_up as declared


def gdfq(name, conditional, step=5, given=TRAINED, trained=True):
    specification = labelled_specification(conditional)
    p = leaves(specification)
    labels = drawn_labels(step)[:, 0]
    x = labelled(p, conditional, step, "images", labels)
    logits, _, statistics = forward(TEACHER, x)
    terms = losses.gdfq(logits, one_hot(labels), statistics, RUNNING)
    after_first_step(p, terms)
    student = student_step("gdfq", x.detach(), logits.detach(), one_hot(labels), 1e-4) if trained else None
    more = {"conditioning": "norms"} if conditional else {}
    return case(name, "gdfq", step, {"latents": LATENTS, **given, **more}, specification, terms, p, student=student)


def qimera(name, mixed, mapped, conditional):
    slots, size = 3, WIDTHS[-1]
    step = next(s for s in range(5, 100) if (random.shared(s, "superposed").uniform() < 0.4) == mixed)
    specification = generator_specification(100 if mapped else size, conditional)
    specification.append(("embedding", [CLASSES, size], -1.5, 1.5))
    if mapped:
        specification += [("map.weight", [100, size], -0.4, 0.4), ("map.bias", [100], -0.2, 0.2)]
    p = leaves(specification)
    labels = drawn_labels(step, slots if mixed else 1)
    z = latents(step, "images", [*labels.shape, size])
    if mixed:
        shares = torch.softmax(random.normal_for_samples(step, "mix", [BATCH, slots]), dim=1).double()
        targets = losses.soft_labels(labels, shares, CLASSES)
        inputs = losses.qimera_inputs(p, labels, z, shares)
    else:
        targets = one_hot(labels[:, 0])
        inputs = losses.qimera_inputs(p, labels[:, 0], z[:, 0])
    # conditional_batchnorm.py:67-68: the mean over the slots of what each weighs.
    x = images_of(p, inputs, targets / (slots if mixed else 1) if conditional else None)
    logits, _, statistics = forward(TEACHER, x)
    terms = losses.gdfq(logits, targets, statistics, RUNNING)
    after_first_step(p, terms)
    student = student_step("qimera", x.detach(), logits.detach(), targets, 1e-4)
    given = {"mixed_classes": slots, "disentangle": mapped, **TRAINED}
    if conditional:
        given |= {"conditioning": "norms", "conditional_mix": "mean"}
    return case(name, "qimera", step, given, specification, terms, p, student=student)


def distortion(step):
    sequence = random.shared(step, "distortion")

    def noise(like):
        return torch.tensor([sequence.normal() for _ in range(len(like))], dtype=torch.float64)

    return [(noise(mean), noise(variance)) for mean, variance in RUNNING]


def centroid_of(label):
    return [
        (filled(f"centroid.{label}.{i}.mean", m.shape, -1, 1), filled(f"centroid.{label}.{i}.variance", v.shape, 0.1, 2))
        for i, (m, v) in enumerate(RUNNING)
    ]


def clusterq_intended():
    """The released code takes one image a class for an update; ours as many as are given that the teacher accepts."""
    step, known, images = 21, [0, 2], 24
    specification = labelled_specification()
    p = leaves(specification)
    labels = drawn_labels(step)[:, 0]
    x = labelled(p, False, step, "images", labels)
    logits, _, statistics = forward(TEACHER, x)
    label = known[random.shared(step, "class").below(len(known))]
    of_class = labelled(p, False, step, "class_images", [label] * CLASS_BATCH)
    terms = losses.clusterq_intended(
        (logits, one_hot(labels), statistics), forward(TEACHER, of_class)[2], RUNNING, centroid_of(label), distortion(step), 0.03, 0.05
    )
    after_first_step(p, terms)
    student = student_step("clusterq", x.detach(), logits.detach(), one_hot(labels), 1e-4)
    centroids = {}
    for label in range(CLASSES):
        with torch.no_grad():
            made = labelled(p, False, step, f"centroid_images.{label}", [label] * images)
            accepted = made[forward(TEACHER, made)[0].argmax(1) == label]
            print(f"clusterq: the teacher accepts {len(accepted)} of {images} images of class {label}")
            centroid = centroid_of(label) if label in known else None
            if len(accepted) > 0:
                now = forward(TEACHER, accepted)[2]
                centroid = losses.moved_average(centroid, now) if centroid else now
        for i, (mean, variance) in enumerate(centroid or []):
            centroids[f"{label}.{i}.mean"] = mean.tolist()
            centroids[f"{label}.{i}.variance"] = variance.tolist()
    given = {
        "latents": LATENTS, "class_batch": CLASS_BATCH, "augment": False, **TRAINED,
        "centroids_from": 2, "epoch": 4, "centroid_images": images,
    }
    return case("clusterq_intended", "clusterq", step, given, specification, terms, p, student=student,
                known=known, centroids=centroids)


def clusterq_released():
    step = 21
    specification = labelled_specification()
    p = leaves(specification)
    labels = drawn_labels(step)[:, 0]
    x = labelled(p, False, step, "images", labels)
    logits, _, statistics = forward(TEACHER, x)
    terms = losses.gdfq(logits, one_hot(labels), statistics, RUNNING)
    terms["centroid"] = losses.clusterq_released(labels, statistics, RUNNING)
    after_first_step(p, terms)
    given = {
        "latents": LATENTS, "augment": False, "objective": "released", **ALONE, "centroids_from": 2, "epoch": 4,
    }
    return case("clusterq_released", "clusterq", step, given, specification, terms, p, student=None)


def real_image(label):
    """Bytes, which a network with mean 0.5 and deviation 0.25 sees normalised in single precision."""
    return ((fill(f"real.{REAL_IMAGES[label]}", [3, SIDE, SIDE], 0, 256).floor() / 255 - 0.5) / 0.25).double()


def fdda(name, step, expects_known):
    centres, known = [], []
    for label in range(CLASSES):
        with torch.no_grad():
            logits, _, statistics = forward(TEACHER, real_image(label)[None])
        centres.append(statistics)
        if logits.argmax().item() == label:
            known.append(label)
    assert known == [1, 2], known
    early = step < 1000
    specification = labelled_specification()
    p = leaves(specification)
    labels = drawn_labels(step)[:, 0]
    logits, _, statistics = forward(TEACHER, labelled(p, False, step, "images", labels))
    classes = list(range(CLASSES)) if early else known
    label = classes[random.shared(step, "class").below(len(classes))]
    assert (label in known) == expects_known, (step, label, known)
    class_labels = [label] * CLASS_BATCH
    class_logits, _, class_statistics = forward(TEACHER, labelled(p, False, step, "class_images", class_labels))
    terms = losses.fdda(
        (logits, one_hot(labels), statistics), (class_logits, one_hot(class_labels), class_statistics),
        RUNNING, centres[label], distortion(step), label in known, early,
    )
    after_first_step(p, terms)
    given = {"latents": LATENTS, "class_batch": CLASS_BATCH, **ALONE}
    return case(name, "fdda", step, given, specification, terms, p, student=None)


def intraq():
    """The images after 8 finished ones; margins that some images cross and others do not."""
    finished, count, lower, upper = 8, 12, 0.02, 0.03
    labels = torch.tensor([random.for_sample(0, "label", i).below(CLASSES) for i in range(finished + count)])
    targets = []
    for i in range(finished, finished + count):
        sequence = random.for_sample(0, "soft_target", i)
        hard = sequence.uniform() < 0.5  # distill_data.py:56
        targets.append(1.0 if hard else 0.95 + 0.05 * sequence.uniform())
    with torch.no_grad():
        before = forward(TEACHER, filled("finished", [finished, 3, SIDE, SIDE], -2, 2))[1]
    x = filled("optimised", [count, 3, SIDE, SIDE], -2, 2).requires_grad_()
    logits, features, statistics = forward(TEACHER, x)
    means, known = torch.zeros_like(features), torch.zeros(count, dtype=torch.float64)
    for i, label in enumerate(labels[finished:]):
        of_class = before[labels[:finished] == label]
        if len(of_class) > 0:
            means[i], known[i] = of_class.mean(dim=0), 1
    assert 0 < known.sum() < count
    terms = losses.intraq(
        logits, labels[finished:], torch.tensor(targets, dtype=torch.float64), features, means, known, statistics, RUNNING, lower, upper
    )
    assert terms["lower"] > 0 and terms["upper"] > 0, terms
    sum(terms.values()).backward()
    return {
        "finished": finished,
        "count": count,
        "given": {"lambda_lower": lower, "lambda_upper": upper, "epsilon": 0.95},
        "terms": values(terms),
        "gradient": summary("optimised", x.grad),
    }


# -------------------------------------------------------------------------------------------------------- loose parts
def generator_output():
    """The image in the middle of a batch, with the inputs as they are filled."""
    p = {name: filled(name, shape, low, high) for name, shape, low, high in generator_specification(LATENTS, False)}
    x = images_of(p, filled("inputs", [5, LATENTS], -2, 2))
    return {"inputs": [5, LATENTS], "image": 2, "pixels": x[2].flatten().tolist()}


def students():
    out = {}
    for method in losses.STUDENTS:
        s = filled("student logits", [5, CLASSES], -9, 9).requires_grad_()
        t = filled("teacher logits", [5, CLASSES], -9, 9)
        shares = filled("shares", [5, CLASSES], 0, 1)
        terms = losses.student(method, s, t, shares / shares.sum(dim=1, keepdim=True))
        sum(terms.values()).backward()
        out[method] = {"terms": values(terms), "gradient": s.grad.flatten().tolist()}
    return out


def schedules():
    """Factors of both rates under the released configurations: 200 iterations an epoch, 400 epochs; the generator of all
    four and the students of GDFQ, Qimera and ClusterQ fall at epochs 100, 200 and 300 (step_S, step_G), FDDA's student
    follows a cosine from its own first step."""
    rows = []
    for method, warm_up in (("gdfq", 800), ("qimera", 800), ("clusterq", 2000), ("fdda", 10_000)):
        for step in (0, 19_999, 20_000, 30_000, 39_999, 40_000, 50_000, 59_999, 60_000, 70_000, 79_998):
            falls = losses.multi_step(step // 200)
            student = None if step < warm_up else falls
            if method == "fdda" and step >= warm_up:
                student = losses.periodic_cosine(step - warm_up)
            rows.append({"method": method, "step": step, "generator": falls, "student": student})
    return rows


def intraq_rates():
    """By the student's own steps, which begin with epoch 4 of 151; × 0.1 at epochs 20, 40 and 60 (cifar10_resnet20.hocon)."""
    steps = (0, 3_199, 3_200, 7_199, 7_200, 11_199, 11_200, 29_399)
    return [{"step": step, "factor": losses.multi_step(4 + step // 200, (20, 40, 60))} for step in steps]


def main():
    torch.manual_seed(0)
    golden = {
        "seed": SEED,
        "bits": BITS,
        "range": RANGE,
        "classifier_bias": CLASSIFIER_BIAS,
        "real_images": REAL_IMAGES,
        "teacher": [{"name": name, "shape": list(t.shape)} for name, t in TEACHER.items()],
        "steps": [
            gdfq("gdfq", conditional=False),
            gdfq("gdfq_norms", conditional=True),
            gdfq("gdfq_warm_up", conditional=False, step=3, trained=False),
            qimera("qimera_plain", mixed=False, mapped=True, conditional=False),
            qimera("qimera_mixed", mixed=True, mapped=True, conditional=False),
            qimera("qimera_mixed_code", mixed=True, mapped=False, conditional=True),
            clusterq_intended(),
            clusterq_released(),
            fdda("fdda_early_unknown", 5, expects_known=False),
            fdda("fdda_early_known", 6, expects_known=True),
            fdda("fdda_late", 1007, expects_known=True),
        ],
        "intraq": intraq(),
        "generator": generator_output(),
        "students": students(),
        "rates": schedules(),
        "intraq_rates": intraq_rates(),
    }
    OUTPUT.write_text(json.dumps(golden, indent=1) + "\n")


if __name__ == "__main__":
    main()
