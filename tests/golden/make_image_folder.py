#!/usr/bin/env python3
"""Makes tests/golden/image_folder: small JPEG and PNG files of every kind that is read, and what torchvision's transforms
make of them on Pillow images. Deterministic for given versions; the committed files were made with torchvision 0.26.0,
torch 2.11.0 and Pillow 13.0.0:

  python3 -m venv venv && venv/bin/pip install torchvision==0.26.0 pillow==13.0.0
  venv/bin/python tests/golden/make_image_folder.py

cases.json: [{file, resize, crop, expected}] for Resize(resize) + CenterCrop(crop) as ImageFolder loads images, and
[{file, window: [top, left, height, width], crop, expected}] for resized_crop. `expected` is a PNG file."""

import json
import math
import pathlib

from PIL import Image
from torchvision.datasets.folder import default_loader
from torchvision.transforms import functional

FOLDER = pathlib.Path(__file__).parent / "image_folder"


def picture(width: int, height: int, detail: float = 1.0) -> Image.Image:
    """Waves of several lengths and directions, and a hard edge."""
    image = Image.new("RGB", (width, height))
    for y in range(height):
        for x in range(width):
            u, v = x / width, y / height
            red = 127 + 90 * math.sin(9 * u + 4 * v) + 30 * detail * math.sin(60 * u * v)
            green = 127 + 80 * math.cos(5 * u - 11 * v) + 40 * detail * math.sin(75 * v)
            blue = 200 if u + 2 * v < 1.2 else 127 + 100 * math.sin(13 * u + 7 * v)
            image.putpixel((x, y), tuple(max(0, min(255, round(c))) for c in (red, green, blue)))
    return image


def make_files() -> None:
    FOLDER.mkdir(exist_ok=True)
    picture(100, 75).save(FOLDER / "landscape.jpg", quality=90)
    picture(67, 93).save(FOLDER / "progressive.jpg", quality=85, progressive=True, subsampling=0)
    picture(61, 50).save(FOLDER / "halved.jpg", quality=90, subsampling=1)
    picture(80, 96).convert("L").save(FOLDER / "grey.jpg", quality=90)
    picture(70, 66).convert("CMYK").save(FOLDER / "inks.jpg", quality=90)
    exif = Image.Exif()
    exif[0x0112] = 6  # orientation: to be turned by 90 degrees, which torchvision does not do
    picture(64, 48).save(FOLDER / "turned.jpg", quality=90, exif=exif)
    picture(320, 240, detail=0.2).save(FOLDER / "usual.jpg", quality=75)
    picture(40, 31).save(FOLDER / "small.png")
    picture(58, 44).save(FOLDER / "disguised.JPEG", format="PNG")
    picture(60, 45).quantize(16).save(FOLDER / "palette.png")
    picture(60, 45).convert("L").point(lambda value: 255 * (value > 127)).convert("1").save(FOLDER / "bits.png")
    clear = picture(48, 60)
    clear.putalpha(picture(48, 60).convert("L"))
    clear.save(FOLDER / "alpha.png")


def main() -> None:
    make_files()
    cases = []
    sizes = {"usual.jpg": (256, 224), "small.png": (64, 57)}
    for path in sorted(p for p in FOLDER.iterdir() if p.suffix in (".jpg", ".png", ".JPEG") and ".expected" not in p.name):
        resize, crop = sizes.get(path.name, (40, 35))
        image = functional.center_crop(functional.resize(default_loader(str(path)), resize), [crop, crop])
        cases.append({"file": path.name, "resize": resize, "crop": crop, "expected": path.name + ".expected.png"})
        image.save(FOLDER / cases[-1]["expected"], optimize=True)
    for index, (file, window) in enumerate([("landscape.jpg", [3, 20, 60, 47]), ("small.png", [5, 0, 20, 40])]):
        image = functional.resized_crop(default_loader(str(FOLDER / file)), *window, [32, 32])
        cases.append({"file": file, "window": window, "crop": 32, "expected": f"window{index}.expected.png"})
        image.save(FOLDER / cases[-1]["expected"], optimize=True)
    (FOLDER / "cases.json").write_text(json.dumps(cases, indent=1) + "\n")


if __name__ == "__main__":
    main()
