"""Test images of CIFAR-10's binary format or of MNIST's (t10k-images-idx3-ubyte.gz, labels next to it), or a folder of pictures of one size (no labels)."""

import gzip
import pathlib

import numpy

RECORD, SIDE = 1 + 3 * 32 * 32, 32  # CIFAR-10: a label, then the image
IDX_IMAGES, IDX_LABELS = 16, 8  # bytes before the data


def read(file: str, mean: str, std: str, count: int | None = None) -> tuple[numpy.ndarray, numpy.ndarray]:
    """Normalised images (float32, N×C×H×W) and their labels. `mean`, `std`: numbers with commas between them."""
    path = pathlib.Path(file)
    if path.is_dir():
        from PIL import Image

        pictures = [numpy.asarray(Image.open(picture).convert("RGB")) for picture in sorted(path.iterdir())]
        pixels, labels = numpy.stack(pictures).transpose(0, 3, 1, 2), numpy.zeros(len(pictures), numpy.uint8)
    elif "idx3" in path.name:
        data = numpy.frombuffer(gzip.open(path).read(), numpy.uint8)
        height, width = (int.from_bytes(data[at : at + 4].tobytes(), "big") for at in (8, 12))
        pixels = data[IDX_IMAGES:].reshape(-1, 1, height, width)
        labels = numpy.frombuffer(gzip.open(path.with_name(path.name.replace("images-idx3", "labels-idx1"))).read(), numpy.uint8)[IDX_LABELS:]
    else:
        records = numpy.fromfile(path, numpy.uint8).reshape(-1, RECORD)
        labels, pixels = records[:, 0], records[:, 1:].reshape(-1, 3, SIDE, SIDE)
    mean, std = (numpy.array([float(number) for number in text.split(",")], numpy.float32).reshape(1, -1, 1, 1) for text in (mean, std))
    return (pixels[:count].astype(numpy.float32) / 255 - mean) / std, labels[:count]
